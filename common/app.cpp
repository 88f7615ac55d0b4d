#include "common/app.h"

#include <array>
#include <chrono>
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <utility>

namespace {

// "127.0.0.1:9000" or "[::1]:9000".
std::string bound_address(SOCKET socket) {
    sockaddr_storage address{};
    int size = sizeof address;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == SOCKET_ERROR) throw_error("getsockname");
    std::array<wchar_t, 64> text{};
    auto length = static_cast<DWORD>(text.size());
    if (::WSAAddressToStringW(reinterpret_cast<sockaddr*>(&address), static_cast<DWORD>(size), nullptr, text.data(),
                              &length))
        throw_error("WSAAddressToString");
    return to_utf8(text.data());
}

}  // namespace

App::App(Options given, UniqueSocket listening_socket)
    : Clients(given.max_clients, given.verbose),
      Stop(*this, std::chrono::seconds{given.drain}),
      options(std::move(given)),
      listener(std::move(listening_socket)) {
    if (!options.stats.empty()) stats_.emplace(options.stats);
    watch(options.stop_on_eof, stats_ ? [this] { stats_->sample(); } : std::function<void()>{});
    print_line(options.program + " listening on " + bound_address(listener.get()));
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

int App::finish() {
    end_watch();
    print_line(options.program + " served " + count_of(served(), "client") + ", " + count_of(bytes(), "byte"));
    if (stats_) stats_->write(options.program, served(), bytes());
    if (!options.trace.empty()) tracer.end(options.program);
    return failed_ ? 1 : 0;
}

int failed(const std::exception& error) {
    const bool usage = dynamic_cast<const UsageError*>(&error) != nullptr;
    print_error_line((usage ? "" : "error: ") + std::string(error.what()));
    return usage ? 2 : 1;
}
