#include "common/tools/client/interactive.h"

#include <array>
#include <asio/buffer.hpp>
#include <asio/connect.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "common/tools/client/link.h"
#include "common/tools/client/plan.h"
#include "common/tools/client/terminal.h"
#include "common/tools/load/text.h"

namespace course {

namespace {

constexpr Seconds silence_limit{2};  // after it, whoever waits for an echo is told that we wait as well
constexpr Seconds fin_limit{5};      // for the server's FIN, unless --seconds says otherwise
constexpr Seconds unlimited{1e9};

class Conversation {
public:
    Conversation(const Plan& plan, const ReadLine& read, const PrintLine& print)
        : plan_(plan), read_(read), print_(print) {}

    int run() {
        asio::error_code error;
        asio::connect(socket_, find_server(plan_.host, plan_.port), error);
        if (error) throw cannot_connect(plan_, describe(error));
        socket_.set_option(asio::ip::tcp::no_delay(true), error);
        receive();
        try {
            while (next_line()) exchange();
            finish();
        } catch (const LinkLost& lost) {
            print_(lost.what());
            status_ = 1;
        }
        return status_;
    }

private:
    /// From now on the socket is always being read, whatever else is waited for.
    void receive() {
        socket_.async_read_some(asio::buffer(buffer_), [this](const asio::error_code& error, std::size_t got) {
            received_.append(buffer_.data(), got);
            end_ = error;
            if (!end_) receive();
        });
    }

    /// Waits for a line. If the server ends while someone thinks what to type, that is said at once.
    bool next_line() {
        typed_ = false;
        // Nothing can interrupt the reading, so it has a thread of its own, which may be left behind at the end: it
        // shares the context, and what it posts is not run any more.
        std::thread([this, context = context_, read = read_] {
            asio::post(*context, [this, line = read()] {
                line_ = line;
                typed_ = true;
            });
        }).detach();
        wait(unlimited, [&] { return typed_ || !received_.empty() || end_; });
        if (!typed_) throw_end();
        return line_.has_value();
    }

    void exchange() {
        sent_ = *line_ + "\n";
        ++lines_;
        bytes_ += sent_.size();
        begin_ = Clock::now();
        bool all_sent = false;  // or never to be: what ends the sending ends the receiving, too, and that tells it
        asio::async_write(socket_, asio::buffer(sent_), [&](const asio::error_code&, std::size_t) { all_sent = true; });
        const auto answered = [&] { return (all_sent && received_.size() >= sent_.size()) || end_; };
        if (!wait(plan_.seconds.value_or(silence_limit), answered)) {
            if (plan_.seconds) throw LinkLost("no echo within " + fixed(plan_.seconds->count(), 1) + " s");
            print_("(no echo for " + fixed(silence_limit.count(), 0) + " s; still waiting)");
            wait(unlimited, answered);
        }
        if (received_.size() < sent_.size()) throw_end(" before the echo was complete");
        const bool right = received_ == sent_;
        const std::string echo = received_.substr(0, received_.find_last_not_of("\r\n") + 1);
        print_(echo + "  (" + passed() + ")" + (right ? "" : "  but that is not what was sent"));
        if (!right) status_ = 1;
        received_.clear();
    }

    /// Half-closes, and waits for the server to do the same.
    void finish() {
        begin_ = Clock::now();
        asio::error_code ignored;  // if the connection is gone, receive() notes it
        socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
        const Seconds limit = plan_.seconds.value_or(fin_limit);
        if (!wait(limit, [&] { return !received_.empty() || end_; }))
            throw LinkLost("the server did not close within " + fixed(limit.count(), 1) + " s of our FIN");
        if (end_ != asio::error::eof) throw_end();
        print_(summary() + "we finished, and the server closed " + passed() + " later");
    }

    /// Lets things happen until one makes the condition true. Returns false if none did, so long after begin_.
    template <class Condition>
    bool wait(Seconds limit, Condition condition) {
        const auto deadline = begin_ + std::chrono::duration_cast<Clock::duration>(limit);
        while (!condition())
            if (context_->run_one_until(deadline) == 0) return false;
        return true;
    }

    [[noreturn]] void throw_end(const std::string& when = "") const {
        if (end_ == asio::error::eof) throw LinkLost(summary() + "the server closed the connection" + when);
        if (end_) throw LinkLost("the connection is lost: " + describe(end_));
        throw LinkLost(with_commas(received_.size()) + " bytes came that nobody had sent");
    }

    [[nodiscard]] std::string passed() const { return fixed(Seconds{Clock::now() - begin_}.count() * 1000, 2) + " ms"; }

    [[nodiscard]] std::string summary() const {
        return "-- " + with_commas(lines_) + (lines_ == 1 ? " line, " : " lines, ") + with_commas(bytes_) + " bytes; ";
    }

    const Plan& plan_;
    const ReadLine& read_;
    const PrintLine& print_;
    std::array<char, 4096> buffer_{};
    bool typed_ = false;
    std::optional<std::string> line_;  // that was typed; nothing at the end of the input
    std::string sent_, received_;      // of the exchange under way
    asio::error_code end_;             // how the server ended the connection; none so far
    std::shared_ptr<asio::io_context> context_ = std::make_shared<asio::io_context>(1);
    asio::ip::tcp::socket socket_{*context_};
    Clock::time_point begin_ = Clock::now();  // of what is timed: an exchange, or our FIN
    std::uint64_t lines_ = 0, bytes_ = 0;
    int status_ = 0;
};

}  // namespace

int run_interactive(const Plan& plan, const ReadLine& read, const PrintLine& print) {
    return Conversation(plan, read, print).run();
}

}  // namespace course
