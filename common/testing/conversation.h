#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <vector>

#include "common/testing/test_client.h"
#include "common/tools/load/pattern.h"

namespace course {

/// A client that sends a pattern and checks the echo byte by byte, sending and receiving at once, never waiting.
/// converse() drives any number of them in one thread.
class Conversation {
public:
    struct Plan {
        std::uint64_t bytes = 0;
        std::size_t largest_send = 65536, largest_receive = 65536;  ///< for one call
        bool random_sizes = false;      ///< each call's size is drawn, from 1 to the largest
        bool read = true;               ///< or never receives
        bool finish = true;             ///< half-closes after the last byte, and then expects FIN
        bool may_be_cut_short = false;  ///< a FIN or a reset at any point is a good end as well
    };

    Conversation(TestClient client, const Plan& plan, std::uint64_t seed);

    /// Sends and receives what is possible just now, one call each.
    /// @returns whether anything moved
    /// @throws std::runtime_error when the server breaks its promise
    bool step();

    void plan_further(const Plan& plan) { plan_ = plan; }  ///< the stream goes on; `bytes` counts from its beginning
    [[nodiscard]] bool done() const;
    [[nodiscard]] short interest() const;  ///< the events to poll for
    [[nodiscard]] std::uint64_t sent() const { return sent_; }
    [[nodiscard]] std::uint64_t received() const { return received_; }
    [[nodiscard]] TestClient& client() { return client_; }

private:
    bool send_step();
    bool receive_step();
    std::size_t draw(std::size_t largest);

    TestClient client_;
    Plan plan_;
    Pattern pattern_;
    std::mt19937_64 random_;
    std::vector<char> buffer_;
    std::uint64_t sent_ = 0, received_ = 0;
    bool finished_sending_ = false;
    bool ended_ = false;
};

/// Drives all of them until each is done, or until `enough` says so (asked some 50 times a second at least).
/// @throws std::runtime_error when the server breaks its promise; TimedOut when nothing at all moved for `patience`
void converse(std::span<Conversation> conversations, std::chrono::milliseconds patience,
              const std::function<bool()>& enough = {});

}  // namespace course
