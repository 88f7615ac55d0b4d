// 06_iocp: what completes is queued at one completion port, and any thread may take it from there.
// This is the smallest correct server: what it leaves out for brevity, a server in production adds.
#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "common/app.h"

namespace {

// One operation is in flight per connection, so no lock guards it: whoever holds the pointer owns it, and between a
// post and its completion packet that is the kernel. It extends OVERLAPPED, so the packet brings all of it back.
struct Connection : OVERLAPPED {
    UniqueSocket socket;
    bool connected = false;    // until then its operation is an accept
    DWORD size = 0, sent = 0;  // what of the buffer is to be echoed, and what has been
    std::array<char, 4096> buffer;
};
using ConnectionPtr = std::unique_ptr<Connection>;

struct Server {
    App& app;
    UniqueHandle port;
    const int family = address_family_of(app.listener.get());
    std::mutex mutex{};                   // guards what follows
    std::set<Connection*> connections{};  // all, accepts too; only the stop needs it: whom to cancel, who is left
    unsigned accepts = 0;                 // of these, how many are accepts

    // A packet without an operation: whichever thread takes it looks after the stop.
    void wake_one() const { ::PostQueuedCompletionStatus(port.get(), 0, 0, nullptr); }
    OnStop on_stop{app, [this] { wake_one(); }};
};

void forget(Server& s, ConnectionPtr c) {
    const std::lock_guard lock{s.mutex};
    if (!c->connected) --s.accepts;
    s.connections.erase(c.get());
    c.reset();  // under the lock, so that the stop never cancels a socket number that is someone else's by now
    if (s.app.stopping && s.connections.empty()) s.wake_one();
}

// Sees to it that one more accept is outstanding. Returns false if there are 16 already.
bool start_accept(Server& s) {
    constexpr DWORD address_size = sizeof(sockaddr_storage) + 16;
    const std::lock_guard lock{s.mutex};  // to the end, so that its packet is not handled before we are done here
    if (s.app.stopping || s.accepts == 16) return false;
    auto c = std::make_unique<Connection>();
    c->socket = make_socket(s.family);
    s.connections.insert(c.get());
    DWORD received = 0;  // set only by an immediate success
    if (!::AcceptEx(s.app.listener.get(), c->socket.get(), c->buffer.data(), 0, address_size, address_size, &received,
                    c.get()) &&
        ::WSAGetLastError() != WSA_IO_PENDING) {
        const int error = last_error();
        s.connections.erase(c.get());
        throw_error("AcceptEx", error);
    }
    c.release();
    ++s.accepts;
    return true;
}

// Called at the start, and whenever an accept or a connection has ended.
void keep_accepting(Server& s) {
    for (bool more = true; more;) {
        try {
            more = start_accept(s);
        } catch (const SystemError& error) {
            s.app.accept_failed(error.code);  // throws if it is the listener that failed
            const std::lock_guard lock{s.mutex};
            more = s.connections.empty();  // else the next that ends tries again
        }
    }
}

void close_connection(Server& s, ConnectionPtr c, const char* why = "left") {
    s.app.leave(c->socket.get(), why);
    forget(s, std::move(c));
    keep_accepting(s);
}

// From a successful call to its completion packet the kernel owns the connection. A packet comes after WSA_IO_PENDING
// and after an immediate success alike, and it can overtake the call's return: so let go of the connection before the
// call.
void receive_from(Server& s, ConnectionPtr c) {
    WSABUF wsabuf{static_cast<ULONG>(c->buffer.size()), c->buffer.data()};
    DWORD flags = 0;
    static_cast<OVERLAPPED&>(*c) = {};  // fresh for each operation
    Connection* lent = c.release();
    if (::WSARecv(lent->socket.get(), &wsabuf, 1, nullptr, &flags, lent, nullptr) == 0) return;
    if (::WSAGetLastError() == WSA_IO_PENDING) return;
    const SystemError refused("WSARecv", last_error());  // no packet will come, so it is ours again
    close_connection(s, ConnectionPtr{lent}, refused.what());
}

void echo_back(Server& s, ConnectionPtr c) {
    WSABUF wsabuf{c->size - c->sent, c->buffer.data() + c->sent};
    static_cast<OVERLAPPED&>(*c) = {};
    Connection* lent = c.release();
    if (::WSASend(lent->socket.get(), &wsabuf, 1, nullptr, 0, lent, nullptr) == 0) return;
    if (::WSAGetLastError() == WSA_IO_PENDING) return;
    const SystemError refused("WSASend", last_error());
    close_connection(s, ConnectionPtr{lent}, refused.what());
}

// What completed was a send if anything was left to send.
void serve_client(Server& s, ConnectionPtr c, DWORD bytes) {
    if (c->sent < c->size) {
        c->sent += bytes;
    } else {
        if (bytes == 0) return close_connection(s, std::move(c));  // FIN, and everything is echoed
        s.app.received(c->socket.get(), bytes);
        c->size = bytes;
        c->sent = 0;
    }
    if (c->sent < c->size)
        echo_back(s, std::move(c));
    else
        receive_from(s, std::move(c));
}

bool adopt_client(Server& s, Connection& c) {
    const SOCKET listener = s.app.listener.get();
    // Until the socket is told of its listener, it does not know that it is connected.
    if (::setsockopt(c.socket.get(), SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, reinterpret_cast<const char*>(&listener),
                     sizeof listener) == SOCKET_ERROR) {
        log_error("setsockopt SO_UPDATE_ACCEPT_CONTEXT");
        return false;
    }
    if (!::CreateIoCompletionPort(c.socket.handle(), s.port.get(), 0, 0)) {
        log_error("CreateIoCompletionPort");
        return false;
    }
    if (!s.app.admit(c.socket)) return false;
    const std::lock_guard lock{s.mutex};  // so that the stop sees either an accept or a client
    --s.accepts;
    c.connected = true;
    return true;
}

// What has completed, with its error or 0, belongs to the calling thread.
void complete(Server& s, ConnectionPtr c, DWORD bytes, int error) {
    if (c->connected) {
        if (error == 0) return serve_client(s, std::move(c), bytes);
        const SystemError failure(c->sent < c->size ? "WSASend" : "WSARecv", error);
        return close_connection(s, std::move(c), failure.what());
    }
    if (error != 0 || !adopt_client(s, *c))
        forget(s, std::move(c));  // that client gave up
    else if (s.app.time_up)
        close_connection(s, std::move(c), "too late");
    else
        receive_from(s, std::move(c));
    keep_accepting(s);
}

// Our own packet came. Returns whether this thread is done; then it passes the word on.
bool stop_step(Server& s) {
    const std::lock_guard lock{s.mutex};
    for (Connection* c : s.connections) {
        if (c->connected && !s.app.time_up) continue;
        // shutdown() stays, so that no operation can start behind our back; CancelIoEx ends the one that has started.
        if (c->connected) ::shutdown(c->socket.get(), SD_BOTH);
        ::CancelIoEx(c->connected ? c->socket.handle() : s.app.listener.handle(), c);
    }
    if (!s.connections.empty()) return false;
    s.wake_one();
    return true;
}

// Waits in GetQueuedCompletionStatus().
void complete_operations(Server& s) {
    for (;;) {
        DWORD bytes = 0;
        ULONG_PTR key = 0;
        OVERLAPPED* done = nullptr;
        const BOOL ok = ::GetQueuedCompletionStatus(s.port.get(), &bytes, &key, &done, INFINITE);
        const int error = ok ? 0 : last_error();
        if (done)
            complete(s, ConnectionPtr{static_cast<Connection*>(done)}, bytes, error);  // the kernel gives it back
        else if (!ok)
            throw_error("GetQueuedCompletionStatus", error);
        else if (stop_step(s))
            return;
    }
}

void run_server(App& app) {
    Server s{app, UniqueHandle{::CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 0)}};  // creates a port
    if (!s.port) throw_error("CreateIoCompletionPort");
    if (!::CreateIoCompletionPort(app.listener.handle(), s.port.get(), 0, 0))  // associates a socket
        throw_error("CreateIoCompletionPort");
    const unsigned processors = std::max(1u, std::thread::hardware_concurrency());
    const unsigned count = app.options.threads ? app.options.threads : 2 * processors;
    std::vector<std::thread> workers;
    const Finally finish{[&] {
        app.stop();
        for (std::thread& worker : workers) worker.join();
    }};
    for (unsigned i = 1; i < count; ++i) workers.push_back(app.thread([&] { complete_operations(s); }));
    keep_accepting(s);
    complete_operations(s);  // this thread is one of them
}

}  // namespace

int main() try {
    const Options options = parse_options("06_iocp", {.takes_threads = true});
    const WinsockSession winsock;                                 // WSAStartup
    App app{options, open_listener(options.bind, options.port)};  // socket, bind, listen
    run_server(app);
    return app.finish();  // totals, exit status
} catch (const std::exception& error) {
    return failed(error);
}
