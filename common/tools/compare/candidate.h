#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace course {

/// A server to compare, and how it is started.
struct Candidate {
    std::string name;  ///< as the table shows it
    std::filesystem::path program;
    std::vector<std::string> arguments;
    std::size_t buffer = 4096;  ///< bytes that it receives at once, as far as known: what a yardstick must have as well

    /// Wine is to run it: a Windows program on another system.
    [[nodiscard]] bool needs_wine() const;

    /// A file's path as the server will understand it, UTF-8.
    [[nodiscard]] std::string path_to(const std::filesystem::path& file) const;
};

/// The folder with the servers: the compare program's own or, for the native tools on Linux, that of the build for
/// Wine.
std::filesystem::path default_servers_directory();

/// What a name on the command line stands for. "06" is the first server of that chapter, "asio" the yardstick,
/// "06_iocp" a program of the servers' directory, anything else a path. Options can follow in the same argument: "06
/// --threads 1".
/// @throws std::runtime_error if there is no such program
Candidate find_candidate(const std::string& text, const std::filesystem::path& servers_directory);

/// The yardstick, receiving as many bytes at once as `buffer` says; nothing if it was not built.
std::optional<Candidate> yardstick(const std::filesystem::path& servers_directory, std::size_t buffer);

/// All chapters in their order, then the yardstick.
/// @throws std::runtime_error if there are none
std::vector<Candidate> all_candidates(const std::filesystem::path& servers_directory);

}  // namespace course
