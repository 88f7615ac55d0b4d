// What grade --explain says of broken servers and of a good one, and its exit status.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <iterator>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "common/process/server_process.h"
#include "common/testing/grade/rules.h"
#include "common/testing/test_client.h"

namespace course {
namespace {

using Arguments = std::vector<std::string>;

// As one line with single blanks: the texts are wrapped.
std::string unwrapped(const std::string& text) {
    std::string line;
    std::istringstream words(text);
    for (std::string word; words >> word;) line += word + ' ';
    return line;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Arguments broken_server(const std::string& fault, const Arguments& more) {
    Arguments all{"--server", "broken_server", "--server-arg", "--fault", "--server-arg", fault, "--patience", "8"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

struct Broken {
    const char* fault;
    const char* language;
    const char* rule;  // the one that is broken; a good byte comes back from each of them
};

void PrintTo(const Broken& broken, std::ostream* out) { *out << broken.fault << ' ' << broken.language; }

class Explained : public testing::TestWithParam<Broken> {};

TEST_P(Explained, IsTheRuleThatIsBrokenAndNoOther) {
    const auto& [fault, language, rule] = GetParam();
    const Graded graded = run_contract(
        broken_server(fault, {"--explain", language, std::string("--gtest_filter=Echo.OneByteComesBack:") + rule}));
    EXPECT_EQ(graded.status, 1);
    EXPECT_EQ(graded.errors, "");
    const nlohmann::json texts = read_rules(language);
    const auto word = [&](const char* name) { return texts.at("words").at(name).get<std::string>(); };
    const std::string output = unwrapped(graded.output);
    for (const auto& [name, entry] : texts.at("rules").items())
        EXPECT_EQ(has(output, word("broken") + ": " + name + ' '), name == rule) << name << '\n' << graded.output;
    const nlohmann::json& entry = texts.at("rules").at(rule);
    for (const char* field : {"rule", "cause"}) EXPECT_TRUE(has(output, entry.at(field))) << graded.output;
    EXPECT_TRUE(has(output, entry.at("file").get<std::string>() + ", " + entry.at("function").get<std::string>() +
                                "; notes/" + language + '/' + entry.at("note").get<std::string>() + ".md"))
        << graded.output;
    EXPECT_TRUE(has(output, word("kept") + " 1, " + word("broken") + " 1, " + word("skipped") + " 0")) << graded.output;
}

INSTANTIATE_TEST_SUITE_P(
    Each, Explained,
    testing::Values(Broken{"drop-byte", "en", "Echo.EightMiBComeBackWhileSendingAndReceivingAtOnce"},
                    Broken{"drop-byte", "ko", "HalfClose.AtTheEndOfALongStreamLosesNothing"},
                    Broken{"reset-on-half-close", "en", "HalfClose.AfterAnEchoIsAnsweredByTheEnd"},
                    Broken{"reset-on-half-close", "ko", "HalfClose.WithNothingSentIsAnsweredByTheEnd"},
                    Broken{"lose-tail", "en", "HalfClose.BeforeABigTailIsReadLosesNothingOfIt"},
                    Broken{"ignore-stop", "ko", "Stop.OfAnUnusedServerIsClean"},
                    Broken{"one-at-a-time", "en", "Clients.ASilentOneHoldsUpNobody"},
                    Broken{"unbounded-buffer", "ko", "Backpressure.AClientThatNeverReadsIsNotReadFromForEver"}),
    [](const auto& broken) {
        std::string name = std::string(broken.param.fault) + '_' + broken.param.language;
        std::ranges::replace(name, '-', '_');
        return name;
    });

TEST(Grade, OfAGoodServerIsZero) {
    const Graded graded =
        run_contract({"--server", "01_blocking", "--lang", "ko",
                      "--gtest_filter=Echo.OneByteComesBack:HalfClose.AfterAnEchoIsAnsweredByTheEnd"});
    EXPECT_EQ(graded.status, 0) << graded.output << graded.errors;
    EXPECT_TRUE(has(graded.output, "지킴 2, 어김 0, 건너뜀 0")) << graded.output;
}

TEST(Grade, OfAServerThatDoesNotStartSaysSoOnce) {
    const Graded graded = run_contract(broken_server("of no such name", {"--explain", "en"}));
    EXPECT_EQ(graded.status, 1);
    EXPECT_TRUE(has(graded.output, "BROKEN: Start")) << graded.output;
    EXPECT_TRUE(has(graded.output, "unknown fault")) << "what the server said itself: " << graded.output;
    EXPECT_FALSE(has(graded.output, "[1/")) << graded.output;
}

TEST(Grade, AsksOfASimpleServerOnlyWhatItPromises) {
    const auto tests = rule_tests();
    const auto simple = std::ranges::count_if(tests, [](const std::string& name) {
        return std::ranges::any_of(Arguments{"Echo", "HalfClose", "Clients", "Leftovers", "Backpressure", "Stop"},
                                   [&](const std::string& suite) { return name.starts_with(suite + '.'); });
    });
    ServerProcess contract{"grade", broken_server("none", {"--explain", "en"})};
    const std::chrono::seconds limit{60};
    contract.wait_for_line("does not start with --drain", limit);
    contract.wait_for_line("[1/" + std::to_string(simple) + ']', limit);
}

TEST(Grade, WritesJunitWhereTheCallerMeans) {
    const std::u8string name = u8"채점 결과.xml";  // relative, with letters beyond any one code page
    const std::filesystem::path file(name);
    const Graded graded = run_contract(broken_server(
        "reset-on-half-close", {"--explain", "ko", "--junit", std::string(name.begin(), name.end()),
                                "--gtest_filter=Echo.OneByteComesBack:HalfClose.WithNothingSentIsAnsweredByTheEnd"}));
    EXPECT_EQ(graded.status, 1) << graded.errors;
    std::string report;
    {
        std::ifstream stream(file, std::ios::binary);
        report.assign(std::istreambuf_iterator<char>(stream), {});
    }
    std::filesystem::remove(file);
    EXPECT_TRUE(has(report, "tests=\"2\" failures=\"1\"")) << report;
    const std::size_t broken = report.find("<testcase name=\"WithNothingSentIsAnsweredByTheEnd\"");
    ASSERT_NE(broken, std::string::npos) << report;
    EXPECT_NE(report.find("the connection was reset", broken), std::string::npos) << report;
}

TEST(Grade, TakesAUnixPathUnderWine) {
    if (!running_under_wine()) GTEST_SKIP() << "only under Wine a path may be one of the Unix system";
    std::string path = (executable_directory() / "01_blocking.exe").generic_string();
    ASSERT_TRUE(path.starts_with("Z:/")) << path;
    const Graded graded =
        run_contract({"--server", path.substr(2), "--lang", "en", "--gtest_filter=Echo.OneByteComesBack"});
    EXPECT_EQ(graded.status, 0) << graded.output << graded.errors;
}

TEST(Grade, HelpNeedsNoServer) {
    const Graded graded =
        run_contract({"--explain", "ko", "--server", "none", "--help"});  // as `course` may pass it on
    EXPECT_EQ(graded.status, 0) << graded.errors;
    for (const char* option : {"--server PATH", "--server-arg", "--explain,--lang en|ko", "Exit status: "})
        EXPECT_TRUE(has(graded.output, option)) << graded.output;
}

struct Misuse {
    const char* name;
    Arguments arguments;
    const char *what, *advice;
};

void PrintTo(const Misuse& misuse, std::ostream* out) { *out << misuse.name; }

class Misused : public testing::TestWithParam<Misuse> {};

TEST_P(Misused, SaysWhatIsWrongAndWhatToDo) {
    const Graded graded = run_contract(GetParam().arguments);
    EXPECT_EQ(graded.status, 2);
    EXPECT_TRUE(has(graded.errors, GetParam().what)) << graded.errors;
    EXPECT_TRUE(has(graded.errors, GetParam().advice)) << graded.errors;
}

INSTANTIATE_TEST_SUITE_P(
    Each, Misused,
    testing::Values(
        Misuse{"NoServer", {"--explain", "en"}, "--server is required", "usage: "},
        Misuse{"MissingFile", {"--server", "C:\\none.exe"}, "no file \"C:\\none.exe\"", "the path of your server"},
        Misuse{"EmptyName", {"--server", ""}, "no file \"\"", "the path of your server"},
        Misuse{"NoValue", {"--server", "broken_server", "--junit"}, "--junit: 1 required FILE missing", "usage: "},
        Misuse{
            "Language", {"--server", "broken_server", "--lang", "fr"}, "fr not in {en,ko}", "--explain,--lang en|ko"},
        Misuse{"UnknownOption", {"--server", "broken_server", "--explian", "en"}, "not expected: --explian", "usage: "},
        Misuse{"Folder", {"--junit", "no such folder/x.xml"}, "cannot write to", "a folder that exists"},
        Misuse{"NoSuchTest", {"--server", "broken_server", "--gtest_filter=Nix.*"}, "no test", "--gtest_list_tests"}),
    [](const auto& misuse) { return std::string(misuse.param.name); });

}  // namespace
}  // namespace course
