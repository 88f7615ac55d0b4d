#include <cstddef>
#include <cstdint>
#include <string>

#include "06_iocp/full_server/server.h"
#include "06_iocp/full_server/session.h"

ServerMetrics Server::metrics() {
    // Completed before posted, and freed before created: so that a difference read in passing is never negative.
    ServerMetrics m{};
    m.freed = freed_;
    m.created = created_;
    m.completed = completed_;
    m.posted = posted_;
    m.completed_inline = completed_inline_;
    m.own_packets = own_packets_;
    m.buffers = lent_buffers_;
    m.queued_bytes = queued_bytes_;
    for (const auto& worker : workers_) {
        m.dequeued.push_back(worker->dequeued);
        m.batches += worker->batches;
    }
    for (std::size_t i = 0; i < close_reasons; ++i) m.closed[i] = closed_[i];
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
    std::string closed;
    for (std::size_t i = 0; i < close_reasons; ++i)
        if (m.closed[i] != 0)
            closed += std::string(", ") + to_string(static_cast<CloseReason>(i)) + " " + std::to_string(m.closed[i]);
    return "metrics: clients " + std::to_string(m.created - m.freed) + ", outstanding operations " +
           std::to_string(m.posted - m.completed) + ", queued bytes " + std::to_string(m.queued_bytes) + ", buffers " +
           std::to_string(m.buffers) + ", dequeued by worker" + each + ", packets per batch " +
           std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + closed;
}
