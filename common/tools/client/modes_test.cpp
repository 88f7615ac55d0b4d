// Runs echo_client itself against servers whose behaviour is known: what it must find, and what it must not.

#include <gtest/gtest.h>

#include <string>

#include "common/process/server_process.h"
#include "common/tools/client/testing.h"

namespace course {
namespace {

// With --one-at-a-time, whoever is being served blocks all others: the very thing to be seen.
class OneAtATime : public testing::TestWithParam<std::string> {};

TEST_P(OneAtATime, BlocksTheOthersWhichIsSaid) {
    EchoServer server("01_blocking", {"--one-at-a-time"});
    const ClientRun run = run_client(server, {GetParam(), "--seconds", "0.5"});
    EXPECT_EQ(run.status, 1);
    EXPECT_TRUE(run.says("another client meanwhile: 0 echoes: no answer within 2.0 s")) << run.output;
    EXPECT_TRUE(run.says("AGAINST THE CONTRACT: Whatever one client does")) << run.output;
    EXPECT_FALSE(run.says("kept the contract")) << run.output;
    EXPECT_EQ(server.stop(long_enough), 0);
}

INSTANTIATE_TEST_SUITE_P(Client, OneAtATime, testing::Values("--silent", "--slow", "--flood", "--never-read"),
                         [](const testing::TestParamInfo<std::string>& test) {
                             std::string name;
                             for (const char letter : test.param)
                                 if (letter != '-') name += letter;
                             return name;
                         });

TEST(Troublemaker, FindsThatAClientThatSendsTooMuchIsNotHeldBack) {
    const EchoServer server("broken_server", {"--fault", "unbounded-buffer"});
    const ClientRun run = run_client(server, {"--never-read", "--seconds", "0.5"});
    EXPECT_EQ(run.status, 1);
    EXPECT_TRUE(run.says("would take more")) << run.output;
}

TEST(Troublemaker, FindsBytesThatAreLost) {
    const EchoServer server("broken_server", {"--fault", "drop-byte"});
    const ClientRun run = run_client(server, {"--flood", "--seconds", "0.5"});
    EXPECT_EQ(run.status, 1);
    EXPECT_TRUE(run.says("came back wrong")) << run.output;
}

TEST(Troublemaker, CountsThoseWhoAreTurnedAway) {
    const EchoServer server("06_iocp", {"--max-clients", "5"});
    const ClientRun run = run_client(server, {"--many", "10", "--seconds", "0.5"});  // the probe holds a place, too
    EXPECT_EQ(run.status, 0) << run.output;
    EXPECT_TRUE(run.says("10 clients: 4 served")) << run.output;
    EXPECT_TRUE(run.says(" 6 turned away by a clean close")) << run.output;
    EXPECT_TRUE(run.says("4 of 4 that were served get a second echo")) << run.output;
}

TEST(Troublemaker, SeesTheSurplusWaitAndThenServed) {
    const EchoServer server("01_blocking", {"--one-at-a-time"});
    const ClientRun run = run_client(server, {"--many", "3", "--seconds", "0.5", "--no-probe"});
    EXPECT_EQ(run.status, 0) << run.output;
    EXPECT_TRUE(run.says("3 clients: 1 served")) << run.output;
    EXPECT_TRUE(run.says(" 2 unanswered")) << run.output;
    EXPECT_TRUE(run.says("2 of 2 that were unanswered got their echo")) << run.output;
}

TEST(Troublemaker, WithoutTheOtherClientSaysNothingOfIt) {
    const EchoServer server("06_iocp");
    const ClientRun run = run_client(server, {"--half-close", "--no-probe"});
    EXPECT_EQ(run.status, 0) << run.output;
    EXPECT_FALSE(run.says("another client")) << run.output;
}

TEST(Troublemaker, NobodyThereIsSaidInPlainWords) {
    EchoServer server("06_iocp");
    server.stop(long_enough);
    const ClientRun run = run_client(server, {"--silent"});
    EXPECT_EQ(run.status, 1);
    EXPECT_TRUE(run.says("is a server running there?")) << run.output;
}

TEST(Troublemaker, BadUsageGivesTwo) {
    const ClientRun run = run_client({"--silent", "--slow"});
    EXPECT_EQ(run.status, 2);
    EXPECT_TRUE(run.says("--help")) << run.output;
}

}  // namespace
}  // namespace course
