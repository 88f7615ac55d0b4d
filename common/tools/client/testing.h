#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/process/server_process.h"

namespace course {

constexpr std::chrono::seconds long_enough{60};

/// How a run of echo_client ended, and all that it printed.
struct ClientRun {
    std::optional<int> status;
    std::string output;

    [[nodiscard]] bool says(const std::string& text) const { return output.find(text) != std::string::npos; }
};

/// Runs echo_client itself to its end.
inline ClientRun run_client(const std::vector<std::string>& arguments) {
    ServerProcess client("echo_client", arguments);
    client.close_stdin();
    ClientRun run;
    run.status = client.wait_for_exit(long_enough);
    run.output = client.output() + client.errors();
    return run;
}

inline ClientRun run_client(const EchoServer& server, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--port", std::to_string(server.port())});
    return run_client(arguments);
}

}  // namespace course
