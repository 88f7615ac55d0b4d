// The classic bugs of non-blocking sockets and select(), each beside the right way.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "common/error.h"
#include "common/testing/sockets.h"
#include "common/winsock.h"

using namespace course;
using namespace std::chrono_literals;

namespace {

// select() with its time-out in milliseconds. The first argument is ignored on Windows.
int select_for(std::chrono::milliseconds wait, fd_set* readable, fd_set* writable = nullptr, fd_set* failed = nullptr) {
    timeval time{static_cast<long>(wait.count() / 1000), static_cast<long>(wait.count() % 1000 * 1000)};
    return ::select(0, readable, writable, failed, &time);
}

using Set = std::unique_ptr<fd_set>;

Set set_with(const std::vector<SOCKET>& sockets) {
    Set set = std::make_unique<fd_set>();
    FD_ZERO(set.get());
    for (const SOCKET socket : sockets) FD_SET(socket, set.get());
    return set;
}

// Reads until nothing is left, and returns the error that said so.
int drain(SOCKET socket) {
    std::array<char, 16> buffer;
    while (::recv(socket, buffer.data(), static_cast<int>(buffer.size()), 0) > 0) continue;
    return ::WSAGetLastError();
}

// The address of a port on which nobody listens.
sockaddr_in nobodys_address() {
    const UniqueSocket bound{::socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    if (::bind(bound.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address)) throw_error("bind");
    return address_of(bound.get());
}

}  // namespace

SCENARIO("WSAEWOULDBLOCK means later and closing on it loses a good client") {
    GIVEN("a non-blocking server end, whose client has sent something") {
        SocketPair pair = make_socket_pair();
        make_non_blocking(pair.server.get());
        REQUIRE(::send(pair.client.get(), "hello", 5, 0) == 5);
        REQUIRE(is_readable(pair.server.get(), patience));
        WHEN("it reads until recv fails, and takes that for the end of the client") {
            const int error = drain(pair.server.get());
            if (error != 0) pair.server.reset();
            THEN("the error was WSAEWOULDBLOCK, and a client that only paused has lost its connection") {
                CHECK(error == WSAEWOULDBLOCK);
                CHECK(is_readable(pair.client.get(), patience));
                CHECK(unread_bytes(pair.client.get()) == 0);
            }
        }
        WHEN("it goes back to its wait on WSAEWOULDBLOCK") {
            REQUIRE(drain(pair.server.get()) == WSAEWOULDBLOCK);
            REQUIRE(::send(pair.client.get(), "world", 5, 0) == 5);
            THEN("the client's next words arrive") {
                const Set readable = set_with({pair.server.get()});
                CHECK(select_for(patience, readable.get()) == 1);
                CHECK(unread_bytes(pair.server.get()) == 5);
            }
        }
    }
}

SCENARIO("a list edited while iterated skips a client and can end the wait of all") {
    GIVEN("three clients, of which the first two leave at the same moment") {
        const SocketPair staying = make_socket_pair();
        std::vector<SOCKET> clients;
        for (int i = 0; i < 2; ++i) clients.push_back(make_socket_pair().server.release());
        clients.push_back(staying.server.get());
        const auto has_left = [&](SOCKET socket) { return socket != staying.server.get(); };
        for (const SOCKET socket : clients)
            if (has_left(socket)) ::closesocket(socket);
        WHEN("each is erased by its index, and the loop goes on with the next index") {
            for (std::size_t i = 0; i < clients.size(); ++i)
                if (has_left(clients[i])) clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(i));
            THEN("the second moved into the place of the first and stays; select fails for everyone") {
                CHECK(clients.size() == 2);
                CHECK(select_for(0ms, set_with(clients).get()) == SOCKET_ERROR);
                CHECK(::WSAGetLastError() == WSAENOTSOCK);
            }
        }
        WHEN("they are only marked in the loop, and erased after it") {
            std::erase_if(clients, has_left);
            THEN("who stays is waited for") {
                CHECK(clients.size() == 1);
                CHECK(select_for(0ms, set_with(clients).get()) == 0);
            }
        }
    }
}

SCENARIO("a failed connect is reported in exceptfds alone") {
    GIVEN("a non-blocking connect to a port where nobody listens, which has failed by now") {
        const sockaddr_in address = nobodys_address();
        const UniqueSocket socket{::socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)};
        make_non_blocking(socket.get());
        REQUIRE(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == SOCKET_ERROR);
        REQUIRE(::WSAGetLastError() == WSAEWOULDBLOCK);
        const Set failed = set_with({socket.get()});
        const int reported = select_for(patience, nullptr, nullptr, failed.get());
        WHEN("one waits for the socket to become writable, and for nothing else") {
            const Set writable = set_with({socket.get()});
            THEN("one waits in vain") { CHECK(select_for(200ms, nullptr, writable.get()) == 0); }
        }
        WHEN("one gives select the third set, too") {
            THEN("the failure is seen, and SO_ERROR tells the reason") {
                REQUIRE(reported == 1);
                int error = 0, size = sizeof error;
                REQUIRE(::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&error), &size) == 0);
                CHECK(error == WSAECONNREFUSED);
            }
        }
    }
}
