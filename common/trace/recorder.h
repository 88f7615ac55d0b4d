#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "common/winsock.h"  // IWYU pragma: keep

// What the traced calls leave behind, and where. The recorder runs inside the calls that it records, the waits of the
// C++ library's locks among them, so it takes none of those: only SRW locks and atomics.
namespace course::trace {

enum class Kind : std::uint8_t {
    call,      ///< returns at once
    wait,      ///< the thread may sleep in it
    callback,  ///< a completion routine or an APC, run inside an alertable wait
    packet     ///< one of the completion packets that a wait brought; its time is the end of that wait
};

enum class Step : std::uint8_t { none, post, completion };  ///< what a call does with its operation

struct Record {
    const char* name = nullptr;
    std::int64_t start = 0, end = 0;           ///< ticks of QueryPerformanceCounter
    std::uint64_t socket = INVALID_SOCKET;     ///< INVALID_SOCKET: none
    const volatile void* operation = nullptr;  ///< the OVERLAPPED, or what stands for a queued APC
    std::int64_t bytes = -1;                   ///< -1 where there are none to tell
    std::int64_t count = -1;                   ///< of what a wait waited for, or brought; -1 where it does not count
    const char* outcome = nullptr;             ///< of a wait or an overlapped call, where it has a name
    DWORD error = 0;                           ///< 0: it succeeded
    Kind kind = Kind::call;
    Step step = Step::none;
};

struct Chunk {
    std::array<Record, 16> records;
    std::atomic<std::size_t> used = 0;  // written by its thread alone, read by the writer of the file
    std::atomic<Chunk*> next = nullptr;
};

class Session;

struct ThreadLog {
    Session* session = nullptr;
    DWORD thread = 0;
    std::atomic<const char*> name = nullptr;
    std::atomic<Chunk*> first = nullptr;
    Chunk* last = nullptr;

    void add(const Record& record);
    void set_name(const std::string& text);  ///< what does not fit is left out

private:
    std::array<char, 32> name_text_{};
};

/// One recording. All its memory is there from the beginning, so that a server does not seem to grow because it is
/// recorded. It is never freed: a thread that is inside a traced call when it ends still notes that call's end.
class Session {
public:
    /// @param records  for how many calls there is room, if they all come from one thread
    explicit Session(std::size_t records);

    Chunk* take_chunk() { return take(chunks_, chunks_taken_); }       ///< none when all are taken
    ThreadLog* take_log() { return take(logs_, logs_taken_); }         ///< likewise
    void drop() { dropped_.fetch_add(1, std::memory_order_relaxed); }  ///< a call that was not recorded
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
    [[nodiscard]] std::span<const ThreadLog> logs() const {
        return {logs_.get(), std::min<std::size_t>(logs_taken_, size_)};
    }

    const DWORD main_thread = ::GetCurrentThreadId();
    std::int64_t start = 0;  ///< ticks

private:
    template <class Thing>
    Thing* take(const std::unique_ptr<Thing[]>& things, std::atomic<std::size_t>& taken) {
        const std::size_t index = taken < size_ ? taken.fetch_add(1) : size_;
        return index < size_ ? &things[index] : nullptr;
    }

    const std::size_t size_;
    const std::unique_ptr<Chunk[]> chunks_;
    const std::unique_ptr<ThreadLog[]> logs_;  // as many: each thread needs at least one chunk
    std::atomic<std::size_t> chunks_taken_ = 0, logs_taken_ = 0;
    std::atomic<std::uint64_t> dropped_ = 0;
};

/// The one that records now, or none.
extern std::atomic<Session*> g_session;

/// The calling thread's log; none while nothing is recorded. Changes the last error.
ThreadLog* this_threads_log();

std::int64_t ticks();

/// Around one call of the real function: the times, and the last error as the caller and the function left it.
class Scope {
public:
    explicit Scope(const char* name, Kind kind = Kind::call);
    ~Scope();  ///< adds the record and brings the last error back
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    void returned();  ///< to be called directly after the real function
    [[nodiscard]] DWORD error() const { return error_; }
    void failed_if(bool failed) { record.error = failed ? error_ : 0; }
    void packet(const volatile void* operation, std::int64_t bytes);  ///< to be added after the call's own record
    Record record;

private:
    ThreadLog* log_;
    DWORD error_;
};

}  // namespace course::trace
