#include "common/tools/client/link.h"

#include <algorithm>
#include <asio/as_tuple.hpp>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/socket_base.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <variant>

#include "common/tools/client/plan.h"
#include "common/tools/client/terminal.h"
#include "common/tools/load/text.h"

namespace course {

namespace {

using namespace asio::experimental::awaitable_operators;

constexpr int little_buffer = 8192;
constexpr std::uint64_t noteworthy_bytes = 256 * 1024;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

Clock::duration ticks(Seconds time) { return std::chrono::duration_cast<Clock::duration>(std::max(time, Seconds{0})); }

}  // namespace

Endpoints find_server(const std::string& host, std::uint16_t port) {
    asio::io_context context;
    asio::ip::tcp::resolver resolver(context);
    asio::error_code error;
    const auto found = resolver.resolve(host, std::to_string(port), error);
    if (error) throw std::runtime_error("the host \"" + host + "\" is unknown: " + describe(error));
    Endpoints server;
    for (const auto& entry : found) server.push_back(entry.endpoint());
    return server;
}

std::runtime_error cannot_connect(const Plan& plan, const std::string& why) {
    return std::runtime_error("cannot connect to " + plan.host + ", port " + std::to_string(plan.port) +
                              "; is a server running there? " + why);
}

asio::awaitable<void> sleep_for(Seconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, ticks(time));
    co_await timer.async_wait(asio::use_awaitable);
}

Link::Link(const asio::any_io_executor& executor, std::uint64_t stream, std::size_t block)
    : socket_(executor), pattern_(stream), block_(block) {}

asio::awaitable<void> Link::connect(Endpoints& server, Seconds limit) {
    const Endpoints candidates = server;
    std::string why;
    for (const auto& endpoint : candidates) {
        asio::error_code error;
        socket_.close(error);
        socket_.open(endpoint.protocol(), error);
        if (error == asio::error::address_family_not_supported) {  // the name may have addresses of another family, too
            why = describe(error);
            continue;
        }
        if (error) throw OutOfSockets("the system gives no further socket: " + describe(error));
        if (hold_little_) socket_.set_option(asio::socket_base::receive_buffer_size(little_buffer), error);
        auto result = co_await (socket_.async_connect(endpoint, as_result) || sleep_for(limit));
        const bool in_time = result.index() == 0;
        if (in_time) error = std::get<0>(std::get<0>(result));
        if (in_time && !error) {
            server = {endpoint};
            socket_.set_option(asio::ip::tcp::no_delay(true), error);
            co_return;
        }
        why += (why.empty() ? "" : "; ") +
               std::string(in_time ? describe(error) : "no answer within " + fixed(limit.count(), 1) + " s");
    }
    throw LinkLost("a connection was refused: " + why);
}

asio::awaitable<std::optional<std::size_t>> Link::send_some(std::size_t at_most, std::optional<Seconds> limit) {
    const std::size_t size = std::min(at_most, block_);
    outgoing_.resize(block_);
    pattern_.fill(std::span(outgoing_).first(size), sent_);
    asio::error_code error;
    std::size_t taken = 0;
    if (limit) {
        auto result =
            co_await (socket_.async_write_some(asio::buffer(outgoing_, size), as_result) || sleep_for(*limit));
        if (result.index() == 1) co_return std::nullopt;
        std::tie(error, taken) = std::get<0>(result);
    } else {
        std::tie(error, taken) = co_await socket_.async_write_some(asio::buffer(outgoing_, size), as_result);
    }
    if (closed_) co_return std::nullopt;
    if (error) fail("sending failed", error);
    sent_ += taken;
    if (sent_ - noted_ >= noteworthy_bytes) {
        noted_ = sent_;
        last_progress_ = Clock::now();
    }
    co_return taken;
}

asio::awaitable<std::optional<std::size_t>> Link::receive(Seconds limit, std::size_t at_most) {
    incoming_.resize(block_);
    const auto into = asio::buffer(incoming_, std::min(at_most, block_));
    auto result = co_await (socket_.async_read_some(into, as_result) || sleep_for(limit));
    if (result.index() == 1 || closed_) co_return std::nullopt;
    const auto [error, got] = std::get<0>(result);
    if (error == asio::error::eof) co_return 0;
    if (error) fail("receiving failed", error);
    if (received_ + got > sent_)
        throw WrongEcho("more bytes came back than the " + with_commas(sent_) + " that were sent");
    if (const auto wrong = pattern_.mismatch(std::span(incoming_).first(got), received_))
        throw WrongEcho("byte " + with_commas(received_ + *wrong) + " came back wrong");
    received_ += got;
    co_return got;
}

asio::awaitable<std::optional<bool>> Link::echo(std::size_t size, Seconds limit) {
    const auto deadline = Clock::now() + ticks(limit);
    for (const std::uint64_t end = sent_ + size; sent_ < end;) {
        const auto taken = co_await send_some(static_cast<std::size_t>(end - sent_), deadline - Clock::now());
        if (!taken) co_return std::nullopt;
    }
    while (received_ < sent_) {
        const auto got = co_await receive(deadline - Clock::now());
        if (!got) co_return std::nullopt;
        if (*got == 0) co_return false;
    }
    co_return true;
}

void Link::finish_sending() {
    asio::error_code error;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
    if (error) fail("finishing failed", error);
}

void Link::reset() {
    asio::error_code error;
    socket_.set_option(asio::socket_base::linger(true, 0), error);
    close();
}

void Link::close() {
    closed_ = true;
    asio::error_code ignored;
    socket_.cancel(ignored);  // Wine does not end a pending send when its socket is closed
    socket_.close(ignored);
}

void Link::fail(const char* what, const asio::error_code& error) const {
    const bool cut = error == asio::error::connection_reset || error == asio::error::connection_aborted ||
                     error == asio::error::broken_pipe;
    throw LinkLost((cut ? "the connection was reset: " : std::string(what) + ": ") + describe(error));
}

}  // namespace course
