#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <utility>

#include "common/winsock.h"  // IWYU pragma: export

/// The record of a server's clients: who may come, how many are here, what they sent, and with --verbose a line for
/// each event. It never waits for a client and moves none of its bytes. From any thread.
class Clients {
public:
    /// @param max_clients  0: no limit
    Clients(unsigned max_clients, bool verbose) : max_clients_(max_clients), verbose_(verbose) {}

    /// To be called directly after ::accept, for it looks at the last error. Returns whether there is a client to
    /// serve, which must later `leave`; its socket has TCP_NODELAY set. Over --max-clients it takes the client from
    /// `accepted` and sends it away. Why there is no client it says, if that is worth a line.
    /// @throws SystemError when it is the listener that failed, and no further accept can succeed
    bool admit(UniqueSocket& accepted);

    /// What admit() does about a failed accept. @throws SystemError when it is the listener that failed
    static void accept_failed(int error);

    /// The server is done with a client. @param why  for the event line; "left" stands for a good end
    void leave(SOCKET client, const std::string& why = "left");

    /// Bytes that a client sent and that will be echoed.
    void received(SOCKET client, std::size_t bytes);

    /// Says, once, that further clients wait in the backlog for a place.
    void report_full(std::size_t clients);

    [[nodiscard]] unsigned active() const { return active_; }       ///< admitted, and not left yet
    [[nodiscard]] std::uint64_t served() const { return served_; }  ///< admitted since the start
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }    ///< received since the start

    /// Closes the sockets of clients that were sent away a second ago or earlier.
    void close_lingering();

private:
    void event(SOCKET client, const std::string& what) const;
    void turn_away(UniqueSocket socket);

    const unsigned max_clients_;
    const bool verbose_;
    std::atomic<unsigned> active_ = 0;
    std::atomic<std::uint64_t> served_ = 0, bytes_ = 0;
    std::atomic<bool> said_full_ = false;
    std::mutex mutex_;  // guards what follows
    std::deque<std::pair<std::chrono::steady_clock::time_point, UniqueSocket>> lingering_;
};

/// "1 client", "2 clients".
std::string count_of(std::uint64_t count, const std::string& noun);
