#include "common/tools/compare/candidate.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "common/process/server_process.h"
#include "common/tools/compare/machine.h"
#include "common/tools/load/text.h"

namespace course {

namespace {

namespace fs = std::filesystem;

constexpr const char* yardstick_name = "asio";
constexpr const char* yardstick_program = "asio_echo";

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

/// The file, or the one with ".exe" behind its name; empty if there is neither.
fs::path existing_program(const fs::path& file) {
    fs::path with_suffix = file;
    with_suffix += ".exe";
    for (const fs::path& candidate : {file, with_suffix}) {
        std::error_code error;
        if (fs::is_regular_file(candidate, error)) return fs::absolute(candidate);
    }
    return {};
}

/// The chapters' servers in this folder whose names begin so, in their order. Which programs are servers the build has
/// written down beside them.
std::vector<fs::path> chapters(const fs::path& directory, const std::string& prefix) {
    const nlohmann::json info = build_info(directory);
    std::vector<fs::path> found;
    if (!info.is_object()) return found;
    for (const std::string& name : info.value("servers", std::vector<std::string>{})) {
        if (!name.starts_with(prefix)) continue;
        if (fs::path program = existing_program(directory / name); !program.empty())
            found.push_back(std::move(program));
    }
    return found;
}

fs::path find_server(const std::string& name, const fs::path& directory) {
    if (name == yardstick_name) return existing_program(directory / yardstick_program);
    if (!name.empty() && std::all_of(name.begin(), name.end(), is_digit)) {
        const auto found = chapters(directory, name + "_");  // the first is the chapter's main.cpp
        return found.empty() ? fs::path{} : found.front();
    }
    const fs::path path = path_from_utf8(name);
    if (!path.has_parent_path())
        if (const fs::path program = existing_program(directory / path); !program.empty()) return program;
    return existing_program(path);
}

/// What the build has written down of a server's buffer, or what an option of the yardstick says.
std::size_t buffer_of(const Candidate& candidate) {
    for (std::size_t i = 0; i + 1 < candidate.arguments.size(); ++i) {
        if (candidate.arguments[i] == "--buffer") {
            const std::string& text = candidate.arguments[i + 1];
            std::size_t buffer = 0;
            const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), buffer);
            if (error == std::errc{} && stopped == text.data() + text.size()) return buffer;
            throw std::runtime_error("--buffer takes a number of bytes, not \"" + text + "\"");
        }
    }
    const nlohmann::json info = build_info(candidate.program.parent_path());
    const nlohmann::json buffers =
        info.is_object() ? info.value("buffers", nlohmann::json::object()) : nlohmann::json();
    return buffers.is_object() ? buffers.value(utf8_from_path(candidate.program.stem()), Candidate{}.buffer)
                               : Candidate{}.buffer;
}

}  // namespace

bool Candidate::needs_wine() const {
#ifdef _WIN32
    return false;
#else
    return program.extension() == ".exe";
#endif
}

// Wine knows a Unix path, whatever its drives are, by this prefix.
std::string Candidate::path_to(const fs::path& file) const {
    const std::string path = utf8_from_path(fs::absolute(file));
    return needs_wine() ? "\\\\?\\unix" + path : path;
}

fs::path default_servers_directory() {
    const fs::path own = executable_directory();
    const fs::path for_wine = own.parent_path().parent_path() / "linux" / "bin";
    return chapters(own, "").empty() && !chapters(for_wine, "").empty() ? for_wine : own;
}

Candidate find_candidate(const std::string& text, const fs::path& servers_directory) {
    std::string name = text, options;
    fs::path program = find_server(name, servers_directory);
    if (const auto at = text.find(" --"); program.empty() && at != std::string::npos) {
        name = text.substr(0, at);
        options = text.substr(at);
        program = find_server(name, servers_directory);
    }
    if (program.empty())
        throw std::runtime_error("there is no server \"" + name + "\", neither in " +
                                 utf8_from_path(servers_directory) + " nor as a path");
    Candidate candidate;
    candidate.name = (name == yardstick_name ? name : utf8_from_path(program.stem())) + options;
    candidate.program = program;
    std::istringstream words(options);
    for (std::string word; words >> word;) candidate.arguments.push_back(word);
    candidate.buffer = buffer_of(candidate);
    return candidate;
}

std::optional<Candidate> yardstick(const fs::path& servers_directory, std::size_t buffer) {
    if (find_server(yardstick_name, servers_directory).empty()) return std::nullopt;
    const bool usual = buffer == Candidate{}.buffer;
    return find_candidate(yardstick_name + (usual ? "" : " --buffer " + std::to_string(buffer)), servers_directory);
}

std::vector<Candidate> all_candidates(const fs::path& servers_directory) {
    std::vector<Candidate> all;
    for (const fs::path& program : chapters(servers_directory, ""))
        all.push_back(find_candidate(utf8_from_path(program.stem()), servers_directory));
    if (all.empty()) throw std::runtime_error("there are no servers in " + utf8_from_path(servers_directory));
    if (const auto asio = yardstick(servers_directory, Candidate{}.buffer)) all.push_back(*asio);
    return all;
}

}  // namespace course
