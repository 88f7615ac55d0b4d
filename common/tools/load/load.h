#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/tools/load/histogram.h"
#include "common/tools/load/seconds.h"  // IWYU pragma: export

namespace course {

/// Each client connects and gets one echo, so that the load meets a server which has accepted all whom it will accept.
/// Then it is a closed loop: each client sends a message, and the next one when an echo has come back whole, so that it
/// always has `depth` messages under way. A slow server therefore meets less load, and latencies are those of a server
/// that is as busy as `clients` x `depth` messages make it.
struct LoadSettings {
    std::string host = "127.0.0.1";
    std::uint16_t port = 9000;
    std::size_t clients = 1;
    std::size_t size = 64;  ///< bytes of a message
    std::size_t depth = 1;  ///< messages under way, per client
    std::size_t idle = 0;   ///< further clients that connect and stay silent
    double ramp = 0;        ///< connects per second, the load growing with them; 0: all connect first, then begin
    Seconds seconds{5};     ///< the measured window, which begins when the warm-up is over
    Seconds warm_up{1};     ///< begins when all clients have had a first echo, or connect_limit is over
    Seconds connect_limit{10};
    Seconds finish_limit{5};  ///< for what is under way at the end of the window to come back

    std::function<void()> on_window_begins;  ///< to read figures of the server at the same moments
    std::function<void()> on_window_ends;
};

struct LoadReport {
    std::size_t clients = 0;
    double seconds = 0;              ///< the length that the window really had
    double connect_seconds = 0;      ///< until all had had a first echo, or failed
    std::uint64_t echoes = 0;        ///< messages that came back whole, and right, within the window
    std::uint64_t bytes = 0;         ///< bytes that came back within the window (one direction)
    Histogram latency;               ///< ns, from handing a message's first byte to the system to reading its last one
    std::uint64_t longest_wait = 0;  ///< ns; messages still under way at the window's end count with their age
    std::size_t unserved = 0;        ///< clients that got not one echo within the window, connected or not
    std::uint64_t least_echoes = 0, median_echoes = 0, most_echoes = 0;  ///< per client, the unserved included
    double own_cpu = 0;  ///< processor seconds of this process per second of the window: near 1, the load is the limit

    /// How many clients failed, by kind: "connect", "reset", "eof", "mismatch", "timeout", "other". A client fails
    /// once. "eof": the server closed first; "mismatch": wrong bytes, or more than were sent; "timeout": after the
    /// window, its last bytes or the server's close did not come within finish_limit. A failed client does not come
    /// back.
    std::map<std::string, std::uint64_t> errors;
    std::vector<std::string> examples;  ///< the first few errors in words

    [[nodiscard]] double echoes_per_second() const { return seconds > 0 ? static_cast<double>(echoes) / seconds : 0; }
    [[nodiscard]] double megabytes_per_second() const {
        return seconds > 0 ? static_cast<double>(bytes) / seconds / 1e6 : 0;
    }
    [[nodiscard]] std::uint64_t error_count() const;

    void fail(const std::string& kind, const std::string& text);  ///< counts a client that failed
    void spread(std::vector<std::uint64_t> by_client);            ///< fills in what depends on each client's echoes
};

/// Loads an echo server from the calling thread.
/// @throws std::system_error if the host is unknown; what befalls a client is in the report
LoadReport run_load(const LoadSettings& settings);

}  // namespace course
