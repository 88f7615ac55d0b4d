#include "common/trace/recorder.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace course::trace {

constinit std::atomic<Session*> g_session = nullptr;

namespace {

// Not thread_local: MinGW's takes a lock, whose wait would be recorded, which takes the lock ...
const DWORD g_slot = ::TlsAlloc();

}  // namespace

Session::Session(std::size_t records)
    : size_(records / Chunk{}.records.size()),
      chunks_(std::make_unique<Chunk[]>(size_)),
      logs_(std::make_unique<ThreadLog[]>(size_)) {}

void ThreadLog::add(const Record& record) {
    std::size_t used = last ? last->used.load(std::memory_order_relaxed) : 0;
    if (!last || used == last->records.size()) {
        Chunk* const fresh = session->take_chunk();
        if (!fresh) return session->drop();
        if (last)
            last->next = fresh;
        else
            first = fresh;
        last = fresh;
        used = 0;
    }
    last->records[used] = record;
    last->used.store(used + 1, std::memory_order_release);
}

void ThreadLog::set_name(const std::string& text) {
    text.copy(name_text_.data(), name_text_.size() - 1);
    name = name_text_.data();
}

std::int64_t ticks() {
    LARGE_INTEGER now{};
    ::QueryPerformanceCounter(&now);
    return now.QuadPart;
}

ThreadLog* this_threads_log() {
    Session* const session = g_session.load(std::memory_order_acquire);
    if (!session) return nullptr;
    auto* log = static_cast<ThreadLog*>(::TlsGetValue(g_slot));
    if (log && log->session == session) return log;
    log = session->take_log();
    if (!log) {
        session->drop();
        return nullptr;
    }
    log->session = session;
    log->thread = ::GetCurrentThreadId();
    ::TlsSetValue(g_slot, log);
    return log;
}

Scope::Scope(const char* name, Kind kind) : error_(::GetLastError()) {
    log_ = this_threads_log();
    record.name = name;
    record.kind = kind;
    record.start = ticks();
    ::SetLastError(error_);  // the function may leave it alone
}

void Scope::returned() {
    error_ = ::GetLastError();
    record.end = ticks();
}

Scope::~Scope() {
    if (log_) log_->add(record);
    ::SetLastError(error_);
}

void Scope::packet(const volatile void* operation, std::int64_t bytes) {
    if (!log_) return;
    Record packet;
    packet.name = "packet";
    packet.kind = Kind::packet;
    packet.step = Step::completion;
    packet.start = packet.end = record.end;
    packet.operation = operation;
    packet.bytes = bytes;
    log_->add(packet);
}

}  // namespace course::trace
