// 01_blocking: one thread per client; every call waits until its work is done.
// Price: an idle client still costs a thread. 02_select asks "who is ready?" first.
#include <array>
#include <atomic>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>

#include "common/app.h"

namespace {

struct Connection {
    UniqueSocket socket;
    std::atomic<bool> over = false;
    std::array<char, 4096> buffer;
    std::thread thread;
};

// 0 means the peer has finished sending (FIN): the normal end, not an error.
int receive_from(Connection& c) {  // [doc:receive]
    const int got = ::recv(c.socket.get(), c.buffer.data(), static_cast<int>(c.buffer.size()), 0);
    if (got == SOCKET_ERROR) throw_error("recv");
    return got;
}

void echo_back(Connection& c, int size) {  // [doc:send]
    for (int sent = 0; sent < size;) {     // send() may take only part of the buffer
        const int n = ::send(c.socket.get(), c.buffer.data() + sent, size - sent, 0);
        if (n == SOCKET_ERROR) throw_error("send");
        sent += n;
    }
}

void serve_client(App& app, Connection& c) {  // [doc:serve]
    std::string why = "left";
    try {
        while (const int got = receive_from(c)) {
            app.received(c.socket.get(), static_cast<std::size_t>(got));
            echo_back(c, got);
        }
    } catch (const SystemError& error) {
        why = error.what();  // this client is lost, the others are not
    }
    ::shutdown(c.socket.get(), SD_SEND);  // our FIN; join_finished() closes the socket
    app.leave(c.socket.get(), why.c_str());
    c.over = true;
}

void join_finished(std::list<Connection>& clients) {
    clients.remove_if([](Connection& c) {
        if (!c.over) return false;
        if (c.thread.joinable()) c.thread.join();
        return true;
    });
}

// Waits in accept(); the clients' threads wait in recv() and send().
void run_server(App& app) {
    std::list<Connection> clients;
    std::mutex mutex;        // guards the list against the thread that runs wake
    const auto wake = [&] {  // [doc:wake]
        ::CancelIoEx(reinterpret_cast<HANDLE>(app.listener), nullptr);  // nothing else wakes a blocked accept()
        const std::lock_guard lock{mutex};
        for (Connection& c : clients) {
            if (!app.time_up) break;
            ::shutdown(c.socket.get(), SD_BOTH);                              // no further call can block,
            ::CancelIoEx(reinterpret_cast<HANDLE>(c.socket.get()), nullptr);  // and the one that does ends
        }
    };
    // Again and again, for a call that has not yet begun is not cancelled.
    const App::OnStop on_stop{app, wake, std::chrono::milliseconds{10}};
    const Finally join_all{[&] {
        app.stop();
        for (Connection& c : clients)
            if (c.thread.joinable()) c.thread.join();
    }};
    while (!app.stopping) {
        UniqueSocket socket{::accept(app.listener, nullptr, nullptr)};
        if (!app.admit(socket)) continue;
        std::unique_lock lock{mutex};
        join_finished(clients);
        Connection& c = clients.emplace_back(std::move(socket));
        if (app.options.one_at_a_time) {
            lock.unlock();
            serve_client(app, c);
        } else
            try {
                c.thread = app.thread([&] { serve_client(app, c); });
            } catch (const std::system_error& error) {  // the system has no thread left
                app.leave(c.socket.get(), error.what());
                clients.pop_back();
            }
    }
}

}  // namespace

int main() { return echo_main({.name = "01_blocking", .run = run_server, .one_at_a_time = true}); }
