// first_server: the calls that every TCP server makes, and nothing around them. One client at a time, until Ctrl+C.
#include <winsock2.h>
#include <ws2tcpip.h>

#include <cstdio>
#include <cstdlib>

static int failed(const char* call) {
    std::fprintf(stderr, "%s failed: error %d\n", call, ::WSAGetLastError());
    return 1;
}

// Sends back what the client sends, until it has finished or is gone. The last argument of recv() and send() is for
// options, and 0 is none.
static void serve_client(SOCKET client) {
    char buffer[4096];
    for (;;) {
        const int got = ::recv(client, buffer, sizeof buffer, 0);  // waits until at least one byte is there
        if (got == 0 || got == SOCKET_ERROR) return;               // 0: the client has finished sending
        for (int sent = 0; sent < got;) {                          // send() may take only a part
            const int n = ::send(client, buffer + sent, got - sent, 0);
            if (n == SOCKET_ERROR) return;
            sent += n;
        }
    }
}

int main(int argc, char* argv[]) {
    WSADATA data;
    if (::WSAStartup(MAKEWORD(2, 2), &data) != 0) return 1;  // before any other call: we want Winsock 2.2

    const SOCKET listener = ::socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);  // IPv4, a stream of bytes, by TCP
    if (listener == INVALID_SOCKET) return failed("socket");
    const auto port = static_cast<u_short>(argc > 1 ? std::atoi(argv[1]) : 9000);
    sockaddr_in address{};  // of IPv4; htonl() and htons() turn numbers into the network's byte order
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);  // 127.0.0.1: only this machine can connect
    address.sin_port = ::htons(port);
    // bind() takes the addresses of all families, hence the cast to what they have in common.
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == SOCKET_ERROR)
        return failed("bind");
    if (::listen(listener, SOMAXCONN) == SOCKET_ERROR) return failed("listen");  // the backlog: as long as it may be
    std::printf("first_server listening on port %d\n", port);
    std::fflush(stdout);

    for (;;) {
        const SOCKET client =
            ::accept(listener, nullptr, nullptr);  // waits for a client; its address is of no interest
        if (client == INVALID_SOCKET) break;
        serve_client(client);
        ::closesocket(client);  // tells the client that we have finished, too (FIN)
    }
    failed("accept");
    ::closesocket(listener);
    ::WSACleanup();
    return 1;
}
