#pragma once

#include <cstdint>

// A program that links allocations.cpp counts what `new` gives it and `delete` takes back.

std::int64_t live_allocations();      ///< given and not taken back, by all threads
void count_this_thread();             ///< from now on what this thread allocates is counted by the next function, too
std::uint64_t counted_allocations();  ///< how often such threads have called `new`
