#pragma once

#include <chrono>
#include <thread>

namespace course {

/// An upper bound for what must happen, never the time that a passing test takes.
constexpr std::chrono::seconds patience{20};

/// Looks every few milliseconds until `condition` holds; at least once, however short the limit. For states that no
/// event announces, such as another process's memory.
/// @param condition  called without arguments, on the calling thread; what it throws ends the wait
/// @returns whether it held before the limit was over
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit = patience) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
}

}  // namespace course
