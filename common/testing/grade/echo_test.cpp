// Bytes come back unchanged and in order; half-close drains. These tests ask only for --port and --stop-on-eof.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ratio>
#include <string>
#include <vector>

#include "common/testing/grade/rule_test.h"

namespace course {
namespace {

constexpr std::uint64_t KiB = 1024, MiB = 1024 * KiB;

class Echo : public ContractTest {};
class HalfClose : public ContractTest {};

TEST_F(Echo, OneByteComesBack) {
    start();
    TestClient client = connect();
    EXPECT_EQ(client.exchange("x"), "x");
}

TEST_F(Echo, AMessageIsAnsweredBeforeTheNextIsSent) {
    start();
    TestClient client = connect();
    for (std::size_t size = 1; size <= 20'000; size = size * 3 / 2 + 1) {
        const std::string message(size, static_cast<char>('a' + size % 26));
        ASSERT_EQ(client.exchange(message), message);
    }
}

TEST_F(Echo, OneByteMoreThan64KiBComesBack) {
    start();
    Conversation c = conversation({.bytes = 64 * KiB + 1, .largest_send = 64 * KiB + 1, .finish = false});
    run(c);
}

TEST_F(Echo, EightMiBComeBackWhileSendingAndReceivingAtOnce) {
    start();
    Conversation c = conversation({.bytes = 8 * MiB, .finish = false});
    run(c);
}

// A piece that waits for the acknowledgement of the one before waits for the client's system, 40 ms or more, however
// quick the machine is; a slow machine makes a single byte slow as well. So only what is slow in both ways is a fault,
// and the quickest quarter of the long ones is looked at: a moment's load does not count.
TEST_F(Echo, ALongMessageDoesNotWaitForAcknowledgements) {
    start();
    TestClient client = connect();
    const auto times = [&](std::size_t size) {
        const std::string message(size, 'm');
        std::vector<std::chrono::duration<double, std::milli>> all;
        for (int i = 0; i < 40; ++i) {
            const auto began = std::chrono::steady_clock::now();
            EXPECT_EQ(client.exchange(message), message);
            if (i >= 20)
                all.emplace_back(std::chrono::steady_clock::now() - began);  // a new connection acknowledges at once
        }
        std::ranges::sort(all);
        return all;
    };
    const auto quick = times(1)[0], quarter = times(16 * KiB)[5];
    EXPECT_FALSE(quarter.count() > 20 && quarter > 20 * quick)
        << "of the echoes of 16 KiB even the quickest quarter took " << quarter.count() << " ms, where one byte takes "
        << quick.count() << " ms";
}

TEST_F(Echo, AnyChunkingComesBackInOrder) {
    start();
    std::vector<Conversation> all;
    for (const std::size_t largest :
         {std::size_t{1}, std::size_t{7}, std::size_t{1460}, std::size_t{4097}, std::size_t{30'000}}) {
        const std::uint64_t bytes = std::uint64_t{largest} * 100 + 1;
        all.push_back(conversation({.bytes = bytes,
                                    .largest_send = largest,
                                    .largest_receive = largest,
                                    .random_sizes = true,
                                    .finish = false}));
        all.push_back(conversation({.bytes = bytes, .largest_send = largest, .random_sizes = true, .finish = false}));
    }
    run(all);
}

TEST_F(HalfClose, WithNothingSentIsAnsweredByTheEnd) {
    start();
    TestClient client = connect();
    client.finish_sending();
    EXPECT_EQ(client.receive_to_end(), "");
}

TEST_F(HalfClose, AfterAnEchoIsAnsweredByTheEnd) {
    start();
    TestClient client = connect_and_echo();
    client.finish_sending();
    EXPECT_EQ(client.receive_to_end(), "");
}

TEST_F(HalfClose, RightBehindAMessageLosesNothingOfIt) {
    start();
    for (const std::size_t size : {std::size_t{1}, std::size_t{4096}, std::size_t{5000}, std::size_t{50'000}}) {
        TestClient client = connect();
        const std::string message(size, static_cast<char>('a' + size % 26));
        client.send(message);
        client.finish_sending();
        ASSERT_EQ(client.receive_to_end(), message);
    }
}

TEST_F(HalfClose, AtTheEndOfALongStreamLosesNothing) {
    start();
    Conversation c = conversation({.bytes = 2 * MiB});
    run(c);
}

// The client reads nothing before all is sent, the FIN included: the server meets the FIN while its own sends are
// stuck.
TEST_F(HalfClose, BeforeABigTailIsReadLosesNothingOfIt) {
    start();
    std::vector<Conversation> all;
    all.push_back(conversation({.bytes = 64 * MiB, .read = false, .finish = false}));
    run_until_stuck(all);
    const std::uint64_t tail = all[0].sent();
    all[0].plan_further({.bytes = tail});
    run(all);
    EXPECT_EQ(all[0].received(), tail);
}

TEST_F(HalfClose, OfManyClientsAtOnceLosesNothing) {
    start();
    std::vector<Conversation> all;
    for (int i = 0; i < 40; ++i) all.push_back(conversation({.bytes = 40 * KiB, .largest_send = 40 * KiB}));
    run(all);
}

}  // namespace
}  // namespace course
