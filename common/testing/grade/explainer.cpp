#include "common/testing/grade/explainer.h"

// clang-format off
#include <winsock2.h>
#include <windows.h>
// clang-format on

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>

#include "common/testing/grade/rule_test.h"

namespace course {

namespace {

// Written by CMake from rules.en.json and rules.ko.json.
constexpr unsigned char english[] = {
#include "rules.en.inc"
};
constexpr unsigned char korean[] = {
#include "rules.ko.inc"
};

constexpr std::size_t most_lines = 10, most_bytes = 160;  // of what was seen, for one failure

bool is_utf8(const std::string& text) {
    return text.empty() || ::MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.data(),
                                                 static_cast<int>(text.size()), nullptr, 0) > 0;
}

// A server may print in any encoding, and a line may be as long as what it echoed.
std::string printable(std::string line) {
    if (!is_utf8(line))
        std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
    if (line.size() <= most_bytes) return line;
    std::size_t end = most_bytes;
    while ((static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;  // within a letter
    return line.substr(0, end) + " ...";
}

// "Expected equality of these values:", then for each of the two its expression and perhaps "Which is: ": in one line.
std::string equality_in_one_line(std::string_view message) {
    constexpr std::string_view expression = "\n  ", value = "\n    Which is: ";
    std::string text;
    for (int side = 0; side < 2; ++side) {
        message.remove_prefix(std::min(message.find(expression) + expression.size(), message.size()));
        std::string_view shown = message.substr(0, message.find('\n'));
        message.remove_prefix(shown.size());
        if (side == 0) text = std::string(shown) + ": ";
        if (message.starts_with(value)) {
            message.remove_prefix(value.size());
            shown = message.substr(0, message.find('\n'));
            message.remove_prefix(shown.size());
        }
        text += (side == 0 ? "" : ", not ") + printable(std::string(shown));
    }
    return text.append(message);
}

// GoogleTest's message without the words that only the author of the test needs.
std::string trimmed(std::string message) {
    constexpr std::string_view failed = "Failed\n", before = "C++ exception with description \"";
    if (message.starts_with(failed)) message.erase(0, failed.size());
    if (message.starts_with(before)) {
        message = message.substr(before.size(), message.rfind("\" thrown in ") - before.size());
    } else if (message.starts_with("Expected equality of these values:\n")) {
        message = equality_in_one_line(message);
    } else if (message.starts_with("Value of: ")) {  // "Actual: ...", "Expected: ..."; words of ours, if any, follow
        std::size_t end = 0;
        for (int line = 0; line < 3 && end != std::string::npos; ++line) end = message.find('\n', end + 1);
        if (end != std::string::npos && end + 1 < message.size()) message.erase(0, end + 1);
    }
    std::istringstream lines(message);
    std::string text;
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.ends_with('\r')) line.pop_back();
        if (line.empty()) continue;
        if (count++ == most_lines) return text + "...\n";
        text += printable(line) + '\n';
    }
    return text;
}

std::string seen(const testing::TestResult& result) {
    constexpr int most_failures = 3;
    std::string text;
    int failures = 0;
    for (int i = 0; i < result.total_part_count(); ++i) {
        const testing::TestPartResult& part = result.GetTestPartResult(i);
        if (!part.failed()) continue;
        const std::string what = trimmed(part.summary());
        if (text.find(what) == std::string::npos && failures++ < most_failures) text += what;
    }
    for (int i = 0; i < result.test_property_count(); ++i)
        text += result.GetTestProperty(i).key() + std::string(": ") + trimmed(result.GetTestProperty(i).value());
    return text;
}

std::string reason_to_skip(const testing::TestResult& result) {
    for (int i = 0; i < result.total_part_count(); ++i)
        if (result.GetTestPartResult(i).skipped()) return trimmed(result.GetTestPartResult(i).summary());
    return "\n";
}

// In lines of at most 100 columns, those after the first indented. A Korean letter takes three bytes and two columns.
std::string wrapped(const std::string& text, std::size_t indent) {
    std::string lines;
    std::size_t column = indent;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        const auto bytes_within = std::ranges::count_if(word, [](char c) { return (c & 0xC0) == 0x80; });
        const std::size_t width = word.size() - static_cast<std::size_t>(bytes_within) / 2;
        if (!lines.empty() && column + 1 + width > 100) {
            lines += '\n' + std::string(indent, ' ');
            column = indent;
        } else if (!lines.empty()) {
            lines += ' ';
            ++column;
        }
        lines += word;
        column += width;
    }
    return lines;
}

bool is_basic(std::string_view rule) { return rule.starts_with("Echo.") || rule.starts_with("HalfClose."); }

void print(const std::string& text) { std::cout << text << std::flush; }

}  // namespace

Explainer::Explainer(const std::string& language)
    : language_(language),
      texts_(language == "ko" ? nlohmann::ordered_json::parse(std::begin(korean), std::end(korean))
                              : nlohmann::ordered_json::parse(std::begin(english), std::end(english))) {}

std::string Explainer::word(const char* name) const { return texts_.at("words").at(name).get<std::string>(); }

void Explainer::begin(const std::string& server) const { print(word("grading") + ' ' + server + "\n\n"); }

void Explainer::say(const char* name) const { print(wrapped(word(name), 0) + '\n'); }

void Explainer::OnEnvironmentsSetUpEnd(const testing::UnitTest& all) {
    if (all.ad_hoc_test_result().Failed()) broken_[start_rule] = seen(all.ad_hoc_test_result());
}

void Explainer::OnTestStart(const testing::TestInfo& test) {
    if (broken_.contains(start_rule)) return;  // GoogleTest skips each test
    print('[' + std::to_string(++started_) + '/' +
          std::to_string(testing::UnitTest::GetInstance()->test_to_run_count()) + "] " + test.test_suite_name() + '.' +
          test.name() + " ... ");
}

void Explainer::OnTestEnd(const testing::TestInfo& test) {
    if (broken_.contains(start_rule)) return;
    const testing::TestResult& result = *test.result();
    if (result.Failed()) {
        broken_[std::string(test.test_suite_name()) + '.' + test.name()] = seen(result);
        say("broken");
    } else if (result.Skipped()) {
        print(word("skipped") + ": " + reason_to_skip(result));
    } else {
        say("kept");
    }
}

void Explainer::explain(const std::string& rule, const nlohmann::ordered_json& texts) const {
    // All rules rest on these two suites: while one of them is broken, the cause lies there, or cannot be told.
    const bool rests_on_broken =
        !is_basic(rule) && std::ranges::any_of(broken_, [](const auto& entry) { return is_basic(entry.first); });
    constexpr std::size_t indent = 9;  // the labels' width, blanks around them included
    const auto text = [&](const char* field) { return texts.at(field).get<std::string>(); };
    const auto line = [&](const char* label, const std::string& what) {
        return "  " + word(label) + "  " + wrapped(what, indent) + '\n';
    };
    std::string what_was_seen = broken_.at(rule);
    if (what_was_seen.empty()) what_was_seen = "-\n";
    for (std::size_t at = 0; (at = what_was_seen.find('\n', at)) < what_was_seen.size() - 1; at += indent)
        what_was_seen.insert(++at, indent, ' ');
    print('\n' + word("broken") + ": " + rule + '\n' + line("rule", text("rule")) + "  " + word("seen") + "  " +
          what_was_seen + line("cause", rests_on_broken ? word("rests_on_broken") : text("cause")) +
          line("read", text("file") + ", " + text("function") + "; notes/" + language_ + '/' + text("note") + ".md"));
}

void Explainer::OnTestIterationEnd(const testing::UnitTest& all, int) {
    for (const auto& [rule, texts] : texts_.at("rules").items())
        if (broken_.contains(rule)) explain(rule, texts);
    if (broken_.contains(start_rule)) return;
    const auto count = [&](const char* name, int number) { return word(name) + ' ' + std::to_string(number); };
    print('\n' + count("kept", all.successful_test_count()) + ", " + count("broken", all.failed_test_count()) + ", " +
          count("skipped", all.skipped_test_count()) + '\n');
    if (all.failed_test_count() == 0) return;
    say("advice");
    print(word("again") + " --seed " + std::to_string(contract_settings().seed) + '\n');
}

}  // namespace course
