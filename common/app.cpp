#include "common/app.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/stats.h"
#include "common/trace/trace.h"

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds tick{50};             // how often what cannot be waited for is looked at
constexpr std::chrono::seconds farewell{1};  // how long a client that was sent away may take to close

std::string count_of(std::uint64_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// By default (Nagle's algorithm) a small piece waits until the peer has acknowledged the one before, and the peer puts
// its acknowledgement off, in the hope of something to send it with: 40 ms and more for each echo that leaves in
// several sends. Where the option is refused the echo is slower, and that is all.
void send_without_delay(SOCKET socket) {
    const BOOL on = TRUE;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&on), sizeof on);
}

// Wine cannot peek into a pipe whose other end is a Linux program. There a thread reads on until the end; no call can
// interrupt that, so it is the one thread that is left to the end of the process, and it touches nothing of ours.
void read_to_end_elsewhere(HANDLE input, const std::shared_ptr<std::atomic<bool>>& ended) {
    std::thread{[input, ended] {
        trace::name_this_thread("standard input");
        std::array<char, 256> ignored;
        DWORD got = 0;
        do got = 0;
        while (::ReadFile(input, ignored.data(), static_cast<DWORD>(ignored.size()), &got, nullptr) && got > 0);
        *ended = true;
    }}.detach();
}

// Asked again and again, rather than a thread left in a blocking read: nothing could end that read at every exit.
class StandardInput {
public:
    bool ended() {
        if (reader_) return *reader_;
        const HANDLE input = ::GetStdHandle(STD_INPUT_HANDLE);
        DWORD mode = 0, ready = 0, got = 0;
        if (::GetConsoleMode(input, &mode)) return false;  // a person at a keyboard has Ctrl+C
        if (::GetFileType(input) == FILE_TYPE_PIPE && !::PeekNamedPipe(input, nullptr, 0, nullptr, &ready, nullptr)) {
            if (::GetLastError() != ERROR_NOT_SUPPORTED) return true;  // the other end is closed
            reader_ = std::make_shared<std::atomic<bool>>(false);
            read_to_end_elsewhere(input, reader_);
            return false;
        }
        if (::GetFileType(input) == FILE_TYPE_PIPE && ready == 0) return false;
        std::array<char, 256> ignored;
        return !::ReadFile(input, ignored.data(), static_cast<DWORD>(ignored.size()), &got, nullptr) || got == 0;
    }

private:
    std::shared_ptr<std::atomic<bool>> reader_;
};

// One release for each Ctrl+C. It belongs to the process: the console may call its handler at any moment, also when the
// App is about to end.
HANDLE stop_requests() {
    static const UniqueHandle semaphore{::CreateSemaphoreW(nullptr, 0, 1000, nullptr)};
    return semaphore.get();
}

}  // namespace

// The thread that watches, and what it looks at.
struct App::Watch {
    UniqueEvent changed;  // there is something new to look after
    std::atomic<bool> over = false;
    std::optional<Clock::time_point> deadline;  // of the clients, once stopping
    std::vector<std::pair<UniqueSocket, Clock::time_point>> sent_away;
    std::optional<Stats> stats;
    StandardInput input;
    std::thread thread;

    void look_after_sent_away();
    [[nodiscard]] DWORD patience(const App& app) const;
};

App::App(Options given, UniqueSocket listening_socket)
    : options(std::move(given)), listener(listening_socket.release()), watch_(std::make_unique<Watch>()) {
    if (!stop_requests()) throw_error("CreateSemaphore");
    while (::WaitForSingleObject(stop_requests(), 0) == WAIT_OBJECT_0) continue;  // those were for another App
    if (!options.stats.empty()) watch_->stats.emplace(options.stats);
}

App::~App() {
    end_watch();
    ::closesocket(listener);
}

void App::accept_failed(int error) {
    switch (error) {
        case WSAEWOULDBLOCK:         // the client that made the listener ready is gone again
        case WSAECONNRESET:          // likewise
        case WSAECONNABORTED:        // likewise
        case WSAEINTR:               // our own wake-up
        case WSA_OPERATION_ABORTED:  // our own wake-up
            return;
        case WSAEMFILE:   // no socket left: until one is closed this will fail again, at once
        case WSAENOBUFS:  // likewise, memory
        case WSA_NOT_ENOUGH_MEMORY:
        case WSAENETDOWN:
            log_error("accept", error);
            ::Sleep(static_cast<DWORD>(tick.count()));  // or the caller's loop would spin
            return;
        default:
            throw_error("accept", error);
    }
}

bool App::admit(UniqueSocket& accepted) {
    if (!accepted) {
        accept_failed(last_error());
        return false;
    }
    if (active_++ >= options.max_clients && options.max_clients != 0) {
        --active_;
        if (!said_full_.exchange(true))
            print_line("full: " + count_of(options.max_clients, "client") + " at most; further ones are sent away");
        turn_away(std::move(accepted));
        return false;
    }
    send_without_delay(accepted.get());
    ++served_;
    if (options.verbose) event(accepted.get(), "connected");
    return true;
}

void App::leave(SOCKET client, const char* why) {
    --active_;
    if (options.verbose) event(client, why);
}

void App::received(SOCKET client, std::size_t bytes) {
    bytes_ += bytes;
    if (options.verbose) event(client, count_of(bytes, "byte"));
}

void App::report_full(std::size_t clients) {
    if (!said_full_.exchange(true)) print_line("full: " + count_of(clients, "client") + "; further ones wait");
}

void App::event(SOCKET client, const std::string& what) const {
    print_line("[thread " + std::to_string(::GetCurrentThreadId()) + "] client " + std::to_string(client) + ": " +
               what);
}

// Closing a socket that holds unread bytes resets the connection ("closesocket function" calls it an abortive close),
// and a reset can overtake our FIN. So the client is given a moment to see the end and close by itself.
void App::turn_away(UniqueSocket socket) {
    u_long on = 1;
    if (::shutdown(socket.get(), SD_SEND) || ::ioctlsocket(socket.get(), static_cast<long>(FIONBIO), &on)) return;
    const std::lock_guard lock{mutex_};
    watch_->sent_away.emplace_back(std::move(socket), Clock::now() + farewell);
    ::SetEvent(watch_->changed.get());
}

void App::Watch::look_after_sent_away() {
    std::erase_if(sent_away, [](auto& client) {
        std::array<char, 4096> ignored;
        int got = 1;
        for (int turns = 0; got > 0 && turns < 16; ++turns)  // a flood must not keep this thread
            got = ::recv(client.first.get(), ignored.data(), static_cast<int>(ignored.size()), 0);
        const bool still_there = got > 0 || (got == SOCKET_ERROR && ::WSAGetLastError() == WSAEWOULDBLOCK);
        return !still_there || Clock::now() >= client.second;
    });
}

void App::stop() {
    const std::lock_guard lock{mutex_};
    set_stopping();
}

void App::end_now() {
    const std::lock_guard lock{mutex_};
    set_stopping();
    set_time_up();
}

void App::set_stopping() {
    if (stopping.exchange(true)) return;
    watch_->deadline = Clock::now() + std::chrono::seconds{options.drain};
    print_line("finishing " + count_of(active_, "client") + ", at most " + std::to_string(options.drain) +
               " s; Ctrl+C again ends now");
    if (wake_) wake_();
    ::SetEvent(watch_->changed.get());
}

void App::set_time_up() {
    if (!time_up.exchange(true) && wake_) wake_();
}

void App::request_stop(long times) { ::ReleaseSemaphore(stop_requests(), times, nullptr); }

std::thread App::thread(std::function<void()> body) {
    return std::thread{[this, body = std::move(body)] {
        try {
            body();
        } catch (const std::exception& error) {
            print_error_line(std::string("error: ") + error.what());
            failed_ = true;
            end_now();
        }
    }};
}

App::OnStop::OnStop(App& app, std::function<void()> wake, milliseconds repeat) : app_(app) {
    const std::lock_guard lock{app.mutex_};
    if (app.wake_) throw std::logic_error("one OnStop at a time");
    app.wake_ = std::move(wake);
    app.repeat_ = repeat;
    if (app.stopping) {  // the news came before there was anyone to hear it
        app.wake_();
        ::SetEvent(app.watch_->changed.get());
    }
}

App::OnStop::~OnStop() {
    const std::lock_guard lock{app_.mutex_};
    app_.wake_ = nullptr;
    app_.repeat_ = {};
}

// How long the watching thread may sleep, in milliseconds.
DWORD App::Watch::patience(const App& app) const {
    auto wait = std::chrono::duration_cast<milliseconds>(std::chrono::hours{24});
    if (stats) wait = Stats::every;
    if ((app.options.stop_on_eof && !app.stopping) || !sent_away.empty()) wait = tick;
    if (app.stopping && app.wake_ && app.repeat_ > milliseconds{0}) wait = std::min(wait, app.repeat_);
    if (deadline && !app.time_up)
        wait = std::min(wait, std::chrono::ceil<milliseconds>(std::max(*deadline - Clock::now(), Clock::duration{})));
    return static_cast<DWORD>(wait.count());
}

void App::watch() {
    watch_->thread = std::thread{[this] {
        trace::name_this_thread("watch");
        while (!watch_->over) {
            try {
                look();
            } catch (const std::exception& error) {  // such as a wake-up that failed; the next look tries again
                print_error_line(std::string("error: ") + error.what());
                failed_ = true;
                ::Sleep(static_cast<DWORD>(tick.count()));
            }
        }
    }};
}

void App::look() {
    Watch& w = *watch_;
    const std::array handles{stop_requests(), w.changed.get()};
    DWORD wait = 0;
    {
        const std::lock_guard lock{mutex_};
        wait = w.patience(*this);
    }
    const bool asked = ::WaitForMultipleObjects(2, handles.data(), FALSE, wait) == WAIT_OBJECT_0;
    const bool input_ended = options.stop_on_eof && !stopping && w.input.ended();
    if (w.stats) w.stats->sample();  // slow, so not with the lock held
    const std::lock_guard lock{mutex_};
    w.look_after_sent_away();
    if (stopping && wake_ && repeat_ > milliseconds{0}) wake_();
    if (stopping && (asked || Clock::now() >= *w.deadline)) set_time_up();
    if (asked || input_ended) set_stopping();
}

void App::end_watch() {
    if (!watch_->thread.joinable()) return;
    watch_->over = true;
    ::SetEvent(watch_->changed.get());
    watch_->thread.join();
}

void App::finish(const char* name) {
    end_watch();
    print_line(std::string(name) + " served " + count_of(served_, "client") + ", " + count_of(bytes_, "byte"));
    if (watch_->stats) watch_->stats->write(name, served_, bytes_);
}
