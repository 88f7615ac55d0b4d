#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "common/tools/client/link.h"
#include "common/tools/client/plan.h"

namespace course {

struct ProbeReport {
    std::uint64_t echoes = 0;
    Seconds slowest{0};
    std::string trouble;  ///< why there were no more; empty if all went well
};

/// Another client meanwhile: it echoes every 100 ms, on a thread of its own, so that the troublemaker's work is not in
/// its times.
class Probe {
public:
    Probe(const Endpoints& server, Seconds limit);  ///< begins; an echo may take so long
    ~Probe();
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;

    void wait_until_served();  ///< or it is known that it will not be

    /// It has had an echo since then, or never will have one again.
    [[nodiscard]] bool settled_since(std::chrono::time_point<Clock, Seconds> then) const;

    ProbeReport finish();  ///< ends it and says how it was served

private:
    asio::awaitable<void> run();
    void set_served();
    void stop();

    Endpoints server_;
    const Seconds limit_;
    asio::io_context context_{1};
    asio::steady_timer rest_{context_};
    Link link_;
    ProbeReport report_;  // the thread's, until it is joined
    std::mutex mutex_;
    std::condition_variable news_;
    bool served_ = false;                                                  // or given up
    std::atomic<Clock::time_point> last_echo_ = Clock::time_point::min();  // max: there will be no more
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

}  // namespace course
