#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace course {

/// What a running process holds at this moment. A figure the system cannot tell is empty.
struct ProcessUsage {
    std::optional<std::uint64_t> threads;
    std::optional<std::uint64_t> memory_bytes;  ///< working set (resident set on Linux)
    std::optional<double> cpu_seconds;          ///< user + kernel, since the start of the process
};

/// A child process with its three standard streams connected to us. Killed, if it still runs, on destruction, together
/// with what it has started (but for a wineserver). One implementation for Windows, one for Linux, where a program that
/// ends in ".exe" is started with wine.
class ServerProcess {
public:
    using Milliseconds = std::chrono::milliseconds;

    /// Starts it, and returns without waiting for anything that it does.
    /// @param program    as for find_program()
    /// @param arguments  UTF-8, without the program's own name
    /// @throws std::system_error  if it cannot be started
    ServerProcess(const std::filesystem::path& program, const std::vector<std::string>& arguments);
    ~ServerProcess();
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;

    /// Waits until a line with `text` has been printed on stdout or stderr since the start.
    /// @returns the first such line, whole but without its end
    /// @throws std::runtime_error  with everything the process printed, if it ends or the time is over before that
    std::string wait_for_line(std::string_view text, Milliseconds timeout);

    /// Ends the child's standard input: with `--stop-on-eof` this begins the graceful stop. A second call does nothing.
    void close_stdin();

    /// Asks it to stop as from the keyboard: Ctrl+Break on Windows (Ctrl+C cannot be sent to one process group alone),
    /// SIGINT elsewhere.
    /// @throws std::system_error  if the system cannot do that, such as without a console
    void interrupt();

    /// Once there is a status, output() and errors() are complete. (On Windows that is waited for as well, but at most
    /// 5 seconds more: something that the process has started may hold its streams open.)
    /// @returns the exit status, or nothing if it still runs when the time is over; on Linux 128 + signal if a signal
    ///          killed it
    /// @throws std::system_error  if Windows does not tell the status
    std::optional<int> wait_for_exit(Milliseconds timeout);

    /// Ends it at once, without a chance to clean up; wait_for_exit() then gives 1 on Windows and 137 on Linux.
    void kill();

    [[nodiscard]] std::string output() const;  ///< all it has written to stdout so far
    [[nodiscard]] std::string errors() const;  ///< all it has written to stderr so far
    [[nodiscard]] unsigned long id() const;    ///< the system's number of the process
    [[nodiscard]] ProcessUsage usage() const;  ///< all of it empty once the process has ended
    /// Of Windows handles, or of file descriptors on Linux; empty if the system cannot tell. Slow under Wine.
    [[nodiscard]] std::optional<std::uint64_t> count_handles() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// How many threads the process has, once that has not changed for about 50 ms: Windows starts some of its own in a new
/// process, and ends them again. Empty if the system cannot tell.
/// @throws std::runtime_error  if it keeps changing for as long as `patience` (eventually.h) says
std::optional<std::uint64_t> settled_threads(const ServerProcess& process);

/// The directory of the running executable, as an absolute path.
/// @throws std::system_error  if the system does not tell
std::filesystem::path executable_directory();

/// Where a program lies. A bare name means the file of that name, with ".exe" if need be, beside the running
/// executable; a path stands for itself. Whether there is such a file is not looked at.
/// @throws std::system_error  as executable_directory()
std::filesystem::path find_program(const std::filesystem::path& program);

/// A server that takes `--port` and `--stop-on-eof` and says "... listening on ADDRESS:PORT" on its first line.
class EchoServer : public ServerProcess {
public:
    /// Starts it with "--port 0 --stop-on-eof" and `arguments`, and returns once it listens.
    /// @param program,arguments  as for ServerProcess
    /// @param timeout  how long that may take
    /// @throws std::system_error   if it cannot be started
    /// @throws std::runtime_error  if it ends or the time is over before it listens, or if its line names no port
    explicit EchoServer(const std::filesystem::path& program, const std::vector<std::string>& arguments = {},
                        Milliseconds timeout = std::chrono::seconds{20});

    [[nodiscard]] std::uint16_t port() const { return port_; }  ///< of TCP, on which it listens

    /// Asks it to stop and waits for that: close_stdin(), then wait_for_exit(), whose result it returns.
    std::optional<int> stop(Milliseconds timeout);

private:
    std::uint16_t port_ = 0;
};

}  // namespace course
