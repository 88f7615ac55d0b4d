// An echo server with a fault of your choice, to see that the contract's tests catch it. Without a fault it is a good
// one. A thread per client, sharing no line with the servers of the course.

// clang-format off
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
// clang-format on

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <exception>
#include <list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#ifndef SOMAXCONN_HINT  // MinGW-w64 lacks it
#define SOMAXCONN_HINT(b) (-(b))
#endif

namespace course {

namespace {

using Clock = std::chrono::steady_clock;

struct Faults {
    bool drop_byte = false;            // the millionth byte of a connection is not echoed
    bool reset_on_half_close = false;  // all is echoed, but then comes a reset in place of FIN
    bool ignore_stop = false;          // the end of stdin changes nothing
    bool unbounded_buffer = false;     // reads on, however much waits to be sent
    bool lose_tail = false;            // at the client's FIN, what is not yet echoed is forgotten
    bool one_at_a_time = false;        // a client waits until the one before it has left
    bool nagle = false;                // an echo leaves in several sends, and TCP_NODELAY is not set
    bool leak = false;                 // a buffer and a handle stay of each client
};

Faults parse_fault(std::string_view name) {
    Faults faults;
    if (name == "drop-byte")
        faults.drop_byte = true;
    else if (name == "reset-on-half-close")
        faults.reset_on_half_close = true;
    else if (name == "ignore-stop")
        faults.ignore_stop = true;
    else if (name == "unbounded-buffer")
        faults.unbounded_buffer = true;
    else if (name == "lose-tail")
        faults.lose_tail = true;
    else if (name == "one-at-a-time")
        faults.one_at_a_time = true;
    else if (name == "nagle")
        faults.nagle = true;
    else if (name == "leak")
        faults.leak = true;
    else if (name != "none")
        throw std::invalid_argument("unknown fault");
    return faults;
}

class Client {
public:
    Client(SOCKET socket, const Faults& faults) : socket_(socket), faults_(faults) {
        u_long on = 1;
        ::ioctlsocket(socket_, static_cast<long>(FIONBIO), &on);
        const BOOL no_delay = faults_.nagle ? FALSE : TRUE;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&no_delay), sizeof no_delay);
    }
    ~Client() {
        if (thread.joinable()) thread.join();
        close();
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void serve(const std::atomic<bool>& time_up) {
        constexpr int look = 200;  // ms; how often it looks whether the time is up
        while (!time_up && alive()) {
            WSAPOLLFD poll{socket_, static_cast<short>((may_read() ? POLLRDNORM : 0) | (waiting() ? POLLWRNORM : 0)),
                           0};
            ::WSAPoll(&poll, 1, look);
            if (poll.revents == 0) continue;
            while (may_read() && read_some()) continue;
            if (faults_.lose_tail && finish_is_next()) read_some();  // even where the limit of the queue is reached
            while (waiting() && write_some()) continue;
        }
        if (faults_.leak) leak();
        close();
        over = true;
    }

    std::atomic<bool> over = false;
    std::thread thread;

private:
    [[nodiscard]] bool alive() const { return !broken_ && (!peer_finished_ || waiting()); }
    [[nodiscard]] bool waiting() const { return !queue_.empty(); }
    [[nodiscard]] bool may_read() const {
        return !broken_ && !peer_finished_ && (faults_.unbounded_buffer || queue_.size() < 4);
    }

    bool finish_is_next() {
        char byte = 0;
        return !broken_ && !peer_finished_ && ::recv(socket_, &byte, 1, MSG_PEEK) == 0;
    }

    bool read_some() {
        const int got = ::recv(socket_, buffer_.data(), static_cast<int>(buffer_.size()), 0);
        if (got == SOCKET_ERROR) return fail();
        if (got == 0) {
            peer_finished_ = true;
            if (faults_.lose_tail) queue_.clear(), sent_ = 0;
            return false;
        }
        const std::uint64_t before = received_;
        received_ += static_cast<std::uint64_t>(got);
        std::string block(buffer_.data(), static_cast<std::size_t>(got));
        constexpr std::uint64_t million = 1'000'000;
        if (faults_.drop_byte && before < million && received_ >= million) block.pop_back();
        if (!block.empty()) queue_.push_back(std::move(block));
        return true;
    }

    bool write_some() {
        const std::string& block = queue_.front();
        std::size_t size = block.size() - sent_;
        if (faults_.nagle && sent_ == 0) size = (size + 1) / 2;
        const int sent = ::send(socket_, block.data() + sent_, static_cast<int>(size), 0);
        if (sent == SOCKET_ERROR) return fail();
        sent_ += static_cast<std::size_t>(sent);
        if (sent_ == block.size()) queue_.pop_front(), sent_ = 0;
        return true;
    }

    bool fail() {
        if (::WSAGetLastError() != WSAEWOULDBLOCK) broken_ = true;
        return false;
    }

    void close() {
        if (socket_ == INVALID_SOCKET) return;
        const linger now{1, 0};  // closing with it sends a reset
        if (peer_finished_ && faults_.reset_on_half_close)
            ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, reinterpret_cast<const char*>(&now), sizeof now);
        else
            ::shutdown(socket_, SD_SEND);
        ::closesocket(socket_);
        socket_ = INVALID_SOCKET;
    }

    static void leak() {
        static std::list<std::string> kept;
        static std::atomic_flag busy;
        while (busy.test_and_set()) std::this_thread::yield();
        kept.emplace_back(8192, 'x');
        busy.clear();
        ::CreateEventW(nullptr, FALSE, FALSE, nullptr);
    }

    SOCKET socket_;
    const Faults& faults_;
    std::array<char, 16384> buffer_{};
    // What is to be echoed; of the first block, sent_ bytes have been. Blocks, since one long string that grows is
    // copied each time: a pause of more than a second, in which the server looks as if it had stopped reading.
    std::deque<std::string> queue_;
    std::size_t sent_ = 0;
    std::uint64_t received_ = 0;
    bool peer_finished_ = false, broken_ = false;
};

// Wine 10 pretends that a non-blocking send took everything, and loses the rest if the socket receives before that has
// left. A good server reads no more then; with this fault it does, so rules on long streams break that it should not
// break. What is printed here is shown with the failure, and tells CTest that this test was skipped, and why.
void excuse_wine(const Faults& faults) {
    const HMODULE ntdll = ::GetModuleHandleW(L"ntdll.dll");
    void* const version = ntdll ? reinterpret_cast<void*>(::GetProcAddress(ntdll, "wine_get_version")) : nullptr;
    if (!faults.unbounded_buffer || !version) return;
    if (std::stoi(reinterpret_cast<const char* (*)()>(version)()) < 10) return;
    std::fputs("unbounded-buffer: Skipped\nWine 10 loses bytes of a socket that receives while a send is short\n",
               stderr);
    std::fflush(stderr);
}

std::atomic<bool> input_ended = false;

void watch_input() {
    while (std::getchar() != EOF) continue;
    input_ended = true;
}

int serve(std::uint16_t port, const Faults& faults) {
    const SOCKET listener = ::socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    sockaddr_in address{};
    int size = sizeof address;
    address.sin_family = AF_INET;
    address.sin_port = ::htons(port);
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    const auto generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener, generic, size) || ::listen(listener, SOMAXCONN_HINT(65535)) ||
        ::getsockname(listener, generic, &size)) {
        std::fprintf(stderr, "no listener: %d\n", ::WSAGetLastError());
        return 1;
    }
    std::printf("broken_server listening on 127.0.0.1:%d\n", ::ntohs(address.sin_port));
    std::fflush(stdout);

    std::atomic<bool> time_up = false;
    std::list<Client> clients;
    const auto stopping = [&] { return input_ended && !faults.ignore_stop; };
    std::thread input{watch_input};
    while (!stopping()) {
        WSAPOLLFD poll{listener, POLLRDNORM, 0};
        if (::WSAPoll(&poll, 1, 20) <= 0) continue;
        const SOCKET socket = ::accept(listener, nullptr, nullptr);
        clients.remove_if([](const Client& c) { return c.over.load(); });
        if (socket == INVALID_SOCKET) continue;
        Client& client = clients.emplace_back(socket, faults);
        if (faults.one_at_a_time)
            client.serve(input_ended);
        else
            client.thread = std::thread{[&] { client.serve(time_up); }};
    }
    ::closesocket(listener);
    const auto deadline = Clock::now() + std::chrono::seconds{2};
    while (Clock::now() < deadline &&
           clients.remove_if([](const Client& c) { return c.over.load(); }) + clients.size() > 0)
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    time_up = true;
    clients.clear();
    input.join();
    return 0;
}

int run(int argc, char** argv) try {
    WSADATA data{};
    if (::WSAStartup(MAKEWORD(2, 2), &data)) return 1;
    std::uint16_t port = 9000;
    Faults faults;
    for (int i = 1; i < argc; ++i) {
        const std::string_view option = argv[i];
        if (option == "--stop-on-eof") continue;
        if (i + 1 == argc) throw std::invalid_argument("a value is missing");
        const std::string value = argv[++i];
        if (option == "--port")
            port = static_cast<std::uint16_t>(std::stoul(value));
        else if (option == "--fault")
            faults = parse_fault(value);
        else
            throw std::invalid_argument("unknown option");
    }
    excuse_wine(faults);
    return serve(port, faults);
} catch (const std::exception& error) {
    std::fprintf(stderr,
                 "%s\nusage: broken_server [--port N] [--stop-on-eof] [--fault FAULT]\nFAULT: none, drop-byte, "
                 "reset-on-half-close, "
                 "ignore-stop, unbounded-buffer, lose-tail, one-at-a-time, nagle, leak\n",
                 error.what());
    return 2;
}

}  // namespace

}  // namespace course

int main(int argc, char** argv) { return course::run(argc, argv); }
