#pragma once

#include <functional>
#include <optional>
#include <string>

#include "common/tools/client/plan.h"

namespace course {

using ReadLine = std::function<std::optional<std::string>()>;  ///< waits for a line; nothing means the end
using PrintLine = std::function<void(const std::string&)>;

/// Sends each line of the input, prints its echo and how long it took, and at the end of the input half-closes and
/// waits for the server's FIN. Returns the exit status.
/// @throws std::runtime_error if no connection comes about
int run_interactive(const Plan& plan, const ReadLine& read, const PrintLine& print);

}  // namespace course
