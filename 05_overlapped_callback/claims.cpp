// What 05_overlapped_callback promises, and where it ends.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "common/process/server_process.h"
#include "common/testing/overlapped_pair.h"
#include "common/testing/sockets.h"
#include "common/testing/test_client.h"
#include "common/winsock.h"

using namespace course;
using std::chrono::milliseconds;

namespace {

// One client's receive, and what its routine has seen. The routine finds it through hEvent, which is free for that.
struct Operation {
    OverlappedPair pair;
    WSAOVERLAPPED overlapped{};
    std::array<char, 16> buffer{};
    int runs = 0;
    DWORD thread = 0, error = 0, bytes = 0;
    std::function<void(Operation&)> then;  // what the routine does next

    int start() {
        overlapped = {};
        overlapped.hEvent = this;
        return start_receive(pair.server.get(), buffer, overlapped, on_completed);
    }

    void echo() { ::send(pair.server.get(), buffer.data(), static_cast<int>(bytes), 0); }

    static void CALLBACK on_completed(DWORD result, DWORD transferred, WSAOVERLAPPED* done, DWORD) {
        Operation& self = *static_cast<Operation*>(done->hEvent);
        ++self.runs;
        self.thread = ::GetCurrentThreadId();
        self.error = result;
        self.bytes = transferred;
        if (self.then) self.then(self);
    }
};

}  // namespace

SCENARIO("without an alertable wait the routine never runs") {
    GIVEN("a receive with a routine that is done already") {
        Operation receive;
        receive.pair.client_says("hello");
        REQUIRE(receive.pair.data_has_arrived());
        REQUIRE(receive.start() == 0);
        WHEN("the thread works, sleeps and waits, but not alertably") {
            const UniqueEvent never;
            ::SleepEx(10, FALSE);
            ::WaitForSingleObject(never.get(), 10);
            ::WaitForSingleObjectEx(never.get(), 10, FALSE);
            const WSAEVENT event = never.get();
            ::WSAWaitForMultipleEvents(1, &event, FALSE, 10, FALSE);
            THEN("the data is in the buffer, and the routine has not run") {
                CHECK(receive.buffer[0] == 'h');
                CHECK(receive.runs == 0);
            }
        }
        WHEN("it waits alertably, even for no time at all") {
            CHECK(::SleepEx(0, TRUE) == WAIT_IO_COMPLETION);
            THEN("the routine has run inside that wait") { CHECK(receive.runs == 1); }
        }
        while (receive.runs == 0) ::SleepEx(INFINITE, TRUE);
    }
}

SCENARIO("every routine runs on the thread that issued the call") {
    GIVEN("a receive issued by each of two threads, and a third thread that waits alertably too") {
        struct Issuer {
            Operation receive;
            DWORD id = 0;
            UniqueEvent issued;
            std::thread thread;
        };
        std::array<Issuer, 2> issuers;
        for (Issuer& issuer : issuers) {
            issuer.thread = std::thread{[&issuer] {
                issuer.id = ::GetCurrentThreadId();
                issuer.receive.start();
                ::SetEvent(issuer.issued.get());
                ::SleepEx(longest_wait, TRUE);
            }};
            ::WaitForSingleObject(issuer.issued.get(), INFINITE);
        }
        WHEN("both complete") {
            for (Issuer& issuer : issuers) issuer.receive.pair.client_says("hello");
            const DWORD third = ::SleepEx(100, TRUE);
            for (Issuer& issuer : issuers) issuer.thread.join();
            THEN("each ran at home, and the third thread, idle as it was, got none") {
                for (const Issuer& issuer : issuers) {
                    CHECK(issuer.receive.runs == 1);
                    CHECK(issuer.receive.thread == issuer.id);
                }
                CHECK(third == 0);
            }
        }
    }
}

SCENARIO("the event field of the OVERLAPPED is ours when there is a routine") {
    GIVEN("a pointer to an object in hEvent, which is no handle at all") {
        Operation receive;
        REQUIRE(receive.start() == WSA_IO_PENDING);
        WHEN("the operation completes") {
            receive.pair.client_says("hello");
            REQUIRE(::SleepEx(longest_wait, TRUE) == WAIT_IO_COMPLETION);
            THEN("the routine found its object through it") {
                CHECK(receive.runs == 1);
                CHECK(receive.error == 0);
                CHECK(receive.bytes == 5);
                CHECK(receive.overlapped.hEvent == &receive);
            }
        }
    }
}

SCENARIO("a queued APC runs on the thread it was sent to and ends its wait") {
    GIVEN("a thread in an alertable wait without end") {
        static DWORD ran_on = 0;
        UniqueHandle handle;
        DWORD id = 0, woken = 0;
        const UniqueEvent ready;
        std::thread thread{[&] {
            handle.reset(::OpenThread(THREAD_SET_CONTEXT, FALSE, ::GetCurrentThreadId()));
            id = ::GetCurrentThreadId();
            ::SetEvent(ready.get());
            woken = ::SleepEx(INFINITE, TRUE);
        }};
        ::WaitForSingleObject(ready.get(), INFINITE);
        WHEN("another thread queues an APC to it") {
            ran_on = 0;
            REQUIRE(::QueueUserAPC([](ULONG_PTR) { ran_on = ::GetCurrentThreadId(); }, handle.get(), 0));
            thread.join();
            THEN("it has run there, and the wait is over: this is how 05 hands over a client, and how it stops") {
                CHECK(ran_on == id);
                CHECK(woken == WAIT_IO_COMPLETION);
            }
        }
    }
}

SCENARIO("one sleeping routine stalls all clients of that thread while another core idles") {
    GIVEN("Anna and Ben on one thread, Carl on another") {
        Operation anna, ben, carl;
        const UniqueEvent asleep, awake, ready;
        anna.then = [&](Operation& self) {
            ::SetEvent(asleep.get());
            ::WaitForSingleObject(awake.get(), INFINITE);  // a query to a database, say
            self.echo();
        };
        ben.then = carl.then = [](Operation& self) { self.echo(); };
        std::thread first{[&] {
            anna.start();
            ben.start();
            ::SetEvent(ready.get());
            while (anna.runs + ben.runs < 2) ::SleepEx(INFINITE, TRUE);
        }};
        ::WaitForSingleObject(ready.get(), INFINITE);
        std::thread second{[&] {
            carl.start();
            ::SetEvent(ready.get());
            ::SleepEx(INFINITE, TRUE);
        }};
        ::WaitForSingleObject(ready.get(), INFINITE);
        WHEN("Anna's routine sleeps, and then Ben and Carl send") {
            anna.pair.client_says("a");
            ::WaitForSingleObject(asleep.get(), INFINITE);
            ben.pair.client_says("b");
            carl.pair.client_says("c");
            const std::string to_carl = carl.pair.client_hears();
            second.join();  // from here on the second thread has nothing to do
            const bool ben_was_served = is_readable(ben.pair.client.get(), milliseconds{100});
            ::SetEvent(awake.get());
            first.join();
            THEN("Carl was served at once, and Ben only when Anna's routine had returned") {
                CHECK(to_carl == "c");
                CHECK_FALSE(ben_was_served);
                CHECK(ben.pair.client_hears() == "b");
            }
        }
    }
}

SCENARIO("one thread serves 1,000 clients") {
    GIVEN("the chapter's server with a single worker") {
        EchoServer server{"05_overlapped_callback", {"--threads", "1"}};
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
