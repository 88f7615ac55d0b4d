#include "common/testing/grade/command_line.h"

#include <gtest/gtest.h>

// clang-format off
#include <winsock2.h>
#include <windows.h>
#include <shellapi.h>
// clang-format on

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "common/testing/grade/rule_test.h"

namespace course {

namespace {

constexpr const char* usage =
    "usage: grade --server PATH [options] [GoogleTest's options]\n"
    "  --server PATH          the server to grade; a bare name is also looked for beside this program\n"
    "  --server-arg ARGUMENT  passed on to the server; may be given several times\n"
    "  --basic                only what can be asked of a server that takes --port and --stop-on-eof alone\n"
    "  --patience SECONDS     how long a single thing may take to happen (default 20)\n"
    "  --seed NUMBER          makes the random data and sizes those of an earlier run\n"
    "  --explain en|ko        explains each broken rule, in English or Korean; --lang is another name for it\n"
    "  --junit FILE           also writes the result as JUnit XML\n"
    "  --expect-failure TEST  the exit status is 0 if exactly the tests named in this way fail\n";

std::string to_utf8(const std::wstring& wide) {
    const int length = static_cast<int>(wide.size());
    const int size = ::WideCharToMultiByte(CP_UTF8, 0, wide.data(), length, nullptr, 0, nullptr, nullptr);
    std::string utf8(static_cast<std::size_t>(size), '\0');
    ::WideCharToMultiByte(CP_UTF8, 0, wide.data(), length, utf8.data(), size, nullptr, nullptr);
    return utf8;
}

std::uint64_t to_number(const std::wstring& option, const std::wstring& text) try {
    std::size_t end = 0;
    const unsigned long long number = std::stoull(text, &end);
    if (end == text.size()) return number;
    throw std::invalid_argument("more follows");
} catch (const std::logic_error&) {
    throw CommandLineError(to_utf8(option) + " takes a number, not \"" + to_utf8(text) + "\"");
}

std::string to_language(const std::wstring& option, const std::wstring& text) {
    if (text == L"en" || text == L"ko") return to_utf8(text);
    throw CommandLineError(to_utf8(option) + " takes en or ko, not \"" + to_utf8(text) + '"');
}

std::vector<std::wstring> split_command_line() {
    int count = 0;
    const std::unique_ptr<LPWSTR, decltype(&::LocalFree)> words{::CommandLineToArgvW(::GetCommandLineW(), &count),
                                                                ::LocalFree};
    if (!words) throw std::runtime_error("CommandLineToArgvW failed with " + std::to_string(::GetLastError()));
    return {words.get(), words.get() + count};
}

// As the caller means it: relative to where he stands, and under Wine /a/path is one of the Unix system.
std::filesystem::path to_path(const std::wstring& text) {
    const bool is_unix = text.starts_with(L'/') && running_under_wine();
    std::error_code ignored;  // of an empty name, which then is that of no file
    return std::filesystem::absolute((is_unix ? L"Z:" : L"") + text, ignored);
}

std::filesystem::path find_server(const std::wstring& text) {
    std::error_code ignored;
    for (const std::filesystem::path& file : {to_path(text), to_path(text + L".exe"), find_program(text)})
        if (std::filesystem::is_regular_file(file, ignored)) return file;
    throw CommandLineError("there is no file \"" + to_utf8(text) + '"',
                           "Give the path of your server's program, such as my_echo.exe\n");
}

// GoogleTest's option for the report. It opens the file after the last test and, built with MinGW, by a name in the
// system's code page: so the file is made now, and known by its short name if its own has other letters.
std::wstring junit_option(const std::wstring& text) {
    const std::filesystem::path file = to_path(text);
    if (!std::ofstream(file))
        throw CommandLineError("cannot write to the file \"" + to_utf8(text) + '"',
                               "Give --junit a file in a folder that exists and that you may write to.\n");
    const auto is_ascii = [](wchar_t c) { return c < 0x80; };
    std::wstring name = file.wstring();
    if (!std::ranges::all_of(name, is_ascii)) {
        std::wstring short_name(MAX_PATH, L'\0');
        short_name.resize(::GetShortPathNameW(name.c_str(), short_name.data(), MAX_PATH));
        if (!short_name.empty()) name = short_name;
    }
    return L"--gtest_output=xml:" + name;
}

// Starts GoogleTest, which takes its own options out.
void start_googletest(std::vector<std::wstring>& arguments) {
    for (auto word = arguments.begin(); word != arguments.end(); ++word) {
        if (*word != L"--junit" || word + 1 == arguments.end()) continue;
        *word = junit_option(*(word + 1));
        arguments.erase(word + 1);
    }
    std::vector<wchar_t*> words;
    for (std::wstring& word : arguments) words.push_back(word.data());
    words.push_back(nullptr);
    int count = static_cast<int>(arguments.size());
    testing::InitGoogleTest(&count, words.data());
    arguments = {words.begin() + 1, words.begin() + count};
}

void parse(const std::vector<std::wstring>& arguments, std::set<std::string>& expected_failures) {
    ContractSettings& settings = contract_settings();
    settings.seed = std::random_device{}();
    for (auto argument = arguments.begin(); argument != arguments.end(); ++argument) {
        const std::wstring& option = *argument;
        const auto value = [&] {
            if (argument + 1 == arguments.end()) throw CommandLineError(to_utf8(option) + " needs a value");
            return *++argument;
        };
        if (option == L"--server")
            settings.server = find_server(value());
        else if (option == L"--server-arg")
            settings.server_arguments.push_back(to_utf8(value()));
        else if (option == L"--basic")
            settings.basic = true;
        else if (option == L"--patience")
            settings.patience = std::chrono::seconds{to_number(option, value())};
        else if (option == L"--seed")
            settings.seed = to_number(option, value());
        else if (option == L"--explain" || option == L"--lang")
            settings.language = to_language(option, value());
        else if (option == L"--junit")
            value();  // it has none, or it would be GoogleTest's by now
        else if (option == L"--expect-failure")
            expected_failures.insert(to_utf8(value()));
        else
            throw CommandLineError("unknown option \"" + to_utf8(option) + "\"");
    }
}

}  // namespace

CommandLineError::CommandLineError(const std::string& what) : CommandLineError(what, usage) {}

bool read_command_line(std::set<std::string>& expected_failures) {
    std::vector<std::wstring> arguments = split_command_line();
    if (std::ranges::find(arguments, L"--help") != arguments.end()) {
        std::cout << usage;
        return false;
    }
    start_googletest(arguments);
    parse(arguments, expected_failures);
    return true;
}

}  // namespace course
