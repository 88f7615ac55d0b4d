#include "common/testing/grade/command_line.h"

#include <gtest/gtest.h>

// clang-format off
#include <winsock2.h>
#include <windows.h>
// clang-format on

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "common/testing/grade/rule_test.h"

namespace course {

namespace {

// As the caller means it: relative to where he stands, and under Wine /a/path is one of the Unix system.
std::filesystem::path to_path(const std::string& utf8) {
    const std::string text = (utf8.starts_with('/') && running_under_wine() ? "Z:" : "") + utf8;
    std::error_code ignored;  // of an empty name, which then is that of no file
    return std::filesystem::absolute(std::u8string(text.begin(), text.end()), ignored);
}

std::filesystem::path find_server(const std::string& text) {
    std::error_code ignored;
    const std::filesystem::path beside = find_program(std::u8string(text.begin(), text.end()));
    for (const std::filesystem::path& file : {to_path(text), to_path(text + ".exe"), beside})
        if (std::filesystem::is_regular_file(file, ignored)) return file;
    throw CommandLineError("there is no file \"" + text + '"',
                           "Give the path of your server's program, such as my_echo.exe\n");
}

// What GoogleTest's option for the report takes. It opens the file after the last test and, built with MinGW, by a name
// in the system's code page: so the file is made now, and known by its short name if its own has other letters.
std::string junit_output(const std::string& text) {
    const std::filesystem::path file = to_path(text);
    if (!std::ofstream(file))
        throw CommandLineError("cannot write to the file \"" + text + '"',
                               "Give --junit a file in a folder that exists and that you may write to.\n");
    const auto is_ascii = [](wchar_t c) { return c < 0x80; };
    std::wstring name = file.wstring();
    if (!std::ranges::all_of(name, is_ascii)) {
        std::wstring short_name(MAX_PATH, L'\0');
        short_name.resize(::GetShortPathNameW(name.c_str(), short_name.data(), MAX_PATH));
        if (!short_name.empty()) name = short_name;
    }
    const std::u8string utf8 = std::filesystem::path(name).u8string();
    return "xml:" + std::string(utf8.begin(), utf8.end());
}

// Starts GoogleTest with the arguments that are not ours; it takes its own options out.
void start_googletest(char* program, std::vector<std::string> arguments) {
    std::vector<char*> words{program};
    for (std::string& argument : arguments) words.push_back(argument.data());
    int count = static_cast<int>(words.size());
    words.push_back(nullptr);
    testing::InitGoogleTest(&count, words.data());
    if (count > 1) throw CLI::ExtrasError(std::vector<std::string>{words[1]});
}

}  // namespace

bool read_command_line(int argc, char** argv, std::set<std::string>& expected_failures) {
    CLI::App app("Grades an echo server by the contract of the course.", "grade");
    app.usage("usage: grade --server PATH [options] [GoogleTest's options]");
    app.footer("Exit status: 0 if the server keeps every rule, 1 if not, 2 for bad options.");
    app.allow_extras();
    app.option_defaults()->take_last();

    ContractSettings& settings = contract_settings();
    settings.seed = std::random_device{}();
    std::string server, junit;
    const CLI::Option* const given_server =
        app.add_option("--server", server, "The server to grade; a bare name is also looked for beside this program")
            ->type_name("PATH");
    app.add_option("--server-arg", settings.server_arguments, "Passed on to the server; may be given several times")
        ->type_name("ARGUMENT")
        ->take_all()
        ->allow_extra_args(false);
    app.add_flag("--basic", settings.basic,
                 "Only what can be asked of a server that takes --port and --stop-on-eof alone");
    app.add_option_function<int>("--patience", [&](int seconds) { settings.patience = std::chrono::seconds{seconds}; },
                                 "How long a single thing may take to happen")
        ->type_name("SECONDS")
        ->check(CLI::Range(0, 86'400).description(""))
        ->default_str("20");
    app.add_option("--seed", settings.seed, "Makes the random data and sizes those of an earlier run")
        ->type_name("NUMBER");
    app.add_option("--explain,--lang", settings.language, "Explains each broken rule, in English or Korean")
        ->type_name("en|ko")
        ->check(CLI::IsMember({"en", "ko"}).description(""));
    const CLI::Option* const given_junit =
        app.add_option("--junit", junit, "Also writes the result as JUnit XML")->type_name("FILE");
    app.add_option("--expect-failure", expected_failures,
                   "The exit status is 0 if exactly the tests named in this way fail")
        ->type_name("TEST")
        ->take_all()
        ->allow_extra_args(false);

    try {
        app.parse(argc, app.ensure_utf8(argv));
        if (given_junit->count() > 0) GTEST_FLAG_SET(output, junit_output(junit));
        start_googletest(*argv, app.remaining());
        if (given_server->count() > 0)
            settings.server = find_server(server);
        else if (!GTEST_FLAG_GET(list_tests))
            throw CLI::RequiredError("--server");
    } catch (const CLI::CallForHelp&) {
        std::cout << app.help();
        return false;
    } catch (const CLI::ParseError& error) {
        throw CommandLineError(error.what(), app.help());
    }
    return true;
}

}  // namespace course
