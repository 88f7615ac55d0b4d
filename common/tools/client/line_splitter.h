#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace course {

/// Makes lines of bytes that come in pieces of any size. A line ends in LF or CR LF, and is given without it.
class LineSplitter {
public:
    void add(std::string_view bytes) { waiting_ += bytes; }

    /// The next whole line, if one is there.
    std::optional<std::string> next() {
        const std::size_t end = waiting_.find('\n', searched_);
        if (end == std::string::npos) {
            searched_ = waiting_.size();  // a long line that comes in small pieces is not searched again and again
            return std::nullopt;
        }
        std::string line = waiting_.substr(0, end);
        if (!line.empty() && line.back() == '\r') line.pop_back();
        waiting_.erase(0, end + 1);
        searched_ = 0;
        return line;
    }

    /// At the end of the input: a last line that has no end of its own, if there is one.
    std::optional<std::string> rest() {
        searched_ = 0;
        if (waiting_.empty()) return std::nullopt;
        return std::exchange(waiting_, {});
    }

private:
    std::string waiting_;
    std::size_t searched_ = 0;
};

}  // namespace course
