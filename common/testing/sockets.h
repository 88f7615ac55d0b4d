#pragma once

#include <chrono>

#include "common/app.h"
#include "common/process/eventually.h"  // IWYU pragma: export

/// What the claims of several chapters need to set a stage with raw sockets. Nothing in here is what a claim is about.
namespace course {

/// Winsock is ready to use in every program that includes this header.
inline const WinsockSession winsock_session;

/// The local IPv4 address of a bound socket.
/// @throws SystemError
inline sockaddr_in address_of(SOCKET socket) {
    sockaddr_in address{};
    int size = sizeof address;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size)) throw_error("getsockname");
    return address;
}

/// A blocking TCP socket that is connected to the listener, which need not have accepted it yet.
/// @throws SystemError
inline UniqueSocket connect_to(SOCKET listener) {
    const sockaddr_in address = address_of(listener);
    UniqueSocket socket{::socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)};
    if (!socket) throw_error("socket");
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address)) throw_error("connect");
    return socket;
}

/// The two ends of one TCP connection over loopback; both block, and both can do overlapped I/O.
struct SocketPair {
    UniqueSocket client, server;
};

/// @throws SystemError
inline SocketPair make_socket_pair() {
    const UniqueSocket listener = open_listener("127.0.0.1", 0);
    SocketPair pair;
    pair.client = connect_to(listener.get());
    pair.server = UniqueSocket{::accept(listener.get(), nullptr, nullptr)};
    if (!pair.server) throw_error("accept");
    return pair;
}

/// Whether recv() would return at once: with bytes, with the end, or with an error.
inline bool is_readable(SOCKET socket, std::chrono::milliseconds wait = {}) {
    WSAPOLLFD poll{socket, POLLRDNORM, 0};
    return ::WSAPoll(&poll, 1, static_cast<int>(wait.count())) > 0;
}

/// How many bytes have arrived and are unread.
inline u_long unread_bytes(SOCKET socket) {
    u_long count = 0;
    if (::ioctlsocket(socket, static_cast<long>(FIONREAD), &count)) throw_error("ioctlsocket");
    return count;
}

/// @throws SystemError
inline void make_non_blocking(SOCKET socket) {
    u_long on = 1;
    if (::ioctlsocket(socket, static_cast<long>(FIONBIO), &on)) throw_error("ioctlsocket");
}

}  // namespace course
