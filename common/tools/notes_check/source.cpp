#include "common/tools/notes_check/source.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace course {
namespace {

bool is_comment(const std::string& line) {
    const auto at = line.find_first_not_of(' ');
    return at != std::string::npos && line.compare(at, 2, "//") == 0;
}

// The literal that begins at or after `i`, and those that follow it, which the compiler would join.
std::string read_literals(const std::string& text, std::size_t i) {
    std::string value;
    while ((i = text.find_first_not_of(" \t\n", i)) != std::string::npos && text[i] == '"') {
        for (++i; i < text.size() && text[i] != '"'; ++i) {
            if (text[i] == '\\') ++i;
            value += text[i];
        }
        ++i;
    }
    return value;
}

}  // namespace

std::vector<Scenario> find_scenarios(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += (is_comment(line) ? "" : line) + "\n";
    std::vector<Scenario> scenarios;
    for (std::string_view macro : {"SCENARIO(", "SCENARIO_METHOD("}) {
        for (auto at = text.find(macro); at != std::string::npos; at = text.find(macro, at + 1)) {
            const auto before = text.begin() + static_cast<std::ptrdiff_t>(at);
            const auto line = static_cast<std::size_t>(std::count(text.begin(), before, '\n')) + 1;
            const auto quote = text.find('"', at);
            if (quote != std::string::npos) scenarios.push_back({line, read_literals(text, quote)});
        }
    }
    return scenarios;
}

}  // namespace course
