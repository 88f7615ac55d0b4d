#include "common/tools/client/interactive.h"

#include <array>
#include <asio/buffer.hpp>
#include <asio/connect.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "common/tools/client/line_source.h"
#include "common/tools/client/link.h"
#include "common/tools/client/plan.h"
#include "common/tools/client/terminal.h"
#include "common/tools/load/text.h"

namespace course {

namespace {

constexpr Seconds kSilence{2};   // after it, whoever waits is told that we wait as well
constexpr Seconds kFarewell{5};  // for the server's FIN, unless --seconds says otherwise

class Conversation {
public:
    Conversation(const Plan& plan, const std::function<std::string()>& read,
                 const std::function<void(const std::string&)>& print)
        : plan_(plan), print_(print), input_(context_, read) {}

    int run() {
        asio::error_code error;
        asio::connect(socket_, find_server(plan_.host, plan_.port), error);
        if (error) throw cannot_connect(plan_, describe(error));
        socket_.set_option(asio::ip::tcp::no_delay(true), error);
        receive();
        ask();
        context_.run();
        return status_;
    }

private:
    void ask() {
        input_.next([this](const std::optional<std::string>& line) { line ? send(*line + "\n") : finish(); });
    }

    void send(std::string line) {
        line_ = std::move(line);
        echo_.clear();
        ++lines_;
        bytes_ += line_.size();
        begin_ = Clock::now();
        asio::async_write(socket_, asio::buffer(line_), [](const asio::error_code&, std::size_t) {
            // What ends the sending ends the receiving, too: received() tells it.
        });
        wait(plan_.seconds.value_or(kSilence), [this] {
            if (plan_.seconds) return done(1, "no echo within " + fixed(plan_.seconds->count(), 1) + " s");
            print_("(no echo for " + fixed(kSilence.count(), 0) + " s; still waiting)");
        });
    }

    void receive() {
        socket_.async_read_some(asio::buffer(buffer_),
                                [this](const asio::error_code& error, std::size_t got) { received(error, got); });
    }

    void received(const asio::error_code& error, std::size_t got) {
        if (error == asio::error::eof) return server_finished();
        if (error) return done(1, "the connection is lost: " + describe(error));
        if (line_.empty()) return done(1, with_commas(got) + " bytes came that nobody had sent");
        echo_.append(buffer_.data(), got);
        if (echo_.size() >= line_.size()) answered();
        receive();
    }

    void answered() {
        timer_.cancel();
        const bool right = echo_ == line_;
        while (!echo_.empty() && (echo_.back() == '\n' || echo_.back() == '\r')) echo_.pop_back();
        print_(echo_ + "  (" + passed() + ")" + (right ? "" : "  but that is not what was sent"));
        if (!right) status_ = 1;
        line_.clear();
        ask();
    }

    void finish() {
        finished_ = true;
        begin_ = Clock::now();
        asio::error_code ignored;  // if the connection is gone, received() tells it
        socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
        const Seconds limit = plan_.seconds.value_or(kFarewell);
        wait(limit, [this, limit] {
            done(1, "the server did not close within " + fixed(limit.count(), 1) + " s of our FIN");
        });
    }

    void server_finished() {
        const std::string sum =
            with_commas(lines_) + (lines_ == 1 ? " line, " : " lines, ") + with_commas(bytes_) + " bytes";
        if (finished_)
            return done(status_, "-- " + sum + "; we finished, and the server closed " + passed() + " later");
        done(1, "-- " + sum + "; the server closed the connection" +
                    (line_.empty() ? "" : " before the echo was complete"));
    }

    void done(int status, const std::string& line) {
        print_(line);
        status_ = status;
        context_.stop();
    }

    template <class Action>
    void wait(Seconds time, Action action) {
        timer_.expires_after(std::chrono::duration_cast<Clock::duration>(time));
        timer_.async_wait([action](const asio::error_code& cancelled) {
            if (!cancelled) action();
        });
    }

    [[nodiscard]] std::string passed() const {
        const double ms = Seconds{Clock::now() - begin_}.count() * 1000;
        return fixed(ms, ms < 100 ? 2 : 0) + " ms";
    }

    const Plan& plan_;
    const std::function<void(const std::string&)>& print_;
    asio::io_context context_{1};
    asio::ip::tcp::socket socket_{context_};
    asio::steady_timer timer_{context_};
    LineSource input_;
    std::array<char, 4096> buffer_{};
    std::string line_;  // sent and not yet answered
    std::string echo_;  // what came of it so far
    Clock::time_point begin_;
    bool finished_ = false;
    std::uint64_t lines_ = 0, bytes_ = 0;
    int status_ = 0;
};

}  // namespace

int run_interactive(const Plan& plan, const std::function<std::string()>& read,
                    const std::function<void(const std::string&)>& print) {
    return Conversation(plan, read, print).run();
}

}  // namespace course
