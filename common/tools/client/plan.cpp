#include "common/tools/client/plan.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/tools/load/number_option.h"

namespace course {

namespace {

struct ModeFlag {
    const char* name;
    Mode mode;
    const char* help;
};

constexpr ModeFlag mode_flags[] = {
    {"--silent", Mode::silent, "Connect and say nothing"},
    {"--slow", Mode::slow, "Send without pause, but read one byte each 100 ms"},
    {"--reset", Mode::reset, "Send half a message, then reset the connection; ten times a second"},
    {"--half-close", Mode::half_close, "Send 1 MiB, finish sending, and only then read"},
    {"--flood", Mode::flood, "Send as fast as possible, and read as fast"},
    {"--never-read", Mode::never_read, "Send until the server takes no more, and read nothing"},
};

}  // namespace

std::variant<Plan, Usage> parse_plan(std::vector<std::string> arguments) {
    CLI::App app(
        "Talks to an echo server: type a line, see it come back and how long that took.\n"
        "Or makes trouble, and tells whether the server bears it as the contract demands.",
        "echo_client");
    Plan plan;
    app.add_option("--host", plan.host, "Name or address of the server")->capture_default_str();
    app.add_option("--port", plan.port, "Its TCP port")->check(CLI::Range(1, 65'535))->capture_default_str();
    double seconds = 0;
    const CLI::Option* const given =
        app.add_option(
               "--seconds", seconds,
               "How long the trouble lasts (default 5). Without trouble: the longest wait for an echo (no limit)")
            ->check(number_from(0.1, 86'400));

    CLI::Option_group* const trouble = app.add_option_group("Trouble", "one of these");
    trouble->require_option(0, 1);
    for (const ModeFlag& flag : mode_flags)
        trouble->add_flag_callback(flag.name, [&plan, mode = flag.mode] { plan.mode = mode; }, flag.help);
    const CLI::Option* const many =
        trouble->add_option("--many", plan.clients, "Connect so many at once, one echo each, and hold them")
            ->check(CLI::Range(1, 60'000));
    app.add_flag("--probe,!--no-probe", plan.probe,
                 "Beside the trouble, another client echoes every 100 ms: its slowest answer is printed (default)");
    app.footer("Exit status: 0 if the server behaved as the contract demands, 1 if not, 2 for bad options.");

    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    try {
        app.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
        std::ostringstream text;
        Usage usage{app.exit(error, text, text) == 0 ? 0 : 2, text.str()};
        while (!usage.text.empty() && usage.text.back() == '\n') usage.text.pop_back();
        return usage;
    }
    if (given->count() > 0) plan.seconds = Seconds{seconds};
    if (many->count() > 0) plan.mode = Mode::many;
    return plan;
}

}  // namespace course
