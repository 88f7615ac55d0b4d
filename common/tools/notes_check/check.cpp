#include "common/tools/notes_check/check.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/tools/notes_check/course_files.h"
#include "common/tools/notes_check/definition.h"
#include "common/tools/notes_check/document.h"
#include "common/tools/notes_check/links.h"
#include "common/tools/notes_check/parity.h"

namespace course {
namespace {

const std::string output_folder = "notes/output", captures_folder = "notes/captures";

// One note in both languages: notes/en/NAME and notes/ko/NAME, or README.md and README.ko.md.
struct Pair {
    std::string name, english, korean;
};

class Checker {
public:
    explicit Checker(const std::filesystem::path& root) : files_{root} {
        std::set<std::string> names;
        for (const std::string folder : {"notes/en/", "notes/ko/"})
            for (const std::string& file : files_.list(folder.substr(0, 8), ".md"))
                names.insert(file.substr(folder.size()));
        if (names.empty())
            throw std::runtime_error("there are no notes/en and notes/ko here; run it in the course's folder");
        for (const std::string& name : names) pairs_.push_back({name, "notes/en/" + name, "notes/ko/" + name});
        if (files_.exists("README.md")) pairs_.push_back({"README.md", "README.md", "README.ko.md"});
        for (const Pair& pair : pairs_) {
            for (const std::string& file : {pair.english, pair.korean})
                if (!files_.exists(file))
                    report(file, 0, "is missing: the other language has it; write it or remove both");
        }
        std::erase_if(pairs_, [&](const Pair& p) { return !files_.exists(p.english) || !files_.exists(p.korean); });
    }

    std::vector<Finding> run(Actions actions) {
        if (actions.fix) fix_copies();
        LinkChecker links{files_};
        for (const Pair& pair : pairs_) {
            check_document(pair.english);
            check_document(pair.korean);
            compare_languages(follow_links(pair.english, links), follow_links(pair.korean, links), findings_);
        }
        links.check_all_cited(findings_);
        check_outputs();
        check_markers();
        std::ranges::sort(findings_, {}, [](const Finding& f) { return std::tie(f.file, f.line, f.what); });
        return std::move(findings_);
    }

private:
    void report(const std::string& file, std::size_t line, const std::string& what) {
        findings_.push_back({file, line, what});
    }

    // What the fence is a copy of; if there is no such thing, `problem` says so.
    std::vector<std::string> original(const Fence& fence, std::string& problem) {
        const std::string name = fence.value("name"), output = fence.value("output");
        const std::string file = output.empty() ? fence.value("file") : output_folder + "/" + output;
        if (const std::string word = fence.unknown_word(); !word.empty()) {
            problem =
                "\"" + word + "\" means nothing here: a fence shows file=FILE, file=FILE name=NAME or output=FILE";
        } else if (!name.empty() && (file.empty() || !output.empty())) {
            problem = "name=" + name + " needs the source that defines it: write file=FILE name=" + name;
        } else if (!files_.exists(file)) {
            problem = "there is no " + file + (output.empty() ? "" : "; make it with `course notes --capture`");
        } else {
            return name.empty() ? files_.lines(file) : definition(file, name, problem);
        }
        return {};
    }

    std::vector<std::string> definition(const std::string& file, const std::string& name, std::string& problem) {
        auto found = find_definitions(files_.lines(file), name);
        if (found.size() == 1) return std::move(found[0].lines);
        if (found.empty()) {
            problem = "no definition of \"" + name + "\" in " + file +
                      ": name a function, struct or class that it defines at the left edge, a member as Class::member";
            return {};
        }
        std::string places;
        for (const Definition& each : found) places += (places.empty() ? "" : ", ") + std::to_string(each.line);
        problem = "\"" + name + "\" is ambiguous: " + file + " defines it in the lines " + places +
                  "; show what has a name of its own";
        return {};
    }

    void fix_copies() {
        for (const Pair& pair : pairs_)
            for (const std::string& file : {pair.english, pair.korean}) fix_copies_in(file);
    }

    void fix_copies_in(const std::string& file) {
        std::string text;
        const Document document = files_.document(file);
        std::size_t next = 0;
        const auto append = [&](const auto& lines, std::size_t begin, std::size_t end) {
            for (; begin < end; ++begin) text += lines[begin] + "\n";
        };
        for (const Section& section : document.sections) {
            for (const Fence& fence : section.fences) {
                std::string problem;
                if (!fence.is_copy()) continue;
                const auto copy = original(fence, problem);
                if (!problem.empty()) continue;  // reported by the check
                append(document.lines, next, fence.line);
                append(copy, 0, copy.size());
                next = fence.line + fence.body.size();
            }
        }
        append(document.lines, next, document.lines.size());
        if (text != files_.read(file)) files_.write(file, text);
    }

    void check_document(const std::string& file) {
        const Document& document = files_.document(file);
        findings_.insert(findings_.end(), document.findings.begin(), document.findings.end());
        for (const Section& section : document.sections) {
            for (const Fence& fence : section.fences) {
                shown_outputs_.insert(fence.value("output"));
                std::string problem;
                if (!fence.is_copy()) continue;
                const auto copy = original(fence, problem);
                if (problem.empty() && copy != fence.body) {
                    const auto differs = std::ranges::mismatch(copy, fence.body).in2 - fence.body.begin();
                    report(file, fence.line + 1 + static_cast<std::size_t>(differs),
                           "differs from " +
                               (fence.value("output").empty() ? fence.info.substr(fence.info.find("file="))
                                                              : output_folder + "/" + fence.value("output")) +
                               "; run `course notes --fix`");
                }
                if (!problem.empty()) report(file, fence.line, problem);
            }
        }
    }

    Version follow_links(const std::string& file, LinkChecker& links) {
        Version version{file, files_.document(file), {}};
        for (const Section& section : version.document.sections) {
            auto& meanings = version.links.emplace_back();
            for (const Link& link : section.links) meanings.emplace(links.follow(file, link, findings_), link.line);
        }
        return version;
    }

    void check_outputs() {
        std::string scripts;
        for (const std::string& file : files_.list(captures_folder, ".sh")) scripts += files_.read(file);
        for (const std::string& file : files_.list(output_folder, ".txt")) {
            const std::string name = file.substr(output_folder.size() + 1),
                              function = "capture_" + name.substr(0, name.size() - 4);
            if (!shown_outputs_.contains(name)) report(file, 0, "is shown in no note; show it or remove it");
            if (scripts.find(function + "()") == std::string::npos) {
                report(
                    file, 0,
                    "cannot be captured anew: write the function " + function + "() in " + captures_folder + "/*.sh");
            }
        }
    }

    void check_markers() {
        for (const std::string& chapter : files_.chapters()) {
            for (const std::string end : {".cpp", ".h"}) {
                for (const std::string& file : files_.list(chapter, end)) {
                    const auto& lines = files_.lines(file);
                    for (std::size_t i = 0; i < lines.size(); ++i)
                        if (lines[i].find("[doc:") != std::string::npos)
                            report(file, i + 1, "has a marker [doc:...]; remove it: notes show code by its name");
                }
            }
        }
    }

    CourseFiles files_;
    std::vector<Pair> pairs_;
    std::vector<Finding> findings_;
    std::set<std::string> shown_outputs_;
};

}  // namespace

std::vector<Finding> check_notes(const std::filesystem::path& root, Actions actions) {
    return Checker{root}.run(actions);
}

}  // namespace course
