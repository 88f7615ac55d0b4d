#include "common/tools/load/visits.h"

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "common/tools/load/client.h"
#include "common/tools/load/load.h"
#include "common/tools/load/own_process.h"
#include "common/tools/load/pattern.h"

namespace course {

namespace {

using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

struct Mismatch : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Visits {
public:
    explicit Visits(const LoadSettings& settings) : settings_(settings), visits_(settings.clients) {
        tcp::resolver resolver(context_);
        server_ = *resolver.resolve(settings.host, std::to_string(settings.port)).begin();
        report_.clients = open_ = settings.clients;
    }

    LoadReport run() {
        for (std::size_t i = 0; i < settings_.clients; ++i) sockets_.emplace_back(context_);
        for (std::size_t i = 0; i < settings_.clients; ++i) co_spawn(context_, visitor(i), asio::detached);
        co_spawn(context_, window(), asio::detached);
        context_.run();
        report_.spread(std::move(visits_));
        report_.longest_wait = report_.latency.max();
        return std::move(report_);
    }

private:
    awaitable<void> visitor(std::size_t number) {
        const Pattern pattern(number);
        std::vector<char> message(settings_.size), echo(settings_.size);
        pattern.fill(message, 0);
        std::string kind, what;
        try {
            while (!over_) {
                const auto began = Clock::now();
                co_await visit(sockets_[number], message, echo);
                if (pattern.mismatch(echo, 0)) throw Mismatch("its message came back wrong");
                if (measuring_) count(number, Clock::now() - began);
            }
        } catch (const std::system_error& error) {
            kind = gave_up_ ? "timeout" : kind_of(error.code());
            what = error.what();
        } catch (const Mismatch& error) {
            kind = "mismatch";
            what = error.what();
        }
        if (!kind.empty()) report_.fail(kind, "client " + std::to_string(number) + ": " + what);
        sockets_[number].close();
        if (--open_ == 0) timer_.cancel();
    }

    awaitable<void> visit(tcp::socket& socket, std::vector<char>& message, std::vector<char>& echo) {
        socket.open(server_.protocol());
        let_port_be_shared(socket);
        come_from_another_address(socket);
        co_await socket.async_connect(server_, use_awaitable);
        socket.set_option(tcp::no_delay(true));
        co_await asio::async_write(socket, asio::buffer(message), use_awaitable);
        co_await asio::async_read(socket, asio::buffer(echo), use_awaitable);
        socket.shutdown(tcp::socket::shutdown_send);
        char more = 0;
        asio::error_code end;
        const std::size_t bytes =
            co_await socket.async_read_some(asio::buffer(&more, 1), asio::redirect_error(use_awaitable, end));
        if (bytes > 0) throw Mismatch("more came back than was sent");
        if (end != asio::error::eof) throw std::system_error(end, "receive");
        socket.close();
    }

    // A port stays taken for minutes after a visit, and Windows has 16,384 of them for an address: not enough for one
    // comparison. All of 127.0.0.0/8 is this machine, so the visitors come from 250 addresses.
    void come_from_another_address(tcp::socket& socket) {
        if (!server_.address().is_v4() || !server_.address().is_loopback()) return;
        const auto first = asio::ip::address_v4::loopback().to_uint();
        socket.bind({asio::ip::address_v4{first + static_cast<unsigned>(visited_++ % 250)}, 0});
    }

    void count(std::size_t number, std::chrono::nanoseconds taken) {
        report_.latency.record(static_cast<std::uint64_t>(taken.count()));
        report_.bytes += settings_.size;
        ++report_.echoes;
        ++visits_[number];
    }

    awaitable<void> window() {
        co_await wait(settings_.warm_up);
        if (settings_.on_window_begins) settings_.on_window_begins();
        measuring_ = true;
        const auto began = Clock::now();
        const double cpu = own_cpu_seconds();
        co_await wait(settings_.seconds);
        measuring_ = false;
        report_.seconds = Seconds{Clock::now() - began}.count();
        report_.own_cpu = (own_cpu_seconds() - cpu) / report_.seconds;
        if (settings_.on_window_ends) settings_.on_window_ends();
        over_ = true;
        if (open_ > 0) co_await wait(settings_.finish_limit);
        gave_up_ = true;
        for (tcp::socket& socket : sockets_) socket.close();
    }

    awaitable<void> wait(Seconds time) {
        timer_.expires_after(std::chrono::duration_cast<Clock::duration>(time));
        asio::error_code ignored;  // cancelled, when all have gone before
        co_await timer_.async_wait(asio::redirect_error(use_awaitable, ignored));
    }

    const LoadSettings& settings_;
    asio::io_context context_{1};  // one thread runs it: no locking inside
    asio::steady_timer timer_{context_};
    tcp::endpoint server_;
    std::vector<tcp::socket> sockets_;
    std::vector<std::uint64_t> visits_;  // within the window, by client
    std::uint64_t visited_ = 0;
    std::size_t open_;  // clients that still come
    bool measuring_ = false, over_ = false, gave_up_ = false;
    LoadReport report_;
};

}  // namespace

LoadReport run_visits(const LoadSettings& settings) {
    allow_many_connections();
    return Visits(settings).run();
}

}  // namespace course
