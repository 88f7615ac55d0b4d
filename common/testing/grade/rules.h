#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace course {

/// The repository's folder.
std::filesystem::path source_root();

/// What rules.LANGUAGE.json says in the source tree.
nlohmann::json read_rules(const std::string& language);

/// The program under test here, run to its end.
struct Graded {
    int status = -1;  ///< -1: it did not end
    std::string output, errors;
};
Graded run_contract(const std::vector<std::string>& arguments);

/// The names of all tests of the contract, as "Suite.Test".
std::vector<std::string> rule_tests();

}  // namespace course
