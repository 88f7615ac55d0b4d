#include "common/tools/compare/results.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/tools/compare/cell.h"
#include "common/tools/load/text.h"

namespace course {

namespace {

using nlohmann::json;
using Figure = std::function<std::optional<double>(const Cell&)>;

/// A column of the table and a key of results.json.
struct Column {
    const char* title;  // in the table
    const char* key;
    int digits;
    bool with_spread;  // in the table; the JSON has it for all
    bool wide;         // only in the wide table
    Figure figure;
};

Figure latency_ms(double quantile) {
    return [quantile](const Cell& cell) -> std::optional<double> {
        if (cell.load.latency.count() == 0) return std::nullopt;
        return static_cast<double>(cell.load.latency.quantile(quantile)) / 1e6;
    };
}

const std::vector<Column>& columns() {
    static const std::vector<Column> all = {
        {"echoes/s", "echoes_per_second", 0, true, false, [](const Cell& c) { return c.load.echoes_per_second(); }},
        {"MB/s", "megabytes_per_second", 1, false, true, [](const Cell& c) { return c.load.megabytes_per_second(); }},
        {"p50 ms", "p50_ms", 2, false, false, latency_ms(0.5)},
        {"p99 ms", "p99_ms", 2, false, false, latency_ms(0.99)},
        {"p99.9 ms", "p99_9_ms", 2, false, true, latency_ms(0.999)},
        {"longest ms", "longest_wait_ms", 1, false, true,
         [](const Cell& c) { return static_cast<double>(c.load.longest_wait) / 1e6; }},
        {"CPU ms/1000", "cpu_ms_per_1000_echoes", 1, false, false, [](const Cell& c) { return c.cpu_ms_per_1000; }},
        {"wineserver CPU", "wineserver_cpu_ms_per_1000_echoes", 1, false, true,
         [](const Cell& c) { return c.wineserver_cpu_ms_per_1000; }},
        {"wineserver requests/echo", "wineserver_requests_per_echo", 2, false, true,
         [](const Cell& c) { return c.wineserver_requests_per_echo; }},
        {"load CPU %", "load_cpu_percent", 0, false, true, [](const Cell& c) { return 100 * c.load.own_cpu; }},
        {"threads", "peak_threads", 0, false, false, [](const Cell& c) { return c.peak_threads; }},
        {"memory MB", "peak_memory_mb", 1, false, false,
         [](const Cell& c) -> std::optional<double> {
        if (!c.peak_memory_bytes) return std::nullopt;
        return static_cast<double>(*c.peak_memory_bytes) / 1e6;
    }},
        {"KiB/idle", "kib_per_idle_client", 2, false, true, [](const Cell& c) { return c.kib_per_idle_client; }},
    };
    return all;
}

std::string number(double value, int digits) {
    if (digits > 0) return fixed(value, digits);
    return with_commas(static_cast<std::uint64_t>(std::llround(std::max(value, 0.0))));
}

std::string in_words(const std::optional<Spread>& spread, const Column& column) {
    if (!spread) return "-";
    std::string text = number(spread->median, column.digits);
    if (column.with_spread && spread->values > 1)
        text += " (" + number(spread->least, column.digits) + "-" + number(spread->greatest, column.digits) + ")";
    return text;
}

/// The first column is set flush left, the others flush right.
std::string aligned(const std::vector<std::vector<std::string>>& lines) {
    std::vector<std::size_t> widths;
    for (const auto& line : lines) {
        widths.resize(std::max(widths.size(), line.size()));
        for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
    }
    std::string text;
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            const std::string blanks(widths[i] - line[i].size(), ' ');
            text += i == 0 ? line[i] + (line.size() > 1 ? blanks : "") : "  " + blanks + line[i];
        }
        text += '\n';
    }
    return text;
}

std::string sentence(const Row& row) {
    return row.candidate.name + ", " + std::to_string(row.clients) + (row.clients == 1 ? " client: " : " clients: ");
}

}  // namespace

std::optional<Spread> spread_of(std::vector<double> values) {
    if (values.empty()) return std::nullopt;
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    const double median = values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    return Spread{median, values.front(), values.back(), values.size()};
}

std::size_t Row::most_unserved() const {
    std::size_t most = 0;
    for (const Cell& cell : rounds) most = std::max(most, cell.load.unserved);
    return most;
}

std::uint64_t Row::error_count() const {
    std::uint64_t sum = 0;
    for (const Cell& cell : rounds) sum += cell.load.error_count();
    return sum;
}

nlohmann::json to_json(const Row& row) {
    json all = {{"server", row.candidate.name},
                {"program", utf8_from_path(row.candidate.program.filename())},
                {"arguments", row.candidate.arguments},
                {"clients", row.clients},
                {"size", row.size},
                {"buffer", row.candidate.buffer},
                {"unserved_clients", row.most_unserved()},
                {"errors", row.error_count()}};
    for (const Column& column : columns()) {
        const auto spread = row.spread(column.figure);
        all[column.key] =
            spread ? json{{"median", spread->median}, {"least", spread->least}, {"greatest", spread->greatest}}
                   : json();
    }
    all["rounds"] = json::array();
    for (const Cell& cell : row.rounds) all["rounds"].push_back(to_json(cell));
    return all;
}

std::optional<Spread> relative_to(const std::string& base, const Row& row, const std::vector<Row>& rows) {
    const auto beside = [&](const Row& other) { return other.clients == row.clients && other.size == row.size; };
    auto found =
        std::ranges::find_if(rows, [&](const Row& other) { return beside(other) && other.candidate.name == base; });
    if (found == rows.end()) return std::nullopt;
    if (found->candidate.buffer != row.candidate.buffer) {
        const auto same_buffer = std::ranges::find_if(rows, [&](const Row& other) {
            return beside(other) && other.candidate.program == found->candidate.program &&
                   other.candidate.buffer == row.candidate.buffer;
        });
        if (same_buffer != rows.end()) found = same_buffer;
    }
    std::vector<double> ratios;
    for (std::size_t round = 0; round < std::min(row.rounds.size(), found->rounds.size()); ++round)
        if (const double one = found->rounds[round].load.echoes_per_second(); one > 0)
            ratios.push_back(row.rounds[round].load.echoes_per_second() / one);
    return spread_of(ratios);
}

std::string to_table(const std::vector<Row>& rows, bool wide, const std::string& base) {
    const Column ratio{"", "", 2, true, false, {}};
    const bool sizes = std::ranges::any_of(rows, [&](const Row& row) { return row.size != rows[0].size; });
    std::vector<std::string> titles{"server", "clients"};
    if (sizes) titles.emplace_back("bytes");
    const auto before_ratio = static_cast<std::ptrdiff_t>(titles.size() + 1);
    for (const Column& column : columns())
        if (wide || !column.wide) titles.emplace_back(column.title);
    if (!base.empty()) titles.insert(titles.begin() + before_ratio, "x " + base);
    titles.insert(titles.end(), {"unserved", "errors"});
    std::vector<std::vector<std::string>> lines{titles};
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Row& row = rows[i];
        if (i == 0 || row.clients != rows[i - 1].clients || row.size != rows[i - 1].size) lines.push_back({""});
        std::vector<std::string> line{row.candidate.name, std::to_string(row.clients)};
        if (sizes) line.push_back(with_commas(row.size));
        for (const Column& column : columns())
            if (wide || !column.wide) line.push_back(in_words(row.spread(column.figure), column));
        if (!base.empty()) line.insert(line.begin() + before_ratio, in_words(relative_to(base, row, rows), ratio));
        line.push_back(std::to_string(row.most_unserved()) + (row.most_unserved() ? " (!)" : ""));
        line.push_back(std::to_string(row.error_count()) + (row.error_count() ? " (!)" : ""));
        lines.push_back(line);
    }
    return aligned(lines);
}

std::string warnings(const std::vector<Row>& rows) {
    std::string text;
    std::set<std::string> limited;
    for (const Row& row : rows) {
        if (const std::size_t unserved = row.most_unserved(); unserved > 0)
            text += sentence(row) + std::to_string(unserved) + " got not one echo in the worst round." +
                    (unserved < row.clients ? " Throughput and latency are those of the others.\n" : "\n");
        std::map<std::string, std::uint64_t> errors;
        for (const Cell& cell : row.rounds)
            for (const auto& [kind, count] : cell.load.errors) errors[kind] += count;
        for (const auto& [kind, count] : errors) {
            text += sentence(row) + std::to_string(count) + " x " + kind +
                    (row.rounds.size() == 1 ? std::string(" in 1 round.\n")
                                            : " in " + std::to_string(row.rounds.size()) + " rounds.\n");
        }
        for (const Cell& cell : row.rounds) {
            if (cell.load.examples.empty()) continue;
            text += "    " + cell.load.examples.front() + "\n";
            break;
        }
        const auto own_cpu = row.spread([](const Cell& cell) { return std::optional(cell.load.own_cpu); });
        if (own_cpu && own_cpu->median > 0.9) limited.insert(sentence(row));
    }
    for (const std::string& who : limited)
        text += who + "the load generator itself was busy all the time; the server may be able to do more.\n";
    return text;
}

}  // namespace course
