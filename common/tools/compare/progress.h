#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace course {

/// Says on stderr what is being done and how long the rest will take: in one line that changes on a terminal, in a line
/// per step elsewhere.
class Progress {
public:
    explicit Progress(std::size_t steps);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void begin(const std::string& what);
    void end(const std::string& result);

private:
    void show(const std::string& text);

    using Clock = std::chrono::steady_clock;
    const std::size_t steps_;
    const bool terminal_;
    const Clock::time_point began_ = Clock::now();
    std::size_t done_ = 0;
    std::size_t width_ = 0;  // of what stands in the terminal's line
    std::string current_;
};

}  // namespace course
