#include "common/app.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <initializer_list>
#include <stdexcept>
#include <string>

#include "common/stats.h"

namespace {

constexpr DWORD patience = 10'000;  // milliseconds; an upper bound, never the time a passing test takes

bool signalled(const UniqueEvent& event, DWORD wait = patience) {
    return ::WaitForSingleObject(event.get(), wait) == WAIT_OBJECT_0;
}

Options with_limits(unsigned max_clients, unsigned drain) {
    Options options;
    options.max_clients = max_clients;
    options.drain = drain;
    return options;
}

class AppTest : public testing::Test {
protected:
    // A connected client; `accepted` is the server's end of it.
    UniqueSocket connect(const App& app, UniqueSocket& accepted) {
        sockaddr_in address{};
        int size = sizeof address;
        EXPECT_EQ(::getsockname(app.listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
        UniqueSocket client{::socket(AF_INET, SOCK_STREAM, 0)};
        EXPECT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
        const DWORD timeout = patience;
        ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, reinterpret_cast<const char*>(&timeout), sizeof timeout);
        accepted.reset(::accept(app.listener.get(), nullptr, nullptr));
        return client;
    }

private:
    WinsockSession session_;
};

TEST_F(AppTest, SurvivesAcceptErrorsThatPass) {
    App app{Options{}, open_listener("127.0.0.1", 0)};
    for (const int error : std::initializer_list<int>{WSAEWOULDBLOCK, WSAECONNRESET, WSA_OPERATION_ABORTED, WSAEINTR,
                                                      WSAEMFILE, WSAENOBUFS}) {
        UniqueSocket none;
        ::WSASetLastError(error);
        EXPECT_FALSE(app.admit(none)) << error;
    }
}

TEST_F(AppTest, EndsOnAnErrorOfTheListenerItself) {
    App app{Options{}, open_listener("127.0.0.1", 0)};
    for (const int error : {WSAENOTSOCK, WSAEINVAL, WSAEOPNOTSUPP}) {
        UniqueSocket none;
        ::WSASetLastError(error);
        EXPECT_THROW(app.admit(none), SystemError) << error;
    }
}

TEST_F(AppTest, SendsSurplusClientsAwayWithACleanEnd) {
    App app{with_limits(1, 2), open_listener("127.0.0.1", 0)};
    UniqueSocket first_accepted, second_accepted, third_accepted;
    const UniqueSocket first = connect(app, first_accepted);
    EXPECT_TRUE(app.admit(first_accepted));

    const UniqueSocket second = connect(app, second_accepted);
    ASSERT_EQ(::send(second.get(), "hello", 5, 0), 5);  // unread data must not turn the end into a reset
    EXPECT_FALSE(app.admit(second_accepted));
    EXPECT_FALSE(second_accepted) << "the App owns the surplus client";
    std::array<char, 16> buffer;
    EXPECT_EQ(::recv(second.get(), buffer.data(), static_cast<int>(buffer.size()), 0), 0) << ::WSAGetLastError();

    app.leave(first_accepted.get());
    const UniqueSocket third = connect(app, third_accepted);
    EXPECT_TRUE(app.admit(third_accepted)) << "a place had become free";
    EXPECT_EQ(app.finish(), 0);
}

TEST_F(AppTest, WakesOnceWhenStoppingAndAgainWhenTimeIsUp) {
    App app{with_limits(0, 3600), open_listener("127.0.0.1", 0)};
    const UniqueEvent woken;
    const OnStop on_stop{app, [&] { ::SetEvent(woken.get()); }};
    Stop::request();
    ASSERT_TRUE(signalled(woken));
    EXPECT_TRUE(app.stopping);
    EXPECT_FALSE(app.time_up) << "an hour has not passed";
    Stop::request();  // the second Ctrl+C
    ASSERT_TRUE(signalled(woken));
    EXPECT_TRUE(app.time_up);
}

TEST_F(AppTest, TheDrainTimeEndsByItself) {
    App app{with_limits(0, 0), open_listener("127.0.0.1", 0)};
    const UniqueEvent over;
    const OnStop on_stop{app, [&] {
        if (app.time_up) ::SetEvent(over.get());
    }};
    app.stop();
    EXPECT_TRUE(signalled(over));
}

TEST_F(AppTest, NewsThatCameEarlyIsNotLost) {
    App app{with_limits(0, 3600), open_listener("127.0.0.1", 0)};
    app.stop();
    int wakes = 0;
    const OnStop on_stop{app, [&] { ++wakes; }};
    EXPECT_EQ(wakes, 1);
}

TEST_F(AppTest, RepeatsTheWakeWhereAChapterAsksForIt) {
    App app{with_limits(0, 3600), open_listener("127.0.0.1", 0)};
    std::atomic<int> wakes = 0;
    const UniqueEvent often;
    const OnStop on_stop{app, [&] {
        if (++wakes == 5) ::SetEvent(often.get());
    }, Repeat::every_10_ms};
    EXPECT_EQ(wakes, 0) << "not before the stop";
    app.stop();
    EXPECT_TRUE(signalled(often));
}

TEST_F(AppTest, WakesEveryoneWhoWaits) {
    App app{with_limits(0, 3600), open_listener("127.0.0.1", 0)};
    std::atomic<int> early = 0, late = 0;
    const OnStop first{app, [&] { ++early; }};
    {
        const OnStop gone{app, [] { FAIL() << "it waits no more"; }};
    }
    app.stop();
    EXPECT_EQ(early, 1);
    const OnStop second{app, [&] { ++late; }};
    EXPECT_EQ(late, 1) << "the news had come before";
    app.stop(true);
    EXPECT_EQ(early, 2);
    EXPECT_EQ(late, 2);
}

TEST_F(AppTest, AnExceptionInAThreadEndsTheServerAndNotTheProcess) {
    App app{with_limits(0, 3600), open_listener("127.0.0.1", 0)};
    app.thread([] { throw std::runtime_error("on purpose"); }).join();
    EXPECT_TRUE(app.stopping);
    EXPECT_TRUE(app.time_up);
    EXPECT_EQ(app.finish(), 1);
}

TEST(ExitStatus, TellsAWrongCommandLineFromOtherFailures) {
    EXPECT_EQ(failed(UsageError("for the test: a wrong command line")), 2);
    EXPECT_EQ(failed(std::runtime_error("for the test: something else")), 1);
}

TEST(FinallyTest, RunsOnEveryWayOut) {
    int runs = 0;
    {
        const Finally count{[&] { ++runs; }};
    }
    EXPECT_EQ(runs, 1);
    try {
        const Finally count{[&] { ++runs; }};
        throw std::runtime_error("on purpose");
    } catch (const std::runtime_error&) {
        EXPECT_EQ(runs, 2);
    }
}

TEST(StatsTest, AFileThatCannotBeWrittenIsFoundAtOnce) {
    EXPECT_THROW(Stats{std::filesystem::path("no such folder") / "stats.json"}, std::runtime_error);
}

}  // namespace
