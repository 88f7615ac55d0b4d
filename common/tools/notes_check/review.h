#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/tools/notes_check/document.h"

namespace course {

/// What both languages of each section were when someone last read them side by side: notes/review.lock. A section's
/// text in a language is remembered as a hash, so that a change in one language alone cannot go unnoticed.
class Review {
public:
    /// From the lock's text; empty for "". Throws std::exception if it cannot be read.
    explicit Review(const std::string& text);

    /// `note` is the file name that both have. They must have equally many sections.
    void accept(const std::string& note, const Document& english, const Document& korean);

    /// Sections that changed since. `english_file` and `korean_file` are the names to use in findings.
    [[nodiscard]] std::vector<Finding> check(const std::string& note, const Document& english, const Document& korean,
                                             const std::string& english_file, const std::string& korean_file) const;

    [[nodiscard]] std::string to_text() const;

private:
    struct Hashes {
        std::string english, korean;
    };
    using Sections = std::map<std::string, Hashes>;  // by the English anchor

    static Hashes hashes_of(const Section& english, const Section& korean);

    std::map<std::string, Sections> notes_;
};

}  // namespace course
