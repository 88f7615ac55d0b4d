#pragma once

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

    /// Keeps the highest numbers of threads and handles. Slow: Windows tells all threads of the system to find those of
    /// one process.
    void sample();

    /// Takes a last sample and writes the file: one flat JSON object, null where the system does not tell a number.
    void write(const std::string& server, std::uint64_t clients, std::uint64_t bytes);

private:
    std::ofstream file_;
    std::uint64_t peak_threads_ = 0, peak_handles_ = 0;
};
