#pragma once

#include <filesystem>
#include <vector>

#include "common/tools/notes_check/document.h"

namespace course {

struct Actions {
    bool fix = false;  ///< rewrites fences that are copies of another file
};

/// Does what `actions` say to the course in `root`, then checks its notes: notes/en, notes/ko, and README.md with
/// README.ko.md. The findings come in the order of files and lines. Throws std::exception if a file cannot be read or
/// written.
std::vector<Finding> check_notes(const std::filesystem::path& root, Actions actions);

}  // namespace course
