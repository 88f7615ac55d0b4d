// Whole runs against servers that misbehave in a known way: is everything seen, and nothing that is not so?

#include "common/tools/load/load.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/tools/load/report.h"
#include "common/tools/load/visits.h"

namespace course {
namespace {

using asio::ip::tcp;

/// An echo server that passes what it received through `spoil` first. An empty result closes the connection.
class SpoilingServer {
public:
    using Spoil = std::function<std::string(int client, std::string bytes)>;

    explicit SpoilingServer(Spoil spoil) : spoil_(std::move(spoil)) {
        accept();
        thread_ = std::thread([this] { context_.run(); });
    }
    ~SpoilingServer() {
        context_.stop();
        thread_.join();
    }
    SpoilingServer(const SpoilingServer&) = delete;
    SpoilingServer& operator=(const SpoilingServer&) = delete;

    [[nodiscard]] LoadSettings settings(std::size_t clients) {
        LoadSettings settings;
        settings.port = acceptor_.local_endpoint().port();
        settings.clients = clients;
        settings.connect_limit = Seconds{0.5};
        settings.warm_up = Seconds{0.05};
        settings.seconds = Seconds{0.25};
        settings.finish_limit = Seconds{0.5};
        return settings;
    }

private:
    struct Connection {
        tcp::socket socket;
        int number;
        std::array<char, 4096> buffer{};
        std::string outgoing{};
    };

    void accept() {
        acceptor_.async_accept([this](asio::error_code error, tcp::socket socket) {
            if (error) return;
            receive(std::make_shared<Connection>(std::move(socket), next_++));
            accept();
        });
    }
    void receive(const std::shared_ptr<Connection>& c) {
        c->socket.async_read_some(asio::buffer(c->buffer), [this, c](asio::error_code error, std::size_t size) {
            if (error) return;
            c->outgoing = spoil_(c->number, std::string(c->buffer.data(), size));
            if (c->outgoing.empty()) return;
            asio::async_write(c->socket, asio::buffer(c->outgoing), [this, c](asio::error_code failed, std::size_t) {
                if (!failed) receive(c);
            });
        });
    }

    Spoil spoil_;
    asio::io_context context_;
    tcp::acceptor acceptor_{context_, {asio::ip::address_v4::loopback(), 0}};
    int next_ = 0;
    std::thread thread_;
};

std::string echo(int, std::string bytes) { return bytes; }

TEST(Load, HasNothingToSayAgainstAGoodServer) {
    SpoilingServer server(echo);
    const LoadReport report = run_load(server.settings(20));
    EXPECT_EQ(errors_in_words(report), "none");
    EXPECT_EQ(report.unserved, 0u);
    EXPECT_GT(report.echoes, 20u);
    EXPECT_EQ(report.latency.count(), report.echoes);
    EXPECT_GE(report.seconds, 0.25);
    EXPECT_LE(report.least_echoes, report.median_echoes);
    EXPECT_LE(report.median_echoes, report.most_echoes);
    EXPECT_GE(report.longest_wait, report.latency.quantile(0.999));
}

TEST(Visits, EachIsAConnectAnEchoAndAGoodEnd) {
    SpoilingServer server(echo);
    const LoadReport report = run_visits(server.settings(4));
    EXPECT_EQ(errors_in_words(report), "none");
    EXPECT_EQ(report.unserved, 0u);
    EXPECT_GT(report.echoes, 4u);
    EXPECT_EQ(report.latency.count(), report.echoes);
    EXPECT_EQ(report.bytes, report.echoes * server.settings(4).size);
}

TEST(Visits, WrongBytesAndMissingOnesAreErrors) {
    SpoilingServer wrong([](int client, std::string bytes) {
        if (client == 1) bytes.back() ^= 1;
        return bytes;
    });
    EXPECT_EQ(errors_in_words(run_visits(wrong.settings(4))), "1 mismatch");
    SpoilingServer closing([](int client, std::string bytes) { return client == 1 ? std::string{} : bytes; });
    EXPECT_EQ(run_visits(closing.settings(4)).error_count(), 1u);
    SpoilingServer silent([](int client, std::string bytes) {  // one byte is never echoed
        if (client == 1) bytes.pop_back();
        return bytes;
    });
    const LoadReport report = run_visits(silent.settings(4));
    EXPECT_EQ(errors_in_words(report), "1 timeout");
}

TEST(Load, TakesMessagesLargerThanATransferAndManyAtOnce) {
    SpoilingServer server(echo);
    LoadSettings settings = server.settings(3);
    settings.size = 100'001;
    settings.depth = 3;
    const LoadReport large = run_load(settings);
    EXPECT_EQ(errors_in_words(large), "none");
    EXPECT_GT(large.echoes, 0u);
    settings.size = 1;
    settings.depth = 100;
    settings.idle = 10;
    const LoadReport small = run_load(settings);
    EXPECT_EQ(errors_in_words(small), "none");
    EXPECT_GT(small.echoes, 100u);
}

TEST(Load, CallsBackAtBothEndsOfTheWindow) {
    SpoilingServer server(echo);
    LoadSettings settings = server.settings(1);
    std::string calls;
    settings.on_window_begins = [&] { calls += "b"; };
    settings.on_window_ends = [&] { calls += "e"; };
    run_load(settings);
    EXPECT_EQ(calls, "be");
}

TEST(Load, CountsEveryClientWhoseBytesAreWrong) {
    // Servers whose first two clients get back what `change` makes of their bytes.
    const auto spoiling = [](std::function<void(std::string&)> change) {
        return [change](int client, std::string bytes) {
            if (client < 2) change(bytes);
            return bytes;
        };
    };
    struct Case {
        const char* name;
        SpoilingServer::Spoil spoil;
        const char* errors;
    };
    const std::vector<Case> cases = {
        {"lost", spoiling([](std::string& bytes) { bytes.erase(10, 1); }), "2 mismatch"},
        {"doubled", spoiling([](std::string& bytes) { bytes.insert(10, 1, bytes[10]); }), "2 mismatch"},
        {"changed", spoiling([](std::string& bytes) { bytes[10] = static_cast<char>(~bytes[10]); }), "2 mismatch"},
        {"turned", spoiling([](std::string& bytes) { std::rotate(bytes.begin(), bytes.begin() + 8, bytes.end()); }),
         "2 mismatch"},
        {"too many", spoiling([](std::string& bytes) { bytes += bytes; }), "2 mismatch"},
        {"tail lost", spoiling([](std::string& bytes) { bytes.pop_back(); }), "2 timeout"},
    };
    for (const Case& c : cases) {
        SpoilingServer server(c.spoil);
        const LoadReport report = run_load(server.settings(5));
        EXPECT_EQ(errors_in_words(report), c.errors) << c.name;
        EXPECT_EQ(report.unserved, 2u) << c.name;
    }
}

TEST(Load, CountsClientsThatGetNoEcho) {
    SpoilingServer server([&](int client, std::string bytes) { return client == 0 ? std::string() : bytes; });
    const LoadReport report = run_load(server.settings(5));
    EXPECT_EQ(report.unserved, 1u);
    EXPECT_EQ(report.least_echoes, 0u);
}

TEST(Load, SeesAClosedConnection) {
    SpoilingServer server([n = 0](int, std::string bytes) mutable { return ++n > 50 ? std::string() : bytes; });
    const LoadReport report = run_load(server.settings(2));
    EXPECT_EQ(report.error_count(), 2u) << errors_in_words(report);
    EXPECT_EQ(report.errors.count("eof") + report.errors.count("reset"), 1u) << errors_in_words(report);
}

TEST(Load, CountsWhoCannotConnect) {
    std::uint16_t port = 0;
    {
        SpoilingServer server(echo);
        port = server.settings(1).port;
    }
    LoadSettings settings;
    settings.port = port;
    settings.clients = 3;
    settings.connect_limit = Seconds{1};
    settings.warm_up = settings.seconds = Seconds{0.05};
    const LoadReport report = run_load(settings);
    EXPECT_EQ(errors_in_words(report), "3 connect");
    EXPECT_EQ(report.unserved, 3u);
}

}  // namespace
}  // namespace course
