#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>  // IWYU pragma: export
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>  // IWYU pragma: export
#include <thread>
#include <utility>  // IWYU pragma: export
#include <vector>

#include "common/error.h"    // IWYU pragma: export
#include "common/options.h"  // IWYU pragma: export
#include "common/winsock.h"  // IWYU pragma: export

/// What every server of the course is lent: its options, a listening socket, the news that it is to stop, and a record
/// of its clients. Nothing in here waits for a client's bytes or moves them: that is the chapter's part.
///
/// A stop has two steps. `stopping`: accept no more, serve on the clients that are there. `time_up`, after the drain
/// time: close them all. Both are only ever set, never cleared.
class App {
public:
    App(Options options, UniqueSocket listening_socket);
    ~App();
    App(const App&) = delete;
    App& operator=(const App&) = delete;

    const Options options;
    const SOCKET listener;
    std::atomic<bool> stopping = false;
    std::atomic<bool> time_up = false;

    /// To be called directly after ::accept, for it looks at the last error. Returns whether there is a client to
    /// serve, which must later `leave`; its socket has TCP_NODELAY set. A client over --max-clients is taken from
    /// `accepted` and sent away. When there is no client it says why, if that is worth a line, and returns false.
    /// @throws SystemError when it is the listener that failed, and no further accept can succeed
    bool admit(UniqueSocket& accepted);

    /// Judges a failed accept, as admit() does: returns, having said what is worth saying, if the next one may succeed.
    /// @throws SystemError if it is the listener that failed
    void accept_failed(int error);

    /// The server is done with a client.
    /// @param why  for the event line; say "left" for a good end
    void leave(SOCKET client, const char* why = "left");

    /// Bytes that a client sent and that will be echoed.
    void received(SOCKET client, std::size_t bytes);

    /// Says, once, that further clients wait in the backlog for a place.
    void report_full(std::size_t clients);

    /// Begins the stop, as Ctrl+C does; more calls do nothing.
    void stop();

    /// A thread whose exception ends the whole server (exit status 1) rather than the process on the spot.
    /// @throws std::system_error when the system has no thread left
    std::thread thread(std::function<void()> body);

    /// While it lives, `wake` is called on another thread when `stopping` is set and again when `time_up` is; with
    /// `repeat`, also each time that has passed in between. At most one at a time.
    class OnStop {
    public:
        OnStop(App& app, std::function<void()> wake, std::chrono::milliseconds repeat = {});
        ~OnStop();
        OnStop(const OnStop&) = delete;
        OnStop& operator=(const OnStop&) = delete;

    private:
        App& app_;
    };

    // For echo_main.
    void watch();  ///< starts the thread that watches for the end of stdin, Ctrl+C and the drain time
    /// What Ctrl+C does: the first time begin the stop, the second time end it. For the App that there is, if any.
    static void request_stop(long times = 1);
    [[nodiscard]] bool failed() const { return failed_; }
    void finish(const char* name);  ///< ends that thread, prints the totals, writes the statistics

private:
    struct Watch;

    void event(SOCKET client, const std::string& what) const;
    void turn_away(UniqueSocket socket);
    void end_now();
    void set_stopping();
    void set_time_up();
    void look();
    void end_watch();

    std::atomic<unsigned> active_ = 0;
    std::atomic<std::uint64_t> served_ = 0;
    std::atomic<std::uint64_t> bytes_ = 0;
    std::atomic<bool> failed_ = false;
    std::atomic<bool> said_full_ = false;
    std::mutex mutex_;  // guards what follows
    std::function<void()> wake_;
    std::chrono::milliseconds repeat_{};
    std::unique_ptr<Watch> watch_;
};

/// Runs `action` on every way out of a block: return, break or exception.
template <class Action>
class Finally {
public:
    explicit Finally(Action action) : action_(std::move(action)) {}
    ~Finally() { action_(); }
    Finally(const Finally&) = delete;
    Finally& operator=(const Finally&) = delete;

private:
    Action action_;
};

/// What makes one server different from the next.
struct EchoServerMain {
    const char* name;            ///< as it announces itself
    void (*run)(App&);           ///< serves until App says to stop, then returns; an exception ends the server
    bool threads = false;        ///< it takes --threads
    bool one_at_a_time = false;  ///< it takes --one-at-a-time
    std::vector<OwnOption> own{};
};

/// A socket bound to `address` (in digits) and `port`, listening.
/// @throws SystemError, with the address in its text
UniqueSocket open_listener(const std::string& address, std::uint16_t port);

/// The main function of every server: reads the options, opens the listener, says so, runs the server, prints totals.
/// @return the exit status: 0 after a stop, 1 when something failed, 2 for a command line that cannot be used
int echo_main(const EchoServerMain& server);
