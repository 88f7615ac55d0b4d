// The two programs as a user starts them, against servers whose behaviour is known; and the parts of compare that
// decide what its table says.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "common/process/server_process.h"
#include "common/tools/compare/candidate.h"
#include "common/tools/compare/cell.h"
#include "common/tools/compare/results.h"
#include "common/tools/load/text.h"

namespace course {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A folder whose name is not ASCII, gone at the end.
class Folder {
public:
    Folder() : path_(fs::temp_directory_path() / path_from_utf8("course compare \xEA\xB0\x95\xEC\x9D\x98")) {
        fs::remove_all(path_);
        fs::create_directories(path_);
    }
    ~Folder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    [[nodiscard]] std::string file(const char* name) const { return utf8_from_path(path_ / name); }
    [[nodiscard]] std::string name() const { return utf8_from_path(path_); }
    [[nodiscard]] json read(const char* name) const {
        std::ifstream in(path_ / name, std::ios::binary);
        return json::parse(in, nullptr, false);
    }

private:
    fs::path path_;
};

struct Ended {
    int status;
    std::string output, errors;
};

Ended run(const char* program, const std::vector<std::string>& arguments) {
    ServerProcess process(program, arguments);
    const auto status = process.wait_for_exit(std::chrono::seconds{60});
    return {status.value_or(-1), process.output(), process.errors()};
}

json results_of_compare(std::vector<std::string> arguments, int expected_status) {
    const Folder folder;
    arguments.insert(arguments.end(), {"--output", folder.name()});
    const Ended ended = run("compare", arguments);
    EXPECT_EQ(ended.status, expected_status) << ended.output << ended.errors;
    return folder.read("results.json");
}

/// Runs compare and returns its rows by the server's name.
json compare(std::vector<std::string> arguments, int expected_status) {
    arguments.emplace_back("--no-trace");
    const json results = results_of_compare(std::move(arguments), expected_status);
    json rows = json::object();
    if (!results.is_object()) return rows;
    for (const json& row : results.at("rows")) rows[row.at("server").get<std::string>()] = row;
    return rows;
}

double echoes_per_second(const json& row) { return row.at("echoes_per_second").at("median").get<double>(); }

TEST(EchoLoad, ReportsAServersEchoes) {
    EchoServer server("asio_echo");
    const Folder folder;
    const Ended ended =
        run("echo_load", {"--port", std::to_string(server.port()), "--clients", "5", "--idle", "3", "--depth", "2",
                          "--seconds", "0.3", "--warm-up", "0.1", "--json", folder.file("report.json")});
    EXPECT_EQ(ended.status, 0) << ended.output << ended.errors;
    EXPECT_NE(ended.output.find("errors      none"), std::string::npos) << ended.output;
    const json report = folder.read("report.json");
    ASSERT_TRUE(report.is_object());
    EXPECT_EQ(report.at("unserved_clients"), 0);
    EXPECT_GT(report.at("echoes").get<std::uint64_t>(), 5u);
    EXPECT_EQ(server.stop(std::chrono::seconds{5}), 0) << server.errors();
}

TEST(EchoLoad, FailsWhenNobodyListensOrOptionsAreWrong) {
    std::string port;
    {
        const EchoServer server("asio_echo");
        port = std::to_string(server.port());
    }
    EXPECT_EQ(run("echo_load", {"--port", port, "--seconds", "0.1", "--warm-up", "0"}).status, 1);
    EXPECT_EQ(run("echo_load", {"--clients", "many"}).status, 2);
    EXPECT_EQ(run("echo_load", {"--seconds", "nan"}).status, 2);
    EXPECT_EQ(run("echo_load", {"--help"}).status, 0);
}

TEST(Compare, MeasuresAServerAndTheYardstick) {
    const json rows = compare({"01", "asio", "--clients", "1,8", "--quick", "--size", "1000", "--idle", "2"}, 0);
    ASSERT_EQ(rows.size(), 2u);
    for (const json& row : rows) {
        EXPECT_GT(echoes_per_second(row), 0);
        EXPECT_EQ(row.at("unserved_clients"), 0);
        EXPECT_EQ(row.at("errors"), 0);
        EXPECT_FALSE(row.at("peak_threads").is_null());
        EXPECT_FALSE(row.at("peak_memory_mb").is_null());
        EXPECT_FALSE(row.at("kib_per_idle_client").is_null());
        EXPECT_EQ(row.at("relative").at("to"), "asio");
    }
    EXPECT_EQ(rows.at("asio").at("relative").at("median"), 1);
}

// How many calls an echo takes is known for these: 01 receives and sends; Asio also takes a packet for each of the two.
TEST(Compare, CountsTheCallsOfAnEchoAndWatchesAClass) {
    const json results = results_of_compare({"01", "asio", "--clients", "1", "--quick"}, 0);
    ASSERT_TRUE(results.is_object());
    const json& traces = results.at("traces");
    ASSERT_EQ(traces.size(), 2u);
    const json &blocking = traces[0], &asio = traces[1];
    EXPECT_NEAR(blocking.at("calls_per_echo").at("recv").get<double>(), 1, 0.1);
    EXPECT_NEAR(blocking.at("calls_per_echo").at("send").get<double>(), 1, 0.1);
    EXPECT_GT(blocking.at("blocked_ms_per_call").at("recv").get<double>(), 0);
    EXPECT_NEAR(asio.at("calls_per_echo").at("GetQueuedCompletionStatus").get<double>(), 2, 0.2);
    EXPECT_FALSE(asio.at("blocked_ms_per_call").contains("WSARecv"));
    EXPECT_GE(blocking.at("threads").size(), 6u) << "five clients, each with a thread, and the one that accepts";
    EXPECT_EQ(asio.at("threads").size(), 1u);
    for (const json& trace : traces) {
        EXPECT_TRUE(trace.at("errors").empty()) << trace.at("errors");
        EXPECT_EQ(trace.at("clients").size(), 5u);
        for (const json& lane : trace.at("clients")) EXPECT_GT(lane.at("slices").size(), 2u) << lane;
    }
}

TEST(Compare, MeasuresShortVisits) {
    const json rows = compare({"06", "--visits", "--clients", "4", "--quick"}, 0);
    ASSERT_TRUE(rows.contains("06_iocp"));
    EXPECT_GT(echoes_per_second(rows.at("06_iocp")), 0);
    EXPECT_EQ(rows.at("06_iocp").at("unserved_clients"), 0);
    EXPECT_FALSE(rows.at("06_iocp").contains("relative"));  // there is nothing to relate it to
}

TEST(Compare, ShowsAServerThatTakesTwiceAsLong) {
    const std::vector<std::string> load{"--clients", "8", "--seconds", "0.3", "--rounds", "3"};
    const auto with = [&](std::vector<std::string> servers) {
        servers.insert(servers.end(), load.begin(), load.end());
        return compare(servers, 0);
    };
    const json alone = with({"asio"});
    ASSERT_TRUE(alone.contains("asio"));
    // One thread serves everyone: as much needless work per echo as an echo takes halves the throughput.
    const double microseconds = 1e6 / echoes_per_second(alone.at("asio"));
    const std::string slowed = "asio --busy " + fixed(microseconds, 0);
    const json rows = with({"asio", slowed});
    ASSERT_TRUE(rows.contains("asio") && rows.contains(slowed));
    const double ratio = echoes_per_second(rows.at(slowed)) / echoes_per_second(rows.at("asio"));
    EXPECT_LT(ratio, 0.8) << slowed;
    EXPECT_GT(ratio, 0.2) << slowed;
}

TEST(Compare, DoesNotHideUnservedClients) {
    const json rows = compare({"01 --one-at-a-time", "--clients", "3", "--quick"}, 0);
    ASSERT_TRUE(rows.contains("01_blocking --one-at-a-time"));
    EXPECT_EQ(rows.at("01_blocking --one-at-a-time").at("unserved_clients"), 2);
}

TEST(Compare, FailsWhenAServerLosesAByte) {
    const std::string server = "broken_server --fault drop-byte";  // the millionth of each connection
    const json rows = compare({server, "--clients", "2", "--size", "65536", "--seconds", "1", "--rounds", "1"}, 1);
    ASSERT_TRUE(rows.contains(server));
    EXPECT_EQ(rows.at(server).at("rounds").at(0).at("errors").value("mismatch", 0), 2) << rows.dump(1);
}

TEST(Compare, RefusesOptionsItDoesNotUnderstand) {
    EXPECT_EQ(run("compare", {"--clients", "1,,2"}).status, 2);
    EXPECT_EQ(run("compare", {"no_such_server"}).status, 2);
    EXPECT_EQ(run("compare", {"--seconds", "nan"}).status, 2);
    EXPECT_EQ(run("compare", {"--quick", "--rounds", "2"}).status, 2);
}

TEST(Candidate, IsFoundByNumberNameAndPath) {
    const fs::path directory = executable_directory();
    const Candidate by_number = find_candidate("05", directory);
    EXPECT_EQ(by_number.name, "05_overlapped_callback");
    EXPECT_EQ(find_candidate("06", directory).name, "06_iocp");
    EXPECT_EQ(find_candidate("05_overlapped_callback", directory).program, by_number.program);
    EXPECT_EQ(find_candidate(utf8_from_path(by_number.program), "nowhere").program, by_number.program);
    EXPECT_EQ(find_candidate("asio", directory).name, "asio");
    EXPECT_THROW(find_candidate("", directory), std::runtime_error);
    EXPECT_THROW(find_candidate("0", directory), std::runtime_error);
    EXPECT_THROW(find_candidate("99", directory), std::runtime_error);
}

TEST(Candidate, TakesOptionsOfItsOwn) {
    const Candidate candidate = find_candidate("06 --threads 1 --verbose", executable_directory());
    EXPECT_EQ(candidate.name, "06_iocp --threads 1 --verbose");
    EXPECT_EQ(candidate.arguments, (std::vector<std::string>{"--threads", "1", "--verbose"}));
}

TEST(Candidate, AllOfThemStandInTheirOrder) {
    const auto all = all_candidates(executable_directory());
    ASSERT_EQ(all.size(), 8u);
    EXPECT_EQ(all.front().name, "01_blocking");
    EXPECT_EQ(all[5].name, "06_iocp");
    EXPECT_EQ(all[6].name, "06_iocp_full");
    EXPECT_EQ(all.back().name, "asio");
}

TEST(Spread, IsMedianLeastAndGreatest) {
    EXPECT_FALSE(spread_of({}));
    const auto odd = spread_of({3, 1, 2});
    EXPECT_EQ(odd->median, 2);
    EXPECT_EQ(odd->least, 1);
    EXPECT_EQ(odd->greatest, 3);
    EXPECT_EQ(spread_of({4, 1, 2, 3})->median, 2.5);
}

TEST(Table, ComparesRoundByRound) {
    std::vector<Row> rows(2);
    rows[0].candidate.name = "mine";
    rows[1].candidate.name = "asio";
    const double mine[] = {300, 20, 900}, asio[] = {100, 10, 600};  // a machine that was slow for a round
    for (std::size_t round = 0; round < 3; ++round) {
        for (Row& row : rows) row.rounds.emplace_back().load.seconds = 1;
        rows[0].rounds[round].load.echoes = static_cast<std::uint64_t>(mine[round]);
        rows[1].rounds[round].load.echoes = static_cast<std::uint64_t>(asio[round]);
    }
    const auto ratio = relative_to("asio", rows[0], rows);
    ASSERT_TRUE(ratio.has_value());
    EXPECT_EQ(ratio->median, 2);
    EXPECT_EQ(ratio->least, 1.5);
    EXPECT_EQ(ratio->greatest, 3);
    EXPECT_NE(to_table(rows, false, "asio").find("2.00 (1.50-3.00)"), std::string::npos);
    rows[1].clients = 60;  // no row to compare with
    EXPECT_FALSE(relative_to("asio", rows[0], rows).has_value());
}

TEST(Table, HoldsEachServerAgainstTheYardstickWithItsBuffer) {
    std::vector<Row> rows(4);
    const char* const names[] = {"small", "large", "asio", "asio --buffer 65536"};
    const std::size_t buffers[] = {4096, 65536, 4096, 65536};
    const std::uint64_t echoes[] = {50, 300, 100, 200};
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].candidate = {names[i], i < 2 ? names[i] : "asio_echo", {}, buffers[i]};
        rows[i].rounds.emplace_back().load.seconds = 1;
        rows[i].rounds[0].load.echoes = echoes[i];
    }
    EXPECT_EQ(relative_to("asio", rows[0], rows)->median, 0.5);
    EXPECT_EQ(relative_to("asio", rows[1], rows)->median, 1.5);
    rows.pop_back();  // then against the only one there is
    EXPECT_EQ(relative_to("asio", rows[1], rows)->median, 3);
}

TEST(Table, TakesTheBaseByItsNameAndNotWithOptions) {
    std::vector<Row> rows(2);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].candidate = {i == 0 ? "06_iocp --threads 1" : "06_iocp", "06_iocp", {}};
        rows[i].rounds.emplace_back().load.seconds = 1;
        rows[i].rounds[0].load.echoes = i == 0 ? 100 : 200;
    }
    EXPECT_EQ(relative_to("06_iocp", rows[0], rows)->median, 0.5);
}

TEST(Table, NamesTheSizesWhereTheyDiffer) {
    std::vector<Row> rows(2);
    for (Row& row : rows) row.rounds.emplace_back().load.seconds = 1;
    EXPECT_EQ(to_table(rows, false).find("bytes"), std::string::npos);
    rows[1].size = 16'384;
    EXPECT_NE(to_table(rows, false).find("16,384"), std::string::npos);
}

TEST(FindCandidate, KnowsHowMuchAServerReceivesAtOnce) {
    const auto buffer = [](const char* name) { return find_candidate(name, executable_directory()).buffer; };
    EXPECT_EQ(buffer("06"), 4096u);
    EXPECT_EQ(buffer("06_iocp_full"), 65'536u);
    EXPECT_EQ(buffer("asio"), 4096u);
    EXPECT_EQ(buffer("asio --buffer 1000"), 1000u);
    EXPECT_EQ(yardstick(executable_directory(), 65'536)->name, "asio --buffer 65536");
    EXPECT_THROW(buffer("asio --buffer much"), std::runtime_error);
}

TEST(Table, MarksWhatMustNotBeOverlooked) {
    Row row;
    row.candidate.name = "a_server";
    row.clients = 60;
    row.rounds.resize(3);
    for (Cell& cell : row.rounds) {
        cell.load.seconds = 1;
        cell.load.echoes = 1000;
    }
    EXPECT_EQ(warnings({row}), "");
    EXPECT_EQ(to_table({row}, false).find("(!)"), std::string::npos);
    row.rounds[1].load.unserved = 7;  // in one round only: the worst counts, not the middle one
    row.rounds[2].load.errors["reset"] = 2;
    EXPECT_NE(to_table({row}, false).find("7 (!)"), std::string::npos);
    EXPECT_NE(to_table({row}, false).find("2 (!)"), std::string::npos);
    EXPECT_NE(warnings({row}).find("7 got not one echo"), std::string::npos);
    EXPECT_NE(warnings({row}).find("2 x reset"), std::string::npos);
}

}  // namespace
}  // namespace course
