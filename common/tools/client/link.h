#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/tools/client/plan.h"
#include "common/tools/load/pattern.h"

namespace course {

using Clock = std::chrono::steady_clock;
using Endpoints = std::vector<asio::ip::tcp::endpoint>;

/// The connection ended by anything but a FIN, or never came about; what() is a whole clause in plain words.
struct LinkLost : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Something came back that had not been sent like this.
struct WrongEcho : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The system gives this program no further socket.
struct OutOfSockets : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// In plain words.
std::runtime_error cannot_connect(const Plan& plan, const std::string& why);

/// @throws std::runtime_error if the host is unknown
Endpoints find_server(const std::string& host, std::uint16_t port);

asio::awaitable<void> sleep_for(Seconds time);

/// One connection. It sends an endless stream of bytes of its own, and checks that the same stream comes back.
/// The coroutines refer to it, so it must outlive them. (A co_await in the condition of a loop's only statement makes
/// GCC 12 generate a trap: the result gets a name first.)
class Link {
public:
    /// @param stream  two links with different numbers send different bytes
    /// @param block   bytes of the largest transfer
    Link(const asio::any_io_executor& executor, std::uint64_t stream, std::size_t block);

    /// From connect() on, the system holds only a few KiB for us to read: a server soon notices that we do not.
    void hold_little() { hold_little_ = true; }

    /// Tries one address after the other, and leaves in `server` the one that answered.
    asio::awaitable<void> connect(Endpoints& server, Seconds limit);

    /// Sends the next bytes of the stream, a block at most. Returns how many the system took, nothing if it took none
    /// in time.
    asio::awaitable<std::optional<std::size_t>> send_some(std::size_t at_most, std::optional<Seconds> limit = {});

    /// Returns how many bytes came back, 0 for the server's FIN, nothing if nothing came in time.
    asio::awaitable<std::optional<std::size_t>> receive(Seconds limit, std::size_t at_most = SIZE_MAX);

    /// Sends a message and waits for all of its echo. Returns false if the server finished before that, nothing if it
    /// was late.
    asio::awaitable<std::optional<bool>> echo(std::size_t size, Seconds limit);

    void finish_sending();  ///< half-close: sends a FIN
    void reset();           ///< closes with a RST
    void close();           ///< what is under way ends, and returns "nothing in time"

    [[nodiscard]] bool closed() const { return closed_; }
    [[nodiscard]] std::uint64_t sent() const { return sent_; }
    [[nodiscard]] std::uint64_t received() const { return received_; }
    /// When a further 256 KiB had been sent, the last time. Less does not count: full buffers of the systems still move
    /// some bytes on now and then.
    [[nodiscard]] Clock::time_point last_progress() const { return last_progress_; }

private:
    [[noreturn]] void fail(const char* what, const asio::error_code& error) const;

    asio::ip::tcp::socket socket_;
    const Pattern pattern_;
    const std::size_t block_;
    std::uint64_t sent_ = 0;
    std::uint64_t received_ = 0;
    std::uint64_t noted_ = 0;  // of what was sent, at the last progress
    Clock::time_point last_progress_ = Clock::now();
    bool hold_little_ = false;
    bool closed_ = false;
    std::vector<char> outgoing_;  // both empty until the first use: of many links, some are never served
    std::vector<char> incoming_;
};

}  // namespace course
