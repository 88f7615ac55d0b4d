#pragma once

// The order matters: winsock2.h before windows.h, or that one brings in the old winsock.h.
// clang-format off
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <windows.h>
// clang-format on

#ifdef __MINGW32__  // an old one does not declare it
extern "C" __declspec(dllimport) HRESULT WINAPI SetThreadDescription(HANDLE thread, PCWSTR description);
#endif

#include <memory>
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
    [[nodiscard]] HANDLE handle() const { return reinterpret_cast<HANDLE>(socket_); }  ///< for CancelIoEx and its like
    explicit operator bool() const { return socket_ != INVALID_SOCKET; }               // not `>= 0`: SOCKET is unsigned
    SOCKET release() { return std::exchange(socket_, INVALID_SOCKET); }
    void reset(SOCKET socket = INVALID_SOCKET) {
        if (socket_ != INVALID_SOCKET) ::closesocket(socket_);
        socket_ = socket;
    }

private:
    SOCKET socket_ = INVALID_SOCKET;
};

/// Owns a kernel handle whose "none" is a null pointer (events, threads, completion ports), and closes it exactly once.
struct CloseHandleOf {
    void operator()(HANDLE handle) const { ::CloseHandle(handle); }
};
using UniqueHandle = std::unique_ptr<void, CloseHandleOf>;

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

std::string to_utf8(std::wstring_view wide);

/// Runs `action` on every way out of a block: return, break or exception.
template <class Action>
class Finally {
public:
    explicit Finally(Action action) : action_(std::move(action)) {}
    ~Finally() { action_(); }
    Finally(const Finally&) = delete;
    Finally& operator=(const Finally&) = delete;

private:
    Action action_;
};
