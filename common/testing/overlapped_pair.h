#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/testing/sockets.h"
#include "common/winsock.h"

/// What the claims of the chapters with overlapped I/O share: a connection, and an operation on its server's end.
namespace course {

/// As `patience`, for the calls that count milliseconds.
constexpr DWORD longest_wait = static_cast<DWORD>(std::chrono::milliseconds{patience}.count());

/// One TCP connection over loopback. The server's end is what a claim is about; the client's end is a plain one.
struct OverlappedPair : SocketPair {
    /// @throws SystemError
    OverlappedPair() : SocketPair(make_socket_pair()) {
        ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, reinterpret_cast<const char*>(&longest_wait),
                     sizeof longest_wait);
    }

    /// The client sends a few bytes, few enough that the system takes them at once.
    /// @throws SystemError
    void client_says(std::string_view bytes) const {
        if (::send(client.get(), bytes.data(), static_cast<int>(bytes.size()), 0) == SOCKET_ERROR) throw_error("send");
    }

    /// What comes back to the client next; empty at the server's FIN.
    /// @throws SystemError, with WSAETIMEDOUT when nothing comes
    [[nodiscard]] std::string client_hears() const {
        std::array<char, 64> bytes;
        const int got = ::recv(client.get(), bytes.data(), static_cast<int>(bytes.size()), 0);
        if (got == SOCKET_ERROR) throw_error("recv");
        return {bytes.data(), static_cast<std::size_t>(got)};
    }

    /// Waits until a receive on the server's end would be done at once.
    [[nodiscard]] bool data_has_arrived() const { return is_readable(server.get(), patience); }
};

/// Many clients of one server, all there at once; plain blocking sockets, which are quick to make.
class Crowd {
public:
    /// Connects them to a server on this machine.
    /// @throws SystemError
    Crowd(std::uint16_t port, std::size_t size) : clients_(size) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        address.sin_port = ::htons(port);
        for (UniqueSocket& client : clients_) {
            client = UniqueSocket{::socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)};
            if (!client) throw_error("socket");
            if (::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address))
                throw_error("connect");
        }
    }

    /// How many of them get a byte of theirs back.
    [[nodiscard]] std::size_t echoes() const {
        for (const UniqueSocket& client : clients_) ::send(client.get(), "x", 1, 0);
        char byte = 0;
        return static_cast<std::size_t>(std::count_if(clients_.begin(), clients_.end(), [&](const auto& client) {
            return is_readable(client.get(), patience) && ::recv(client.get(), &byte, 1, 0) == 1 && byte == 'x';
        }));
    }

private:
    std::vector<UniqueSocket> clients_;
};

/// Starts a receive into the whole buffer.
/// @return 0: done already; WSA_IO_PENDING: started; else the error
template <std::size_t Size>
int start_receive(SOCKET socket, std::array<char, Size>& buffer, WSAOVERLAPPED& overlapped,
                  LPWSAOVERLAPPED_COMPLETION_ROUTINE routine = nullptr) {
    WSABUF span{static_cast<ULONG>(buffer.size()), buffer.data()};
    DWORD flags = 0;
    return ::WSARecv(socket, &span, 1, nullptr, &flags, &overlapped, routine) == 0 ? 0 : ::WSAGetLastError();
}

/// Whether the event is signalled, or becomes so within so many milliseconds.
inline bool signalled(const UniqueEvent& event, DWORD milliseconds = 0) {
    return ::WaitForSingleObject(event.get(), milliseconds) == WAIT_OBJECT_0;
}

/// What GetQueuedCompletionStatus has to say.
struct Packet {
    bool ok = false;                  ///< a packet of an operation that succeeded
    OVERLAPPED* operation = nullptr;  ///< none: no packet came, unless `ok`, for a posted one may bring none
    ULONG_PTR key = 0;
    DWORD bytes = 0;
    int error = 0;  ///< why not `ok`
};

inline Packet take_packet(const UniqueHandle& port, DWORD milliseconds = longest_wait) {
    Packet packet;
    packet.ok =
        ::GetQueuedCompletionStatus(port.get(), &packet.bytes, &packet.key, &packet.operation, milliseconds) != 0;
    if (!packet.ok) packet.error = last_error();
    return packet;
}

/// A new port with these sockets associated, each with its place in the list as its key.
/// @throws SystemError
inline UniqueHandle make_port(std::initializer_list<SOCKET> sockets, DWORD concurrency = 0) {
    UniqueHandle port{::CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, concurrency)};
    if (!port) throw_error("CreateIoCompletionPort");
    ULONG_PTR key = 0;
    for (const SOCKET socket : sockets)
        if (!::CreateIoCompletionPort(reinterpret_cast<HANDLE>(socket), port.get(), key++, 0))
            throw_error("CreateIoCompletionPort");
    return port;
}

}  // namespace course
