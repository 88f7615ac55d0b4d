#include "common/testing/grade/rules.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "common/process/server_process.h"

namespace course {

std::filesystem::path source_root() {
    const std::string root = COURSE_ROOT;
    return std::u8string(root.begin(), root.end());
}

nlohmann::json read_rules(const std::string& language) {
    return nlohmann::json::parse(
        std::ifstream(source_root() / "common/testing/grade" / ("rules." + language + ".json")));
}

Graded run_contract(const std::vector<std::string>& arguments) {
    ServerProcess process{"grade", arguments};
    const auto status = process.wait_for_exit(std::chrono::minutes{2});
    return {status.value_or(-1), process.output(), process.errors()};
}

std::vector<std::string> rule_tests() {
    std::vector<std::string> names;
    std::istringstream lines(run_contract({"--gtest_list_tests"}).output);
    std::string suite;
    for (std::string line; std::getline(lines, line);) {
        if (line.ends_with('\r')) line.pop_back();
        if (line.starts_with("  "))
            names.push_back(suite + line.substr(2));
        else
            suite = line;  // with its dot
    }
    return names;
}

}  // namespace course
