// Each mode against each server: what the mode says is worth watching, watched.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <nlohmann/json.hpp>
#include <ostream>
#include <regex>
#include <string>
#include <system_error>
#include <tuple>
#include <vector>

#include "common/process/server_process.h"
#include "common/testing/test_client.h"
#include "common/tools/client/testing.h"

namespace course {
namespace {

using nlohmann::json;

constexpr std::uint64_t mebibyte = 1024 * 1024;

/// The statistics that a server writes at its end; the file is gone at ours.
class StatsFile {
public:
    explicit StatsFile(const std::string& name) : path_(std::filesystem::temp_directory_path() / (name + ".json")) {}
    ~StatsFile() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    StatsFile(const StatsFile&) = delete;
    StatsFile& operator=(const StatsFile&) = delete;

    [[nodiscard]] std::string name() const { return path_.string(); }
    [[nodiscard]] json read() const {
        std::ifstream in(path_, std::ios::binary);
        return json::parse(in);
    }

private:
    std::filesystem::path path_;
};

/// What there is to look at afterwards.
struct Seen {
    std::string server;
    ClientRun client;
    std::string server_output;
    ProcessUsage before;  // after one visitor
    json stats;

    [[nodiscard]] bool is_one_of(const std::vector<std::string>& names) const {
        return std::find(names.begin(), names.end(), server) != names.end();
    }
    [[nodiscard]] std::int64_t further_threads() const {
        return stats["peak_threads"].get<std::int64_t>() - static_cast<std::int64_t>(before.threads.value());
    }
};

// 01 spends a thread on each client, and the silent one is not alone. One thread may come and go with the libraries.
void see_threads_spent_on_two(const Seen& seen) {
    if (seen.server == "01_blocking")
        EXPECT_GE(seen.further_threads(), 1);
    else
        EXPECT_LE(seen.further_threads(), 1);
}

// With the other client they are 66.
void see_threads_spent_on_sixty_six(const Seen& seen) {
    EXPECT_TRUE(seen.client.says("65 clients: 65 served")) << seen.client.output;
    EXPECT_TRUE(seen.client.says("65 of 65 that were served get a second echo")) << seen.client.output;
    if (seen.server == "01_blocking") {
        EXPECT_GE(seen.further_threads(), 65);
    } else if (seen.is_one_of({"03_eventselect", "04_overlapped_event"})) {
        EXPECT_GE(seen.further_threads(), 1);  // for the three that the first one cannot hold
        EXPECT_LE(seen.further_threads(), 2);
    } else {
        EXPECT_LE(seen.further_threads(), 1);
    }
}

void see_memory_stay(const Seen& seen) {
    EXPECT_LT(seen.stats["peak_memory_bytes"].get<std::uint64_t>(), seen.before.memory_bytes.value() + 16 * mebibyte);
}

void see_that_it_takes_no_more(const Seen& seen) {
    EXPECT_TRUE(seen.client.says("and next to nothing for the last ")) << seen.client.output;
    see_memory_stay(seen);
}

void see_all_of_it_come_back(const Seen& seen) {
    std::smatch bytes;
    const std::regex line("sent ([0-9,]+) bytes, read ([0-9,]+) back, then the server's FIN");
    ASSERT_TRUE(std::regex_search(seen.client.output, bytes, line)) << seen.client.output;
    EXPECT_EQ(bytes[1], bytes[2]);
    EXPECT_NE(bytes[1], "0");
    see_memory_stay(seen);
}

void see_a_slow_one_get_all(const Seen& seen) {
    see_that_it_takes_no_more(seen);
    see_all_of_it_come_back(seen);
}

void see_one_mebibyte_come_back(const Seen& seen) {
    EXPECT_TRUE(seen.client.says("sent 1,048,576 bytes")) << seen.client.output;
    see_all_of_it_come_back(seen);
}

void see_processor_time(const Seen& seen) {
    EXPECT_TRUE(seen.client.says(" MB/s came back, for ")) << seen.client.output;
    EXPECT_GT(seen.stats["cpu_seconds"].get<double>(), seen.before.cpu_seconds.value() + 0.05);
    see_all_of_it_come_back(seen);
}

// All who came have left or were lost, and of the lost ones the server says why.
void see_why_each_ended(const Seen& seen) {
    std::size_t came = 0, left = 0, lost = 0;
    const std::regex event("\\] client \\d+: (.+)");
    for (auto e = std::sregex_iterator(seen.server_output.begin(), seen.server_output.end(), event);
         e != std::sregex_iterator{}; ++e) {
        const std::string what = (*e)[1];
        if (what.starts_with("connected"))
            ++came;
        else if (what.starts_with("left"))
            ++left;
        else if (!std::regex_search(what, std::regex("^\\d+ bytes?")))
            ++lost;
    }
    EXPECT_EQ(came, left + lost) << seen.server_output;
    EXPECT_GE(lost, 1u) << seen.server_output;
    see_memory_stay(seen);
}

struct TroubleAndSight {
    std::string name;
    std::vector<std::string> arguments;
    void (*see)(const Seen&);
};

void PrintTo(const TroubleAndSight& trouble, std::ostream* out) { *out << trouble.name; }

class EachServer : public testing::TestWithParam<std::tuple<std::string, TroubleAndSight>> {};

std::string name_of(const testing::TestParamInfo<EachServer::ParamType>& test) {
    return std::get<0>(test.param) + "_" + std::get<1>(test.param).name;
}

TEST_P(EachServer, BearsEachTrouble) {
    const auto& [name, trouble] = GetParam();
    const StatsFile stats("trouble_" + name + "_" + trouble.name);
    std::vector<std::string> options{"--stats", stats.name()};
    if (trouble.name == "reset") options.emplace_back("--verbose");
    EchoServer server(name, options);
    Seen seen{.server = name, .client = {}, .server_output = {}, .before = {}, .stats = {}};
    {
        TestClient visitor(server.port());
        visitor.exchange("hello");
        visitor.finish_sending();
        visitor.receive_to_end();
    }
    seen.before = server.usage();

    std::vector<std::string> arguments = trouble.arguments;
    arguments.insert(arguments.end(), {"--seconds", "0.5"});
    seen.client = run_client(server, arguments);

    EXPECT_EQ(seen.client.status, 0) << seen.client.output;
    EXPECT_TRUE(seen.client.says("\nwatch: ")) << seen.client.output;
    const std::regex undisturbed("another client meanwhile: [0-9,]+ echoe?s?, slowest [0-9.]+ ms\r?\n");
    EXPECT_TRUE(std::regex_search(seen.client.output, undisturbed)) << seen.client.output;
    EXPECT_TRUE(seen.client.says("the server kept the contract")) << seen.client.output;

    ASSERT_EQ(server.stop(long_enough), 0) << server.output() << server.errors();
    EXPECT_NE(server.output().find(name + " served "), std::string::npos) << server.output();
    seen.server_output = server.output();
    seen.stats = stats.read();
    trouble.see(seen);
}

INSTANTIATE_TEST_SUITE_P(
    Client, EachServer,
    testing::Combine(testing::Values("01_blocking", "02_select", "03_eventselect", "04_overlapped_event",
                                     "05_overlapped_callback", "06_iocp", "06_iocp_full"),
                     testing::Values(TroubleAndSight{"silent", {"--silent"}, see_threads_spent_on_two},
                                     TroubleAndSight{"slow", {"--slow"}, see_a_slow_one_get_all},
                                     TroubleAndSight{"reset", {"--reset"}, see_why_each_ended},
                                     TroubleAndSight{"half_close", {"--half-close"}, see_one_mebibyte_come_back},
                                     TroubleAndSight{"flood", {"--flood"}, see_processor_time},
                                     TroubleAndSight{"never_read", {"--never-read"}, see_that_it_takes_no_more},
                                     TroubleAndSight{"many", {"--many", "65"}, see_threads_spent_on_sixty_six})),
    name_of);

// A thousand of them do not disturb each other, but 1,022 echoes at once can delay a further client's: none here.
TEST(Surplus, OfSelectWaitsAndIsServedLater) {
    EchoServer server("02_select");
    const ClientRun run = run_client(server, {"--many", "1030", "--seconds", "0.5", "--no-probe"});
    EXPECT_EQ(run.status, 0) << run.output;
    EXPECT_TRUE(run.says("1,030 clients: 1,022 served")) << run.output;
    EXPECT_TRUE(run.says(", 8 unanswered")) << run.output;
    EXPECT_TRUE(run.says("1,022 of 1,022 that were served get a second echo")) << run.output;
    EXPECT_TRUE(run.says("8 of 8 that were unanswered got their echo")) << run.output;
    EXPECT_EQ(server.stop(long_enough), 0);
    const std::string output = server.output();
    const auto said = output.find("full: 1022 clients; further ones wait");
    EXPECT_NE(said, std::string::npos) << output;
    EXPECT_EQ(output.find("full: ", said + 1), std::string::npos) << "it is said once\n" << output;
}

}  // namespace
}  // namespace course
