#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>

namespace course {

/// What a child process has written so far. Filled by the threads that read its two streams, read and waited for by
/// everyone else; both implementations of ServerProcess keep one.
class OutputLog {
public:
    enum class Stream { output, errors };

    /// @param bytes  the next ones of that stream, cut anywhere: a line may come in pieces
    void append(Stream stream, std::string_view bytes);

    /// No more will come: both streams have ended, or the process has. Ends the waits.
    void finish();

    /// @returns whether finish() has been called in time
    bool wait_until_finished(std::chrono::milliseconds timeout) const;

    /// As ServerProcess::wait_for_line, which says more.
    /// @throws std::runtime_error  if no such line came before finish() or in time
    std::string wait_for_line(std::string_view text, std::chrono::milliseconds timeout) const;

    [[nodiscard]] std::string output() const;  ///< all that came on stdout so far
    [[nodiscard]] std::string errors() const;  ///< all that came on stderr so far

private:
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::string output_;
    std::string errors_;
    bool finished_ = false;
};

}  // namespace course
