// 03_eventselect: an event object per socket says that something happened; a thread waits for 63 clients at once.
// Price: "ready" still costs a further call per transfer, and 64 handles is all one wait takes.
#include <array>
#include <cstddef>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "common/app.h"

namespace {

struct Connection {
    UniqueSocket socket;
    UniqueEvent event;
    bool peer_finished = false;
    int size = 0, sent = 0;  // what of the buffer is to be echoed, and what has been
    std::array<char, 4096> buffer;
};
using Connections = std::vector<std::unique_ptr<Connection>>;

// 0 means the peer has finished sending (FIN); nothing means there is nothing to read after all.
std::optional<int> receive_from(Connection& c) {
    const int got = ::recv(c.socket.get(), c.buffer.data(), static_cast<int>(c.buffer.size()), 0);
    if (got != SOCKET_ERROR) return got;
    if (::WSAGetLastError() != WSAEWOULDBLOCK) throw_error("recv");
    return std::nullopt;  // FD_READ will be signalled
}

// Returns whether all is sent; if not, FD_WRITE will be signalled.
bool echo_back(Connection& c) {
    while (c.sent < c.size) {
        const int n = ::send(c.socket.get(), c.buffer.data() + c.sent, c.size - c.sent, 0);
        if (n != SOCKET_ERROR)
            c.sent += n;
        else if (::WSAGetLastError() == WSAEWOULDBLOCK)
            return false;
        else
            throw_error("send");
    }
    return true;
}

// Returns false when the connection is over. One receive per event keeps the 63 equal: if more data waits, recv()
// has FD_READ signalled again. But no event follows FD_CLOSE, so after it we read on until recv() returns 0.
bool serve_client(App& app, Connection& c) try {
    WSANETWORKEVENTS happened{};  // fetching them also resets the event, with no gap between
    if (::WSAEnumNetworkEvents(c.socket.get(), c.event.get(), &happened) == SOCKET_ERROR)
        throw_error("WSAEnumNetworkEvents");
    if (happened.lNetworkEvents & FD_CLOSE) {
        if (const int error = happened.iErrorCode[FD_CLOSE_BIT]) throw_error("FD_CLOSE", error);
        c.peer_finished = true;
    }
    do {
        if (!echo_back(c)) return true;  // a client that does not read is not read from
        const auto got = receive_from(c);
        if (!got) return true;
        if (*got == 0) {
            app.leave(c.socket.get());
            return false;
        }
        app.received(c.socket.get(), static_cast<std::size_t>(*got));
        c.size = *got;
        c.sent = 0;
        if (!echo_back(c)) return true;
    } while (c.peer_finished);
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
            if (::WSAEventSelect(number, c->event.get(), FD_READ | FD_WRITE | FD_CLOSE) == SOCKET_ERROR)
                throw_error("WSAEventSelect");
            c->socket = std::move(socket);
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
    const Options options = parse_options("03_eventselect");
    const WinsockSession winsock;                                 // WSAStartup
    App app{options, open_listener(options.bind, options.port)};  // socket, bind, listen
    run_server(app);
    return app.finish();  // totals, exit status
} catch (const std::exception& error) {
    return failed(error);
}
