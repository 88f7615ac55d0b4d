#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace course {

/// A Catch2 SCENARIO of a chapter: a claim.
struct Scenario {
    std::size_t line;
    std::string name;
};

std::vector<Scenario> find_scenarios(const std::vector<std::string>& lines);

}  // namespace course
