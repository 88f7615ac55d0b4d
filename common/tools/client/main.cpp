// echo_client: talks to an echo server, line by line, or makes trouble on demand.

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <variant>
#include <vector>

#include "common/tools/client/interactive.h"
#include "common/tools/client/modes.h"
#include "common/tools/client/plan.h"
#include "common/tools/client/terminal.h"

int main(int argc, char** argv) try {
    CLI::App app;
    char** const utf8 = app.ensure_utf8(argv);
    const auto parsed = course::parse_plan({utf8 + 1, utf8 + argc});
    if (const auto* usage = std::get_if<course::Usage>(&parsed)) {
        (usage->exit_status == 0 ? course::say : course::complain)(usage->text);
        return usage->exit_status;
    }
    const auto& plan = std::get<course::Plan>(parsed);
    if (plan.mode != course::Mode::interactive) return course::run_troublemaker(plan);
    if (course::has_keyboard()) {
#ifdef _WIN32
        course::say("Type a line, and see it come back. Ctrl+Z and Enter end the conversation.");
#else
        course::say("Type a line, and see it come back. Ctrl+D ends the conversation.");
#endif
    }
    const int status = course::run_interactive(plan, [] { return course::read_line(std::cin); }, course::say);
    std::_Exit(status);  // a usual end would wait for the lock of std::cin, which a thread that still reads it holds
} catch (const std::exception& error) {
    course::complain(std::string("echo_client: ") + error.what());
    return 1;
}
