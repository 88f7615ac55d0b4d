#include "common/tools/client/probe.h"

#include <algorithm>
#include <asio/as_tuple.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>

#include "common/tools/client/link.h"
#include "common/tools/client/plan.h"
#include "common/tools/load/text.h"

namespace course {

namespace {

constexpr std::chrono::milliseconds echo_interval{100};
constexpr std::size_t message_size = 32;
constexpr std::uint64_t probe_stream = 1'000'000;

}  // namespace

Probe::Probe(const Endpoints& server, Seconds limit)
    : server_(server), limit_(limit), link_(context_.get_executor(), probe_stream, message_size) {
    asio::co_spawn(context_, run(), [this](const std::exception_ptr& problem) {
        try {
            if (problem) std::rethrow_exception(problem);
        } catch (const std::exception& error) {
            report_.trouble = error.what();
        }
        last_echo_ = Clock::time_point::max();
        set_served();
    });
    thread_ = std::thread([this] { context_.run(); });
}

Probe::~Probe() { stop(); }

void Probe::wait_until_served() {
    std::unique_lock lock{mutex_};
    news_.wait(lock, [&] { return served_; });
}

void Probe::set_served() {
    const std::lock_guard lock{mutex_};
    served_ = true;
    news_.notify_one();
}

bool Probe::settled_since(std::chrono::time_point<Clock, Seconds> then) const { return last_echo_.load() >= then; }

ProbeReport Probe::finish() {
    stop();
    return report_;
}

void Probe::stop() {
    if (!thread_.joinable()) return;
    over_ = true;
    asio::post(context_, [this] { rest_.cancel(); });
    thread_.join();
}

asio::awaitable<void> Probe::run() {
    const std::string late = "no answer within " + fixed(limit_.count(), 1) + " s";
    co_await link_.connect(server_, limit_);
    while (true) {
        const auto begin = Clock::now();
        const auto echoed = co_await link_.echo(message_size, limit_);
        if (!echoed || !*echoed) {
            report_.trouble = echoed ? "the server closed the connection" : late;
            co_return;
        }
        report_.slowest = std::max(report_.slowest, Seconds{Clock::now() - begin});
        last_echo_ = Clock::now();
        if (++report_.echoes == 1) set_served();
        if (over_) break;
        rest_.expires_at(begin + echo_interval);
        co_await rest_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (over_) break;
    }
    link_.finish_sending();
    const auto end = co_await link_.receive(limit_);
    if (!end) report_.trouble = "after its FIN, the server did not close within " + fixed(limit_.count(), 1) + " s";
}

}  // namespace course
