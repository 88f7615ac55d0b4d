#include "common/tools/compare/classroom.h"

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <string>
#include <utility>

#include "common/tools/client/link.h"
#include "common/tools/client/plan.h"
#include "common/tools/compare/machine.h"

namespace course {

namespace {

using asio::awaitable;
using namespace asio::experimental::awaitable_operators;

constexpr std::size_t kib = 1024;
constexpr Seconds lesson_length{2};
constexpr Seconds answer_limit{5};
constexpr Seconds between_words{0.04};

class Visitor {
public:
    Visitor(asio::io_context& context, std::uint16_t port, const char* name, std::uint64_t number)
        : link(context.get_executor(), number, 64 * kib), lane{name, {}}, port_(port) {}

    awaitable<void> connect() {
        Endpoints server = find_server("127.0.0.1", port_);
        const std::int64_t begin = unix_us();
        co_await link.connect(server, answer_limit);
        note("connect", begin);
    }

    awaitable<void> echo(std::size_t size, const char* what) {
        const std::int64_t begin = unix_us();
        co_await link.echo(size, answer_limit);
        note(what, begin);
    }

    awaitable<void> leave() {
        const std::int64_t begin = unix_us();
        link.finish_sending();
        std::size_t got = 1;
        while (got > 0) got = (co_await link.receive(answer_limit)).value_or(0);
        note("leave", begin);
        link.close();
    }

    void note(const char* what, std::int64_t begin) { lane.deeds.push_back({what, begin, unix_us()}); }

    Link link;
    ClientLane lane;

private:
    std::uint16_t port_;
};

awaitable<void> chat(Visitor& me, Seconds length) {
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(length);
    co_await me.connect();
    while (Clock::now() < end) {
        co_await me.echo(64, "echo of 64 bytes");
        co_await sleep_for(between_words);
    }
    co_await me.leave();
}

awaitable<void> be_idle(Visitor& me, Seconds length) {
    co_await me.connect();
    const std::int64_t begin = unix_us();
    co_await sleep_for(length);
    me.note("silence", begin);
    co_await me.leave();
}

awaitable<void> send_much(Visitor& me) {
    constexpr std::uint64_t much = 4 * kib * kib;
    while (me.link.sent() < much) {
        const auto taken = co_await me.link.send_some(64 * kib);
        if (!taken) co_return;
    }
}

awaitable<void> read_slowly(Visitor& me, Seconds length) {
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(length);
    while (Clock::now() < end) {
        const std::int64_t begin = unix_us();
        co_await me.link.receive(answer_limit, 16 * kib);
        me.note("reads up to 16 KiB", begin);
        co_await sleep_for(Seconds{0.1});
    }
    const std::int64_t begin = unix_us();
    std::size_t got = 1;
    while (got > 0 && me.link.received() < me.link.sent()) got = (co_await me.link.receive(answer_limit)).value_or(0);
    me.note("reads the rest", begin);
}

awaitable<void> read_late(Visitor& me, Seconds length) {
    me.link.hold_little();
    co_await me.connect();
    co_await (send_much(me) && read_slowly(me, length));
    co_await me.leave();
}

awaitable<void> send_in_bulk(Visitor& me) {
    co_await sleep_for(Seconds{0.4});
    co_await me.connect();
    for (int i = 0; i < 8; ++i) {
        co_await me.echo(64 * kib, "echo of 64 KiB");
        co_await sleep_for(between_words);
    }
    co_await me.leave();
}

awaitable<void> join_late(Visitor& me) {
    co_await sleep_for(Seconds{1.2});
    co_await chat(me, lesson_length - Seconds{1.2});
}

}  // namespace

ClassroomReport visit_as_classroom(std::uint16_t port) {
    asio::io_context context(1);
    std::list<Visitor> visitors;
    ClassroomReport report;
    const auto enter = [&](const char* name, const std::function<awaitable<void>(Visitor&)>& visit) {
        Visitor& me = visitors.emplace_back(context, port, name, visitors.size());
        asio::co_spawn(context, visit(me), [&report, name](const std::exception_ptr& error) {
            if (!error) return;
            try {
                std::rethrow_exception(error);
            } catch (const std::exception& why) {
                report.errors.push_back(std::string(name) + ": " + why.what());
            }
        });
    };
    enter("chatty", [](Visitor& me) { return chat(me, lesson_length); });
    enter("idle", [](Visitor& me) { return be_idle(me, lesson_length); });
    enter("slow reader", [](Visitor& me) { return read_late(me, lesson_length - Seconds{0.3}); });
    enter("bulk", [](Visitor& me) { return send_in_bulk(me); });
    enter("late joiner", [](Visitor& me) { return join_late(me); });
    context.run();
    for (Visitor& visitor : visitors) {
        if (visitor.link.received() != visitor.link.sent())
            report.errors.push_back(visitor.lane.name + ": not all of its bytes came back");
        report.lanes.push_back(std::move(visitor.lane));
    }
    return report;
}

}  // namespace course
