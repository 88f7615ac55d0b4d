// Clients that do anything at any time, against a full server in this process. At the end nothing may be missing: every
// byte of those who stayed has come back, every operation too, every session is freed, and so is what they allocated.
// clang-format off
#include "06_iocp/full_server/server.h"
#include <psapi.h>
// clang-format on

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "06_iocp/full_server/tests/allocations.h"
#include "06_iocp/full_server/tests/chaos_client.h"
#include "06_iocp/full_server/tests/full_server.h"
#include "06_iocp/full_server/tests/stand_in.h"

namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t seed = std::random_device{}();
unsigned seconds = 60;
std::size_t clients = 100;
unsigned faults = 0;
unsigned workers = 4;
bool skip = true;

constexpr std::size_t client_threads = 2;

std::size_t working_set() {
    PROCESS_MEMORY_COUNTERS counters{};
    counters.cb = sizeof counters;
    return ::GetProcessMemoryInfo(::GetCurrentProcess(), &counters, sizeof counters) ? counters.WorkingSetSize : 0;
}

// A client that has left keeps its port for minutes (TIME_WAIT). Windows has 16,384 of them for an address, which a
// long run uses up: so the clients come from 250 addresses, each of which is this machine.
std::string next_source() {
    static std::atomic<unsigned> calls = 0;
    return "127.0.0." + std::to_string(1 + calls++ % 250);
}

// Makes one call in `faults` fail, but for the making of sockets, which the clients do, too. Which calls those are
// depends on the threads' order, so a seed fixes the clients, not this.
int fail(const char* call) {
    static std::atomic<std::uint64_t> calls = 0;
    return std::strcmp(call, "WSASocketW") != 0 && ++calls % faults == 0 ? WSAENOBUFS : 0;
}

ChaosCounts run(std::chrono::milliseconds time) {
    std::optional<course::StandIn> stand_in;
    if (faults != 0) stand_in.emplace(course::Interference{.fail = fail});
    FullServer server{{.threads = workers, .shed_after = 50, .tick = 5, .skip_on_success = skip}};
    server.begin();
    const auto end = Clock::now() + time;
    std::array<ChaosCounts, client_threads> counts;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < client_threads; ++i) {
        threads.emplace_back([&, i] {
            try {
                counts[i] = run_chaos_clients(clients / client_threads, std::mt19937_64{seed + i}, faults != 0,
                                              [&](int receive_buffer) {
                    return server.connect({.source = next_source(), .receive_buffer = receive_buffer});
                }, [&] { return Clock::now() >= end; });
            } catch (const std::exception& error) {
                ADD_FAILURE() << error.what();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    server.drain();
    EXPECT_EQ(server.join(), "");
    const ServerMetrics metrics = server.server().metrics();
    expect_reconciled(metrics);
    std::cout << to_string(metrics) << '\n';

    ChaosCounts all;
    for (const ChaosCounts& some : counts) {
        for (std::size_t fate = 0; fate < fates; ++fate) all.ended[fate] += some.ended[fate];
        all.bytes += some.bytes;
    }
    return all;
}

TEST(Chaos, LosesNothingAndLeaksNothing) {
    std::cout << "seed " << seed << ", " << seconds << " s, " << clients << " clients, " << workers << " workers"
              << (skip ? "" : ", no skip") << (faults ? ", one call in " + std::to_string(faults) + " fails" : "")
              << std::endl;
    run(std::chrono::seconds{2});  // what is allocated once and kept: by Winsock, by the standard library
    const std::int64_t allocations = live_allocations();
    const std::size_t memory = working_set();

    const ChaosCounts counts = run(std::chrono::seconds{seconds});
    for (std::size_t fate = 0; fate < fates; ++fate) {
        std::cout << counts.ended[fate] << ' ' << to_string(static_cast<Fate>(fate)) << ", ";
        EXPECT_GT(counts.ended[fate], 0u) << "too short a run to try everything";
    }
    std::cout << counts.bytes << " bytes echoed\n";
    EXPECT_EQ(live_allocations(), allocations);
    std::cout << "working set: " << memory / 1024 << " KiB before, " << working_set() / 1024 << " KiB after\n";
    EXPECT_LT(working_set(), memory + 16 * 1024 * 1024);
}

}  // namespace

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    CLI::App options{"Misbehaving clients at random against the full server, and a count of what is missing after."};
    options.add_option("--seed", seed, "which clients come (default: a random one)");
    options.add_option("--seconds", seconds, "how long")->check(CLI::Range(1u, 86'400u))->capture_default_str();
    options.add_option("--clients", clients, "at a time")->check(CLI::Range(2u, 5'000u))->capture_default_str();
    options.add_option("--workers", workers, "of the server")->check(CLI::Range(1u, 64u))->capture_default_str();
    options
        .add_option("--faults", faults, "one call in so many fails; the clients may then be cut off (default: none)")
        ->check(CLI::Range(2u, 1'000'000u));
    options.add_flag("!--no-skip", skip, "a packet for what completes at once, too");
    CLI11_PARSE(options, argc, argv);
    return RUN_ALL_TESTS();
}
