#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace course {

/// 1234567 as "1,234,567".
std::string with_commas(std::uint64_t number);

/// With so many digits after the point.
std::string fixed(double number, int digits);

/// A path given on a command line is UTF-8 here on every system; std::filesystem::path would take the code page's.
std::filesystem::path path_from_utf8(const std::string& text);
std::string utf8_from_path(const std::filesystem::path& path);

}  // namespace course
