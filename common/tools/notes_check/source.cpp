#include "common/tools/notes_check/source.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace course {
namespace {

constexpr std::string_view kMarker = "// [doc:";

std::size_t indentation(const std::string& line) { return line.find_first_not_of(' '); }

bool is_comment(const std::string& line) {
    const auto at = indentation(line);
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

std::vector<std::string> find_region_names(const std::vector<std::string>& lines) {
    std::vector<std::string> names;
    for (const std::string& line : lines) {
        const auto at = line.find(kMarker);
        if (at == std::string::npos) continue;
        const auto from = at + kMarker.size();
        names.push_back(line.substr(from, line.find(']', from) - from));
    }
    return names;
}

std::vector<std::string> find_region(const std::vector<std::string>& lines, std::string_view name) {
    const std::string marker = std::string{kMarker} + std::string{name} + "]";
    const auto marked = std::ranges::find_if(lines, [&](const auto& line) { return line.find(marker) != line.npos; });
    if (marked == lines.end()) return {};
    const auto end = std::find_if(marked + 1, lines.end(), [&](const std::string& line) {
        return indentation(line) == indentation(*marked) && line[indentation(line)] == '}' && line.back() != '{';
    });
    if (end == lines.end()) return {};
    auto begin = marked;
    while (begin != lines.begin() && is_comment(*(begin - 1))) --begin;
    std::vector<std::string> region(begin, end + 1);
    std::string& first = region[static_cast<std::size_t>(marked - begin)];
    first.erase(first.find(marker), marker.size());
    first.erase(first.find_last_not_of(' ') + 1);
    return region;
}

}  // namespace course
