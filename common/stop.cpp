#include "common/stop.h"

#include <array>
#include <chrono>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/error.h"

namespace {

// They belong to the process and are never closed: the console may call its handler, and standard input may end, also
// when the server is about to end.
const HANDLE stop_requests = ::CreateSemaphoreW(nullptr, 0, 1000, nullptr);  // one release for each Ctrl+C
const HANDLE end_of_input = ::CreateEventW(nullptr, FALSE, FALSE, nullptr);

// For a closed console, a logoff or a shutdown Windows ends the process when the handler returns, and after 5 s in any
// case ("HandlerRoutine callback function"): too soon for the drain time, so then everything ends at once.
BOOL WINAPI on_console_control(DWORD event) {
    const bool may_wait = event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;
    Stop::request(may_wait ? 1 : 2);
    if (!may_wait) ::Sleep(INFINITE);  // until main returns
    return TRUE;
}

// Nothing ends a read of standard input on every system, so this one thread is left to the end of the process; it
// touches nothing of ours. A console is not read: who sits there has Ctrl+C, and that would end the read, too.
void watch_input() {
    DWORD mode = 0;
    if (::GetConsoleMode(::GetStdHandle(STD_INPUT_HANDLE), &mode)) return;
    std::thread{[] {
        std::array<char, 256> ignored;
        DWORD got = 1;
        while (got > 0 && ::ReadFile(::GetStdHandle(STD_INPUT_HANDLE), ignored.data(),
                                     static_cast<DWORD>(ignored.size()), &got, nullptr))
            continue;
        ::SetEvent(end_of_input);
    }}.detach();
}

}  // namespace

Stop::Stop(const Clients& clients, std::chrono::seconds drain) : clients_(clients), drain_(drain) {
    if (!stop_requests || !end_of_input) throw_error("CreateSemaphore or CreateEvent", WSA_NOT_ENOUGH_MEMORY);
    while (::WaitForSingleObject(stop_requests, 0) == WAIT_OBJECT_0) continue;  // those were for another server
    ::SetConsoleCtrlHandler(on_console_control, TRUE);
}

void Stop::request(long times) { ::ReleaseSemaphore(stop_requests, times, nullptr); }

void Stop::stop(bool at_once) {
    const std::lock_guard lock{mutex_};
    step(at_once);
}

// With the lock held.
void Stop::step(bool to_the_end) {
    if (!stopping.exchange(true)) {
        deadline_ = Clock::now() + drain_;
        print_line("finishing " + count_of(clients_.active(), "client") + ", at most " +
                   std::to_string(drain_.count()) + " s; Ctrl+C again ends now");
        ::SetEvent(changed_.get());
        wake(false);
    }
    if (to_the_end && !time_up.exchange(true)) wake(false);
}

void Stop::wake(bool only_those_that_repeat) {
    for (const OnStop* sleeper : sleepers_)
        if (!only_those_that_repeat || sleeper->repeat_ == Repeat::every_10_ms) sleeper->wake_();
}

void Stop::watch(bool on_eof, std::function<void()> each_time) {
    each_time_ = std::move(each_time);
    if (on_eof) watch_input();
    watcher_ = std::thread{[this] {
        ::SetThreadDescription(::GetCurrentThread(), L"watch");
        while (!over_) {
            try {
                look();
            } catch (const std::exception& error) {  // such as no memory; Ctrl+C shall work on
                print_error_line(std::string("error: ") + error.what());
                failed_ = true;
                ::Sleep(50);
            }
        }
    }};
}

void Stop::look() {
    const std::array handles{stop_requests, end_of_input, changed_.get()};
    const DWORD woken = ::WaitForMultipleObjects(3, handles.data(), FALSE, stopping ? 10 : 500);  // milliseconds
    if (woken == WAIT_TIMEOUT && !stopping) each_time_();  // not with the lock held
    const std::lock_guard lock{mutex_};
    if (stopping) wake(true);
    if (woken == WAIT_OBJECT_0 || (stopping && Clock::now() >= deadline_)) step(stopping);
    if (woken == WAIT_OBJECT_0 + 1) step(false);
}

void Stop::end_watch() {
    if (!watcher_.joinable()) return;
    over_ = true;
    ::SetEvent(changed_.get());
    watcher_.join();
}

OnStop::OnStop(Stop& stop, std::function<void()> wake, Repeat repeat)
    : stop_(stop), wake_(std::move(wake)), repeat_(repeat) {
    const std::lock_guard lock{stop_.mutex_};
    if (stop_.stopping) wake_();  // the news came before there was anyone to hear it
    stop_.sleepers_.push_back(this);
}

OnStop::~OnStop() {
    const std::lock_guard lock{stop_.mutex_};
    std::erase(stop_.sleepers_, this);
}
