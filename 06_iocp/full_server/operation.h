#pragma once

#include "common/winsock.h"  // IWYU pragma: keep

struct Worker;

/// What the kernel is lent for one asynchronous call and hands back in the completion packet. Extending OVERLAPPED is
/// what leads from the packet to everything else. From the call to the completion it must neither move, nor be used
/// again.
struct Operation : OVERLAPPED {
    Operation() : OVERLAPPED{} {}
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    /// Its packet has come, on this worker's thread.
    virtual void completed(Worker& worker) = 0;

    void renew() { static_cast<OVERLAPPED&>(*this) = {}; }  // before each call

    /// How it ended: 0 or a Winsock error, and how many bytes were moved.
    int result(SOCKET socket, DWORD& bytes) {
        DWORD flags = 0;
        return ::WSAGetOverlappedResult(socket, this, &bytes, FALSE, &flags) ? 0 : ::WSAGetLastError();
    }

protected:
    ~Operation() = default;
};
