#pragma once

// The order matters: winsock2.h before windows.h, or that one brings in the old winsock.h.
// clang-format off
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <windows.h>
// clang-format on

#include <string>
#include <string_view>
#include <utility>

/// Winsock is ready to use while this object lives. "WSAStartup function": each success needs a WSACleanup.
class WinsockSession {
public:
    WinsockSession();
    ~WinsockSession() { ::WSACleanup(); }
    WinsockSession(const WinsockSession&) = delete;
    WinsockSession& operator=(const WinsockSession&) = delete;
};

/// Owns a socket and closes it exactly once.
class UniqueSocket {
public:
    UniqueSocket() = default;
    explicit UniqueSocket(SOCKET socket) : socket_(socket) {}
    UniqueSocket(UniqueSocket&& other) noexcept : socket_(other.release()) {}
    UniqueSocket& operator=(UniqueSocket&& other) noexcept {
        if (this != &other) reset(other.release());
        return *this;
    }
    ~UniqueSocket() { reset(); }

    [[nodiscard]] SOCKET get() const { return socket_; }
    explicit operator bool() const { return socket_ != INVALID_SOCKET; }  // not `>= 0`: SOCKET is unsigned
    SOCKET release() { return std::exchange(socket_, INVALID_SOCKET); }
    void reset(SOCKET socket = INVALID_SOCKET) {
        if (socket_ != INVALID_SOCKET) ::closesocket(socket_);
        socket_ = socket;
    }

private:
    SOCKET socket_ = INVALID_SOCKET;
};

#ifndef SOMAXCONN_HINT            // MinGW-w64 lacks it
#define SOMAXCONN_HINT(b) (-(b))  // for listen(): a backlog of so many, where SOMAXCONN would be about 200
#endif

/// Owns a kernel handle whose "none" is a null pointer (events, threads, completion ports), and closes it exactly once.
class UniqueHandle {
public:
    UniqueHandle() = default;
    explicit UniqueHandle(HANDLE handle) : handle_(handle) {}
    UniqueHandle(UniqueHandle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    UniqueHandle& operator=(UniqueHandle&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~UniqueHandle() {
        if (handle_) ::CloseHandle(handle_);
    }

    [[nodiscard]] HANDLE get() const { return handle_; }
    explicit operator bool() const { return handle_ != nullptr; }

private:
    HANDLE handle_ = nullptr;
};

enum class Reset {
    automatic,  ///< a wait that it ends takes the signal away
    manual      ///< it stays signalled until ResetEvent (or the next overlapped operation) takes it back
};

/// An event object, not signalled at first. A WSAEVENT is a HANDLE, so it serves Winsock as well.
class UniqueEvent : public UniqueHandle {
public:
    /// @throws SystemError when the system has none left
    explicit UniqueEvent(Reset reset = Reset::automatic);
};

/// AF_INET or AF_INET6.
/// @throws SystemError
int address_family_of(SOCKET socket);

/// An unconnected TCP socket, ready for overlapped I/O and for AcceptEx.
/// @throws SystemError
UniqueSocket make_socket(int address_family);

/// The same, of the address family of `other`.
/// @throws SystemError
UniqueSocket make_socket_like(SOCKET other);

/// A handle of the calling thread that other threads can use. GetCurrentThread returns a pseudo handle: each thread
/// that uses it means itself ("GetCurrentThread function").
/// @throws SystemError
UniqueHandle this_thread();

/// "127.0.0.1:9000" or "[::1]:9000".
std::string to_string(const sockaddr_storage& address);

std::string to_utf8(std::wstring_view wide);
