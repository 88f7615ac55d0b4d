#pragma once

#include "common/tools/load/load.h"

namespace course {

/// The other load: short visits. Each client connects, sends one message, reads its echo, half-closes, reads to the
/// server's FIN, and comes anew. What this costs is mostly accepting and closing.
///
/// In the report an "echo" is a whole visit, and its latency the time from the connect to the FIN. `depth`, `idle`,
/// `ramp` and `connect_limit` mean nothing here. A client whose visit fails does not come back.
/// @throws std::system_error if the host is unknown; what befalls a client is in the report
LoadReport run_visits(const LoadSettings& settings);

}  // namespace course
