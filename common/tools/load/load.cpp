#include "common/tools/load/load.h"

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/tools/load/client.h"
#include "common/tools/load/own_process.h"

namespace course {

namespace {

/// The course of one run: connect and see a first echo, warm up, measure, finish.
class Run final : public ClientOwner {
public:
    explicit Run(const LoadSettings& settings) : settings_(settings) {
        asio::ip::tcp::resolver resolver(context_);
        server_ = *resolver.resolve(settings.host, std::to_string(settings.port)).begin();
        // The silent ones first: a server must already carry them when the others come.
        for (std::size_t i = 0; i < settings.idle + settings.clients; ++i)
            clients_.push_back(std::make_unique<Client>(context_, *this, settings_, i, i < settings.idle));
        not_ready_ = open_ = clients_.size();
        sending = settings.ramp > 0;  // then the load is to grow with the clients
        report.clients = settings.clients;
    }

    LoadReport run() {
        began_ = Clock::now();
        const double ramp_seconds = settings_.ramp > 0 ? static_cast<double>(clients_.size()) / settings_.ramp : 0;
        after(timer_, settings_.connect_limit + Seconds{ramp_seconds}, [this] { warm_up(); });
        connect_more();
        context_.run();
        return std::move(report);
    }

    void connect_over() override {
        --connecting_;
        if (settings_.ramp <= 0 && !finishing_) asio::post(context_, [this] { connect_more(); });
    }

    void client_ready() override {
        if (--not_ready_ == 0) asio::post(context_, [this] { warm_up(); });
    }

    void client_done() override {
        if (--open_ == 0 && finishing_) timer_.cancel();
    }

private:
    using Clock = std::chrono::steady_clock;
    static constexpr std::size_t connects_at_once = 64;  // more could overrun a backlog before the server has a chance

    template <class Action>
    void after(asio::steady_timer& timer, Seconds time, Action action) {
        timer.expires_after(std::chrono::duration_cast<Clock::duration>(time));
        timer.async_wait([action](const asio::error_code& cancelled) {
            if (!cancelled) action();
        });
    }

    void connect_more() {
        if (finishing_) return;
        const std::size_t at_once = settings_.ramp > 0 ? clients_.size() : connects_at_once;
        while (next_ < clients_.size() && connecting_ < at_once) {
            ++connecting_;
            clients_[next_++]->connect(server_);
            if (settings_.ramp > 0) return after(ramp_timer_, Seconds{1 / settings_.ramp}, [this] { connect_more(); });
        }
    }

    void warm_up() {
        if (warming_up_) return;
        warming_up_ = true;
        report.connect_seconds = Seconds{Clock::now() - began_}.count();
        sending = true;
        for (auto& client : clients_) client->start();
        after(timer_, settings_.warm_up, [this] { begin_window(); });
    }

    void begin_window() {
        if (settings_.on_window_begins) settings_.on_window_begins();
        measuring = true;
        began_ = Clock::now();
        cpu_at_begin_ = own_cpu_seconds();
        after(timer_, settings_.seconds, [this] { end_window(); });
    }

    void end_window() {
        measuring = false;
        report.seconds = Seconds{Clock::now() - began_}.count();
        report.own_cpu = (own_cpu_seconds() - cpu_at_begin_) / report.seconds;
        if (settings_.on_window_ends) settings_.on_window_ends();
        sum_up();
        finishing_ = true;
        ramp_timer_.cancel();
        if (open_ == 0) return;
        after(timer_, settings_.finish_limit, [this] {
            for (auto& client : clients_) client->give_up();
        });
        for (auto& client : clients_) client->finish();
    }

    void sum_up() {
        std::vector<std::uint64_t> echoes;
        report.longest_wait = report.latency.max();
        for (const auto& client : clients_) {
            if (client->idle()) continue;
            echoes.push_back(client->echoes());
            report.longest_wait = std::max(report.longest_wait, client->oldest_wait());
        }
        report.spread(std::move(echoes));
    }

    const LoadSettings& settings_;
    asio::io_context context_{1};  // one thread runs it: no locking inside
    asio::steady_timer timer_{context_};
    asio::steady_timer ramp_timer_{context_};
    asio::ip::tcp::endpoint server_;
    std::vector<std::unique_ptr<Client>> clients_;
    std::size_t next_ = 0;  // client to connect
    std::size_t connecting_ = 0;
    std::size_t not_ready_ = 0;
    std::size_t open_ = 0;     // clients that are not done
    bool warming_up_ = false;  // or later
    bool finishing_ = false;
    Clock::time_point began_;
    double cpu_at_begin_ = 0;
};

}  // namespace

std::uint64_t LoadReport::error_count() const {
    std::uint64_t sum = 0;
    for (const auto& [kind, count] : errors) sum += count;
    return sum;
}

void LoadReport::fail(const std::string& kind, const std::string& text) {
    constexpr std::size_t most_examples = 10;
    ++errors[kind];
    if (examples.size() < most_examples) examples.push_back(text);
}

void LoadReport::spread(std::vector<std::uint64_t> by_client) {
    if (by_client.empty()) return;
    std::sort(by_client.begin(), by_client.end());
    unserved = static_cast<std::size_t>(std::count(by_client.begin(), by_client.end(), 0u));
    least_echoes = by_client.front();
    median_echoes = by_client[by_client.size() / 2];
    most_echoes = by_client.back();
}

LoadReport run_load(const LoadSettings& settings) {
    allow_many_connections();
    return Run(settings).run();
}

}  // namespace course
