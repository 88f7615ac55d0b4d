#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "common/clients.h"  // IWYU pragma: export
#include "common/winsock.h"  // IWYU pragma: export

class OnStop;
enum class Repeat { no, every_10_ms };  // of a wake-up, from the first step of the stop on

/// When a server ends: by Ctrl+C, at the end of standard input (--stop-on-eof), or by a call.
///
/// It has two steps, which the chapter carries out. `stopping`: accept no more, serve on the clients that are there.
/// `time_up`, after the drain time: close them all. Both are only ever set, never cleared. OnStop tells of both.
class Stop {
public:
    /// @param drain  from the first step to the second
    Stop(const Clients& clients, std::chrono::seconds drain);
    ~Stop() { end_watch(); }

    std::atomic<bool> stopping = false, time_up = false;

    /// Takes the first step, as Ctrl+C does, or both. A step that has been taken is not taken again.
    void stop(bool at_once = false);

    /// What Ctrl+C does: the first time begin the stop, the second time end it. For the server that there is, if any.
    static void request(long times = 1);

protected:
    /// Starts the thread that watches for Ctrl+C and the drain time.
    /// @param on_eof     the end of standard input begins the stop, too
    /// @param each_time  called there every half second, until the stop begins; it may be slow
    void watch(bool on_eof, std::function<void()> each_time);
    void end_watch();
    std::atomic<bool> failed_ = false;  // there was an exception in a thread

private:
    friend class OnStop;
    using Clock = std::chrono::steady_clock;

    void look();
    void step(bool to_the_end);
    void wake(bool only_those_that_repeat);

    const Clients& clients_;
    const std::chrono::seconds drain_;
    UniqueEvent changed_;  // there is something new to look at
    std::thread watcher_;
    std::function<void()> each_time_;
    std::atomic<bool> over_ = false;
    std::mutex mutex_;  // guards what follows
    Clock::time_point deadline_;
    std::vector<OnStop*> sleepers_;
};

/// How a thread that waits is woken: while this lives, `wake` is called, by another thread, when `stopping` is set and
/// when `time_up` is; at once, if that is so already; and if it repeats, on and on. Any number may live at once.
class OnStop {
public:
    OnStop(Stop& stop, std::function<void()> wake, Repeat repeat = Repeat::no);
    ~OnStop();  ///< waits for a call of `wake` that has begun
    OnStop(const OnStop&) = delete;
    OnStop& operator=(const OnStop&) = delete;

private:
    friend class Stop;
    Stop& stop_;
    const std::function<void()> wake_;
    const Repeat repeat_;
};
