#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <thread>

#include "06_iocp/full_server/server.h"
#include "06_iocp/full_server/session.h"
#include "common/testing/sockets.h"
#include "common/testing/test_client.h"
#include "common/winsock.h"

using course::eventually;

inline std::uint16_t port_of(SOCKET socket) { return ::ntohs(course::address_of(socket).sin_port); }

/// A service that echoes, and writes down what the server told it.
class Recorder final : public Service {
public:
    /// What is done with received bytes; echoing, at first. Set it before the first client comes.
    std::function<void(Session&, std::span<const char>)> received = [](Session& session, std::span<const char> bytes) {
        session.send(bytes);
    };
    std::function<void(Session&)> connected;

    void on_connected(Session& session) override;
    void on_received(Session& session, std::span<const char> bytes) override { received(session, bytes); }
    void on_closed(Session& session, CloseReason reason) override;

    /// Waits until so many sessions have been closed. @return whether they have, in time
    bool wait_for_closed(std::size_t count, std::chrono::seconds limit = std::chrono::seconds{20});
    [[nodiscard]] std::size_t closed_for(CloseReason reason);
    [[nodiscard]] bool a_number_was_used_twice_at_once();

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t closed_ = 0;
    std::map<CloseReason, std::size_t> reasons_;
    std::set<SOCKET> numbers_;  // of the sessions that live
    bool twice_ = false;
};

/// A full server in this process, on a free port, with a thread of its own to run it.
class FullServer {
public:
    explicit FullServer(const ServerSettings& settings = {});
    ~FullServer();
    FullServer(const FullServer&) = delete;
    FullServer& operator=(const FullServer&) = delete;

    void begin();  ///< from now on it serves

    [[nodiscard]] course::TestClient connect(const course::TestClient::Settings& settings = {}) const;
    [[nodiscard]] Recorder& service() { return service_; }
    [[nodiscard]] Server& server() { return server_; }
    [[nodiscard]] std::uint16_t port() const { return port_; }

    void drain() { server_.drain(); }
    std::string join();  ///< waits for the end of run(). @return what it threw, in words
    std::string stop();  ///< closes all, then join()

private:
    WinsockSession winsock_;
    UniqueSocket listener_;
    std::uint16_t port_;
    Recorder service_;
    Server server_;
    std::thread thread_;
    std::string failure_;
};

/// Every operation has come back, every session has been freed, and nothing waits to be sent.
void expect_reconciled(const ServerMetrics& metrics);
