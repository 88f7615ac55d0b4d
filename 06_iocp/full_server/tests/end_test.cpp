#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "06_iocp/full_server/server.h"
#include "06_iocp/full_server/session.h"
#include "06_iocp/full_server/tests/full_server.h"
#include "common/app.h"
#include "common/testing/conversation.h"
#include "common/testing/test_client.h"

namespace {

using course::Conversation;
using course::TestClient;

constexpr std::chrono::seconds patience{20};
constexpr std::uint64_t KiB = 1024;

TEST(End, WithoutClientsComesAtOnce) {
    FullServer server;
    server.begin();
    server.drain();
    EXPECT_EQ(server.join(), "");
    expect_reconciled(server.server().metrics());
}

TEST(End, MayBeAskedForBeforeTheStart) {
    FullServer server;
    server.drain();
    server.begin();
    EXPECT_EQ(server.join(), "");
    expect_reconciled(server.server().metrics());
}

TEST(End, ADrainLosesNothingOfAThousandActiveClients) {
    FullServer server{{.accepts = 256}};
    server.begin();
    std::vector<Conversation> all;
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        TestClient client = server.connect();
        EXPECT_EQ(client.exchange("!"), "!");
        all.emplace_back(std::move(client),
                         Conversation::Plan{.bytes = 16 * KiB, .largest_send = 4096, .largest_receive = 4096}, seed);
    }
    course::converse(all, patience, [&] { return all[0].received() > 0; });
    server.drain();
    course::converse(all, patience);
    EXPECT_EQ(server.join(), "");
    const ServerMetrics metrics = server.server().metrics();
    EXPECT_EQ(metrics.created, 1000u);
    EXPECT_EQ(metrics.closed[static_cast<std::size_t>(CloseReason::peer_finished)], 1000u);
    expect_reconciled(metrics);
}

TEST(End, AtAnyMomentBringsEveryOperationBack) {
    std::mt19937 random{20};
    for (int round = 0; round < 10; ++round) {
        FullServer server{{.threads = 1u + random() % 8, .shed_after = 1, .tick = 1}};
        server.begin();
        std::vector<Conversation> floods;
        for (std::uint64_t seed = 0; seed < 10; ++seed) {
            floods.emplace_back(
                server.connect(),
                Conversation::Plan{
                    .bytes = ~std::uint64_t{0}, .read = seed % 3 != 0, .finish = false, .may_be_cut_short = true},
                seed);
        }
        int turns = static_cast<int>(random() % 100);
        course::converse(floods, patience, [&] { return turns-- == 0; });
        EXPECT_EQ(server.stop(), "");
        expect_reconciled(server.server().metrics());
    }
}

// From other threads than the workers, while everything is under way.
TEST(End, OfSessionsFromOutsideHarmsNobody) {
    FullServer server{{.threads = 4}};
    std::mutex mutex;
    std::vector<std::shared_ptr<Session>> known;
    server.service().connected = [&](Session& session) {
        const std::lock_guard lock{mutex};
        known.push_back(session.shared_from_this());
    };
    server.begin();
    std::atomic<bool> over = false;
    std::thread closer{[&] {
        while (!over) {
            std::shared_ptr<Session> victim;
            {
                const std::lock_guard lock{mutex};
                if (!known.empty()) victim = std::move(known.back()), known.pop_back();
            }
            if (victim) {
                victim->close();
                EXPECT_FALSE(victim->send("too late"));
            }
            std::this_thread::yield();
        }
    }};
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        std::vector<Conversation> one;
        one.emplace_back(server.connect(), Conversation::Plan{.bytes = 64 * KiB, .may_be_cut_short = true}, seed);
        course::converse(one, patience);
    }
    over = true;
    closer.join();
    known.clear();
    EXPECT_EQ(server.stop(), "");
    expect_reconciled(server.server().metrics());
}

TEST(End, AServiceThatThrowsEndsTheServerInGoodOrder) {
    FullServer server;
    server.service().received = [](Session&, std::span<const char> bytes) {
        throw std::runtime_error("cannot digest " + std::string(bytes.begin(), bytes.end()));
    };
    server.begin();
    TestClient other = server.connect(), client = server.connect();
    client.send("pebbles");
    client.expect_closed();
    other.expect_closed();
    EXPECT_EQ(server.join(), "cannot digest pebbles");
    expect_reconciled(server.server().metrics());
}

// The port lets a second thread run once the first is blocked, though only one may run at a time.
TEST(End, AHandlerThatSleepsDoesNotStopTheOthersIfThereIsAnotherWorker) {
    FullServer server{{.threads = 2, .concurrency = 1}};
    std::promise<void> asleep, wake;
    server.service().received = [&](Session& session, std::span<const char> bytes) {
        if (bytes.front() == 's') {
            asleep.set_value();
            wake.get_future().wait();
        }
        session.send(bytes);
    };
    server.begin();
    TestClient sleeper = server.connect(), other = server.connect();
    sleeper.send("sleep");
    asleep.get_future().wait();
    EXPECT_EQ(other.exchange("awake"), "awake");
    wake.set_value();
    EXPECT_EQ(sleeper.receive(5), "sleep");
}

// Both workers are held up while packets gather. The one that goes on first takes them all, in one wait, and its first
// handler sleeps. Clients that have had an echo are served as their packets are handled; the others' packets only say
// that there is something to receive, and they are served from the ready list.
class AHandlerThatSleeps : public testing::TestWithParam<bool> {};

TEST_P(AHandlerThatSleeps, KeepsNothingFromTheOthers) {
    FullServer server{{.threads = 2}};
    struct Gate {
        UniqueEvent reached{Reset::manual}, open{Reset::manual};
    };
    std::array<Gate, 3> gates;
    const Finally open_all{[&] {  // also when a client has waited in vain, or the server could not end
        for (Gate& gate : gates) ::SetEvent(gate.open.get());
    }};
    server.service().received = [&](Session& session, std::span<const char> bytes) {
        if (const auto i = static_cast<std::size_t>(bytes.front() - '0'); i < gates.size()) {
            ::SetEvent(gates[i].reached.get());
            ::WaitForSingleObject(gates[i].open.get(), INFINITE);
        }
        session.send(bytes);
    };
    server.begin();
    TestClient first = server.connect(), second = server.connect(), sleeper = server.connect();
    std::vector<TestClient> others;
    for (int i = 0; i < 20; ++i) others.push_back(server.connect());
    if (GetParam()) {
        EXPECT_EQ(sleeper.exchange("x"), "x");
        for (TestClient& client : others) EXPECT_EQ(client.exchange("x"), "x");
    }
    first.send("0");
    second.send("1");
    for (std::size_t i = 0; i < 2; ++i) ::WaitForSingleObject(gates[i].reached.get(), INFINITE);
    sleeper.send("2");
    for (TestClient& client : others) client.send("y");
    ::SetEvent(gates[0].open.get());
    ::WaitForSingleObject(gates[2].reached.get(), INFINITE);
    ::SetEvent(gates[1].open.get());
    for (TestClient& client : others) EXPECT_EQ(client.receive(1), "y");
    ::SetEvent(gates[2].open.get());
    EXPECT_EQ(sleeper.receive(1), "2");
    EXPECT_EQ(server.stop(), "");
    expect_reconciled(server.server().metrics());
}

INSTANTIATE_TEST_SUITE_P(AmongClients, AHandlerThatSleeps, testing::Bool(),
                         [](const auto& warm) { return std::string(warm.param ? "ThatHaveHadAnEcho" : "ThatAreNew"); });

TEST(End, NoMoreWorkersRunAtOnceThanTheConcurrencySays) {
    if (course::running_under_wine()) GTEST_SKIP() << "Wine ignores the concurrency value of a port";
    FullServer server{{.threads = 4, .concurrency = 1}};
    std::atomic<int> running = 0, excursions = 0;
    server.service().received = [&](Session& session, std::span<const char> bytes) {
        if (++running > 1) ++excursions;
        const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{20};
        while (std::chrono::steady_clock::now() < until) {  // busy, never blocked
        }
        --running;
        session.send(bytes);
    };
    server.begin();
    std::vector<TestClient> clients;
    for (int i = 0; i < 8; ++i) clients.push_back(server.connect());
    for (TestClient& client : clients) client.send("x");
    for (TestClient& client : clients) EXPECT_EQ(client.receive(1), "x");
    EXPECT_LE(excursions, 1) << "more often than when a worker comes back from a wait (I/O Completion Ports)";
}

}  // namespace
