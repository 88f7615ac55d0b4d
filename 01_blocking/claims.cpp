// What 01_blocking can do, what it costs, and how hard it is to stop: proved live.
#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <iomanip>
#include <iostream>
#include <ratio>
#include <string>
#include <vector>

#include "common/app.h"
#include "common/process/server_process.h"
#include "common/testing/sockets.h"
#include "common/testing/test_client.h"
#include "common/winsock.h"

using namespace course;
using namespace std::chrono_literals;

namespace {

HANDLE as_handle(SOCKET socket) { return reinterpret_cast<HANDLE>(socket); }

struct Outcome {
    int result;
    int error;
};

// recv() on a thread of its own, which the caller wants to get back.
std::future<Outcome> receive_on_a_thread(SOCKET socket) {
    return std::async(std::launch::async, [socket] {
        char byte;
        const int got = ::recv(socket, &byte, 1, 0);
        return Outcome{got, got == SOCKET_ERROR ? ::WSAGetLastError() : 0};
    });
}

std::future<Outcome> accept_on_a_thread(SOCKET listener) {
    return std::async(std::launch::async, [listener] {
        const UniqueSocket accepted{::accept(listener, nullptr, nullptr)};
        return accepted ? Outcome{0, 0} : Outcome{SOCKET_ERROR, ::WSAGetLastError()};
    });
}

bool returned(const std::future<Outcome>& call, std::chrono::milliseconds wait) {
    return call.wait_for(wait) == std::future_status::ready;
}

}  // namespace

SCENARIO("the first server serves one client after the other") {
    GIVEN("the first server, and a client that it serves") {
        const int port = ntohs(address_of(open_listener("127.0.0.1", 0).get()).sin_port);  // free just now
        ServerProcess server{"first_server", {std::to_string(port)}};
        server.wait_for_line("first_server listening on port " + std::to_string(port), 20s);
        TestClient first{static_cast<std::uint16_t>(port)};
        REQUIRE(first.exchange("hello") == "hello");
        WHEN("a second client connects and sends") {
            TestClient second{static_cast<std::uint16_t>(port)};
            second.send("second");
            THEN("it is connected, but has its echo only when the first has left") {
                CHECK_FALSE(is_readable(second.socket(), 300ms));
                first.finish_sending();
                CHECK(first.receive_to_end().empty());
                CHECK(second.receive(6) == "second");
            }
        }
        WHEN("the first client cuts its connection") {
            first.reset();
            THEN("the next one is served") {
                TestClient next{static_cast<std::uint16_t>(port)};
                CHECK(next.exchange("next") == "next");
            }
        }
    }
}

SCENARIO("a silent client blocks the others when one is served at a time") {
    GIVEN("a server that serves in its accept loop, and a client that says nothing more") {
        EchoServer server{"01_blocking", {"--one-at-a-time"}};
        TestClient silent{server.port()};
        REQUIRE(silent.exchange("hello") == "hello");
        WHEN("a second client connects and sends") {
            TestClient second{server.port()};
            second.send("second");
            THEN("it is connected, but gets no answer until the first has left") {
                CHECK_FALSE(is_readable(second.socket(), 300ms));
                silent.close();
                CHECK(second.receive(6) == "second");
            }
        }
    }
}

SCENARIO("with a thread per client a silent client blocks nobody") {
    GIVEN("the server as it is by default, and a client that says nothing more") {
        EchoServer server{"01_blocking"};
        TestClient silent{server.port()};
        REQUIRE(silent.exchange("hello") == "hello");
        WHEN("a second client connects and sends") {
            TestClient second{server.port()};
            THEN("it is answered, and the first is still there") {
                CHECK(second.exchange("second") == "second");
                CHECK(silent.exchange("again") == "again");
            }
        }
    }
}

SCENARIO("every idle client costs a thread") {
    GIVEN("a server, and the threads it has before anyone comes") {
        EchoServer server{"01_blocking"};
        const auto before = settled_threads(server);
        if (!before) SKIP("this system does not count the threads of another process");
        WHEN("40 clients have been served and stay, idle") {
            std::vector<TestClient> clients;
            for (int i = 0; i < 40; ++i) REQUIRE(clients.emplace_back(server.port()).exchange("hello") == "hello");
            const auto during = settled_threads(server);
            clients.clear();
            THEN("there are 40 threads more, which are joined when the next one comes") {
                CHECK(during >= *before + 38);  // Windows may have ended one of its own meanwhile
                CHECK(during <= *before + 40);
                CHECK(eventually([&] {
                    TestClient{server.port()}.exchange("x");
                    return *server.usage().threads <= *before + 2;
                }));
            }
        }
    }
}

SCENARIO("the second send of an echo waits for a delayed acknowledgement unless TCP_NODELAY is set") {
    GIVEN("a client that asks again and again, and a server that answers in two sends") {
        const SocketPair pair = make_socket_pair();
        const auto answer_takes = [&] {  // the median of 20, in milliseconds
            std::vector<double> times;
            for (int i = 0; i < 40; ++i) {
                std::array<char, 2> bytes{};
                const auto began = std::chrono::steady_clock::now();
                REQUIRE(::send(pair.client.get(), "?", 1, 0) == 1);
                REQUIRE(::recv(pair.server.get(), bytes.data(), 1, 0) == 1);
                REQUIRE(::send(pair.server.get(), "4", 1, 0) == 1);
                REQUIRE(::send(pair.server.get(), "2", 1, 0) == 1);
                for (int all = 0, got = 0; all < 2; all += got)
                    REQUIRE((got = ::recv(pair.client.get(), bytes.data(), 2, 0)) > 0);
                const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - began;
                if (i >= 20) times.push_back(taken.count());  // a new connection acknowledges at once for a while
            }
            std::ranges::nth_element(times, times.begin() + 10);
            return times[10];
        };
        const double by_default = answer_takes();
        if (by_default < 10 && !running_under_wine()) SKIP("here the client's system acknowledged at once");
        WHEN("the server's socket has TCP_NODELAY") {
            const BOOL on = TRUE;
            REQUIRE(::setsockopt(pair.server.get(), IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&on),
                                 sizeof on) == 0);
            const double without_delay = answer_takes();
            THEN("the answer comes at once, where it took 40 ms or more") {
                std::cout << "an answer in two sends takes " << std::fixed << std::setprecision(1) << by_default
                          << " ms, with TCP_NODELAY " << without_delay << " ms\n";
                CHECK(by_default > 30);
                CHECK(without_delay < by_default / 2);
            }
        }
    }
}

SCENARIO("a cancel misses a recv that has not begun") {
    GIVEN("a connection, and a cancel that comes a moment too early") {
        const SocketPair pair = make_socket_pair();
        ::CancelIoEx(as_handle(pair.server.get()), nullptr);
        WHEN("a thread calls recv") {
            auto call = receive_on_a_thread(pair.server.get());
            THEN("it waits for bytes as if nothing had been cancelled") {
                CHECK_FALSE(returned(call, 200ms));
                REQUIRE(::send(pair.client.get(), "x", 1, 0) == 1);
                CHECK(call.get().result == 1);
            }
        }
    }
}

SCENARIO("shutdown and then one cancel end every recv") {
    GIVEN("20 connections, on half of which a thread has called recv") {
        std::vector<SocketPair> pairs;
        std::vector<std::future<Outcome>> calls;
        for (int i = 0; i < 20; ++i) pairs.push_back(make_socket_pair());
        for (std::size_t i = 0; i < 10; ++i) calls.push_back(receive_on_a_thread(pairs[i].server.get()));
        WHEN("each socket is shut down and its calls are cancelled, once, before the others call recv") {
            for (const SocketPair& pair : pairs) {
                REQUIRE(::shutdown(pair.server.get(), SD_BOTH) == 0);
                ::CancelIoEx(as_handle(pair.server.get()), nullptr);
            }
            for (std::size_t i = 10; i < 20; ++i) calls.push_back(receive_on_a_thread(pairs[i].server.get()));
            THEN("all of them return without a byte: cancelled, or at the end") {
                const auto deadline = std::chrono::steady_clock::now() + patience;
                for (auto& call : calls) CHECK(call.wait_until(deadline) == std::future_status::ready);
                pairs.clear();  // ends those that still wait, in a failed scenario
                for (auto& call : calls) CHECK(call.get().result <= 0);
            }
        }
    }
}

SCENARIO("a blocked accept is woken by cancels alone and they must be repeated") {
    GIVEN("a listener that has been cancelled before anyone waits in accept") {
        const UniqueSocket listener = open_listener("127.0.0.1", 0);
        ::CancelIoEx(as_handle(listener.get()), nullptr);
        WHEN("a thread calls accept") {
            auto call = accept_on_a_thread(listener.get());
            THEN("the cancel was too early, and only a further one wakes it") {
                CHECK_FALSE(returned(call, 200ms));
                CHECK(eventually([&] {
                    ::CancelIoEx(as_handle(listener.get()), nullptr);
                    return returned(call, 0ms);
                }));
                const int error = call.get().error;  // Windows may also say that the call was interrupted
                CHECK((error == WSA_OPERATION_ABORTED || error == WSAEINTR));
            }
            AND_THEN("it is alive: a client is accepted") {
                const UniqueSocket client = connect_to(listener.get());
                CHECK(call.get().error == 0);
            }
        }
        WHEN("the listener is shut down, as one does with a connection") {
            THEN("that is refused, for it has no peer") {
                CHECK(::shutdown(listener.get(), SD_BOTH) == SOCKET_ERROR);
                CHECK(::WSAGetLastError() == WSAENOTCONN);
            }
        }
    }
}
