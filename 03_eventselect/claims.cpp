// What WSAEventSelect promises, and how many handles one wait takes: proved live.
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstddef>
#include <vector>

#include "common/app.h"
#include "common/error.h"
#include "common/process/server_process.h"
#include "common/testing/sockets.h"
#include "common/testing/test_client.h"
#include "common/winsock.h"

using namespace course;
using namespace std::chrono_literals;

namespace {

constexpr long all_of_them = FD_READ | FD_WRITE | FD_CLOSE;

bool is_signalled(const UniqueEvent& event, std::chrono::milliseconds wait = patience) {
    return ::WaitForSingleObject(event.get(), static_cast<DWORD>(wait.count())) == WAIT_OBJECT_0;
}

// What has happened on the socket since the last question; the event is reset by the same call.
long happened(SOCKET socket, const UniqueEvent& event) {
    WSANETWORKEVENTS events{};
    if (::WSAEnumNetworkEvents(socket, event.get(), &events)) throw_error("WSAEnumNetworkEvents");
    return events.lNetworkEvents;
}

// Waits for the event; false when nothing comes.
bool comes(long network_event, SOCKET socket, const UniqueEvent& event, std::chrono::milliseconds wait = patience) {
    while (is_signalled(event, wait))
        if (happened(socket, event) & network_event) return true;
    return false;
}

// Sends until the system takes no more, and returns how much it took. The first WSAEWOULDBLOCK may pass at once, while
// what was sent is still on its way: only when no FD_WRITE follows is everything full.
std::size_t fill(SOCKET socket, const UniqueEvent& event) {
    const std::vector<char> bytes(65536);
    std::size_t sent = 0;
    do {
        for (int n; (n = ::send(socket, bytes.data(), static_cast<int>(bytes.size()), 0)) > 0;)
            sent += static_cast<std::size_t>(n);
        if (::WSAGetLastError() != WSAEWOULDBLOCK) throw_error("send");
    } while (comes(FD_WRITE, socket, event, 300ms));
    return sent;
}

void receive_all(SOCKET socket, std::size_t count) {
    std::vector<char> bytes(65536);
    while (count > 0) {
        const int got = ::recv(socket, bytes.data(), static_cast<int>(bytes.size()), 0);
        if (got <= 0) throw_error("recv");
        count -= static_cast<std::size_t>(got);
    }
}

}  // namespace

SCENARIO("one wait takes 64 handles and the 65th is refused") {
    GIVEN("65 events, all of them signalled") {
        std::vector<UniqueEvent> owners;
        std::vector<WSAEVENT> events;
        for (DWORD i = 0; i < WSA_MAXIMUM_WAIT_EVENTS + 1; ++i) {
            events.push_back(owners.emplace_back(Reset::manual).get());
            ::SetEvent(events.back());
        }
        REQUIRE(events.size() == 65);
        THEN("a wait for 64 of them succeeds, for 65 it fails at once") {
            CHECK(::WSAWaitForMultipleEvents(64, events.data(), FALSE, 0, FALSE) == WSA_WAIT_EVENT_0);
            CHECK(::WSAWaitForMultipleEvents(65, events.data(), FALSE, 0, FALSE) == WSA_WAIT_FAILED);
            CHECK(::WSAGetLastError() == WSA_INVALID_PARAMETER);
        }
    }
}

SCENARIO("the 64th client costs a second thread") {
    GIVEN("a server with a client") {
        EchoServer server{"03_eventselect"};
        std::vector<TestClient> clients;
        const auto welcome = [&] { clients.emplace_back(server.port()).exchange("hello"); };
        welcome();
        const auto with_one = settled_threads(server);
        if (!with_one) SKIP("this system does not count the threads of another process");
        WHEN("there are 63, and then one more") {
            while (clients.size() < 63) welcome();
            const auto with_63 = settled_threads(server);
            welcome();
            THEN("one thread served all 63, and the 64th client has brought another") {
                CHECK(with_63 <= with_one);  // Windows may have ended one of its own
                CHECK(settled_threads(server) == *with_63 + 1);
            }
        }
    }
}

SCENARIO("WSAEventSelect makes the socket non-blocking") {
    GIVEN("a connection without a byte in it") {
        const SocketPair pair = make_socket_pair();
        const UniqueEvent event;
        REQUIRE(::WSAEventSelect(pair.server.get(), event.get(), all_of_them) == 0);
        THEN("recv returns at once, and blocking mode cannot be had back meanwhile") {
            char byte;
            CHECK(::recv(pair.server.get(), &byte, 1, 0) == SOCKET_ERROR);
            CHECK(::WSAGetLastError() == WSAEWOULDBLOCK);
            u_long off = 0;
            CHECK(::ioctlsocket(pair.server.get(), static_cast<long>(FIONBIO), &off) == SOCKET_ERROR);
            CHECK(::WSAGetLastError() == WSAEINVAL);
        }
    }
}

SCENARIO("WSAEnumNetworkEvents takes the events and resets the event object in one step") {
    GIVEN("a socket on which something has happened, with an event of manual reset") {
        const SocketPair pair = make_socket_pair();
        const UniqueEvent event{Reset::manual};
        REQUIRE(::WSAEventSelect(pair.server.get(), event.get(), FD_READ) == 0);
        REQUIRE(::send(pair.client.get(), "x", 1, 0) == 1);
        REQUIRE(is_signalled(event));
        WHEN("it is asked what that was") {
            const long first = happened(pair.server.get(), event);
            THEN("it says so once, and the event is no longer signalled") {
                CHECK(first == FD_READ);
                CHECK_FALSE(is_signalled(event, 0ms));
                CHECK(happened(pair.server.get(), event) == 0);
            }
        }
    }
}

SCENARIO("FD_READ comes again after a recv that left bytes behind") {
    GIVEN("a socket with two unread bytes, whose FD_READ has been taken") {
        const SocketPair pair = make_socket_pair();
        const UniqueEvent event;
        REQUIRE(::WSAEventSelect(pair.server.get(), event.get(), FD_READ) == 0);
        REQUIRE(::send(pair.client.get(), "xy", 2, 0) == 2);
        REQUIRE(comes(FD_READ, pair.server.get(), event));
        REQUIRE_FALSE(is_signalled(event, 200ms));  // two bytes are still unread, but that is no news
        WHEN("one byte is received") {
            char byte;
            REQUIRE(::recv(pair.server.get(), &byte, 1, 0) == 1);
            THEN("the other one is announced") { CHECK(comes(FD_READ, pair.server.get(), event)); }
        }
    }
}

SCENARIO("FD_WRITE comes once and then only after a send that would have blocked") {
    GIVEN("a newly accepted socket") {
        const SocketPair pair = make_socket_pair();
        const SOCKET socket = pair.server.get();
        const UniqueEvent event;
        REQUIRE(::WSAEventSelect(socket, event.get(), all_of_them) == 0);
        CHECK(comes(FD_WRITE, socket, event));
        WHEN("sends succeed") {
            for (int i = 0; i < 3; ++i) REQUIRE(::send(socket, "x", 1, 0) == 1);
            THEN("no FD_WRITE tells that one may send, though one may") {
                CHECK_FALSE(comes(FD_WRITE, socket, event, 200ms));
            }
        }
        WHEN("a send has failed with WSAEWOULDBLOCK and the peer then reads") {
            const std::size_t sent = fill(socket, event);  // no FD_WRITE comes while there is no room
            receive_all(pair.client.get(), sent);
            THEN("FD_WRITE comes") { CHECK(comes(FD_WRITE, socket, event)); }
        }
    }
}

SCENARIO("a second WSAEventSelect replaces the first") {
    GIVEN("a socket registered for FD_READ with one event, and then for FD_CLOSE with another") {
        const SocketPair pair = make_socket_pair();
        const UniqueEvent first, second;
        REQUIRE(::WSAEventSelect(pair.server.get(), first.get(), FD_READ) == 0);
        REQUIRE(::WSAEventSelect(pair.server.get(), second.get(), FD_CLOSE) == 0);
        WHEN("bytes arrive") {
            REQUIRE(::send(pair.client.get(), "x", 1, 0) == 1);
            REQUIRE(is_readable(pair.server.get(), patience));
            THEN("neither event says so: they are not added up") {
                CHECK_FALSE(is_signalled(first, 200ms));
                CHECK_FALSE(is_signalled(second, 0ms));
            }
        }
    }
}

SCENARIO("an accepted socket inherits the event selection of its listener") {
    GIVEN("a listener that announces FD_ACCEPT and FD_READ by an event") {
        const UniqueSocket listener = open_listener("127.0.0.1", 0);
        const UniqueEvent incoming;
        REQUIRE(::WSAEventSelect(listener.get(), incoming.get(), FD_ACCEPT | FD_READ) == 0);
        WHEN("a client is accepted and sends") {
            const UniqueSocket client = connect_to(listener.get());
            REQUIRE(comes(FD_ACCEPT, listener.get(), incoming));
            const UniqueSocket accepted{::accept(listener.get(), nullptr, nullptr)};
            REQUIRE(accepted);
            REQUIRE(::send(client.get(), "x", 1, 0) == 1);
            THEN("the listener's event tells of it, until the socket gets one of its own") {
                CHECK(comes(FD_READ, accepted.get(), incoming));
            }
        }
    }
}
