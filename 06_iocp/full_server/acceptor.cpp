#include "06_iocp/full_server/acceptor.h"

#include <memory>
#include <mutex>
#include <utility>

#include "06_iocp/full_server/server.h"
#include "common/app.h"

namespace {

// The function belongs to the provider of the socket. The one that mswsock.lib exports looks this pointer up at each
// call; we do it once ("AcceptEx function").
LPFN_ACCEPTEX find_accept_ex(SOCKET socket) {
    GUID guid = WSAID_ACCEPTEX;
    LPFN_ACCEPTEX accept_ex = nullptr;
    DWORD bytes = 0;
    if (::WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &guid, sizeof guid, &accept_ex, sizeof accept_ex, &bytes,
                   nullptr, nullptr))
        throw_error("WSAIoctl SIO_GET_EXTENSION_FUNCTION_POINTER");
    return accept_ex;
}

}  // namespace

Acceptor::Acceptor(Server& server, SOCKET socket, unsigned accepts)
    : server_(server), socket_(socket), accept_ex_(find_accept_ex(socket)), family_(address_family_of(socket)) {
    for (unsigned i = 0; i < accepts; ++i) idle_.push_back(all_.emplace_back(std::make_unique<Accept>(*this)).get());
}

// The lock is held, so that the packet of an accept is not handled before we are done with it here.
bool Acceptor::start(Accept& accept) {
    int error = 0;
    try {
        accept.socket = make_socket(family_);
    } catch (const SystemError& no_socket) {
        error = no_socket.code;
    }
    if (error == 0) {
        accept.renew();
        DWORD received = 0;  // set only by an immediate success, which posts a packet all the same
        error = accept_ex_(socket_, accept.socket.get(), accept.addresses.data(), 0, address_size, address_size,
                           &received, &accept)
                    ? 0
                    : last_error();
        if (error == 0 || error == WSA_IO_PENDING) {
            server_.count_posted();
            return true;
        }
    }
    accept.socket.reset();
    switch (error) {
        case WSAECONNRESET:  // the client that it would have taken is gone
        case WSAEMFILE:
        case WSAENOBUFS:
        case WSA_NOT_ENOUGH_MEMORY:
            log_error("AcceptEx", error);
            return false;  // the next tick tries again
        default:
            throw_error("AcceptEx", error);
    }
}

void Acceptor::refill() {
    const std::lock_guard lock{mutex_};
    while (!stopping_ && !idle_.empty() && start(*idle_.back())) idle_.pop_back();
}

void Acceptor::Accept::completed(Worker& worker) { acceptor.completed(worker, *this); }

void Acceptor::completed(Worker& worker, Accept& accept) {
    DWORD bytes = 0;
    const int error = accept.result(socket_, bytes);
    UniqueSocket accepted = error == 0 ? std::move(accept.socket) : UniqueSocket{};
    accept.socket.reset();
    {
        const Finally give_back{[&] {  // not before: while it counts as outstanding the server does not end
            const std::lock_guard lock{mutex_};
            idle_.push_back(&accept);
        }};
        if (accepted) server_.adopt(worker, std::move(accepted), socket_);
    }
    refill();  // also after a failure: that client gave up, the others shall not suffer for it
    server_.end_if_done();
}

void Acceptor::stop() {
    const std::lock_guard lock{mutex_};
    if (std::exchange(stopping_, true)) return;
    for (auto& accept : all_) ::CancelIoEx(reinterpret_cast<HANDLE>(socket_), accept.get());
}

unsigned Acceptor::outstanding() {
    const std::lock_guard lock{mutex_};
    return static_cast<unsigned>(all_.size() - idle_.size());
}
