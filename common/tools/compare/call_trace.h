#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "common/tools/compare/candidate.h"
#include "common/tools/compare/pinning.h"

namespace course {

/// What a server's call trace tells (see common/trace): for a few clients with short messages, how often each function
/// is called per echo and how long a call blocks; for the classroom scenario, what each thread does when.
/// It takes two runs of the server of their own, so that no measured round is traced.
/// @param output  a directory; the classroom's trace stays in it as "<the server's name>.trace.json", for Perfetto
/// @return {server, calls_per_echo, blocked_ms_per_call, threads, moves, clients, errors} as the report page reads it;
/// empty
///   if the server takes no --trace
nlohmann::json trace_calls(const Candidate& candidate, Pinning& pinning, const std::filesystem::path& output);

/// A line for each traced server: its calls per echo, in all and one by one, and how long one blocks its thread. Empty
/// if there is none.
std::string calls_in_words(const nlohmann::json& traces);

}  // namespace course
