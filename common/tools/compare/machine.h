#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace course {

/// Where the figures come from: processor, system, compilers, commit.
/// @param wine  Wine runs the servers for this program; that this program itself runs under Wine is found out
nlohmann::json describe_machine(const std::filesystem::path& servers_directory, bool wine);

/// What the build has written down beside the programs in this folder; null if there is nothing.
nlohmann::json build_info(const std::filesystem::path& directory);

/// One line of it for the terminal.
std::string machine_in_words(const nlohmann::json& machine);

/// What Wine's figures tell and what they do not; empty if these are not Wine's.
std::string wine_notes(const nlohmann::json& machine);

/// The time now, as 2025-01-31T12:00:00Z.
std::string utc_time();

/// The time now, in microseconds of Unix time: the clock that a server's trace shares with us.
std::int64_t unix_us();

}  // namespace course
