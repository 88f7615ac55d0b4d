#include "common/tools/client/interactive.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/process/server_process.h"
#include "common/tools/client/plan.h"

namespace course {
namespace {

/// Someone at the keyboard. Shared with the thread that reads, which may outlive the test.
class Typist {
public:
    explicit Typist(std::vector<std::string> lines) : state_(std::make_shared<State>()) {
        state_->lines = std::move(lines);
    }

    void goes_silent() { state_->silent_at_end = true; }  ///< instead of ending the input

    ReadLine read() {
        return [state = state_]() -> std::optional<std::string> {
            std::unique_lock lock{state->mutex};
            if (state->next < state->lines.size()) return state->lines[state->next++];
            state->never.wait(lock, [&] { return !state->silent_at_end; });
            return std::nullopt;
        };
    }

private:
    struct State {
        std::mutex mutex;
        std::condition_variable never;
        std::vector<std::string> lines;
        std::size_t next = 0;
        bool silent_at_end = false;
    };
    std::shared_ptr<State> state_;
};

struct Talk {
    int status = 0;
    std::vector<std::string> lines;
};

Talk talk(const Plan& plan, Typist typist) {
    Talk result;
    result.status =
        run_interactive(plan, typist.read(), [&](const std::string& line) { result.lines.push_back(line); });
    return result;
}

Plan plan_for(const EchoServer& server) {
    Plan plan;
    plan.port = server.port();
    return plan;
}

TEST(Interactive, ShowsEachEchoAndHowLongItTook) {
    const EchoServer server("06_iocp");
    const Talk said = talk(plan_for(server), Typist({"a", "\xed\x95\x9c\xea\xb8\x80", "", "last"}));
    EXPECT_EQ(said.status, 0);
    ASSERT_EQ(said.lines.size(), 5u);
    EXPECT_EQ(said.lines[0].find("a  ("), 0u) << said.lines[0];
    EXPECT_EQ(said.lines[1].find("\xed\x95\x9c\xea\xb8\x80  ("), 0u) << said.lines[1];
    EXPECT_EQ(said.lines[2].find("  ("), 0u) << said.lines[2];
    EXPECT_EQ(said.lines[3].find("last  ("), 0u) << said.lines[3];
    EXPECT_EQ(said.lines[4].find("-- 4 lines, 15 bytes; we finished, and the server closed "), 0u) << said.lines[4];
}

TEST(Interactive, ALineMayBeLargerThanAllBuffers) {
    const EchoServer server("06_iocp");
    const std::string large(std::size_t{8} * 1024 * 1024, 'x');
    Plan plan = plan_for(server);
    plan.seconds = Seconds{60};  // it is much for a busy machine
    const Talk said = talk(plan, Typist({large}));
    EXPECT_EQ(said.status, 0);
    ASSERT_EQ(said.lines.size(), 2u);
    EXPECT_EQ(said.lines[0].find(large + "  ("), 0u);
}

TEST(Interactive, ServerThatEndsIsToldAtOnce) {
    EchoServer server("06_iocp", {"--drain", "0"});
    Typist typist({"a"});
    typist.goes_silent();
    Talk said;
    said.status = run_interactive(plan_for(server), typist.read(), [&](const std::string& line) {
        said.lines.push_back(line);
        server.close_stdin();  // the echo has come: now the server stops, while the typist thinks
    });
    EXPECT_EQ(said.status, 1);
    ASSERT_EQ(said.lines.size(), 2u);
}

TEST(Interactive, WithoutAnEchoItWaitsSoLongAndNoLonger) {
    const EchoServer server("01_blocking", {"--one-at-a-time"});
    Talk second;
    Plan plan = plan_for(server);
    plan.seconds = Seconds{1};
    run_interactive(plan_for(server), Typist({"first", "again"}).read(), [&](const std::string& line) {
        if (line.find("first") == 0) second = talk(plan, Typist({"second"}));
    });
    EXPECT_EQ(second.status, 1);
    ASSERT_EQ(second.lines.size(), 1u);
    EXPECT_EQ(second.lines[0], "no echo within 1.0 s");
}

TEST(Interactive, NobodyThereIsSaidInPlainWords) {
    Plan plan;
    {
        EchoServer server("06_iocp");
        plan.port = server.port();
        server.stop(std::chrono::seconds{20});
    }
    try {
        talk(plan, Typist({"a"}));
        FAIL() << "it connected to nobody";
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find("is a server running there?"), std::string::npos) << error.what();
    }
}

}  // namespace
}  // namespace course
