#include "common/tools/client/modes.h"

#include <algorithm>
#include <asio/experimental/awaitable_operators.hpp>
#include <cstddef>
#include <cstdint>
#include <iterator>
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

constexpr std::size_t kBlock = 64 * 1024;
constexpr std::size_t kNoEnd = SIZE_MAX;
constexpr Seconds kQuiet{1};  // so long nothing was taken: the server has stopped reading

std::string seconds(Seconds time) { return fixed(time.count(), 1) + " s"; }

/// Reads to the server's FIN, and judges the end.
awaitable<void> read_to_end(Stage& stage, Link& link) {
    std::string end = ", then the server's FIN";
    while (true) {
        const auto got = co_await link.receive(kPatience);
        if (link.closed()) co_return;
        if (got && *got > 0) continue;
        if (!got) end = ", then nothing for " + seconds(kPatience);
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
    Link link = stage.make_link(kBlock);
    co_await stage.connect(link);
    stage.watch_others();
    const auto got = co_await link.receive(stage.time());
    if (got) {  // a server may tire of a silent client, if it is polite about it
        say("the server closed the connection before " + seconds(stage.time()) + " were over");
        co_return;
    }
    say("said nothing for " + seconds(stage.time()) + ", then finished");
    link.finish_sending();
    co_await read_to_end(stage, link);
}

/// Sends until the time is over, or so many bytes; then finishes.
awaitable<void> pour(Stage& stage, Link& link, std::size_t bytes) {
    while (link.sent() < bytes && (bytes != kNoEnd || !stage.time_up())) {
        const auto taken = co_await link.send_some(static_cast<std::size_t>(bytes - link.sent()));
        if (!taken) co_return;
    }
    link.finish_sending();
}

/// What the server has taken must have an end, or a client could fill its memory.
void judge_bound(Stage& stage, const Link& link) {
    const Seconds quiet = Clock::now() - link.last_sent();
    if (quiet >= std::min(kQuiet, stage.time() / 2)) {
        say("took " + with_commas(link.sent()) + " bytes and no more, for the last " + seconds(quiet) +
            " (the systems' buffers included)");
    } else {
        say("took " + with_commas(link.sent()) + " bytes in " + seconds(stage.time()) + ", and would take more");
        stage.broken("A server stops reading from a client that does not read: its memory is bounded.");
    }
}

awaitable<void> sip(Stage& stage, Link& link) {
    while (!stage.time_up()) {
        const auto got = co_await link.receive(kPatience, 1);
        if (link.closed()) co_return;
        if (!got || *got == 0) break;
        co_await sleep_for(Seconds{0.1});
    }
    say("read " + with_commas(link.received()) + (link.received() == 1 ? " byte" : " bytes") + " in " +
        seconds(stage.time()));
    judge_bound(stage, link);
    say("then it reads the rest in one go");
    co_await read_to_end(stage, link);
}

awaitable<void> be_slow(Stage& stage) {
    Link link = stage.make_link(kBlock);
    co_await stage.connect(link);
    stage.watch_others();
    co_await (stage.guard(link, pour(stage, link, kNoEnd)) && stage.guard(link, sip(stage, link)));
}

awaitable<void> reset_often(Stage& stage) {
    std::uint64_t resets = 0;
    do {
        Link link = stage.make_link(kBlock / 2, resets);
        co_await stage.connect(link);
        if (resets == 0) stage.watch_others();
        co_await link.send_some(kBlock / 2);
        // By turns: while the server may not even have accepted it, and in the middle of the echo.
        if (resets % 2 == 1) {
            const auto got = co_await link.receive(kPrompt, 1);
            if (!got) {
                say("connection " + with_commas(resets + 1) + " got no echo within " + seconds(kPrompt));
                stage.broken(kServedPromptly);
                co_return;
            }
        }
        link.reset();
        ++resets;
        co_await sleep_for(std::clamp(stage.time_left(), Seconds{0}, Seconds{0.1}));
    } while (!stage.time_up());
    say("reset " + with_commas(resets) + " connections, each after half of a message");
}

awaitable<void> read_late(Stage& stage, Link& link) {
    co_await sleep_for(Seconds{0.3});  // by now the FIN is under way, if the buffers took everything
    co_await read_to_end(stage, link);
}

awaitable<void> half_close(Stage& stage) {
    Link link = stage.make_link(kBlock);
    co_await stage.connect(link);
    stage.watch_others();
    co_await (stage.guard(link, pour(stage, link, 1024 * 1024)) && stage.guard(link, read_late(stage, link)));
}

awaitable<void> pour_and_measure(Stage& stage, Link& link) {
    co_await pour(stage, link, kNoEnd);
    const Seconds passed = stage.time() - stage.time_left();
    const double rate = static_cast<double>(link.received()) / passed.count() / 1e6;
    if (!link.closed()) say(fixed(rate, rate < 10 ? 1 : 0) + " MB/s came back, for " + seconds(passed));
}

awaitable<void> flood(Stage& stage) {
    Link link = stage.make_link(kBlock);
    co_await stage.connect(link);
    stage.watch_others();
    co_await (stage.guard(link, pour_and_measure(stage, link)) && stage.guard(link, read_to_end(stage, link)));
}

awaitable<void> never_read(Stage& stage) {
    Link link = stage.make_link(kBlock);
    co_await stage.connect(link);
    stage.watch_others();
    while (!stage.time_up()) co_await link.send_some(kBlock, stage.time_left());
    judge_bound(stage, link);
}

constexpr Trouble kTroubles[] = {
    {Mode::silent,
     "silent: connects and says nothing. Watch: are other clients still served? 01 spends a thread on this one.",
     be_silent},
    {Mode::slow,
     "slow: sends without pause and reads one byte each 100 ms. Watch: the server stops reading from it, and its "
     "memory "
     "stays as it is.",
     be_slow},
    {Mode::reset,
     "reset: sends half a message, then a reset, ten times a second. Watch: each ends that client alone; with "
     "--verbose the "
     "server says why.",
     reset_often},
    {Mode::half_close,
     "half-close: sends 1 MiB and its FIN, then reads. Watch: every byte still comes back, and then the server's own "
     "FIN.",
     half_close},
    {Mode::flood,
     "flood: sends as fast as it can and reads as fast. Watch: the server's processor time, and how another client "
     "fares.",
     flood},
    {Mode::never_read,
     "never-read: sends and never reads. Watch: at some point the server takes no more, and its memory stays as it is.",
     never_read},
    {Mode::many,
     "many: all at once, one echo each, and they stay. Watch: the server's threads. 03 and 04 open one for each 63 "
     "clients, "
     "01 one for each; 02 has an end at FD_SETSIZE.",
     make_many},
};

}  // namespace

const Trouble& find_trouble(Mode mode) {
    return *std::find_if(std::begin(kTroubles), std::end(kTroubles), [&](const Trouble& t) { return t.mode == mode; });
}

}  // namespace course
