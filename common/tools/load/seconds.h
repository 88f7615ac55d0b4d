#pragma once

#include <chrono>

namespace course {

using Seconds = std::chrono::duration<double>;

}  // namespace course
