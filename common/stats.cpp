#include "common/stats.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <ios>
#include <stdexcept>
#include <string>

#include "common/winsock.h"

#include <psapi.h>
#include <tlhelp32.h>

namespace {

std::uint64_t count_threads() {
    const HANDLE snapshot = ::CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    if (snapshot == INVALID_HANDLE_VALUE) return 0;
    const UniqueHandle owner{snapshot};
    const DWORD self = ::GetCurrentProcessId();
    std::uint64_t count = 0;
    THREADENTRY32 entry{};
    entry.dwSize = sizeof entry;
    for (BOOL more = ::Thread32First(snapshot, &entry); more; more = ::Thread32Next(snapshot, &entry))
        if (entry.th32OwnerProcessID == self) ++count;
    return count;
}

double cpu_seconds() {
    FILETIME created{}, exited{}, kernel{}, user{};
    if (!::GetProcessTimes(::GetCurrentProcess(), &created, &exited, &kernel, &user)) return 0;
    // Counted in 100 ns.
    const auto seconds = [](FILETIME t) { return (4294967296.0 * t.dwHighDateTime + t.dwLowDateTime) / 1e7; };
    return seconds(kernel) + seconds(user);
}

std::string or_null(std::uint64_t figure) { return figure ? std::to_string(figure) : "null"; }

}  // namespace

Stats::Stats(const std::filesystem::path& file) : file_(file, std::ios::binary) {
    if (!file_) throw std::runtime_error("cannot write statistics to " + to_utf8(file.native()));
}

void Stats::sample() {
    peak_threads_ = std::max(peak_threads_, count_threads());
    DWORD handles = 0;
    ::GetProcessHandleCount(::GetCurrentProcess(), &handles);
    peak_handles_ = std::max<std::uint64_t>(peak_handles_, handles);
}

void Stats::write(const std::string& server, std::uint64_t clients, std::uint64_t bytes) {
    sample();
    PROCESS_MEMORY_COUNTERS memory{};
    ::GetProcessMemoryInfo(::GetCurrentProcess(), &memory, sizeof memory);
    file_ << "{\"server\": \"" << server << "\", \"clients_served\": " << clients << ", \"bytes_echoed\": " << bytes
          << ", \"cpu_seconds\": " << cpu_seconds() << ", \"peak_memory_bytes\": " << or_null(memory.PeakWorkingSetSize)
          << ", \"peak_threads\": " << or_null(peak_threads_) << ", \"peak_handles\": " << or_null(peak_handles_)
          << "}\n";
    file_.close();
    if (!file_) throw std::runtime_error("the statistics could not be written");
}
