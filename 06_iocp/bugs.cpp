// What a completion port refuses, and what it leaves to us: the wrong code, its harm, and the right way next to it.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/testing/overlapped_pair.h"
#include "common/winsock.h"

#include <tlhelp32.h>

using namespace course;

namespace {

struct Operation : OVERLAPPED {
    std::array<char, 16> buffer{};

    int receive_from(SOCKET socket, HANDLE event = nullptr) {
        static_cast<OVERLAPPED&>(*this) = {};
        hEvent = event;
        return start_receive(socket, buffer, *this);
    }
};

void CALLBACK never_called(DWORD, DWORD, WSAOVERLAPPED*, DWORD) { FAIL("a routine has been called"); }

int threads_of_this_process() {
    const UniqueHandle snapshot{::CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0)};
    THREADENTRY32 thread{};
    thread.dwSize = sizeof thread;
    int count = 0;
    for (BOOL more = ::Thread32First(snapshot.get(), &thread); more; more = ::Thread32Next(snapshot.get(), &thread))
        count += thread.th32OwnerProcessID == ::GetCurrentProcessId();
    return count;
}

}  // namespace

SCENARIO("a port creates no thread and calls nothing") {
    Operation receive;
    const OverlappedPair pair;
    const int before = threads_of_this_process();
    REQUIRE(before > 0);
    WHEN("a port is created, a socket associated, and an operation completes") {
        const UniqueHandle port = make_port({pair.server.get()});
        REQUIRE(receive.receive_from(pair.server.get()) == WSA_IO_PENDING);
        pair.client_says("hello");
        THEN("there are no more threads than before, and the packet waits until one of ours asks for it") {
            CHECK(threads_of_this_process() <= before);
            CHECK(take_packet(port).operation == &receive);
        }
    }
}

SCENARIO("a completion routine on an associated socket is refused") {
    Operation receive{};
    const OverlappedPair pair;
    const UniqueHandle port = make_port({pair.server.get()});
    WHEN("a receive is started with a routine") {
        const int error = start_receive(pair.server.get(), receive.buffer, receive, never_called);
        THEN("it fails with 10022: callbacks and a port exclude each other") { CHECK(error == WSAEINVAL); }
    }
}

SCENARIO("the low bit of hEvent suppresses the packet") {
    Operation receive;
    const OverlappedPair pair;
    const UniqueHandle port = make_port({pair.server.get()});
    const UniqueEvent event{Reset::manual};
    WHEN("an operation brings an event") {
        REQUIRE(receive.receive_from(pair.server.get(), event.get()) == WSA_IO_PENDING);
        pair.client_says("hello");
        THEN("the event is signalled, and a packet comes as well") {
            CHECK(signalled(event, longest_wait));
            CHECK(take_packet(port).operation == &receive);
        }
    }
    WHEN("the lowest bit of its handle is set") {
        const auto tagged = reinterpret_cast<HANDLE>(reinterpret_cast<ULONG_PTR>(event.get()) | 1);
        REQUIRE(receive.receive_from(pair.server.get(), tagged) == WSA_IO_PENDING);
        pair.client_says("hello");
        THEN("the event alone tells") {
            CHECK(signalled(event, longest_wait));
            CHECK(take_packet(port, 100).operation == nullptr);
        }
    }
}

SCENARIO("a synchronous call on an associated socket works and posts no packet") {
    const OverlappedPair pair;
    const UniqueHandle port = make_port({pair.server.get()});
    WHEN("plain recv and send are used") {
        pair.client_says("hello");
        std::array<char, 16> buffer{};
        const int got = ::recv(pair.server.get(), buffer.data(), 16, 0);
        const int sent = ::send(pair.server.get(), "bye", 3, 0);
        THEN("they do their work, and the port hears nothing of it") {
            CHECK(got == 5);
            CHECK(sent == 3);
            CHECK(pair.client_hears() == "bye");
            CHECK(take_packet(port, 100).error == WAIT_TIMEOUT);
        }
    }
}

SCENARIO("an immediate success still posts a packet unless the handle is told to skip it") {
    Operation receive;
    const OverlappedPair pair;
    const UniqueHandle port = make_port({pair.server.get()});
    pair.client_says("hello");
    REQUIRE(pair.data_has_arrived());
    WHEN("the receive is done when the call returns") {
        REQUIRE(receive.receive_from(pair.server.get()) == 0);
        THEN("its packet comes: whoever handles it at once handles it twice") {
            CHECK(take_packet(port).operation == &receive);
        }
    }
    WHEN("the handle skips packets of immediate successes") {
        REQUIRE(::SetFileCompletionNotificationModes(reinterpret_cast<HANDLE>(pair.server.get()),
                                                     FILE_SKIP_COMPLETION_PORT_ON_SUCCESS));
        REQUIRE(receive.receive_from(pair.server.get()) == 0);
        THEN("none comes: whoever waits for it waits for ever") { CHECK(take_packet(port, 100).error == WAIT_TIMEOUT); }
    }
}

SCENARIO("the packet can overtake the return of the call that started the operation") {
    GIVEN("a connection that lives until its receive is handled, and a worker at the port") {
        const OverlappedPair pair;
        const UniqueHandle port = make_port({pair.server.get()});
        auto owned = std::make_shared<Operation>();
        const std::weak_ptr<Operation> observer = owned;
        Operation& receive = *owned;
        const UniqueEvent handled;
        std::thread worker{[&] {
            take_packet(port);
            owned.reset();  // served, left, deleted
            ::SetEvent(handled.get());
        }};
        pair.client_says("hello");
        REQUIRE(pair.data_has_arrived());
        WHEN("the receive is started, and this thread happens to lose the processor right after the call") {
            const int started = receive.receive_from(pair.server.get());
            ::WaitForSingleObject(handled.get(), INFINITE);
            worker.join();
            THEN("in the next line the connection is gone, though the call has only just returned") {
                CHECK(started == 0);
                CHECK(observer.expired());
            }
        }
    }
}

SCENARIO("FALSE from the wait can still bring a packet") {
    Operation receive;
    OverlappedPair pair;
    const UniqueHandle port = make_port({pair.server.get()});
    WHEN("nothing has come in time") {
        const Packet packet = take_packet(port, 0);
        THEN("there is no OVERLAPPED: whoever uses it uses a null pointer") {
            CHECK_FALSE(packet.ok);
            CHECK(packet.error == WAIT_TIMEOUT);
            CHECK(packet.operation == nullptr);
        }
    }
    WHEN("the client resets the connection under a pending receive") {
        REQUIRE(receive.receive_from(pair.server.get()) == WSA_IO_PENDING);
        const linger at_once{1, 0};
        ::setsockopt(pair.client.get(), SOL_SOCKET, SO_LINGER, reinterpret_cast<const char*>(&at_once), sizeof at_once);
        pair.client.reset();
        const Packet packet = take_packet(port);
        THEN("there is one, with an error: whoever ignores it never closes that connection") {
            CHECK_FALSE(packet.ok);
            CHECK(packet.error == ERROR_NETNAME_DELETED);
            CHECK(packet.operation == &receive);
        }
    }
}

SCENARIO("two receives in flight can be handled in the wrong order") {
    GIVEN("two receives on one connection, and two threads at the port") {
        Operation first, second;
        const OverlappedPair pair;
        const UniqueHandle port = make_port({pair.server.get()});
        REQUIRE(first.receive_from(pair.server.get()) == WSA_IO_PENDING);
        REQUIRE(second.receive_from(pair.server.get()) == WSA_IO_PENDING);
        std::string written;
        WHEN("the thread with the first packet is held up") {
            const UniqueEvent taken, may_go_on;
            std::thread slow{[&] {
                const Packet packet = take_packet(port);
                ::SetEvent(taken.get());
                ::WaitForSingleObject(may_go_on.get(), INFINITE);
                written += static_cast<Operation*>(packet.operation)->buffer.data();
            }};
            pair.client_says("first ");
            ::WaitForSingleObject(taken.get(), INFINITE);
            pair.client_says("second ");
            written += static_cast<Operation*>(take_packet(port).operation)->buffer.data();
            ::SetEvent(may_go_on.get());
            slow.join();
            THEN("the bytes come out in another order than they came in") { CHECK(written == "second first "); }
        }
    }
}

SCENARIO("one posted packet stops one thread") {
    GIVEN("three threads that end with the next packet") {
        const UniqueHandle port = make_port({});
        const UniqueEvent ended;
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i) {
            threads.emplace_back([&] {
                const Packet packet = take_packet(port, INFINITE);
                if (packet.ok && packet.key == 42) ::SetEvent(ended.get());
            });
        }
        WHEN("a single packet is posted to stop them") {
            ::PostQueuedCompletionStatus(port.get(), 0, 42, nullptr);
            THEN("one of them ends, and the others wait on until each has got its own") {
                CHECK(signalled(ended, longest_wait));
                CHECK_FALSE(signalled(ended, 100));
                ::PostQueuedCompletionStatus(port.get(), 0, 42, nullptr);
                CHECK(signalled(ended, longest_wait));
                ::PostQueuedCompletionStatus(port.get(), 0, 42, nullptr);
                CHECK(signalled(ended, longest_wait));
            }
            for (auto& thread : threads) thread.join();
        }
    }
}
