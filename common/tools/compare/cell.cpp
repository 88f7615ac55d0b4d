#include "common/tools/compare/cell.h"

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <ios>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "common/process/server_process.h"
#include "common/tools/compare/candidate.h"
#include "common/tools/compare/pinning.h"
#include "common/tools/compare/resource_use.h"
#include "common/tools/load/load.h"
#include "common/tools/load/report.h"
#include "common/tools/load/visits.h"

namespace course {

namespace {

using nlohmann::json;

constexpr std::chrono::seconds stop_limit{10};

void blame(LoadReport& report, const char* kind, const std::string& text) {
    ++report.errors[kind];
    report.examples.insert(report.examples.begin(), "the server: " + text);
}

template <class Number>
std::optional<double> per_echo(const std::optional<Number>& begin, const std::optional<Number>& end,
                               std::uint64_t echoes, double scale) {
    if (!begin || !end || echoes == 0) return std::nullopt;
    return static_cast<double>(*end - *begin) / static_cast<double>(echoes) * scale;
}

template <class Number>
json or_null(const std::optional<Number>& figure) {
    return figure ? json(*figure) : json();
}

/// A server's own figure goes before ours: it has looked more often.
void read_stats(const std::filesystem::path& file, Cell& cell) {
    std::ifstream in(file, std::ios::binary);
    const json stats = json::parse(in, nullptr, false);
    if (!stats.is_object()) return;
    const auto take = [&](const char* key, std::optional<std::uint64_t>& figure) {
        if (const auto found = stats.find(key); found != stats.end() && found->is_number_unsigned()) figure = *found;
    };
    take("peak_threads", cell.peak_threads);
    take("peak_memory_bytes", cell.peak_memory_bytes);
}

/// A server that knows no --stats can take part: then we have what we see from outside.
std::unique_ptr<EchoServer> start(const Candidate& candidate, const std::filesystem::path& stats,
                                  const Pinning& pinning) {
    const Pinning::ForServer on_its_processor(pinning);
    std::vector<std::string> arguments = candidate.arguments;
    arguments.insert(arguments.end(), {"--stats", candidate.path_to(stats)});
    try {
        return std::make_unique<EchoServer>(candidate.program, arguments);
    } catch (const std::exception&) {
        return std::make_unique<EchoServer>(candidate.program, candidate.arguments);
    }
}

void load_server(const EchoServer& server, LoadSettings settings, bool visits, std::optional<int> wineserver,
                 Cell& cell) {
    const ProcessUsage before = server.usage();
    Used begin, end;
    ProcessUsage usage;
    settings.port = server.port();
    settings.on_window_begins = [&] { begin = used_by(server, wineserver); };
    settings.on_window_ends = [&] {
        end = used_by(server, wineserver);
        usage = server.usage();
    };
    cell.load = visits ? run_visits(settings) : run_load(settings);
    const std::uint64_t echoes = cell.load.echoes;
    constexpr double ms_per_1000 = 1e3 * 1e3;
    cell.cpu_ms_per_1000 = per_echo(begin.cpu_seconds, end.cpu_seconds, echoes, ms_per_1000);
    cell.wineserver_cpu_ms_per_1000 =
        per_echo(begin.wineserver_cpu_seconds, end.wineserver_cpu_seconds, echoes, ms_per_1000);
    cell.wineserver_requests_per_echo = per_echo(begin.wineserver_requests, end.wineserver_requests, echoes, 1);
    cell.peak_threads = usage.threads;
    cell.peak_memory_bytes = usage.memory_bytes;
    if (settings.idle > 0 && before.memory_bytes && usage.memory_bytes) {
        const double grown = static_cast<double>(*usage.memory_bytes) - static_cast<double>(*before.memory_bytes);
        cell.kib_per_idle_client = grown / 1024 / static_cast<double>(settings.idle);
    }
}

}  // namespace

json to_json(const Cell& cell) {
    json all = to_json(cell.load);
    all["cpu_ms_per_1000_echoes"] = or_null(cell.cpu_ms_per_1000);
    all["wineserver_cpu_ms_per_1000_echoes"] = or_null(cell.wineserver_cpu_ms_per_1000);
    all["wineserver_requests_per_echo"] = or_null(cell.wineserver_requests_per_echo);
    all["peak_threads"] = or_null(cell.peak_threads);
    all["peak_memory_bytes"] = or_null(cell.peak_memory_bytes);
    all["kib_per_idle_client"] = or_null(cell.kib_per_idle_client);
    return all;
}

Cell measure(const Candidate& candidate, LoadSettings settings, bool visits, Pinning& pinning,
             const std::filesystem::path& scratch) {
    Cell cell;
    cell.load.clients = cell.load.unserved = settings.clients;  // until they are served
    const std::filesystem::path stats = scratch / "stats.tmp";
    std::error_code ignored;
    std::filesystem::remove(stats, ignored);
    std::unique_ptr<EchoServer> server;
    try {
        server = start(candidate, stats, pinning);
    } catch (const std::exception& error) {
        blame(cell.load, "start", error.what());
        return cell;
    }
    const std::optional<int> wineserver = candidate.needs_wine() ? find_wineserver() : std::nullopt;
    pinning.adopt(wineserver);
    load_server(*server, std::move(settings), visits, wineserver, cell);
    const std::optional<int> status = server->stop(stop_limit);
    if (!status) {
        blame(cell.load, "stop", "it did not stop when its standard input ended");
    } else if (*status != 0) {
        blame(cell.load, "exit", "exit status " + std::to_string(*status) + "; it said:\n" + server->errors());
    }
    server.reset();
    read_stats(stats, cell);
    std::filesystem::remove(stats, ignored);
    return cell;
}

}  // namespace course
