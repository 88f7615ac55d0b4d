#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <future>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "06_iocp/full_server/session.h"
#include "06_iocp/full_server/tests/full_server.h"
#include "06_iocp/full_server/tests/stand_in.h"
#include "common/testing/test_client.h"

namespace {

using course::ConnectionLost;
using course::StandIn;
using course::TestClient;

// Fails calls of one kind, the first `times` of them.
class Failing {
public:
    Failing(std::string_view call, int error, int times) : call_(call), error_(error), left_(times) {}
    int operator()(const char* call) { return call == call_ && left_-- > 0 ? error_ : 0; }
    [[nodiscard]] bool over() const { return left_ <= 0; }

private:
    std::string_view call_;
    int error_;
    std::atomic<int> left_;
};

TEST(Accept, SilentClientsHoldUpNobody) {
    FullServer server{{.accepts = 2}};
    server.begin();
    std::vector<TestClient> silent;
    for (int i = 0; i < 20; ++i) silent.push_back(server.connect());
    for (int i = 0; i < 100; ++i) EXPECT_EQ(server.connect().exchange("here"), "here");
    EXPECT_EQ(server.stop(), "");
    expect_reconciled(server.server().metrics());
}

TEST(Accept, EachAcceptedSocketKnowsItsPeer) {  // on Windows only after SO_UPDATE_ACCEPT_CONTEXT
    FullServer server;
    std::promise<std::uint16_t> peer;
    server.service().connected = [&](Session& session) {
        sockaddr_in address{};
        int size = sizeof address;
        const int failed = ::getpeername(session.number(), reinterpret_cast<sockaddr*>(&address), &size);
        peer.set_value(failed ? std::uint16_t{0} : ::ntohs(address.sin_port));
    };
    server.begin();
    const TestClient client = server.connect();
    EXPECT_EQ(peer.get_future().get(), port_of(client.socket()));
}

TEST(Accept, AStormOfResetsIsSurvived) {
    FullServer server{{.accepts = 4}};
    server.begin();
    for (int i = 0; i < 300; ++i) server.connect().reset();
    EXPECT_EQ(server.connect().exchange("still there"), "still there");
    EXPECT_EQ(server.stop(), "");
    expect_reconciled(server.server().metrics());
}

class AcceptError : public testing::TestWithParam<int> {};

// All accepts fail at first, so that only a later look can post them.
TEST_P(AcceptError, ThatPassesIsSurvived) {
    Failing failing{"AcceptEx", GetParam(), 5};
    const StandIn stand_in{{.fail = std::ref(failing)}};
    FullServer server{{.accepts = 4, .tick = 5}};
    server.begin();
    EXPECT_EQ(server.connect().exchange("served"), "served");
    EXPECT_TRUE(failing.over());
    EXPECT_EQ(server.stop(), "");
    expect_reconciled(server.server().metrics());
}

INSTANTIATE_TEST_SUITE_P(Each, AcceptError,
                         testing::Values(WSAECONNRESET, WSAEMFILE, WSAENOBUFS, int{WSA_NOT_ENOUGH_MEMORY}));

TEST(Accept, AShortageOfSocketsThatPassesIsSurvived) {
    Failing failing{"WSASocketW", WSAEMFILE, 5};
    const StandIn stand_in{{.fail = std::ref(failing)}};
    FullServer server{{.accepts = 4, .tick = 5}};
    server.begin();
    EXPECT_EQ(server.connect().exchange("served"), "served");
    EXPECT_TRUE(failing.over());
    EXPECT_EQ(server.stop(), "");
    expect_reconciled(server.server().metrics());
}

TEST(Accept, AFailureOfTheListenerEndsTheServerInGoodOrder) {
    std::atomic<bool> broken = false;
    const StandIn stand_in{
        {.fail = [&](const char* call) { return broken && std::strcmp(call, "AcceptEx") == 0 ? WSAENOTSOCK : 0; }}};
    FullServer server{{.accepts = 1}};
    server.begin();
    TestClient client = server.connect();
    EXPECT_EQ(client.exchange("before"), "before");
    broken = true;
    try {
        TestClient last = server.connect();  // its accept is the last that was posted
        last.expect_closed();
    } catch (const ConnectionLost&) {
        // The listener is still open, but its backlog ends with the server.
    }
    client.expect_closed();
    const std::string failure = server.join();
    EXPECT_NE(failure.find("AcceptEx"), std::string::npos) << failure;
    EXPECT_NE(failure.find("WSAENOTSOCK"), std::string::npos) << failure;
    expect_reconciled(server.server().metrics());
}

// The one worker is kept busy, so that the newcomer's accept waits behind it when the stop begins.
TEST(Accept, WhoeverIsNotYetLetInWhenTheStopBeginsIsTurnedAway) {
    FullServer server{{.threads = 1}};
    std::promise<void> busy, go_on;
    server.service().received = [&, once = true](Session& session, std::span<const char> bytes) mutable {
        if (std::exchange(once, false)) {
            busy.set_value();
            go_on.get_future().wait();
        }
        session.send(bytes);
    };
    server.begin();
    TestClient old = server.connect();
    old.send("first");
    busy.get_future().wait();
    TestClient newcomer = server.connect();
    server.drain();
    go_on.set_value();
    EXPECT_EQ(old.receive(5), "first");
    EXPECT_EQ(old.exchange("still served"), "still served");
    try {
        newcomer.send("me too");
    } catch (const ConnectionLost&) {
    }
    old.finish_sending();
    EXPECT_EQ(old.receive_to_end(), "");
    EXPECT_EQ(server.join(), "");
    EXPECT_EQ(server.server().metrics().created, 1u);
}

}  // namespace
