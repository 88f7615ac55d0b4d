#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/tools/notes_check/document.h"

namespace course {

/// The course's files by their names from its root, "notes/en/01_blocking.md", each read once. Carriage returns are
/// dropped. All throw std::exception if a file cannot be read or written.
class CourseFiles {
public:
    explicit CourseFiles(std::filesystem::path root) : root_{std::move(root)} {}

    [[nodiscard]] bool exists(const std::string& file) const;
    /// Those in `folder` (and below it) whose names end so, sorted; none if there is no such folder.
    [[nodiscard]] std::vector<std::string> list(const std::string& folder, const std::string& end) const;
    /// The folders at the top whose names begin with a digit.
    [[nodiscard]] std::vector<std::string> chapters() const;

    [[nodiscard]] std::string read(const std::string& file) const;
    void write(const std::string& file, const std::string& text);

    const std::vector<std::string>& lines(const std::string& file);
    const Document& document(const std::string& file);

private:
    std::filesystem::path root_;
    std::map<std::string, std::vector<std::string>> lines_;
    std::map<std::string, Document> documents_;
};

}  // namespace course
