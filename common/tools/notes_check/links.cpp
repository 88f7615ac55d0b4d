#include "common/tools/notes_check/links.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>
#include "common/tools/notes_check/course_files.h"
#include "common/tools/notes_check/document.h"
#include "common/tools/notes_check/source.h"

namespace course {
namespace {

std::string resolve(const std::string& from, const std::string& target) {
    if (target.empty()) return from;
    std::string file = (std::filesystem::path(from).parent_path() / target).lexically_normal().generic_string();
    if (file.ends_with('/')) file.pop_back();
    return file;
}

// "claims.cpp" or "01_blocking/claims.cpp" leads to the file as such and cites nothing.
bool names_file(std::string text, const std::string& file) {
    std::erase(text, '`');
    return !text.empty() && file.ends_with(text);
}

enum class Language { none, english, korean };

// A file without its language.
struct Place {
    std::string name;
    Language language;
};

Place place_of(const std::string& file) {
    if (file.starts_with("notes/en/")) return {file.substr(9), Language::english};
    if (file.starts_with("notes/ko/")) return {file.substr(9), Language::korean};
    if (file == "README.ko.md") return {"README.md", Language::korean};
    return {file, file == "README.md" ? Language::english : Language::none};
}

std::string citation(const std::string& file, const std::string& claim) { return file + ": " + claim; }

}  // namespace

LinkChecker::LinkChecker(CourseFiles& files) : files_{files} {
    for (const std::string& chapter : files_.chapters())
        for (const std::string& file : files_.list(chapter, ".cpp"))
            if (auto found = find_scenarios(files_.lines(file)); !found.empty()) scenarios_[file] = std::move(found);
}

std::string LinkChecker::follow(const std::string& from, const Link& link, std::vector<Finding>& findings) {
    const std::string& target = link.target;
    if (target.find("://") != std::string::npos || target.starts_with("mailto:")) return target;
    const auto report = [&](const std::string& what) { findings.push_back({from, link.line, what}); };
    const auto hash = target.find('#');
    const std::string file = resolve(from, target.substr(0, hash));
    const Place here = place_of(from), there = place_of(file);
    std::string meaning = there.name;
    if (there.language != Language::none && there.language != here.language && there.name != here.name)
        report("leads to the other language, " + file + "; link the note of this one");
    if (file.starts_with("..") || !files_.exists(file)) {
        report("dead link: there is no " + file + "; correct it");
    } else if (hash != std::string::npos && !file.ends_with(".md")) {
        report("link to a place in " + file + ": it would move unnoticed; link the file, and show the function");
    } else if (hash != std::string::npos) {
        const auto& sections = files_.document(file).sections;
        const auto slug = target.substr(hash + 1);
        const auto section = std::ranges::find(sections, slug, &Section::slug);
        if (section == sections.end())
            report("dead link: " + file + " has no heading with the anchor #" + slug + "; correct it");
        meaning.append("#").append(std::to_string(section - sections.begin()));
    } else if (const auto claims = scenarios_.find(file); claims != scenarios_.end() && !names_file(link.text, file)) {
        if (std::ranges::find(claims->second, link.text, &Scenario::name) == claims->second.end())
            report("no SCENARIO(\"" + link.text + "\") in " + file + "; cite one by its exact name");
        citations_.emplace(from, citation(file, link.text));
        meaning = citation(file, link.text);
    }
    return meaning;
}

void LinkChecker::check_all_cited(std::vector<Finding>& findings) const {
    for (const auto& [file, scenarios] : scenarios_) {
        for (const Scenario& scenario : scenarios) {
            for (const std::string folder : {"notes/en/", "notes/ko/"}) {
                const std::string notes = folder + file.substr(0, 3);  // "notes/en/06_": 06_iocp or 06_full_server
                const bool cited = std::ranges::any_of(citations_, [&](const auto& entry) {
                    return entry.first.starts_with(notes) && entry.second == citation(file, scenario.name);
                });
                if (!cited) {
                    findings.push_back({file, scenario.line,
                                        "the claim \"" + scenario.name + "\" is not cited in " + notes +
                                            "*.md: cite it as [" + scenario.name + "](../../" + file + ")"});
                }
            }
        }
    }
}

}  // namespace course
