#pragma once

#include <span>

#include "common/error.h"
#include "common/winsock.h"

/// An I/O completion port: a queue of what has completed, and a rule for how many of the threads that wait at it may
/// run. CreateIoCompletionPort and its relatives do several things each; here every role has a name of its own.
class CompletionPort {
public:
    /// @param concurrency  how many of its threads may run at once; 0: as many as there are processors
    /// @throws SystemError
    explicit CompletionPort(DWORD concurrency = 0)
        : port_(::CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, concurrency)) {
        if (!port_) throw_error("CreateIoCompletionPort");
    }

    /// What completes on `socket` is queued here from now on, until it is closed: there is no way to take it out again.
    /// @throws SystemError
    void associate(SOCKET socket) const {
        if (!::CreateIoCompletionPort(reinterpret_cast<HANDLE>(socket), port_.get(), 0, 0))
            throw_error("CreateIoCompletionPort (associate)");
    }

    /// Queues a packet of our own.
    /// @throws SystemError
    void post(ULONG_PTR key, OVERLAPPED* overlapped = nullptr) const {
        if (!::PostQueuedCompletionStatus(port_.get(), 0, key, overlapped)) throw_error("PostQueuedCompletionStatus");
    }

    /// Waits for at least one packet and takes as many as `room` holds. Packets of failed operations are among them:
    /// look at each one's own status. A packet of our own may have no OVERLAPPED.
    /// @param timeout  milliseconds, or INFINITE
    /// @return what of `room` was filled; nothing when the time was over
    /// @throws SystemError when the port itself failed, such as ERROR_ABANDONED_WAIT_0 (735): it has been closed
    std::span<OVERLAPPED_ENTRY> wait(std::span<OVERLAPPED_ENTRY> room, DWORD timeout) const {
        ULONG count = 0;
        if (::GetQueuedCompletionStatusEx(port_.get(), room.data(), static_cast<ULONG>(room.size()), &count, timeout,
                                          FALSE))
            return room.first(count);
        if (last_error() == WAIT_TIMEOUT) return {};
        throw_error("GetQueuedCompletionStatusEx");
    }

private:
    UniqueHandle port_;
};

/// Whether sockets like this one are true file system handles. With others (layered providers) it is not safe to do
/// without packets ("SetFileCompletionNotificationModes function").
inline bool may_skip_packets(SOCKET socket) {
    WSAPROTOCOL_INFOW info{};
    int size = sizeof info;
    return ::getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &size) == 0 &&
           (info.dwServiceFlags1 & XP1_IFS_HANDLES) != 0;
}

/// From now on an operation on `socket` that succeeds at once posts no packet: the caller goes on by itself.
/// @throws SystemError
inline void skip_packets_on_success(SOCKET socket) {
    if (!::SetFileCompletionNotificationModes(reinterpret_cast<HANDLE>(socket),
                                              FILE_SKIP_COMPLETION_PORT_ON_SUCCESS | FILE_SKIP_SET_EVENT_ON_HANDLE))
        throw_error("SetFileCompletionNotificationModes");
}
