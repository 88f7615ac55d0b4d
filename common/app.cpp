#include "common/app.h"

#include <chrono>
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <utility>

namespace {

// "127.0.0.1:9000" or "[::1]:9000".
std::string where(const std::string& bind, SOCKET listener) {
    sockaddr_storage name{};
    int size = sizeof name;
    if (::getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size) == SOCKET_ERROR) throw_error("getsockname");
    const auto port = ::ntohs(reinterpret_cast<const sockaddr_in&>(name).sin_port);  // at the same place for IPv6
    return (bind.find(':') == std::string::npos ? bind : "[" + bind + "]") + ":" + std::to_string(port);
}

}  // namespace

App::App(Options given, UniqueSocket listening_socket)
    : Clients(given.max_clients, given.verbose),
      Stop(*this, std::chrono::seconds{given.drain}),
      options(std::move(given)),
      listener(std::move(listening_socket)) {
    if (!options.stats.empty()) stats_.emplace(options.stats);
    print_line(options.program + " listening on " + where(options.bind, listener.get()));
    watch(options.stop_on_eof, [this] {
        close_lingering();
        if (stats_) stats_->sample();
    });
}

std::thread App::thread(std::function<void()> body) {
    return std::thread{[this, body = std::move(body)] {
        try {
            body();
        } catch (const std::exception& error) {
            failed_ = true;
            failed(error);
            stop(true);
        }
    }};
}

int App::finish() try {
    if (std::exchange(finished_, true)) return 0;
    end_watch();
    print_line(options.program + " served " + count_of(served(), "client") + ", " + count_of(bytes(), "byte"));
    if (stats_) stats_->write(options.program, served(), bytes());
    if (!options.trace.empty()) tracer.end(options.program);
    return failed_ ? 1 : 0;
} catch (const std::exception& error) {
    return failed(error);
}

int failed(const std::exception& error) {
    const bool usage = dynamic_cast<const UsageError*>(&error) != nullptr;
    print_error_line((usage ? "" : "error: ") + std::string(error.what()));
    return usage ? 2 : 1;
}
