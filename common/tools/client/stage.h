#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>

#include "common/tools/client/link.h"
#include "common/tools/client/plan.h"
#include "common/tools/client/probe.h"

namespace course {

/// How long a well-behaved client may have to wait for its echo, whatever the others do. Generous: the trouble, the
/// server and a class's other programs share the machine.
constexpr Seconds prompt_limit{2};

/// How long the server may take for what it owes the troublemaker itself.
constexpr Seconds patience_limit{5};

/// How often what no operation reports is looked at.
constexpr Seconds poll_interval{0.02};

constexpr const char* served_promptly_rule = "Whatever one client does, the others are served promptly and to the end.";

/// What the modes share: the plan, its time, the other client, and what to tell the class.
class Stage {
public:
    Stage(asio::io_context& context, const Plan& plan, Endpoints server);

    [[nodiscard]] Link make_link(std::size_t block, std::uint64_t stream = 0);
    asio::awaitable<void> connect(Link& link);
    [[nodiscard]] bool ever_connected() const { return ever_connected_; }

    void watch_others();  ///< begins the mode's time and the probe, if there shall be one
    void wait_until_others_are_served();
    void report_others();  ///< ends it and prints how it was served

    void restart_time() { begin_ = Clock::now(); }
    [[nodiscard]] Seconds time() const { return time_; }
    [[nodiscard]] Seconds passed() const { return Clock::now() - begin_; }

    /// The mode's time is over, and the probe is not left waiting: it must not be served only because the trouble ends.
    [[nodiscard]] bool time_up() const;
    asio::awaitable<void> until_time_up();
    [[nodiscard]] std::size_t clients() const { return plan_.clients; }

    /// Runs a part of a mode. If the link fails in it, that is judged, and the link is closed: then the parts beside
    /// end, too.
    asio::awaitable<void> guard(Link& link, asio::awaitable<void> part);

    /// What the exception of a link says about the server. @throws std::runtime_error if there was none to connect to
    void judge(const std::exception_ptr& problem);

    /// A part of the contract that did not hold, as a whole sentence.
    void broken(const std::string& rule);
    [[nodiscard]] bool kept() const { return kept_; }

private:
    asio::io_context& context_;
    const Plan& plan_;
    const Seconds time_;
    Endpoints server_;
    Clock::time_point begin_;
    std::unique_ptr<Probe> probe_;
    bool ever_connected_ = false;
    bool kept_ = true;
};

}  // namespace course
