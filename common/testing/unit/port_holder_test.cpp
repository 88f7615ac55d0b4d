#include "common/port_holder.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "common/app.h"
#include "common/error.h"
#include "common/testing/test_client.h"
#include "common/winsock.h"

namespace {

sockaddr_storage address_of(const UniqueSocket& socket) {
    sockaddr_storage name{};
    int size = sizeof name;
    EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
    return name;
}

std::optional<DWORD> listener_of(const sockaddr_storage& address) {
    return find_listener(reinterpret_cast<const sockaddr&>(address));
}

TEST(PortHolderInWords, IsAProgramAndItsProcess) {
    const std::string number = std::to_string(::GetCurrentProcessId());
    EXPECT_EQ(describe_process(::GetCurrentProcessId()), "common_unit.exe, process " + number);
    EXPECT_EQ(describe_process(0), "process 0") << "what may not be looked at has a number at least";
}

class PortHolder : public testing::TestWithParam<const char*> {
protected:
    const WinsockSession session;
    const std::string us = describe_process(::GetCurrentProcessId());
};

TEST_P(PortHolder, IsTheListener) {
    const UniqueSocket listener = open_listener(GetParam(), 0);
    const sockaddr_storage address = address_of(listener);
    ASSERT_TRUE(listener_of(address));
    if (*listener_of(address) == 0 && course::running_under_wine())
        GTEST_SKIP() << "Wine lists the port, but not its process";
    EXPECT_EQ(port_holder(reinterpret_cast<const sockaddr&>(address)), us);
}

TEST_P(PortHolder, IsNobodyOnceTheListenerIsClosed) {
    UniqueSocket listener = open_listener(GetParam(), 0);
    const sockaddr_storage address = address_of(listener);
    listener.reset();
    EXPECT_FALSE(listener_of(address));
}

TEST_P(PortHolder, StandsInTheErrorOfTheSecondListener) {
    const UniqueSocket first = open_listener(GetParam(), 0);
    const sockaddr_storage address = address_of(first);
    const auto port = ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);  // at the same place in both
    try {
        open_listener(GetParam(), port);
        FAIL() << "the second listener was not refused";
    } catch (const SystemError& error) {
        if (listener_of(address) == 0 && course::running_under_wine())
            GTEST_SKIP() << "Wine lists the port, but not its process";
        EXPECT_NE(std::string(error.what()).find(" (held by " + us + ") failed: WSAE"), std::string::npos)
            << error.what();
    }
}

// The server that ends first keeps the connection, until its client has closed as well, and then for some minutes.
TEST_P(PortHolder, IsNobodyWhileTheConnectionsOfAServerThatHasEndedAreClosing) {
    UniqueSocket listener = open_listener(GetParam(), 0);
    sockaddr_storage address = address_of(listener);
    const auto port = ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);  // at the same place in both
    const UniqueSocket client = make_socket_like(listener.get());
    ASSERT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    UniqueSocket accepted{::accept(listener.get(), nullptr, nullptr)};
    ASSERT_TRUE(accepted);
    accepted.reset();
    listener.reset();
    try {
        open_listener(GetParam(), port);
        GTEST_SKIP() << "this system gives a port out again while a connection of it is closing";
    } catch (const SystemError& error) {
        EXPECT_EQ(error.code, WSAEADDRINUSE);
        EXPECT_NE(std::string(error.what()).find("connections of a server that has ended are still closing"),
                  std::string::npos)
            << error.what();
    }
}

INSTANTIATE_TEST_SUITE_P(Loopback, PortHolder, testing::Values("127.0.0.1", "::1"),
                         [](const auto& family) { return std::string(family.index == 0 ? "IPv4" : "IPv6"); });

// The one test that listens on every address, for only a listener stands in the system's table. Windows' firewall asks
// about it, once; whatever one answers, the test passes, since nobody connects.
TEST(PortHolderOfAWildcard, HoldsThePortOfEachAddress) {
    const WinsockSession session;
    const UniqueSocket everywhere = open_listener("0.0.0.0", 0);
    sockaddr_storage one = address_of(everywhere);
    reinterpret_cast<sockaddr_in&>(one).sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    EXPECT_TRUE(listener_of(one));

    const UniqueSocket here = open_listener("127.0.0.1", 0);
    sockaddr_storage other = address_of(here);
    reinterpret_cast<sockaddr_in&>(other).sin_addr.s_addr = ::htonl(INADDR_LOOPBACK + 1);
    EXPECT_FALSE(listener_of(other)) << "127.0.0.2 is free where 127.0.0.1 is held";
}

}  // namespace
