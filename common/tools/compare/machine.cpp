#include "common/tools/compare/machine.h"

#include <chrono>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <ios>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "common/process/server_process.h"

#ifdef _WIN32
#include <windows.h>

#include "common/tools/load/text.h"
#else
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#endif

namespace course {

namespace {

using nlohmann::json;

struct System {
    std::string processor, name, version;
    std::string wine;  // its version, if this very program runs under it
    std::uint64_t memory_bytes = 0;
};

#ifdef _WIN32

std::string registry_text(const wchar_t* key, const wchar_t* value) {
    wchar_t text[256];
    DWORD size = sizeof text;
    if (::RegGetValueW(HKEY_LOCAL_MACHINE, key, value, RRF_RT_REG_SZ, nullptr, text, &size) != ERROR_SUCCESS) return {};
    return utf8_from_path(text);
}

std::string wine_version() {
    const HMODULE ntdll = ::GetModuleHandleW(L"ntdll.dll");
    const FARPROC found = ntdll ? ::GetProcAddress(ntdll, "wine_get_version") : nullptr;
    if (!found) return {};
    using Version = const char*(CDECL*)();
    return reinterpret_cast<Version>(reinterpret_cast<void*>(found))();
}

System find_system() {
    constexpr const wchar_t* windows_version = L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion";
    System system;
    system.processor = registry_text(L"HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0", L"ProcessorNameString");
    system.name = "Windows";
    system.version = registry_text(windows_version, L"DisplayVersion") + " build " +
                     registry_text(windows_version, L"CurrentBuildNumber");
    system.wine = wine_version();
    MEMORYSTATUSEX memory{};
    memory.dwLength = sizeof memory;
    if (::GlobalMemoryStatusEx(&memory)) system.memory_bytes = memory.ullTotalPhys;
    return system;
}

std::string installed_wine() { return {}; }

#else

System find_system() {
    System system;
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line) && system.processor.empty();)
        if (line.starts_with("model name") && line.find(": ") != std::string::npos)
            system.processor = line.substr(line.find(": ") + 2);
    utsname names{};
    ::uname(&names);
    system.name = names.sysname;
    system.version = names.release;
    system.memory_bytes =
        static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return system;
}

std::string installed_wine() {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen("wine --version 2>/dev/null", "r"), ::pclose);
    char text[128] = "";
    if (!pipe || !std::fgets(text, sizeof text, pipe.get())) return "unknown";
    std::string version = text;
    version.erase(version.find_last_not_of("\r\n") + 1);
    return version.starts_with("wine-") ? version.substr(5) : version;
}

#endif

}  // namespace

json build_info(const std::filesystem::path& directory) {
    std::ifstream file(directory / "build-info.json", std::ios::binary);
    const json info = json::parse(file, nullptr, false);
    return info.is_object() ? info : json();
}

json describe_machine(const std::filesystem::path& servers_directory, bool wine) {
    const System system = find_system();
    json all = {{"processor", system.processor},
                {"processors", std::thread::hardware_concurrency()},
                {"memory_bytes", system.memory_bytes},
                {"system", system.name},
                {"system_version", system.version},
                {"wine", nullptr},
                {"load_runs_under_wine", !system.wine.empty()},
                {"servers_build", build_info(servers_directory)},
                {"tools_build", build_info(executable_directory())}};
    if (!system.wine.empty()) {
        all["wine"] = system.wine;
    } else if (wine) {
        all["wine"] = installed_wine();
    }
    return all;
}

std::string machine_in_words(const json& machine) {
    const auto text = [&](const char* key) { return machine.at(key).get<std::string>(); };
    std::string words = text("system") + " " + text("system_version");
    if (machine.at("wine").is_string()) {
        words = "Wine " + text("wine") + " (" + words + ")";
        words += machine.at("load_runs_under_wine") ? ", the load under Wine as well" : ", the load native";
    }
    const auto processors = machine.at("processors").get<unsigned>();
    return words + "; " + std::to_string(processors) + (processors == 1 ? " processor, " : " processors, ") +
           text("processor");
}

std::string wine_notes(const json& machine) {
    if (machine.at("wine").is_null()) return {};
    return "These are Wine's figures. Read them as ratios between programs on this machine, never as Windows' speed: "
           "every\n"
           "Winsock call here is one or more requests to one process, wineserver, which all servers share. So the "
           "ranking can\n"
           "differ from Windows': a model with few calls per echo (select with many clients) looks better than it is "
           "there,\n"
           "and a completion port cannot show its scheduling, which Wine lacks. What carries over: who is served and "
           "who is\n"
           "not, errors, threads. The figure that repeats best is wineserver requests per echo: see --wide.\n";
}

std::string utc_time() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm parts{};
#ifdef _WIN32
    ::gmtime_s(&parts, &now);
#else
    ::gmtime_r(&now, &parts);
#endif
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

std::int64_t unix_us() {
    using namespace std::chrono;
    return floor<microseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace course
