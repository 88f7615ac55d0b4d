#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace course {

/// Something wrong: `line` counts from 1; 0 means the file as a whole.
struct Finding {
    std::string file;
    std::size_t line;
    std::string what;  ///< and what to do
};

/// "FILE:LINE: WHAT"
std::ostream& operator<<(std::ostream& out, const Finding& finding);

struct Fence {
    std::size_t line;  ///< of the opening ```
    std::string info;  ///< what follows the opening ```: "cpp file=01_blocking/main.cpp name=receive_from"
    std::vector<std::string> body;

    /// The value of `key=value` in the info string, or "".
    [[nodiscard]] std::string value(std::string_view key) const;
    /// Whether its body is copied from another file, and so not written by hand.
    [[nodiscard]] bool is_copy() const {
        return !value("file").empty() || !value("name").empty() || !value("output").empty();
    }
    /// The first `key=value` of a copy that means nothing, or "".
    [[nodiscard]] std::string unknown_word() const;
};

struct Link {
    std::size_t line;
    std::string text;  ///< in one line
    std::string target;
};

struct Table {
    std::size_t line;
    std::size_t rows;
};

/// A heading and what follows it up to the next heading of any level.
struct Section {
    std::size_t line;
    std::size_t level;  ///< 1 for #
    std::string title;
    std::string slug;  ///< the anchor that GitHub gives the heading
    std::vector<Fence> fences;
    std::vector<Link> links;
    std::vector<Table> tables;
};

/// A Markdown file. It is read line by line: no Markdown library at hand gives both tables and line numbers, and of
/// Markdown the notes use # headings, ``` fences, | tables and inline links only. What would slip through (a reference
/// link, a fence without end, text above the first heading) is a finding.
struct Document {
    std::vector<std::string> lines;
    std::vector<Section> sections;
    std::vector<Finding> findings;
};

/// `file` is the name to use in findings.
Document parse_document(const std::string& file, std::vector<std::string> lines);

}  // namespace course
