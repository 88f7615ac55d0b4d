#include "common/listener.h"

#include <string>

#include "common/error.h"

#ifndef SOMAXCONN_HINT  // MinGW-w64 lacks it
#define SOMAXCONN_HINT(b) (-(b))
#endif

UniqueSocket open_listener(const std::string& address, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const std::string where = " " + address + " port " + std::to_string(port);
    if (const int error = ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found))
        throw_error(("getaddrinfo" + where).c_str(), error);
    const Finally release{[&] { ::freeaddrinfo(found); }};

    UniqueSocket socket = make_socket(found->ai_family);
    const BOOL on = TRUE;  // or another program could bind the same port beside us and take our clients
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_EXCLUSIVEADDRUSE, reinterpret_cast<const char*>(&on), sizeof on) ==
        SOCKET_ERROR)
        throw_error("setsockopt SO_EXCLUSIVEADDRUSE");
    if (::bind(socket.get(), found->ai_addr, static_cast<int>(found->ai_addrlen)) == SOCKET_ERROR) {
        const int error = last_error();  // for both reasons see "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE"
        const bool taken = error == WSAEADDRINUSE || error == WSAEACCES;
        const char* const why =
            " (another program listens there, see netstat -ano; or old connections are still closing)";
        throw_error(("bind" + where + (taken ? why : "")).c_str(), error);
    }
    // The hint asks for a backlog of so many; SOMAXCONN alone would be about 200 ("listen function").
    if (::listen(socket.get(), SOMAXCONN_HINT(65535)) == SOCKET_ERROR) throw_error("listen");
    return socket;
}
