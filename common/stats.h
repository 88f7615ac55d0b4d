#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

/// What `--stats FILE` reports, beside the server's own counters: figures of this process, sampled while it runs.
class Stats {
public:
    /// Opens the file at once, so that a wrong path is found before the first client comes.
    /// @throws std::runtime_error
    explicit Stats(const std::filesystem::path& file);

    /// Looks at the process's threads and handles and keeps the highest figures, if the last look was `every` ago or
    /// longer. Slow: Windows tells all threads of the system to find those of one process.
    void sample(bool at_once = false);
    static constexpr std::chrono::milliseconds every{500};

    /// Takes a last sample and writes the file: one flat JSON object; null stands for what the system cannot tell.
    void write(const std::string& server, std::uint64_t clients, std::uint64_t bytes);

private:
    std::ofstream file_;
    std::chrono::steady_clock::time_point next_sample_;
    std::uint64_t peak_threads_ = 0, peak_handles_ = 0;
};
