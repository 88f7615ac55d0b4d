#include "06_iocp/full_server/tests/full_server.h"

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <mutex>
#include <string>

#include "06_iocp/full_server/server.h"
#include "06_iocp/full_server/session.h"
#include "common/app.h"
#include "common/testing/test_client.h"

void Recorder::on_connected(Session& session) {
    if (connected) connected(session);
    const std::lock_guard lock{mutex_};
    if (!numbers_.insert(session.number()).second) twice_ = true;
}

void Recorder::on_closed(Session& session, CloseReason reason) {
    const std::lock_guard lock{mutex_};
    numbers_.erase(session.number());
    ++closed_;
    ++reasons_[reason];
    changed_.notify_all();
}

bool Recorder::wait_for_closed(std::size_t count, std::chrono::seconds limit) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, limit, [&] { return closed_ >= count; });
}

std::size_t Recorder::closed_for(CloseReason reason) {
    const std::lock_guard lock{mutex_};
    return reasons_[reason];
}

bool Recorder::a_number_was_used_twice_at_once() {
    const std::lock_guard lock{mutex_};
    return twice_;
}

FullServer::FullServer(const ServerSettings& settings)
    : listener_(open_listener("127.0.0.1", 0)),
      port_(port_of(listener_.get())),
      server_(listener_.get(), service_, settings) {}

FullServer::~FullServer() { stop(); }

void FullServer::begin() {
    thread_ = std::thread{[this] {
        try {
            server_.run();
        } catch (const std::exception& error) {
            failure_ = error.what();
        }
    }};
}

course::TestClient FullServer::connect(const course::TestClient::Settings& settings) const {
    return course::TestClient{port_, settings};
}

std::string FullServer::join() {
    if (thread_.joinable()) thread_.join();
    return failure_;
}

std::string FullServer::stop() {
    if (thread_.joinable()) server_.close_all();
    return join();
}

void expect_reconciled(const ServerMetrics& metrics) {
    EXPECT_EQ(metrics.posted, metrics.completed) << to_string(metrics);
    EXPECT_EQ(metrics.created, metrics.freed) << to_string(metrics);
    EXPECT_EQ(metrics.queued_bytes, 0) << to_string(metrics);
    EXPECT_EQ(metrics.buffers, 0u) << to_string(metrics);
}
