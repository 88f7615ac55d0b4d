#include "common/tools/load/report.h"

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "common/tools/load/load.h"
#include "common/tools/load/text.h"

namespace course {

namespace {

double milliseconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; }

}  // namespace

nlohmann::json to_json(const LoadReport& report) {
    const auto quantile_ms = [&](double q) { return milliseconds(report.latency.quantile(q)); };
    return {
        {"clients", report.clients},
        {"window_seconds", report.seconds},
        {"connect_seconds", report.connect_seconds},
        {"echoes", report.echoes},
        {"echoes_per_second", report.echoes_per_second()},
        {"megabytes_per_second", report.megabytes_per_second()},
        {"latency_ms",
         {{"p50", quantile_ms(0.5)},
          {"p99", quantile_ms(0.99)},
          {"p99_9", quantile_ms(0.999)},
          {"longest_wait", milliseconds(report.longest_wait)}}},
        {"latency_relative_error", Histogram::greatest_relative_error},
        {"unserved_clients", report.unserved},
        {"echoes_per_client",
         {{"least", report.least_echoes}, {"median", report.median_echoes}, {"most", report.most_echoes}}},
        {"load_cpu_share", report.own_cpu},
        {"errors", report.errors},
        {"error_examples", report.examples},
    };
}

std::string to_text(const LoadReport& report) {
    const auto quantile_ms = [&](double q) { return fixed(milliseconds(report.latency.quantile(q)), 3); };
    std::string text;
    text += "throughput  " + with_commas(static_cast<std::uint64_t>(std::llround(report.echoes_per_second()))) +
            " echoes/s, " + fixed(report.megabytes_per_second(), 2) + " MB/s each way, over " +
            fixed(report.seconds, 2) + " s\n";
    text += "latency     p50 " + quantile_ms(0.5) + " ms, p99 " + quantile_ms(0.99) + " ms, p99.9 " +
            quantile_ms(0.999) + " ms, longest wait " + fixed(milliseconds(report.longest_wait), 3) + " ms\n";
    text += "clients     " + std::to_string(report.clients) + ", of which " + std::to_string(report.unserved) +
            " unserved; echoes per client: least " + with_commas(report.least_echoes) + ", median " +
            with_commas(report.median_echoes) + ", most " + with_commas(report.most_echoes) + "\n";
    text += "errors      " + errors_in_words(report) + "\n";
    for (const std::string& example : report.examples) text += "            " + example + "\n";
    if (report.own_cpu > 0.9)
        text += "note        this program used " + fixed(100 * report.own_cpu, 0) +
                " % of a processor: it may have been the limit, not the server\n";
    return text;
}

std::string errors_in_words(const LoadReport& report) {
    std::string text;
    for (const auto& [kind, count] : report.errors)
        text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + kind;
    return text.empty() ? "none" : text;
}

}  // namespace course
