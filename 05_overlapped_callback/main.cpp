// 05_overlapped_callback: the kernel calls us back, on the thread that started the operation, while it waits alertably.
// Price: a client belongs to the thread that started its I/O; which thread that is, we must decide and arrange.
#include <algorithm>
#include <array>
#include <exception>
#include <list>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "common/app.h"

namespace {

// One operation is in flight per connection. Until its routine has run, buffer and OVERLAPPED belong to the kernel.
struct Connection {
    struct Worker& worker;
    UniqueSocket socket;
    WSAOVERLAPPED overlapped{};
    DWORD size = 0, sent = 0;  // what of the buffer is to be echoed, and what has been
    std::array<char, 4096> buffer;
};

// A thread and its clients. Only that thread touches them, so there is no lock.
struct Worker {
    App& app;
    std::vector<std::unique_ptr<Connection>> clients;
    bool stopping = false;
    UniqueHandle handle;
    std::thread thread;
};

void CALLBACK on_completed(DWORD error, DWORD bytes, WSAOVERLAPPED* overlapped, DWORD flags);

// 0 and WSA_IO_PENDING both mean started, and either way the routine will run, once.
void expect_started(int result, const char* call) {
    if (result == SOCKET_ERROR && ::WSAGetLastError() != WSA_IO_PENDING) throw_error(call);
}

void receive_from(Connection& c) {
    WSABUF wsabuf{static_cast<ULONG>(c.buffer.size()), c.buffer.data()};
    DWORD flags = 0;
    c.overlapped = {};
    c.overlapped.hEvent = &c;  // unused by the kernel when there is a routine: ours to say whose operation this is
    expect_started(::WSARecv(c.socket.get(), &wsabuf, 1, nullptr, &flags, &c.overlapped, on_completed), "WSARecv");
}

void echo_back(Connection& c) {
    WSABUF wsabuf{c.size - c.sent, c.buffer.data() + c.sent};
    c.overlapped = {};
    c.overlapped.hEvent = &c;
    expect_started(::WSASend(c.socket.get(), &wsabuf, 1, nullptr, 0, &c.overlapped, on_completed), "WSASend");
}

void close_connection(Connection& c, const char* why = "left") {
    Worker& w = c.worker;
    w.app.leave(c.socket.get(), why);
    std::erase_if(w.clients, [&](const auto& client) { return client.get() == &c; });
}

// What completed was a send if anything was left to send.
void serve_client(Connection& c, DWORD error, DWORD bytes) try {
    App& app = c.worker.app;
    if (error != 0) throw_error(c.sent < c.size ? "WSASend" : "WSARecv", static_cast<int>(error));
    if (app.time_up) return close_connection(c, "out of time");
    if (c.sent < c.size) {
        c.sent += bytes;
    } else {
        if (bytes == 0) return close_connection(c);  // FIN, and everything is echoed
        app.received(c.socket.get(), bytes);
        c.size = bytes;
        c.sent = 0;
    }
    c.sent < c.size ? echo_back(c) : receive_from(c);
} catch (const std::exception& failure) {  // no exception may leave a routine: the kernel has called it
    close_connection(c, failure.what());   // this client is lost, the others are not
}

// Called by the kernel when an operation is done: on the thread that started it, and only while that waits alertably.
void CALLBACK on_completed(DWORD error, DWORD bytes, WSAOVERLAPPED* overlapped, DWORD) {
    serve_client(*static_cast<Connection*>(overlapped->hEvent), error, bytes);
}

// Runs on the worker: completions come to the thread that starts the I/O, so the first receive must be started here.
void CALLBACK adopt_client(ULONG_PTR parameter) {
    std::unique_ptr<Connection> owned{reinterpret_cast<Connection*>(parameter)};
    Connection& c = *owned;
    try {
        c.worker.clients.push_back(std::move(owned));
        receive_from(c);
    } catch (const std::exception& error) {
        close_connection(c, error.what());
    }
}

// Runs on the worker when stopping begins and when the time is up. A cancelled operation still completes, with 995.
void CALLBACK stop_worker(ULONG_PTR parameter) {
    Worker& w = *reinterpret_cast<Worker*>(parameter);
    w.stopping = true;  // APCs run in order: everyone who was handed over has been adopted
    if (!w.app.time_up) return;
    for (auto& c : w.clients) ::CancelIoEx(c->socket.handle(), &c->overlapped);
}

void CALLBACK wake_up(ULONG_PTR) {}  // to run at all is its work: the wait returns

// Waits in SleepEx(), and every routine above runs in there.
void serve_clients(Worker& w, HANDLE ready) {
    {
        const Finally tell{[&] { ::SetEvent(ready); }};  // also if this thread cannot begin
        // GetCurrentThread() would return a pseudo handle: each thread that uses that one means itself.
        w.handle.reset(::OpenThread(THREAD_SET_CONTEXT, FALSE, ::GetCurrentThreadId()));  // the right to queue APCs
        if (!w.handle) throw_error("OpenThread");
    }
    while (!w.stopping || !w.clients.empty()) ::SleepEx(INFINITE, TRUE);
}

void hand_over(App& app, Worker& w, UniqueSocket socket) {
    ::WSAEventSelect(socket.get(), nullptr, 0);  // an accepted socket inherits the listener's event
    auto c = std::make_unique<Connection>(w, std::move(socket));
    if (::QueueUserAPC(adopt_client, w.handle.get(), reinterpret_cast<ULONG_PTR>(c.get())))
        c.release();  // adopt_client() owns it now
    else
        app.leave(c->socket.get(), SystemError("QueueUserAPC", last_error()).what());
}

// Waits in WSAWaitForMultipleEvents() for the listener, alertably: it is an APC that ends it.
void accept_clients(App& app, std::list<Worker>& workers) {
    const UniqueEvent incoming;
    const UniqueHandle self{::OpenThread(THREAD_SET_CONTEXT, FALSE, ::GetCurrentThreadId())};
    if (!self) throw_error("OpenThread");
    if (::WSAEventSelect(app.listener.get(), incoming.get(), FD_ACCEPT) == SOCKET_ERROR) throw_error("WSAEventSelect");
    const OnStop on_stop{app, [&] { ::QueueUserAPC(wake_up, self.get(), 0); }};
    const HANDLE event = incoming.get();
    for (auto next = workers.begin(); !app.stopping;) {
        const DWORD woken = ::WSAWaitForMultipleEvents(1, &event, FALSE, WSA_INFINITE, TRUE);
        if (woken == WSA_WAIT_FAILED) throw_error("WSAWaitForMultipleEvents");
        if (woken == WSA_WAIT_IO_COMPLETION) continue;
        WSANETWORKEVENTS happened{};
        if (::WSAEnumNetworkEvents(app.listener.get(), incoming.get(), &happened) == SOCKET_ERROR)
            throw_error("WSAEnumNetworkEvents");
        UniqueSocket socket{::accept(app.listener.get(), nullptr, nullptr)};
        if (!app.admit(socket)) continue;
        hand_over(app, *next, std::move(socket));
        if (++next == workers.end()) next = workers.begin();  // dealt in turn, busy or not: no one knows better
    }
}

// After the last client has been handed over.
void stop_workers(App& app, std::list<Worker>& workers) {
    app.stop();
    const auto wake = [&] {
        for (Worker& w : workers) ::QueueUserAPC(stop_worker, w.handle.get(), reinterpret_cast<ULONG_PTR>(&w));
    };
    const OnStop on_stop{app, wake};
    for (Worker& w : workers) w.thread.join();
}

void run_server(App& app) {
    const unsigned count =
        app.options.threads ? app.options.threads : std::max(2u, std::thread::hardware_concurrency());
    const UniqueEvent ready;
    std::list<Worker> workers;
    const Finally finish{[&] { stop_workers(app, workers); }};
    for (unsigned i = 0; i < count; ++i) {
        Worker& w = workers.emplace_back(app);
        try {
            w.thread = app.thread([&] { serve_clients(w, ready.get()); });
        } catch (...) {
            workers.pop_back();
            throw;
        }
        ::WaitForSingleObject(ready.get(), INFINITE);  // from now on w.handle can be sent APCs
    }
    accept_clients(app, workers);
}

}  // namespace

int main() try {
    const Options options = parse_options("05_overlapped_callback", {.takes_threads = true});
    const WinsockSession winsock;                                 // WSAStartup
    App app{options, open_listener(options.bind, options.port)};  // socket, bind, listen
    run_server(app);
    return app.finish();  // totals, exit status
} catch (const std::exception& error) {
    return failed(error);
}
