// Runs echo_client itself, each mode of it, against real servers.

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/testing/server_process.h"

namespace {

using course::EchoServer;
using course::ServerProcess;
using Arguments = std::vector<std::string>;

constexpr std::chrono::seconds kLongEnough{60};

struct ClientRun {
    std::optional<int> status;
    std::string output;

    [[nodiscard]] bool says(const std::string& text) const { return output.find(text) != std::string::npos; }
};

ClientRun run_client(const Arguments& arguments) {
    ServerProcess client("echo_client", arguments);
    client.close_stdin();
    ClientRun run;
    run.status = client.wait_for_exit(kLongEnough);
    run.output = client.output() + client.errors();
    return run;
}

ClientRun run_client(const EchoServer& server, Arguments arguments) {
    arguments.insert(arguments.end(), {"--port", std::to_string(server.port())});
    return run_client(arguments);
}

class EachMode : public testing::TestWithParam<Arguments> {};

TEST_P(EachMode, IsBorneByAGoodServerWhichThenEndsCleanly) {
    EchoServer server("06_iocp");
    Arguments arguments = GetParam();
    arguments.insert(arguments.end(), {"--seconds", "2"});
    const ClientRun run = run_client(server, arguments);
    EXPECT_EQ(run.status, 0) << run.output;
    EXPECT_TRUE(run.says("Watch: ")) << run.output;
    EXPECT_TRUE(run.says("another client meanwhile: ")) << run.output;
    EXPECT_TRUE(run.says("the server kept the contract")) << run.output;
    EXPECT_EQ(server.stop(kLongEnough), 0);
}

std::string name_of(const testing::TestParamInfo<Arguments>& test) {
    std::string name;
    for (const char letter : test.param.front())
        if (letter != '-') name += letter;
    return name;
}

INSTANTIATE_TEST_SUITE_P(Client, EachMode,
                         testing::Values(Arguments{"--silent"}, Arguments{"--slow"}, Arguments{"--reset"},
                                         Arguments{"--half-close"}, Arguments{"--flood"}, Arguments{"--never-read"},
                                         Arguments{"--many", "65"}),
                         name_of);

TEST(Troublemaker, FindsThatASilentClientBlocksTheOthers) {
    const EchoServer server("01_blocking", {"--one-at-a-time"});
    const ClientRun run = run_client(server, {"--silent", "--seconds", "3"});
    EXPECT_EQ(run.status, 1);
    EXPECT_TRUE(run.says("another client meanwhile: 0 echoes: no answer within 2.0 s")) << run.output;
    EXPECT_TRUE(run.says("AGAINST THE CONTRACT")) << run.output;
}

TEST(Troublemaker, FindsThatAClientThatSendsTooMuchIsNotHeldBack) {
    const EchoServer server("broken_server", {"--fault", "unbounded-buffer"});
    const ClientRun run = run_client(server, {"--never-read", "--seconds", "2"});
    EXPECT_EQ(run.status, 1);
    EXPECT_TRUE(run.says("would take more")) << run.output;
}

TEST(Troublemaker, FindsBytesThatAreLost) {
    const EchoServer server("broken_server", {"--fault", "drop-byte"});
    const ClientRun run = run_client(server, {"--flood", "--seconds", "2"});
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
    server.stop(kLongEnough);
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
