// What a completion port promises. What it leaves to us, and what it refuses, is in bugs.cpp.
#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "common/process/server_process.h"
#include "common/testing/overlapped_pair.h"
#include "common/testing/test_client.h"
#include "common/winsock.h"

using namespace course;

namespace {

struct Operation : OVERLAPPED {
    std::array<char, 16> buffer{};

    int receive_from(SOCKET socket) {
        static_cast<OVERLAPPED&>(*this) = {};
        return start_receive(socket, buffer, *this);
    }
};

HANDLE handle(const UniqueSocket& socket) { return reinterpret_cast<HANDLE>(socket.get()); }

void post(const UniqueHandle& port, ULONG_PTR key) { ::PostQueuedCompletionStatus(port.get(), 0, key, nullptr); }

}  // namespace

SCENARIO("the same call creates a port and associates a socket with it") {
    const OverlappedPair pair, other;
    WHEN("it gets no handle and no port") {
        const UniqueHandle port{::CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 0)};
        THEN("it creates a port") {
            REQUIRE(port.get() != nullptr);
            AND_WHEN("it gets a socket and that port") {
                const HANDLE result = ::CreateIoCompletionPort(handle(pair.server), port.get(), 0, 0);
                THEN("it associates them, and what it returns is the port itself") { CHECK(result == port.get()); }
            }
        }
    }
    WHEN("it gets a socket and no port") {
        const UniqueHandle port{::CreateIoCompletionPort(handle(other.server), nullptr, 7, 0)};
        THEN("it does both at once") {
            Operation receive;
            REQUIRE(receive.receive_from(other.server.get()) == WSA_IO_PENDING);
            other.client_says("hello");
            CHECK(take_packet(port).key == 7);
        }
    }
}

SCENARIO("a socket belongs to one port until it is closed") {
    const OverlappedPair pair;
    const UniqueHandle port = make_port({pair.server.get()}), another = make_port({});
    WHEN("it is to be associated with another port, or once more with its own") {
        THEN("both are refused with 87") {
            CHECK(::CreateIoCompletionPort(handle(pair.server), another.get(), 0, 0) == nullptr);
            CHECK(::GetLastError() == ERROR_INVALID_PARAMETER);
            CHECK(::CreateIoCompletionPort(handle(pair.server), port.get(), 0, 0) == nullptr);
            CHECK(::GetLastError() == ERROR_INVALID_PARAMETER);
        }
    }
}

SCENARIO("a packet brings back the key of the handle and the OVERLAPPED of the operation") {
    GIVEN("two sockets with the keys 0 and 1, a receive on each") {
        struct Receive : Operation {
            char name = '?';  // what the API does not carry, we put behind the OVERLAPPED
        };
        Receive a, b;
        a.name = 'a';
        b.name = 'b';
        const OverlappedPair first, second;
        const UniqueHandle port = make_port({first.server.get(), second.server.get()});
        REQUIRE(a.receive_from(first.server.get()) == WSA_IO_PENDING);
        REQUIRE(b.receive_from(second.server.get()) == WSA_IO_PENDING);
        WHEN("the second completes, then the first") {
            second.client_says("hello");
            const Packet one = take_packet(port);
            first.client_says("hi");
            const Packet two = take_packet(port);
            THEN("the key says which socket, the pointer which operation, and through it comes the rest") {
                CHECK(one.key == 1);
                CHECK(one.bytes == 5);
                CHECK(static_cast<Receive*>(one.operation)->name == 'b');
                CHECK(two.key == 0);
                CHECK(two.bytes == 2);
                CHECK(static_cast<Receive*>(two.operation)->name == 'a');
            }
        }
    }
}

SCENARIO("one client's completions arrive on more than one thread and no code hands it over") {
    GIVEN("a thread that takes the first packet, starts the next receive, and is then busy") {
        Operation receive;
        const OverlappedPair pair;
        const UniqueHandle port = make_port({pair.server.get()});
        const UniqueEvent taken, may_go_on;
        Packet first;
        std::thread thread{[&] {
            first = take_packet(port);
            ::SetEvent(taken.get());
            receive.receive_from(pair.server.get());
            pair.client_says("two");
            ::WaitForSingleObject(may_go_on.get(), INFINITE);
        }};
        REQUIRE(receive.receive_from(pair.server.get()) == WSA_IO_PENDING);  // here, and completed over there
        pair.client_says("hello");
        ::WaitForSingleObject(taken.get(), INFINITE);
        WHEN("another thread asks the port while the first is still busy") {
            const Packet second = take_packet(port);
            ::SetEvent(may_go_on.get());
            thread.join();
            THEN("it gets the completion of what the first has started") {
                CHECK(first.bytes == 5);
                CHECK(second.operation == &receive);
                CHECK(second.bytes == 3);
            }
        }
    }
}

SCENARIO("one port and two threads hold 1,000 clients") {
    GIVEN("the chapter's server with two threads") {
        EchoServer server{"06_iocp", {"--threads", "2"}};
        REQUIRE(TestClient{server.port()}.exchange("hi") == "hi");  // its threads are all there now
        const auto threads = settled_threads(server).value();
        WHEN("1,000 clients are there at once") {
            const Crowd clients{server.port(), 1'000};
            THEN("each gets its echo, and there are no more threads than before") {
                CHECK(clients.echoes() == 1'000);
                CHECK(settled_threads(server) <= threads);
            }
        }
    }
}

SCENARIO("an operation on an associated socket outlives the thread that issued it") {
    Operation receive;
    const OverlappedPair pair;
    const UniqueHandle port = make_port({pair.server.get()});
    WHEN("a thread starts a receive and exits, and only then the client sends") {
        int started = 0;
        std::thread{[&] { started = receive.receive_from(pair.server.get()); }}.join();
        pair.client_says("hello");
        THEN("the packet comes, with the data; without a port the operation would have ended with 995") {
            CHECK(started == WSA_IO_PENDING);
            const Packet packet = take_packet(port);
            CHECK(packet.ok);
            CHECK(packet.operation == &receive);
            CHECK(packet.bytes == 5);
        }
    }
}

SCENARIO("packets wait in the order in which they came") {
    const UniqueHandle port = make_port({});
    WHEN("100 are queued before anyone asks") {
        for (ULONG_PTR key = 0; key < 100; ++key) post(port, key);
        THEN("they are given out first in, first out") {
            for (ULONG_PTR key = 0; key < 100; ++key) REQUIRE(take_packet(port).key == key);
        }
    }
}

SCENARIO("the thread that came last is released first") {
    if (running_under_wine() && wine_version() < 10)
        SKIP("Wine 8 releases waiting threads in turn; Windows documents last in, first out");
    GIVEN("four threads that wait at one port") {
        const UniqueHandle port = make_port({});
        const UniqueEvent done;
        std::array<std::atomic<int>, 4> taken{};
        std::vector<std::thread> threads;
        for (auto& mine : taken) {
            threads.emplace_back([&] {
                while (take_packet(port, INFINITE).key != 0) {
                    ++mine;
                    ::SetEvent(done.get());
                }
            });
        }
        WHEN("200 packets come one at a time") {
            for (int i = 0; i < 200; ++i) {
                post(port, 1);
                ::WaitForSingleObject(done.get(), INFINITE);
                ::SwitchToThread();  // it has only to get back to its wait; where it does not, another one is released
            }
            for (int i = 0; i < 4; ++i) post(port, 0);
            for (auto& thread : threads) thread.join();
            THEN("two of them, the last to wait, have done nearly all of the work") {
                std::array<int, 4> sorted{};
                std::copy(taken.begin(), taken.end(), sorted.begin());
                std::ranges::sort(sorted);
                CHECK(sorted[3] + sorted[2] > 150);
            }
        }
    }
}

SCENARIO("no more threads run at once than the concurrency value says") {
    if (running_under_wine()) SKIP("Wine ignores the concurrency value of a port");
    GIVEN("a port with the concurrency value 1, and four threads") {
        const UniqueHandle port = make_port({}, 1);
        std::atomic<int> running = 0, excursions = 0;
        const auto work = [&] {
            if (++running > 1) ++excursions;
            const auto enough = std::chrono::steady_clock::now() + std::chrono::milliseconds{50};
            while (running < 2 && std::chrono::steady_clock::now() < enough) {
            }  // a thread that waits does not count
            --running;
        };
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                while (take_packet(port, INFINITE).key != 0) work();
            });
        }
        WHEN("eight packets are queued") {
            for (int i = 0; i < 8; ++i) post(port, 1);
            for (int i = 0; i < 4; ++i) post(port, 0);
            for (auto& thread : threads) thread.join();
            THEN("one thread at a time has handled them, but for a moment when one came back from a wait") {
                CHECK(excursions <= 1);  // "I/O Completion Ports": the value may be exceeded for a short time
            }
        }
    }
}

SCENARIO("a thread that blocks gives its place to another") {
    GIVEN("a port with the concurrency value 1, and a thread that blocks with a packet in hand") {
        const UniqueHandle port = make_port({}, 1);
        const UniqueEvent blocked, may_go_on;
        post(port, 1);
        std::thread thread{[&] {
            take_packet(port);
            ::SetEvent(blocked.get());
            ::WaitForSingleObject(may_go_on.get(), INFINITE);
        }};
        ::WaitForSingleObject(blocked.get(), INFINITE);
        WHEN("a second packet comes") {
            post(port, 2);
            THEN("another thread gets it meanwhile") { CHECK(take_packet(port).key == 2); }
            ::SetEvent(may_go_on.get());
            thread.join();
        }
    }
}
