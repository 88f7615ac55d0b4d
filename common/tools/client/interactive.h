#pragma once

#include <functional>
#include <string>

#include "common/tools/client/plan.h"

namespace course {

/// Sends each line of the input, prints its echo and how long it took, and at the end of the input half-closes and
/// reads to the server's FIN. Returns the exit status.
/// @param read   waits for some bytes of the input and returns them; none means the end
/// @param print  takes a line of output
/// @throws std::runtime_error if no connection comes about
int run_interactive(const Plan& plan, const std::function<std::string()>& read,
                    const std::function<void(const std::string&)>& print);

}  // namespace course
