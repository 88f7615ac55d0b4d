#include "common/winsock.h"

#include <array>
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

UniqueSocket make_socket_like(SOCKET other) { return make_socket(address_family_of(other)); }

UniqueHandle this_thread() {
    const HANDLE process = ::GetCurrentProcess();
    HANDLE thread = nullptr;
    if (!::DuplicateHandle(process, ::GetCurrentThread(), process, &thread, 0, FALSE, DUPLICATE_SAME_ACCESS))
        throw_error("DuplicateHandle");
    return UniqueHandle{thread};
}

std::string to_string(const sockaddr_storage& address) {
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> port{};
    if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), sizeof address, host.data(),
                      static_cast<DWORD>(host.size()), port.data(), static_cast<DWORD>(port.size()),
                      NI_NUMERICHOST | NI_NUMERICSERV))
        return "unknown";
    const std::string name = host.data();
    return (address.ss_family == AF_INET6 ? "[" + name + "]" : name) + ":" + port.data();
}

std::string to_utf8(std::wstring_view wide) {
    const int length = static_cast<int>(wide.size());
    const int size = ::WideCharToMultiByte(CP_UTF8, 0, wide.data(), length, nullptr, 0, nullptr, nullptr);
    std::string text(static_cast<std::size_t>(size), '\0');
    ::WideCharToMultiByte(CP_UTF8, 0, wide.data(), length, text.data(), size, nullptr, nullptr);
    return text;
}
