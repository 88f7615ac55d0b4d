#include "06_iocp/full_server/session.h"

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "06_iocp/full_server/server.h"
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

// The lock is held over the call: it does not block, and a close() cannot slip in between the look at closing_ and it.
int Session::start_receive(DWORD& bytes) {
    if (const int injected = server_.injected_failure("WSARecv")) return injected;
    WSABUF span{buffer_ ? to_lend_ : 0, buffer_.get()};
    DWORD flags = 0;
    receive_.renew();
    receiving_ = true;
    const int error = ::WSARecv(socket_.get(), &span, 1, &bytes, &flags, &receive_, nullptr) ? last_error() : 0;
    return server_.started(error);
}

void Session::take_turn(Worker& worker) {
    DWORD bytes = 0;
    int error = 0;
    {
        Lock lock{mutex_};
        if (closed_) {
            lock.unlock();
            return server_.forget(*this, reason_);  // the session may be gone when this returns
        }
        error = closing_ ? WSA_OPERATION_ABORTED : start_receive(bytes);
    }
    if (error != WSA_IO_PENDING) received(worker, bytes, error);
}

void Session::Receive::completed(Worker& worker) {
    DWORD bytes = 0;
    const int error = result(session.socket_.get(), bytes);
    session.server_.count_completed();
    session.received(worker, bytes, error);
}

void Session::received(Worker& worker, DWORD bytes, int error) {
    if (!take_receive_result(bytes, error)) return;
    const Finally go_on{[&] { decide_next_turn(worker); }};
    if (bytes > 0) server_.service().on_received(*this, {buffer_.get(), bytes});
}

// Returns false when reading is over. Until decide_next_turn() the buffer is ours: no receive is in flight.
bool Session::take_receive_result(DWORD bytes, int error) {
    const Lock lock{mutex_};
    receiving_ = false;
    if (std::exchange(shedding_, false) && error == WSA_OPERATION_ABORTED && !closing_) {
        server_.give_back(*this, std::move(buffer_));
        return true;
    }
    if (error == 0 && !closing_) {
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
        peer_finished_ = true;
    } else {
        begin_close(reason_for(error));
    }
    reading_ = false;
    finish_if_done();
    return false;
}

// Not received at once: the session queues behind the others of this worker, so that a busy client starves none, and by
// the time it is its turn the next message is often there, and the receive completes at once.
void Session::decide_next_turn(Worker& worker) {  // [doc:turn]
    const Lock lock{mutex_};
    if (closing_) {
        reading_ = false;
        finish_if_done();
    } else if (queued() > server_.settings().high_water()) {
        paused_ = true;
    } else {
        worker.push_ready(*this);
    }
}

// --- sending ------------------------------------------------------------------------------------------------------

bool Session::send(std::span<const char> bytes) {
    const Lock lock{mutex_};
    if (closing_) return false;
    if (queued() + bytes.size() > server_.settings().send_limit) {
        begin_close(CloseReason::too_slow);
    } else {
        gathered_.insert(gathered_.end(), bytes.begin(), bytes.end());
        server_.count_queued(static_cast<std::int64_t>(bytes.size()));
        if (!sending_) send_gathered();
    }
    finish_if_done();
    return !closing_;
}

int Session::start_send() {
    if (const int injected = server_.injected_failure("WSASend")) return injected;
    WSABUF span{static_cast<ULONG>(in_flight_.size()), in_flight_.data()};
    send_.renew();
    DWORD sent = 0;
    const int error = ::WSASend(socket_.get(), &span, 1, &sent, 0, &send_, nullptr) ? last_error() : 0;
    return server_.started(error);
}

// Sends until a send stays in flight or nothing is left.
void Session::send_gathered() {
    sending_ = true;
    while (!gathered_.empty() && !closing_) {
        in_flight_.swap(gathered_);
        const int error = start_send();
        if (error == WSA_IO_PENDING) return;
        server_.count_queued(-static_cast<std::int64_t>(in_flight_.size()));
        in_flight_.clear();
        if (error != 0) begin_close(reason_for(error));
    }
    sending_ = false;
    if (std::exchange(paused_, false)) server_.schedule(*this);
}

void Session::Send::completed(Worker&) {
    DWORD bytes = 0;
    const int error = result(session.socket_.get(), bytes);
    session.server_.count_completed();
    session.sent(bytes, error);
}

void Session::sent(DWORD bytes, int error) {
    const Lock lock{mutex_};
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
    if (closing_) return;
    closing_ = true;
    reason_ = reason;
    server_.count_queued(-static_cast<std::int64_t>(gathered_.size()));
    gathered_.clear();
    if (std::exchange(paused_, false)) reading_ = false;  // nothing is in flight that would come back to end it
    // What is in flight comes back, mostly with WSA_OPERATION_ABORTED. Nothing pending (ERROR_NOT_FOUND) is fine, too.
    ::CancelIoEx(reinterpret_cast<HANDLE>(socket_.get()), nullptr);
}

// Once neither side has anything left to do, a last turn on a worker's thread takes leave: not here, where the caller
// may hold locks that the service's on_closed wants.
void Session::finish_if_done() {  // [doc:finish]
    if (reading_ || sending_ || !gathered_.empty() || closed_) return;
    if (!closing_) ::shutdown(socket_.get(), SD_SEND);
    closing_ = closed_ = true;
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
    if (silence(now) < server_.settings().shed_after || !buffer_ || !receiving_ || sending_ || shedding_) return;
    shedding_ = true;
    std::vector<char>{}.swap(gathered_);
    std::vector<char>{}.swap(in_flight_);
    ::CancelIoEx(reinterpret_cast<HANDLE>(socket_.get()), &receive_);
}
