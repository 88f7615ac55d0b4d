// 02_select: one thread asks which of its sockets are ready, then serves those without waiting.
// Price: the sets are rebuilt and copied for every wait, and FD_SETSIZE limits them. 03 registers a socket once.
#include <array>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/app.h"

namespace {

struct Connection {
    UniqueSocket socket;
    int size = 0, sent = 0;  // what of the buffer is to be echoed, and what has been
    std::array<char, 4096> buffer;
};

// 0 means the peer has finished sending (FIN); nothing means there is nothing to read after all.
std::optional<int> receive_from(Connection& c) {
    const int got = ::recv(c.socket.get(), c.buffer.data(), static_cast<int>(c.buffer.size()), 0);
    if (got != SOCKET_ERROR) return got;
    if (::WSAGetLastError() != WSAEWOULDBLOCK) throw_error("recv");
    return std::nullopt;
}

void echo_back(Connection& c) {
    while (c.sent < c.size) {
        const int n = ::send(c.socket.get(), c.buffer.data() + c.sent, c.size - c.sent, 0);
        if (n != SOCKET_ERROR)
            c.sent += n;
        else if (::WSAGetLastError() == WSAEWOULDBLOCK)
            return;  // the write set will tell when to go on
        else
            throw_error("send");
    }
}

// Returns false when the connection is over.
bool serve_client(App& app, Connection& c) try {
    if (c.sent == c.size) {
        const auto got = receive_from(c);
        if (!got) return true;
        if (*got == 0) {
            app.leave(c.socket.get());
            return false;
        }
        app.received(c.socket.get(), static_cast<std::size_t>(*got));
        c.size = *got;
        c.sent = 0;
    }
    echo_back(c);
    return true;
} catch (const SystemError& error) {
    app.leave(c.socket.get(), error.what());
    return false;  // this client is lost, the others are not
}

bool make_non_blocking(SOCKET socket) {
    u_long on = 1;
    return ::ioctlsocket(socket, static_cast<long>(FIONBIO), &on) != SOCKET_ERROR;
}

// select() waits for sockets only; so another thread wakes it by a datagram to this socket, which is its own peer.
UniqueSocket make_wake_socket() {
    UniqueSocket s{::socket(AF_INET, SOCK_DGRAM, 0)};
    if (!s) throw_error("socket");
    sockaddr_in self{};
    int size = sizeof self;
    self.sin_family = AF_INET;
    self.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    const auto address = reinterpret_cast<sockaddr*>(&self);
    if (::bind(s.get(), address, size) == SOCKET_ERROR) throw_error("bind");
    if (::getsockname(s.get(), address, &size) == SOCKET_ERROR) throw_error("getsockname");
    if (::connect(s.get(), address, size) == SOCKET_ERROR) throw_error("connect");
    return s;
}

// Waits in select().
void run_server(App& app) {
    constexpr std::size_t max_clients = FD_SETSIZE - 2;  // beside the listener and the wake socket
    if (!make_non_blocking(app.listener.get())) throw_error("ioctlsocket");
    const UniqueSocket wake = make_wake_socket();
    const OnStop on_stop{app, [&] { ::send(wake.get(), "", 1, 0); }};
    std::vector<std::unique_ptr<Connection>> clients;
    const auto readable = std::make_unique<fd_set>(), writable = std::make_unique<fd_set>();
    while (!app.time_up && !(app.stopping && clients.empty())) {
        FD_ZERO(readable.get());  // select() overwrites its sets, so each wait gets fresh ones
        FD_ZERO(writable.get());
        FD_SET(wake.get(), readable.get());
        if (clients.size() == max_clients)
            app.report_full(max_clients);
        else if (!app.stopping)
            FD_SET(app.listener.get(), readable.get());
        // A client that does not read is not read from, either: its set is the one or the other.
        for (auto& c : clients) FD_SET(c->socket.get(), c->sent < c->size ? writable.get() : readable.get());
        if (::select(0, readable.get(), writable.get(), nullptr, nullptr) == SOCKET_ERROR) throw_error("select");
        if (FD_ISSET(wake.get(), readable.get())) {
            char byte;
            ::recv(wake.get(), &byte, 1, 0);
        }
        for (auto& c : clients) {
            const SOCKET number = c->socket.get();
            const bool ready = FD_ISSET(number, readable.get()) || FD_ISSET(number, writable.get());
            if (ready && !serve_client(app, *c)) c.reset();
        }
        std::erase(clients, nullptr);
        if (!FD_ISSET(app.listener.get(), readable.get())) continue;
        UniqueSocket socket{::accept(app.listener.get(), nullptr, nullptr)};
        if (!app.admit(socket)) continue;
        if (make_non_blocking(socket.get()))
            clients.push_back(std::make_unique<Connection>(std::move(socket)));
        else
            app.leave(socket.get(), SystemError("ioctlsocket", last_error()).what());
    }
}

}  // namespace

int main() try {
    const Options options = parse_options("02_select");
    const WinsockSession winsock;                                 // WSAStartup
    App app{options, open_listener(options.bind, options.port)};  // socket, bind, listen
    run_server(app);
    return app.finish();  // totals, exit status
} catch (const std::exception& error) {
    return failed(error);
}
