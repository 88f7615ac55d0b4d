#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/process/eventually.h"      // IWYU pragma: export
#include "common/process/server_process.h"  // IWYU pragma: export
#include "common/testing/conversation.h"    // IWYU pragma: export
#include "common/testing/test_client.h"     // IWYU pragma: export

namespace course {

/// What the command line of grade says.
struct ContractSettings {
    std::filesystem::path server;
    std::vector<std::string> server_arguments;                      ///< passed on to the server in each test
    bool basic = false;                                             ///< the server takes --port and --stop-on-eof only
    std::chrono::milliseconds patience = std::chrono::seconds{20};  ///< how long a single thing may take to happen
    std::uint64_t seed = 0;                                         ///< of all random data and sizes
    std::string language;                                           ///< of the explanations; empty: GoogleTest's report
};
ContractSettings& contract_settings();

/// Each test has a server process of its own. A broken promise surfaces as a failed expectation or as an exception,
/// which GoogleTest reports as a failure.
class ContractTest : public testing::Test {
protected:
    using Milliseconds = std::chrono::milliseconds;

    /// Starts the server under test on a free port.
    EchoServer& start(const std::vector<std::string>& arguments = {});
    [[nodiscard]] EchoServer& server() { return *server_; }

    [[nodiscard]] TestClient connect(int receive_buffer = 0, const std::string& address = "127.0.0.1");
    [[nodiscard]] TestClient connect_and_echo();  ///< after one echo the server has surely accepted it
    [[nodiscard]] std::vector<TestClient> connect_and_echo(std::size_t count);

    /// A connection with a plan; no two of a test send the same stream.
    [[nodiscard]] Conversation conversation(const Conversation::Plan& plan, int receive_buffer = 0);
    [[nodiscard]] Conversation conversation(const Conversation::Plan& plan, TestClient client);

    void run(std::vector<Conversation>& conversations, const std::function<bool()>& enough = {});
    void run(Conversation& conversation);

    /// Drives them until nothing has moved for a while: the server takes no more.
    void run_until_stuck(std::vector<Conversation>& conversations);

    /// What a visitor does: connect, one echo, half-close, see the end.
    void visit();

    /// Waits until the server has ended by itself, and expects exit status 0.
    void expect_clean_exit(Milliseconds limit);

    [[nodiscard]] static Milliseconds patience() { return contract_settings().patience; }

    void TearDown() override;

private:
    std::optional<EchoServer> server_;
    std::uint64_t streams_ = 0;
    bool ended_ = false;
};

}  // namespace course
