// 01_blocking: one thread per client; every call waits until its work is done.
// Price: an idle client still costs a thread. 02_select asks "who is ready?" first.
#include <array>
#include <atomic>
#include <exception>
#include <list>
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
int receive_from(Connection& c) {
    const int got = ::recv(c.socket.get(), c.buffer.data(), static_cast<int>(c.buffer.size()), 0);
    if (got == SOCKET_ERROR) throw_error("recv");
    return got;
}

void echo_back(Connection& c, int size) {
    for (int sent = 0; sent < size;) {  // send() may take only part of the buffer
        const int n = ::send(c.socket.get(), c.buffer.data() + sent, size - sent, 0);
        if (n == SOCKET_ERROR) throw_error("send");
        sent += n;
    }
}

void serve_client(App& app, Connection& c) {
    const auto wake = [&] {
        if (!app.time_up) return;
        ::shutdown(c.socket.get(), SD_BOTH);       // no further call can block,
        ::CancelIoEx(c.socket.handle(), nullptr);  // and one that does already ends
    };
    const OnStop on_stop{app, wake};
    std::string why = "left";
    try {
        while (const int got = receive_from(c)) {
            app.received(c.socket.get(), static_cast<std::size_t>(got));
            echo_back(c, got);
        }
    } catch (const SystemError& error) {
        why = error.what();  // this client is lost, the others are not
    }
    ::shutdown(c.socket.get(), SD_SEND);  // our FIN; the socket is closed when join_finished() removes the connection
    app.leave(c.socket.get(), why);
    c.over = true;
}

void join_finished(std::list<Connection>& clients) {
    clients.remove_if([](Connection& c) {
        if (!c.over) return false;
        c.thread.join();
        return true;
    });
}

// Waits in accept(); the clients' threads wait in recv() and send().
void run_server(App& app) {
    std::list<Connection> clients;
    const Finally join_all{[&] {
        app.stop();  // which has begun already, unless an exception brought us here
        for (Connection& c : clients) c.thread.join();
    }};
    const auto wake = [&] { ::CancelIoEx(app.listener.handle(), nullptr); };  // ends the accept() that has begun,
    const OnStop on_stop{app, wake, Repeat::every_10_ms};                     // sooner or later: it might not have yet
    while (!app.stopping) {
        UniqueSocket socket{::accept(app.listener.get(), nullptr, nullptr)};
        const bool admitted = app.admit(socket);
        join_finished(clients);
        if (!admitted) continue;
        if (app.options.one_at_a_time) {
            Connection c;
            c.socket = std::move(socket);
            serve_client(app, c);
            continue;
        }
        Connection& c = clients.emplace_back(std::move(socket));
        try {
            c.thread = app.thread([&] { serve_client(app, c); });
        } catch (const std::exception& error) {  // the system has no thread left
            app.leave(c.socket.get(), error.what());
            clients.pop_back();
        }
    }
}

}  // namespace

int main() try {
    const Options options = parse_options("01_blocking", {.takes_one_at_a_time = true});
    const WinsockSession winsock;                                 // WSAStartup
    App app{options, open_listener(options.bind, options.port)};  // socket, bind, listen
    run_server(app);
    return app.finish();  // totals, exit status
} catch (const std::exception& error) {
    return failed(error);
}
