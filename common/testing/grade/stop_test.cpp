// The stop. The tests of Stop ask only for --port and --stop-on-eof; those of Drain for --drain and the words as well.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "common/testing/grade/rule_test.h"

namespace course {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;
constexpr std::uint64_t KiB = 1024, MiB = 1024 * KiB;
constexpr auto default_drain = 2s;

class Stop : public ContractTest {};

TEST_F(Stop, OfAnUnusedServerIsClean) {
    start().close_stdin();
    expect_clean_exit(patience());
}

TEST_F(Stop, AfterTheLastClientHasLeftIsClean) {
    start();
    visit();
    server().close_stdin();
    expect_clean_exit(patience());
}

TEST_F(Stop, DoesNotWaitForEverForSeventyIdleClients) {
    start();
    std::vector<TestClient> idle = connect_and_echo(70);
    server().close_stdin();
    expect_clean_exit(default_drain + patience());
    if (HasFatalFailure()) return;
    for (TestClient& client : idle) client.expect_closed();
}

TEST_F(Stop, DoesNotWaitForEverForSilentClients) {
    start();
    std::vector<TestClient> silent;
    for (int i = 0; i < 3; ++i) silent.push_back(connect());
    visit();  // so the silent ones have been accepted
    server().close_stdin();
    expect_clean_exit(default_drain + patience());
    if (HasFatalFailure()) return;
    for (TestClient& client : silent) client.expect_closed();
}

TEST_F(Stop, AClientThatFinishesInTimeLosesNothing) {
    start();
    std::vector<Conversation> all;
    for (TestClient& client : connect_and_echo(10))
        all.push_back(conversation({.bytes = 32 * KiB, .largest_send = 32 * KiB}, std::move(client)));
    server().close_stdin();
    run(all);
    expect_clean_exit(default_drain + patience());
}

// Each run ends when the process has ended and the client has met the end of its connection; what it has read is
// checked as it comes, so it is a prefix of what it sent.
TEST_F(Stop, EndsInSpiteOfFloods) {
    start();
    std::vector<Conversation> floods;
    for (int i = 0; i < 4; ++i)
        floods.push_back(conversation({.bytes = ~std::uint64_t{0}, .finish = false, .may_be_cut_short = true}));
    run(floods,
        [&] { return std::ranges::all_of(floods, [](const Conversation& c) { return c.received() > 64 * KiB; }); });
    server().close_stdin();
    const auto limit = Clock::now() + default_drain + patience();
    run(floods, [&] { return server().wait_for_exit(0ms).has_value() || Clock::now() > limit; });
    expect_clean_exit(0ms);
    if (HasFatalFailure()) return;
    run(floods);
}

TEST_F(Stop, EndsInSpiteOfClientsThatNeverRead) {
    start();
    std::vector<Conversation> all;
    for (int i = 0; i < 4; ++i)
        all.push_back(
            conversation({.bytes = 64 * MiB, .read = false, .finish = false, .may_be_cut_short = true}, 8192));
    run_until_stuck(all);
    server().close_stdin();
    expect_clean_exit(default_drain + patience());
    if (HasFatalFailure()) return;
    for (Conversation& c : all) c.plan_further({.bytes = c.sent(), .may_be_cut_short = true});
    run(all);
}

TEST_F(Stop, EndsWhileClientsComeAndGo) {
    start();
    std::atomic<bool> stopping = false, over = false;
    std::atomic<int> visits = 0;
    std::atomic<int> turned_away = 0;  // before the stop: none may be
    const auto come_and_go = [&] {
        while (!over) {
            try {
                TestClient client = connect();
                client.send("x");
                client.finish_sending();
                if (client.receive_to_end() == "x")
                    ++visits;
                else if (!stopping)
                    ++turned_away;
            } catch (const std::exception&) {
                if (!stopping) ++turned_away;
                if (stopping) return;
            }
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back(come_and_go);
    EXPECT_TRUE(eventually([&] { return visits >= 30; }, patience())) << "too few were served before the stop";
    stopping = true;
    server().close_stdin();
    const auto status = server().wait_for_exit(default_drain + patience());
    over = true;
    if (!status) server().kill();
    for (std::thread& thread : threads) thread.join();
    ASSERT_TRUE(status.has_value()) << "the server was asked to stop and still runs";
    expect_clean_exit(0ms);
    EXPECT_EQ(turned_away, 0) << "so many got no echo before the stop";
}

class Drain : public ContractTest {
protected:
    /// Begins the stop; returns when the server has said so.
    std::string begin_stop() {
        server().close_stdin();
        return server().wait_for_line("finishing ", patience());
    }
};

TEST_F(Drain, SaysWhomItWaitsForAndHowLong) {
    start();
    const std::vector<TestClient> clients = connect_and_echo(3);
    EXPECT_EQ(begin_stop(), "finishing 3 clients, at most 2 s; Ctrl+C again ends now");
    expect_clean_exit(default_drain + patience());
}

TEST_F(Drain, HundredActiveClientsLoseNothing) {
    start({"--drain", "30"});
    std::vector<Conversation> all;
    for (TestClient& client : connect_and_echo(100))
        all.push_back(conversation({.bytes = 128 * KiB, .finish = false}, std::move(client)));
    run(all, [&] { return std::ranges::all_of(all, [](const Conversation& c) { return c.received() > 0; }); });
    begin_stop();
    for (Conversation& c : all) c.plan_further({.bytes = 256 * KiB});
    run(all);  // up to the FIN
    expect_clean_exit(patience());
}

TEST_F(Drain, EndsAsSoonAsTheLastClientHasLeft) {
    start({"--drain", "300"});
    TestClient client = connect_and_echo();
    begin_stop();
    EXPECT_EQ(client.exchange("one more"), "one more");
    client.finish_sending();
    EXPECT_EQ(client.receive_to_end(), "");
    expect_clean_exit(patience());
}

TEST_F(Drain, ServesOnUntilTheTimeIsOver) {
    start({"--drain", "3"});
    TestClient client = connect_and_echo();
    TestClient silent = connect_and_echo();  // its receive is pending when the stop begins
    const auto begin = Clock::now();
    begin_stop();
    try {
        for (int i = 0; i < 50; ++i) ASSERT_EQ(client.exchange("on and on"), "on and on");
        ASSERT_EQ(silent.exchange("still here"), "still here");
        silent.close();
        while (Clock::now() - begin < 3s + patience()) ASSERT_EQ(client.exchange("on and on"), "on and on");
        ADD_FAILURE() << "the client is served long after the time is over";
    } catch (const ConnectionLost&) {
        EXPECT_GE(Clock::now() - begin, 2900ms) << "the connection was cut before the time was over";
    }
    expect_clean_exit(patience());
}

TEST_F(Drain, WithNoTimeGivenEndsAtOnce) {
    start({"--drain", "0"});
    std::vector<TestClient> clients = connect_and_echo(5);
    begin_stop();
    expect_clean_exit(patience());
    if (HasFatalFailure()) return;
    for (TestClient& client : clients) client.expect_closed();
}

TEST_F(Drain, AcceptsNobodyNew) {
    start({"--drain", "300"});
    TestClient old = connect_and_echo();
    begin_stop();
    EXPECT_EQ(old.exchange("still served"), "still served");
    // The newcomer may be refused or wait in the backlog until the server ends; it must not get an echo.
    std::string got;
    try {
        TestClient newcomer = connect();
        newcomer.send("me too");
        EXPECT_EQ(old.exchange("still served"), "still served");
        old.finish_sending();
        EXPECT_EQ(old.receive_to_end(), "");
        expect_clean_exit(patience());
        got = newcomer.receive_to_end();
    } catch (const ConnectionLost&) {
        old.close();
        if (server().wait_for_exit(0ms) != 0) expect_clean_exit(patience());
    }
    EXPECT_EQ(got, "");
}

// The server is told of the reset where it waits to send, not where it receives.
TEST_F(Drain, DoesNotWaitForAClientThatResetWhileItsEchoWasStuck) {
    start({"--drain", "300"});
    std::vector<Conversation> stuck;
    stuck.push_back(conversation({.bytes = 64 * MiB, .read = false, .finish = false}, 4096));
    run_until_stuck(stuck);
    stuck[0].client().reset();
    visit();
    server().close_stdin();
    expect_clean_exit(patience());
}

TEST_F(Drain, ASecondStopRequestEndsItNow) {
    if (running_under_wine())
        GTEST_SKIP() << "Wine sends Ctrl+C only within a console, and a test run has none; see ctrl_c.sh";
    start({"--drain", "300"});
    std::vector<TestClient> clients = connect_and_echo(3);
    try {
        server().interrupt();
    } catch (const std::system_error& error) {
        GTEST_SKIP() << "Ctrl+Break cannot be sent from here: " << error.what();
    }
    server().wait_for_line("finishing 3 clients, at most 300 s", patience());
    EXPECT_EQ(clients[0].exchange("still served"), "still served");
    server().interrupt();
    expect_clean_exit(patience());
    if (HasFatalFailure()) return;
    for (TestClient& client : clients) client.expect_closed();
}

}  // namespace
}  // namespace course
