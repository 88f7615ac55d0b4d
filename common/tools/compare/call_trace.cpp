#include "common/tools/compare/call_trace.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <ios>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/process/server_process.h"
#include "common/tools/compare/candidate.h"
#include "common/tools/compare/classroom.h"
#include "common/tools/compare/machine.h"
#include "common/tools/compare/pinning.h"
#include "common/tools/compare/resource_use.h"
#include "common/tools/load/load.h"
#include "common/tools/load/text.h"

namespace course {

namespace {

using nlohmann::json;

constexpr std::chrono::seconds stop_limit{10};
constexpr std::size_t client_count = 8;

struct Slice {
    std::string name, category;
    double begin = 0, end = 0;  // microseconds of Unix time
};

struct Thread {
    std::uint64_t id = 0;
    std::string name;
    std::vector<Slice> slices;  // in the order of their beginnings
};

/// An operation that one thread started, and whose end came out on another.
struct Move {
    std::uint64_t from = 0, to = 0;  // threads
    double begin = 0, end = 0;       // as in a Slice
};

struct Calls {
    std::vector<Thread> threads;
    std::vector<Move> moves;
    std::uint64_t dropped = 0;  // calls for which the recorder had no room
};

/// The threads of common, which look after Ctrl+C and the end of standard input: no part of the model.
bool is_common(const Thread& thread) { return thread.name == "watch" || thread.name == "standard input"; }

/// Those of the threads that serve.
Calls read_calls(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    const json trace = json::parse(in);
    const double start = trace.at("otherData").at("start_us");
    std::map<std::uint64_t, Thread> threads;
    std::map<std::uint64_t, Move> operations;  // by the number of their arrow
    for (const json& event : trace.at("traceEvents")) {
        const std::string phase = event.at("ph");
        const std::uint64_t id = event.at("tid");
        Thread& thread = threads[id];
        if (phase == "M" && event.at("name") == "thread_name") {
            thread.id = id;
            thread.name = event.at("args").at("name");
        } else if (phase == "X") {
            const double begin = start + event.at("ts").get<double>();
            thread.slices.push_back({event.at("name"), event.at("cat"), begin, begin + event.at("dur").get<double>()});
        } else if (phase == "s") {
            Move& operation = operations[event.at("id")];
            operation.from = id;
            operation.begin = start + event.at("ts").get<double>();
        } else if (phase == "f") {
            Move& operation = operations[event.at("id")];
            operation.to = id;
            operation.end = start + event.at("ts").get<double>();
        }
    }
    Calls all;
    all.dropped = trace.at("otherData").at("dropped_calls");
    for (const auto& [number, operation] : operations)
        if (operation.from != operation.to && !is_common(threads[operation.from])) all.moves.push_back(operation);
    for (auto& [id, thread] : threads) {
        if (thread.slices.empty() || is_common(thread)) continue;
        std::ranges::sort(thread.slices, {}, &Slice::begin);
        all.threads.push_back(std::move(thread));
    }
    std::ranges::sort(all.threads, {},
                      [](const Thread& t) { return std::pair(t.name != "main", t.slices.front().begin); });
    return all;
}

/// A wait without the callbacks that ran inside it.
double blocked(const std::vector<Slice>& slices, std::size_t wait) {
    double time = slices[wait].end - slices[wait].begin;
    for (std::size_t i = wait + 1; i < slices.size() && slices[i].begin < slices[wait].end; ++i)
        if (slices[i].category == "callback") time -= slices[i].end - slices[i].begin;
    return time;
}

json figures_of(const std::vector<Thread>& threads, double begin, double end, std::uint64_t echoes) {
    struct Sum {
        std::uint64_t calls = 0, waits = 0;
        double blocked = 0;
    };
    std::map<std::string, Sum> sums;
    for (const Thread& thread : threads) {
        for (std::size_t i = 0; i < thread.slices.size(); ++i) {
            const Slice& slice = thread.slices[i];
            if (slice.begin < begin || slice.begin >= end || slice.category == "callback") continue;
            Sum& sum = sums[slice.name];
            ++sum.calls;
            if (slice.category != "wait") continue;
            ++sum.waits;
            sum.blocked += blocked(thread.slices, i);
        }
    }
    json calls_per_echo = json::object(), blocked_ms = json::object();
    for (const auto& [name, sum] : sums) {
        calls_per_echo[name] = static_cast<double>(sum.calls) / static_cast<double>(echoes);
        if (sum.waits > 0) blocked_ms[name] = sum.blocked / static_cast<double>(sum.waits) / 1e3;
    }
    return {{"calls_per_echo", calls_per_echo}, {"blocked_ms_per_call", blocked_ms}};
}

json lane_slice(const std::string& name, const std::string& category, double begin, double end) {
    const auto rounded = [](double us) { return std::round(us * 10) / 10; };
    return {{"name", name}, {"cat", category}, {"start_us", rounded(begin)}, {"duration_us", rounded(end - begin)}};
}

json lanes_of(const std::vector<Thread>& threads, double begin, double end) {
    json lanes = json::array();
    for (const Thread& thread : threads) {
        json slices = json::array();
        for (const Slice& slice : thread.slices) {
            if (slice.end > begin && slice.begin < end)
                slices.push_back(lane_slice(slice.name, slice.category, std::max(slice.begin, begin) - begin,
                                            std::min(slice.end, end) - begin));
        }
        const bool named = thread.name.find(' ') == std::string::npos;  // others have their number only
        if (!slices.empty())
            lanes.push_back({{"tid", thread.id}, {"name", named ? thread.name : ""}, {"slices", std::move(slices)}});
    }
    return lanes;
}

json moves_within(const std::vector<Move>& moves, double begin, double end) {
    json all = json::array();
    for (const Move& move : moves) {
        if (move.begin >= begin && move.end <= end) {
            all.push_back({{"from", move.from},
                           {"to", move.to},
                           {"start_us", std::round(move.begin - begin)},
                           {"end_us", std::round(move.end - begin)}});
        }
    }
    return all;
}

json lanes_of(const std::vector<ClientLane>& clients, double begin) {
    json lanes = json::array();
    for (const ClientLane& client : clients) {
        json slices = json::array();
        for (const Deed& deed : client.deeds)
            slices.push_back(lane_slice(deed.name, "client", static_cast<double>(deed.begin_us) - begin,
                                        static_cast<double>(deed.end_us) - begin));
        lanes.push_back({{"name", client.name}, {"slices", std::move(slices)}});
    }
    return lanes;
}

/// Runs the server with --trace around `visit`.
/// @throws std::exception if it does not start, as one does that takes no --trace, or does not stop
template <class Visit>
Calls traced(const Candidate& candidate, Pinning& pinning, const std::filesystem::path& file, Visit visit) {
    std::vector<std::string> arguments = candidate.arguments;
    arguments.insert(arguments.end(), {"--trace", candidate.path_to(file)});
    std::unique_ptr<EchoServer> server;
    {
        const Pinning::ForServer on_its_processor(pinning);
        server = std::make_unique<EchoServer>(candidate.program, arguments);
    }
    pinning.adopt(candidate.needs_wine() ? find_wineserver() : std::nullopt);
    visit(server->port());
    if (server->stop(stop_limit) != 0) throw std::runtime_error("it did not stop well; it said:\n" + server->errors());
    return read_calls(file);
}

/// A name may be a whole path with options behind it.
std::string file_name(std::string text) {
    std::ranges::replace_if(text, [](char c) { return std::string_view("\\/:*?\"<>| ").find(c) != std::string::npos; },
                            '_');
    return text;
}

}  // namespace

json trace_calls(const Candidate& candidate, Pinning& pinning, const std::filesystem::path& output) {
    const auto file = output / path_from_utf8(file_name(candidate.name) + ".trace.json");
    json all = {{"server", candidate.name}, {"message_clients", client_count}, {"errors", json::array()}};
    try {
        LoadReport load;
        double begin = 0, end = 0;
        const Calls calls = traced(candidate, pinning, file, [&](std::uint16_t port) {
            LoadSettings settings;
            settings.port = port;
            settings.clients = client_count;
            settings.seconds = Seconds{0.2};  // no longer: the recorder has room for some hundred thousand calls
            settings.warm_up = Seconds{0.05};
            settings.on_window_begins = [&] { begin = static_cast<double>(unix_us()); };
            settings.on_window_ends = [&] { end = static_cast<double>(unix_us()); };
            load = run_load(settings);
        });
        if (calls.dropped == 0 && load.echoes > 0) all.update(figures_of(calls.threads, begin, end, load.echoes));
        all["dropped_calls"] = calls.dropped;
        for (const std::string& error : load.examples) all["errors"].push_back(error);
    } catch (const std::exception&) {
        return {};
    }
    try {
        ClassroomReport report;
        double begin = 0, end = 0;
        const Calls calls = traced(candidate, pinning, file, [&](std::uint16_t port) {
            begin = static_cast<double>(unix_us());
            report = visit_as_classroom(port);
            end = static_cast<double>(unix_us());
        });
        all["threads"] = lanes_of(calls.threads, begin, end);
        all["moves"] = moves_within(calls.moves, begin, end);
        all["clients"] = lanes_of(report.lanes, begin);
        for (const std::string& error : report.errors) all["errors"].push_back("classroom: " + error);
    } catch (const std::exception& error) {
        all["errors"].push_back(std::string("classroom: ") + error.what());
    }
    return all;
}

std::string calls_in_words(const json& traces) {
    std::string text;
    for (const json& trace : traces) {
        if (trace.value("dropped_calls", 0) > 0)
            text += trace.at("server").get<std::string>() + ": more calls than there was room for; not counted\n";
        if (!trace.contains("calls_per_echo")) continue;
        double sum = 0;
        std::vector<std::pair<double, std::string>> calls;
        for (const auto& [name, count] : trace.at("calls_per_echo").items()) {
            sum += count.get<double>();
            calls.emplace_back(count, name);
        }
        // The most frequent first; those that are made equally often, but for the window's edges, by their names.
        std::ranges::sort(calls, {},
                          [](const auto& call) { return std::pair(-std::lround(call.first * 10), call.second); });
        std::string line = trace.at("server").get<std::string>();
        line.resize(std::max<std::size_t>(line.size() + 1, 23), ' ');
        line += fixed(sum, 2);
        const char* before = ": ";
        for (const auto& [count, name] : calls) {
            if (count < 0.005) break;
            line += before + name + " " + fixed(count, 2);
            const json& blocked = trace.at("blocked_ms_per_call");
            if (blocked.contains(name)) line += " (" + fixed(blocked.at(name).get<double>(), 2) + " ms)";
            before = ", ";
        }
        text += line + '\n';
    }
    if (text.empty()) return text;
    return "API calls per echo, recorded apart, with " + std::to_string(client_count) +
           " clients; in brackets how long a call blocks:\n" + text + '\n';
}

}  // namespace course
