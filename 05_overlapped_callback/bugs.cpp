// The classic bugs of completion routines: the wrong code, the harm one sees, and the right way next to it.
#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <functional>
#include <thread>

#include "common/testing/overlapped_pair.h"
#include "common/testing/sockets.h"
#include "common/winsock.h"

using namespace course;
using std::chrono::milliseconds;

namespace {

struct Operation {
    OverlappedPair pair;
    WSAOVERLAPPED overlapped{};
    std::array<char, 16> buffer{};
    std::function<void(DWORD bytes)> routine;

    int start() {
        overlapped = {};
        overlapped.hEvent = this;
        return start_receive(pair.server.get(), buffer, overlapped, on_completed);
    }

    void echo(DWORD bytes) { ::send(pair.server.get(), buffer.data(), static_cast<int>(bytes), 0); }

    static void CALLBACK on_completed(DWORD, DWORD bytes, WSAOVERLAPPED* done, DWORD) {
        static_cast<Operation*>(done->hEvent)->routine(bytes);
    }
};

}  // namespace

SCENARIO("an immediate success still queues the routine so handling it at once handles it twice") {
    Operation receive;
    receive.routine = [&](DWORD bytes) { receive.echo(bytes); };
    receive.pair.client_says("hello");
    REQUIRE(receive.pair.data_has_arrived());
    WHEN("the code answers at once because the call returned 0") {
        REQUIRE(receive.start() == 0);
        receive.echo(static_cast<DWORD>(receive.overlapped.InternalHigh));
        CHECK(receive.pair.client_hears() == "hello");
        REQUIRE(::SleepEx(longest_wait, TRUE) == WAIT_IO_COMPLETION);
        THEN("the routine answers as well, and the client gets its message twice") {
            CHECK(receive.pair.client_hears() == "hello");
        }
    }
    WHEN("the code leaves the answer to the routine, whatever the call returned") {
        REQUIRE(receive.start() == 0);
        REQUIRE(::SleepEx(longest_wait, TRUE) == WAIT_IO_COMPLETION);
        THEN("the client gets it once") {
            CHECK(receive.pair.client_hears() == "hello");
            CHECK_FALSE(is_readable(receive.pair.client.get()));
        }
    }
}

SCENARIO("a blocking call inside a routine stalls the other clients or nests their routines") {
    // Anna's message comes in two halves; her routine wants both. Ben has sent all of his.
    Operation anna, ben;
    int depth = 0, deepest = 0;
    const auto enter = [&] { deepest = std::max(deepest, ++depth); };
    bool anna_is_done = false, ben_is_done = false;
    const UniqueEvent in_annas_routine, ready;
    ben.routine = [&](DWORD bytes) {
        enter();
        ben.echo(bytes);
        ben_is_done = true;
        --depth;
    };
    const auto serve = [&] {
        anna.start();
        ben.start();
        ::SetEvent(ready.get());
        while (!anna_is_done || !ben_is_done) ::SleepEx(INFINITE, TRUE);
    };
    const auto ben_is_served_while_anna_waits = [&] {
        std::thread thread{serve};
        ::WaitForSingleObject(ready.get(), INFINITE);
        anna.pair.client_says("one");
        ::WaitForSingleObject(in_annas_routine.get(), INFINITE);
        ben.pair.client_says("ben");
        const bool served = is_readable(ben.pair.client.get(), milliseconds{200});
        anna.pair.client_says("two");
        thread.join();
        return served;
    };
    WHEN("her routine receives the second half with a blocking call") {
        anna.routine = [&](DWORD) {
            enter();
            ::SetEvent(in_annas_routine.get());
            ::recv(anna.pair.server.get(), anna.buffer.data(), 3, 0);
            anna_is_done = true;
            --depth;
        };
        const bool served = ben_is_served_while_anna_waits();
        THEN("Ben waits for Anna, or is served in the middle of her routine") { CHECK((!served || deepest > 1)); }
    }
    WHEN("her routine starts another overlapped receive and returns") {
        anna.routine = [&](DWORD) {
            enter();
            if (anna.buffer[0] == 't') {
                anna_is_done = true;
            } else {
                anna.start();
                ::SetEvent(in_annas_routine.get());
            }
            --depth;
        };
        const bool served = ben_is_served_while_anna_waits();
        THEN("Ben is served at once, and one routine runs at a time") {
            CHECK(served);
            CHECK(deepest == 1);
        }
    }
}

SCENARIO("a blocking call is itself an alertable wait in which routines run") {
    GIVEN("Ben's receive under way, and the thread blocked in a plain recv for Anna") {
        Operation ben;
        const OverlappedPair anna;
        bool anna_has_sent = false, ran_inside_recv = false;
        const UniqueEvent ready;
        ben.routine = [&](DWORD bytes) {
            ran_inside_recv = !anna_has_sent;
            ben.echo(bytes);
        };
        std::thread thread{[&] {
            ben.start();
            ::SetEvent(ready.get());
            char byte = 0;
            ::recv(anna.server.get(), &byte, 1, 0);
            ::SleepEx(0, TRUE);
        }};
        ::WaitForSingleObject(ready.get(), INFINITE);
        WHEN("Ben sends and Anna does not") {
            ben.pair.client_says("ben");
            const bool served = is_readable(ben.pair.client.get(), milliseconds{200});
            anna_has_sent = true;
            anna.client_says("a");
            thread.join();
            THEN("Ben's routine has run inside that recv") {
                CHECK(served);
                CHECK(ran_inside_recv);
            }
        }
    }
}
