#include "common/tools/notes_check/parity.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>
#include "common/tools/notes_check/document.h"

namespace course {
namespace {

std::string list(const std::vector<std::string>& items) {
    std::string text;
    for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
    return text.empty() ? "none" : text;
}

std::string place(const Version& version, const Section& section) {
    return version.file + ":" + std::to_string(section.line);
}

// Returns whether the sections can be paired.
bool compare_headings(const Version& english, const Version& korean, std::vector<Finding>& findings) {
    const auto &ens = english.document.sections, &kos = korean.document.sections;
    const auto [en, ko] = std::ranges::mismatch(ens, kos, {}, &Section::level, &Section::level);
    if (en == ens.end() && ko == kos.end()) return true;
    const bool korean_has_it = ko != kos.end();
    const Version &has = korean_has_it ? korean : english, &lacks = korean_has_it ? english : korean;
    const Section& section = korean_has_it ? *ko : *en;
    findings.push_back({has.file, section.line,
                        "heading " + std::to_string(ko - kos.begin() + 1) + " of the note, \"" + section.title +
                            "\", has no counterpart of its level in " + lacks.file +
                            "; give both the same headings in the same order"});
    return false;
}

void report_missing_links(const Version& has, const Version& lacks, std::size_t i, std::vector<Finding>& findings) {
    const auto &here = has.links[i], &there = lacks.links[i];
    for (auto link = here.begin(); link != here.end(); link = here.upper_bound(link->first)) {
        if (here.count(link->first) > there.count(link->first)) {
            findings.push_back({has.file, link->second,
                                "this link (" + link->first +
                                    ") is missing in the same section of the other language, " +
                                    place(lacks, lacks.document.sections[i]) + "; give both the same links"});
        }
    }
}

}  // namespace

void compare_languages(const Version& english, const Version& korean, std::vector<Finding>& findings) {
    if (!compare_headings(english, korean, findings)) return;
    for (std::size_t i = 0; i < english.document.sections.size(); ++i) {
        const Section &en = english.document.sections[i], &ko = korean.document.sections[i];
        const auto expect_same = [&](const std::string& what, auto describe) {
            const auto in_english = describe(en), in_korean = describe(ko);
            if (in_english != in_korean) {
                findings.push_back({korean.file, ko.line,
                                    "section \"" + ko.title + "\" has other " + what + " than " + place(english, en) +
                                        ": " + list(in_korean) + "; there: " + list(in_english) +
                                        "; make them the same"});
            }
        };
        expect_same("fences", [](const Section& section) {
            std::vector<std::string> fences;
            for (const Fence& fence : section.fences) fences.push_back("```" + fence.info);
            return fences;
        });
        expect_same("numbers of table rows", [](const Section& section) {
            std::vector<std::string> rows;
            for (const Table& table : section.tables) rows.push_back(std::to_string(table.rows));
            return rows;
        });
        report_missing_links(english, korean, i, findings);
        report_missing_links(korean, english, i, findings);
    }
}

}  // namespace course
