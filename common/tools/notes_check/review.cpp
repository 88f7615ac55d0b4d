#include "common/tools/notes_check/review.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/tools/notes_check/document.h"

namespace course {
namespace {

// FNV-1a, 64 bits: the same on every system, and nobody forges a note.
std::string hash_of(std::string_view text) {
    text = text.substr(0, text.find_last_not_of('\n') + 1);  // a section that follows adds a blank line
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
    return digits;
}

const std::string kThenAccept = ", then run `course notes --accept`";

}  // namespace

Review::Review(const std::string& text) {
    if (text.empty()) return;
    const auto json = nlohmann::json::parse(text);
    for (const auto& [note, sections] : json.items())
        for (const auto& [slug, hashes] : sections.items())
            notes_[note][slug] = {hashes.at("en").get<std::string>(), hashes.at("ko").get<std::string>()};
}

Review::Hashes Review::hashes_of(const Section& english, const Section& korean) {
    return {hash_of(english.text), hash_of(korean.text)};
}

void Review::accept(const std::string& note, const Document& english, const Document& korean) {
    Sections& sections = notes_[note] = {};
    for (std::size_t i = 0; i < english.sections.size(); ++i)
        sections[english.sections[i].slug] = hashes_of(english.sections[i], korean.sections[i]);
}

std::vector<Finding> Review::check(const std::string& note, const Document& english, const Document& korean,
                                   const std::string& english_file, const std::string& korean_file) const {
    std::vector<Finding> findings;
    const auto known = notes_.find(note);
    Sections gone = known == notes_.end() ? Sections{} : known->second;
    for (std::size_t i = 0; i < english.sections.size(); ++i) {
        const Section &en = english.sections[i], &ko = korean.sections[i];
        const auto seen = gone.extract(en.slug);
        if (!seen) {
            findings.push_back({english_file, en.line,
                                "a new section that nobody has read in both languages: compare it with " + korean_file +
                                    ":" + std::to_string(ko.line) + kThenAccept});
            continue;
        }
        const Hashes now = hashes_of(en, ko);
        const bool en_changed = now.english != seen.mapped().english, ko_changed = now.korean != seen.mapped().korean;
        if (en_changed && ko_changed)
            findings.push_back({english_file, en.line,
                                "changed in both languages since the last review: compare it with " + korean_file +
                                    ":" + std::to_string(ko.line) + kThenAccept});
        else if (en_changed)
            findings.push_back({korean_file, ko.line,
                                "only the English of this section changed since the last review: bring the Korean in "
                                "step" +
                                    kThenAccept});
        else if (ko_changed)
            findings.push_back({english_file, en.line,
                                "only the Korean of this section changed since the last review: bring the English in "
                                "step" +
                                    kThenAccept});
    }
    for (const auto& [slug, hashes] : gone)
        findings.push_back(
            {english_file, 0, "the section #" + slug + " is gone: if that is meant" + kThenAccept.substr(6)});
    return findings;
}

std::string Review::to_text() const {
    nlohmann::json json = nlohmann::json::object();
    for (const auto& [note, sections] : notes_)
        for (const auto& [slug, hashes] : sections) json[note][slug] = {{"en", hashes.english}, {"ko", hashes.korean}};
    return json.dump(2) + "\n";
}

}  // namespace course
