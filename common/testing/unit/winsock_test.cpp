#include "common/winsock.h"

#include <gtest/gtest.h>

#include <type_traits>
#include <utility>

#include "common/app.h"
#include "common/error.h"

namespace {

bool is_open(SOCKET socket) {
    int type = 0;
    int size = sizeof type;
    return ::getsockopt(socket, SOL_SOCKET, SO_TYPE, reinterpret_cast<char*>(&type), &size) == 0;
}

bool is_signalled(const UniqueHandle& handle) { return ::WaitForSingleObject(handle.get(), 0) == WAIT_OBJECT_0; }

class Winsock : public testing::Test {
    WinsockSession session_;
};

TEST_F(Winsock, UniqueSocketClosesOnDestruction) {
    SOCKET raw = INVALID_SOCKET;
    {
        const UniqueSocket socket{::socket(AF_INET, SOCK_STREAM, 0)};
        raw = socket.get();
        ASSERT_TRUE(is_open(raw));
    }
    EXPECT_FALSE(is_open(raw));
}

TEST_F(Winsock, UniqueSocketMovesOwnership) {
    UniqueSocket first{::socket(AF_INET, SOCK_STREAM, 0)};
    const SOCKET raw = first.get();
    UniqueSocket second{std::move(first)};
    EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): what a move leaves behind is the point
    EXPECT_EQ(second.get(), raw);

    UniqueSocket third{::socket(AF_INET, SOCK_STREAM, 0)};
    const SOCKET replaced = third.get();
    third = std::move(second);
    EXPECT_EQ(third.get(), raw);
    EXPECT_FALSE(is_open(replaced));
    EXPECT_TRUE(is_open(raw));
    static_assert(!std::is_copy_constructible_v<UniqueSocket>);
}

TEST_F(Winsock, UniqueSocketReleases) {
    UniqueSocket owner{::socket(AF_INET, SOCK_STREAM, 0)};
    const SOCKET raw = owner.release();
    EXPECT_FALSE(owner);
    EXPECT_TRUE(is_open(raw));
    ::closesocket(raw);
}

TEST_F(Winsock, MakesASocketOfTheSameFamily) {
    for (const char* address : {"127.0.0.1", "::1"}) {
        const UniqueSocket listener = open_listener(address, 0);
        const UniqueSocket socket = make_socket(address_family_of(listener.get()));
        sockaddr_storage name{};
        int size = sizeof name;
        WSAPROTOCOL_INFOW info{};
        int info_size = sizeof info;
        ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
        ASSERT_EQ(::getsockopt(socket.get(), SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &info_size),
                  0);
        EXPECT_EQ(info.iAddressFamily, name.ss_family) << address;
    }
    EXPECT_THROW(address_family_of(INVALID_SOCKET), SystemError);
}

TEST_F(Winsock, TwoListenersCannotShareAPort) {
    const UniqueSocket first = open_listener("127.0.0.1", 0);
    sockaddr_in name{};
    int size = sizeof name;
    ASSERT_EQ(::getsockname(first.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
    try {
        open_listener("127.0.0.1", ntohs(name.sin_port));
        FAIL() << "the second listener was not refused";
    } catch (const SystemError& error) {
        EXPECT_TRUE(error.code == WSAEADDRINUSE || error.code == WSAEACCES) << error.what();
        EXPECT_NE(std::string(error.what()).find("netstat -ano"), std::string::npos) << "what to do about it";
    }
}

TEST(Event, AutomaticResetIsTakenByOneWait) {
    const UniqueEvent event;
    EXPECT_FALSE(is_signalled(event));
    ::SetEvent(event.get());
    EXPECT_TRUE(is_signalled(event));
    EXPECT_FALSE(is_signalled(event));
}

TEST(Event, ManualResetStaysSignalled) {
    const UniqueEvent event{Reset::manual};
    ::SetEvent(event.get());
    EXPECT_TRUE(is_signalled(event));
    EXPECT_TRUE(is_signalled(event));
}

TEST(Text, BecomesUtf8) { EXPECT_EQ(to_utf8(L"\uD55C\uAE00"), "\xED\x95\x9C\xEA\xB8\x80"); }

}  // namespace
