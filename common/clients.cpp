#include "common/clients.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

#include "common/error.h"

std::string count_of(std::uint64_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

void Clients::accept_failed(int error) {
    switch (error) {
        case WSAEWOULDBLOCK:         // the client that made the listener ready is gone again
        case WSAECONNRESET:          // likewise
        case WSAECONNABORTED:        // likewise
        case WSAEINTR:               // our own wake-up
        case WSA_OPERATION_ABORTED:  // our own wake-up
            return;
        case WSAEMFILE:   // no socket left: until one is closed this will fail again, at once
        case WSAENOBUFS:  // likewise, memory
        case WSA_NOT_ENOUGH_MEMORY:
        case WSAENETDOWN:
            log_error("accept", error);
            ::Sleep(50);  // or the caller's loop would spin
            return;
        default:
            throw_error("accept", error);
    }
}

bool Clients::admit(UniqueSocket& accepted) {
    if (!accepted) {
        accept_failed(last_error());
        return false;
    }
    if (active_++ >= max_clients_ && max_clients_ != 0) {
        --active_;
        if (!said_full_.exchange(true))
            print_line("full: " + count_of(max_clients_, "client") + " at most; further ones are sent away");
        turn_away(std::move(accepted));
        return false;
    }
    // By default (Nagle's algorithm) a small piece waits until the peer has acknowledged the one before, and the peer
    // puts its acknowledgement off, in the hope of something to send it with: 40 ms and more for each echo that leaves
    // in several sends. Where the option is refused the echo is slower, and that is all.
    const BOOL on = TRUE;
    ::setsockopt(accepted.get(), IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&on), sizeof on);
    ++served_;
    if (verbose_) event(accepted.get(), "connected");
    return true;
}

void Clients::leave(SOCKET client, const std::string& why) {
    --active_;
    if (verbose_) event(client, why);
}

void Clients::received(SOCKET client, std::size_t bytes) {
    bytes_ += bytes;
    if (verbose_) event(client, count_of(bytes, "byte"));
}

void Clients::report_full(std::size_t clients) {
    if (!said_full_.exchange(true)) print_line("full: " + count_of(clients, "client") + "; further ones wait");
}

void Clients::event(SOCKET client, const std::string& what) const {
    print_line("[thread " + std::to_string(::GetCurrentThreadId()) + "] client " + std::to_string(client) + ": " +
               what);
}

// Closing a socket that holds unread bytes resets the connection ("closesocket function" calls it an abortive close),
// and a reset can overtake our FIN. So the client gets the FIN now, and its socket is closed a little later.
void Clients::turn_away(UniqueSocket socket) {
    ::shutdown(socket.get(), SD_SEND);
    const std::lock_guard lock{mutex_};
    lingering_.emplace_back(std::chrono::steady_clock::now(), std::move(socket));
}

void Clients::close_lingering() {
    const auto old = std::chrono::steady_clock::now() - std::chrono::seconds{1};
    const std::lock_guard lock{mutex_};
    while (!lingering_.empty() && lingering_.front().first < old) lingering_.pop_front();
}
