#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <vector>

#include "06_iocp/full_server/operation.h"
#include "common/winsock.h"

class Server;

/// Keeps a number of AcceptEx outstanding, so that a burst of connects finds as many open doors.
class Acceptor {
public:
    Acceptor(Server& server, SOCKET socket, unsigned accepts);

    /// Posts what is missing: at the start, and again when something (sockets, memory) had run out.
    /// @throws SystemError when the listening socket itself has failed
    void refill();

    /// Cancels the outstanding accepts; they still come back, one by one.
    void stop();

    [[nodiscard]] unsigned outstanding();

private:
    // AcceptEx writes both addresses behind the data, each with 16 bytes of room to spare ("AcceptEx function").
    static constexpr DWORD address_size = sizeof(sockaddr_storage) + 16;

    struct Accept final : Operation {
        explicit Accept(Acceptor& a) : acceptor(a) {}
        void completed(Worker& worker) override;
        Acceptor& acceptor;
        UniqueSocket socket;
        std::array<char, 2 * address_size> addresses;
    };

    bool start(Accept& accept);
    void completed(Worker& worker, Accept& accept);

    Server& server_;
    const SOCKET socket_;
    const LPFN_ACCEPTEX accept_ex_;
    const int family_;
    std::vector<std::unique_ptr<Accept>> all_;
    std::mutex mutex_;           // guards what follows
    std::vector<Accept*> idle_;  // not outstanding
    bool stopping_ = false;
};
