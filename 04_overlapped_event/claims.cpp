// What 04_overlapped_event promises, and where it ends. Its classic bugs are in bugs.cpp.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/process/server_process.h"
#include "common/testing/overlapped_pair.h"
#include "common/testing/test_client.h"
#include "common/winsock.h"

using namespace course;

namespace {

struct Operation {
    UniqueEvent event{Reset::manual};
    WSAOVERLAPPED overlapped{};
    std::array<char, 16> buffer{};

    int receive_from(SOCKET socket) {
        overlapped = {};
        overlapped.hEvent = event.get();
        return start_receive(socket, buffer, overlapped);
    }

    [[nodiscard]] bool signalled(DWORD milliseconds = 0) const { return course::signalled(event, milliseconds); }

    // The error of what has completed, or 0; `bytes` is how many were transferred.
    int result(SOCKET socket, DWORD& bytes) {
        DWORD flags = 0;
        return ::WSAGetOverlappedResult(socket, &overlapped, &bytes, FALSE, &flags) ? 0 : ::WSAGetLastError();
    }
};

}  // namespace

SCENARIO("the call returns before the data is there and the kernel fills our buffer") {
    GIVEN("a receive, started on a silent connection") {
        Operation receive;
        const OverlappedPair pair;
        REQUIRE(receive.receive_from(pair.server.get()) == WSA_IO_PENDING);
        REQUIRE_FALSE(receive.signalled());
        REQUIRE(receive.buffer[0] == '\0');
        WHEN("the client sends") {
            pair.client_says("hello");
            REQUIRE(receive.signalled(longest_wait));
            THEN("the bytes are in our buffer, and no call of ours has fetched them") {
                CHECK(std::string(receive.buffer.data()) == "hello");
            }
        }
    }
}

SCENARIO("0 and WSA_IO_PENDING both mean started and both signal") {
    Operation receive;
    const OverlappedPair pair;
    DWORD bytes = 0;
    WHEN("the data is there before the call") {
        pair.client_says("early");
        REQUIRE(pair.data_has_arrived());
        REQUIRE(receive.receive_from(pair.server.get()) == 0);
        THEN("the call says so with 0, and the event is signalled all the same") {
            CHECK(receive.signalled(longest_wait));
            CHECK(receive.result(pair.server.get(), bytes) == 0);
            CHECK(bytes == 5);
        }
    }
    WHEN("the data comes after the call") {
        REQUIRE(receive.receive_from(pair.server.get()) == WSA_IO_PENDING);
        CHECK(receive.result(pair.server.get(), bytes) == WSA_IO_INCOMPLETE);
        pair.client_says("late");
        THEN("the event is signalled then, with the same result") {
            CHECK(receive.signalled(longest_wait));
            CHECK(receive.result(pair.server.get(), bytes) == 0);
            CHECK(bytes == 4);
        }
    }
}

SCENARIO("a half-close completes the receive with 0 bytes and no error") {
    Operation receive;
    const OverlappedPair pair;
    REQUIRE(receive.receive_from(pair.server.get()) == WSA_IO_PENDING);
    WHEN("the client finishes sending") {
        REQUIRE(::shutdown(pair.client.get(), SD_SEND) == 0);
        REQUIRE(receive.signalled(longest_wait));
        THEN("the operation succeeds with 0 bytes") {
            DWORD bytes = 99;
            CHECK(receive.result(pair.server.get(), bytes) == 0);
            CHECK(bytes == 0);
        }
    }
}

SCENARIO("a wait takes 64 events and now each operation needs its own") {
    GIVEN("33 connections, a receive and a send on each: 66 operations") {
        std::vector<UniqueEvent> owners(66);
        std::array<WSAEVENT, 66> events{};
        for (std::size_t i = 0; i < events.size(); ++i) events[i] = owners[i].get();
        THEN("one wait refuses them, and it would have taken 32 connections") {
            CHECK(::WSAWaitForMultipleEvents(66, events.data(), FALSE, 0, FALSE) == WSA_WAIT_FAILED);
            CHECK(::WSAGetLastError() == WSA_INVALID_PARAMETER);
            CHECK(::WSAWaitForMultipleEvents(65, events.data(), FALSE, 0, FALSE) == WSA_WAIT_FAILED);
            CHECK(::WSAWaitForMultipleEvents(64, events.data(), FALSE, 0, FALSE) == WSA_WAIT_TIMEOUT);
        }
    }
}

SCENARIO("every 63 clients cost the server a further thread") {
    GIVEN("the chapter's server with 63 clients, one operation each") {
        EchoServer server{"04_overlapped_event"};
        std::vector<std::unique_ptr<TestClient>> clients;
        const auto connect_one = [&] {
            clients.push_back(std::make_unique<TestClient>(server.port()));
            return clients.back()->exchange("hi");
        };
        for (int i = 0; i < 63; ++i) REQUIRE(connect_one() == "hi");
        const auto threads = settled_threads(server).value();
        WHEN("one more comes") {
            REQUIRE(connect_one() == "hi");
            THEN("it is served, by one thread more") { CHECK(settled_threads(server) == threads + 1); }
        }
    }
}

SCENARIO("an operation ends with 995 when the thread that issued it exits") {
    GIVEN("a receive that another thread has issued") {
        Operation receive;
        const OverlappedPair pair;
        const UniqueEvent may_exit;
        int started = 0;
        const UniqueEvent issued;
        std::thread issuer{[&] {
            started = receive.receive_from(pair.server.get());
            ::SetEvent(issued.get());
            ::WaitForSingleObject(may_exit.get(), INFINITE);
        }};
        ::WaitForSingleObject(issued.get(), INFINITE);
        const bool ended_early = receive.signalled();
        WHEN("that thread exits") {
            ::SetEvent(may_exit.get());
            issuer.join();
            THEN("the operation is over, cancelled, though its socket is open and its client is well") {
                CHECK(started == WSA_IO_PENDING);
                CHECK_FALSE(ended_early);
                REQUIRE(receive.signalled(longest_wait));
                DWORD bytes = 0;
                CHECK(receive.result(pair.server.get(), bytes) == WSA_OPERATION_ABORTED);
            }
        }
    }
}

SCENARIO("closesocket does not free the OVERLAPPED because its completion still comes") {
    GIVEN("a pending receive") {
        Operation receive;
        OverlappedPair pair;
        REQUIRE(receive.receive_from(pair.server.get()) == WSA_IO_PENDING);
        REQUIRE_FALSE(HasOverlappedIoCompleted(&receive.overlapped));
        WHEN("its socket is closed") {
            pair.server.reset();
            THEN("the event is signalled, and the kernel has written into the OVERLAPPED") {
                REQUIRE(receive.signalled(longest_wait));
                CHECK(HasOverlappedIoCompleted(&receive.overlapped));
                CHECK(receive.overlapped.Internal != 0);  // an error, not a success of 0 bytes
            }
        }
    }
    GIVEN("a pending receive, and the right order") {
        Operation receive;
        OverlappedPair pair;
        REQUIRE(receive.receive_from(pair.server.get()) == WSA_IO_PENDING);
        WHEN("it is cancelled, awaited, and only then the socket is closed") {
            REQUIRE(::CancelIoEx(reinterpret_cast<HANDLE>(pair.server.get()), &receive.overlapped));
            DWORD bytes = 0, flags = 0;
            const BOOL ok = ::WSAGetOverlappedResult(pair.server.get(), &receive.overlapped, &bytes, TRUE, &flags);
            const int error = ok ? 0 : ::WSAGetLastError();
            pair.server.reset();
            THEN("the end is known, 995, and the memory is ours again") {
                CHECK(error == WSA_OPERATION_ABORTED);
                CHECK(receive.signalled());
            }
        }
    }
}
