#pragma once

#include <chrono>
#include <thread>

namespace course {

/// Looks again and again until `condition` holds; false when the time is over.
/// @param limit  never the time that a passing test takes
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds{20}) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
}

}  // namespace course
