// Many clients, and bad ones: nobody else pays for them, and nothing of them stays. These tests ask only for --port and
// --stop-on-eof.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/testing/grade/rule_test.h"

namespace course {
namespace {

constexpr std::uint64_t KiB = 1024, MiB = 1024 * KiB;

class Clients : public ContractTest {
protected:
    // A client that was there before the trouble, and one that comes after it.
    void expect_served(TestClient& from_before) {
        EXPECT_EQ(from_before.exchange("I was here before"), "I was here before");
        visit();
    }
};

TEST_F(Clients, TwoHundredAtOnceAreServed) {
    start();
    std::vector<Conversation> all;
    for (int i = 0; i < 200; ++i) all.push_back(conversation({.bytes = 1, .finish = false}));
    run(all);  // now all 200 are connected and have been served
    for (Conversation& c : all) c.plan_further({.bytes = 10 * KiB, .largest_send = 10 * KiB});
    run(all);
}

TEST_F(Clients, ASilentOneHoldsUpNobody) {
    start();
    const TestClient first = connect();  // says nothing, ever
    TestClient good = connect_and_echo();
    const TestClient between = connect();
    expect_served(good);
}

TEST_F(Clients, SeventySilentOnesHoldUpNobody) {
    start();
    std::vector<TestClient> silent;
    for (int i = 0; i < 70; ++i) silent.push_back(connect());
    TestClient good = connect_and_echo();
    expect_served(good);
    for (TestClient& client : silent) ASSERT_EQ(client.exchange("at last"), "at last");
}

TEST_F(Clients, ASlowReaderHoldsUpNobodyAndLosesNothing) {
    start();
    std::vector<Conversation> slow;
    slow.push_back(conversation({.bytes = 64 * MiB, .largest_send = 4 * KiB, .read = false, .finish = false}, 4096));
    run_until_stuck(slow);
    // From here on the slow one reads a little whenever the quick one has been served.
    const std::uint64_t bytes = slow[0].sent();
    slow[0].plan_further({.bytes = bytes, .largest_receive = 1 * KiB});
    TestClient quick = connect();
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(quick.exchange("quick"), "quick");
        slow[0].step();
    }
    slow[0].plan_further({.bytes = bytes});
    run(slow);
    EXPECT_EQ(slow[0].received(), bytes);
}

TEST_F(Clients, ResetsInMidStreamHarmNobody) {
    start();
    TestClient good = connect_and_echo();
    for (int i = 0; i < 20; ++i) {
        std::vector<Conversation> bad;
        for (int k = 0; k < 3; ++k) bad.push_back(conversation({.bytes = 1 * MiB, .read = k != 0, .finish = false}));
        run(bad, [&] { return std::ranges::all_of(bad, [](const Conversation& c) { return c.sent() >= 16 * KiB; }); });
        for (Conversation& c : bad) c.client().reset();
        ASSERT_EQ(good.exchange("still here"), "still here");
    }
    expect_served(good);
}

// With unread echoes waiting, the system sends a reset instead of a FIN.
TEST_F(Clients, LeavingWithEchoesUnreadHarmsNobody) {
    start();
    TestClient good = connect_and_echo();
    for (int i = 0; i < 20; ++i) {
        TestClient bad = connect();
        bad.send(std::string(10'000, 'x'));
        bad.receive(1);
    }
    expect_served(good);
}

TEST_F(Clients, ConnectingAndLeavingAtOnceHarmsNobody) {
    start();
    TestClient good = connect_and_echo();
    for (int i = 0; i < 100; ++i) {
        TestClient client = connect();
        if (i % 2) client.reset();
    }
    expect_served(good);
}

TEST_F(Clients, FiveHundredQuickVisitsDisturbNobody) {
    start();
    TestClient good = connect_and_echo();
    for (int i = 0; i < 500; ++i) {
        visit();
        if (i % 50 == 0) {
            EXPECT_EQ(good.exchange("still here"), "still here");
        }
        if (HasFailure()) return;
    }
    expect_served(good);
}

class Leftovers : public ContractTest {
protected:
    struct Held : ProcessUsage {
        std::optional<std::uint64_t> handles;
    };

    Held held_now() { return {server().usage(), server().count_handles()}; }

    static std::string text(const Held& usage) {
        const auto figure = [](std::optional<std::uint64_t> f) { return f ? std::to_string(*f) : std::string("?"); };
        return figure(usage.threads) + " threads, " + figure(usage.handles) + " handles, " +
               figure(usage.memory_bytes) + " bytes of memory";
    }

    // What the server holds once it has come to rest after `wave`: the same figures in three looks. Before each look
    // comes a visitor, since a server may clear up after one client when the next one comes.
    Held usage_at_rest() {
        Held usage;
        int same = 0;
        const auto at_rest = [&] {
            visit();
            const Held now = held_now();
            same = now.threads == usage.threads && now.handles == usage.handles ? same + 1 : 0;
            usage = now;
            return same == 2;
        };
        EXPECT_TRUE(eventually(at_rest, patience()))
            << "the server's threads and handles change with each single visitor: now " << text(usage);
        return usage;
    }

    static bool no_more(std::optional<std::uint64_t> now, std::optional<std::uint64_t> before,
                        std::uint64_t tolerance) {
        return !now || !before || *now <= *before + tolerance;
    }

    /// Waits, for threads may end and memory be returned a moment after the client has seen its FIN.
    template <class Condition>
    Held usage_once(const Condition& condition, Milliseconds limit) {
        Held usage;
        const auto look = [&] {
            visit();
            usage = held_now();
            return condition(usage);
        };
        eventually(look, limit);
        return usage;
    }

    template <class Wave>
    void expect_no_more_after_a_second(const Wave& wave) {
        start();
        wave();
        const Held first = usage_at_rest();
        if (HasFailure()) return;
        wave();
        // One thread and a few handles may come and go with the C and thread libraries; a leak would be one for each of
        // hundreds of clients.
        const auto no_more_objects = [&](const Held& u) {
            return no_more(u.threads, first.threads, 1) && no_more(u.handles, first.handles, 8);
        };
        Held now = usage_once(no_more_objects, patience());
        ASSERT_TRUE(no_more_objects(now))
            << "after the first wave:  " << text(first) << "\nafter the second wave: " << text(now);
        // A heap may grow for some waves before it has found its size; a leak goes on with each of them. A connection's
        // 4 KiB, if they stayed, would be more than 1 MiB for each wave's 300 clients.
        std::string history = text(first);
        Held before = first;
        for (int waves = 2;; ++waves, wave()) {
            const auto no_more_memory = [&](const Held& u) {
                return no_more(u.memory_bytes, before.memory_bytes, 1 * MiB);
            };
            now = usage_once(no_more_memory, std::chrono::seconds{1});
            history += '\n';
            history += text(now);
            if (no_more_memory(now)) return;
            ASSERT_LT(waves, 6) << "each wave of clients leaves more memory in use:\n" << history;
            before = now;
        }
    }
};

TEST_F(Leftovers, QuickVisitsLeaveNothingBehind) {
    expect_no_more_after_a_second([&] {
        for (int i = 0; i < 300; ++i) visit();
    });
}

TEST_F(Leftovers, ManyClientsAtOnceLeaveNothingBehind) {
    expect_no_more_after_a_second([&] {
        std::vector<Conversation> all;
        for (int i = 0; i < 300; ++i)
            all.push_back(conversation({.bytes = 1 * KiB, .largest_send = 1 * KiB, .finish = false}));
        run(all);
        for (Conversation& c : all) c.plan_further({.bytes = 2 * KiB});
        run(all);  // up to the server's FIN
    });
}

TEST_F(Leftovers, BrokenConnectionsLeaveNothingBehind) {
    expect_no_more_after_a_second([&] {
        for (int round = 0; round < 3; ++round) {
            std::vector<Conversation> all;
            for (int i = 0; i < 100; ++i)
                all.push_back(conversation({.bytes = 64 * KiB, .read = i % 2 == 0, .finish = false}));
            run(all, [&] { return std::ranges::all_of(all, [](const Conversation& c) { return c.sent() > 0; }); });
            for (std::size_t i = 0; i < all.size(); ++i)
                if (i % 3) all[i].client().reset();
        }
    });
}

class Backpressure : public ContractTest {
protected:
    static constexpr std::size_t never_readers = 4;
    static constexpr std::uint64_t offered = 64 * MiB;  // by each

    std::vector<Conversation> connect_never_readers() {
        std::vector<Conversation> all;
        for (std::size_t i = 0; i < never_readers; ++i)
            all.push_back(conversation({.bytes = offered, .read = false, .finish = false}, 8192));
        return all;
    }
};

TEST_F(Backpressure, AClientThatNeverReadsIsNotReadFromForEver) {
    start();
    visit();
    const auto before = server().usage().memory_bytes;
    std::vector<Conversation> all = connect_never_readers();
    run_until_stuck(all);
    for (const Conversation& c : all)
        EXPECT_LT(c.sent(), offered) << "the server takes whatever it is sent, though nothing of the echo is read";
    const auto after = server().usage().memory_bytes;
    // The systems' buffers hold what is on its way; the server's own part is small.
    ASSERT_TRUE(before && after);
    EXPECT_LT(*after, *before + 16 * MiB) << "the server's memory grows with what it was sent";
}

TEST_F(Backpressure, OthersAreServedWhileSomeNeverRead) {
    start();
    TestClient good = connect_and_echo();
    std::vector<Conversation> all = connect_never_readers();
    run_until_stuck(all);
    EXPECT_EQ(good.exchange("hello again"), "hello again");
    Conversation newcomer = conversation({.bytes = 1 * MiB});
    run(newcomer);
}

TEST_F(Backpressure, AClientThatReadsAtLastGetsEverything) {
    start();
    std::vector<Conversation> all = connect_never_readers();
    run_until_stuck(all);
    for (Conversation& c : all) c.plan_further({.bytes = c.sent() + 64 * KiB});
    run(all);
}

}  // namespace
}  // namespace course
