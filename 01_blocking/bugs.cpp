// The classic bugs of blocking sockets, each beside the right way.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "common/app.h"
#include "common/testing/sockets.h"
#include "common/testing/test_client.h"
#include "common/winsock.h"

using namespace course;
using namespace std::chrono_literals;

namespace {

std::string receive_once(SOCKET socket) {
    std::array<char, 4096> buffer;
    const int got = ::recv(socket, buffer.data(), static_cast<int>(buffer.size()), 0);
    return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string{};
}

// A message ends where its semicolon is, not where a recv() ends.
std::vector<std::string> receive_messages(SOCKET socket, std::size_t count) {
    std::vector<std::string> messages(1);
    while (messages.size() <= count) {
        const std::string bytes = receive_once(socket);
        if (bytes.empty()) break;
        for (const char byte : bytes) {
            if (byte == ';')
                messages.emplace_back();
            else
                messages.back() += byte;
        }
    }
    messages.pop_back();  // what follows the last semicolon
    return messages;
}

std::size_t count_to_end(SOCKET socket) {
    std::size_t count = 0;
    std::vector<char> buffer(65536);
    for (int got; (got = ::recv(socket, buffer.data(), static_cast<int>(buffer.size()), 0)) > 0;)
        count += static_cast<std::size_t>(got);
    return count;
}

enum class Use { plain, shared, exclusive };

// Binds as a server would, and returns the error or 0.
int bind_to(UniqueSocket& socket, sockaddr_in address, Use use) {
    socket = UniqueSocket{::socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)};
    const BOOL on = TRUE;
    if (use != Use::plain)
        ::setsockopt(socket.get(), SOL_SOCKET, use == Use::shared ? SO_REUSEADDR : SO_EXCLUSIVEADDRUSE,
                     reinterpret_cast<const char*>(&on), sizeof on);
    return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ? ::WSAGetLastError() : 0;
}

// And listens. Not on every address: Windows' firewall would ask about it.
int listen_on(UniqueSocket& socket, const sockaddr_in& address, Use use) {
    const int error = bind_to(socket, address, use);
    if (error) return error;
    return ::listen(socket.get(), SOMAXCONN) ? ::WSAGetLastError() : 0;
}

sockaddr_in with_address(sockaddr_in address, u_long ip) {
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(ip);
    return address;
}

}  // namespace

SCENARIO("one recv is not one message") {
    GIVEN("a peer that has sent two messages, the second in two pieces") {
        const SocketPair pair = make_socket_pair();
        REQUIRE(::send(pair.client.get(), "one;", 4, 0) == 4);
        REQUIRE(::send(pair.client.get(), "tw", 2, 0) == 2);
        REQUIRE(eventually([&] { return unread_bytes(pair.server.get()) == 6; }));
        WHEN("each recv is taken for a message") {
            const std::string first = receive_once(pair.server.get());
            REQUIRE(::send(pair.client.get(), "o;", 2, 0) == 2);
            const std::string second = receive_once(pair.server.get());
            THEN("they come glued together and torn apart") {
                CHECK(first == "one;tw");
                CHECK(second == "o;");
            }
        }
        WHEN("the receiver looks for the end of each message in the stream") {
            REQUIRE(::send(pair.client.get(), "o;", 2, 0) == 2);
            THEN("it gets what was meant") {
                CHECK(receive_messages(pair.server.get(), 2) == std::vector<std::string>{"one", "two"});
            }
        }
    }
}

SCENARIO("a send whose result is ignored loses bytes") {
    GIVEN("a peer that does not read yet, and a socket that does not block") {
        SocketPair pair = make_socket_pair();
        make_non_blocking(pair.server.get());
        const std::vector<char> piece(256 * 1024);
        const int size = static_cast<int>(piece.size());
        WHEN("64 pieces are sent, and nobody looks at what send() returns") {
            for (int i = 0; i < 64; ++i) ::send(pair.server.get(), piece.data(), size, 0);
            ::shutdown(pair.server.get(), SD_SEND);
            THEN("the peer never gets some of them") { CHECK(count_to_end(pair.client.get()) < 64 * piece.size()); }
        }
        WHEN("a loop sends the rest of each piece when there is room again") {
            std::size_t arrived = 0;
            std::thread reader{[&] { arrived = count_to_end(pair.client.get()); }};
            for (int i = 0; i < 64; ++i) {
                for (int sent = 0; sent < size;) {
                    const int n = ::send(pair.server.get(), piece.data() + sent, size - sent, 0);
                    if (n > 0) sent += n;
                    WSAPOLLFD room{pair.server.get(), POLLWRNORM, 0};
                    if (n == SOCKET_ERROR) ::WSAPoll(&room, 1, -1);
                }
            }
            ::shutdown(pair.server.get(), SD_SEND);
            reader.join();
            THEN("all of them arrive") { CHECK(arrived == 64 * piece.size()); }
        }
    }
}

SCENARIO("closing with unread bytes resets the peer") {
    GIVEN("a client, and a server that has answered but not read everything") {
        const UniqueSocket listener = open_listener("127.0.0.1", 0);
        TestClient client{::ntohs(address_of(listener.get()).sin_port)};
        UniqueSocket server{::accept(listener.get(), nullptr, nullptr)};
        client.send("a question, and more that nobody reads");
        REQUIRE(eventually([&] { return unread_bytes(server.get()) > 0; }));
        REQUIRE(::send(server.get(), "answer", 6, 0) == 6);
        WHEN("it closes the socket at once") {
            server.reset();
            THEN("the client gets a reset where the end should be") {
                CHECK_THROWS_AS(client.receive_to_end(), ConnectionLost);
            }
        }
        WHEN("it sends its FIN, reads to the client's, and closes then") {
            ::shutdown(server.get(), SD_SEND);
            const std::string answer = client.receive_to_end();
            client.finish_sending();
            count_to_end(server.get());
            server.reset();
            THEN("the client has the answer and a proper end") {
                CHECK(answer == "answer");
                CHECK(client.receive_to_end().empty());
            }
        }
    }
}

SCENARIO("a port shared by SO_REUSEADDR belongs to nobody") {
    GIVEN("a server that set SO_REUSEADDR, as one does on Unix") {
        UniqueSocket server, intruder;
        REQUIRE(listen_on(server, with_address({}, INADDR_LOOPBACK), Use::shared) == 0);
        const sockaddr_in address = address_of(server.get());
        WHEN("another program sets it, too") {
            const int error = listen_on(intruder, address, Use::shared);
            if (running_under_wine()) SKIP("Wine: Linux refuses a second listener on the port");
            THEN("both listen on one port, and who gets a client is undefined") { CHECK(error == 0); }
        }
    }
    GIVEN("a server that set nothing and is bound to every address") {
        UniqueSocket server, intruder;
        REQUIRE(bind_to(server, with_address({}, INADDR_ANY), Use::plain) == 0);
        WHEN("another program of the same user binds one of the addresses") {
            const int error = listen_on(intruder, with_address(address_of(server.get()), INADDR_LOOPBACK), Use::plain);
            if (running_under_wine()) SKIP("Wine: Linux refuses to bind an address that the wildcard covers");
            THEN("that address is the other one's now") { CHECK(error == 0); }
        }
    }
}

SCENARIO("SO_EXCLUSIVEADDRUSE keeps a port to its server") {
    GIVEN("a server that set SO_EXCLUSIVEADDRUSE before bind to every address") {
        UniqueSocket server, intruder;
        REQUIRE(bind_to(server, with_address({}, INADDR_ANY), Use::exclusive) == 0);
        const sockaddr_in address = with_address(address_of(server.get()), INADDR_LOOPBACK);
        WHEN("another program binds one of the addresses, whatever it sets") {
            THEN("it is refused") {
                for (const Use use : {Use::plain, Use::shared, Use::exclusive}) {
                    const int error = listen_on(intruder, address, use);
                    CHECK((error == WSAEACCES || error == WSAEADDRINUSE));
                }
            }
        }
    }
}
