#pragma once

#include <cstdint>
#include <optional>

#include "common/process/server_process.h"

namespace course {

/// What a server has used since its start; a figure the system cannot tell is empty.
struct Used {
    std::optional<double> cpu_seconds;
    std::optional<double> wineserver_cpu_seconds;
    std::optional<std::uint64_t> wineserver_requests;
};

/// The wineserver of this user's Wine prefix, if there is one.
std::optional<int> find_wineserver();

/// @param wineserver  the server's, if Wine runs it
Used used_by(const ServerProcess& server, std::optional<int> wineserver);

}  // namespace course
