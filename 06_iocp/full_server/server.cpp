#include "06_iocp/full_server/server.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "06_iocp/full_server/completion_port.h"
#include "06_iocp/full_server/session.h"
#include "common/app.h"

namespace {

// Keys of our own packets; those of operations have an OVERLAPPED, and their key is not looked at.
constexpr ULONG_PTR key_stop_step = 1;
constexpr ULONG_PTR key_quit = 2;

constexpr int poll_after = 64;                       // operations from the ready list between two looks at the port
constexpr std::uint32_t look = 50;                   // milliseconds between two looks at workers and buffers
constexpr std::chrono::microseconds shed_time{500};  // of each look, so that others are served when thousands fall idle
constexpr std::size_t spare_buffers = 64;            // kept for the next session that wakes up

thread_local Worker* this_worker = nullptr;

unsigned threads_for(const ServerSettings& settings) {
    return settings.threads ? settings.threads : 2 * std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

void Worker::push_ready(Session& session) {
    const std::lock_guard lock{mutex_};
    session.next_ready_ = nullptr;
    (last_ready_ ? last_ready_->next_ready_ : first_ready_) = &session;
    last_ready_ = &session;
}

Session* Worker::pop_ready() {
    const std::lock_guard lock{mutex_};
    Session* const session = first_ready_;
    if (session && !(first_ready_ = session->next_ready_)) last_ready_ = nullptr;
    ++taken_up_;
    return session;
}

bool Worker::has_ready() {
    const std::lock_guard lock{mutex_};
    return first_ready_ != nullptr;
}

void Worker::push_packets(std::span<const OVERLAPPED_ENTRY> packets) {
    const std::lock_guard lock{mutex_};
    std::ranges::copy(packets, packets_.begin());
    next_packet_ = 0;
    end_of_packets_ = packets.size();
}

bool Worker::pop_packet(OVERLAPPED_ENTRY& packet) {
    const std::lock_guard lock{mutex_};
    if (next_packet_ == end_of_packets_) return false;
    packet = packets_[next_packet_++];
    ++taken_up_;
    return true;
}

bool Worker::is_stuck() {
    const std::lock_guard lock{mutex_};
    const bool has_work = first_ready_ || next_packet_ != end_of_packets_;
    return std::exchange(taken_up_before_, taken_up_) == taken_up_ && has_work;
}

Server::Server(SOCKET listener, Service& service, const ServerSettings& settings)
    : settings_(settings),
      service_(service),
      port_(settings.concurrency),
      acceptor_(*this, listener, settings.accepts),
      skip_(settings.skip_on_success && may_skip_packets(listener)) {
    port_.associate(listener);
    for (unsigned i = 0; i < threads_for(settings); ++i) workers_.push_back(std::make_unique<Worker>(*this));
}

Server::~Server() = default;

// --- the waiting threads ------------------------------------------------------------------------------------------

void Server::run() {
    std::vector<std::thread> threads;
    guard([&] {
        for (auto& worker : workers_) threads.emplace_back([this, &w = *worker] { work(w); });
        acceptor_.refill();
        const std::uint32_t pause = std::min(look, settings_.tick);
        for (std::uint32_t waited = pause; ::WaitForSingleObject(over_.get(), pause) == WAIT_TIMEOUT; waited += pause) {
            const std::uint64_t time = now();
            for (const auto& worker : workers_)
                if (worker->is_stuck()) hand_over(*worker);
            shed_buffers(time);
            if (waited < settings_.tick) continue;
            waited = 0;
            tick(time);
        }
    });
    for (std::thread& thread : threads) thread.join();
    if (!failure_.empty()) throw std::runtime_error(failure_);
}

void Server::work(Worker& worker) {
    this_worker = &worker;
    std::array<OVERLAPPED_ENTRY, 64> room;
    for (bool quit = false; !quit;) {
        bool works = false;
        guard([&] {
            const auto packets = port_.wait(room, worker.has_ready() ? 0 : INFINITE);
            if (!packets.empty()) ++worker.batches;
            worker.dequeued += packets.size();
            worker.push_packets(packets);
            works = true;
        });
        if (!works) return;  // the port itself has failed, and nothing will ever come of it
        for (OVERLAPPED_ENTRY packet; worker.pop_packet(packet);) {
            guard([&] {
                if (packet.lpOverlapped || packet.lpCompletionKey != key_quit)
                    handle(worker, packet);
                else if (std::exchange(quit, true))
                    post(key_quit);  // that one was for another thread
            });
        }
        for (int turn = 0; turn < poll_after; ++turn) {
            Session* const session = worker.pop_ready();
            if (!session) break;
            guard([&] { session->take_turn(worker); });
        }
    }
}

// Whoever waits at the port gets what this worker took and cannot do. A packet that is posted again brings its
// OVERLAPPED, and in it what happened.
void Server::hand_over(Worker& worker) {
    OVERLAPPED_ENTRY packet;
    while (worker.pop_packet(packet)) {
        ++own_packets_;
        port_.post(packet.lpCompletionKey, packet.lpOverlapped);
    }
    while (Session* const session = worker.pop_ready()) post(reinterpret_cast<ULONG_PTR>(session));
}

// A service that throws ends the whole server, but in good order: every operation still has to come back.
template <class Action>
void Server::guard(Action action) {
    try {
        action();
    } catch (const std::exception& error) {
        {
            const std::lock_guard lock{mutex_};
            if (failure_.empty()) failure_ = error.what();
        }
        try {
            close_all();
        } catch (const std::exception&) {  // nothing can be posted any more
            ::SetEvent(over_.get());
        }
    }
}

void Server::handle(Worker& worker, const OVERLAPPED_ENTRY& packet) {
    if (packet.lpOverlapped) {
        ++completed_;
        static_cast<Operation*>(packet.lpOverlapped)->completed(worker);
    } else if (packet.lpCompletionKey == key_stop_step) {
        stop_step();
    } else {
        worker.push_ready(*reinterpret_cast<Session*>(packet.lpCompletionKey));
    }
}

void Server::post(ULONG_PTR key) {
    ++own_packets_;
    port_.post(key);
}

void Server::schedule(Session& session) {
    if (this_worker && &this_worker->server == this)
        this_worker->push_ready(session);
    else
        post(reinterpret_cast<ULONG_PTR>(&session));
}

int Server::started(int error) {
    if (error != 0 && error != WSA_IO_PENDING) return error;  // refused: no packet will come
    ++posted_;
    if (error == 0 && skip_) {
        ++completed_;
        ++completed_inline_;
        return 0;
    }
    return WSA_IO_PENDING;
}

// --- sessions -----------------------------------------------------------------------------------------------------

void Server::adopt(Worker& worker, UniqueSocket socket, SOCKET listener) {
    if (draining_) return;  // it came between the stop and the end of our accepts
    try {
        // Until then the socket does not know that it is connected: shutdown and getpeername fail ("AcceptEx
        // function").
        if (::setsockopt(socket.get(), SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, reinterpret_cast<const char*>(&listener),
                         sizeof listener) == SOCKET_ERROR)
            throw_error("SO_UPDATE_ACCEPT_CONTEXT");
        port_.associate(socket.get());
        if (skip_) skip_packets_on_success(socket.get());
    } catch (const SystemError& error) {
        return print_error_line(error.what());  // that client is lost, the others are not
    }
    if (!service_.on_accepted(socket)) return;
    const auto session = std::make_shared<Session>(*this, std::move(socket));
    ++created_;
    {
        const std::lock_guard lock{mutex_};
        sessions_.emplace(session.get(), session);
    }
    const Finally begin{[&] { worker.push_ready(*session); }};
    service_.on_connected(*session);
    if (closing_) session->close();  // the stop may have looked at the registry before we were in it
}

void Server::forget(Session& session, CloseReason reason) {
    std::shared_ptr<Session> last;
    {
        const std::lock_guard lock{mutex_};
        const auto found = sessions_.find(&session);
        last = std::move(found->second);
        sessions_.erase(found);
    }
    const Finally close{[&] {
        last->socket_.reset();  // here, once; a service may keep the session itself for longer
        ++closed_[static_cast<std::size_t>(reason)];
        ++freed_;
        end_if_done();
    }};
    service_.on_closed(session, reason);
}

std::vector<std::shared_ptr<Session>> Server::all_sessions() {
    const std::lock_guard lock{mutex_};
    std::vector<std::shared_ptr<Session>> all;
    all.reserve(sessions_.size());
    for (const auto& [key, session] : sessions_) all.push_back(session);
    return all;
}

std::unique_ptr<char[]> Server::lend_buffer(Session& session) {
    const std::lock_guard lock{buffers_mutex_};
    std::unique_ptr<char[]> buffer;
    if (buffers_.empty()) {
        buffer.reset(new char[settings_.receive_size]);
    } else {
        buffer = std::move(buffers_.back());
        buffers_.pop_back();
    }
    holders_.insert(&session);
    ++lent_buffers_;
    return buffer;
}

void Server::give_back(Session& session, std::unique_ptr<char[]> buffer) {
    if (!buffer) return;
    --lent_buffers_;
    const std::lock_guard lock{buffers_mutex_};
    holders_.erase(&session);
    if (buffers_.size() < spare_buffers) buffers_.push_back(std::move(buffer));
}

void Server::tick(std::uint64_t time) {
    if (!draining_) acceptor_.refill();
    if (settings_.metrics != 0 && time >= next_metrics_) {
        next_metrics_ = time + 1000 * settings_.metrics;
        print_line(to_string(metrics()));
    }
    if (settings_.idle_timeout == 0) return;
    std::vector<std::shared_ptr<Session>> idle;
    {
        const std::lock_guard lock{mutex_};
        for (const auto& [key, session] : sessions_)
            if (session->silence(time) >= 1000 * settings_.idle_timeout) idle.push_back(session);
    }
    for (const auto& session : idle) session->close_if_idle(time);
}

// Only sessions that hold a buffer are looked at: thousands of idle ones cost nothing here.
void Server::shed_buffers(std::uint64_t time) {
    std::vector<std::shared_ptr<Session>> idle;
    {
        const std::lock_guard lock{buffers_mutex_};
        for (Session* const session : holders_)
            if (session->silence(time) >= settings_.shed_after) idle.push_back(session->shared_from_this());
    }
    const auto enough = std::chrono::steady_clock::now() + shed_time;
    for (const auto& session : idle) {
        session->shed(time);
        if (std::chrono::steady_clock::now() >= enough) return;
    }
}

// --- the end ------------------------------------------------------------------------------------------------------

void Server::drain() {
    draining_ = true;
    post(key_stop_step);
}

void Server::close_all() {
    closing_ = true;
    drain();
}

void Server::stop_step() {
    acceptor_.stop();
    if (closing_)
        for (const auto& session : all_sessions()) session->close(CloseReason::stopped);
    end_if_done();
}

// Ends the workers when the last operation has come back: nothing can be queued after their packets then.
void Server::end_if_done() {
    if (!draining_ || acceptor_.outstanding() != 0) return;
    {
        const std::lock_guard lock{mutex_};
        if (!sessions_.empty() || ended_.exchange(true)) return;
    }
    for (std::size_t i = 0; i < workers_.size(); ++i) post(key_quit);
    ::SetEvent(over_.get());
}
