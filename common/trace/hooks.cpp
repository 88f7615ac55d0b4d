#include "common/trace/hooks.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "common/trace/calls.h"
#include "common/trace/import_table.h"
#include "common/trace/recorder.h"
#include "common/winsock.h"

namespace course::trace {
namespace {

// Completion routines and APCs are given nothing of ours that could lead from the stand-in to the true function. So
// each true function gets a stand-in of its own, and a program that has more of them than there are stand-ins has the
// rest called directly.
constexpr std::size_t routine_count = 8;

template <class Function>
std::array<std::atomic<Function>, routine_count> g_routines;

template <std::size_t index>
void CALLBACK completion_routine(DWORD error, DWORD bytes, LPWSAOVERLAPPED overlapped, DWORD flags) {
    Scope scope("completion routine", Kind::callback);
    scope.record.step = Step::completion;
    scope.record.operation = overlapped;
    scope.record.bytes = bytes;
    g_routines<LPWSAOVERLAPPED_COMPLETION_ROUTINE>[index].load()(error, bytes, overlapped, flags);
    scope.returned();
    scope.record.error = error;
}

template <std::size_t index>
void CALLBACK apc(ULONG_PTR data) {
    Scope scope("APC", Kind::callback);
    scope.record.step = Step::completion;
    scope.record.operation = reinterpret_cast<const void*>(data);
    g_routines<PAPCFUNC>[index].load()(data);
    scope.returned();
}

template <std::size_t... index>
constexpr std::array<LPWSAOVERLAPPED_COMPLETION_ROUTINE, routine_count> completion_routines(
    std::index_sequence<index...>) {
    return {completion_routine<index>...};
}

template <std::size_t... index>
constexpr std::array<PAPCFUNC, routine_count> apcs(std::index_sequence<index...>) {
    return {apc<index>...};
}

template <class Function>
Function stand_in(Function routine, const std::array<Function, routine_count>& stand_ins) {
    for (std::size_t i = 0; i < routine_count; ++i) {
        Function there = nullptr;
        if (g_routines<Function>[i].compare_exchange_strong(there, routine) || there == routine) return stand_ins[i];
    }
    return routine;
}

void wrap(LPWSAOVERLAPPED_COMPLETION_ROUTINE& routine) {
    if (routine) routine = stand_in(routine, completion_routines(std::make_index_sequence<routine_count>{}));
}

void wrap(PAPCFUNC& routine) {
    if (routine) routine = stand_in(routine, apcs(std::make_index_sequence<routine_count>{}));
}

template <class Argument>
void wrap(Argument&) {}  // all others are passed on as they are

/// Stands in for one function. `Tag` makes a type of its own of each; `Description` is one of the structs in calls.h.
template <class Tag, class Description, class Function>
struct Hook;

template <class Tag, class Description, class Result, class... Arguments>
struct Hook<Tag, Description, Result(WINAPI*)(Arguments...)> {
    using Function = Result(WINAPI*)(Arguments...);
    static inline std::atomic<const char*> name = nullptr;
    static inline std::atomic<Function> original = nullptr;

    static Result WINAPI call(Arguments... arguments) {
        Scope scope(name.load(std::memory_order_relaxed));
        (wrap(arguments), ...);
        const Result result = original.load(std::memory_order_relaxed)(arguments...);
        scope.returned();
        Description::describe(scope, result, arguments...);
        return result;
    }
};

struct HandedOutTag;

/// Puts the stand-in in place of a function that WSAIoctl has handed out: by address, which need not be that of the
/// function of the same name that mswsock.dll exports.
template <class Description, class Function>
void replace_handed_out(const char* name, const GUID& asked_for, const GUID& guid, void* output) {
    using HandedOut = Hook<HandedOutTag, Description, Function>;
    if (std::memcmp(&asked_for, &guid, sizeof guid) != 0) return;
    Function given = nullptr, there = nullptr;
    std::memcpy(&given, output, sizeof given);
    HandedOut::name = name;
    if (!HandedOut::original.compare_exchange_strong(there, given) && there != given) return;  // another provider's
    given = &HandedOut::call;
    std::memcpy(output, &given, sizeof given);
}

struct Ioctl {
    template <class... Rest>
    static void describe(Scope& s, int result, SOCKET socket, DWORD code, const void* input, DWORD in_size,
                         void* output, DWORD out_size, Rest...) {
        on_socket(s, socket, result != 0);
        if (result != 0 || code != SIO_GET_EXTENSION_FUNCTION_POINTER) return;
        if (in_size < sizeof(GUID) || out_size < sizeof(void*)) return;
        GUID guid{};
        std::memcpy(&guid, input, sizeof guid);
        replace_handed_out<AcceptEx, LPFN_ACCEPTEX>("AcceptEx", guid, WSAID_ACCEPTEX, output);
        replace_handed_out<ConnectEx, LPFN_CONNECTEX>("ConnectEx", guid, WSAID_CONNECTEX, output);
        replace_handed_out<DisconnectEx, LPFN_DISCONNECTEX>("DisconnectEx", guid, WSAID_DISCONNECTEX, output);
    }
};

std::atomic<decltype(&::SetThreadDescription)> g_set_thread_description;

/// Not recorded as a call: it gives the thread its name in the picture.
HRESULT WINAPI set_thread_description(HANDLE thread, PCWSTR name) {
    const HRESULT result = g_set_thread_description.load()(thread, name);
    const DWORD error = ::GetLastError();
    ThreadLog* const log = this_threads_log();
    if (log && thread == ::GetCurrentThread()) log->set_name(to_utf8(name));
    ::SetLastError(error);
    return result;
}

/// Adds the stand-in for what this DLL exports under that name, if the program has loaded the DLL.
/// @param function  names the type; the pointer itself is of no interest
template <class Tag, class Description, class Function>
void add(std::vector<Replacement>& all, const wchar_t* dll, const char* name, [[maybe_unused]] Function function) {
    using Exported = Hook<Tag, Description, Function>;
    void* const original = find_function(dll, name);
    if (!original) return;
    Exported::name = name;
    Exported::original = reinterpret_cast<Function>(original);
    all.push_back({original, reinterpret_cast<void*>(&Exported::call)});
}

void add_winsock(std::vector<Replacement>& all) {
    constexpr auto dll = L"ws2_32.dll";
    add<struct Socket, NewSocket>(all, dll, "socket", &::socket);
    add<struct WsaSocket, NewSocket>(all, dll, "WSASocketW", &::WSASocketW);
    add<struct AcceptTag, Accept>(all, dll, "accept", &::accept);
    add<struct Recv, Transfer>(all, dll, "recv", &::recv);
    add<struct Send, Transfer>(all, dll, "send", &::send);
    add<struct WsaRecv, OverlappedTransfer>(all, dll, "WSARecv", &::WSARecv);
    add<struct WsaSend, OverlappedTransfer>(all, dll, "WSASend", &::WSASend);
    add<struct WsaIoctl, Ioctl>(all, dll, "WSAIoctl", &::WSAIoctl);
    add<struct IoctlSocketTag, IoctlSocket>(all, dll, "ioctlsocket", &::ioctlsocket);
    add<struct SelectTag, Select>(all, dll, "select", &::select);
    add<struct WsaEventSelect, EventSelect>(all, dll, "WSAEventSelect", &::WSAEventSelect);
    add<struct WsaEnumNetworkEvents, OnSocket>(all, dll, "WSAEnumNetworkEvents", &::WSAEnumNetworkEvents);
    add<struct WsaWait, WaitForMany>(all, dll, "WSAWaitForMultipleEvents", &::WSAWaitForMultipleEvents);
    add<struct WsaGetResult, GetOverlappedResult>(all, dll, "WSAGetOverlappedResult", &::WSAGetOverlappedResult);
    add<struct ConnectTag, Connect>(all, dll, "connect", &::connect);
    add<struct Shutdown, OnSocket>(all, dll, "shutdown", &::shutdown);
    add<struct SetSockOpt, OnSocket>(all, dll, "setsockopt", &::setsockopt);
    add<struct CloseSocket, OnSocket>(all, dll, "closesocket", &::closesocket);
    add<struct ExportedAcceptEx, AcceptEx>(all, L"mswsock.dll", "AcceptEx", LPFN_ACCEPTEX{});
}

void add_windows(std::vector<Replacement>& all) {
    constexpr auto dll = L"kernel32.dll";
    void* const naming = find_function(dll, "SetThreadDescription");
    g_set_thread_description = reinterpret_cast<decltype(&::SetThreadDescription)>(naming);
    if (naming) all.push_back({naming, reinterpret_cast<void*>(&set_thread_description)});
    add<struct WaitOne, WaitForOne>(all, dll, "WaitForSingleObject", &::WaitForSingleObject);
    add<struct WaitOneEx, WaitForOne>(all, dll, "WaitForSingleObjectEx", &::WaitForSingleObjectEx);
    add<struct WaitMany, WaitForMany>(all, dll, "WaitForMultipleObjects", &::WaitForMultipleObjects);
    add<struct SleepTag, AlertableSleep>(all, dll, "SleepEx", &::SleepEx);
    add<struct QueueTag, QueueApc>(all, dll, "QueueUserAPC", &::QueueUserAPC);
    add<struct SignalTag, SignalEvent>(all, dll, "SetEvent", &::SetEvent);
    add<struct Cancel, OnHandle>(all, dll, "CancelIoEx", &::CancelIoEx);
    add<struct CreateTag, CreatePort>(all, dll, "CreateIoCompletionPort", &::CreateIoCompletionPort);
    add<struct PostTag, PostPacket>(all, dll, "PostQueuedCompletionStatus", &::PostQueuedCompletionStatus);
    add<struct TakeTag, TakePacket>(all, dll, "GetQueuedCompletionStatus", &::GetQueuedCompletionStatus);
    add<struct TakeManyTag, TakePackets>(all, dll, "GetQueuedCompletionStatusEx", &::GetQueuedCompletionStatusEx);
    add<struct SkipTag, OnHandle>(all, dll, "SetFileCompletionNotificationModes",
                                  &::SetFileCompletionNotificationModes);
}

}  // namespace

std::vector<Replacement> hooks() {
    std::vector<Replacement> all;
    add_winsock(all);
    add_windows(all);
    return all;
}

}  // namespace course::trace
