#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/tools/notes_check/course_files.h"
#include "common/tools/notes_check/document.h"
#include "common/tools/notes_check/source.h"

namespace course {

/// Whether links lead somewhere, whether the claims they cite exist, and whether every claim is cited.
class LinkChecker {
public:
    explicit LinkChecker(CourseFiles& files);

    /// What a link means whatever the language, so that it can be looked for in the other one: the target, its heading
    /// by number, and the claim cited. A link that is dead or cites no claim that exists goes to `findings`.
    std::string follow(const std::string& from, const Link& link, std::vector<Finding>& findings);

    /// After all links have been followed: each claim must have been cited in a note of its chapter, in both languages.
    void check_all_cited(std::vector<Finding>& findings) const;

private:
    CourseFiles& files_;
    std::map<std::string, std::vector<Scenario>> scenarios_;   // by file
    std::set<std::pair<std::string, std::string>> citations_;  // note -> FILE: NAME
};

}  // namespace course
