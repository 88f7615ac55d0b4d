#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace course {

/// A Catch2 SCENARIO of a chapter: a claim.
struct Scenario {
    std::size_t line;
    std::string name;
};

std::vector<Scenario> find_scenarios(const std::vector<std::string>& lines);

/// The regions marked `// [doc:name]`: a marker stands at the end of the first line of a function, struct or block.
/// The region begins there, with the comment lines directly above it, and ends at the first later line of the same
/// indentation that begins with } and opens no further block ("} catch (...) {" goes on). The marker is left out.
/// Empty if there is no such marker or no such end.
std::vector<std::string> find_region(const std::vector<std::string>& lines, std::string_view name);

/// The names in the file's markers.
std::vector<std::string> find_region_names(const std::vector<std::string>& lines);

}  // namespace course
