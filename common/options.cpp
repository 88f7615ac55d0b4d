#include "common/options.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/winsock.h"

#include <shellapi.h>

namespace {

std::string to_address(const std::string& text) {
    in6_addr storage{};
    if (::inet_pton(AF_INET, text.c_str(), &storage) != 1 && ::inet_pton(AF_INET6, text.c_str(), &storage) != 1)
        throw UsageError("--bind takes an IPv4 or IPv6 address in digits, not \"" + text + "\"");
    return text;
}

Option flag(const char* name, const char* help, bool& target) {
    return {name, help, [&target](const std::string&) { target = true; }};
}

Option file_option(const char* usage, const char* help, std::filesystem::path& target) {
    return {usage, help, [=, &target](const std::string& file) {
        if (file.empty()) throw UsageError(std::string(usage) + ": a file name is needed");
        target = std::u8string(file.begin(), file.end());
    }};
}

// All options, in the order of the usage text; each sets its field of `o`.
std::vector<Option> table(Options& o, const OwnOptions& own) {
    std::vector<Option> rows{
        number_option("--port N", "TCP port to listen on, 0 for any free one (default 9000)", o.port),
        {"--bind ADDRESS", "IPv4 or IPv6 address to listen on (default 127.0.0.1)",
         [&o](const std::string& address) { o.bind = to_address(address); }},
        number_option("--threads N", "worker threads (default: by the number of processors)", o.threads, 1u, 1024u),
        flag("--one-at-a-time", "serve each client to its end before accepting the next", o.one_at_a_time),
        number_option("--max-clients N", "close further clients at once (default: no limit)", o.max_clients, 1u),
        number_option("--drain SECONDS", "time that clients have to finish when the server stops (default 2)", o.drain,
                      0u, 86'400u),
        flag("--stop-on-eof", "stop when standard input ends, as by Ctrl+C", o.stop_on_eof),
        flag("--verbose", "print a line for each event, with the id of the thread that saw it", o.verbose),
        file_option("--stats FILE", "write totals as JSON to FILE at the end", o.stats),
        file_option("--trace FILE", "record the calls of the server in FILE, for Perfetto", o.trace)};
    if (!own.takes_threads) std::erase_if(rows, [](const Option& row) { return row.usage == "--threads N"; });
    if (!own.takes_one_at_a_time) std::erase_if(rows, [](const Option& row) { return row.usage == "--one-at-a-time"; });
    rows.insert(rows.begin() + 2, own.further.begin(), own.further.end());
    return rows;
}

std::string name_of(const Option& option) { return option.usage.substr(0, option.usage.find(' ')); }

}  // namespace

std::vector<std::string> command_line() {
    int count = 0;
    const std::unique_ptr<LPWSTR, decltype(&::LocalFree)> wide{::CommandLineToArgvW(::GetCommandLineW(), &count),
                                                               ::LocalFree};
    if (!wide) throw_error("CommandLineToArgvW");
    std::vector<std::string> arguments;
    for (int i = 1; i < count; ++i) arguments.push_back(to_utf8(wide.get()[i]));
    return arguments;
}

std::string usage_text(const std::string& program, const OwnOptions& own) {
    Options ignored;
    std::string text = "usage: " + program + " [options]\n";
    for (const Option& row : table(ignored, own))
        text +=
            "  " + row.usage + std::string(row.usage.size() < 17 ? 17 - row.usage.size() : 1, ' ') + row.help + "\n";
    return text + "  --help           print this text";
}

Options parse_options(const std::string& program, const OwnOptions& own,
                      const std::vector<std::string>& arguments) try {
    Options options;
    options.program = program;
    const std::vector<Option> rows = table(options, own);
    for (auto argument = arguments.begin(); argument != arguments.end(); ++argument) {
        if (*argument == "--help") {
            print_line(usage_text(program, own));
            std::exit(EXIT_SUCCESS);
        }
        const auto row = std::ranges::find(rows, *argument, name_of);
        if (row == rows.end() && *argument == "--threads")
            throw UsageError("--threads is for 05 and 06: the other models decide by themselves how many they need");
        if (row == rows.end()) throw UsageError("unknown option \"" + *argument + "\"");
        const bool takes_value = row->usage != *argument;
        if (takes_value && argument + 1 == arguments.end()) throw UsageError(*argument + " needs a value");
        row->set(takes_value ? *++argument : std::string{});
    }
    if (options.trace.empty()) return options;
    if (!tracer.begin) throw UsageError("--trace: this server was built without the rest of the course");
    tracer.begin(options.trace);
    return options;
} catch (const UsageError& error) {
    throw UsageError(program + ": " + error.what() + "\n" + usage_text(program, own));
}
