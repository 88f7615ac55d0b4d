#pragma once

#include <cstdint>

namespace course {

/// Processor time, user and kernel, that this process has used so far.
double own_cpu_seconds();

/// The most memory that it has held at once (working set; resident set on Linux).
std::uint64_t own_peak_memory_bytes();

/// Raises the limit on open descriptors as far as the system lets it; Windows has none to raise.
void allow_many_connections();

}  // namespace course
