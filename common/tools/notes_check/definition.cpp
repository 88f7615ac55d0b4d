#include "common/tools/notes_check/definition.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace course {
namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view digits = "0123456789";
constexpr std::string_view word_characters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

bool is_one_of(std::string_view characters, char c) { return characters.find(c) != npos; }

// Past the quote that closes the literal whose opening quote stands at `i`.
std::size_t end_of_literal(std::string_view text, std::size_t i) {
    const char quote = text[i];
    for (++i; i < text.size() && text[i] != quote; ++i)
        if (text[i] == '\\') ++i;
    return i + 1;
}

// R"(...)": past its end; `i` is where the R stands.
std::size_t end_of_raw_literal(std::string_view text, std::size_t i) {
    const std::size_t open = std::min(text.find('(', i), text.size());
    std::string close(1, ')');
    close.append(text.substr(i + 2, open - i - 2)).append(1, '"');
    const std::size_t end = text.find(close, open);
    return end == npos ? npos : end + close.size();
}

// As in 1'000'000, which opens no literal.
bool is_digit_separator(std::string_view text, std::size_t i) {
    std::size_t begin = i;
    while (begin > 0 && (text[begin - 1] == '\'' || is_one_of(word_characters, text[begin - 1]))) --begin;
    return begin < i && is_one_of(digits, text[begin]);
}

// Past the comment or literal that begins at `i`; `i` itself if none does.
std::size_t skip_what_is_no_code(std::string_view text, std::size_t i) {
    const auto rest = text.substr(i);
    if (rest.starts_with("//")) return text.find('\n', i);
    if (rest.starts_with("/*")) {
        const auto end = text.find("*/", i + 2);
        return end == npos ? npos : end + 2;
    }
    if (rest.starts_with("R\"")) return end_of_raw_literal(text, i);
    if (rest.starts_with('"') || (rest.starts_with('\'') && !is_digit_separator(text, i)))
        return end_of_literal(text, i);
    return i;
}

// The same text with blanks for comments and literals, so that no brace and no name in them counts.
std::string code_of(const std::string& text) {
    std::string code = text;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t end = std::min(skip_what_is_no_code(text, i), text.size());
        for (std::size_t at = i; at < end; ++at)
            if (code[at] != '\n') code[at] = ' ';
        i = std::max(end, i + 1);
    }
    return code;
}

// Past the bracket that belongs to the one at `i`; npos if there is none.
std::size_t end_of_brackets(std::string_view code, std::size_t i) {
    int depth = 0;
    for (; i < code.size(); ++i) {
        if (is_one_of("({", code[i])) ++depth;
        if (is_one_of(")}", code[i]) && --depth == 0) return i + 1;
    }
    return npos;
}

// Past the body of the function whose parameters begin at `i`; npos for a declaration.
std::size_t end_of_function(std::string_view code, std::size_t i) {
    while ((i = code.find_first_of("({;", i)) != npos && code[i] != ';') {
        const bool may_be_body = code[i] == '{';
        i = end_of_brackets(code, i);
        if (!may_be_body || i == npos) continue;
        const auto rest = code.substr(std::min(code.find_first_not_of(" \n", i), code.size()));
        // Members that are initialized with braces stand before the body, and the handlers of a try block after it.
        if (!rest.starts_with(',') && !rest.starts_with('{') && !rest.starts_with("catch")) return i;
    }
    return npos;
}

// Past the body of the type whose name ends at `i`; npos for a declaration.
std::size_t end_of_type(std::string_view code, std::size_t i) {
    i = code.find_first_of("{;", i);
    return i == npos || code[i] == ';' ? npos : end_of_brackets(code, i);
}

bool begins_type(std::string_view before) {
    constexpr std::array<std::string_view, 4> keywords = {"struct ", "class ", "enum ", "union "};
    return std::ranges::any_of(keywords, [&](auto keyword) { return before.starts_with(keyword); }) &&
           before.find(" : ") == npos;  // else it is a base class
}

// Where the definition ends whose name stands at `begin` up to `end`, with `before` in front of it in its line; npos if
// it is none.
std::size_t end_of_definition(std::string_view code, std::string_view before, std::size_t end) {
    if (before.find_first_of("={") != npos || end == code.size()) return npos;
    if (code[end] == '(')
        return std::ranges::count(before, '(') == std::ranges::count(before, ')') ? end_of_function(code, end) : npos;
    if (!begins_type(before)) return npos;
    const auto rest = code.substr(std::min(code.find_first_not_of(" \n", end), code.size()));
    const bool has_head = rest.starts_with('{') || rest.starts_with("final ") || rest.starts_with(": ");
    return has_head ? end_of_type(code, end) : npos;
}

bool belongs_to_next_line(const std::string& line, std::string_view code) {
    if (line.starts_with("//")) return true;
    const auto last = code.find_last_not_of(' ');  // template <...>, or a long return type
    return last != npos && code[0] != '#' && !is_one_of(";{}:", code[last]);
}

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> lines;
    for (std::size_t end = 0; (end = text.find('\n')) != npos; text.remove_prefix(end + 1))
        lines.push_back(text.substr(0, end));
    return lines;
}

}  // namespace

std::vector<Definition> find_definitions(const std::vector<std::string>& lines, std::string_view name) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    const std::string code = code_of(text);
    const auto code_lines = split(code);
    std::vector<Definition> definitions;
    std::size_t position = 0;  // of the line in the code
    for (std::size_t i = 0; i < lines.size(); position += code_lines[i].size() + 1, ++i) {
        const std::string_view line = code_lines[i];
        if (line.empty() || is_one_of(" #}", line[0])) continue;
        for (auto at = line.find(name); at != npos; at = line.find(name, at + 1)) {
            if (at > 0 && line[at - 1] != ' ') continue;
            const std::size_t end = end_of_definition(code, line.substr(0, at), position + at + name.size());
            if (end == npos) continue;
            std::size_t first = i;
            while (first > 0 && belongs_to_next_line(lines[first - 1], code_lines[first - 1])) --first;
            const auto more = std::ranges::count(std::string_view{code}.substr(position, end - position), '\n');
            definitions.push_back({i + 1,
                                   {lines.begin() + static_cast<std::ptrdiff_t>(first),
                                    lines.begin() + static_cast<std::ptrdiff_t>(i) + more + 1}});
            break;
        }
    }
    return definitions;
}

}  // namespace course
