#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "common/tools/load/load.h"

namespace course {

nlohmann::json to_json(const LoadReport& report);

/// Some lines for the terminal.
std::string to_text(const LoadReport& report);

/// "2 mismatch, 1 reset", or "none".
std::string errors_in_words(const LoadReport& report);

}  // namespace course
