#include "common/testing/grade/rule_test.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace course {

namespace {

using Clock = std::chrono::steady_clock;

std::string last_lines(const std::string& text) {
    constexpr std::size_t enough = 2000;
    return text.size() <= enough ? text : "[...]" + text.substr(text.size() - enough);
}

}  // namespace

ContractSettings& contract_settings() {
    static ContractSettings settings;
    return settings;
}

EchoServer& ContractTest::start(const std::vector<std::string>& arguments) {
    std::vector<std::string> all = contract_settings().server_arguments;
    all.insert(all.end(), arguments.begin(), arguments.end());
    return server_.emplace(contract_settings().server, all, patience());
}

TestClient ContractTest::connect(int receive_buffer, const std::string& address) {
    return TestClient{server_->port(), {.address = address, .patience = patience(), .receive_buffer = receive_buffer}};
}

TestClient ContractTest::connect_and_echo() {
    TestClient client = connect();
    EXPECT_EQ(client.exchange("hello"), "hello");
    return client;
}

std::vector<TestClient> ContractTest::connect_and_echo(std::size_t count) {
    std::vector<TestClient> clients;
    for (std::size_t i = 0; i < count; ++i) clients.push_back(connect_and_echo());
    return clients;
}

Conversation ContractTest::conversation(const Conversation::Plan& plan, int receive_buffer) {
    return conversation(plan, connect(receive_buffer));
}

Conversation ContractTest::conversation(const Conversation::Plan& plan, TestClient client) {
    return Conversation{std::move(client), plan, contract_settings().seed + streams_++};
}

void ContractTest::run(std::vector<Conversation>& conversations, const std::function<bool()>& enough) {
    converse(conversations, patience(), enough);
}

void ContractTest::run(Conversation& conversation) { converse({&conversation, 1}, patience()); }

void ContractTest::run_until_stuck(std::vector<Conversation>& conversations) {
    // No event says "never again", so a silence has to do. Were it too short for a busy machine, the test would see
    // less of the server, not fail.
    constexpr std::chrono::seconds silence{1};
    std::uint64_t moved = 0;
    auto since = Clock::now();
    run(conversations, [&] {
        std::uint64_t now_moved = 0;
        bool all_done = true;
        for (const Conversation& c : conversations) {
            now_moved += c.sent() + c.received();
            all_done = all_done && c.done();
        }
        if (std::exchange(moved, now_moved) != now_moved) since = Clock::now();
        return all_done || Clock::now() - since >= silence;
    });
}

void ContractTest::visit() {
    TestClient client = connect();
    client.send("just a visit");
    client.finish_sending();
    EXPECT_EQ(client.receive_to_end(), "just a visit");
}

void ContractTest::expect_clean_exit(Milliseconds limit) {
    const auto status = server_->wait_for_exit(limit);
    ended_ = true;
    ASSERT_TRUE(status.has_value()) << "the server was asked to stop and still runs after " << limit.count() << " ms";
    EXPECT_EQ(*status, 0) << "the server's exit status";
}

void ContractTest::TearDown() {
    if (server_ && !ended_) {
        // Every test ends with a stop, so that one that hangs or crashes after what this test did to it is found. How a
        // server that is not of the course stops is judged by the tests of Stop alone.
        const bool lenient = contract_settings().basic || !contract_settings().language.empty();
        const auto status =
            server_->stop(lenient ? std::min<Milliseconds>(patience(), std::chrono::seconds{4}) : patience());
        if (status)
            EXPECT_EQ(*status, 0) << "the server's exit status";
        else if (!lenient)
            ADD_FAILURE() << "the server was asked to stop when the test was done and still runs";
    }
    if (!HasFailure()) return;
    if (!contract_settings().language.empty()) {
        if (server_ && !server_->errors().empty()) RecordProperty("stderr", last_lines(server_->errors()));
        return;
    }
    std::cout << "This run's random numbers can be had again with --seed " << contract_settings().seed << '\n';
    if (server_) {
        std::cout << "The server's output:\n"
                  << last_lines(server_->output()) << "Its errors:\n"
                  << last_lines(server_->errors());
    }
    std::cout << std::flush;
}

}  // namespace course
