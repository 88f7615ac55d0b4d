// compare: runs several echo servers under the same load, round by round, and shows them side by side.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "common/process/server_process.h"
#include "common/tools/compare/call_trace.h"
#include "common/tools/compare/candidate.h"
#include "common/tools/compare/cell.h"
#include "common/tools/compare/machine.h"
#include "common/tools/compare/pinning.h"
#include "common/tools/compare/progress.h"
#include "common/tools/compare/report_page.h"
#include "common/tools/compare/results.h"
#include "common/tools/load/load.h"
#include "common/tools/load/number_option.h"
#include "common/tools/load/text.h"

namespace course {

namespace {

// Ctrl+C: end after the server that has its turn, so that it is stopped and wineserver is where it was. Again: at once.
volatile std::sig_atomic_t g_interrupted = 0;

extern "C" void on_interrupt(int signal) {
    g_interrupted = 1;
    std::signal(signal, SIG_DFL);
}

#ifdef _WIN32
constexpr bool pin_by_default =
    false;  // there the servers run by themselves, and are to show what more processors give
#else
constexpr bool pin_by_default = true;  // wineserver, one thread, is most of the work, and a change of processor dear
#endif

struct Settings {
    std::vector<std::string> servers;
    std::string servers_directory;
    std::string clients = "1,8,60,500";
    std::size_t size = 64, depth = 1, idle = 0;
    std::size_t long_size = 16'384;  // more than the buffer of a chapter: such an echo leaves in several sends
    double seconds = 0.5, warm_up = 0.1;
    int rounds = 4;
    bool quick = false, wide = false, visits = false, pin = pin_by_default, trace = true;
    std::string base = "asio";
    std::string output;
};

void define_options(CLI::App& app, Settings& settings) {
    app.add_option(
        "servers", settings.servers,
        "What to compare: a chapter's number, asio for the yardstick, or the path of a server that takes the course's "
        "options; with options of its own in the same argument: \"06 --threads 1\". Default: the chapters and asio");
    app.add_option("--clients", settings.clients, "Numbers of clients, with commas between")->capture_default_str();
    app.add_option("--size", settings.size, "Bytes of a message")->check(CLI::Range(1, 1 << 30))->capture_default_str();
    app.add_option(
           "--long", settings.long_size,
           "At the end also messages of so many bytes, with 8 clients: more than a chapter's buffer of 4096 takes "
           "at once. 0: none")
        ->check(CLI::Range(0, 1 << 30))
        ->capture_default_str();
    app.add_option("--depth", settings.depth, "Messages a client has under way at once")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    app.add_option("--idle", settings.idle, "Further clients that connect and stay silent")
        ->check(CLI::Range(0, 60'000))
        ->capture_default_str();
    auto* const seconds = app.add_option("--seconds", settings.seconds, "Length of a measured window")
                              ->check(number_from(0.01, 3600))
                              ->capture_default_str();
    app.add_option("--warm-up", settings.warm_up, "Seconds of load before each window")
        ->check(number_from(0, 3600))
        ->capture_default_str();
    auto* const rounds = app.add_option("--rounds", settings.rounds, "How often each server has its turn")
                             ->check(CLI::Range(1, 1000))
                             ->capture_default_str();
    app.add_flag("--quick", settings.quick, "For a first look: one round of 0.3 seconds")
        ->excludes(seconds)
        ->excludes(rounds);
    app.add_flag("--visits", settings.visits,
                 "Short visits: each client connects, has one echo, leaves and comes again; an echo is a whole visit");
    app.add_option("--relative-to", settings.base, "The server whose echoes/s are to be 1.00, if it takes part")
        ->capture_default_str();
    app.add_flag("--wide", settings.wide, "More columns");
    app.add_flag("--pin,!--no-pin", settings.pin,
                 pin_by_default
                     ? "Servers and wineserver on one processor, the load on another (default with two or more)"
                     : "Servers on one processor, the load on another (default: no)");
    app.add_flag("--trace,!--no-trace", settings.trace,
                 "Afterwards run each server twice more and record its calls: how many an echo takes, and who waits "
                 "where (default)");
    app.add_option("--servers-dir", settings.servers_directory, "Where the servers are. Default: beside this program");
    app.add_option("--output", settings.output,
                   "Folder for results.json and report.html. Default: compare, in the folder of the builds");
    app.footer("Exit status: 0 if there was no error, 1 if there was, 2 for bad options.");
}

std::vector<std::size_t> parse_clients(std::string_view text) {
    std::vector<std::size_t> numbers;
    for (;;) {
        const std::string_view part = text.substr(0, text.find(','));
        std::size_t number = 0;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
        if (error != std::errc{} || end != part.data() + part.size() || number < 1 || number > 60'000)
            throw CLI::ValidationError("--clients",
                                       "takes numbers from 1 to 60000 with commas between, such as 1,8,60");
        numbers.push_back(number);
        if (part.size() == text.size()) return numbers;
        text.remove_prefix(part.size() + 1);
    }
}

std::vector<Candidate> choose_candidates(const Settings& settings, const std::filesystem::path& directory) try {
    if (settings.servers.empty()) return all_candidates(directory);
    std::vector<Candidate> chosen;
    for (const std::string& text : settings.servers) chosen.push_back(find_candidate(text, directory));
    return chosen;
} catch (const std::runtime_error& error) {
    throw CLI::ValidationError("servers", error.what());
}

/// The rows that are measured in turns, so that what they say of one another holds: one number of clients, one size.
using Block = std::vector<Row>;

std::vector<Block> empty_blocks(const Settings& settings, const std::vector<Candidate>& candidates,
                                const std::vector<std::size_t>& clients, const std::filesystem::path& directory) {
    std::vector<Block> blocks;
    for (const std::size_t number : clients) {
        Block& block = blocks.emplace_back();
        for (const Candidate& candidate : candidates) block.push_back({candidate, number, {}, settings.size});
    }
    if (settings.long_size == 0 || settings.long_size == settings.size || settings.visits) return blocks;
    Block& block = blocks.emplace_back();
    for (const Candidate& candidate : candidates) block.push_back({candidate, 8, {}, settings.long_size});
    // For such messages it matters how much is received at once: each server is held against a yardstick with its
    // buffer.
    const auto there = [&](const std::string& name) {
        return std::ranges::any_of(block, [&](const Row& row) { return row.candidate.name == name; });
    };
    if (!there(settings.base) || settings.base != "asio") return blocks;
    for (const Candidate& candidate : candidates)
        if (const auto asio = yardstick(directory, candidate.buffer); asio && !there(asio->name))
            block.push_back({*asio, 8, {}, settings.long_size});
    return blocks;
}

/// Round by round, and in each one another server begins: what disturbs the machine for a while disturbs all of them.
void measure_all(const Settings& settings, std::vector<Block>& blocks, Pinning& pinning,
                 const std::filesystem::path& scratch) {
    std::size_t rows = 0;
    for (const Block& block : blocks) rows += block.size();
    Progress progress(rows * static_cast<std::size_t>(settings.rounds));
    for (std::size_t round = 0; round < static_cast<std::size_t>(settings.rounds); ++round) {
        for (Block& block : blocks) {
            for (std::size_t turn = 0; turn < block.size() && g_interrupted == 0; ++turn) {
                Row& row = block[(turn + round) % block.size()];
                LoadSettings load;
                load.clients = row.clients;
                load.size = row.size;
                load.depth = settings.depth;
                load.idle = settings.idle;
                load.seconds = Seconds{settings.seconds};
                load.warm_up = Seconds{settings.warm_up};
                load.connect_limit = Seconds{3 + static_cast<double>(settings.idle) / 500};
                load.finish_limit = Seconds{5 + static_cast<double>(settings.idle) / 500};  // all leave at once
                progress.begin("round " + std::to_string(round + 1) + ", " + std::to_string(row.clients) +
                               " clients, " + row.candidate.name);
                row.rounds.push_back(measure(row.candidate, load, settings.visits, pinning, scratch));
                progress.end(with_commas(static_cast<std::uint64_t>(row.rounds.back().load.echoes_per_second())) +
                             " echoes/s");
            }
        }
    }
}

/// After the rounds, so that none of them is traced.
nlohmann::json trace_all(const std::vector<Candidate>& candidates, Pinning& pinning,
                         const std::filesystem::path& scratch) {
    nlohmann::json traces = nlohmann::json::array();
    Progress progress(candidates.size());
    for (const Candidate& candidate : candidates) {
        if (g_interrupted != 0) break;
        progress.begin("recording the calls, " + candidate.name);
        nlohmann::json trace = trace_calls(candidate, pinning, scratch);
        progress.end(trace.empty() ? "takes no --trace" : "done");
        if (!trace.empty()) traces.push_back(std::move(trace));
    }
    return traces;
}

std::string settings_in_words(const Settings& settings, const Pinning& pinning) {
    std::string text = "messages of " + std::to_string(settings.size) + " bytes, " + std::to_string(settings.depth) +
                       " under way per client; ";
    if (settings.visits) text = "visits: connect, one echo of " + std::to_string(settings.size) + " bytes, leave; ";
    if (settings.long_size != 0 && !settings.visits)
        text += "at the end of " + std::to_string(settings.long_size) + " bytes; ";
    if (settings.idle > 0) text += std::to_string(settings.idle) + " idle clients besides; ";
    text +=
        settings.rounds == 1 ? std::string("1 round of ") : std::to_string(settings.rounds) + " interleaved rounds of ";
    text += fixed(settings.seconds, 1) + " s";
    if (settings.rounds > 1) text += ": medians; in brackets the least and the greatest round";
    if (pinning.active())
        text += "\nservers on processor " + std::to_string(pinning.server_processor()) + ", the load on processor " +
                std::to_string(pinning.load_processor());
    return text;
}

nlohmann::json to_json(const Settings& settings, const Pinning& pinning) {
    return {{"size", settings.size},       {"long_size", settings.long_size},
            {"depth", settings.depth},     {"idle", settings.idle},
            {"seconds", settings.seconds}, {"warm_up", settings.warm_up},
            {"rounds", settings.rounds},   {"visits", settings.visits},
            {"pinned", pinning.active()},  {"spread", "least and greatest round"}};
}

std::filesystem::path build_directory() { return executable_directory().parent_path().parent_path(); }

int run(Settings settings) {
    if (settings.quick) {
        settings.seconds = 0.3;
        settings.rounds = 1;
    }
    const auto clients = parse_clients(settings.clients);
    const auto directory =
        settings.servers_directory.empty() ? default_servers_directory() : path_from_utf8(settings.servers_directory);
    const auto candidates = choose_candidates(settings, directory);
    const auto output = settings.output.empty() ? build_directory() / "compare" : path_from_utf8(settings.output);
    std::filesystem::create_directories(output);
    bool wine = false;
    for (const Candidate& candidate : candidates) wine = wine || candidate.needs_wine();

    const std::string began = utc_time();
    const nlohmann::json machine = describe_machine(directory, wine);
    std::signal(SIGINT, on_interrupt);
    std::signal(SIGTERM, on_interrupt);
    Pinning pinning(settings.pin);
    std::vector<Block> blocks = empty_blocks(settings, candidates, clients, directory);
    measure_all(settings, blocks, pinning, output);
    std::vector<Row> rows;
    for (const Block& block : blocks) rows.insert(rows.end(), block.begin(), block.end());
    const nlohmann::json traces = settings.trace ? trace_all(candidates, pinning, output) : nlohmann::json::array();

    if (g_interrupted != 0) {
        std::fputs("compare: stopped; nothing is written\n", stderr);
        return 130;
    }

    const bool has_base =
        std::ranges::any_of(rows, [&](const auto& row) { return row.candidate.name == settings.base; });
    const std::string base = has_base && candidates.size() > 1 ? settings.base : std::string{};
    std::cout << machine_in_words(machine) << '\n' << settings_in_words(settings, pinning) << "\n\n";
    std::cout << to_table(rows, settings.wide, base) << '\n' << calls_in_words(traces) << warnings(rows);
    for (const auto& trace : traces)
        for (const std::string error : trace.at("errors"))
            std::cout << trace.at("server").get<std::string>() << ", traced: " << error << '\n';
    std::cout << wine_notes(machine);

    nlohmann::json results = {
        {"format", 1}, {"began", began}, {"machine", machine}, {"settings", to_json(settings, pinning)}};
    std::uint64_t errors = 0;
    for (const Row& row : rows) {
        nlohmann::json one = to_json(row);
        if (const auto ratio = relative_to(base, row, rows))
            one["relative"] = {
                {"to", base}, {"median", ratio->median}, {"least", ratio->least}, {"greatest", ratio->greatest}};
        results[row.size == settings.size ? "rows" : "long_rows"].push_back(std::move(one));
        errors += row.error_count();
    }
    for (const auto& trace : traces) errors += trace.at("errors").size();
    const auto file = output / "results.json";
    std::ofstream out(file, std::ios::binary);
    std::string text = results.dump(2);
    text.erase(text.rfind('\n'));  // the closing brace; what follows is thousands of lines if each value has its own
    out << text << ",\n  \"traces\": " << traces.dump() << "\n}\n";
    out.close();
    if (!out) throw std::runtime_error("cannot write " + utf8_from_path(file));
    results["traces"] = traces;
    std::cout << "Everything, round by round: " << utf8_from_path(file) << '\n';
    if (!traces.empty())
        std::cout << "The recorded calls, for https://ui.perfetto.dev: " << utf8_from_path(output / "*.trace.json")
                  << '\n';
    const auto report = output / "report.html";
    if (write_report_page(results, build_directory() / "report" / "template.html", report))
        std::cout << "To look at it, in a browser: " << utf8_from_path(report) << '\n';
    return errors == 0 ? 0 : 1;
}

}  // namespace

}  // namespace course

int main(int argc, char** argv) try {
    CLI::App app("Runs echo servers under the same load, round by round, and shows them side by side.", "compare");
    course::Settings settings;
    course::define_options(app, settings);
    try {
        app.parse(argc, app.ensure_utf8(argv));
        return course::run(settings);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
} catch (const std::exception& error) {
    std::fprintf(stderr, "compare: %s\n", error.what());
    return 1;
}
