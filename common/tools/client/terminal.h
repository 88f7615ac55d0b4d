#pragma once

#include <functional>
#include <string>
#include <system_error>

namespace course {

/// Reads standard input as UTF-8: each call waits for some bytes; none means the end.
std::function<std::string()> standard_input();

/// Someone types: standard input is a console or terminal, not a file or pipe.
bool has_keyboard();

/// Print a line at once, to standard output or standard error. UTF-8 in a file or pipe; a console shows its letters.
void say(const std::string& line);
void complain(const std::string& line);

/// The error's name or number, and the system's own text in UTF-8.
std::string describe(const std::error_code& error);

}  // namespace course
