#include "common/trace/hooks.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "common/trace/import_table.h"
#include "common/trace/recorder.h"
#include "common/winsock.h"

namespace trace {
namespace {

// Which sockets do not block, so that a recv can be told from a wait. Socket handles are small multiples of four.
std::array<std::atomic<bool>, 65536> g_nonblocking;

std::atomic<bool>& nonblocking(SOCKET socket) { return g_nonblocking[(socket / 4) % g_nonblocking.size()]; }

Kind kind_of_call_on(SOCKET socket) { return nonblocking(socket) ? Kind::call : Kind::wait; }

// Completion routines and APCs are given nothing of ours that could lead from the stand-in to the true function. So
// each true function gets a stand-in of its own, and a program that has more of them than there are stand-ins has the
// rest called directly.
constexpr std::size_t kRoutines = 8;

template <class Function>
std::array<std::atomic<Function>, kRoutines> g_routines;

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

constexpr auto kCompletionRoutines = []<std::size_t... index>(std::index_sequence<index...>) {
    return std::array<LPWSAOVERLAPPED_COMPLETION_ROUTINE, kRoutines>{completion_routine<index>...};
}(std::make_index_sequence<kRoutines>{});

constexpr auto kApcs = []<std::size_t... index>(std::index_sequence<index...>) {
    return std::array<PAPCFUNC, kRoutines>{apc<index>...};
}(std::make_index_sequence<kRoutines>{});

template <class Function>
Function stand_in(Function routine, const std::array<Function, kRoutines>& stand_ins) {
    for (std::size_t i = 0; i < kRoutines; ++i) {
        Function there = nullptr;
        if (g_routines<Function>[i].compare_exchange_strong(there, routine) || there == routine) return stand_ins[i];
    }
    return routine;
}

void wrap(LPWSAOVERLAPPED_COMPLETION_ROUTINE& routine) {
    if (routine) routine = stand_in(routine, kCompletionRoutines);
}

void wrap(PAPCFUNC& routine) {
    if (routine) routine = stand_in(routine, kApcs);
}

template <class Argument>
void wrap(Argument&) {}  // all others are passed on as they are

template <std::size_t size>
struct Name {
    consteval Name(const char (&name)[size]) { std::copy_n(name, size, text); }
    char text[size]{};
};

/// Stands in for the function of that name. `describe` is given the scope, the result and the arguments.
template <Name name, class Function, auto describe>
struct Hook;

template <Name name, class Result, class... Arguments, auto describe>
struct Hook<name, Result(WINAPI*)(Arguments...), describe> {
    using Function = Result(WINAPI*)(Arguments...);
    static inline std::atomic<Function> original = nullptr;

    static Result WINAPI call(Arguments... arguments) {
        Scope scope(name.text);
        (wrap(arguments), ...);
        const Result result = original.load(std::memory_order_relaxed)(arguments...);
        scope.returned();
        describe(scope, result, arguments...);
        return result;
    }
};

// What the calls have in common.

void transfer(Scope& scope, SOCKET socket, int result) {
    scope.record.kind = kind_of_call_on(socket);
    scope.record.socket = socket;
    scope.failed_if(result == SOCKET_ERROR);
    if (result != SOCKET_ERROR) scope.record.bytes = result;
}

void on_socket(Scope& scope, SOCKET socket, bool failed) {
    scope.record.socket = socket;
    scope.failed_if(failed);
}

// An operation of its own from here on, unless it failed at once. What the program lent it may be gone by now, if it
// has completed on another thread; only `bytes` is looked at, and only when the call itself has filled it.
void post(Scope& scope, SOCKET socket, const void* operation, bool succeeded, const DWORD* bytes) {
    const bool pending = !succeeded && scope.error() == WSA_IO_PENDING;
    on_socket(scope, socket, !succeeded && !pending);
    if (pending) scope.record.outcome = "WSA_IO_PENDING";
    if (succeeded && bytes) scope.record.bytes = *bytes;
    if (!operation) scope.record.kind = kind_of_call_on(socket);  // an ordinary call under another name
    if (!operation || (!succeeded && !pending)) return;
    scope.record.step = Step::post;
    scope.record.operation = operation;
}

void wait(Scope& scope, DWORD result, DWORD timeout, std::int64_t count = -1) {
    if (timeout != 0) scope.record.kind = Kind::wait;
    scope.record.count = count;
    scope.failed_if(result == WAIT_FAILED);
    if (result == WAIT_TIMEOUT) scope.record.outcome = "WAIT_TIMEOUT";
    if (result == WAIT_IO_COMPLETION) scope.record.outcome = "WAIT_IO_COMPLETION";
}

void complete(Scope& scope, const OVERLAPPED* operation, const DWORD* bytes) {
    scope.record.step = Step::completion;
    scope.record.operation = operation;
    if (bytes) scope.record.bytes = *bytes;
}

// One for each function. WSAIoctl hands out functions by address, which need not be those of the same name that
// mswsock.dll exports: they have stand-ins of their own.

constexpr auto describe_accept_ex = [](Scope& s, BOOL ok, SOCKET, SOCKET accepted, PVOID, DWORD, DWORD, DWORD,
                                       const DWORD* bytes,
                                       const OVERLAPPED* operation) { post(s, accepted, operation, ok, bytes); };
constexpr auto describe_connect_ex = [](Scope& s, BOOL ok, SOCKET socket, const sockaddr*, int, PVOID, DWORD,
                                        const DWORD* bytes,
                                        const OVERLAPPED* operation) { post(s, socket, operation, ok, bytes); };
constexpr auto describe_disconnect_ex = [](Scope& s, BOOL ok, SOCKET socket, const OVERLAPPED* operation, DWORD,
                                           DWORD) { post(s, socket, operation, ok, nullptr); };

using AcceptExHandedOut = Hook<"AcceptEx", LPFN_ACCEPTEX, describe_accept_ex>;
using ConnectExHandedOut = Hook<"ConnectEx", LPFN_CONNECTEX, describe_connect_ex>;
using DisconnectExHandedOut = Hook<"DisconnectEx", LPFN_DISCONNECTEX, describe_disconnect_ex>;

/// Puts the stand-in in place of a function that WSAIoctl has handed out.
template <class Hook>
void replace_handed_out(const GUID& asked_for, const GUID& guid, void* output) {
    if (std::memcmp(&asked_for, &guid, sizeof guid) != 0) return;
    typename Hook::Function given = nullptr, there = nullptr;
    std::memcpy(&given, output, sizeof given);
    if (!Hook::original.compare_exchange_strong(there, given) && there != given) return;  // another provider's
    given = &Hook::call;
    std::memcpy(output, &given, sizeof given);
}

constexpr auto describe_ioctl = [](Scope& s, int result, SOCKET socket, DWORD code, const void* input, DWORD in_size,
                                   void* output, DWORD out_size, auto...) {
    on_socket(s, socket, result != 0);
    if (result != 0 || code != SIO_GET_EXTENSION_FUNCTION_POINTER) return;
    if (in_size < sizeof(GUID) || out_size < sizeof(void*)) return;
    GUID guid{};
    std::memcpy(&guid, input, sizeof guid);
    replace_handed_out<AcceptExHandedOut>(guid, WSAID_ACCEPTEX, output);
    replace_handed_out<ConnectExHandedOut>(guid, WSAID_CONNECTEX, output);
    replace_handed_out<DisconnectExHandedOut>(guid, WSAID_DISCONNECTEX, output);
};

constexpr auto describe_accept = [](Scope& s, SOCKET accepted, SOCKET listener, auto...) {
    s.record.kind = kind_of_call_on(listener);
    on_socket(s, listener, accepted == INVALID_SOCKET);
    // "accept function": the new socket has the properties of the listening one.
    if (accepted != INVALID_SOCKET) nonblocking(accepted) = nonblocking(listener).load();
};

constexpr auto describe_new_socket = [](Scope& s, SOCKET socket, auto...) {
    on_socket(s, socket, socket == INVALID_SOCKET);
    if (socket != INVALID_SOCKET) nonblocking(socket) = false;
};

constexpr auto describe_dequeue_many = [](Scope& s, BOOL ok, HANDLE, const OVERLAPPED_ENTRY* entries, ULONG,
                                          const ULONG* taken, DWORD timeout, BOOL) {
    wait(s, ok ? WAIT_OBJECT_0 : s.error() == WAIT_TIMEOUT ? WAIT_TIMEOUT : WAIT_FAILED, timeout, ok ? *taken : 0);
    for (ULONG i = 0; ok && i < *taken; ++i) s.packet(entries[i].lpOverlapped, entries[i].dwNumberOfBytesTransferred);
};

constexpr auto describe_dequeue = [](Scope& s, BOOL ok, HANDLE, const DWORD* bytes, const ULONG_PTR*,
                                     OVERLAPPED* const* operation, DWORD timeout) {
    const bool packet = ok || *operation;  // FALSE with an OVERLAPPED: the packet of an operation that failed
    wait(s, packet ? WAIT_OBJECT_0 : s.error() == WAIT_TIMEOUT ? WAIT_TIMEOUT : WAIT_FAILED, timeout, packet ? 1 : 0);
    if (packet) complete(s, *operation, bytes);
    s.failed_if(!ok && s.error() != WAIT_TIMEOUT);
};

// Several functions that are told of in the same way.
constexpr auto describe_transfer = [](Scope& s, int result, SOCKET socket, auto...) { transfer(s, socket, result); };
constexpr auto describe_wsa_transfer = [](Scope& s, int result, SOCKET socket, const WSABUF*, DWORD, const DWORD* bytes,
                                          auto, const OVERLAPPED* operation,
                                          auto) { post(s, socket, operation, result == 0, bytes); };
constexpr auto describe_on_socket = [](Scope& s, int result, SOCKET socket, auto...) {
    on_socket(s, socket, result != 0);
};
constexpr auto describe_on_handle = [](Scope& s, BOOL ok, HANDLE file, auto...) {
    on_socket(s, reinterpret_cast<SOCKET>(file), !ok);
};
constexpr auto describe_wait_for_one = [](Scope& s, DWORD result, HANDLE, DWORD timeout, auto...) {
    wait(s, result, timeout, 1);
};
constexpr auto describe_wait_for_many = [](Scope& s, DWORD result, DWORD count, const HANDLE*, BOOL, DWORD timeout,
                                           auto...) { wait(s, result, timeout, count); };

/// Adds the stand-in for what this DLL exports, if the program has loaded the DLL.
template <Name name, class Function, auto describe>
void add(std::vector<Replacement>& all, const wchar_t* dll) {
    using Hook = Hook<name, Function, describe>;
    const HMODULE module = ::GetModuleHandleW(dll);
    void* const original = module ? reinterpret_cast<void*>(::GetProcAddress(module, name.text)) : nullptr;
    if (!original) return;
    Hook::original = reinterpret_cast<Function>(original);
    all.push_back({original, reinterpret_cast<void*>(&Hook::call)});
}

void add_winsock(std::vector<Replacement>& all) {
    constexpr auto dll = L"ws2_32.dll";
    add<"socket", decltype(&::socket), describe_new_socket>(all, dll);
    add<"WSASocketW", decltype(&::WSASocketW), describe_new_socket>(all, dll);
    add<"accept", decltype(&::accept), describe_accept>(all, dll);
    add<"recv", decltype(&::recv), describe_transfer>(all, dll);
    add<"send", decltype(&::send), describe_transfer>(all, dll);
    add<"WSARecv", decltype(&::WSARecv), describe_wsa_transfer>(all, dll);
    add<"WSASend", decltype(&::WSASend), describe_wsa_transfer>(all, dll);
    add<"WSAIoctl", decltype(&::WSAIoctl), describe_ioctl>(all, dll);
    add<"ioctlsocket", decltype(&::ioctlsocket), [](Scope& s, int result, SOCKET socket, long code, const u_long* on) {
        on_socket(s, socket, result != 0);
        if (result == 0 && code == static_cast<long>(FIONBIO)) nonblocking(socket) = *on != 0;
    }>(all, dll);
    add<"select", decltype(&::select),
        [](Scope& s, int ready, int, const fd_set*, const fd_set*, const fd_set*, const timeval* timeout) {
        const bool looks_only = timeout && timeout->tv_sec == 0 && timeout->tv_usec == 0;
        wait(s,
             ready == SOCKET_ERROR ? WAIT_FAILED
             : ready == 0          ? WAIT_TIMEOUT
                                   : WAIT_OBJECT_0,
             looks_only ? 0 : 1, ready);
    }>(all, dll);
    add<"WSAEventSelect", decltype(&::WSAEventSelect), [](Scope& s, int result, SOCKET socket, HANDLE, long events) {
        on_socket(s, socket, result != 0);
        if (result == 0 && events != 0) nonblocking(socket) = true;  // "WSAEventSelect function"
    }>(all, dll);
    add<"WSAEnumNetworkEvents", decltype(&::WSAEnumNetworkEvents), describe_on_socket>(all, dll);
    add<"WSAWaitForMultipleEvents", decltype(&::WSAWaitForMultipleEvents), describe_wait_for_many>(all, dll);
    add<"WSAGetOverlappedResult", decltype(&::WSAGetOverlappedResult),
        [](Scope& s, BOOL ok, SOCKET socket, const OVERLAPPED* operation, const DWORD* bytes, BOOL waits,
           const DWORD*) {
        if (waits) s.record.kind = Kind::wait;
        on_socket(s, socket, !ok);
        if (ok || s.error() != WSA_IO_INCOMPLETE) complete(s, operation, ok ? bytes : nullptr);
    }>(all, dll);
    add<"connect", decltype(&::connect), [](Scope& s, int result, SOCKET socket, auto...) {
        s.record.kind = kind_of_call_on(socket);
        on_socket(s, socket, result != 0);
    }>(all, dll);
    add<"shutdown", decltype(&::shutdown), describe_on_socket>(all, dll);
    add<"setsockopt", decltype(&::setsockopt), describe_on_socket>(all, dll);
    add<"closesocket", decltype(&::closesocket), describe_on_socket>(all, dll);
    constexpr auto mswsock = L"mswsock.dll";
    add<"AcceptEx", LPFN_ACCEPTEX, describe_accept_ex>(all, mswsock);
}

void add_windows(std::vector<Replacement>& all) {
    constexpr auto dll = L"kernel32.dll";
    add<"WaitForSingleObject", decltype(&::WaitForSingleObject), describe_wait_for_one>(all, dll);
    add<"WaitForSingleObjectEx", decltype(&::WaitForSingleObjectEx), describe_wait_for_one>(all, dll);
    add<"WaitForMultipleObjects", decltype(&::WaitForMultipleObjects), describe_wait_for_many>(all, dll);
    add<"SleepEx", decltype(&::SleepEx), [](Scope& s, DWORD result, DWORD timeout, BOOL) { wait(s, result, timeout); }>(
        all, dll);
    add<"QueueUserAPC", decltype(&::QueueUserAPC), [](Scope& s, DWORD ok, PAPCFUNC, HANDLE, ULONG_PTR data) {
        s.failed_if(!ok);
        s.record.step = Step::post;
        s.record.operation = reinterpret_cast<const void*>(data);
    }>(all, dll);
    add<"SetEvent", decltype(&::SetEvent), [](Scope& s, BOOL ok, HANDLE) { s.failed_if(!ok); }>(all, dll);
    add<"CancelIoEx", decltype(&::CancelIoEx), describe_on_handle>(all, dll);
    add<"CreateIoCompletionPort", decltype(&::CreateIoCompletionPort), [](Scope& s, HANDLE port, HANDLE file, auto...) {
        on_socket(s, reinterpret_cast<SOCKET>(file), !port);  // INVALID_HANDLE_VALUE: none, for both
    }>(all, dll);
    add<"PostQueuedCompletionStatus", decltype(&::PostQueuedCompletionStatus),
        [](Scope& s, BOOL ok, HANDLE, DWORD, ULONG_PTR, const OVERLAPPED* operation) {
        s.failed_if(!ok);
        s.record.step = Step::post;
        s.record.operation = operation;
    }>(all, dll);
    add<"GetQueuedCompletionStatus", decltype(&::GetQueuedCompletionStatus), describe_dequeue>(all, dll);
    add<"GetQueuedCompletionStatusEx", decltype(&::GetQueuedCompletionStatusEx), describe_dequeue_many>(all, dll);
    add<"SetFileCompletionNotificationModes", decltype(&::SetFileCompletionNotificationModes), describe_on_handle>(all,
                                                                                                                   dll);
}

}  // namespace

std::vector<Replacement> hooks() {
    std::vector<Replacement> all;
    add_winsock(all);
    add_windows(all);
    return all;
}

}  // namespace trace
