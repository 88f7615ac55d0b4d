#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "common/process/server_process.h"
#include "common/testing/test_client.h"
#include "common/winsock.h"

namespace {

using course::EchoServer;
using course::ServerProcess;
using course::TestClient;

constexpr std::chrono::seconds patience{20};

class Program : public testing::Test {
    WinsockSession winsock_;
};

TEST_F(Program, MetricsAreALineThatCountsWhatIsThere) {
    EchoServer server{"06_iocp_full", {"--metrics", "1", "--accepts", "7", "--threads", "3"}};
    TestClient one{server.port()}, two{server.port()};
    EXPECT_EQ(one.exchange("1"), "1");
    EXPECT_EQ(two.exchange("2"), "2");
    // 7 accepts, and a receive for each client.
    const std::string line =
        server.wait_for_line("metrics: clients 2, outstanding operations 9, queued bytes 0", patience);
    EXPECT_NE(line.find(", dequeued by worker "), std::string::npos) << line;
    EXPECT_NE(line.find(", packets per batch "), std::string::npos) << line;
    one.reset();
    server.wait_for_line("connection reset 1", patience);
    two.close();
    server.wait_for_line("left 1", patience);
    EXPECT_EQ(server.stop(patience), 0);
}

TEST_F(Program, AClientThatIsSilentForTooLongIsClosedAndNamed) {
    EchoServer server{"06_iocp_full", {"--idle-timeout", "1", "--verbose"}};
    TestClient silent{server.port()};
    silent.expect_closed();
    server.wait_for_line("idle for too long", patience);
    EXPECT_EQ(server.stop(patience), 0);
}

TEST_F(Program, AllItsOptionsTogetherServe) {
    EchoServer server{"06_iocp_full",
                      {"--threads", "2", "--concurrency", "1", "--accepts", "1", "--idle-timeout", "60", "--send-limit",
                       "131072", "--no-skip", "--metrics", "60"}};
    const std::string much(1 << 20, 'm');
    EXPECT_EQ(TestClient{server.port()}.exchange("little"), "little");
    TestClient client{server.port()};
    std::thread sender{[&] { client.send(much), client.finish_sending(); }};
    EXPECT_EQ(client.receive_to_end(), much);
    sender.join();
    EXPECT_EQ(server.stop(patience), 0);
}

class BadOption : public testing::TestWithParam<std::vector<std::string>> {
    WinsockSession winsock_;
};

TEST_P(BadOption, IsNamedWithTheUsageAndStatusTwo) {
    ServerProcess server{course::find_program("06_iocp_full"), GetParam()};
    EXPECT_EQ(server.wait_for_exit(patience), 2);
    EXPECT_NE(server.errors().find(GetParam().front()), std::string::npos) << server.errors();
    EXPECT_NE((server.errors() + server.output()).find("usage"), std::string::npos) << server.errors();
}

using Arguments = std::vector<std::string>;
INSTANTIATE_TEST_SUITE_P(Each, BadOption,
                         testing::Values(Arguments{"--threads", "0"}, Arguments{"--threads", "many"},
                                         Arguments{"--concurrency", "-1"}, Arguments{"--concurrency", "1025"},
                                         Arguments{"--accepts", "0"}, Arguments{"--accepts"},
                                         Arguments{"--idle-timeout", "0"}, Arguments{"--send-limit", "131071"},
                                         Arguments{"--send-limit", "1MB"}, Arguments{"--metrics", "0"},
                                         Arguments{"--metrics", "1.5"}, Arguments{"--skip"}));

// Eight people talk at once. Everybody hears each of the others in order, and no line is torn.
TEST_F(Program, InTheChatEachSendersLinesReachAllInOrder) {
    constexpr int people = 8, lines = 50;
    EchoServer server{"06_iocp_chat", {"--threads", "4", "--verbose"}};
    std::vector<TestClient> members;
    std::vector<std::string> said;
    for (int i = 0; i < people; ++i) {
        members.emplace_back(server.port());
        said.push_back(std::to_string(i) + std::string(static_cast<std::size_t>(10 + i), '.'));  // no whole line yet
        members.back().send(said.back());
        server.wait_for_line(std::to_string(said.back().size()) + " bytes", patience);  // this one is in the room
    }
    const std::vector<std::string> begun = said;
    for (std::size_t i = 0; i < people; ++i)
        for (int line = 0; line < lines; ++line) said[i] += std::to_string(i) + " says " + std::to_string(line) + "\n";
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < people; ++i) {
        threads.emplace_back([&, i] {
            for (std::size_t at = begun[i].size(); at < said[i].size(); at += 7)
                members[i].send(said[i].substr(at, 7));  // torn lines
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t i = 0; i < people; ++i) {
        std::size_t size = 0;
        for (const std::string& all : said) size += all.size();
        std::istringstream heard{members[i].receive(size - said[i].size())};
        std::vector<std::string> heard_of(people);
        for (std::string line; std::getline(heard, line);)
            heard_of[static_cast<std::size_t>(line.front() - '0')] += line + "\n";
        for (std::size_t other = 0; other < people; ++other)
            EXPECT_EQ(heard_of[other], other == i ? "" : said[other]) << "heard by " << i << " from " << other;
    }
    EXPECT_EQ(server.stop(patience), 0);
}

}  // namespace
