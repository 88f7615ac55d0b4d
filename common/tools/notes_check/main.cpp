// notes_check: keeps the notes, their two languages and the code in step. Run it in the course's folder.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <iostream>

#include "common/tools/notes_check/check.h"
#include "common/tools/notes_check/document.h"

int main(int argc, char** argv) try {
    CLI::App app("Keeps the notes, their two languages and the code in step. Run it in the course's folder.",
                 "notes_check");
    course::Actions actions;
    app.add_flag("--check", "Check only; that is what happens without any option");
    app.add_flag("--fix", actions.fix,
                 "First copy the functions and structs of the code and the captured output into the notes");
    app.footer("Exit status: 0 if all is in step, 1 if not, 2 for bad options or files that cannot be read.");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    const auto findings = course::check_notes(".", actions);
    for (const course::Finding& finding : findings) std::cout << finding << '\n';
    if (findings.empty())
        std::cout << "the notes are in step\n";
    else
        std::cout << findings.size() << (findings.size() == 1 ? " finding\n" : " findings\n");
    return findings.empty() ? 0 : 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "notes_check: %s\n", error.what());
    return 2;
}
