// The texts with which grade explains a broken rule are complete in both languages, and what they point to
// exists.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "common/testing/grade/rules.h"

namespace course {
namespace {

using Names = std::set<std::string>;

Names keys(const nlohmann::json& object) {
    Names names;
    for (const auto& [name, value] : object.items()) names.insert(name);
    return names;
}

bool is_ascii(const std::string& text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// A function is defined where a line that is not indented has its name, and does not end as a mere declaration.
bool defines(const std::filesystem::path& file, const std::string& function) {
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t at = line.find(function + '(');
        if (at != std::string::npos && (at == 0 || line[at - 1] == ' ') && line[0] != ' ' && line[0] != '/' &&
            line.back() != ';')
            return true;
    }
    return false;
}

class Rules : public testing::TestWithParam<const char*> {
protected:
    const nlohmann::json texts_ = read_rules(GetParam());
    const nlohmann::json rules_ = texts_.at("rules");
};

TEST_P(Rules, AreThoseOfTheTests) {
    const std::vector<std::string> tests = rule_tests();
    ASSERT_GT(tests.size(), 50u);
    Names expected(tests.begin(), tests.end());
    expected.insert("Start");
    const Names found = keys(rules_);
    for (const std::string& name : expected) EXPECT_TRUE(found.contains(name)) << "no text explains the test " << name;
    for (const std::string& name : found) EXPECT_TRUE(expected.contains(name)) << "there is no test " << name;
}

TEST_P(Rules, HaveAllFieldsAndNoOther) {
    for (const auto& [name, rule] : rules_.items()) {
        EXPECT_EQ(keys(rule), (Names{"rule", "cause", "file", "function", "note"})) << name;
        for (const auto& [field, text] : rule.items()) EXPECT_NE(text.get<std::string>(), "") << name << ' ' << field;
    }
}

TEST_P(Rules, PointToFunctionsThatExist) {
    for (const auto& [name, rule] : rules_.items()) {
        const std::string file = rule.at("file"), function = rule.at("function");
        EXPECT_TRUE(defines(source_root() / file, function)) << name << ": " << file << " does not define " << function;
    }
}

TEST_P(Rules, PointToNotesThatExist) {
    const Names notes{"00_start",       "01_blocking",         "02_select",
                      "03_eventselect", "04_overlapped_event", "05_overlapped_callback",
                      "06_iocp",        "06_full_server",      "pitfalls"};
    const std::filesystem::path folder = source_root() / "notes" / GetParam();
    for (const auto& [name, rule] : rules_.items()) {
        const std::string note = rule.at("note");
        EXPECT_TRUE(notes.contains(note)) << name << ": " << note;
        if (std::filesystem::exists(folder)) {
            EXPECT_TRUE(std::filesystem::exists(folder / (note + ".md"))) << name << ": " << note;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Of, Rules, testing::Values("en", "ko"),
                         [](const auto& language) { return std::string(language.param); });

TEST(RulesInTwoLanguages, SayTheSameEachInItsOwn) {
    const nlohmann::json english = read_rules("en"), korean = read_rules("ko");
    EXPECT_EQ(keys(english.at("words")), keys(korean.at("words")));
    ASSERT_EQ(keys(english.at("rules")), keys(korean.at("rules")));
    for (const auto& [name, rule] : english.at("rules").items()) {
        const nlohmann::json& other = korean.at("rules").at(name);
        for (const char* field : {"file", "function", "note"}) EXPECT_EQ(rule.at(field), other.at(field)) << name;
        for (const char* field : {"rule", "cause"}) {
            EXPECT_TRUE(is_ascii(rule.at(field))) << name << ": " << rule.at(field);
            EXPECT_FALSE(is_ascii(other.at(field))) << name << ": " << other.at(field);
        }
    }
}

}  // namespace
}  // namespace course
