#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "common/tools/compare/candidate.h"
#include "common/tools/compare/pinning.h"
#include "common/tools/load/load.h"

namespace course {

/// One server, one number of clients, one round. A figure that the system or the server cannot tell is empty.
struct Cell {
    LoadReport load;  ///< errors also of the kinds "start", "stop", "exit": the server's, not a client's
    std::optional<double> cpu_ms_per_1000;             ///< the server's, user and kernel, within the window
    std::optional<double> wineserver_cpu_ms_per_1000;  ///< wineserver's, likewise
    std::optional<double> wineserver_requests_per_echo;
    std::optional<std::uint64_t> peak_threads;
    std::optional<std::uint64_t> peak_memory_bytes;
    std::optional<double> kib_per_idle_client;  ///< how much the server grew from before the first connect to the
                                                ///< window's end, the senders' share included, by idle client
};

nlohmann::json to_json(const Cell& cell);

/// Starts the server, loads it, stops it by ending its standard input, and reads its own statistics.
/// @param scratch  a directory for the statistics file
/// @param visits  short visits (run_visits) instead of clients that stay
Cell measure(const Candidate& candidate, LoadSettings settings, bool visits, Pinning& pinning,
             const std::filesystem::path& scratch);

}  // namespace course
