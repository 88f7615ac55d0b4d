#include "common/tools/notes_check/document.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace course {
namespace {

constexpr auto npos = std::string_view::npos;

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    return first == npos ? std::string_view{} : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::size_t count_leading(std::string_view text, char c) { return std::min(text.find_first_not_of(c), text.size()); }

// The length of the UTF-8 character that begins at `first`.
std::size_t length_of(char first) {
    const auto byte = static_cast<std::uint8_t>(first);
    return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

// Syllables U+AC00 to U+D7A3; of the other letters beyond ASCII no heading has need.
bool is_hangul(std::string_view character) { return character >= "\uAC00" && character <= "\uD7A3"; }

// GitHub's rule: lower case, blanks become hyphens, and of the rest only letters, digits, _ and - stay.
std::string make_slug(std::string_view title) {
    std::string slug;
    for (std::size_t i = 0; i < title.size();) {
        const auto character = title.substr(i, length_of(title[i]));
        const char c = title[i];
        if (c >= 'A' && c <= 'Z')
            slug += static_cast<char>(c - 'A' + 'a');
        else if (c == ' ')
            slug += '-';
        else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || is_hangul(character))
            slug += character;
        i += character.size();
    }
    return slug;
}

// Lines without a blank one between them, in which links are found. A link's text may run over the end of a line.
class Paragraph {
public:
    Paragraph(std::string text, std::size_t line) : text_{std::move(text)}, line_{line} {}

    void find_links(const std::string& file, Section& section, std::vector<Finding>& findings) {
        for (std::size_t i = 0; i < text_.size();) {
            if (text_[i] == '*' && is_deaf_emphasis(i)) {
                findings.push_back({file, line_of(i),
                                    "emphasis cannot end here, between a punctuation mark and a letter; write "
                                    "*word*(note) instead of *word(note)*"});
            }
            const std::size_t end = text_[i] == '[' ? end_of_brackets(i) : npos;
            const char next = end < text_.size() ? text_[end] : ' ';
            if (end == npos) {
                i = skip(i);
            } else if (next == '(') {
                const std::size_t close = std::min(text_.find(')', end), text_.size());
                section.links.push_back(
                    {line_of(i), in_one_line(i + 1, end - 1), text_.substr(end + 1, close - end - 1)});
                i = close;
            } else {
                if (next == '[' || (next == ':' && (i == 0 || text_[i - 1] == '\n')))
                    findings.push_back({file, line_of(i), "a reference link is not checked; write [text](target)"});
                i = end;
            }
        }
    }

private:
    // Past one character, an escaped one, or a code span.
    [[nodiscard]] std::size_t skip(std::size_t i) const {
        if (text_[i] == '\\') return i + 2;
        if (text_[i] != '`') return i + 1;
        const std::string ticks(count_leading(std::string_view{text_}.substr(i), '`'), '`');
        const auto end = text_.find(ticks, i + ticks.size());
        return end == npos ? i + ticks.size() : end + ticks.size();
    }

    // CommonMark's rule for right-flanking delimiters, which Korean particles fall foul of.
    [[nodiscard]] bool is_deaf_emphasis(std::size_t i) const {
        const auto after = text_.find_first_not_of('*', i);
        return i > 0 && std::string_view{").?!,`"}.find(text_[i - 1]) != npos && after != std::string::npos &&
               is_hangul(std::string_view{text_}.substr(after, length_of(text_[after])));
    }

    // Past the ] that belongs to the [ at `i`.
    [[nodiscard]] std::size_t end_of_brackets(std::size_t i) const {
        for (int depth = 0; i < text_.size(); i = skip(i)) {
            if (text_[i] == '[') ++depth;
            if (text_[i] == ']' && --depth == 0) return i + 1;
        }
        return npos;
    }

    [[nodiscard]] std::size_t line_of(std::size_t i) const {
        return line_ + static_cast<std::size_t>(
                           std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(i), '\n'));
    }

    [[nodiscard]] std::string in_one_line(std::size_t begin, std::size_t end) const {
        std::string line = text_.substr(begin, end - begin);
        std::replace(line.begin(), line.end(), '\n', ' ');
        return line;
    }

    std::string text_;
    std::size_t line_;
};

class Parser {
public:
    Parser(const std::string& file, Document& document) : file_{file}, document_{document} {}

    void parse() {
        for (number_ = 1; number_ <= document_.lines.size(); ++number_) {
            const std::string& line = document_.lines[number_ - 1];
            const auto text = trimmed(line);
            if (fence_)
                continue_fence(line, text);
            else if (const auto level = count_leading(line, '#'); level > 0 && line.substr(level, 1) == " ")
                begin_section(level, trimmed(std::string_view{line}.substr(level)));
            else if (document_.sections.empty()) {
                document_.findings.push_back(
                    {file_, number_, "text above the first heading; begin with # and a title"});
            } else {
                read_line(line, text);
            }
        }
        end_paragraph();
        if (fence_) document_.findings.push_back({file_, fence_->line, "this fence does not end; close it with ```"});
    }

private:
    [[nodiscard]] Section& section() { return document_.sections.back(); }

    void begin_section(std::size_t level, std::string_view title) {
        end_paragraph();
        std::string slug = make_slug(title);
        if (const int before = slugs_[slug]++; before > 0) slug.append("-").append(std::to_string(before));
        document_.sections.push_back({number_, level, std::string{title}, slug, {}, {}, {}});
    }

    void read_line(const std::string& line, std::string_view text) {
        const bool row = text.starts_with('|');
        if (row || text.empty() || text.starts_with("```")) end_paragraph();
        if (text.starts_with("```")) {
            ticks_ = count_leading(text, '`');
            section().fences.push_back({number_, std::string{trimmed(text.substr(ticks_))}, {}});
            fence_ = &section().fences.back();
        } else if (row) {
            Paragraph{line, number_}.find_links(file_, section(), document_.findings);
            auto& tables = section().tables;
            if (tables.empty() || tables.back().line + tables.back().rows != number_) tables.push_back({number_, 0});
            ++tables.back().rows;
        } else if (!text.empty()) {
            paragraph_ += (paragraph_.empty() ? "" : "\n") + line;
        }
    }

    void continue_fence(const std::string& line, std::string_view text) {
        const bool ends = count_leading(text, '`') >= ticks_ && text.find_first_not_of('`') == npos;
        if (ends)
            fence_ = nullptr;
        else
            fence_->body.push_back(line);
    }

    // Called in the line after it.
    void end_paragraph() {
        if (paragraph_.empty()) return;
        const auto breaks = static_cast<std::size_t>(std::count(paragraph_.begin(), paragraph_.end(), '\n'));
        Paragraph{std::move(paragraph_), number_ - 1 - breaks}.find_links(file_, section(), document_.findings);
        paragraph_.clear();
    }

    const std::string& file_;
    Document& document_;
    std::size_t number_ = 0;
    Fence* fence_ = nullptr;  // the open one
    std::size_t ticks_ = 0;
    std::string paragraph_;
    std::map<std::string, int> slugs_;
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Finding& finding) {
    return out << finding.file << ':' << finding.line << ": " << finding.what;
}

std::string Fence::value(std::string_view key) const {
    std::istringstream words(info);
    for (std::string word; words >> word;)
        if (word.starts_with(key) && word.substr(key.size(), 1) == "=") return word.substr(key.size() + 1);
    return {};
}

std::string Fence::unknown_word() const {
    std::istringstream words(info);
    for (std::string word; words >> word;) {
        const auto equals = word.find('=');
        const std::string key = word.substr(0, equals);
        const bool known = key == "file" || key == "name" || key == "output";
        if (equals != npos && (!known || equals + 1 == word.size())) return word;
    }
    return {};
}

Document parse_document(const std::string& file, std::vector<std::string> lines) {
    Document document{std::move(lines), {}, {}};
    Parser{file, document}.parse();
    return document;
}

}  // namespace course
