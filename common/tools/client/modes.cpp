#include "common/tools/client/modes.h"

#include <algorithm>
#include <asio/experimental/awaitable_operators.hpp>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>

#include "common/tools/client/link.h"
#include "common/tools/client/plan.h"
#include "common/tools/client/stage.h"
#include "common/tools/client/terminal.h"
#include "common/tools/load/text.h"

namespace course {

namespace {

using asio::awaitable;
using namespace asio::experimental::awaitable_operators;

constexpr std::size_t block_size = 64 * 1024;
constexpr std::uint64_t no_end = UINT64_MAX;
constexpr std::uint64_t too_much = 256 * 1024 * 1024;  // no system's buffers hold as much
constexpr Seconds quiet_limit{1};  // so long next to nothing was taken: the server has stopped reading

std::string seconds(Seconds time) { return fixed(time.count(), 1) + " s"; }

/// Reads to the server's FIN, and judges the end.
awaitable<void> read_to_end(Stage& stage, Link& link) {
    std::string end = ", then the server's FIN";
    while (true) {
        const auto got = co_await link.receive(patience_limit);
        if (link.closed()) co_return;
        if (got && *got > 0) continue;
        if (!got) end = ", then nothing for " + seconds(patience_limit);
        break;
    }
    say("sent " + with_commas(link.sent()) + " bytes, read " + with_commas(link.received()) + " back" + end);
    if (link.received() < link.sent())
        stage.broken("After the client's FIN, the rest is still echoed.");
    else if (end.find("FIN") == std::string::npos)
        stage.broken("After the client's FIN and the last echo, the server sends its own FIN.");
    link.close();  // ends a sender that is still waiting
}

awaitable<void> be_silent(Stage& stage) {
    Link link = stage.make_link(block_size);
    co_await stage.connect(link);
    stage.watch_others();
    std::optional<std::size_t> got;
    do {
        got = co_await link.receive(std::max(stage.time() - stage.passed(), poll_interval));
    } while (!got && !stage.time_up());
    if (got) {  // a server may tire of a silent client, if it is polite about it
        say("the server closed the connection after " + seconds(stage.passed()));
        co_return;
    }
    say("said nothing for " + seconds(stage.passed()) + ", then finished");
    link.finish_sending();
    co_await read_to_end(stage, link);
}

/// Sends so many bytes, unless it is enough before, then finishes.
template <class Enough>
awaitable<void> pour(Link& link, std::uint64_t most, Enough enough) {
    while (link.sent() < most && !enough()) {
        const auto taken =
            co_await link.send_some(static_cast<std::size_t>(std::min<std::uint64_t>(most - link.sent(), block_size)));
        if (!taken) co_return;
    }
    link.finish_sending();
}

Seconds quiet(const Link& link) { return Clock::now() - link.last_progress(); }

/// The time is over, and it is known whether what the server takes has an end.
bool bound_is_known(const Stage& stage, const Link& link) {
    if (link.sent() >= too_much) return true;
    return stage.time_up() && (quiet(link) >= quiet_limit || stage.passed() >= stage.time() + patience_limit);
}

/// What the server has taken must have an end, or a client could fill its memory.
void judge_bound(Stage& stage, const Link& link) {
    if (link.sent() < too_much && quiet(link) >= quiet_limit) {
        say("took " + with_commas(link.sent()) +
            " bytes (the systems' buffers included), and next to nothing for the last " + seconds(quiet(link)));
    } else {
        say("took " + with_commas(link.sent()) + " bytes in " + seconds(stage.passed()) + ", and would take more");
        stage.broken("A server stops reading from a client that does not read: its memory is bounded.");
    }
}

awaitable<void> sip(Stage& stage, Link& link, bool& enough) {
    while (!bound_is_known(stage, link)) {
        const auto got = co_await link.receive(patience_limit, 1);
        if (link.closed()) co_return;
        if (!got || *got == 0) break;
        co_await sleep_for(Seconds{0.1});
    }
    say("read " + with_commas(link.received()) + (link.received() == 1 ? " byte" : " bytes") + " in " +
        seconds(stage.passed()));
    judge_bound(stage, link);
    enough = true;
    say("then it reads the rest in one go");
    co_await read_to_end(stage, link);
}

awaitable<void> be_slow(Stage& stage) {
    Link link = stage.make_link(block_size);
    link.hold_little();
    co_await stage.connect(link);
    stage.watch_others();
    bool enough = false;
    co_await (stage.guard(link, pour(link, too_much, [&] { return enough; })) &&
              stage.guard(link, sip(stage, link, enough)));
}

awaitable<void> reset_often(Stage& stage) {
    std::uint64_t resets = 0;
    do {
        Link link = stage.make_link(block_size / 2, resets);
        co_await stage.connect(link);
        if (resets == 0) stage.watch_others();
        co_await link.send_some(block_size / 2);
        // By turns: while the server may not even have accepted it, and in the middle of the echo.
        if (resets % 2 == 1) {
            const auto got = co_await link.receive(prompt_limit, 1);
            if (!got) {
                say("connection " + with_commas(resets + 1) + " got no echo within " + seconds(prompt_limit));
                stage.broken(served_promptly_rule);
                co_return;
            }
        }
        link.reset();
        ++resets;
        co_await sleep_for(Seconds{0.1});
    } while (!stage.time_up());
    say("reset " + with_commas(resets) + " connections, each after half of a message");
}

awaitable<void> read_late(Stage& stage, Link& link) {
    co_await sleep_for(Seconds{0.3});  // by now the FIN is under way, if the buffers took everything
    co_await read_to_end(stage, link);
}

awaitable<void> half_close(Stage& stage) {
    Link link = stage.make_link(block_size);
    co_await stage.connect(link);
    stage.watch_others();
    const auto never = [] { return false; };
    co_await (stage.guard(link, pour(link, 1024 * 1024, never)) && stage.guard(link, read_late(stage, link)));
}

awaitable<void> pour_and_measure(Stage& stage, Link& link) {
    co_await pour(link, no_end, [&] { return stage.time_up(); });
    if (link.closed()) co_return;
    const double rate = static_cast<double>(link.received()) / stage.passed().count() / 1e6;
    say(fixed(rate, rate < 10 ? 1 : 0) + " MB/s came back, for " + seconds(stage.passed()));
}

awaitable<void> flood(Stage& stage) {
    Link link = stage.make_link(block_size);
    co_await stage.connect(link);
    stage.watch_others();
    co_await (stage.guard(link, pour_and_measure(stage, link)) && stage.guard(link, read_to_end(stage, link)));
}

awaitable<void> watch_bound(Stage& stage, Link& link) {
    while (!link.closed() && !bound_is_known(stage, link)) co_await sleep_for(poll_interval);
    if (link.closed()) co_return;
    judge_bound(stage, link);
    link.close();  // ends the sender
}

awaitable<void> never_read(Stage& stage) {
    Link link = stage.make_link(block_size);
    link.hold_little();
    co_await stage.connect(link);
    stage.watch_others();
    const auto never = [] { return false; };
    co_await (stage.guard(link, pour(link, too_much, never)) && stage.guard(link, watch_bound(stage, link)));
}

constexpr Trouble troubles[] = {
    {.mode = Mode::silent,
     .does = "silent: connects and says nothing",
     .watch = "watch: are others still served? 01_blocking spends a thread on this one",
     .make = be_silent},
    {.mode = Mode::slow,
     .does = "slow: sends without pause and reads one byte each 100 ms",
     .watch = "watch: the server stops reading from it, and its memory stays as it is",
     .make = be_slow},
    {.mode = Mode::reset,
     .does = "reset: sends half a message and resets the connection, ten times a second",
     .watch = "watch: each reset ends one connection and no other; with --verbose the server says why",
     .make = reset_often},
    {.mode = Mode::half_close,
     .does = "half-close: sends 1 MiB and its FIN, and only then reads",
     .watch = "watch: every byte still comes back, and then the server's own FIN",
     .make = half_close},
    {.mode = Mode::flood,
     .does = "flood: sends as fast as it can and reads as fast",
     .watch = "watch: the server's processor time, and how another client fares",
     .make = flood},
    {.mode = Mode::never_read,
     .does = "never-read: sends and never reads",
     .watch = "watch: after some megabytes the server takes no more, and its memory stays as it is",
     .make = never_read},
    {.mode = Mode::many,
     .does = "many: all connect at once, get one echo each, and stay",
     .watch = "watch: the server's threads; 01 has one for each client, 03 and 04 have one for each 63",
     .make = make_many},
};

}  // namespace

const Trouble& find_trouble(Mode mode) {
    return *std::find_if(std::begin(troubles), std::end(troubles), [&](const Trouble& t) { return t.mode == mode; });
}

}  // namespace course
