// echo_contract: grades any echo server, as a black box, by the contract of the course.

#include <gtest/gtest.h>

// clang-format off
#include <winsock2.h>
#include <windows.h>
#include <shellapi.h>
// clang-format on

#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/testing/contract/contract_test.h"

namespace {

constexpr const char* usage =
    "usage: echo_contract --server PATH [options] [GoogleTest's options]\n"
    "  --server PATH          the server to grade; a bare name is looked for beside this program\n"
    "  --server-arg ARGUMENT  passed on to the server; may be given several times\n"
    "  --basic                only what can be asked of a server that takes --port and --stop-on-eof alone\n"
    "  --patience SECONDS     how long a single thing may take to happen (default 20)\n"
    "  --seed NUMBER          makes the random data and sizes those of an earlier run\n"
    "  --expect-failure TEST  the exit status is 0 if exactly the tests named in this way fail\n";

struct CommandLineError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

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

void parse(const std::vector<std::wstring>& arguments, std::set<std::string>& expected_failures) {
    course::ContractSettings& settings = course::contract_settings();
    settings.seed = std::random_device{}();
    for (auto argument = arguments.begin(); argument != arguments.end(); ++argument) {
        const std::wstring& option = *argument;
        const auto value = [&] {
            if (argument + 1 == arguments.end()) throw CommandLineError(to_utf8(option) + " needs a value");
            return *++argument;
        };
        if (option == L"--server")
            settings.server = value();
        else if (option == L"--server-arg")
            settings.server_arguments.push_back(to_utf8(value()));
        else if (option == L"--basic")
            settings.basic = true;
        else if (option == L"--patience")
            settings.patience = std::chrono::seconds{to_number(option, value())};
        else if (option == L"--seed")
            settings.seed = to_number(option, value());
        else if (option == L"--expect-failure")
            expected_failures.insert(to_utf8(value()));
        else
            throw CommandLineError("unknown option \"" + to_utf8(option) + "\"");
    }
}

// The tests that apply, unless the caller chooses by itself.
std::string default_filter(const std::string& server) {
    if (course::contract_settings().basic) return "Echo.*:HalfClose.*:Clients.*:Leftovers.*:Backpressure.*:Stop.*";
    std::string not_for_it;
    if (!server.starts_with("01_")) not_for_it += ":OneAtATime.*";
    if (!server.starts_with("02_")) not_for_it += ":SelectSets.*";
    return "*-" + not_for_it.substr(1);
}

// The names, as "Suite.Test", of the tests that failed.
std::set<std::string> failed_tests() {
    std::set<std::string> failed;
    const testing::UnitTest& all = *testing::UnitTest::GetInstance();
    for (int s = 0; s < all.total_test_suite_count(); ++s) {
        const testing::TestSuite& suite = *all.GetTestSuite(s);
        for (int t = 0; t < suite.total_test_count(); ++t) {
            const testing::TestInfo& test = *suite.GetTestInfo(t);
            if (test.should_run() && test.result()->Failed())
                failed.insert(std::string(suite.name()) + "." + test.name());
        }
    }
    return failed;
}

int judge(const std::set<std::string>& expected, const std::set<std::string>& failed) {
    for (const std::string& test : expected)
        std::cout << (failed.contains(test) ? "Caught, as it should be, by " : "NOT CAUGHT by ") << test << '\n';
    for (const std::string& test : failed)
        if (!expected.contains(test)) std::cout << "Failed, though it should not have: " << test << '\n';
    return expected == failed ? 0 : 1;
}

}  // namespace

int main() try {
    int count = 0;
    const std::unique_ptr<LPWSTR, decltype(&::LocalFree)> words{::CommandLineToArgvW(::GetCommandLineW(), &count),
                                                                ::LocalFree};
    if (!words) throw std::runtime_error("CommandLineToArgvW failed with " + std::to_string(::GetLastError()));
    testing::InitGoogleTest(&count, words.get());  // takes its own options out
    const std::vector<std::wstring> arguments(words.get() + 1, words.get() + count);
    std::set<std::string> expected_failures;
    parse(arguments, expected_failures);
    const std::filesystem::path& server = course::contract_settings().server;
    if (!GTEST_FLAG_GET(list_tests)) {
        if (server.empty()) throw CommandLineError("which server?");
        if (GTEST_FLAG_GET(filter) == "*") GTEST_FLAG_SET(filter, default_filter(to_utf8(server.stem().wstring())));
    }
    const int result = RUN_ALL_TESTS();
    return expected_failures.empty() || GTEST_FLAG_GET(list_tests) ? result : judge(expected_failures, failed_tests());
} catch (const CommandLineError& error) {
    std::cerr << "echo_contract: " << error.what() << '\n' << usage;
    return 2;
} catch (const std::exception& error) {
    std::cerr << "echo_contract: " << error.what() << '\n';
    return 1;
}
