#include <gtest/gtest.h>

#include <array>
#include <future>
#include <map>
#include <optional>
#include <thread>

#include "06_iocp/full_server/completion_port.h"
#include "06_iocp/full_server/operation.h"
#include "06_iocp/full_server/tests/full_server.h"
#include "common/app.h"
#include "common/testing/test_client.h"

namespace {

constexpr DWORD patience = 20'000;  // milliseconds

// What is lent to the kernel here comes back to the test, not to a worker.
struct Lent final : Operation {
    void completed(Worker&) override {}
    std::array<char, 16> bytes{};
};

// An accepted connection on a port, with one receive in flight.
class Receiving {
public:
    explicit Receiving(const CompletionPort& port)
        : listener_(open_listener("127.0.0.1", 0)), client(port_of(listener_.get())) {
        socket.reset(::accept(listener_.get(), nullptr, nullptr));
        port.associate(socket.get());
        WSABUF wsabuf{static_cast<ULONG>(lent.bytes.size()), lent.bytes.data()};
        DWORD flags = 0;
        const int result = ::WSARecv(socket.get(), &wsabuf, 1, nullptr, &flags, &lent, nullptr);
        EXPECT_TRUE(result == SOCKET_ERROR && ::WSAGetLastError() == WSA_IO_PENDING);
    }

private:
    UniqueSocket listener_;

public:
    course::TestClient client;
    UniqueSocket socket;
    Lent lent;
};

class PortTest : public testing::Test {
protected:
    WinsockSession winsock;
    CompletionPort port;
    std::array<OVERLAPPED_ENTRY, 8> room{};
};

TEST_F(PortTest, NothingComesWhenTheTimeIsOver) { EXPECT_TRUE(port.wait(room, 0).empty()); }

TEST_F(PortTest, OwnPacketsKeepTheirOrderAndHaveNoOverlapped) {
    for (ULONG_PTR key = 1; key <= 8; ++key) port.post(key);
    ULONG_PTR expected = 1;
    while (expected <= 8) {
        const auto packets = port.wait(room, patience);
        ASSERT_FALSE(packets.empty());
        for (const OVERLAPPED_ENTRY& packet : packets) {
            EXPECT_EQ(packet.lpCompletionKey, expected++);
            EXPECT_EQ(packet.lpOverlapped, nullptr);
        }
    }
}

TEST_F(PortTest, TakesNoMoreThanThereIsRoomFor) {
    for (ULONG_PTR key = 1; key <= 3; ++key) port.post(key);
    std::array<OVERLAPPED_ENTRY, 2> small{};
    std::size_t taken = 0;
    while (taken < 3) {
        const auto packets = port.wait(small, patience);
        ASSERT_FALSE(packets.empty());
        ASSERT_LE(packets.size(), 2u);
        taken += packets.size();
    }
    EXPECT_TRUE(port.wait(small, 0).empty());
}

TEST_F(PortTest, PacketsOfOneBatchEachHaveTheirOwnStatus) {
    Receiving filled{port}, reset{port}, cancelled{port};
    filled.client.send("four");
    reset.client.reset();
    ASSERT_TRUE(::CancelIoEx(cancelled.socket.handle(), &cancelled.lent));
    port.post(7);

    std::map<OVERLAPPED*, int> seen;
    while (seen.size() < 4) {
        const auto packets = port.wait(room, patience);
        ASSERT_FALSE(packets.empty());
        for (const OVERLAPPED_ENTRY& packet : packets) ++seen[packet.lpOverlapped];
    }
    for (const auto& [overlapped, times] : seen) EXPECT_EQ(times, 1);
    EXPECT_EQ(seen.count(nullptr), 1u);

    DWORD bytes = 0;
    EXPECT_EQ(filled.lent.result(filled.socket.get(), bytes), 0);
    EXPECT_EQ(bytes, 4u);
    EXPECT_EQ(reset.lent.result(reset.socket.get(), bytes), WSAECONNRESET);
    EXPECT_EQ(cancelled.lent.result(cancelled.socket.get(), bytes), WSA_OPERATION_ABORTED);
}

TEST_F(PortTest, CancellingNothingHarmsNothing) {
    Receiving connection{port};
    connection.client.send("done");
    ASSERT_EQ(port.wait(room, patience).size(), 1u);
    ::CancelIoEx(connection.socket.handle(), &connection.lent);  // 1168 on Windows
    EXPECT_TRUE(port.wait(room, 0).empty());
}

TEST_F(PortTest, AClosedPortIsAnErrorForWhoWaitsAtIt) {
    if (course::running_under_wine() && course::wine_version() < 10)
        GTEST_SKIP() << "Wine 8 never wakes a thread that waits at a port which is closed";
    std::optional<CompletionPort> closed{std::in_place};
    std::promise<DWORD> code;
    std::promise<void> waits;
    std::thread waiter{[&] {
        const CompletionPort& p = *closed;
        std::array<OVERLAPPED_ENTRY, 1> one{};
        if (p.wait(one, patience).empty()) ADD_FAILURE() << "the first packet did not come";
        waits.set_value();
        try {
            static_cast<void>(p.wait(one, patience));
            code.set_value(0);
        } catch (const SystemError& error) {
            code.set_value(static_cast<DWORD>(error.code));
        }
    }};
    closed->post(1);
    waits.get_future().wait();
    closed.reset();  // before or in its second wait: either is an error, with different numbers
    const DWORD got = code.get_future().get();
    waiter.join();
    EXPECT_TRUE(got == ERROR_ABANDONED_WAIT_0 || got == ERROR_INVALID_HANDLE) << got;
}

}  // namespace
