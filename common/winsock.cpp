#include "common/winsock.h"

#include <cstddef>
#include <string>
#include <string_view>

#include "common/error.h"

WinsockSession::WinsockSession() {
    WSADATA data{};
    if (const int error = ::WSAStartup(MAKEWORD(2, 2), &data)) throw_error("WSAStartup", error);
}

UniqueEvent::UniqueEvent(Reset reset)
    : UniqueHandle(::CreateEventW(nullptr, reset == Reset::manual ? TRUE : FALSE, FALSE, nullptr)) {
    if (!get()) throw_error("CreateEvent");
}

int address_family_of(SOCKET socket) {
    WSAPROTOCOL_INFOW info{};
    int size = sizeof info;
    if (::getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info), &size) == SOCKET_ERROR)
        throw_error("getsockopt");
    return info.iAddressFamily;
}

UniqueSocket make_socket(int address_family) {
    UniqueSocket socket{::WSASocketW(address_family, SOCK_STREAM, IPPROTO_TCP, nullptr, 0,
                                     WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT)};
    if (!socket) throw_error("WSASocket");
    return socket;
}

std::string to_utf8(std::wstring_view wide) {
    const int length = static_cast<int>(wide.size());
    const int size = ::WideCharToMultiByte(CP_UTF8, 0, wide.data(), length, nullptr, 0, nullptr, nullptr);
    std::string text(static_cast<std::size_t>(size), '\0');
    ::WideCharToMultiByte(CP_UTF8, 0, wide.data(), length, text.data(), size, nullptr, nullptr);
    return text;
}
