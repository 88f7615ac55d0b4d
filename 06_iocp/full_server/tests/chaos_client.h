#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>

#include "common/testing/test_client.h"

/// What a client is going to do. The first three are served to the end, and every byte of theirs is checked.
enum class Fate {
    talks,       ///< sends and receives as fast as it can, then leaves
    stays_idle,  ///< says something, is silent for a while, and goes on
    stalls,      ///< sends without reading until nothing moves, then reads all
    resets,      ///< cuts the connection somewhere in the middle
    vanishes     ///< closes somewhere in the middle, with unread bytes
};
constexpr std::size_t fates = 5;
const char* to_string(Fate fate);

struct ChaosCounts {
    std::array<std::uint64_t, fates> ended{};  ///< clients, by Fate
    std::uint64_t bytes = 0;                   ///< echoed and found right
};

/// Keeps a number of clients under way, each with a fate drawn at random; one that has ended makes room for a new one.
/// One thread drives them all.
/// @param connect      gives each new client
/// @param over         asked often; once it says so no new client comes, and those that are served to the end are
/// @param cut_short    the server may close any of them at any time
/// @throws std::runtime_error when the server breaks its promise
ChaosCounts run_chaos_clients(std::size_t clients, std::mt19937_64 random, bool cut_short,
                              const std::function<course::TestClient(int receive_buffer)>& connect,
                              const std::function<bool()>& over);
