#include "common/process/server_process.h"

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "common/process/eventually.h"
#include "common/process/output_log.h"

namespace course {

namespace {

// The first line with `text` in what has been written; a line still without its end does not count, unless no more
// comes.
std::optional<std::string> find_line(std::string_view written, std::string_view text, bool finished) {
    while (!written.empty()) {
        const std::size_t end = written.find('\n');
        if (end == std::string_view::npos && !finished) break;
        std::string_view line = written.substr(0, end);
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (line.find(text) != std::string_view::npos) return std::string(line);
        if (end == std::string_view::npos) break;
        written.remove_prefix(end + 1);
    }
    return std::nullopt;
}

std::vector<std::string> with_port(const std::vector<std::string>& arguments) {
    std::vector<std::string> all{"--port", "0", "--stop-on-eof"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
}

}  // namespace

void OutputLog::append(Stream stream, std::string_view bytes) {
    const std::lock_guard lock{mutex_};
    (stream == Stream::output ? output_ : errors_) += bytes;
    changed_.notify_all();
}

void OutputLog::finish() {
    const std::lock_guard lock{mutex_};
    finished_ = true;
    changed_.notify_all();
}

bool OutputLog::wait_until_finished(std::chrono::milliseconds timeout) const {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, timeout, [&] { return finished_; });
}

std::string OutputLog::wait_for_line(std::string_view text, std::chrono::milliseconds timeout) const {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    std::unique_lock lock{mutex_};
    for (bool in_time = true;;) {
        if (auto line = find_line(output_, text, finished_)) return *line;
        if (auto line = find_line(errors_, text, finished_)) return *line;
        if (finished_ || !in_time) {
            throw std::runtime_error((finished_ ? "the process ended" : "the time was over") +
                                     std::string(" before a line with \"") + std::string(text) +
                                     "\" came\n-- its output:\n" + output_ + "-- its errors:\n" + errors_ + "--");
        }
        in_time = changed_.wait_until(lock, deadline) != std::cv_status::timeout;
    }
}

std::string OutputLog::output() const {
    const std::lock_guard lock{mutex_};
    return output_;
}

std::string OutputLog::errors() const {
    const std::lock_guard lock{mutex_};
    return errors_;
}

std::filesystem::path find_program(const std::filesystem::path& program) {
    if (program.has_parent_path()) return program;
    const std::filesystem::path beside = executable_directory() / program;
    std::filesystem::path with_suffix = beside;
    with_suffix += ".exe";
    std::error_code ignored;
    return !std::filesystem::exists(beside, ignored) && std::filesystem::exists(with_suffix, ignored) ? with_suffix
                                                                                                      : beside;
}

EchoServer::EchoServer(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                       Milliseconds timeout)
    : ServerProcess(program, with_port(arguments)) {
    const std::string line = wait_for_line("listening on ", timeout);
    const std::string_view digits = std::string_view(line).substr(line.rfind(':') + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port_);
    if (error != std::errc{} || port_ == 0)
        throw std::runtime_error("the server's line \"" + line + "\" does not end in a port");
}

std::optional<std::uint64_t> settled_threads(const ServerProcess& process) {
    constexpr int enough = 10;
    auto threads = process.usage().threads;
    int same = 0;
    const bool settled = eventually([&] {
        const auto now = process.usage().threads;
        same = now == threads ? same + 1 : 0;
        threads = now;
        return !now || same >= enough;
    });
    if (!settled) throw std::runtime_error("the number of threads keeps changing");
    return threads;
}

std::optional<int> EchoServer::stop(Milliseconds timeout) {
    close_stdin();
    return wait_for_exit(timeout);
}

}  // namespace course
