// asio_echo: the yardstick. What a widely used library, one thread and no tuning reach on the same machine.
// It takes of the course's contract what compare needs, and --busy, which slows it on purpose to try the instrument.

#include <CLI/CLI.hpp>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/tools/load/own_process.h"
#include "common/tools/load/text.h"
#ifdef _WIN32
#include "common/stats.h"
#include "common/trace/trace.h"
#include "common/winsock.h"
#else
#include <fstream>
#endif

namespace course {

namespace {

using asio::ip::tcp;
using Microseconds = std::chrono::microseconds;

std::uint64_t g_clients = 0, g_bytes = 0;  // there is one thread

void work_for(Microseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (time.count() > 0 && std::chrono::steady_clock::now() < end) {
    }
}

struct Settings {
    Microseconds busy{};
    std::size_t buffer = 4096;
};

struct Connection : std::enable_shared_from_this<Connection> {
    Connection(tcp::socket s, const Settings& settings)
        : socket(std::move(s)), busy(settings.busy), buffer(settings.buffer) {
        ++g_clients;
    }

    void receive() {
        socket.async_read_some(asio::buffer(buffer),
                               [self = shared_from_this()](asio::error_code error, std::size_t got) {
            if (!error) self->echo(got);  // at the end of the stream, the last reference closes the socket
        });
    }

    void echo(std::size_t size) {
        g_bytes += size;
        work_for(busy);
        asio::async_write(socket, asio::buffer(buffer, size),
                          [self = shared_from_this()](asio::error_code error, std::size_t) {
            if (!error) self->receive();
        });
    }

    tcp::socket socket;
    Microseconds busy;
    std::vector<char> buffer;
};

void accept(tcp::acceptor& acceptor, const Settings& settings) {
    acceptor.async_accept([&](asio::error_code error, tcp::socket socket) {
        if (!error) {
            asio::error_code ignored;
            // A message longer than the buffer is echoed in pieces: none shall wait until the one before is
            // acknowledged.
            socket.set_option(tcp::no_delay(true), ignored);
            std::make_shared<Connection>(std::move(socket), settings)->receive();
        }
        if (acceptor.is_open()) accept(acceptor, settings);
    });
}

#ifdef _WIN32
/// Samples and writes what --stats asks for, as the course's servers do: by the same code, as rarely, on a thread of
/// its own. What is measured of one must not cost the other less.
class Sampler {
public:
    explicit Sampler(const std::string& file) : stats_(path_from_utf8(file)) {}
    ~Sampler() {
        ::SetEvent(over_.get());
        thread_.join();
        stats_.write("asio_echo", g_clients, g_bytes);
    }
    Sampler(const Sampler&) = delete;
    Sampler& operator=(const Sampler&) = delete;

private:
    Stats stats_;
    UniqueEvent over_;
    std::thread thread_{[this] {
        do stats_.sample();
        while (::WaitForSingleObject(over_.get(), 500) == WAIT_TIMEOUT);
    }};
};
#else
class Sampler {
public:
    explicit Sampler(const std::string& file) : out_(path_from_utf8(file)) {}
    ~Sampler() {
        out_ << "{\"server\": \"asio_echo\", \"clients_served\": " << g_clients << ", \"bytes_echoed\": " << g_bytes
             << ", \"cpu_seconds\": " << own_cpu_seconds() << ", \"peak_memory_bytes\": " << own_peak_memory_bytes()
             << ", \"peak_threads\": null, \"peak_handles\": null}\n";
    }
    Sampler(const Sampler&) = delete;
    Sampler& operator=(const Sampler&) = delete;

private:
    std::ofstream out_;
};
#endif

int run(int argc, char** argv) try {
    CLI::App app("An echo server on Asio: the yardstick of compare.", "asio_echo");
    std::uint16_t port = 9000;
    std::string stats, trace_file;
    unsigned busy = 0;
    Settings settings;
    bool stop_on_eof = false;
    app.add_option("--port", port, "TCP port, 0 for any free one")->capture_default_str();
    app.add_option("--stats", stats, "Write totals as JSON to this file at the end");
#ifdef _WIN32
    app.add_option("--trace", trace_file, "Record the calls of the server in this file, for Perfetto");
#endif
    app.add_option("--busy", busy, "Microseconds of needless work before each echo: a server slowed on purpose");
    app.add_option("--buffer", settings.buffer, "Bytes that a connection receives, and sends, at once")
        ->check(CLI::Range(1, 1 << 24))
        ->capture_default_str();
    app.add_flag("--stop-on-eof", stop_on_eof, "Stop when standard input ends");
    try {
        app.parse(argc, app.ensure_utf8(argv));
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    allow_many_connections();
#ifdef _WIN32
    std::optional<trace::Trace> trace;
    if (!trace_file.empty()) trace.emplace(path_from_utf8(trace_file));
#endif
    settings.busy = Microseconds{busy};
    asio::io_context context(1);
    constexpr bool share_the_port = false;  // Asio's default is SO_REUSEADDR, which on Windows lets anyone share it
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), port}, share_the_port);
    accept(acceptor, settings);
    std::optional<Sampler> sampler;
    if (!stats.empty()) sampler.emplace(stats);
    std::cout << "asio_echo listening on 127.0.0.1:" << acceptor.local_endpoint().port() << '\n' << std::flush;
    std::thread watcher([&] {
        if (!stop_on_eof) return;
        std::cin.ignore(std::numeric_limits<std::streamsize>::max());
        context.stop();
    });
    context.run();
    watcher.join();
    sampler.reset();
#ifdef _WIN32
    if (trace) trace->write("asio_echo");
#endif
    std::cout << "asio_echo served " << g_clients << " clients, " << g_bytes << " bytes\n";
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "asio_echo: %s\n", error.what());
    return 1;
}

}  // namespace

}  // namespace course

int main(int argc, char** argv) { return course::run(argc, argv); }
