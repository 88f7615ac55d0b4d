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

/// A child process with its three standard streams connected to us. Killed, if it still runs, on destruction.
/// One implementation for Windows, one for POSIX systems (there a program that ends in ".exe" is started with wine).
class ServerProcess {
public:
    using Milliseconds = std::chrono::milliseconds;

    /// @param program    path of the executable, or a bare name that lies beside the calling executable
    /// @param arguments  UTF-8, without the program's own name
    /// @throws std::system_error if it cannot be started
    ServerProcess(const std::filesystem::path& program, const std::vector<std::string>& arguments);
    ~ServerProcess();
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;

    /// Waits until a line with `text` has been printed on stdout or stderr since the start, and returns that line.
    /// @throws std::runtime_error, with everything the process printed, when it ends or the time is over before that
    std::string wait_for_line(std::string_view text, Milliseconds timeout);

    /// Ends the child's standard input: with `--stop-on-eof` this begins the graceful stop.
    void close_stdin();

    /// Asks it to stop as from the keyboard: Ctrl+Break on Windows (Ctrl+C cannot be sent to one process group alone),
    /// SIGINT elsewhere.
    /// @throws std::system_error where the system cannot do that
    void interrupt();

    /// The exit status, or nothing if it still runs when the time is over. A process killed by a signal gives 128 +
    /// signal. Once there is a status, output() and errors() are complete.
    std::optional<int> wait_for_exit(Milliseconds timeout);
    void kill();

    [[nodiscard]] std::string output() const;  ///< all it has written to stdout so far
    [[nodiscard]] std::string errors() const;  ///< all it has written to stderr so far
    [[nodiscard]] unsigned long id() const;
    [[nodiscard]] ProcessUsage usage() const;
    /// Of Windows handles, or of file descriptors on Linux; empty if the system cannot tell. Slow under Wine.
    [[nodiscard]] std::optional<std::uint64_t> count_handles() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// How many threads the process has, once that has not changed for a while: Windows starts some of its own in a new
/// process, and ends them again. Empty if the system cannot tell.
/// @throws std::runtime_error if it keeps changing
std::optional<std::uint64_t> settled_threads(const ServerProcess& process);

/// The directory of the running executable.
std::filesystem::path executable_directory();

/// A bare name means the file of that name, with ".exe" if need be, beside the running executable; a path stands for
/// itself.
std::filesystem::path find_program(const std::filesystem::path& program);

/// A server that takes `--port` and `--stop-on-eof` and says "... listening on ADDRESS:PORT" on its first line.
class EchoServer : public ServerProcess {
public:
    /// Starts it with "--port 0 --stop-on-eof" and `arguments`, and returns once it listens.
    explicit EchoServer(const std::filesystem::path& program, const std::vector<std::string>& arguments = {},
                        Milliseconds timeout = std::chrono::seconds{20});

    [[nodiscard]] std::uint16_t port() const { return port_; }

    /// close_stdin(), then wait_for_exit().
    std::optional<int> stop(Milliseconds timeout);

private:
    std::uint16_t port_ = 0;
};

}  // namespace course
