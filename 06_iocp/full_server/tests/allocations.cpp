#include "06_iocp/full_server/tests/allocations.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::int64_t> live = 0;
std::atomic<std::uint64_t> counted = 0;
thread_local bool is_counted = false;

}  // namespace

std::int64_t live_allocations() { return live; }
void count_this_thread() { is_counted = true; }
std::uint64_t counted_allocations() { return counted; }

// The array and nothrow forms of the standard library call these.
void* operator new(std::size_t size) {
    void* const memory = std::malloc(size != 0 ? size : 1);
    if (!memory) throw std::bad_alloc{};
    ++live;
    if (is_counted) ++counted;
    return memory;
}

void operator delete(void* memory) noexcept {
    if (!memory) return;
    --live;
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
