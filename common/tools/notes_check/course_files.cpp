#include "common/tools/notes_check/course_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <ios>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>
#include "common/tools/notes_check/document.h"

namespace course {

bool CourseFiles::exists(const std::string& file) const { return std::filesystem::exists(root_ / file); }

std::vector<std::string> CourseFiles::list(const std::string& folder, const std::string& end) const {
    std::vector<std::string> files;
    if (!exists(folder)) return files;
    for (auto entry = std::filesystem::recursive_directory_iterator(root_ / folder);
         entry != std::filesystem::recursive_directory_iterator(); ++entry) {
        if (entry->path().filename() == "build") entry.disable_recursion_pending();  // of a chapter built alone
        std::string name = folder + "/" + entry->path().lexically_relative(root_ / folder).generic_string();
        if (entry->is_regular_file() && name.ends_with(end)) files.push_back(std::move(name));
    }
    std::ranges::sort(files);
    return files;
}

std::vector<std::string> CourseFiles::chapters() const {
    std::vector<std::string> folders;
    for (const auto& entry : std::filesystem::directory_iterator(root_)) {
        const auto name = entry.path().filename();
        const auto first = name.native()[0];
        if (entry.is_directory() && first >= '0' && first <= '9') folders.push_back(name.generic_string());
    }
    std::ranges::sort(folders);
    return folders;
}

std::string CourseFiles::read(const std::string& file) const {
    std::ifstream in(root_ / file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in) throw std::runtime_error("cannot read " + file);
    std::erase(text, '\r');
    return text;
}

void CourseFiles::write(const std::string& file, const std::string& text) {
    std::ofstream out(root_ / file, std::ios::binary);
    out << text;
    out.close();
    if (!out) throw std::runtime_error("cannot write " + file);
    lines_.erase(file);
    documents_.erase(file);
}

const std::vector<std::string>& CourseFiles::lines(const std::string& file) {
    const auto [entry, is_new] = lines_.try_emplace(file);
    if (is_new) {
        std::istringstream text(read(file));
        for (std::string line; std::getline(text, line);) entry->second.push_back(line);
    }
    return entry->second;
}

const Document& CourseFiles::document(const std::string& file) {
    const auto known = documents_.find(file);
    return known != documents_.end() ? known->second
                                     : documents_.emplace(file, parse_document(file, lines(file))).first->second;
}

}  // namespace course
