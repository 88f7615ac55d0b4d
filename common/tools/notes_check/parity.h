#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "common/tools/notes_check/document.h"

namespace course {

/// A note in one language.
struct Version {
    std::string file;
    const Document& document;
    /// For each section, what its links mean whatever the language (LinkChecker::follow), with their lines.
    std::vector<std::multimap<std::string, std::size_t>> links;
};

/// Whether both languages have the same headings, and in each section the same fences, links, claims and table rows.
void compare_languages(const Version& english, const Version& korean, std::vector<Finding>& findings);

}  // namespace course
