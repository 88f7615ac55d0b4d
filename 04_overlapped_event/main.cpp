// 04_overlapped_event: the kernel fills our buffer by itself and signals an event when it is done.
// Price: an event per operation, and 64 handles is still all one wait takes. 05 lets the kernel call us back instead.
#include <array>
#include <cstddef>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "common/app.h"

namespace {

// One operation is in flight per connection. Until its event is signalled, buffer and OVERLAPPED belong to the kernel.
struct Connection {
    UniqueSocket socket;
    UniqueEvent event{Reset::manual};  // each operation resets it when it starts
    WSAOVERLAPPED overlapped{};
    bool in_flight = false;
    DWORD size = 0, sent = 0;  // what of the buffer is to be echoed, and what has been
    std::array<char, 4096> buffer;

    ~Connection() {
        if (!in_flight) return;
        ::CancelIoEx(socket.handle(), &overlapped);
        DWORD bytes = 0, flags = 0;  // cancelling only asks; our memory is ours again when the operation has completed
        ::WSAGetOverlappedResult(socket.get(), &overlapped, &bytes, TRUE, &flags);
    }
};
using Connections = std::vector<std::unique_ptr<Connection>>;

// 0 and WSA_IO_PENDING both mean started, and either way the event will be signalled.
void expect_started(Connection& c, int result, const char* call) {
    if (result == SOCKET_ERROR && ::WSAGetLastError() != WSA_IO_PENDING) throw_error(call);
    c.in_flight = true;
}

void receive_from(Connection& c) {
    WSABUF wsabuf{static_cast<ULONG>(c.buffer.size()), c.buffer.data()};
    DWORD flags = 0;
    c.overlapped = {};
    c.overlapped.hEvent = c.event.get();
    expect_started(c, ::WSARecv(c.socket.get(), &wsabuf, 1, nullptr, &flags, &c.overlapped, nullptr), "WSARecv");
}

void echo_back(Connection& c) {
    WSABUF wsabuf{c.size - c.sent, c.buffer.data() + c.sent};
    c.overlapped = {};
    c.overlapped.hEvent = c.event.get();
    expect_started(c, ::WSASend(c.socket.get(), &wsabuf, 1, nullptr, 0, &c.overlapped, nullptr), "WSASend");
}

// Returns false when the connection is over. What completed was a send if anything was left to send.
bool serve_client(App& app, Connection& c) try {
    DWORD bytes = 0, flags = 0;
    c.in_flight = false;
    if (!::WSAGetOverlappedResult(c.socket.get(), &c.overlapped, &bytes, FALSE, &flags))
        throw_error("WSAGetOverlappedResult");
    if (c.sent < c.size) {
        c.sent += bytes;
    } else {
        if (bytes == 0) {  // FIN, and everything is echoed
            app.leave(c.socket.get());
            return false;
        }
        app.received(c.socket.get(), bytes);
        c.size = bytes;
        c.sent = 0;
    }
    c.sent < c.size ? echo_back(c) : receive_from(c);
    return true;
} catch (const SystemError& error) {
    app.leave(c.socket.get(), error.what());
    return false;  // this client is lost, the others are not
}

// A thread and the inbox in which new clients are handed to it.
struct Worker {
    static constexpr std::size_t max_clients = WSA_MAXIMUM_WAIT_EVENTS - 1;
    UniqueEvent wake;
    std::thread thread;
    std::mutex mutex;  // guards what follows
    std::vector<UniqueSocket> inbox;
    std::size_t load = 0;   // clients in the inbox and being served
    bool stopping = false;  // no more will be handed over
};

void adopt_clients(App& app, Worker& w, Connections& clients) {
    for (UniqueSocket& socket : w.inbox) {
        const SOCKET number = socket.get();
        try {
            auto c = std::make_unique<Connection>();
            ::WSAEventSelect(number, nullptr, 0);  // an accepted socket inherits the listener's event
            c->socket = std::move(socket);
            receive_from(*c);  // here, not in the accepting thread: I/O ends with the thread that started it
            clients.push_back(std::move(c));
        } catch (const SystemError& error) {
            app.leave(number, error.what());
            --w.load;
        }
    }
    w.inbox.clear();
}

// Waits in WSAWaitForMultipleEvents() for the clients of one worker.
void serve_clients(App& app, Worker& w) {
    Connections clients;
    bool stopping = false;
    std::array<WSAEVENT, WSA_MAXIMUM_WAIT_EVENTS> events{w.wake.get()};
    while (!app.time_up && !(stopping && clients.empty())) {
        const auto count = static_cast<DWORD>(clients.size() + 1);
        for (DWORD i = 1; i < count; ++i) events[i] = clients[i - 1]->event.get();
        // The answer is the lowest signalled index only: ask again from the next one on, or high ones starve.
        for (DWORD first = 0; first < count; ++first) {
            const DWORD timeout = first == 0 ? WSA_INFINITE : 0;
            const DWORD woken = ::WSAWaitForMultipleEvents(count - first, &events[first], FALSE, timeout, FALSE);
            if (woken == WSA_WAIT_FAILED) throw_error("WSAWaitForMultipleEvents");
            if (woken == WSA_WAIT_TIMEOUT) break;
            first += woken - WSA_WAIT_EVENT_0;
            if (first > 0 && !serve_client(app, *clients[first - 1])) clients[first - 1].reset();
        }
        const auto left = std::erase(clients, nullptr);
        const std::lock_guard lock{w.mutex};
        w.load -= left;
        adopt_clients(app, w, clients);
        stopping = w.stopping;  // looked at after the inbox: nobody is left in it
    }
}

Worker& find_worker(App& app, std::list<Worker>& workers) {
    for (Worker& w : workers) {
        const std::lock_guard lock{w.mutex};
        if (w.load < Worker::max_clients) return w;
    }
    Worker& w = workers.emplace_back();  // all are full: a further thread
    w.thread = app.thread([&app, &w] { serve_clients(app, w); });
    return w;
}

void hand_over(App& app, std::list<Worker>& workers, UniqueSocket socket) try {
    Worker& w = find_worker(app, workers);
    const std::lock_guard lock{w.mutex};
    ++w.load;
    w.inbox.push_back(std::move(socket));
    ::SetEvent(w.wake.get());
} catch (const std::exception& error) {  // the system has no event or no thread left
    if (!workers.empty() && !workers.back().thread.joinable()) workers.pop_back();
    app.leave(socket.get(), error.what());
}

// After the last client has been handed over.
void stop_workers(App& app, std::list<Worker>& workers) {
    app.stop();
    const auto wake = [&] {
        for (Worker& w : workers) {
            const std::lock_guard lock{w.mutex};
            w.stopping = true;
            ::SetEvent(w.wake.get());
        }
    };
    const OnStop on_stop{app, wake};
    for (Worker& w : workers) w.thread.join();
}

// Waits in WSAWaitForMultipleEvents() for the listener.
void run_server(App& app) {
    std::list<Worker> workers;
    const Finally finish{[&] { stop_workers(app, workers); }};
    const UniqueEvent stop, incoming;
    if (::WSAEventSelect(app.listener.get(), incoming.get(), FD_ACCEPT) == SOCKET_ERROR) throw_error("WSAEventSelect");
    const OnStop on_stop{app, [&] { ::SetEvent(stop.get()); }};
    const std::array events{stop.get(), incoming.get()};
    while (!app.stopping) {
        const DWORD woken = ::WSAWaitForMultipleEvents(2, events.data(), FALSE, WSA_INFINITE, FALSE);
        if (woken == WSA_WAIT_FAILED) throw_error("WSAWaitForMultipleEvents");
        if (woken == WSA_WAIT_EVENT_0) break;
        WSANETWORKEVENTS happened{};
        if (::WSAEnumNetworkEvents(app.listener.get(), incoming.get(), &happened) == SOCKET_ERROR)
            throw_error("WSAEnumNetworkEvents");
        UniqueSocket socket{::accept(app.listener.get(), nullptr, nullptr)};
        if (app.admit(socket)) hand_over(app, workers, std::move(socket));
    }
}

}  // namespace

int main() try {
    const Options options = parse_options("04_overlapped_event");
    const WinsockSession winsock;                                 // WSAStartup
    App app{options, open_listener(options.bind, options.port)};  // socket, bind, listen
    run_server(app);
    return app.finish();  // totals, exit status
} catch (const std::exception& error) {
    return failed(error);
}
