// echo_load: loads an echo server with many clients, checks every byte that comes back, and says how it did.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "common/tools/load/load.h"
#include "common/tools/load/number_option.h"
#include "common/tools/load/report.h"
#include "common/tools/load/text.h"
#include "common/tools/load/visits.h"

namespace course {
namespace {

struct CommandLine {
    LoadSettings load;
    bool visits = false;
    std::string json;
};

void define_options(CLI::App& app, CommandLine& line) {
    app.add_option("--host", line.load.host, "Name or address of the server")->capture_default_str();
    app.add_option("--port", line.load.port, "Its TCP port")->capture_default_str();
    app.add_option("--clients", line.load.clients, "Clients that send")
        ->check(CLI::Range(0, 60'000))
        ->capture_default_str();
    app.add_option("--size", line.load.size, "Bytes of a message")
        ->check(CLI::Range(1, 1 << 30))
        ->capture_default_str();
    app.add_option("--depth", line.load.depth, "Messages a client has under way at once")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    app.add_option("--idle", line.load.idle, "Further clients that connect and stay silent")
        ->check(CLI::Range(0, 60'000))
        ->capture_default_str();
    app.add_option("--ramp", line.load.ramp,
                   "Connects per second, the load growing with them; 0: all connect first, then begin")
        ->check(number_from(0, 1e6))
        ->capture_default_str();
    app.add_flag("--visits", line.visits,
                 "Short visits: each client connects, has one echo, leaves and comes again; an echo is a whole visit");
    const auto seconds = [&](const char* name, Seconds& target, const char* help) {
        app.add_option_function<double>(name, [&target](double value) { target = Seconds{value}; }, help)
            ->check(number_from(0, 86'400))
            ->default_str(fixed(target.count(), 0));
    };
    seconds("--seconds", line.load.seconds, "Length of the measured window");
    seconds("--warm-up", line.load.warm_up, "Load before the window begins");
    app.add_option("--json", line.json, "Write the report to this file as well; - for standard output");
    app.footer(
        "Exit status: 0 if every client was served and every byte came back right, 1 if not, 2 for bad options.");
}

void write_json(const std::string& file, const LoadReport& report) {
    const std::string text = to_json(report).dump(2) + "\n";
    if (file == "-") {
        std::cout << text;
        return;
    }
    std::ofstream out(path_from_utf8(file), std::ios::binary);
    out << text;
    out.close();
    if (!out) throw std::runtime_error("cannot write " + file);
}

}  // namespace
}  // namespace course

int main(int argc, char** argv) try {
    CLI::App app("Loads an echo server, checks every byte that comes back, and says how it did.", "echo_load");
    course::CommandLine line;
    course::define_options(app, line);
    try {
        app.parse(argc, app.ensure_utf8(argv));
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    const course::LoadReport report = line.visits ? course::run_visits(line.load) : course::run_load(line.load);
    if (line.json != "-") std::cout << course::to_text(report);
    if (!line.json.empty()) course::write_json(line.json, report);
    return report.error_count() == 0 && report.unserved == 0 ? 0 : 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "echo_load: %s\n", error.what());
    return 1;
}
