#include "common/tools/client/stage.h"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "common/tools/client/link.h"
#include "common/tools/client/plan.h"
#include "common/tools/client/probe.h"
#include "common/tools/client/terminal.h"
#include "common/tools/load/text.h"

namespace course {

Stage::Stage(asio::io_context& context, const Plan& plan, Endpoints server)
    : context_(context),
      plan_(plan),
      time_(plan.seconds.value_or(Seconds{5})),
      server_(std::move(server)),
      begin_(Clock::now()) {}

Link Stage::make_link(std::size_t block, std::uint64_t stream) { return {context_.get_executor(), stream, block}; }

asio::awaitable<void> Stage::connect(Link& link) {
    co_await link.connect(server_, patience_limit);
    ever_connected_ = true;
}

void Stage::watch_others() {
    begin_ = Clock::now();
    if (plan_.probe) probe_ = std::make_unique<Probe>(server_, prompt_limit);
}

bool Stage::time_up() const { return passed() >= time_ && (!probe_ || probe_->settled_since(begin_ + time_)); }

asio::awaitable<void> Stage::until_time_up() {
    while (!time_up()) co_await sleep_for(poll_interval);
}

void Stage::wait_until_others_are_served() {
    if (probe_) probe_->wait_until_served();
}

void Stage::report_others() {
    if (!probe_) return;
    const ProbeReport others = probe_->finish();
    probe_.reset();
    std::string line =
        "another client meanwhile: " + with_commas(others.echoes) + (others.echoes == 1 ? " echo" : " echoes");
    if (others.echoes > 0) line += ", slowest " + fixed(others.slowest.count() * 1000, 1) + " ms";
    if (!others.trouble.empty()) line += (others.echoes > 0 ? ", then: " : ": ") + others.trouble;
    say(line);
    if (!others.trouble.empty()) broken(served_promptly_rule);
}

asio::awaitable<void> Stage::guard(Link& link, asio::awaitable<void> part) {
    try {
        co_await std::move(part);
    } catch (const std::runtime_error&) {  // LinkLost, WrongEcho
        link.close();
        judge(std::current_exception());
    }
}

void Stage::judge(const std::exception_ptr& problem) {
    try {
        std::rethrow_exception(problem);
    } catch (const LinkLost& lost) {
        if (!ever_connected_) throw cannot_connect(plan_, lost.what());
        say(lost.what());
        broken("A client is neither refused nor reset, as long as its own end is in order.");
    } catch (const WrongEcho& wrong) {
        say(wrong.what());
        broken("Bytes come back unchanged and in order.");
    }
}

void Stage::broken(const std::string& rule) {
    kept_ = false;
    say("AGAINST THE CONTRACT: " + rule);
}

}  // namespace course
