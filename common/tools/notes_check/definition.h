#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace course {

/// A function, struct, class or enumeration, from the comment directly above it to its closing brace.
struct Definition {
    std::size_t line;  ///< in which its name stands, counted from 1
    std::vector<std::string> lines;
};

/// The definitions of `name` in a C++ file: "run_server", "Connection", "Session::finish_if_done". They begin at the
/// left edge, as all does that stands in no class and no function; declarations do not count. The file is read as
/// clang-format leaves it, which takes no compiler.
std::vector<Definition> find_definitions(const std::vector<std::string>& lines, std::string_view name);

}  // namespace course
