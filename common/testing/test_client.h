#pragma once

// clang-format off
#include <winsock2.h>
#include <ws2tcpip.h>
// clang-format on

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace course {

/// The peer, or its system, has cut the connection: everything but a FIN.
struct ConnectionLost : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Something that should have come has not come in time.
struct TimedOut : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A TCP client for tests: it says exactly when it sends, reads, half-closes, resets, and never waits without a limit.
class TestClient {
public:
    struct Settings {
        std::string address = "127.0.0.1";
        std::chrono::milliseconds patience = std::chrono::seconds{20};  ///< for each wait
        std::string source = "";  ///< the local IPv4 address to connect from; empty: the system's choice
        int receive_buffer = 0;  ///< bytes in the system for this client, set before connecting; 0: the system's choice
    };

    /// Connects.
    /// @throws ConnectionLost when it is refused, TimedOut
    explicit TestClient(std::uint16_t port, const Settings& settings);
    explicit TestClient(std::uint16_t port) : TestClient(port, Settings{}) {}
    TestClient(TestClient&& other) noexcept
        : socket_(std::exchange(other.socket_, INVALID_SOCKET)), patience_(other.patience_) {}
    TestClient& operator=(TestClient&& other) noexcept {
        std::swap(socket_, other.socket_);
        std::swap(patience_, other.patience_);
        return *this;
    }
    ~TestClient() { close(); }

    // Without waiting.
    std::size_t try_send(std::string_view bytes);                  ///< how many the system took; 0: none just now
    std::optional<std::size_t> try_receive(std::span<char> into);  ///< 0: the peer's FIN; nothing: nothing yet

    // Waiting, each time at most `patience`.
    void send(std::string_view bytes);
    std::string receive(std::size_t count);        ///< exactly so many, or a ConnectionLost at an earlier end
    std::string exchange(std::string_view bytes);  ///< sends them and receives as many
    std::string receive_to_end();                  ///< all up to the FIN
    void expect_closed();  ///< waits for the end, a FIN or a reset; what comes before is dropped

    void finish_sending();  ///< half-close: sends a FIN, and goes on receiving
    void reset();           ///< closes with a RST
    void close();           ///< closes; the system makes it a RST if there are unread bytes

    [[nodiscard]] SOCKET socket() const { return socket_; }

private:
    bool wait(short events, std::chrono::steady_clock::time_point deadline) const;
    std::size_t receive_some(std::span<char> into);

    SOCKET socket_ = INVALID_SOCKET;
    std::chrono::milliseconds patience_;
};

/// The first number of the version of Wine that the program runs under; 0 under Windows.
int wine_version();

/// The program runs under Wine, where some of Windows's promises do not hold.
bool running_under_wine();

}  // namespace course
