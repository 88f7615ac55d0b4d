#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "common/trace/recorder.h"
#include "common/winsock.h"  // IWYU pragma: keep

// What a call is remembered by. A struct here describes the calls of one function, or of several that are alike:
// describe() is given the scope of the call, its result and its arguments.
namespace course::trace {

// Which sockets do not block, so that a recv can be told from a wait. Socket handles are small multiples of four.
inline std::array<std::atomic<bool>, 65536> g_nonblocking;

inline std::atomic<bool>& nonblocking(SOCKET socket) { return g_nonblocking[(socket / 4) % g_nonblocking.size()]; }

inline Kind kind_of_call_on(SOCKET socket) { return nonblocking(socket) ? Kind::call : Kind::wait; }

// What the calls have in common.

inline void transfer(Scope& scope, SOCKET socket, int result) {
    scope.record.kind = kind_of_call_on(socket);
    scope.record.socket = socket;
    scope.failed_if(result == SOCKET_ERROR);
    if (result != SOCKET_ERROR) scope.record.bytes = result;
}

inline void on_socket(Scope& scope, SOCKET socket, bool failed) {
    scope.record.socket = socket;
    scope.failed_if(failed);
}

// An operation of its own from here on, unless it failed at once. What the program lent it may be gone by now, if it
// has completed on another thread; only `bytes` is looked at, and only when the call itself has filled it.
inline void post(Scope& scope, SOCKET socket, const void* operation, bool succeeded, const DWORD* bytes) {
    const bool pending = !succeeded && scope.error() == WSA_IO_PENDING;
    on_socket(scope, socket, !succeeded && !pending);
    if (pending) scope.record.outcome = "WSA_IO_PENDING";
    if (succeeded && bytes) scope.record.bytes = *bytes;
    if (!operation) scope.record.kind = kind_of_call_on(socket);  // an ordinary call under another name
    if (!operation || (!succeeded && !pending)) return;
    scope.record.step = Step::post;
    scope.record.operation = operation;
}

inline void wait(Scope& scope, DWORD result, DWORD timeout, std::int64_t count = -1) {
    if (timeout != 0) scope.record.kind = Kind::wait;
    scope.record.count = count;
    scope.failed_if(result == WAIT_FAILED);
    if (result == WAIT_TIMEOUT) scope.record.outcome = "WAIT_TIMEOUT";
    if (result == WAIT_IO_COMPLETION) scope.record.outcome = "WAIT_IO_COMPLETION";
}

inline void complete(Scope& scope, const OVERLAPPED* operation, const DWORD* bytes) {
    scope.record.step = Step::completion;
    scope.record.operation = operation;
    if (bytes) scope.record.bytes = *bytes;
}

// `Rest` are the arguments of no interest.

struct Transfer {
    template <class... Rest>
    static void describe(Scope& s, int result, SOCKET socket, Rest...) {
        transfer(s, socket, result);
    }
};

struct OverlappedTransfer {
    template <class Flags>  // by value or by address
    static void describe(Scope& s, int result, SOCKET socket, const WSABUF*, DWORD, const DWORD* bytes, Flags,
                         const OVERLAPPED* operation, LPWSAOVERLAPPED_COMPLETION_ROUTINE) {
        post(s, socket, operation, result == 0, bytes);
    }
};

struct OnSocket {
    template <class... Rest>
    static void describe(Scope& s, int result, SOCKET socket, Rest...) {
        on_socket(s, socket, result != 0);
    }
};

struct OnHandle {
    template <class... Rest>
    static void describe(Scope& s, BOOL ok, HANDLE file, Rest...) {
        on_socket(s, reinterpret_cast<SOCKET>(file), !ok);
    }
};

struct NewSocket {
    template <class... Rest>
    static void describe(Scope& s, SOCKET socket, Rest...) {
        on_socket(s, socket, socket == INVALID_SOCKET);
        if (socket != INVALID_SOCKET) nonblocking(socket) = false;
    }
};

struct WaitForOne {
    template <class... Rest>
    static void describe(Scope& s, DWORD result, HANDLE, DWORD timeout, Rest...) {
        wait(s, result, timeout, 1);
    }
};

struct WaitForMany {
    template <class... Rest>
    static void describe(Scope& s, DWORD result, DWORD count, const HANDLE*, BOOL, DWORD timeout, Rest...) {
        wait(s, result, timeout, count);
    }
};

struct AcceptEx {
    static void describe(Scope& s, BOOL ok, SOCKET, SOCKET accepted, PVOID, DWORD, DWORD, DWORD, const DWORD* bytes,
                         const OVERLAPPED* operation) {
        post(s, accepted, operation, ok, bytes);
    }
};

struct ConnectEx {
    static void describe(Scope& s, BOOL ok, SOCKET socket, const sockaddr*, int, PVOID, DWORD, const DWORD* bytes,
                         const OVERLAPPED* operation) {
        post(s, socket, operation, ok, bytes);
    }
};

struct DisconnectEx {
    static void describe(Scope& s, BOOL ok, SOCKET socket, const OVERLAPPED* operation, DWORD, DWORD) {
        post(s, socket, operation, ok, nullptr);
    }
};

struct Accept {
    static void describe(Scope& s, SOCKET accepted, SOCKET listener, const sockaddr*, const int*) {
        s.record.kind = kind_of_call_on(listener);
        on_socket(s, listener, accepted == INVALID_SOCKET);
        // "accept function": the new socket has the properties of the listening one.
        if (accepted != INVALID_SOCKET) nonblocking(accepted) = nonblocking(listener).load();
    }
};

struct Connect {
    static void describe(Scope& s, int result, SOCKET socket, const sockaddr*, int) {
        s.record.kind = kind_of_call_on(socket);
        on_socket(s, socket, result != 0);
    }
};

struct IoctlSocket {
    static void describe(Scope& s, int result, SOCKET socket, long code, const u_long* on) {
        on_socket(s, socket, result != 0);
        if (result == 0 && code == static_cast<long>(FIONBIO)) nonblocking(socket) = *on != 0;
    }
};

struct Select {
    static void describe(Scope& s, int ready, int, const fd_set*, const fd_set*, const fd_set*,
                         const timeval* timeout) {
        const bool looks_only = timeout && timeout->tv_sec == 0 && timeout->tv_usec == 0;
        wait(s,
             ready == SOCKET_ERROR ? WAIT_FAILED
             : ready == 0          ? WAIT_TIMEOUT
                                   : WAIT_OBJECT_0,
             looks_only ? 0 : 1, ready);
    }
};

struct EventSelect {
    static void describe(Scope& s, int result, SOCKET socket, HANDLE, long events) {
        on_socket(s, socket, result != 0);
        if (result == 0 && events != 0) nonblocking(socket) = true;  // "WSAEventSelect function"
    }
};

struct GetOverlappedResult {
    static void describe(Scope& s, BOOL ok, SOCKET socket, const OVERLAPPED* operation, const DWORD* bytes, BOOL waits,
                         const DWORD*) {
        if (waits) s.record.kind = Kind::wait;
        on_socket(s, socket, !ok);
        if (ok || s.error() != WSA_IO_INCOMPLETE) complete(s, operation, ok ? bytes : nullptr);
    }
};

struct AlertableSleep {
    static void describe(Scope& s, DWORD result, DWORD timeout, BOOL) { wait(s, result, timeout); }
};

struct QueueApc {
    static void describe(Scope& s, DWORD ok, PAPCFUNC, HANDLE, ULONG_PTR data) {
        s.failed_if(!ok);
        s.record.step = Step::post;
        s.record.operation = reinterpret_cast<const void*>(data);
    }
};

struct SignalEvent {
    static void describe(Scope& s, BOOL ok, HANDLE) { s.failed_if(!ok); }
};

struct CreatePort {
    static void describe(Scope& s, HANDLE port, HANDLE file, HANDLE, ULONG_PTR, DWORD) {
        on_socket(s, reinterpret_cast<SOCKET>(file), !port);  // INVALID_HANDLE_VALUE: none, for both
    }
};

struct PostPacket {
    static void describe(Scope& s, BOOL ok, HANDLE, DWORD, ULONG_PTR, const OVERLAPPED* operation) {
        s.failed_if(!ok);
        s.record.step = Step::post;
        s.record.operation = operation;
    }
};

struct TakePacket {
    static void describe(Scope& s, BOOL ok, HANDLE, const DWORD* bytes, const ULONG_PTR*, OVERLAPPED* const* operation,
                         DWORD timeout) {
        const bool packet = ok || *operation;  // FALSE with an OVERLAPPED: the packet of an operation that failed
        wait(s,
             packet                      ? WAIT_OBJECT_0
             : s.error() == WAIT_TIMEOUT ? WAIT_TIMEOUT
                                         : WAIT_FAILED,
             timeout, packet ? 1 : 0);
        if (packet) complete(s, *operation, bytes);
        s.failed_if(!ok && s.error() != WAIT_TIMEOUT);
    }
};

struct TakePackets {
    static void describe(Scope& s, BOOL ok, HANDLE, const OVERLAPPED_ENTRY* entries, ULONG, const ULONG* taken,
                         DWORD timeout, BOOL) {
        wait(s, ok ? WAIT_OBJECT_0 : s.error() == WAIT_TIMEOUT ? WAIT_TIMEOUT : WAIT_FAILED, timeout, ok ? *taken : 0);
        for (ULONG i = 0; ok && i < *taken; ++i)
            s.packet(entries[i].lpOverlapped, entries[i].dwNumberOfBytesTransferred);
    }
};

}  // namespace course::trace
