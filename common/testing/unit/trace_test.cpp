// The recorder changes nothing for the program that is recorded, and is not there when nothing is.

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "common/testing/overlapped_pair.h"
#include "common/trace/hooks.h"
#include "common/trace/import_table.h"
#include "common/trace/trace.h"
#include "common/winsock.h"

namespace {

using nlohmann::json;

class TraceTest : public testing::Test {
protected:
    ~TraceTest() override {
        std::error_code ignored;
        std::filesystem::remove(file_, ignored);
    }

    /// What `body` left in the trace, slices only.
    template <class Body>
    std::vector<json> slices(Body body, std::size_t records = 1000) {
        {
            course::trace::Trace trace(file_, records);
            body();
            trace.write("test");
        }
        std::ifstream in(file_, std::ios::binary);
        all_ = json::parse(in);
        std::vector<json> found;
        for (const json& event : all_.at("traceEvents"))
            if (event.at("ph") == "X") found.push_back(event);
        return found;
    }

    static std::vector<json> named(const std::vector<json>& slices, const char* name) {
        std::vector<json> found;
        for (const json& slice : slices)
            if (slice.at("name") == name) found.push_back(slice);
        return found;
    }

    std::filesystem::path file_ =
        std::filesystem::temp_directory_path() / ("trace_" + std::to_string(::GetCurrentProcessId()) + ".json");
    json all_;
};

TEST_F(TraceTest, OnlyWhileItLivesIsTheImportTableChanged) {
    const auto hooks = course::trace::hooks();
    EXPECT_EQ(course::trace::restore_imports(hooks), 0u) << "changed before there was a trace";
    {
        const course::trace::Trace trace(file_);
        const unsigned changed = course::trace::restore_imports(hooks);
        EXPECT_GT(changed, 10u);
        EXPECT_EQ(course::trace::patch_imports(hooks), changed);
    }
    EXPECT_EQ(course::trace::restore_imports(hooks), 0u) << "still changed";
}

// Each call's result and the last error behind it, which begins as one that no call sets.
std::vector<std::pair<long long, DWORD>> results_and_errors() {
    const course::OverlappedPair pair;
    std::vector<std::pair<long long, DWORD>> all;
    const auto note = [&](auto call) {
        ::SetLastError(0x2000BEEF);
        const auto result = static_cast<long long>(call());
        all.emplace_back(result, ::GetLastError());
    };
    const SOCKET server = pair.server.get();
    std::array<char, 16> bytes{};
    const UniqueEvent event;
    const HANDLE handle = event.get();
    u_long on = 1;
    note([&] { return ::recv(INVALID_SOCKET, bytes.data(), 1, 0); });
    note([&] { return ::send(server, "abc", 3, 0); });
    note([&] { return ::recv(pair.client.get(), bytes.data(), 3, 0); });
    note([&] { return ::ioctlsocket(server, static_cast<long>(FIONBIO), &on); });
    note([&] { return ::recv(server, bytes.data(), 1, 0); });  // there is nothing
    note([&] { return ::WaitForSingleObject(handle, 0); });
    note([&] { return ::SetEvent(handle); });
    note([&] { return ::WaitForMultipleObjects(1, &handle, FALSE, INFINITE); });
    note([&] { return ::WaitForSingleObject(nullptr, 0); });
    note([&] { return ::WSAEventSelect(server, nullptr, 0); });
    note([&] { return ::CancelIoEx(reinterpret_cast<HANDLE>(server), nullptr); });
    note([&] { return ::shutdown(server, SD_SEND); });
    note([&] { return ::shutdown(INVALID_SOCKET, SD_SEND); });
    note([&] { return ::closesocket(INVALID_SOCKET); });
    return all;
}

TEST_F(TraceTest, ResultsAndErrorsAreTheSame) {
    const auto without = results_and_errors();
    std::vector<std::pair<long long, DWORD>> with;
    const auto recorded = slices([&] { with = results_and_errors(); });
    EXPECT_EQ(with, without);
    const auto received = named(recorded, "recv");
    ASSERT_EQ(received.size(), 3u);
    EXPECT_EQ(received[0].at("args").at("error"), "WSAENOTSOCK");
    EXPECT_EQ(received[1].at("args").at("bytes"), 3);
    EXPECT_EQ(received[1].at("cat"), "wait");
    EXPECT_EQ(received[2].at("args").at("error"), "WSAEWOULDBLOCK");
    EXPECT_EQ(received[2].at("cat"), "call") << "a socket that does not block";
}

struct Noted {
    static inline std::vector<ULONG_PTR> apcs;
    static inline std::vector<std::pair<DWORD, DWORD>> routines;  // error and bytes
    static inline const OVERLAPPED* operation = nullptr;
};

void CALLBACK note_apc(ULONG_PTR data) { Noted::apcs.push_back(data); }

void CALLBACK note_other_apc(ULONG_PTR data) { Noted::apcs.push_back(1000 + data); }

void CALLBACK note_routine(DWORD error, DWORD bytes, LPWSAOVERLAPPED operation, DWORD) {
    Noted::routines.emplace_back(error, bytes);
    Noted::operation = operation;
}

TEST_F(TraceTest, ApcsReachTheFunctionTheyWereMeantFor) {
    Noted::apcs.clear();
    DWORD slept = 0;
    const auto recorded = slices([&] {
        ::QueueUserAPC(note_apc, ::GetCurrentThread(), 1);
        ::QueueUserAPC(note_other_apc, ::GetCurrentThread(), 2);
        ::QueueUserAPC(note_apc, ::GetCurrentThread(), 3);
        slept = ::SleepEx(INFINITE, TRUE);
    });
    EXPECT_EQ(slept, static_cast<DWORD>(WAIT_IO_COMPLETION));
    EXPECT_EQ(Noted::apcs, (std::vector<ULONG_PTR>{1, 1002, 3}));
    EXPECT_EQ(named(recorded, "APC").size(), 3u);
    ASSERT_EQ(named(recorded, "SleepEx").size(), 1u);
    EXPECT_EQ(named(recorded, "SleepEx")[0].at("args").at("outcome"), "WAIT_IO_COMPLETION");
}

TEST_F(TraceTest, CompletionRoutinesAreGivenWhatTheyShould) {
    Noted::routines.clear();
    const course::OverlappedPair pair;
    std::array<char, 16> buffer{};
    WSAOVERLAPPED operation{};
    const auto recorded = slices([&] {
        ASSERT_EQ(course::start_receive(pair.server.get(), buffer, operation, note_routine), WSA_IO_PENDING);
        pair.client_says("hello");
        while (Noted::routines.empty()) ::SleepEx(course::longest_wait, TRUE);
    });
    EXPECT_EQ(Noted::routines, (std::vector<std::pair<DWORD, DWORD>>{{0, 5}}));
    EXPECT_EQ(Noted::operation, &operation);
    const auto routines = named(recorded, "completion routine");
    ASSERT_EQ(routines.size(), 1u);
    EXPECT_EQ(routines[0].at("cat"), "callback");
    EXPECT_EQ(routines[0].at("args").at("bytes"), 5);
    const auto started = named(recorded, "WSARecv");
    ASSERT_EQ(started.size(), 1u);
    EXPECT_EQ(started[0].at("args").at("outcome"), "WSA_IO_PENDING");
    EXPECT_EQ(started[0].at("args").at("operation"), routines[0].at("args").at("operation"));
}

template <std::size_t index>
void CALLBACK note_numbered_apc(ULONG_PTR data) {
    Noted::apcs.push_back(data * 100 + index);
}

template <std::size_t... index>
std::vector<PAPCFUNC> numbered_apcs(std::index_sequence<index...>) {
    return {note_numbered_apc<index>...};
}

TEST_F(TraceTest, MoreRoutinesThanItCanStandInForAreStillCalled) {
    Noted::apcs.clear();
    // As many functions as the recorder could ever have room for, all different.
    const std::vector<PAPCFUNC> all = numbered_apcs(std::make_index_sequence<20>{});
    slices([&] {
        for (const PAPCFUNC apc : all) ::QueueUserAPC(apc, ::GetCurrentThread(), 7);
        ::SleepEx(INFINITE, TRUE);
    });
    ASSERT_EQ(Noted::apcs.size(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(Noted::apcs[i], 700 + i);
}

TEST_F(TraceTest, AFunctionThatWsaIoctlHandsOutIsRecordedToo) {
    const course::OverlappedPair pair;
    const auto recorded = slices([&] {
        GUID guid = WSAID_DISCONNECTEX;
        LPFN_DISCONNECTEX disconnect = nullptr;
        DWORD bytes = 0;
        ASSERT_EQ(::WSAIoctl(pair.server.get(), SIO_GET_EXTENSION_FUNCTION_POINTER, &guid, sizeof guid, &disconnect,
                             sizeof disconnect, &bytes, nullptr, nullptr),
                  0);
        ASSERT_NE(disconnect, nullptr);
        EXPECT_FALSE(disconnect(INVALID_SOCKET, nullptr, 0, 0));
    });
    const auto calls = named(recorded, "DisconnectEx");
    ASSERT_EQ(calls.size(), 1u);
    EXPECT_EQ(calls[0].at("args").at("error"), "WSAENOTSOCK");
}

TEST_F(TraceTest, AnArrowLeadsFromAPostToTheThreadThatTookThePacket) {
    OVERLAPPED operation{};
    const UniqueHandle port = course::make_port({});
    slices([&] {
        std::thread worker([&] { EXPECT_EQ(course::take_packet(port).operation, &operation); });
        ::PostQueuedCompletionStatus(port.get(), 5, 0, &operation);
        worker.join();
    });
    std::optional<json> begin, end;
    for (const json& event : all_.at("traceEvents")) {
        if (event.at("ph") == "s") begin = event;
        if (event.at("ph") == "f") end = event;
    }
    ASSERT_TRUE(begin && end);
    EXPECT_EQ(begin->at("id"), end->at("id"));
    EXPECT_EQ(begin->at("tid"), ::GetCurrentThreadId());
    EXPECT_NE(end->at("tid"), begin->at("tid"));
}

TEST_F(TraceTest, ItsMemoryIsBoundedAndWhatItLeftOutIsCounted) {
    const UniqueEvent event;
    const auto recorded = slices([&] {
        for (int i = 0; i < 1000; ++i) ::SetEvent(event.get());
    }, 128);
    EXPECT_EQ(recorded.size(), 128u);
    EXPECT_EQ(all_.at("otherData").at("dropped_calls"), 1000 - 128);
}

TEST_F(TraceTest, AFileThatCannotBeWrittenIsAnErrorAtOnce) {
    EXPECT_THROW(course::trace::Trace(file_ / "below a file that is not there" / "trace.json"), std::runtime_error);
    EXPECT_EQ(course::trace::restore_imports(course::trace::hooks()), 0u);
}

}  // namespace
