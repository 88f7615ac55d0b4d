#include "common/tools/compare/resource_use.h"

#include <optional>

#include "common/process/server_process.h"

#ifdef _WIN32

namespace course {

std::optional<int> find_wineserver() { return std::nullopt; }

Used used_by(const ServerProcess& server, std::optional<int>) { return {server.usage().cpu_seconds, {}, {}}; }

}  // namespace course

#else

#include <sys/stat.h>
#include <sys/types.h>  // IWYU pragma: keep
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace course {

namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& file) {
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    return line;
}

/// The directory in which the wineserver of this prefix works: named after the prefix's device and inode.
std::string server_directory_name() {
    const char* const prefix = std::getenv("WINEPREFIX");
    const char* const home = std::getenv("HOME");
    const std::string path = prefix ? prefix : std::string(home ? home : "") + "/.wine";
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return {};
    char name[64];
    std::snprintf(name, sizeof name, "server-%llx-%llx", static_cast<unsigned long long>(info.st_dev),
                  static_cast<unsigned long long>(info.st_ino));
    return name;
}

/// To the nanosecond, where /proc counts in hundredths of a second.
std::optional<double> cpu_seconds_of(pid_t process) {
    clockid_t clock{};
    timespec used{};
    if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return std::nullopt;
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

/// A request to wineserver is a write to a pipe, and all else that a server writes while it serves are sockets, which
/// do not count here (Wine uses sendmsg for them).
std::optional<std::uint64_t> writes_of(unsigned long process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/io");
    std::string name;
    for (std::uint64_t value = 0; file >> name >> value;)
        if (name == "syscw:") return value;
    return std::nullopt;
}

}  // namespace

std::optional<int> find_wineserver() {
    const std::string wanted = server_directory_name();
    if (wanted.empty()) return std::nullopt;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc", error)) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        if (!first_line(entry.path() / "comm").starts_with("wineserver")) continue;
        std::error_code denied;
        if (fs::read_symlink(entry.path() / "cwd", denied).filename() == wanted) return std::stoi(name);
    }
    return std::nullopt;
}

Used used_by(const ServerProcess& server, std::optional<int> wineserver) {
    Used used;
    used.cpu_seconds = cpu_seconds_of(static_cast<pid_t>(server.id()));
    if (!wineserver) return used;
    used.wineserver_cpu_seconds = cpu_seconds_of(*wineserver);
    used.wineserver_requests = writes_of(server.id());
    return used;
}

}  // namespace course

#endif
