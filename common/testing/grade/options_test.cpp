// The command line, what the server prints and writes, and its limits: what the servers of the course have in common.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "common/testing/grade/rule_test.h"

namespace course {
namespace {

constexpr std::uint64_t KiB = 1024, MiB = 1024 * KiB;

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        if (line.ends_with('\r')) line.pop_back();
        lines.push_back(line);
    }
    return lines;
}

std::size_t count_lines_with(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (const std::string& line : lines_of(text))
        if (line.find(part) != std::string::npos) ++count;
    return count;
}

std::string utf8(const std::filesystem::path& path) {
    const std::u8string text = path.u8string();
    return {text.begin(), text.end()};
}

// The name under which a server presents itself in its first line; it may have been renamed as a file.
std::string name_in(const std::string& output) { return output.substr(0, output.find(" listening on ")); }

class OptionsTest : public ContractTest {
protected:
    struct Result {
        int status = -1;
        std::string output, errors;
    };

    /// For command lines with which the server is to end by itself.
    static Result run_program(const std::vector<std::string>& arguments) {
        ServerProcess process{contract_settings().server, arguments};
        const auto status = process.wait_for_exit(patience());
        if (!status) ADD_FAILURE() << "the server does not end";
        return {status.value_or(-1), process.output(), process.errors()};
    }

    static void expect_refused(const std::vector<std::string>& arguments) {
        std::string command;
        for (const std::string& argument : arguments) command += " \"" + argument + "\"";
        SCOPED_TRACE("command line:" + command);
        const Result result = run_program(arguments);
        EXPECT_EQ(result.status, 2);
        EXPECT_NE(result.errors.find("usage"), std::string::npos) << result.errors;
        EXPECT_EQ(result.output, "") << "what went wrong belongs on stderr";
    }

    /// Not the usage, but what failed, with the error's number and name.
    static void expect_failure(const Result& result, const std::string& call, const std::vector<std::string>& errors) {
        EXPECT_EQ(result.status, 1);
        EXPECT_NE(result.errors.find(call), std::string::npos) << result.errors;
        bool named = false;
        for (const std::string& error : errors) named = named || result.errors.find(error) != std::string::npos;
        EXPECT_TRUE(named) << "expected " << errors.front() << " in:\n" << result.errors;
        EXPECT_EQ(result.errors.find("usage"), std::string::npos) << result.errors;
        EXPECT_EQ(result.output, "");
    }
};

class Options : public OptionsTest {};

TEST_F(Options, HelpPrintsTheUsage) {
    const Result result = run_program({"--help"});
    EXPECT_EQ(result.status, 0);
    EXPECT_EQ(result.errors, "");
    for (const char* option :
         {"usage", "--port", "--bind", "--max-clients", "--drain", "--stop-on-eof", "--verbose", "--stats", "--trace"})
        EXPECT_NE(result.output.find(option), std::string::npos) << option;
}

TEST_F(Options, UnknownOnesAreRefused) {
    expect_refused({"--prot", "9000"});
    expect_refused({"9000"});
    expect_refused({""});
}

TEST_F(Options, AMissingValueIsRefused) {
    for (const char* option : {"--port", "--bind", "--max-clients", "--drain", "--stats", "--trace"})
        expect_refused({option});
}

TEST_F(Options, PortIsANumberFrom0To65535) {
    for (const char* port : {"abc", "65536", "-1", "80x", "0x50", " 80", "1.5", "", "99999999999999999999"})
        expect_refused({"--port", port});
}

TEST_F(Options, DrainIsANumberOfSeconds) {
    for (const char* seconds : {"-1", "2s", "soon", "", "99999999999999999999"})
        expect_refused({"--port", "0", "--drain", seconds});
}

TEST_F(Options, MaxClientsIsAPositiveNumber) {
    for (const char* number : {"0", "x", "-5", ""}) expect_refused({"--port", "0", "--max-clients", number});
}

TEST_F(Options, BindTakesAnAddressInDigits) {
    for (const char* address : {"localhost", "127.0.0.1.2", "here", "", "127.0.0.1:80"})
        expect_refused({"--port", "0", "--bind", address});
}

TEST_F(Options, ThreadsIsTakenOrRefusedAsTheUsageSays) {
    const bool taken = run_program({"--help"}).output.find("--threads") != std::string::npos;
    if (!taken) return expect_refused({"--port", "0", "--threads", "2"});
    for (const char* number : {"0", "x", "-1", ""}) expect_refused({"--port", "0", "--threads", number});
    for (const char* number : {"1", "3"}) {
        start({"--threads", number});
        std::vector<TestClient> clients = connect_and_echo(10);
        for (TestClient& client : clients) EXPECT_EQ(client.exchange("again"), "again");
        clients.clear();
        server().close_stdin();
        expect_clean_exit(patience());
    }
}

TEST_F(Options, AnAddressThatIsNotOursIsAnError) {
    // TEST-NET-1 (RFC 5737): no machine has it.
    const Result result = run_program({"--port", "0", "--bind", "192.0.2.1"});
    expect_failure(result, "bind", {"WSAEADDRNOTAVAIL"});
    EXPECT_NE(result.errors.find("10049"), std::string::npos) << result.errors;
}

TEST_F(Options, APortInUseIsAnErrorAndHarmsNotItsOwner) {
    start();
    TestClient client = connect_and_echo();
    const std::string port = std::to_string(server().port());
    const Result result = run_program({"--port", port});
    // By the table in "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE" it is one of these.
    expect_failure(result, "bind", {"WSAEADDRINUSE (10048)", "WSAEACCES (10013)"});
    EXPECT_NE(result.errors.find(port), std::string::npos) << "which port? " << result.errors;
    EXPECT_EQ(client.exchange("still here"), "still here");
    visit();
}

TEST_F(Options, ThePortCanBeUsedAgainAfterTheStop) {
    start();
    const std::string port = std::to_string(server().port());
    visit();
    server().close_stdin();
    expect_clean_exit(patience());
    start({"--port", port});  // the later option counts
    EXPECT_EQ(std::to_string(server().port()), port);
    visit();
}

TEST_F(Options, TheDefaultIsPort9000OnLoopback) {
    std::vector<std::string> arguments = contract_settings().server_arguments;
    arguments.push_back("--stop-on-eof");
    ServerProcess process{contract_settings().server, arguments};
    // Another program may have that port just now. Then the server says that it was after it.
    process.wait_for_line("127.0.0.1", patience());
    process.close_stdin();
    const auto status = process.wait_for_exit(patience());
    ASSERT_TRUE(status);
    if (*status == 0)
        EXPECT_EQ(lines_of(process.output()).at(0), name_in(process.output()) + " listening on 127.0.0.1:9000");
    else
        expect_failure({*status, process.output(), process.errors()}, "127.0.0.1 port 9000",
                       {"WSAEADDRINUSE", "WSAEACCES"});
}

TEST_F(Options, IPv6Works) {
    try {
        start({"--bind", "::1"});
    } catch (const std::runtime_error& error) {
        if (std::string(error.what()).find("10049") != std::string::npos ||
            std::string(error.what()).find("10047") != std::string::npos)
            GTEST_SKIP() << "this machine has no IPv6 loopback address";
        throw;
    }
    EXPECT_EQ(lines_of(server().output()).at(0),
              name_in(server().output()) + " listening on [::1]:" + std::to_string(server().port()));
    TestClient client = connect(0, "::1");
    EXPECT_EQ(client.exchange("six"), "six");
    std::vector<Conversation> all;
    for (int i = 0; i < 70; ++i) all.push_back(conversation({.bytes = 20 * KiB}, connect(0, "::1")));
    run(all);
    client.finish_sending();
    EXPECT_EQ(client.receive_to_end(), "");
}

class Output : public OptionsTest {};

TEST_F(Output, BeginsWithTheAddressAndEndsWithTheTotals) {
    start();
    TestClient client = connect();
    EXPECT_EQ(client.exchange("eight by"), "eight by");
    EXPECT_EQ(connect().exchange("tes each"), "tes each");
    EXPECT_EQ(connect().exchange("of three"), "of three");
    client.finish_sending();
    EXPECT_EQ(client.receive_to_end(), "");
    server().close_stdin();
    expect_clean_exit(patience());
    const std::vector<std::string> lines = lines_of(server().output());
    ASSERT_GE(lines.size(), 2u);
    EXPECT_NE(name_in(server().output()), "");
    EXPECT_EQ(lines.front(), name_in(server().output()) + " listening on 127.0.0.1:" + std::to_string(server().port()));
    EXPECT_EQ(lines.back(), name_in(server().output()) + " served 3 clients, 24 bytes");
    EXPECT_EQ(server().errors(), "");
}

TEST_F(Output, SaysNothingOfClientsUnlessAsked) {
    start();
    visit();
    TestClient bad = connect_and_echo();
    bad.reset();
    visit();
    EXPECT_EQ(lines_of(server().output()).size(), 1u) << server().output();
    EXPECT_EQ(server().errors(), "");
}

TEST_F(Output, NamesTheThreadOfEachEventWhenVerbose) {
    start({"--verbose"});
    visit();
    TestClient bad = connect_and_echo();
    bad.reset();
    // Each of the two clients connects, sends, and goes; the words for the last depend on the model and the system.
    const std::regex event{R"(\[thread \d+\] client \d+: .+)"};
    const auto count_events = [&](const std::string& what) {
        int count = 0;
        for (const std::string& line : lines_of(server().output()))
            count += std::regex_match(line, event) && line.find(what) != std::string::npos ? 1 : 0;
        return count;
    };
    EXPECT_TRUE(eventually([&] { return count_events("") == 6; }, patience()));
    EXPECT_EQ(count_events(": connected"), 2);
    EXPECT_EQ(count_events(": 12 bytes"), 1);
    EXPECT_EQ(count_events(": 5 bytes"), 1);
    EXPECT_GE(count_events(": left"), 1);
    server().close_stdin();
    expect_clean_exit(patience());
    EXPECT_EQ(lines_of(server().output()).size(), 1u + 6u + 2u) << server().output();
}

class WithFile : public OptionsTest {
protected:
    // Spaces and letters beyond the system's code page, as a user's folder may have.
    std::filesystem::path file_ =
        std::filesystem::temp_directory_path() / std::filesystem::path(u8"\uD1B5\uACC4 statistics " + number());

    static std::u8string number() {
        const std::string text = std::to_string(::GetCurrentProcessId());
        return {text.begin(), text.end()};
    }
    void TearDown() override {
        OptionsTest::TearDown();
        std::error_code ignored;
        std::filesystem::remove(file_, ignored);
    }

    nlohmann::json read_file() const {
        std::ifstream stream(file_);
        EXPECT_TRUE(stream) << "no file";
        return nlohmann::json::parse(stream);
    }

    /// The file of this option in a folder that is not there.
    void expect_unwritable(const char* option) const {
        const Result result =
            run_program({"--port", "0", "--stop-on-eof", option, utf8(file_ / "no such folder" / "file.json")});
        EXPECT_EQ(result.status, 1);
        EXPECT_NE(result.errors.find("no such folder"), std::string::npos) << result.errors;
        EXPECT_EQ(result.output, "");
    }
};

class Statistics : public WithFile {};

TEST_F(Statistics, AreWellFormedAndPlausible) {
    start({"--stats", utf8(file_)});
    Conversation c = conversation({.bytes = 100'000});
    run(c);
    visit();
    for (int i = 0; i < 3; ++i) visit();
    server().close_stdin();
    expect_clean_exit(patience());
    const nlohmann::json stats = read_file();
    EXPECT_EQ(stats.at("server"), name_in(server().output()));
    EXPECT_EQ(stats.at("clients_served"), 5);
    EXPECT_EQ(stats.at("bytes_echoed"), 100'000 + 4 * 12);
    EXPECT_GE(stats.at("cpu_seconds").get<double>(), 0.0);
    EXPECT_LT(stats.at("cpu_seconds").get<double>(), 60.0);
    const auto expect_between = [&](const char* key, std::uint64_t least, std::uint64_t most) {
        if (stats.at(key).is_null()) return;  // the system cannot tell
        EXPECT_GE(stats.at(key).get<std::uint64_t>(), least) << key;
        EXPECT_LE(stats.at(key).get<std::uint64_t>(), most) << key;
    };
    expect_between("peak_memory_bytes", 1 * MiB, 1024 * MiB);
    expect_between("peak_threads", 1, 1000);
    expect_between("peak_handles", 1, 10'000);
    EXPECT_EQ(stats.size(), 7u) << stats;
}

TEST_F(Statistics, ThatCannotBeWrittenAreAnErrorBeforeTheFirstClient) { expect_unwritable("--stats"); }

class CallTrace : public WithFile {
protected:
    using json = nlohmann::json;

    static void expect_keys(const json& object, const std::set<std::string>& keys) {
        std::set<std::string> there;
        for (const auto& [key, value] : object.items()) there.insert(key);
        EXPECT_EQ(there, keys) << object;
    }

    void expect_slice(const json& event) {
        expect_keys(event, {"name", "cat", "ph", "ts", "dur", "pid", "tid", "args"});
        EXPECT_TRUE(event.at("cat") == "call" || event.at("cat") == "wait" || event.at("cat") == "callback") << event;
        EXPECT_GE(event.at("ts").get<double>(), 0.0) << event;
        EXPECT_GE(event.at("dur").get<double>(), 0.0) << event;
        static const std::regex address("0x[0-9a-f]+"), constant("[A-Z0-9_]+");
        for (const auto& [key, value] : event.at("args").items()) {
            if (key == "socket" || key == "bytes" || key == "count")
                EXPECT_TRUE(value.is_number_unsigned()) << event;
            else if (key == "operation")
                EXPECT_TRUE(std::regex_match(value.get<std::string>(), address)) << event;
            else if (key == "outcome" || key == "error")
                EXPECT_TRUE(std::regex_match(value.get<std::string>(), constant)) << event;
            else
                ADD_FAILURE() << "unknown argument: " << event;
        }
        slices_[event.at("tid")].emplace_back(event.at("ts"), event.at("dur"));
    }

    /// On one thread a slice lies within another, or beside it: it never ends within one that began later.
    void expect_nesting() {
        for (auto& [thread, slices] : slices_) {
            std::ranges::sort(slices, [](const auto& a, const auto& b) {
                return a.first != b.first ? a.first < b.first : a.second > b.second;
            });
            std::vector<double> open;  // the ends of those that have begun
            for (const auto& [begin, duration] : slices) {
                constexpr double rounding = 0.002;
                while (!open.empty() && open.back() <= begin + rounding) open.pop_back();
                if (!open.empty()) {
                    EXPECT_LE(begin + duration, open.back() + rounding) << "thread " << thread;
                }
                open.push_back(begin + duration);
            }
        }
    }

    std::map<std::uint64_t, std::vector<std::pair<double, double>>> slices_;  // by thread: begin and duration
};

TEST_F(CallTrace, FollowsTheTraceEventFormat) {
    start({"--trace", utf8(file_)});
    Conversation c = conversation({.bytes = 100'000});
    run(c);
    for (int i = 0; i < 3; ++i) visit();
    server().close_stdin();
    expect_clean_exit(patience());
    const json trace = read_file();
    expect_keys(trace, {"displayTimeUnit", "otherData", "traceEvents"});
    EXPECT_EQ(trace.at("displayTimeUnit"), "ms");
    EXPECT_EQ(trace.at("otherData").at("program"), name_in(server().output()));
    EXPECT_EQ(trace.at("otherData").at("dropped_calls"), 0);
    EXPECT_GT(trace.at("otherData").at("start_us").get<std::uint64_t>(), 1'700'000'000'000'000u) << "Unix time";

    std::set<std::uint64_t> named, used;
    std::map<std::uint64_t, double> arrows;
    std::size_t ends = 0, waits = 0;
    std::uint64_t received = 0;
    const json process = trace.at("traceEvents").at(0).at("pid");
    for (const json& event : trace.at("traceEvents")) {
        EXPECT_EQ(event.at("pid"), process);
        const std::string phase = event.at("ph");
        if (phase == "M") {
            expect_keys(event, {"name", "ph", "pid", "tid", "args"});
            EXPECT_TRUE(event.at("args").at("name").is_string());
            if (event.at("name") == "thread_name")
                EXPECT_TRUE(named.insert(event.at("tid").get<std::uint64_t>()).second) << event;
            else
                EXPECT_EQ(event.at("name"), "process_name");
            continue;
        }
        used.insert(event.at("tid").get<std::uint64_t>());
        if (phase == "X") {
            expect_slice(event);
            if (event.at("cat") == "wait") ++waits;
            if (event.at("name") == "recv" && !event.at("args").contains("error"))
                received += event.at("args").value("bytes", 0u);
        } else if (phase == "s") {
            expect_keys(event, {"name", "cat", "ph", "ts", "pid", "tid", "id"});
            EXPECT_TRUE(arrows.emplace(event.at("id"), event.at("ts")).second) << event;
        } else if (phase == "f") {
            expect_keys(event, {"name", "cat", "ph", "ts", "pid", "tid", "id", "bp"});
            const auto begin = arrows.find(event.at("id"));
            ASSERT_NE(begin, arrows.end()) << event;
            EXPECT_GE(event.at("ts").get<double>(), begin->second) << event;
            ++ends;
        } else {
            ADD_FAILURE() << "unknown phase: " << event;
        }
    }
    EXPECT_TRUE(std::ranges::includes(named, used)) << "a thread without a name";
    EXPECT_EQ(ends, arrows.size());
    EXPECT_GT(waits, 0u);
    // Whoever calls recv sees all bytes pass there; the others start operations, whose ends are found.
    if (received > 0)
        EXPECT_GE(received, 100'000u);
    else
        EXPECT_GT(ends, 8u);
    expect_nesting();
}

TEST_F(CallTrace, ThatCannotBeWrittenIsAnErrorBeforeTheFirstClient) { expect_unwritable("--trace"); }

class Limits : public ContractTest {
protected:
    /// Whether a new client gets an echo (it then is in `clients`) or is sent away.
    bool is_served(std::vector<TestClient>& clients) {
        try {
            TestClient client = connect();
            if (client.exchange("a place?") != "a place?") return false;
            clients.push_back(std::move(client));
            return true;
        } catch (const ConnectionLost&) {
            return false;
        }
    }
};

TEST_F(Limits, ClientsBeyondTheMaximumGetACleanClose) {
    start({"--max-clients", "3"});
    std::vector<TestClient> served = connect_and_echo(3);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(connect().receive_to_end(), "");  // FIN; a reset would throw
    for (int i = 0; i < 10; ++i) {
        TestClient eager = connect();
        eager.send("I did not wait to be asked");
        EXPECT_EQ(eager.receive_to_end(), "");
    }
    for (TestClient& client : served) EXPECT_EQ(client.exchange("unharmed"), "unharmed");
    EXPECT_EQ(count_lines_with(server().output(), "full:"), 1u) << server().output();
}

TEST_F(Limits, AFreedPlaceIsGivenToTheNext) {
    start({"--max-clients", "2"});
    std::vector<TestClient> served = connect_and_echo(2);
    EXPECT_FALSE(is_served(served));
    for (int round = 0; round < 5; ++round) {
        if (round % 2) {
            served.front().reset();
        } else {
            served.front().finish_sending();
            EXPECT_EQ(served.front().receive_to_end(), "");
        }
        served.erase(served.begin());
        // The place is free as soon as the server has seen the end, which may be later than we did.
        ASSERT_TRUE(eventually([&] { return is_served(served); }, patience()));
        EXPECT_FALSE(is_served(served));
        EXPECT_EQ(served.front().exchange("unharmed"), "unharmed");
    }
}

TEST_F(Limits, TheStopDoesNotWaitForThoseSentAway) {
    start({"--max-clients", "1", "--drain", "300"});
    TestClient served = connect_and_echo();
    std::vector<TestClient> away;
    for (int i = 0; i < 3; ++i) {
        away.push_back(connect());  // and stay, though the server has sent FIN
        EXPECT_EQ(away.back().receive_to_end(), "");
    }
    served.finish_sending();
    EXPECT_EQ(served.receive_to_end(), "");
    server().close_stdin();
    expect_clean_exit(patience());
}

// Only for 02_select: the sets hold so many sockets, two of which are the listener and the one that wakes the thread.
class SelectSets : public ContractTest {};

TEST_F(SelectSets, SurplusWaitsInTheBacklogUntilAPlaceIsFree) {
    constexpr std::size_t places = 1024 - 2;
    start();
    std::vector<Conversation> all;
    for (std::size_t i = 0; i < places; ++i) {
        all.push_back(conversation({.bytes = 1, .finish = false}));
        if (all.size() % 100 == 0) run(all);  // so that the backlog need not hold them all
    }
    run(all);
    TestClient surplus = connect();
    surplus.send("a place?");
    TestClient another = connect();
    another.send("me too?");
    server().wait_for_line("full:", patience());
    for (std::size_t i : {std::size_t{0}, places / 2, places - 1})
        EXPECT_EQ(all[i].client().exchange("unharmed"), "unharmed");
    std::array<char, 16> buffer{};
    EXPECT_FALSE(surplus.try_receive(buffer)) << "there was a place after all";
    all.pop_back();
    EXPECT_EQ(surplus.receive(8), "a place?");
    all.erase(all.begin());
    EXPECT_EQ(another.receive(7), "me too?");
    EXPECT_EQ(count_lines_with(server().output(), "full:"), 1u) << server().output();
}

// Only for 01_blocking.
class OneAtATime : public ContractTest {};

TEST_F(OneAtATime, TheSecondClientIsServedWhenTheFirstHasLeft) {
    start({"--one-at-a-time"});
    TestClient first = connect_and_echo();
    TestClient second = connect();
    second.send("my turn?");
    EXPECT_EQ(first.exchange("still mine"), "still mine");
    std::array<char, 16> buffer{};
    EXPECT_FALSE(second.try_receive(buffer));
    first.finish_sending();
    EXPECT_EQ(first.receive_to_end(), "");
    EXPECT_EQ(second.receive(8), "my turn?");
}

TEST_F(OneAtATime, TheStopEndsTheClientInService) {
    start({"--one-at-a-time", "--drain", "0"});
    TestClient first = connect_and_echo();
    TestClient second = connect();
    server().close_stdin();
    expect_clean_exit(patience());
    first.expect_closed();
    second.expect_closed();
}

}  // namespace
}  // namespace course
