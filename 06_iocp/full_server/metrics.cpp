#include "06_iocp/full_server/server.h"

ServerMetrics Server::metrics() {
    // Completed before posted, and freed before created: so that a difference read in passing is never negative.
    ServerMetrics m{};
    m.freed = freed_;
    m.created = created_;
    m.completed = completed_;
    m.posted = posted_;
    m.queued_bytes = queued_bytes_;
    for (const auto& worker : workers_) {
        m.dequeued.push_back(worker->dequeued);
        m.batches += worker->batches;
    }
    return m;
}

std::string to_string(const ServerMetrics& m) {
    std::uint64_t all = 0;
    std::string each;
    for (const std::uint64_t count : m.dequeued) {
        all += count;
        each += ' ';
        each += std::to_string(count);
    }
    const std::uint64_t tenths = m.batches ? 10 * all / m.batches : 0;
    return "metrics: clients " + std::to_string(m.created - m.freed) + ", outstanding operations " +
           std::to_string(m.posted - m.completed) + ", queued bytes " + std::to_string(m.queued_bytes) +
           ", dequeued by worker" + each + ", packets per batch " + std::to_string(tenths / 10) + "." +
           std::to_string(tenths % 10);
}
