#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "06_iocp/full_server/operation.h"
#include "06_iocp/full_server/session_state.h"
#include "common/winsock.h"

class Server;

/// Why a connection ended. The first reason stays: what a close of ours brings about is not reported as the peer's
/// doing.
enum class CloseReason {
    peer_finished,  ///< the peer sent its FIN, and everything for it has been sent
    peer_reset,     ///< the peer or the network cut the connection
    idle,           ///< silent for longer than the idle time-out
    too_slow,       ///< more was sent to it than the send limit, and it does not read
    failed,         ///< a call failed on our side
    stopped         ///< the server's drain time was over, or the service closed it
};

inline constexpr std::size_t close_reasons = 6;
const char* to_string(CloseReason reason);

/// One connection. At any time it has at most one receive and one send in flight, so bytes keep their order; what is to
/// be sent meanwhile gathers behind the send.
///
/// Lifetime: the server's registry owns it. The receiving side counts as one user until it has finished, the sending
/// side as another while a send is in flight; the socket is closed, and the registry lets go, when the last of the two
/// is done. So no completion ever finds a session gone, and no socket number is used after it was closed.
class Session : public std::enable_shared_from_this<Session> {
public:
    Session(Server& server, UniqueSocket socket);

    /// Sends a copy of `bytes`, from any thread. What different threads send does not mix within one call.
    /// @return false if they will not be sent, for the connection is ending
    bool send(std::span<const char> bytes);

    /// Ends the connection at once, from any thread; on_closed follows when its last operation has come back.
    void close(CloseReason reason = CloseReason::stopped);

    /// Names the connection in event lines; the number is used again after on_closed.
    [[nodiscard]] SOCKET number() const { return socket_.get(); }

private:
    friend class Server;
    friend struct Worker;

    struct Receive final : Operation {
        explicit Receive(Session& s) : session(s) {}
        void completed(Worker& worker) override;
        Session& session;
    };
    struct Send final : Operation {
        explicit Send(Session& s) : session(s) {}
        void completed(Worker& worker) override;
        Session& session;
    };
    using Lock = std::unique_lock<std::mutex>;

    void take_turn(Worker& worker);  // on a worker's ready list: receive again, or take leave
    void received(Worker& worker, DWORD bytes, int error);
    bool take_receive_result(DWORD bytes, int error);
    void decide_next_turn(Worker& worker);
    void sent(DWORD bytes, int error);
    void close_if_idle(std::uint64_t now);
    void shed(std::uint64_t now);  // begins to take the buffers away from an idle session
    [[nodiscard]] std::uint64_t silence(std::uint64_t now) const { return now > last_active_ ? now - last_active_ : 0; }

    // With the lock held:
    int start_receive(DWORD& bytes);
    int start_send();
    void send_gathered();
    void begin_close(CloseReason reason);
    void finish_receiving();
    void finish_if_done();
    [[nodiscard]] std::size_t queued() const { return gathered_.size() + in_flight_.size(); }

    Server& server_;
    UniqueSocket socket_;
    Receive receive_{*this};
    Send send_{*this};
    Session* next_ready_ = nullptr;               // in the worker's list of sessions that may receive again
    std::atomic<std::uint64_t> last_active_ = 0;  // milliseconds

    std::mutex mutex_;                // guards what follows
    std::vector<char> gathered_;      // to be sent after the send in flight
    std::vector<char> in_flight_;     // lent to the kernel
    std::unique_ptr<char[]> buffer_;  // none while idle: a zero-byte receive waits without pinning memory
    std::uint32_t to_lend_ = 0;       // bytes of it, to the next receive
    StateMachine<ReceiveState> receiving_{ReceiveState::due};
    StateMachine<SendState> sending_{SendState::idle};
    StateMachine<LifeState> life_{LifeState::open};
    CloseReason reason_ = CloseReason::peer_finished;
};
