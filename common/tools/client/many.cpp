// --many: what does the server do with more clients than it has places for?

#include <algorithm>
#include <asio/as_tuple.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/tools/client/link.h"
#include "common/tools/client/modes.h"
#include "common/tools/client/plan.h"
#include "common/tools/client/stage.h"
#include "common/tools/client/terminal.h"
#include "common/tools/load/own_process.h"
#include "common/tools/load/text.h"

namespace course {

namespace {

using asio::awaitable;

constexpr std::size_t message_size = 64;
constexpr std::size_t connects_at_once = 64;  // more could overrun the backlog before the server has a chance
constexpr Seconds unlimited{86'400};          // whoever waits is released by close()

struct Client {
    enum State { fresh, connecting, refused, unanswered, turned_away, lost, served, kept, harmed, served_late };

    Link link;
    State state = fresh;
    Seconds first_echo{0};

    Client(const asio::any_io_executor& executor, std::uint64_t stream) : link(executor, stream, message_size) {}
};

class Crowd {
public:
    Crowd(Stage& stage, const asio::any_io_executor& executor)
        : stage_(stage), executor_(executor), leave_(executor, Clock::time_point::max()) {
        for (std::size_t i = 0; i < stage.clients(); ++i) clients_.push_back(std::make_unique<Client>(executor, i));
    }

    awaitable<void> run();

private:
    void connect_more();
    awaitable<void> live(Client& client);
    awaitable<void> visit(Client& client);
    void arrived(Client& client, Client::State state);
    void settled(Client& client, Client::State state);
    awaitable<void> settle(std::vector<Client::State> unsettled, Seconds patience);
    awaitable<void> stay_and_leave();
    void tell_first_echoes() const;
    void judge_stay();
    void judge_end(std::size_t waited);
    [[nodiscard]] std::size_t count(Client::State state) const;

    Stage& stage_;
    asio::any_io_executor executor_;
    asio::steady_timer leave_;  // never expires: it is cancelled when those who were served shall leave
    bool leaving_ = false;
    std::vector<std::unique_ptr<Client>> clients_;
    std::size_t next_ = 0;
    std::size_t connecting_ = 0;
    std::size_t living_ = 0;
    Clock::time_point last_news_ = Clock::now();
    std::string example_;           // of what went wrong, in words
    std::exception_ptr own_limit_;  // we are the ones who cannot have more
};

std::size_t Crowd::count(Client::State state) const {
    return static_cast<std::size_t>(
        std::count_if(clients_.begin(), clients_.end(), [=](const auto& client) { return client->state == state; }));
}

void Crowd::settled(Client& client, Client::State state) {
    client.state = state;
    last_news_ = Clock::now();
}

void Crowd::connect_more() {
    while (next_ < clients_.size() && connecting_ < connects_at_once) {
        Client& client = *clients_[next_++];
        client.state = Client::connecting;
        ++connecting_;
        ++living_;
        asio::co_spawn(executor_, live(client), asio::detached);
    }
}

void Crowd::arrived(Client& client, Client::State state) {
    settled(client, state);
    --connecting_;
    asio::post(executor_, [this] { connect_more(); });
}

awaitable<void> Crowd::visit(Client& client) {
    const auto begin = Clock::now();
    co_await stage_.connect(client.link);
    arrived(client, Client::unanswered);
    const auto echoed = co_await client.link.echo(message_size, unlimited);
    if (!echoed) co_return;
    client.first_echo = Clock::now() - begin;
    settled(client, !*echoed ? Client::turned_away : leaving_ ? Client::served_late : Client::served);
    if (client.state == Client::served) {
        co_await leave_.async_wait(asio::as_tuple(asio::use_awaitable));
        const auto again = co_await client.link.echo(message_size, unlimited);
        if (!again || !*again) throw LinkLost(again ? "the server closed the connection" : "an echo did not come");
        settled(client, Client::kept);
    }
    client.link.finish_sending();
    co_await client.link.receive(patience_limit);
}

awaitable<void> Crowd::live(Client& client) {
    try {
        co_await visit(client);
    } catch (const OutOfSockets&) {
        own_limit_ = std::current_exception();
        arrived(client, Client::refused);
    } catch (const std::runtime_error& error) {  // LinkLost, WrongEcho
        example_ = error.what();
        if (client.state == Client::connecting) arrived(client, Client::refused);
        if (client.state == Client::unanswered) settled(client, Client::lost);
        if (client.state == Client::served) settled(client, Client::harmed);
    }
    client.link.close();
    --living_;
}

/// Waits until no client is in one of these states, or nothing has changed for so long.
awaitable<void> Crowd::settle(std::vector<Client::State> unsettled, Seconds patience) {
    const auto some = [&] {
        return std::any_of(unsettled.begin(), unsettled.end(), [&](Client::State state) { return count(state) > 0; });
    };
    last_news_ = Clock::now();
    while (some() && Seconds{Clock::now() - last_news_} < patience) co_await sleep_for(poll_interval);
}

void Crowd::tell_first_echoes() const {
    Seconds slowest{0};
    for (const auto& client : clients_)
        if (client->state == Client::served) slowest = std::max(slowest, client->first_echo);
    std::string line = with_commas(clients_.size()) + (clients_.size() == 1 ? " client: " : " clients: ") +
                       with_commas(count(Client::served)) + " served";
    if (slowest > Seconds{0}) line += " (the slowest after " + fixed(slowest.count() * 1000, 0) + " ms)";
    const auto add = [&](Client::State state, const char* what) {
        if (const std::size_t clients = count(state)) line += ", " + with_commas(clients) + what;
    };
    add(Client::turned_away, " turned away by a clean close");
    add(Client::unanswered, " unanswered");
    add(Client::refused, " refused");
    add(Client::lost, " reset");
    say(line);
}

void Crowd::judge_stay() {
    const std::size_t kept = count(Client::kept), harmed = count(Client::harmed) + count(Client::served);
    say("after " + fixed(stage_.passed().count(), 1) + " s, " + with_commas(kept) + " of " +
        with_commas(kept + harmed) + " that were served get a second echo");
    if (harmed > 0) stage_.broken("Nobody who is already served is harmed by those who come later.");
}

void Crowd::judge_end(std::size_t waited) {
    if (waited > 0) {
        say("when those had left, " + with_commas(count(Client::served_late)) + " of " + with_commas(waited) +
            " that were unanswered got their echo");
        if (count(Client::unanswered) > 0) stage_.broken("A client that has to wait is served when a place is free.");
    }
    // With a full backlog it is the system that refuses, and the server cannot help it.
    const bool unfair = count(Client::lost) > 0 || (count(Client::refused) > 0 && waited == 0);
    if (unfair)
        stage_.broken("A surplus client waits in the backlog or is closed cleanly: never reset, never refused.");
    if (!example_.empty()) say("for example: " + example_);
}

awaitable<void> Crowd::stay_and_leave() {
    tell_first_echoes();
    const std::size_t waited = count(Client::unanswered);
    stage_.restart_time();
    co_await stage_.until_time_up();
    leaving_ = true;
    leave_.cancel();
    // Named, not written in place: GCC 12 cannot compile an initializer list within a co_await expression.
    const std::vector<Client::State> staying{Client::served}, waiting{Client::unanswered};
    co_await settle(staying, patience_limit);
    judge_stay();
    stage_.report_others();  // its place becomes free as well
    co_await settle(waiting, patience_limit);
    judge_end(waited);
}

awaitable<void> Crowd::run() {
    connect_more();
    const std::vector<Client::State> arriving{Client::fresh, Client::connecting}, waiting{Client::unanswered};
    co_await settle(arriving, patience_limit);
    co_await settle(waiting, prompt_limit);
    const bool can_go_on = !own_limit_ && stage_.ever_connected();
    if (can_go_on) co_await stay_and_leave();
    leaving_ = true;
    leave_.cancel();
    for (const auto& client : clients_) client->link.close();
    while (living_ > 0) co_await sleep_for(Seconds{0.01});
    if (own_limit_) std::rethrow_exception(own_limit_);
    if (!can_go_on) throw LinkLost(example_);
}

}  // namespace

awaitable<void> make_many(Stage& stage) {
    allow_many_connections();
    stage.watch_others();
    stage.wait_until_others_are_served();  // the crowd must not take its place
    Crowd crowd(stage, co_await asio::this_coro::executor);
    co_await crowd.run();
}

}  // namespace course
