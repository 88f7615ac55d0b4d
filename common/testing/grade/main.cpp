// grade: grades any echo server, as a black box, by the contract of the course.

#include <gtest/gtest.h>

// clang-format off
#include <winsock2.h>
#include <windows.h>
// clang-format on

#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/testing/grade/command_line.h"
#include "common/testing/grade/explainer.h"
#include "common/testing/grade/rule_test.h"

namespace course {

namespace {

// The console shows UTF-8 as long as this program runs.
class Utf8Console {
public:
    Utf8Console() { ::SetConsoleOutputCP(CP_UTF8); }
    ~Utf8Console() { ::SetConsoleOutputCP(before_); }
    Utf8Console(const Utf8Console&) = delete;
    Utf8Console& operator=(const Utf8Console&) = delete;

private:
    UINT before_ = ::GetConsoleOutputCP();
};

std::string utf8(const std::filesystem::path& path) {
    const std::u8string text = path.u8string();
    return {text.begin(), text.end()};
}

// The tests that apply, unless the caller chooses by itself.
std::string default_filter(const std::string& server) {
    if (contract_settings().basic) return "Echo.*:HalfClose.*:Clients.*:Leftovers.*:Backpressure.*:Stop.*";
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

// Why the server does not start with these arguments, if it does not.
std::optional<std::string> problem_at_start(std::vector<std::string> arguments = {}) try {
    const ContractSettings& settings = contract_settings();
    arguments.insert(arguments.begin(), settings.server_arguments.begin(), settings.server_arguments.end());
    const EchoServer server{settings.server, arguments, settings.patience};
    return std::nullopt;
} catch (const std::exception& error) {
    return error.what();
}

// Makes the whole run fail before its first test.
struct StartProblem : testing::Environment {
    explicit StartProblem(std::string text) : what(std::move(text)) {}
    void SetUp() override { GTEST_FAIL() << what; }
    std::string what;
};

// Puts the explainer in the place of GoogleTest's report. Every test would say the same of a server that does not
// start, and half of them of one that does not know the options of the course: so both are found out first.
void explain() {
    ContractSettings& settings = contract_settings();
    const auto explainer = new Explainer(settings.language);  // GoogleTest deletes it
    testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(explainer);
    explainer->begin(utf8(settings.server.filename()));
    if (auto problem = problem_at_start()) {
        testing::AddGlobalTestEnvironment(new StartProblem(*problem));
    } else if (!settings.basic && GTEST_FLAG_GET(filter) == "*" && problem_at_start({"--drain", "2"})) {
        settings.basic = true;
        explainer->say("basic");
    }
}

int run(int argc, char** argv) {
    const Utf8Console console;
    std::set<std::string> expected_failures;
    if (!read_command_line(argc, argv, expected_failures)) return 0;
    if (GTEST_FLAG_GET(list_tests)) return RUN_ALL_TESTS();
    const ContractSettings& settings = contract_settings();
    if (!settings.language.empty()) explain();
    if (GTEST_FLAG_GET(filter) == "*") GTEST_FLAG_SET(filter, default_filter(utf8(settings.server.stem())));
    const int result = RUN_ALL_TESTS();
    if (testing::UnitTest::GetInstance()->test_to_run_count() == 0)
        throw CommandLineError("no test is called \"" + GTEST_FLAG_GET(filter) + '"',
                               "--gtest_list_tests shows their names.\n");
    return expected_failures.empty() ? result : judge(expected_failures, failed_tests());
}

}  // namespace

}  // namespace course

int main(int argc, char** argv) try { return course::run(argc, argv); } catch (const course::CommandLineError& error) {
    std::cerr << "grade: " << error.what() << '\n' << error.advice;
    return 2;
} catch (const std::exception& error) {
    std::cerr << "grade: " << error.what() << '\n';
    return 1;
}
