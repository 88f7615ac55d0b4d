#include "06_iocp/full_server/session.h"

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "06_iocp/full_server/server.h"
#include "06_iocp/full_server/session_state.h"
#include "common/app.h"

namespace {

// What a receive is lent is checked, and while it is pending also pinned, page by page. So it gets a page, and the
// whole buffer only after one that was filled.
constexpr std::uint32_t one_page = 4096;

CloseReason reason_for(int error) {
    switch (error) {
        case WSAECONNRESET:  // from a call
        case WSAECONNABORTED:
        case WSAENETRESET:
        case WSAETIMEDOUT:
        case ERROR_NETNAME_DELETED:  // the same, from a completion
        case ERROR_CONNECTION_ABORTED:
            return CloseReason::peer_reset;
        default:
            return CloseReason::failed;
    }
}

}  // namespace

const char* to_string(CloseReason reason) {
    switch (reason) {
        case CloseReason::peer_finished:
            return "left";
        case CloseReason::peer_reset:
            return "connection reset";
        case CloseReason::idle:
            return "idle for too long";
        case CloseReason::too_slow:
            return "does not read what it is sent";
        case CloseReason::failed:
            return "failed";
        case CloseReason::stopped:
            return "closed by the server";
    }
    return "";
}

Session::Session(Server& server, UniqueSocket socket)
    : server_(server), socket_(std::move(socket)), last_active_(server.now()) {}

// --- receiving ----------------------------------------------------------------------------------------------------

// The lock is held over the call: it does not block, and a close() cannot slip in between the look at life_ and it.
int Session::start_receive(DWORD& bytes) {
    WSABUF wsabuf{buffer_ ? to_lend_ : 0, buffer_.get()};
    DWORD flags = 0;
    receive_.renew();
    receiving_.step<ReceiveState::due, ReceiveState::in_flight>();
    const int error = ::WSARecv(socket_.get(), &wsabuf, 1, &bytes, &flags, &receive_, nullptr) ? last_error() : 0;
    return server_.started(error);
}

void Session::take_turn(Worker& worker) {
    DWORD bytes = 0;
    int error = 0;
    {
        Lock lock{mutex_};
        if (life_.is(LifeState::closed)) {
            lock.unlock();
            return server_.forget(*this, reason_);  // the session may be gone when this returns
        }
        if (life_.is(LifeState::closing)) return finish_receiving();
        error = start_receive(bytes);
    }
    if (error != WSA_IO_PENDING) received(worker, bytes, error);
}

void Session::Receive::completed(Worker& worker) {
    DWORD bytes = 0;
    const int error = result(session.socket_.get(), bytes);
    session.received(worker, bytes, error);
}

void Session::received(Worker& worker, DWORD bytes, int error) {
    if (!take_receive_result(bytes, error)) return;
    const Finally go_on{[&] { decide_next_turn(worker); }};
    if (bytes > 0) server_.service().on_received(*this, {buffer_.get(), bytes});
}

// Returns false when receiving is over. Until decide_next_turn() the buffer is ours: no receive is in flight.
bool Session::take_receive_result(DWORD bytes, int error) {
    const Lock lock{mutex_};
    const bool cancelled = receiving_.try_step<ReceiveState::cancelling, ReceiveState::due>();
    if (!cancelled) receiving_.step<ReceiveState::in_flight, ReceiveState::due>();
    const bool open = life_.is(LifeState::open);
    if (open && cancelled && error == WSA_OPERATION_ABORTED) {
        server_.give_back(*this, std::move(buffer_));
        return true;
    }
    if (open && error == 0) {
        last_active_ = server_.now();
        if (!buffer_) {  // it only waited: there is something to read now, or the peer's FIN
            buffer_ = server_.lend_buffer(*this);
            to_lend_ = one_page;
            return true;
        }
        if (bytes > 0) {
            to_lend_ = bytes < one_page ? one_page : server_.settings().receive_size;
            return true;
        }
    } else {
        begin_close(reason_for(error));
    }
    finish_receiving();
    return false;
}

// Not received at once: the session queues behind the others of this worker, so that a busy client starves none, and by
// the time it is its turn the next message is often there, and the receive completes at once.
void Session::decide_next_turn(Worker& worker) {
    const Lock lock{mutex_};
    if (!life_.is(LifeState::open)) {
        finish_receiving();
    } else if (queued() > server_.settings().high_water()) {
        receiving_.step<ReceiveState::due, ReceiveState::paused>();
    } else {
        worker.push_ready(*this);
    }
}

// --- sending ------------------------------------------------------------------------------------------------------

bool Session::send(std::span<const char> bytes) {
    const Lock lock{mutex_};
    if (!life_.is(LifeState::open)) return false;
    if (queued() + bytes.size() > server_.settings().send_limit) {
        begin_close(CloseReason::too_slow);
    } else {
        gathered_.insert(gathered_.end(), bytes.begin(), bytes.end());
        server_.count_queued(static_cast<std::int64_t>(bytes.size()));
        if (sending_.is(SendState::idle)) send_gathered();
    }
    finish_if_done();
    return life_.is(LifeState::open);
}

int Session::start_send() {
    WSABUF wsabuf{static_cast<ULONG>(in_flight_.size()), in_flight_.data()};
    send_.renew();
    DWORD sent = 0;
    const int error = ::WSASend(socket_.get(), &wsabuf, 1, &sent, 0, &send_, nullptr) ? last_error() : 0;
    return server_.started(error);
}

// Sends until a send stays in flight or nothing is left.
void Session::send_gathered() {
    while (!gathered_.empty() && life_.is(LifeState::open)) {
        in_flight_.swap(gathered_);
        const int error = start_send();
        if (error == WSA_IO_PENDING) return sending_.step<SendState::idle, SendState::in_flight>();
        server_.count_queued(-static_cast<std::int64_t>(in_flight_.size()));
        in_flight_.clear();
        if (error != 0) begin_close(reason_for(error));
    }
    if (receiving_.try_step<ReceiveState::paused, ReceiveState::due>()) server_.schedule(*this);
}

void Session::Send::completed(Worker&) {
    DWORD bytes = 0;
    const int error = result(session.socket_.get(), bytes);
    session.sent(bytes, error);
}

void Session::sent(DWORD bytes, int error) {
    const Lock lock{mutex_};
    sending_.step<SendState::in_flight, SendState::idle>();
    const bool complete = bytes == in_flight_.size();  // less means that the stream is broken off
    server_.count_queued(-static_cast<std::int64_t>(in_flight_.size()));
    in_flight_.clear();
    last_active_ = server_.now();
    if (error != 0 || !complete) begin_close(reason_for(error));
    send_gathered();
    finish_if_done();
}

// --- ending -------------------------------------------------------------------------------------------------------

void Session::close(CloseReason reason) {
    const Lock lock{mutex_};
    begin_close(reason);
    finish_if_done();
}

void Session::begin_close(CloseReason reason) {
    if (!life_.try_step<LifeState::open, LifeState::closing>()) return;
    reason_ = reason;
    server_.count_queued(-static_cast<std::int64_t>(gathered_.size()));
    gathered_.clear();
    receiving_.try_step<ReceiveState::paused, ReceiveState::finished>();  // no packet will come that would do it
    // What is in flight comes back, mostly with WSA_OPERATION_ABORTED. Nothing pending (ERROR_NOT_FOUND) is fine, too.
    ::CancelIoEx(socket_.handle(), nullptr);
}

// Its callers are in the session's turn: otherwise a receive may be in flight, and its packet still to come.
void Session::finish_receiving() {
    receiving_.step<ReceiveState::due, ReceiveState::finished>();
    finish_if_done();
}

// Once neither side has anything left to do, a last turn on a worker's thread takes leave: not here, where the caller
// may hold locks that the service's on_closed wants.
void Session::finish_if_done() {
    if (!receiving_.is(ReceiveState::finished) || !sending_.is(SendState::idle) || !gathered_.empty()) return;
    if (life_.is(LifeState::closed)) return;
    if (life_.try_step<LifeState::open, LifeState::closed>())
        ::shutdown(socket_.get(), SD_SEND);
    else
        life_.step<LifeState::closing, LifeState::closed>();
    server_.give_back(*this, std::move(buffer_));
    server_.schedule(*this);
}

void Session::close_if_idle(std::uint64_t now) {
    const Lock lock{mutex_};
    if (silence(now) < 1000 * server_.settings().idle_timeout) return;  // it has just said something
    begin_close(CloseReason::idle);
    finish_if_done();
}

void Session::shed(std::uint64_t now) {
    const Lock lock{mutex_};
    if (silence(now) < server_.settings().shed_after || !buffer_ || !sending_.is(SendState::idle)) return;
    if (!receiving_.try_step<ReceiveState::in_flight, ReceiveState::cancelling>()) return;
    std::vector<char>{}.swap(gathered_);
    std::vector<char>{}.swap(in_flight_);
    ::CancelIoEx(socket_.handle(), &receive_);
}
