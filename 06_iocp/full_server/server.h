#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "06_iocp/full_server/acceptor.h"
#include "06_iocp/full_server/completion_port.h"
#include "06_iocp/full_server/session.h"
#include "common/winsock.h"

/// What a server does for its clients. For one session on_connected, on_received and on_closed never run at the same
/// time; for different sessions they run on different threads at once. None of them should block: it would hold up a
/// worker. What that worker has taken in hand is then done by the others, a tenth of a second later at the most.
class Service {
public:
    virtual ~Service() = default;

    /// A connection has come. It is not served if `socket` has been taken or false is returned.
    virtual bool on_accepted(UniqueSocket& socket) { return static_cast<bool>(socket); }
    virtual void on_connected(Session& session) { static_cast<void>(session); }
    virtual void on_received(Session& session, std::span<const char> bytes) = 0;
    /// The last call for this session. Whoever keeps a std::shared_ptr of it may still call send(), which returns
    /// false.
    virtual void on_closed(Session& session, CloseReason reason) {
        static_cast<void>(session), static_cast<void>(reason);
    }
};

struct ServerSettings {
    unsigned threads = 0;                  ///< workers; 0: two for each processor, in case one of them blocks
    unsigned concurrency = 0;              ///< how many of them may run at once; 0: as many as processors
    unsigned accepts = 16;                 ///< outstanding AcceptEx
    std::uint64_t idle_timeout = 0;        ///< seconds of silence after which a client is closed; 0: never
    std::size_t send_limit = 1024 * 1024;  ///< bytes that may wait to be sent to a client; over it the client is closed
    std::uint32_t receive_size = 64 * 1024;  ///< bytes, from 4096 to half of send_limit: one echo must not exceed that
    std::uint64_t shed_after = 1000;         ///< milliseconds of silence after which a session gives its buffers back
    std::uint32_t tick = 250;                ///< milliseconds between two looks for idle sessions and missing accepts
    bool skip_on_success = true;             ///< no packet for what completes at once
    std::uint64_t metrics = 0;               ///< seconds between two lines of metrics; 0: none

    /// While more than this waits to be sent to a client, nothing is received from it.
    [[nodiscard]] std::size_t high_water() const { return send_limit / 4; }
};

/// A thread that waits at the port, and what it still has to do: the packets that its last wait brought, and the
/// sessions that may receive again, first come first served. It is the worker's own, so that an echo costs no further
/// packet; but should a handler block, the server takes it away, and the other workers do it.
struct Worker {
    explicit Worker(Server& s) : server(s) {}
    void push_ready(Session& session);
    Session* pop_ready();
    void push_packets(std::span<const OVERLAPPED_ENTRY> packets);
    bool pop_packet(OVERLAPPED_ENTRY& packet);
    [[nodiscard]] bool has_ready();

    /// For the thread that looks after the workers: whether this one has work, and has taken up none since the last
    /// look.
    [[nodiscard]] bool is_stuck();

    Server& server;
    std::atomic<std::uint64_t> dequeued = 0;  // packets
    std::atomic<std::uint64_t> batches = 0;   // waits that brought any

private:
    std::mutex mutex_;  // guards what follows; taken by others only when this worker seems to be stuck
    Session* first_ready_ = nullptr;
    Session* last_ready_ = nullptr;
    std::array<OVERLAPPED_ENTRY, 64> packets_{};
    std::size_t next_packet_ = 0, end_of_packets_ = 0;
    std::uint64_t taken_up_ = 0, taken_up_before_ = 0;
};

/// Once run() has returned: posted = completed, created = freed, nothing queued, no buffer lent, and
/// all dequeued packets = completed - completed_inline + own_packets.
struct ServerMetrics {
    std::uint64_t created, freed;                     ///< sessions
    std::uint64_t posted, completed;                  ///< operations
    std::uint64_t completed_inline;                   ///< of these, at once and without a packet
    std::uint64_t own_packets;                        ///< posted by ourselves: a session's turn, a step of the stop
    std::int64_t queued_bytes;                        ///< waiting to be sent, in all sessions
    std::uint64_t buffers;                            ///< receive buffers that sessions hold; an idle one holds none
    std::vector<std::uint64_t> dequeued;              ///< packets, by worker
    std::uint64_t batches;                            ///< waits that brought any
    std::array<std::uint64_t, close_reasons> closed;  ///< sessions, by CloseReason
};
std::string to_string(const ServerMetrics& metrics);

/// A TCP server on one completion port.
class Server {
public:
    /// @param listener  listening, and outliving the server
    Server(SOCKET listener, Service& service, const ServerSettings& settings);
    ~Server();

    /// Serves until drain() or close_all() was called and every operation has come back.
    /// @throws SystemError what went wrong in a worker, after an orderly end
    void run();

    void drain();      ///< accept no more; end when the last client has left. From any thread
    void close_all();  ///< the same, and close every client now. From any thread

    [[nodiscard]] ServerMetrics metrics();

private:
    // What follows, up to give_back(), is for sessions and the acceptor: they call nothing else of the server.
    friend class Session;
    friend class Acceptor;

    [[nodiscard]] const ServerSettings& settings() const { return settings_; }
    [[nodiscard]] Service& service() const { return service_; }
    [[nodiscard]] static std::uint64_t now() { return ::GetTickCount64(); }  // milliseconds
    /// Counts a call that starts an operation. @return 0 if it is complete, WSA_IO_PENDING if a packet will come, or
    /// its error
    int started(int error);
    void count_posted() { ++posted_; }
    void count_queued(std::int64_t bytes) { queued_bytes_ += bytes; }
    void adopt(Worker& worker, UniqueSocket socket, SOCKET listener);
    void schedule(Session& session);  ///< a turn for the session on some worker's thread
    void forget(Session& session, CloseReason reason);
    void end_if_done();
    std::unique_ptr<char[]> lend_buffer(Session& session);
    void give_back(Session& session, std::unique_ptr<char[]> buffer);

    // For the server alone.
    void work(Worker& worker);
    void post(ULONG_PTR key);
    void handle(Worker& worker, const OVERLAPPED_ENTRY& packet);
    template <class Action>
    void guard(Action action);
    void stop_step();
    void tick(std::uint64_t time);
    void shed_buffers(std::uint64_t time);
    void hand_over(Worker& worker);
    std::vector<std::shared_ptr<Session>> all_sessions();

    const ServerSettings settings_;
    Service& service_;
    CompletionPort port_;
    Acceptor acceptor_;
    const bool skip_;
    std::vector<std::unique_ptr<Worker>> workers_;
    UniqueEvent over_{Reset::manual};
    std::uint64_t next_metrics_ = 0;

    std::atomic<bool> draining_ = false, closing_ = false, ended_ = false;
    std::atomic<std::uint64_t> posted_ = 0, completed_ = 0, completed_inline_ = 0, own_packets_ = 0;
    std::atomic<std::uint64_t> created_ = 0, freed_ = 0, lent_buffers_ = 0;
    std::atomic<std::int64_t> queued_bytes_ = 0;
    std::array<std::atomic<std::uint64_t>, close_reasons> closed_{};

    std::mutex mutex_;  // guards what follows
    std::unordered_map<Session*, std::shared_ptr<Session>> sessions_;
    std::string failure_;
    std::mutex buffers_mutex_;
    std::vector<std::unique_ptr<char[]>> buffers_;
    std::unordered_set<Session*> holders_;  // of a buffer; alive as long as they are in here
};
