// ServerProcess for Windows.

#include "common/process/server_process.h"

// clang-format off
#include <winsock2.h>
#include <windows.h>
#include <psapi.h>
#include <tlhelp32.h>
// clang-format on

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "common/process/output_log.h"

namespace course {

namespace {

[[noreturn]] void throw_last_error(const std::string& what, DWORD code = ::GetLastError()) {
    throw std::system_error(static_cast<int>(code), std::system_category(), what);
}

class Handle {
public:
    Handle() = default;
    explicit Handle(HANDLE handle) : handle_(handle == INVALID_HANDLE_VALUE ? nullptr : handle) {}
    Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Handle& operator=(Handle&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Handle() { reset(); }
    [[nodiscard]] HANDLE get() const { return handle_; }
    explicit operator bool() const { return handle_ != nullptr; }
    void reset() {
        if (handle_) ::CloseHandle(std::exchange(handle_, nullptr));
    }

private:
    HANDLE handle_ = nullptr;
};

struct Pipe {
    Handle from, to;
    Pipe() {
        HANDLE read_end = nullptr, write_end = nullptr;
        if (!::CreatePipe(&read_end, &write_end, nullptr, 0)) throw_last_error("CreatePipe");
        from = Handle{read_end};
        to = Handle{write_end};
    }
};

void make_inheritable(const Handle& handle) {
    if (!::SetHandleInformation(handle.get(), HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT))
        throw_last_error("SetHandleInformation");
}

std::wstring to_wide(const std::string& utf8) {
    if (utf8.empty()) return {};
    const int size = static_cast<int>(utf8.size());
    const int length = ::MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, utf8.data(), size, nullptr, 0);
    if (length == 0) throw_last_error("MultiByteToWideChar");
    std::wstring wide(static_cast<std::size_t>(length), L'\0');
    ::MultiByteToWideChar(CP_UTF8, 0, utf8.data(), size, wide.data(), length);
    return wide;
}

// A process gets one string and takes it apart by itself. "Parsing C++ command-line arguments": backslashes are plain
// characters, except before a quotation mark, where each must be doubled.
std::wstring quoted(const std::wstring& argument) {
    if (!argument.empty() && argument.find_first_of(L" \t\n\v\"") == std::wstring::npos) return argument;
    std::wstring text = L"\"";
    std::size_t backslashes = 0;
    for (const wchar_t letter : argument) {
        if (letter == L'"') text.append(backslashes + 1, L'\\');
        backslashes = letter == L'\\' ? backslashes + 1 : 0;
        text += letter;
    }
    text.append(backslashes, L'\\');
    return text + L'"';
}

std::wstring command_line(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
    std::wstring line = quoted(program.wstring());
    for (const std::string& argument : arguments) line += L' ' + quoted(to_wide(argument));
    return line;
}

// A list with one attribute: the handles that the child inherits. Without it, it would inherit every inheritable handle
// we have, so that a pipe of one server would be kept open by the next one.
class InheritedHandles {
public:
    explicit InheritedHandles(std::array<HANDLE, 3> handles) : handles_(handles) {
        SIZE_T size = 0;
        ::InitializeProcThreadAttributeList(nullptr, 1, 0, &size);  // fails, and tells the size
        memory_.resize(size);
        if (!::InitializeProcThreadAttributeList(list(), 1, 0, &size))
            throw_last_error("InitializeProcThreadAttributeList");
        if (!::UpdateProcThreadAttribute(list(), 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles_.data(),
                                         sizeof(HANDLE) * handles_.size(), nullptr, nullptr)) {
            const DWORD error = ::GetLastError();
            ::DeleteProcThreadAttributeList(list());
            throw_last_error("UpdateProcThreadAttribute", error);
        }
    }
    ~InheritedHandles() { ::DeleteProcThreadAttributeList(list()); }
    InheritedHandles(const InheritedHandles&) = delete;
    InheritedHandles& operator=(const InheritedHandles&) = delete;

    LPPROC_THREAD_ATTRIBUTE_LIST list() { return reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(memory_.data()); }

private:
    std::array<HANDLE, 3> handles_;
    std::vector<std::byte> memory_;
};

// Ends its processes when its last handle is closed, hence also when this process is killed.
Handle make_job() {
    Handle job{::CreateJobObjectW(nullptr, nullptr)};
    if (!job) throw_last_error("CreateJobObject");
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits{};
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    if (!::SetInformationJobObject(job.get(), JobObjectExtendedLimitInformation, &limits, sizeof limits))
        throw_last_error("SetInformationJobObject");
    return job;
}

double seconds(const FILETIME& time) {  // counted in 100 ns
    return (4294967296.0 * time.dwHighDateTime + time.dwLowDateTime) / 1e7;
}

std::optional<std::uint64_t> count_threads(DWORD process) {
    const Handle snapshot{::CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0)};
    if (!snapshot) return std::nullopt;
    std::uint64_t count = 0;
    THREADENTRY32 entry{};
    entry.dwSize = sizeof entry;
    for (BOOL more = ::Thread32First(snapshot.get(), &entry); more; more = ::Thread32Next(snapshot.get(), &entry))
        if (entry.th32OwnerProcessID == process) ++count;
    if (count == 0) return std::nullopt;
    return count;
}

// Wine does not implement GetProcessHandleCount (it gives 0). So each value that a handle may have is tried; Wine gives
// out the lowest free ones, 4, 8, 12 ... (To ask it for the list of all handles, as NtQuerySystemInformation does, can
// crash Wine 8's server: it runs over the end of the table of a process that has no handle yet.)
std::optional<std::uint64_t> count_handles_one_by_one(HANDLE process) {
    constexpr ULONG_PTR step = 4;
    constexpr ULONG_PTR longest_gap = 2048 * step;  // a handle opened while many were in use may stand alone above
    std::uint64_t count = 0;
    ULONG_PTR last = 0;
    for (ULONG_PTR value = step; value <= last + longest_gap; value += step) {
        HANDLE copy = nullptr;
        if (!::DuplicateHandle(process, reinterpret_cast<HANDLE>(value), ::GetCurrentProcess(), &copy, 0, FALSE,
                               DUPLICATE_SAME_ACCESS))
            continue;
        ::CloseHandle(copy);
        ++count;
        last = value;
    }
    if (count == 0) return std::nullopt;
    return count;
}

}  // namespace

struct ServerProcess::Impl {
    OutputLog log;
    Handle job, process, input;
    Handle output, errors;
    DWORD id = 0;
    std::thread output_reader, errors_reader;
    std::atomic<int> streams_open = 2;

    Impl(const std::filesystem::path& program, const std::vector<std::string>& arguments);
    ~Impl();
    void start_process(const std::filesystem::path& program, const std::vector<std::string>& arguments);
    void read(HANDLE from, OutputLog::Stream stream);
};

ServerProcess::Impl::Impl(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
    start_process(program, arguments);
    output_reader = std::thread{[this] { read(output.get(), OutputLog::Stream::output); }};
    try {
        errors_reader = std::thread{[this] { read(errors.get(), OutputLog::Stream::errors); }};
    } catch (...) {  // the destructor will not run
        job.reset();
        output_reader.join();
        throw;
    }
}

ServerProcess::Impl::~Impl() {
    job.reset();  // kills it, and what it has started; so the pipes end, and with them the readers
    output_reader.join();
    errors_reader.join();
}

void ServerProcess::Impl::start_process(const std::filesystem::path& program,
                                        const std::vector<std::string>& arguments) {
    Pipe to_child, from_child, errors_of_child;
    for (const Handle* end : {&to_child.from, &from_child.to, &errors_of_child.to}) make_inheritable(*end);
    InheritedHandles inherited{{to_child.from.get(), from_child.to.get(), errors_of_child.to.get()}};
    STARTUPINFOEXW startup{};
    startup.StartupInfo.cb = sizeof startup;
    startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    startup.StartupInfo.hStdInput = to_child.from.get();
    startup.StartupInfo.hStdOutput = from_child.to.get();
    startup.StartupInfo.hStdError = errors_of_child.to.get();
    startup.lpAttributeList = inherited.list();
    job = make_job();
    std::wstring line = command_line(program, arguments);  // CreateProcess may write into it
    // In a process group of its own, so that a Ctrl+Break can be sent to it alone; suspended, until it is in the job.
    const DWORD flags = EXTENDED_STARTUPINFO_PRESENT | CREATE_NEW_PROCESS_GROUP | CREATE_SUSPENDED;
    PROCESS_INFORMATION started{};
    if (!::CreateProcessW(program.c_str(), line.data(), nullptr, nullptr, TRUE, flags, nullptr, nullptr,
                          &startup.StartupInfo, &started)) {
        const DWORD error = ::GetLastError();
        const std::u8string name = program.u8string();
        throw_last_error("cannot start " + std::string(name.begin(), name.end()), error);
    }
    process = Handle{started.hProcess};
    id = started.dwProcessId;
    const Handle thread{started.hThread};
    if (!::AssignProcessToJobObject(job.get(), process.get())) {
        const DWORD error = ::GetLastError();
        ::TerminateProcess(process.get(), 1);
        throw_last_error("AssignProcessToJobObject", error);
    }
    ::ResumeThread(thread.get());
    input = std::move(to_child.to);
    output = std::move(from_child.from);
    errors = std::move(errors_of_child.from);
}

void ServerProcess::Impl::read(HANDLE from, OutputLog::Stream stream) {
    std::array<char, 4096> buffer;
    DWORD got = 0;
    while (::ReadFile(from, buffer.data(), static_cast<DWORD>(buffer.size()), &got, nullptr) && got > 0)
        log.append(stream, {buffer.data(), got});
    if (--streams_open == 0) log.finish();
}

ServerProcess::ServerProcess(const std::filesystem::path& program, const std::vector<std::string>& arguments)
    : impl_(std::make_unique<Impl>(find_program(program), arguments)) {}

ServerProcess::~ServerProcess() = default;

std::string ServerProcess::wait_for_line(std::string_view text, Milliseconds timeout) {
    return impl_->log.wait_for_line(text, timeout);
}

void ServerProcess::close_stdin() { impl_->input.reset(); }

void ServerProcess::interrupt() {
    if (!::GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, impl_->id)) throw_last_error("GenerateConsoleCtrlEvent");
}

std::optional<int> ServerProcess::wait_for_exit(Milliseconds timeout) {
    if (::WaitForSingleObject(impl_->process.get(), static_cast<DWORD>(timeout.count())) != WAIT_OBJECT_0)
        return std::nullopt;
    // What it wrote last may still be in the pipes. Something that it started could hold them open for ever.
    impl_->log.wait_until_finished(std::chrono::seconds{5});
    DWORD status = 0;
    if (!::GetExitCodeProcess(impl_->process.get(), &status)) throw_last_error("GetExitCodeProcess");
    return static_cast<int>(status);
}

void ServerProcess::kill() { ::TerminateProcess(impl_->process.get(), 1); }

std::string ServerProcess::output() const { return impl_->log.output(); }
std::string ServerProcess::errors() const { return impl_->log.errors(); }
unsigned long ServerProcess::id() const { return impl_->id; }

ProcessUsage ServerProcess::usage() const {
    ProcessUsage usage;
    const HANDLE process = impl_->process.get();
    if (::WaitForSingleObject(process, 0) == WAIT_OBJECT_0) return usage;
    usage.threads = count_threads(impl_->id);
    PROCESS_MEMORY_COUNTERS memory{};
    memory.cb = sizeof memory;
    if (::GetProcessMemoryInfo(process, &memory, sizeof memory)) usage.memory_bytes = memory.WorkingSetSize;
    FILETIME created{}, exited{}, kernel{}, user{};
    if (::GetProcessTimes(process, &created, &exited, &kernel, &user))
        usage.cpu_seconds = seconds(kernel) + seconds(user);
    return usage;
}

std::optional<std::uint64_t> ServerProcess::count_handles() const {
    DWORD count = 0;
    if (::GetProcessHandleCount(impl_->process.get(), &count) && count > 0) return count;
    return count_handles_one_by_one(impl_->process.get());
}

std::filesystem::path executable_directory() {
    std::wstring name(MAX_PATH, L'\0');
    for (;;) {
        const DWORD length = ::GetModuleFileNameW(nullptr, name.data(), static_cast<DWORD>(name.size()));
        if (length == 0) throw_last_error("GetModuleFileName");
        if (length < name.size()) {
            name.resize(length);
            return std::filesystem::path(name).parent_path();
        }
        name.resize(name.size() * 2);  // it was cut short
    }
}

}  // namespace course
