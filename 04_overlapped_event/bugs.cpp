// The classic bugs of overlapped I/O: the wrong code, the harm one sees, and the right way next to it.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>

#include "common/testing/overlapped_pair.h"
#include "common/winsock.h"

using namespace course;

namespace {

using Buffer = std::array<char, 16>;

WSAOVERLAPPED fresh(const UniqueEvent& event) {
    WSAOVERLAPPED overlapped{};
    overlapped.hEvent = event.get();
    return overlapped;
}

// Memory that the wrong code gives up too early. It stands for a stack frame or a heap block that someone else gets
// next, and outlives everything, so that the harm is the same each time and not a matter of luck.
struct Recycled {
    using Numbers = std::array<ULONG_PTR, sizeof(WSAOVERLAPPED) / sizeof(ULONG_PTR)>;
    alignas(WSAOVERLAPPED) std::byte memory[sizeof(WSAOVERLAPPED)];

    WSAOVERLAPPED& as_overlapped(const UniqueEvent& event) { return *new (memory) WSAOVERLAPPED(fresh(event)); }
    Numbers& as_numbers() { return *new (memory) Numbers{11, 22, 33, 44}; }
};

}  // namespace

SCENARIO("an OVERLAPPED on the stack lets the kernel write into the next function's variables") {
    Recycled frame;
    const UniqueEvent event{Reset::manual};
    Buffer buffer{};
    const OverlappedPair pair;
    GIVEN("a function that starts a receive with a local OVERLAPPED, and returns") {
        const auto begin_receive = [&] { return start_receive(pair.server.get(), buffer, frame.as_overlapped(event)); };
        REQUIRE(begin_receive() == WSA_IO_PENDING);
        WHEN("the next function has its variables there, and the data comes") {
            const auto& variables = frame.as_numbers();
            pair.client_says("hello");
            REQUIRE(signalled(event, longest_wait));
            THEN("they have changed, though no line of that function touched them") {
                CHECK(variables[0] == 0);  // the status of the receive
                CHECK(variables[1] == 5);  // and its bytes
            }
        }
    }
}

SCENARIO("memory freed after closesocket can still be written by the kernel") {
    Recycled block;
    const UniqueEvent event{Reset::manual};
    Buffer buffer{};
    OverlappedPair pair;
    // A second handle, such as a child process inherits: with it, closesocket does not even end the operation.
    HANDLE inherited = nullptr;
    REQUIRE(::DuplicateHandle(::GetCurrentProcess(), reinterpret_cast<HANDLE>(pair.server.get()), ::GetCurrentProcess(),
                              &inherited, 0, FALSE, DUPLICATE_SAME_ACCESS));
    const UniqueHandle held_by_the_child{inherited};
    GIVEN("a pending receive, its socket closed, and its memory given to someone else") {
        WSAOVERLAPPED& overlapped = block.as_overlapped(event);
        const SOCKET closed = pair.server.get();
        REQUIRE(start_receive(closed, buffer, overlapped) == WSA_IO_PENDING);
        pair.server.reset();
        if (signalled(event)) SKIP("this system ends the operation although a second handle is open");
        WHEN("the data comes") {
            DWORD bytes = 0, flags = 0;
            CHECK_FALSE(::WSAGetOverlappedResult(closed, &overlapped, &bytes, FALSE, &flags));
            const int error = ::WSAGetLastError();
            const auto& numbers = block.as_numbers();
            pair.client_says("hello");
            REQUIRE(signalled(event, longest_wait));
            THEN("it is written into what is no longer ours, and no call could have told us when") {
                CHECK(numbers[0] != 11);
                CHECK(numbers[1] != 22);
                CHECK(error == WSAENOTSOCK);
            }
        }
    }
}

SCENARIO("an OVERLAPPED reused in flight reports one operation as the other") {
    const UniqueEvent event{Reset::manual}, other_event{Reset::manual};
    Buffer first{}, second{};
    const OverlappedPair pair;
    GIVEN("two receives that share one OVERLAPPED") {
        WSAOVERLAPPED shared = fresh(event);
        REQUIRE(start_receive(pair.server.get(), first, shared) == WSA_IO_PENDING);
        REQUIRE(start_receive(pair.server.get(), second, shared) == WSA_IO_PENDING);
        WHEN("data comes for the first") {
            pair.client_says("hello");
            REQUIRE(signalled(event, longest_wait));
            DWORD bytes = 0, flags = 0;
            const BOOL done = ::WSAGetOverlappedResult(pair.server.get(), &shared, &bytes, FALSE, &flags);
            THEN("the second looks done, with 5 bytes, and its buffer is empty") {
                CHECK(done);
                CHECK(bytes == 5);
                CHECK(second[0] == '\0');
            }
            ::WSAResetEvent(event.get());
            pair.client_says("bye");  // ends the second, which is still in flight
            REQUIRE(signalled(event, longest_wait));
        }
    }
    GIVEN("an OVERLAPPED for each") {
        WSAOVERLAPPED a = fresh(event), b = fresh(other_event);
        REQUIRE(start_receive(pair.server.get(), first, a) == WSA_IO_PENDING);
        REQUIRE(start_receive(pair.server.get(), second, b) == WSA_IO_PENDING);
        WHEN("data comes for the first") {
            pair.client_says("hello");
            REQUIRE(signalled(event, longest_wait));
            THEN("the second is still in flight, and says so") {
                CHECK(HasOverlappedIoCompleted(&a));
                CHECK_FALSE(HasOverlappedIoCompleted(&b));
                CHECK_FALSE(signalled(other_event));
            }
            pair.client_says("bye");
            REQUIRE(signalled(other_event, longest_wait));
        }
    }
}

SCENARIO("an event that nobody resets reports the same completion again") {
    const UniqueEvent event{Reset::manual};
    Buffer buffer{};
    const OverlappedPair pair;
    WSAOVERLAPPED overlapped = fresh(event);
    pair.client_says("hello");
    REQUIRE(pair.data_has_arrived());
    REQUIRE(start_receive(pair.server.get(), buffer, overlapped) == 0);
    REQUIRE(signalled(event, longest_wait));
    WHEN("the loop waits again without having started anything") {
        THEN("it is woken for the same completion, again and again") {
            for (int i = 0; i < 3; ++i) CHECK(signalled(event));
        }
    }
    WHEN("it has started the next operation, which resets the event") {
        overlapped = fresh(event);
        REQUIRE(start_receive(pair.server.get(), buffer, overlapped) == WSA_IO_PENDING);
        THEN("it waits for that one") {
            CHECK_FALSE(signalled(event));
            pair.client_says("bye");
            CHECK(signalled(event, longest_wait));
        }
    }
}

SCENARIO("an event reset after the start loses the completion that has already come") {
    const UniqueEvent event{Reset::manual};
    Buffer buffer{};
    const OverlappedPair pair;
    WSAOVERLAPPED overlapped = fresh(event);
    pair.client_says("hello");
    REQUIRE(pair.data_has_arrived());
    REQUIRE(start_receive(pair.server.get(), buffer, overlapped) == 0);
    WHEN("the event is reset only now, as if it were still to be signalled") {
        ::WSAResetEvent(event.get());
        THEN("the operation is done, and no wait will ever tell") {
            CHECK(HasOverlappedIoCompleted(&overlapped));
            CHECK_FALSE(signalled(event, 100));
        }
    }
}

SCENARIO("a buffer read before the completion still holds another client's bytes") {
    const UniqueEvent event{Reset::manual};
    Buffer buffer{};
    WSAOVERLAPPED overlapped = fresh(event);
    const OverlappedPair anna, ben;
    GIVEN("a buffer that has served Anna, and now receives from Ben") {
        anna.client_says("secret");
        REQUIRE(anna.data_has_arrived());
        REQUIRE(start_receive(anna.server.get(), buffer, overlapped) == 0);
        REQUIRE(signalled(event, longest_wait));
        overlapped = fresh(event);
        REQUIRE(start_receive(ben.server.get(), buffer, overlapped) == WSA_IO_PENDING);
        WHEN("the code goes on as if the call had received") {
            REQUIRE(::send(ben.server.get(), buffer.data(), 6, 0) == 6);
            THEN("Ben gets what Anna wrote") { CHECK(ben.client_hears() == "secret"); }
            ben.client_says("hi");
            REQUIRE(signalled(event, longest_wait));
        }
        WHEN("it waits for the completion first") {
            ben.client_says("hi");
            REQUIRE(signalled(event, longest_wait));
            DWORD bytes = 0, flags = 0;
            REQUIRE(::WSAGetOverlappedResult(ben.server.get(), &overlapped, &bytes, FALSE, &flags));
            REQUIRE(::send(ben.server.get(), buffer.data(), static_cast<int>(bytes), 0) == 2);
            THEN("Ben gets what Ben wrote") { CHECK(ben.client_hears() == "hi"); }
        }
    }
}
