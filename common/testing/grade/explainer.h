#pragma once

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace course {

/// Reports a run of the contract in plain words, in place of GoogleTest's own report: a short line per rule while it
/// runs; at the end, for each broken rule, what it says, what was seen, the likely cause and what to read.
/// The texts are those of rules.LANGUAGE.json, which are part of the program.
class Explainer : public testing::EmptyTestEventListener {
public:
    /// @param language  "en" or "ko"
    explicit Explainer(const std::string& language);

    /// Says what is to be graded.
    void begin(const std::string& server) const;

    /// Prints one of the texts under "words", and a line's end.
    void say(const char* name) const;

private:
    void OnEnvironmentsSetUpEnd(const testing::UnitTest& all) override;
    void OnTestStart(const testing::TestInfo& test) override;
    void OnTestEnd(const testing::TestInfo& test) override;
    void OnTestIterationEnd(const testing::UnitTest& all, int iteration) override;

    [[nodiscard]] std::string word(const char* name) const;
    void explain(const std::string& rule, const nlohmann::ordered_json& texts) const;

    std::string language_;
    nlohmann::ordered_json texts_;
    std::map<std::string, std::string> broken_;  ///< what was seen, by the rule's name: that of the test, or "Start"
    int started_ = 0;
};

/// The name of the rule that is broken when the server does not even start; an entry of its own in the texts.
inline constexpr const char* start_rule = "Start";

}  // namespace course
