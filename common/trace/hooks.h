#pragma once

#include <vector>

#include "common/trace/import_table.h"

namespace course::trace {

/// The calls that are recorded: for each function, of those DLLs that this program has loaded, the one that stands in
/// for it. A stand-in calls the function and changes neither its result nor the last error.
std::vector<Replacement> hooks();

}  // namespace course::trace
