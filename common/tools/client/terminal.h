#pragma once

#include <istream>
#include <optional>
#include <string>
#include <system_error>

namespace course {

/// Waits for a line, and returns it in UTF-8 without its end: LF or CR LF. Nothing means the end of the input, which is
/// typed as Ctrl+D, or as Ctrl+Z and Enter on Windows.
std::optional<std::string> read_line(std::istream& input);

/// Someone types: standard input is a console or terminal, not a file or pipe.
bool has_keyboard();

/// Print a line at once, to standard output or standard error. UTF-8 in a file or pipe; a console shows its letters.
void say(const std::string& line);
void complain(const std::string& line);

/// The error's name or number, and the system's own text in UTF-8.
std::string describe(const std::error_code& error);

}  // namespace course
