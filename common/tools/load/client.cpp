#include "common/tools/load/client.h"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include "common/tools/load/load.h"

namespace course {

namespace {

constexpr std::uint64_t largest_transfer = 65'536;  // bounds what a client costs in memory

}  // namespace

std::string kind_of(const asio::error_code& error) {
    if (error == asio::error::eof) return "eof";
    if (error == asio::error::connection_reset || error == asio::error::connection_aborted ||
        error == asio::error::broken_pipe)
        return "reset";
    return "other";
}

void let_port_be_shared([[maybe_unused]] asio::ip::tcp::socket& socket) {
#ifdef SO_REUSE_UNICASTPORT
    const BOOL yes = TRUE;  // a system too old to know the option refuses it, and that is all
    ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_REUSE_UNICASTPORT, reinterpret_cast<const char*>(&yes),
                 sizeof yes);
#endif
}

Client::Client(asio::io_context& context, ClientOwner& owner, const LoadSettings& settings, std::size_t number,
               bool idle)
    : socket_(context),
      owner_(owner),
      size_(settings.size),
      depth_(settings.depth),
      number_(number),
      idle_(idle),
      pattern_(number),
      begun_(idle ? 0 : settings.depth),
      outgoing_(idle ? 0 : std::min(size_ * depth_, largest_transfer)),
      incoming_(idle ? 1 : std::max<std::size_t>(outgoing_.size(), 4096)) {}

void Client::connect(const asio::ip::tcp::endpoint& server) {
    state_ = State::connecting;
    asio::error_code error;
    socket_.open(server.protocol(), error);
    if (error) return fail("connect", "socket: " + error.message());
    let_port_be_shared(socket_);
    socket_.async_connect(server, [this](const asio::error_code& failed) {
        if (state_ == State::done) return;
        if (failed) return fail("connect", "connect: " + failed.message());
        state_ = State::open;
        asio::error_code ignored;
        socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
        owner_.connect_over();
        if (idle_) ready();
        receive();
        send();
    });
}

void Client::start() {
    if (state_ == State::open) send();
}

void Client::receive() {
    socket_.async_read_some(asio::buffer(incoming_),
                            [this](const asio::error_code& error, std::size_t bytes) { received(error, bytes); });
}

void Client::received(const asio::error_code& error, std::size_t bytes) {
    if (state_ == State::done) return;
    if (error == asio::error::eof && state_ == State::closing) return done();  // the good end
    if (error) return fail(error, "receive");
    if (!check(bytes)) return;
    const std::uint64_t before = received_;
    received_ += bytes;
    if (received_ >= size_) ready();
    if (owner_.measuring) owner_.report.bytes += bytes;
    count_messages(before);
    send();
    close_if_finished();
    if (state_ != State::done) receive();
}

bool Client::check(std::size_t bytes) {
    const auto wrong = pattern_.mismatch(std::span(incoming_).first(bytes), received_);
    if (wrong) {
        fail("mismatch", "byte " + std::to_string(received_ + *wrong) + " of its stream came back wrong");
    } else if (received_ + bytes > sent_) {
        fail("mismatch", "more came back than the " + std::to_string(sent_) + " bytes it had sent");
    } else {
        return true;
    }
    return false;
}

void Client::count_messages(std::uint64_t before) {
    if (!owner_.measuring || before / size_ == received_ / size_) return;
    const auto now = Clock::now();
    for (std::uint64_t message = before / size_; message < received_ / size_; ++message) {
        const std::chrono::nanoseconds taken = now - begun_[message % depth_];
        owner_.report.latency.record(static_cast<std::uint64_t>(taken.count()));
        ++owner_.report.echoes;
        ++echoes_;
    }
}

// The window that the depth allows may be larger than a transfer: then the rest follows when this one is over.
void Client::send() {
    if (sending_ || idle_ || state_ != State::open) return;
    const std::uint64_t allowed = owner_.sending ? (received_ / size_ + depth_) * size_ : size_;
    const std::uint64_t bytes = std::min<std::uint64_t>(allowed - sent_, outgoing_.size());
    if (bytes == 0) return;
    pattern_.fill(std::span(outgoing_).first(static_cast<std::size_t>(bytes)), sent_);
    const auto now = Clock::now();
    const std::uint64_t first = (sent_ + size_ - 1) / size_, last = (sent_ + bytes - 1) / size_;
    for (std::uint64_t message = first; message <= last; ++message) begun_[message % depth_] = now;
    sent_ += bytes;
    sending_ = true;
    asio::async_write(socket_, asio::buffer(outgoing_, static_cast<std::size_t>(bytes)),
                      [this](const asio::error_code& error, std::size_t) {
        sending_ = false;
        if (state_ == State::done) return;
        if (error) return fail(error, "send");
        send();
        close_if_finished();
    });
}

void Client::finish() {
    if (state_ == State::done) return;
    if (state_ != State::open) return fail("connect", "not connected by the end of the window");
    // One that was never served has said so as "unserved": there is no more to wait for.
    if (!idle_ && received_ == 0) return done();
    state_ = State::finishing;
    close_if_finished();
}

void Client::close_if_finished() {
    if (state_ != State::finishing || sending_ || received_ != sent_) return;
    state_ = State::closing;
    asio::error_code error;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
    if (error) fail(error, "shutdown");
}

void Client::give_up() {
    if (state_ == State::done) return;
    fail("timeout", state_ == State::closing ? std::string("the server did not close after it")
                                             : std::to_string(sent_ - received_) + " bytes did not come back");
}

std::uint64_t Client::oldest_wait() const {
    if (received_ == sent_) return 0;
    const std::chrono::nanoseconds age = Clock::now() - begun_[received_ / size_ % depth_];
    return static_cast<std::uint64_t>(age.count());
}

void Client::fail(const std::string& kind, const std::string& what) {
    owner_.report.fail(kind, (idle_ ? "idle client " : "client ") + std::to_string(number_) + ": " + what);
    const bool was_connecting = state_ == State::connecting;
    done();
    if (was_connecting) owner_.connect_over();
    ready();
}

void Client::fail(const asio::error_code& error, const char* call) {
    fail(kind_of(error), std::string(call) + ": " + error.message());
}

void Client::ready() {
    if (ready_) return;
    ready_ = true;
    owner_.client_ready();
}

void Client::done() {
    state_ = State::done;
    asio::error_code ignored;
    socket_.close(ignored);
    owner_.client_done();
}

}  // namespace course
