// What select() promises, where it ends, and what each wait costs: proved live.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <vector>

#include "common/error.h"
#include "common/process/server_process.h"
#include "common/testing/sockets.h"
#include "common/testing/test_client.h"
#include "common/winsock.h"

using namespace course;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

using Sockets = std::vector<UniqueSocket>;

// select() with its time-out in milliseconds. The first argument is ignored on Windows.
int select_for(std::chrono::milliseconds wait, fd_set* readable, fd_set* writable = nullptr, fd_set* failed = nullptr) {
    timeval time{static_cast<long>(wait.count() / 1000), static_cast<long>(wait.count() % 1000 * 1000)};
    return ::select(0, readable, writable, failed, &time);
}

// 8 KiB with FD_SETSIZE 1024: rather not on the stack.
std::unique_ptr<fd_set> set_of(const Sockets& sockets) {
    auto set = std::make_unique<fd_set>();
    FD_ZERO(set.get());
    for (const UniqueSocket& socket : sockets) FD_SET(socket.get(), set.get());
    return set;
}

// Its own peer, so that it has something to read whenever we say so.
UniqueSocket make_self_connected_socket() {
    UniqueSocket socket{::socket(AF_INET, SOCK_DGRAM, 0)};
    sockaddr_in self{};
    self.sin_family = AF_INET;
    self.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&self), sizeof self)) throw_error("bind");
    self = address_of(socket.get());
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&self), sizeof self)) throw_error("connect");
    return socket;
}

// The time of a wait that has one ready socket beside the idle ones, building the set included. The shortest of many:
// what another program takes from the processor in between is not the price of a wait.
Clock::duration cost_of_a_wait(const Sockets& sockets) {
    auto shortest = Clock::duration::max();
    for (int i = 0; i < 30; ++i) {
        const auto start = Clock::now();
        const auto readable = set_of(sockets);
        const int ready = select_for(patience, readable.get());
        shortest = std::min(shortest, Clock::now() - start);
        if (ready != 1) throw std::runtime_error("one socket should have been ready");
    }
    return shortest;
}

}  // namespace

SCENARIO("one thread serves many clients at once") {
    GIVEN("a server, and its threads before anyone comes") {
        EchoServer server{"02_select"};
        const auto before = settled_threads(server);
        if (!before) SKIP("this system does not count the threads of another process");
        WHEN("40 clients have been served and stay, idle") {
            std::vector<TestClient> clients;
            for (int i = 0; i < 40; ++i) clients.emplace_back(server.port()).exchange("hello");
            THEN("there is not one thread more, and each of them is still served") {
                CHECK(settled_threads(server) <= before);  // Windows may have ended one of its own
                for (TestClient& client : clients) CHECK(client.exchange("again") == "again");
            }
        }
    }
}

SCENARIO("FD_SETSIZE counts sockets and one too many is dropped in silence") {
    GIVEN("a set with FD_SETSIZE sockets; their numbers do not matter, for it is an array") {
        const auto set = std::make_unique<fd_set>();
        FD_ZERO(set.get());
        for (SOCKET socket = 0; socket < FD_SETSIZE; ++socket) FD_SET(1'000'000 + 4 * socket, set.get());
        REQUIRE(set->fd_count == FD_SETSIZE);
        WHEN("one more is added") {
            FD_SET(SOCKET{42}, set.get());
            THEN("it is not in the set, and nothing has said so") {
                CHECK(set->fd_count == FD_SETSIZE);
                CHECK_FALSE(FD_ISSET(SOCKET{42}, set.get()));
                CHECK(FD_ISSET(SOCKET{1'000'000}, set.get()));
            }
        }
    }
}

SCENARIO("three empty sets are an error and no way to sleep") {
    GIVEN("three sets without a socket") {
        const auto set = set_of({});
        WHEN("select is to wait 20 s for them") {
            const int result = select_for(patience, set.get(), set.get(), set.get());
            THEN("it fails at once") {
                CHECK(result == SOCKET_ERROR);
                CHECK(::WSAGetLastError() == WSAEINVAL);
            }
        }
    }
}

SCENARIO("select overwrites its sets") {
    GIVEN("an idle socket in a set") {
        const SocketPair pair = make_socket_pair();
        const auto set = std::make_unique<fd_set>();
        FD_ZERO(set.get());
        FD_SET(pair.server.get(), set.get());
        WHEN("the wait ends without it being ready, and the set is used again when there is data") {
            REQUIRE(select_for(0ms, set.get()) == 0);
            REQUIRE(::send(pair.client.get(), "x", 1, 0) == 1);
            REQUIRE(is_readable(pair.server.get(), patience));
            THEN("the set is empty, and the socket is not seen until it is put in again") {
                CHECK(set->fd_count == 0);
                FD_SET(pair.server.get(), set.get());
                CHECK(select_for(0ms, set.get()) == 1);
            }
        }
    }
}

SCENARIO("a write set that is always kept makes the loop spin") {
    GIVEN("a connection on which nothing happens") {
        const SocketPair pair = make_socket_pair();
        const auto set = std::make_unique<fd_set>();
        FD_ZERO(set.get());
        WHEN("it is in the write set although there is nothing to send") {
            int spins = 0;
            FD_SET(pair.server.get(), set.get());
            while (spins < 300 && select_for(1s, nullptr, set.get()) == 1) ++spins;
            THEN("each of 300 waits ends at once, and the thread has not slept") { CHECK(spins == 300); }
        }
        WHEN("it is in the read set alone") {
            FD_SET(pair.server.get(), set.get());
            THEN("the thread sleeps until the time is over") { CHECK(select_for(200ms, set.get()) == 0); }
        }
    }
}

SCENARIO("the work per wait grows with the clients that are idle") {
    GIVEN("one socket that is ready") {
        Sockets sockets;
        sockets.push_back(make_self_connected_socket());
        REQUIRE(::send(sockets.front().get(), "x", 1, 0) == 1);
        const auto alone = cost_of_a_wait(sockets);
        WHEN("500 idle ones join it in the set") {
            for (int i = 0; i < 500; ++i) sockets.push_back(make_self_connected_socket());
            const auto crowded = cost_of_a_wait(sockets);
            THEN("a wait that finds the same one socket costs more than twice as much") { CHECK(crowded > 2 * alone); }
        }
    }
}
