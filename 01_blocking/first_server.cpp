// first_server: the calls that every TCP server makes, and nothing around them. One client at a time, until Ctrl+C.
#include <winsock2.h>
#include <ws2tcpip.h>

#include <cstdio>
#include <cstdlib>

static int failed(const char* call) {
    std::fprintf(stderr, "%s failed: error %d\n", call, ::WSAGetLastError());
    return 1;
}

// Sends back what the client sends, until it has finished or is gone.
static void serve_client(SOCKET client) {
    char buffer[4096];
    for (;;) {
        const int got = ::recv(client, buffer, sizeof buffer, 0);  // waits until some bytes are there
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
    if (::WSAStartup(MAKEWORD(2, 2), &data) != 0) return 1;  // before any other call: Winsock 2.2

    const SOCKET listener = ::socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);  // IPv4 and TCP
    if (listener == INVALID_SOCKET) return failed("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);  // 127.0.0.1: only this machine can connect
    address.sin_port = ::htons(static_cast<u_short>(argc > 1 ? std::atoi(argv[1]) : 9000));  // in network byte order
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == SOCKET_ERROR)
        return failed("bind");
    if (::listen(listener, SOMAXCONN) == SOCKET_ERROR) return failed("listen");  // from here on clients can connect
    std::printf("first_server listening on port %d\n", ::ntohs(address.sin_port));
    std::fflush(stdout);

    for (;;) {
        const SOCKET client = ::accept(listener, nullptr, nullptr);  // waits until a client has come
        if (client == INVALID_SOCKET) break;
        serve_client(client);
        ::closesocket(client);  // tells the client that we have finished, too (FIN)
    }
    failed("accept");
    ::closesocket(listener);
    ::WSACleanup();
    return 1;
}
