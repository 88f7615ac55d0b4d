#include "common/tools/compare/pinning.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#ifdef _WIN32
#include <windows.h>
#else
#include <sched.h>
#endif

namespace course {

namespace {

#ifdef _WIN32

using Set = DWORD_PTR;

constexpr unsigned most_processors = sizeof(Set) * 8;

Set allowed_for(int) {
    Set own = 0, system = 0;
    return ::GetProcessAffinityMask(::GetCurrentProcess(), &own, &system) ? own : 0;
}
void allow(int, Set set) { ::SetProcessAffinityMask(::GetCurrentProcess(), set); }
bool holds(const Set& set, unsigned processor) { return ((set >> processor) & 1) != 0; }
Set only(unsigned processor) { return Set{1} << processor; }

#else

using Set = cpu_set_t;

constexpr unsigned most_processors = CPU_SETSIZE;

Set allowed_for(int process) {
    Set set;
    CPU_ZERO(&set);
    ::sched_getaffinity(process, sizeof set, &set);
    return set;
}
void allow(int process, const Set& set) { ::sched_setaffinity(process, sizeof set, &set); }
bool holds(const Set& set, unsigned processor) { return CPU_ISSET(processor, &set); }
Set only(unsigned processor) {
    Set set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    return set;
}

#endif

constexpr int this_process = 0;  // on Linux: the calling thread, and those it starts from now on

std::vector<unsigned> processors() {
    const Set allowed = allowed_for(this_process);
    std::vector<unsigned> list;
    for (unsigned processor = 0; processor < most_processors; ++processor)
        if (holds(allowed, processor)) list.push_back(processor);
    return list;
}

}  // namespace

struct Pinning::Before {
    std::vector<std::pair<int, Set>> processes;
};

bool Pinning::possible() { return processors().size() >= 2; }

Pinning::Pinning(bool wanted) : before_(std::make_unique<Before>()) {
    const auto list = processors();
    active_ = wanted && list.size() >= 2;
    if (!active_) return;
    server_ = list.front();
    load_ = list.back();  // as far off as can be: neighbours may be two threads of one core
    before_->processes.emplace_back(this_process, allowed_for(this_process));
    allow(this_process, only(load_));
}

Pinning::~Pinning() {
    for (const auto& [process, allowed] : before_->processes) allow(process, allowed);
}

Pinning::ForServer::ForServer(const Pinning& pinning) : pinning_(pinning) {
    if (pinning_.active_) allow(this_process, only(pinning_.server_));  // a child inherits it
}

Pinning::ForServer::~ForServer() {
    if (pinning_.active_) allow(this_process, only(pinning_.load_));
}

void Pinning::adopt(std::optional<int> process) {
    if (!active_ || !process) return;
    for (const auto& [known, allowed] : before_->processes)
        if (known == *process) return;
    before_->processes.emplace_back(*process, allowed_for(*process));
    allow(*process, only(server_));
}

}  // namespace course
