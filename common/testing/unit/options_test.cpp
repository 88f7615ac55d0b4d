#include "common/options.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace {

const OwnOptions plain;
const OwnOptions all{.takes_threads = true, .takes_one_at_a_time = true};

TEST(Options, HaveSafeDefaults) {
    const Options options = parse_options("server", plain, {});
    EXPECT_EQ(options.bind, "127.0.0.1") << "never the wildcard address by default";
    EXPECT_EQ(options.port, 9000);
    EXPECT_EQ(options.drain, 2u);
    EXPECT_EQ(options.max_clients, 0u);
    EXPECT_FALSE(options.stop_on_eof);
    EXPECT_FALSE(options.verbose);
    EXPECT_TRUE(options.stats.empty());
    EXPECT_TRUE(options.trace.empty());
}

TEST(Options, AreAllRead) {
    static std::filesystem::path traced;
    const Tracer before = std::exchange(tracer, {[](const std::filesystem::path& file) { traced = file; }, {}});
    const Options options = parse_options(
        "server", all,
        {"--port", "0", "--bind", "::1", "--threads", "3", "--max-clients", "70", "--drain", "0", "--one-at-a-time",
         "--stop-on-eof", "--verbose", "--stats", "\xED\x95\x9C.json", "--trace", "\xED\x95\x9C.trace"});
    tracer = before;
    EXPECT_EQ(options.port, 0);
    EXPECT_EQ(options.bind, "::1");
    EXPECT_EQ(options.threads, 3u);
    EXPECT_EQ(options.max_clients, 70u);
    EXPECT_EQ(options.drain, 0u);
    EXPECT_TRUE(options.one_at_a_time);
    EXPECT_TRUE(options.stop_on_eof);
    EXPECT_TRUE(options.verbose);
    EXPECT_EQ(options.stats, std::filesystem::path(u8"\uD55C.json"));
    EXPECT_EQ(options.trace, std::filesystem::path(u8"\uD55C.trace"));
    EXPECT_EQ(traced, options.trace) << "recording has begun";
    EXPECT_EQ(options.program, "server");
}

struct Wrong {
    std::vector<std::string> arguments;
    std::string named;  // what the message must mention
};

// Test names are made of this, too.
void PrintTo(const Wrong& wrong, std::ostream* out) {
    for (const std::string& argument : wrong.arguments) *out << argument << ' ';
}

class WrongOptions : public testing::TestWithParam<Wrong> {};

TEST_P(WrongOptions, AreRefusedByName) {
    try {
        parse_options("server", plain, GetParam().arguments);
        FAIL() << "accepted";
    } catch (const UsageError& error) {
        EXPECT_NE(std::string(error.what()).find(GetParam().named), std::string::npos) << error.what();
    }
}

INSTANTIATE_TEST_SUITE_P(
    Each, WrongOptions,
    testing::Values(Wrong{{"--prot", "1"}, "--prot"}, Wrong{{"9000"}, "9000"}, Wrong{{"--port"}, "--port"},
                    Wrong{{"--port", "abc"}, "abc"}, Wrong{{"--port", "65536"}, "65535"}, Wrong{{"--port", "-1"}, "-1"},
                    Wrong{{"--port", "80x"}, "80x"}, Wrong{{"--port", ""}, "--port"},
                    Wrong{{"--port", " 80"}, "--port"}, Wrong{{"--drain", "-1"}, "--drain"},
                    Wrong{{"--drain", "1.5"}, "1.5"}, Wrong{{"--max-clients", "0"}, "--max-clients"},
                    Wrong{{"--max-clients", "99999999999"}, "--max-clients"}, Wrong{{"--bind", "localhost"}, "--bind"},
                    Wrong{{"--bind", "127.0.0.256"}, "--bind"}, Wrong{{"--bind", ""}, "--bind"},
                    Wrong{{"--stats", ""}, "--stats"}, Wrong{{"--trace", ""}, "--trace"},
                    Wrong{{"--threads", "2"}, "--threads"}, Wrong{{"--one-at-a-time"}, "--one-at-a-time"}));

TEST(Options, AChapterThatIsBuiltAloneCannotRecordItsCalls) {
    const Tracer before = std::exchange(tracer, {});
    EXPECT_THROW(parse_options("server", plain, {"--trace", "file"}), UsageError);
    tracer = before;
}

TEST(Options, FurtherOnesAreReadLikeTheOthers) {
    unsigned number = 0;
    bool set = false;
    const OwnOptions own{.further = {number_option("--number N", "a number", number, 2u, 5u),
                                     {"--set", "no value", [&](const std::string&) { set = true; }}}};
    parse_options("server", own, {"--set", "--number", "5"});
    EXPECT_EQ(number, 5u);
    EXPECT_TRUE(set);
    EXPECT_THROW(parse_options("server", own, {"--number", "6"}), UsageError);
    EXPECT_THROW(parse_options("server", own, {"--number", "1"}), UsageError);
    EXPECT_NE(usage_text("server", own).find("--number N"), std::string::npos);
}

TEST(Options, TheUsageTextNamesThoseThatTheServerTakes) {
    EXPECT_EQ(usage_text("server", plain).find("--threads"), std::string::npos);
    EXPECT_NE(usage_text("server", all).find("--threads"), std::string::npos);
    for (const char* option :
         {"--port", "--bind", "--max-clients", "--drain", "--stop-on-eof", "--verbose", "--stats", "--trace", "--help"})
        EXPECT_NE(usage_text("server", plain).find(option), std::string::npos) << option;
}

}  // namespace
