// ServerProcess for Linux, where a Windows program is run by Wine.

#include "common/process/server_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "common/process/output_log.h"

extern char** environ;

namespace course {

namespace {

[[noreturn]] void throw_errno(const std::string& what, int code = errno) {
    throw std::system_error(code, std::generic_category(), what);
}

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_ = -1;
};

struct Pipe {
    Descriptor from, to;

    Pipe() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("pipe2");
        from = Descriptor{ends[0]};
        to = Descriptor{ends[1]};
    }
};

struct SpawnSettings {
    posix_spawn_file_actions_t files{};
    posix_spawnattr_t attributes{};

    SpawnSettings(int in, int out, int err) {
        ::posix_spawn_file_actions_init(&files);
        ::posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
        ::posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
        ::posix_spawnattr_init(&attributes);
        // A group of its own: what it starts can be ended with it, and Ctrl+C in our terminal is not for it.
        ::posix_spawnattr_setpgroup(&attributes, 0);
        sigset_t set;
        ::sigemptyset(&set);
        ::posix_spawnattr_setsigmask(&attributes, &set);
        ::sigaddset(&set, SIGPIPE);
        ::posix_spawnattr_setsigdefault(&attributes, &set);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~SpawnSettings() {
        ::posix_spawn_file_actions_destroy(&files);
        ::posix_spawnattr_destroy(&attributes);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;
};

std::vector<std::string> command_for(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
    const std::filesystem::path file = find_program(program);
    if (!std::filesystem::exists(file))
        throw_errno(file.string(), ENOENT);  // Wine would tell it by its exit status only
    std::vector<std::string> command;
    if (file.extension() == ".exe") command.emplace_back("wine");
    command.push_back(file.string());
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
}

/// Takes over what can be read without waiting. Returns false at the end of the stream.
bool read_available(int fd, OutputLog& log, OutputLog::Stream stream) {
    std::array<char, 4096> buffer;
    for (;;) {
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got == 0) return false;
        if (got > 0) {
            log.append(stream, {buffer.data(), static_cast<std::size_t>(got)});
        } else if (errno != EINTR) {
            return errno == EAGAIN;
        }
    }
}

/// The fields of /proc/PID/stat from the third on; the second, the name in brackets, may hold spaces.
std::vector<std::string> stat_fields(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(file, line);
    const auto name_end = line.rfind(')');
    if (name_end == std::string::npos) return {};
    std::istringstream rest(line.substr(name_end + 1));
    return {std::istream_iterator<std::string>(rest), {}};
}

}  // namespace

struct ServerProcess::Impl {
    pid_t pid = -1;
    Descriptor in, out, err, ended;  // `ended` becomes readable when the process ends
    std::thread reader;

    OutputLog log;
    int status = 0;  // to be read when the log is finished

    explicit Impl(std::vector<std::string> command);
    ~Impl();
    void read_until_end();
};

ServerProcess::Impl::Impl(std::vector<std::string> command) {
    Pipe to_child, from_child, errors_of_child;
    const SpawnSettings settings(to_child.from.get(), from_child.to.get(), errors_of_child.to.get());
    std::vector<char*> argv;
    for (std::string& argument : command) argv.push_back(argument.data());
    argv.push_back(nullptr);
    if (const int error =
            ::posix_spawnp(&pid, argv.front(), &settings.files, &settings.attributes, argv.data(), environ))
        throw_errno("cannot start " + command.front(), error);
    in = std::move(to_child.to);
    out = std::move(from_child.from);
    err = std::move(errors_of_child.from);
    try {
        ended = Descriptor{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
        if (ended.get() < 0) throw_errno("pidfd_open");
        for (const Descriptor* end : {&out, &err})
            if (::fcntl(end->get(), F_SETFL, O_NONBLOCK) != 0) throw_errno("fcntl");
        reader = std::thread([this] { read_until_end(); });
    } catch (...) {  // the destructor will not run
        ::kill(-pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        throw;
    }
}

ServerProcess::Impl::~Impl() {
    ::kill(-pid, SIGKILL);  // not reaped yet: the id is still its own
    reader.join();
    ::waitpid(pid, nullptr, 0);
}

// The end of the process counts, not the end of its output: a wineserver that it has started keeps the pipes open.
void ServerProcess::Impl::read_until_end() {
    std::array<pollfd, 3> fds{{{ended.get(), POLLIN, 0}, {out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}}};
    for (;;) {
        if (::poll(fds.data(), fds.size(), -1) < 0) continue;  // EINTR
        if (!read_available(out.get(), log, OutputLog::Stream::output)) fds[1].fd = -1;
        if (!read_available(err.get(), log, OutputLog::Stream::errors)) fds[2].fd = -1;
        if (fds[0].revents == 0) continue;
        siginfo_t info{};
        ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
        status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
        return log.finish();
    }
}

ServerProcess::ServerProcess(const std::filesystem::path& program, const std::vector<std::string>& arguments)
    : impl_(std::make_unique<Impl>(command_for(program, arguments))) {}

ServerProcess::~ServerProcess() = default;

std::string ServerProcess::wait_for_line(std::string_view text, Milliseconds timeout) {
    return impl_->log.wait_for_line(text, timeout);
}

void ServerProcess::close_stdin() { impl_->in = Descriptor{}; }

void ServerProcess::interrupt() {
    if (::kill(-impl_->pid, SIGINT) != 0) throw_errno("kill");
}

std::optional<int> ServerProcess::wait_for_exit(Milliseconds timeout) {
    if (!impl_->log.wait_until_finished(timeout)) return std::nullopt;
    return impl_->status;
}

void ServerProcess::kill() { ::kill(-impl_->pid, SIGKILL); }

std::string ServerProcess::output() const { return impl_->log.output(); }
std::string ServerProcess::errors() const { return impl_->log.errors(); }
unsigned long ServerProcess::id() const { return static_cast<unsigned long>(impl_->pid); }

ProcessUsage ServerProcess::usage() const {
    // proc(5) counts the fields from 1: state is 3, utime 14, stime 15, num_threads 20, rss 24.
    constexpr std::size_t state_field = 0, user_field = 11, kernel_field = 12, threads_field = 17, pages_field = 21;
    const auto fields = stat_fields(impl_->pid);
    if (fields.size() <= pages_field || fields[state_field] == "Z") return {};
    ProcessUsage usage;
    usage.threads = std::stoull(fields[threads_field]);
    usage.memory_bytes = std::stoull(fields[pages_field]) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    usage.cpu_seconds = static_cast<double>(std::stoull(fields[user_field]) + std::stoull(fields[kernel_field])) /
                        static_cast<double>(::sysconf(_SC_CLK_TCK));
    return usage;
}

std::optional<std::uint64_t> ServerProcess::count_handles() const {
    std::error_code error;
    const std::filesystem::directory_iterator open_files("/proc/" + std::to_string(impl_->pid) + "/fd", error);
    if (error) return std::nullopt;
    return static_cast<std::uint64_t>(std::distance(begin(open_files), end(open_files)));
}

std::filesystem::path executable_directory() { return std::filesystem::read_symlink("/proc/self/exe").parent_path(); }

}  // namespace course
