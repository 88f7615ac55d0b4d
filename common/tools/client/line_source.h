#pragma once

#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace course {

/// Lines from an input that can only be read by blocking. Reading has a thread of its own, which no call can interrupt:
/// it is left behind at the end, and touches nothing but what it owns a share of.
class LineSource {
public:
    using Handler = std::function<void(std::optional<std::string>)>;

    /// @param read  waits for some bytes and returns them; none means the end
    LineSource(asio::io_context& context, std::function<std::string()> read);
    ~LineSource();
    LineSource(const LineSource&) = delete;
    LineSource& operator=(const LineSource&) = delete;

    /// Calls `handler` once, from io_context::run: with the next line, or with nothing at the end of the input.
    void next(Handler handler);

private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
};

}  // namespace course
