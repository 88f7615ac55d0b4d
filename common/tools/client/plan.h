#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/tools/load/seconds.h"  // IWYU pragma: export

namespace course {

enum class Mode { interactive, silent, slow, reset, half_close, flood, never_read, many };

/// What the command line asks for.
struct Plan {
    Mode mode = Mode::interactive;
    std::string host = "127.0.0.1";
    std::uint16_t port = 9000;
    std::size_t clients = 0;         ///< of Mode::many
    std::optional<Seconds> seconds;  ///< how long a mode lasts; interactive: the longest wait for an echo
    bool probe = true;               ///< a well-behaved client beside the troublemaker
};

/// Instead of a plan: a text to print, and the exit status. 0 for --help, 2 for bad usage.
struct Usage {
    int exit_status = 0;
    std::string text;
};

/// @param arguments  UTF-8, without the program's own name
std::variant<Plan, Usage> parse_plan(std::vector<std::string> arguments);

}  // namespace course
