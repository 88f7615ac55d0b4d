#include "common/testing/test_client.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace course {

namespace {

using Clock = std::chrono::steady_clock;

// Started once, ended with the process.
void use_winsock() {
    static const int error = [] {
        WSADATA data{};
        return ::WSAStartup(MAKEWORD(2, 2), &data);
    }();
    if (error) throw std::system_error(error, std::system_category(), "WSAStartup");
}

std::string numbered(const char* what, int error) {
    return std::string(what) + " failed with " + std::to_string(error);
}

[[noreturn]] void throw_reset() { throw ConnectionLost("the connection was reset"); }

[[noreturn]] void throw_lost(const char* what, int error = ::WSAGetLastError()) {
    switch (error) {
        case WSAECONNRESET:
            throw_reset();
        case WSAECONNABORTED:
        case WSAENETRESET:
        case WSAECONNREFUSED:
        case WSAESHUTDOWN:
            throw ConnectionLost(numbered(what, error));
        default:
            throw std::system_error(error, std::system_category(), numbered(what, error));
    }
}

int milliseconds_until(Clock::time_point deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    return static_cast<int>(std::max<decltype(left)>(left, 0));
}

void bind_to(SOCKET socket, const std::string& source) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (::inet_pton(AF_INET, source.c_str(), &address.sin_addr) != 1)
        throw std::invalid_argument("\"" + source + "\" is no IPv4 address");
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address)) throw_lost("bind");
}

// Not WSAPoll: on older Windows it does not report a failed connect.
bool wait_for_connect(SOCKET socket, Clock::time_point deadline) {
    const auto writable = std::make_unique<fd_set>(), failed = std::make_unique<fd_set>();
    FD_ZERO(writable.get());
    FD_ZERO(failed.get());
    FD_SET(socket, writable.get());
    FD_SET(socket, failed.get());
    const int left = milliseconds_until(deadline);
    timeval patience{left / 1000, left % 1000 * 1000};
    return ::select(0, nullptr, writable.get(), failed.get(), &patience) > 0;
}

}  // namespace

TestClient::TestClient(std::uint16_t port, const Settings& settings) : patience_(settings.patience) {
    use_winsock();
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(settings.address.c_str(), std::to_string(port).c_str(), &hints, &found))
        throw std::system_error(error, std::system_category(), "getaddrinfo " + settings.address);
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> address{found, ::freeaddrinfo};

    socket_ = ::WSASocketW(found->ai_family, SOCK_STREAM, IPPROTO_TCP, nullptr, 0,
                           WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (socket_ == INVALID_SOCKET) throw_lost("WSASocket");
    try {
        u_long on = 1;
        if (::ioctlsocket(socket_, static_cast<long>(FIONBIO), &on)) throw_lost("ioctlsocket");
        if (settings.receive_buffer > 0)
            ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, reinterpret_cast<const char*>(&settings.receive_buffer),
                         sizeof settings.receive_buffer);
        if (!settings.source.empty()) bind_to(socket_, settings.source);
        // Small pieces are to travel as they are sent, or the server would never see them as such.
        const BOOL no_delay = TRUE;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&no_delay), sizeof no_delay);
        if (::connect(socket_, found->ai_addr, static_cast<int>(found->ai_addrlen)) == SOCKET_ERROR) {
            if (::WSAGetLastError() != WSAEWOULDBLOCK) throw_lost("connect");
            if (!wait_for_connect(socket_, Clock::now() + patience_))
                throw TimedOut("the connection was not made in time");
            int error = 0, size = sizeof error;
            if (::getsockopt(socket_, SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&error), &size))
                throw_lost("getsockopt");
            if (error) throw_lost("connect", error);
        }
    } catch (...) {  // the destructor will not run
        close();
        throw;
    }
}

std::size_t TestClient::try_send(std::string_view bytes) {
    const int size = static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20));
    const int sent = ::send(socket_, bytes.data(), size, 0);
    if (sent != SOCKET_ERROR) return static_cast<std::size_t>(sent);
    if (::WSAGetLastError() != WSAEWOULDBLOCK) throw_lost("send");
    return 0;
}

std::optional<std::size_t> TestClient::try_receive(std::span<char> into) {
    const int size = static_cast<int>(std::min<std::size_t>(into.size(), 1 << 20));
    const int got = ::recv(socket_, into.data(), size, 0);
    if (got == 0) {
        // Wine returns 0 for a reset as well; its WSAPoll knows better.
        WSAPOLLFD poll{socket_, POLLRDNORM, 0};
        if (::WSAPoll(&poll, 1, 0) > 0 && (poll.revents & POLLERR)) throw_reset();
    }
    if (got != SOCKET_ERROR) return static_cast<std::size_t>(got);
    if (::WSAGetLastError() != WSAEWOULDBLOCK) throw_lost("recv");
    return std::nullopt;
}

bool TestClient::wait(short events, Clock::time_point deadline) const {
    WSAPOLLFD poll{socket_, events, 0};
    const int ready = ::WSAPoll(&poll, 1, milliseconds_until(deadline));
    if (ready == SOCKET_ERROR) throw_lost("WSAPoll");
    return ready > 0;
}

void TestClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        if (!wait(POLLWRNORM, Clock::now() + patience_)) throw TimedOut("the server did not take bytes in time");
        bytes.remove_prefix(try_send(bytes));
    }
}

std::size_t TestClient::receive_some(std::span<char> into) {
    const auto deadline = Clock::now() + patience_;
    for (;;) {
        if (const auto got = try_receive(into)) return *got;
        if (!wait(POLLRDNORM, deadline)) throw TimedOut("nothing came from the server in time");
    }
}

std::string TestClient::receive(std::size_t count) {
    std::string bytes(count, '\0');
    for (std::size_t received = 0; received < count;) {
        const std::size_t got = receive_some({bytes.data() + received, count - received});
        if (got == 0)
            throw ConnectionLost("the server sent FIN after " + std::to_string(received) + " of " +
                                 std::to_string(count) + " bytes");
        received += got;
    }
    return bytes;
}

std::string TestClient::exchange(std::string_view bytes) {
    send(bytes);
    return receive(bytes.size());
}

std::string TestClient::receive_to_end() {
    std::string bytes;
    std::array<char, 16384> buffer;
    while (const std::size_t got = receive_some(buffer)) bytes.append(buffer.data(), got);
    return bytes;
}

void TestClient::expect_closed() try { receive_to_end(); } catch (const ConnectionLost&) {
    return;
}

void TestClient::finish_sending() {
    if (::shutdown(socket_, SD_SEND) == SOCKET_ERROR) throw_lost("shutdown");
}

void TestClient::reset() {
    const linger now{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, reinterpret_cast<const char*>(&now), sizeof now);
    close();
}

void TestClient::close() {
    if (socket_ != INVALID_SOCKET) ::closesocket(std::exchange(socket_, INVALID_SOCKET));
}

int wine_version() {
    const HMODULE ntdll = ::GetModuleHandleW(L"ntdll.dll");
    void* const found = ntdll ? reinterpret_cast<void*>(::GetProcAddress(ntdll, "wine_get_version")) : nullptr;
    return found ? std::stoi(reinterpret_cast<const char* (*)()>(found)()) : 0;
}

bool running_under_wine() { return wine_version() != 0; }

}  // namespace course
