#include "06_iocp/full_server/session.h"
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <semaphore>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "06_iocp/full_server/server.h"
#include "06_iocp/full_server/tests/full_server.h"
#include "06_iocp/full_server/tests/stand_in.h"
#include "common/testing/test_client.h"

namespace {

using course::ConnectionLost;
using course::StandIn;
using course::TestClient;

// Sends until the server has not taken a byte for a while; what it has taken then lies in it and in both systems.
void send_until_stuck(TestClient& client) {
    const std::string block(65536, 'x');
    ASSERT_TRUE(eventually([&] {
        for (int misses = 0; misses < 20; ++misses) {
            while (client.try_send(block) > 0) misses = 0;
            ::Sleep(10);
        }
        return true;
    }));
}

TEST(Session, AClientThatNeverReadsIsNotReadFromAnyMore) {
    FullServer server;
    server.begin();
    TestClient client = server.connect({.receive_buffer = 8192});
    send_until_stuck(client);
    const ServerSettings settings;
    const std::int64_t queued = server.server().metrics().queued_bytes;
    EXPECT_GT(queued, static_cast<std::int64_t>(settings.high_water()));
    EXPECT_LE(queued, static_cast<std::int64_t>(settings.high_water() + settings.receive_size));
    EXPECT_EQ(server.connect().exchange("others go on"), "others go on");
    EXPECT_EQ(server.stop(), "");
    EXPECT_EQ(server.service().closed_for(CloseReason::too_slow), 0u);
    expect_reconciled(server.server().metrics());
}

TEST(Session, WhoIsSentMoreThanTheLimitAndDoesNotReadIsClosed) {
    FullServer server;
    std::atomic<bool> refused = false;
    server.service().received = [&](Session& session, std::span<const char>) {
        const std::string block(65536, 'x');
        while (session.send(block)) {
        }
        refused = true;
    };
    server.begin();
    TestClient client = server.connect({.receive_buffer = 8192});
    client.send("go");
    EXPECT_TRUE(server.service().wait_for_closed(1));
    EXPECT_TRUE(refused);
    EXPECT_EQ(server.service().closed_for(CloseReason::too_slow), 1u);
    EXPECT_EQ(server.stop(), "");
    expect_reconciled(server.server().metrics());
}

class FailedCall : public testing::TestWithParam<const char*> {};

TEST_P(FailedCall, EndsItsSessionAndNoOther) {
    std::atomic<int> failures = 0;
    const StandIn stand_in{{.fail = [&](const char* call) {
        return std::strcmp(call, GetParam()) == 0 && failures.fetch_sub(1) > 0 ? WSAENOBUFS : 0;
    }}};
    FullServer server;
    server.begin();
    TestClient other = server.connect();
    EXPECT_EQ(other.exchange("before"), "before");
    TestClient hit = server.connect();
    EXPECT_EQ(hit.exchange("before"), "before");
    // `other` is quiet, so the next such call is one for `hit`: its next receive, or its send.
    failures = 1;
    try {
        hit.send("after");
        hit.expect_closed();
    } catch (const ConnectionLost&) {
    }
    EXPECT_TRUE(server.service().wait_for_closed(1));
    EXPECT_EQ(server.service().closed_for(CloseReason::failed), 1u);
    EXPECT_EQ(other.exchange("after"), "after");
    EXPECT_EQ(server.stop(), "");
    expect_reconciled(server.server().metrics());
}

INSTANTIATE_TEST_SUITE_P(Each, FailedCall, testing::Values("WSARecv", "WSASend"),
                         [](const auto& parameter) { return std::string{parameter.param}; });

TEST(Session, NothingIsTouchedAfterACallWhosePacketMayHaveOvertakenIt) {
    const StandIn stand_in{{.after_post = [] { ::Sleep(1); }}};  // long enough to be overtaken
    FullServer server{{.threads = 4}};
    server.begin();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int visit = 0; visit < 10; ++visit) {
                TestClient client = server.connect();
                for (int turn = 0; turn < 5; ++turn) EXPECT_EQ(client.exchange("a turn"), "a turn");
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(server.stop(), "");
    expect_reconciled(server.server().metrics());
}

TEST(Session, OurOwnCloseIsNotTakenForThePeers) {
    FullServer server;
    server.service().received = [](Session& session, std::span<const char>) { session.close(); };
    server.begin();
    TestClient client = server.connect();
    client.send("close me");
    client.expect_closed();
    EXPECT_TRUE(server.service().wait_for_closed(1));
    EXPECT_EQ(server.service().closed_for(CloseReason::stopped), 1u);
}

TEST(Session, EachEndHasItsReason) {
    FullServer server;
    server.begin();
    TestClient leaves = server.connect(), resets = server.connect();
    EXPECT_EQ(leaves.exchange("one"), "one");
    EXPECT_EQ(resets.exchange("two"), "two");
    leaves.finish_sending();
    EXPECT_EQ(leaves.receive_to_end(), "");
    resets.reset();
    EXPECT_TRUE(server.service().wait_for_closed(2));
    EXPECT_EQ(server.service().closed_for(CloseReason::peer_finished), 1u);
    EXPECT_EQ(server.service().closed_for(CloseReason::peer_reset), 1u);
    EXPECT_EQ(server.stop(), "");
    const ServerMetrics metrics = server.server().metrics();
    EXPECT_EQ(metrics.closed[static_cast<std::size_t>(CloseReason::peer_finished)], 1u);
    EXPECT_EQ(metrics.closed[static_cast<std::size_t>(CloseReason::peer_reset)], 1u);
}

// A socket number is used again as soon as it is closed. Closed once too often, it would be another client's.
TEST(Session, NoTwoSessionsEverShareASocketNumber) {
    FullServer server{{.threads = 8}};
    server.begin();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
            for (int visit = 0; visit < 100; ++visit) {
                TestClient client = server.connect();
                const std::string hello = std::to_string(1000 * i + visit);
                EXPECT_EQ(client.exchange(hello), hello);
                if (visit % 3 == 0) client.reset();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(server.service().wait_for_closed(400));
    EXPECT_FALSE(server.service().a_number_was_used_twice_at_once());
    EXPECT_EQ(server.stop(), "");
    expect_reconciled(server.server().metrics());
}

// A clock that only moves by hand, and tells how often it was looked at.
struct Clock {
    std::atomic<std::uint64_t> time = 1'000'000;  // milliseconds
    std::atomic<std::uint64_t> looks = 0;
    std::uint64_t operator()() { return ++looks, time.load(); }

    bool wait_for_a_sweep() {  // two looks more, while nobody sends: then a whole sweep lies between them
        const std::uint64_t before = looks;
        return eventually([&] { return looks >= before + 2; });
    }
};

TEST(Session, IsClosedWhenItHasBeenIdleForTooLong) {
    Clock clock;
    const StandIn stand_in{{.clock = std::ref(clock)}};
    FullServer server{{.idle_timeout = 60, .tick = 5}};
    server.begin();
    TestClient silent = server.connect(), talks = server.connect();
    EXPECT_EQ(silent.exchange("once"), "once");
    EXPECT_EQ(talks.exchange("once"), "once");
    clock.time += 59'999;
    EXPECT_TRUE(clock.wait_for_a_sweep());
    EXPECT_EQ(talks.exchange("again"), "again");
    EXPECT_EQ(server.service().closed_for(CloseReason::idle), 0u);
    clock.time += 1;
    silent.expect_closed();
    EXPECT_TRUE(server.service().wait_for_closed(1));
    EXPECT_EQ(server.service().closed_for(CloseReason::idle), 1u);
    EXPECT_EQ(talks.exchange("still here"), "still here");
}

TEST(Session, HoldsNoBufferWhileItIsIdle) {
    Clock clock;
    const StandIn stand_in{{.clock = std::ref(clock)}};
    FullServer server{{.tick = 5}};
    server.begin();
    TestClient client = server.connect();
    EXPECT_EQ(server.server().metrics().buffers, 0u) << "it has not said anything yet";
    for (int turn = 0; turn < 3; ++turn) {
        EXPECT_EQ(client.exchange("awake"), "awake");
        EXPECT_EQ(server.server().metrics().buffers, 1u);
        clock.time += 1000;
        EXPECT_TRUE(eventually([&] { return server.server().metrics().buffers == 0; }));
    }
    EXPECT_EQ(server.stop(), "");
    expect_reconciled(server.server().metrics());
}

TEST(Session, LendsAPageUntilOneIsFilled) {
    FullServer server;
    std::vector<std::size_t> sizes;
    std::binary_semaphore all_is_sent{0};
    server.service().received = [&](Session& session, std::span<const char> bytes) {
        sizes.push_back(bytes.size());
        if (sizes.size() == 2) all_is_sent.acquire();
        session.send(bytes);
    };
    server.begin();
    TestClient client = server.connect();
    EXPECT_EQ(client.exchange("little"), "little");  // from here on a page waits for more
    const std::string much(40'000, 'x');
    client.send(much);
    all_is_sent.release();
    EXPECT_EQ(client.receive(much.size()), much);
    ASSERT_GE(sizes.size(), 3u);
    EXPECT_EQ(sizes[1], 4096u);
    EXPECT_GT(sizes[2], 4096u) << "the page was filled, so all of the buffer was lent";
    EXPECT_EQ(client.exchange("little"), "little");
    const std::size_t next = sizes.size();
    client.send(much);
    EXPECT_EQ(client.receive(much.size()), much);
    EXPECT_LE(sizes.at(next), 4096u) << "little came, so it is a page again";
    EXPECT_EQ(server.stop(), "");
}

}  // namespace
