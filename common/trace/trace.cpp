#include "common/trace/trace.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <ios>
#include <ostream>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/error.h"
#include "common/trace/hooks.h"
#include "common/trace/import_table.h"
#include "common/trace/recorder.h"
#include "common/winsock.h"

namespace course::trace {
namespace {

struct Event {
    Record record;
    DWORD thread;
};

const char* category(Kind kind) {
    switch (kind) {
        case Kind::wait:
            return "wait";
        case Kind::callback:
            return "callback";
        default:
            return "call";
    }
}

/// An arrow: the call that started an operation, and what brought the news of its end.
struct Flow {
    const Event* post;
    const Event* completion;
};

/// An operation's address is used again and again, so an end belongs to the last start before it.
std::vector<Flow> pair(const std::vector<Event>& events) {
    std::vector<const Event*> steps;
    for (const Event& event : events)
        if (event.record.step != Step::none && event.record.operation) steps.push_back(&event);
    // Where a completion comes out: a routine when it starts, a wait when it ends.
    const auto time = [](const Event* e) {
        return e->record.step == Step::post || e->record.kind == Kind::callback ? e->record.start : e->record.end;
    };
    std::ranges::sort(steps, {}, [&](const Event* e) { return std::pair(time(e), e->record.step); });
    std::unordered_map<const volatile void*, const Event*> posted;
    std::vector<Flow> flows;
    for (const Event* const step : steps) {
        const Event*& post = posted[step->record.operation];
        if (step->record.step == Step::post) {
            post = step;
        } else if (post) {
            flows.push_back({post, step});
            post = nullptr;
        }
    }
    return flows;
}

class Writer {
public:
    Writer(std::ostream& out, std::int64_t start) : out_(out), start_(start) {
        LARGE_INTEGER frequency{};
        ::QueryPerformanceFrequency(&frequency);
        per_microsecond_ = static_cast<double>(frequency.QuadPart) / 1e6;
    }

    void head(const char* program, std::int64_t start_us, std::uint64_t dropped) {
        out_ << R"({"displayTimeUnit":"ms","otherData":{"program":")" << program << R"(","start_us":)" << start_us
             << R"(,"dropped_calls":)" << dropped << "},\n\"traceEvents\":[\n"
             << R"({"name":"process_name","ph":"M","pid":)" << process_ << R"(,"tid":0,"args":{"name":")" << program
             << "\"}}";
    }

    void thread(DWORD id, const std::string& name) {
        out_ << ",\n"
             << R"({"name":"thread_name","ph":"M","pid":)" << process_ << R"(,"tid":)" << id << R"(,"args":{"name":")"
             << name << "\"}}";
    }

    void slice(const Event& event) {
        const Record& r = event.record;
        begin(r.name, category(r.kind), 'X', r.start, event.thread);
        out_ << R"(,"dur":)" << number(static_cast<double>(r.end - r.start) / per_microsecond_) << R"(,"args":{)";
        const char* comma = "";
        const auto argument = [&](const char* name, const std::string& value) {
            out_ << comma << '"' << name << "\":" << value;
            comma = ",";
        };
        if (r.socket != INVALID_SOCKET) argument("socket", std::to_string(r.socket));
        if (r.bytes >= 0) argument("bytes", std::to_string(r.bytes));
        if (r.count >= 0) argument("count", std::to_string(r.count));
        if (r.operation) argument("operation", quoted_address(r.operation));
        if (r.outcome) argument("outcome", '"' + std::string(r.outcome) + '"');
        if (r.error != 0) argument("error", '"' + name_of(static_cast<int>(r.error)) + '"');
        out_ << "}}";
    }

    void arrow(const Flow& flow, std::size_t id) {
        begin("operation", "operation", 's', flow.post->record.start, flow.post->thread);
        out_ << R"(,"id":)" << id << '}';
        // Within the slice, or the arrow would end at whatever comes next.
        const Record& r = flow.completion->record;
        const std::int64_t end = r.kind == Kind::callback ? r.start : std::max(r.end - 1, flow.post->record.start);
        begin("operation", "operation", 'f', end, flow.completion->thread);
        out_ << R"(,"bp":"e","id":)" << id << '}';
    }

    void tail() { out_ << "\n]}\n"; }

private:
    void begin(const char* name, const char* category, char phase, std::int64_t time, DWORD thread) {
        out_ << ",\n"
             << R"({"name":")" << name << R"(","cat":")" << category << R"(","ph":")" << phase << R"(","ts":)"
             << number(static_cast<double>(time - start_) / per_microsecond_) << R"(,"pid":)" << process_
             << R"(,"tid":)" << thread;
    }

    static std::string name_of(int error) {
        const std::string name = error_name(error);
        return name.empty() ? std::to_string(error) : name;
    }

    static std::string quoted_address(const volatile void* address) {
        std::array<char, 32> text{};
        std::snprintf(text.data(), text.size(), "\"0x%llx\"",
                      static_cast<unsigned long long>(reinterpret_cast<std::uintptr_t>(address)));
        return text.data();
    }

    static std::string number(double value) {
        std::array<char, 64> text{};
        std::snprintf(text.data(), text.size(), "%.3f", value);
        return text.data();
    }

    std::ostream& out_;
    std::int64_t start_;
    double per_microsecond_ = 1;
    DWORD process_ = ::GetCurrentProcessId();
};

}  // namespace

Trace::Trace(const std::filesystem::path& file, std::size_t records)
    : path_(file), file_(file, std::ios::binary), replacements_(hooks()) {
    if (!file_) throw std::runtime_error("cannot write the trace to " + to_utf8(file.native()));
    session_ = new Session(records);
    using std::chrono::system_clock;
    session_->start = ticks();
    start_us_ = std::chrono::floor<std::chrono::microseconds>(system_clock::now().time_since_epoch()).count();
    g_session = session_;
    patch_imports(replacements_);
}

Trace::~Trace() { stop(); }

void Trace::stop() {
    if (g_session.exchange(nullptr)) restore_imports(replacements_);
}

void Trace::write(const char* program) {
    stop();
    std::vector<Event> events;
    Writer writer(file_, session_->start);
    writer.head(program, start_us_, session_->dropped());
    for (const ThreadLog& log : session_->logs()) {
        if (!log.first) continue;
        const char* const name = log.name;
        const bool main = log.thread == session_->main_thread;
        writer.thread(log.thread, name ? name : main ? "main" : "thread " + std::to_string(log.thread));
        for (const Chunk* chunk = log.first; chunk; chunk = chunk->next)
            for (std::size_t i = 0; i < chunk->used; ++i) events.push_back({chunk->records[i], log.thread});
    }
    for (const Event& event : events)
        if (event.record.kind != Kind::packet) writer.slice(event);
    std::size_t id = 0;
    for (const Flow& flow : pair(events)) writer.arrow(flow, ++id);
    writer.tail();
    file_.close();
    if (!file_) throw std::runtime_error("could not write the trace to " + to_utf8(path_.native()));
}

}  // namespace course::trace
