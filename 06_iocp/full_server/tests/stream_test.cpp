#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <thread>
#include <vector>

#include "06_iocp/full_server/server.h"
#include "06_iocp/full_server/session.h"
#include "06_iocp/full_server/tests/allocations.h"
#include "06_iocp/full_server/tests/full_server.h"
#include "06_iocp/full_server/tests/stand_in.h"
#include "common/testing/conversation.h"
#include "common/testing/test_client.h"

namespace {

using course::Conversation;
using course::TestClient;

constexpr std::chrono::seconds patience{20};
constexpr std::uint64_t KiB = 1024, MiB = 1024 * KiB;

std::uint64_t sum(const std::vector<std::uint64_t>& counts) {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

class Skip : public testing::TestWithParam<bool> {};

// Every operation is followed by a pause of another length, so that the workers overtake each other in every way.
TEST_P(Skip, EightWorkersKeepTheOrderOfAStream) {
    std::atomic<unsigned> turn = 0;
    const course::StandIn stand_in{{.after_post = [&] {
        for (unsigned i = 7 * turn++ % 5; i > 0; --i) std::this_thread::yield();
    }}};
    FullServer server{{.threads = 8, .skip_on_success = GetParam()}};
    server.begin();
    std::vector<Conversation> streams;
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
        streams.emplace_back(server.connect(), Conversation::Plan{.bytes = 8 * MiB, .random_sizes = true}, seed);
    course::converse(streams, patience);
    EXPECT_EQ(server.stop(), "");
    expect_reconciled(server.server().metrics());
}

TEST_P(Skip, TheTailIsSentBeforeTheFin) {
    FullServer server{{.skip_on_success = GetParam()}};
    server.begin();
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        // All is sent, and the FIN with it, before the first byte is read.
        std::vector<Conversation> one;
        one.emplace_back(server.connect({.receive_buffer = 4096}),
                         Conversation::Plan{.bytes = MiB, .largest_receive = 4096}, seed);
        course::converse(one, patience);
    }
    EXPECT_TRUE(server.service().wait_for_closed(5));
    EXPECT_EQ(server.service().closed_for(CloseReason::peer_finished), 5u);
}

// What was done is the same with the flag on and off; how it was told differs.
TEST_P(Skip, PacketsAndOperationsAddUp) {
    FullServer server{{.threads = 2, .skip_on_success = GetParam()}};
    server.begin();
    for (int i = 0; i < 10; ++i) {
        TestClient client = server.connect();
        for (int turn = 0; turn < 50; ++turn) EXPECT_EQ(client.exchange("a turn"), "a turn");
        client.finish_sending();
        EXPECT_EQ(client.receive_to_end(), "");
    }
    EXPECT_EQ(server.stop(), "");
    const ServerMetrics metrics = server.server().metrics();
    expect_reconciled(metrics);
    EXPECT_EQ(metrics.created, 10u);
    EXPECT_EQ(metrics.closed[static_cast<std::size_t>(CloseReason::peer_finished)], 10u);
    EXPECT_GE(metrics.posted, 10u * 50u * 2u);  // a receive and a send for each echo at least
    EXPECT_EQ(sum(metrics.dequeued), metrics.completed - metrics.completed_inline + metrics.own_packets);
    if (GetParam())
        EXPECT_GE(metrics.completed_inline, 10u * 50u);  // every send, at least
    else
        EXPECT_EQ(metrics.completed_inline, 0u);
}

TEST_P(Skip, ABusyClientStarvesNoOther) {
    FullServer server{{.threads = 1, .skip_on_success = GetParam()}};
    server.begin();
    std::vector<Conversation> floods;
    for (std::uint64_t seed = 1; seed <= 3; ++seed)
        floods.emplace_back(server.connect(), Conversation::Plan{.bytes = ~std::uint64_t{0}, .finish = false}, seed);
    std::atomic<bool> over = false;
    std::uint64_t moved_meanwhile = 0;
    std::thread other{[&] {
        TestClient client = server.connect();
        for (int turn = 0; turn < 200; ++turn) EXPECT_EQ(client.exchange("my turn"), "my turn");
        over = true;
    }};
    course::converse(floods, patience, [&] { return over.load(); });
    for (const Conversation& flood : floods) moved_meanwhile += flood.received();
    other.join();
    EXPECT_GT(moved_meanwhile, MiB) << "the others were no flood";
}

TEST_P(Skip, AnEchoAllocatesNothing) {
    FullServer server{{.threads = 1, .shed_after = 3'600'000, .skip_on_success = GetParam()}};
    server.service().received = [](Session& session, std::span<const char> bytes) {
        count_this_thread();
        session.send(bytes);
    };
    server.begin();
    std::vector<TestClient> clients;
    for (int i = 0; i < 8; ++i) clients.push_back(server.connect());
    const auto echo = [&](int turns) {
        for (int turn = 0; turn < turns; ++turn)
            for (TestClient& client : clients) EXPECT_EQ(client.exchange("sixty-four"), "sixty-four");
    };
    echo(10);  // until every buffer has its size
    const std::uint64_t before = counted_allocations();
    echo(100);
    EXPECT_EQ(counted_allocations() - before, 0u);
    EXPECT_GT(before, 0u) << "nothing is counted";
}

INSTANTIATE_TEST_SUITE_P(OnSuccess, Skip, testing::Bool(),
                         [](const auto& parameter) { return parameter.param ? "on" : "off"; });

}  // namespace
