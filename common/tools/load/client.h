#pragma once

#include <asio/error_code.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/tools/load/load.h"
#include "common/tools/load/pattern.h"

namespace course {

class Client;

/// The kind of an error, as LoadReport counts it: "eof", "reset" or "other".
std::string kind_of(const asio::error_code& error);

/// Asio connects with ConnectEx, which needs a bound socket. Without this option Windows keeps its port to itself for
/// minutes after the close, and some runs later there is none left.
void let_port_be_shared(asio::ip::tcp::socket& socket);

/// What the clients share with the run they belong to.
struct ClientOwner {
    bool sending = false;    ///< the load has begun; before, a client sends one message to see that it is served
    bool measuring = false;  ///< within the window
    LoadReport report;

    virtual void connect_over() = 0;  ///< a client has connected, or failed to
    virtual void client_ready() = 0;  ///< a client has had its first echo, or never will
    virtual void client_done() = 0;   ///< a client's connection is over

protected:
    ~ClientOwner() = default;
};

/// One connection of the load. Its handlers refer to it, so it must live until io_context::run has returned.
class Client {
public:
    Client(asio::io_context& context, ClientOwner& owner, const LoadSettings& settings, std::size_t number, bool idle);

    void connect(const asio::ip::tcp::endpoint& server);
    void start();    ///< the load begins
    void finish();   ///< start no more messages, wait for those under way, close
    void give_up();  ///< the time to finish is over

    [[nodiscard]] bool idle() const { return idle_; }
    [[nodiscard]] std::uint64_t echoes() const { return echoes_; }  ///< within the measured window
    [[nodiscard]] std::uint64_t oldest_wait() const;                ///< age in ns of the oldest message under way

private:
    using Clock = std::chrono::steady_clock;
    enum class State { fresh, connecting, open, finishing, closing, done };

    void receive();
    void received(const asio::error_code& error, std::size_t bytes);
    bool check(std::size_t bytes);
    void count_messages(std::uint64_t before);
    void send();
    void close_if_finished();
    void fail(const std::string& kind, const std::string& what);
    void fail(const asio::error_code& error, const char* call);
    void ready();
    void done();

    asio::ip::tcp::socket socket_;
    ClientOwner& owner_;
    const std::uint64_t size_;
    const std::uint64_t depth_;
    const std::size_t number_;
    const bool idle_;
    const Pattern pattern_;
    State state_ = State::fresh;
    bool ready_ = false;
    bool sending_ = false;
    std::uint64_t sent_ = 0;      // bytes of the stream handed to the system, or being so
    std::uint64_t received_ = 0;  // bytes of the stream that came back
    std::uint64_t echoes_ = 0;
    std::vector<Clock::time_point> begun_;  // when a message was sent; a ring of `depth`
    std::vector<char> outgoing_;
    std::vector<char> incoming_;
};

}  // namespace course
