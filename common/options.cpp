#include "common/options.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include "common/error.h"
#include "common/winsock.h"

#include <shellapi.h>
#include <cstdint>
#include <string>
#include <vector>

namespace {

bool is_address(const std::string& text) {
    in6_addr storage{};
    return ::inet_pton(AF_INET, text.c_str(), &storage) == 1 || ::inet_pton(AF_INET6, text.c_str(), &storage) == 1;
}

std::filesystem::path to_path(const std::string& option, const std::string& file) {
    if (file.empty()) throw UsageError(option + " needs a file name");
    return std::u8string(file.begin(), file.end());
}

}  // namespace

Options parse_options(const std::vector<std::string>& arguments, const OptionSet& set) {
    Options options;
    for (auto argument = arguments.begin(); argument != arguments.end(); ++argument) {
        const std::string& option = *argument;
        const auto value = [&]() -> const std::string& {
            if (argument + 1 == arguments.end()) throw UsageError(option + " needs a value");
            return *++argument;
        };
        if (option == "--help") {
            options.help = true;
        } else if (option == "--port") {
            options.port = to_number<std::uint16_t>(option, value());
        } else if (option == "--bind") {
            options.bind = value();
            if (!is_address(options.bind))
                throw UsageError("--bind takes an IPv4 or IPv6 address in digits, not \"" + options.bind + "\"");
        } else if (option == "--threads") {
            if (!set.threads)
                throw UsageError("--threads: this model decides by itself how many threads it needs; " +
                                 std::string("05_overlapped_callback and 06_iocp take it"));
            options.threads = to_number(option, value(), 1u, 1024u);
        } else if (option == "--max-clients") {
            options.max_clients = to_number(option, value(), 1u);
        } else if (option == "--drain") {
            options.drain = to_number(option, value(), 0u, 86'400u);
        } else if (option == "--one-at-a-time" && set.one_at_a_time) {
            options.one_at_a_time = true;
        } else if (option == "--stop-on-eof") {
            options.stop_on_eof = true;
        } else if (option == "--verbose") {
            options.verbose = true;
        } else if (option == "--stats") {
            options.stats = to_path(option, value());
        } else if (option == "--trace") {
            options.trace = to_path(option, value());
        } else if (const auto own = std::find_if(set.own.begin(), set.own.end(),
                                                 [&](const OwnOption& o) { return o.name == option; });
                   own != set.own.end()) {
            own->set(own->takes_value ? value() : std::string{});
        } else {
            throw UsageError("unknown option \"" + option + "\"");
        }
    }
    return options;
}

std::string usage_text(const OptionSet& set) {
    std::string text = "usage: " + std::string(set.program) +
                       " [options]\n"
                       "  --port N         TCP port to listen on, 0 for any free one (default 9000)\n"
                       "  --bind ADDRESS   IPv4 or IPv6 address to listen on (default 127.0.0.1)\n";
    if (set.threads) text += "  --threads N      worker threads (default: by the number of processors)\n";
    if (set.one_at_a_time) text += "  --one-at-a-time  serve each client to its end before accepting the next\n";
    for (const OwnOption& own : set.own) {
        const std::string usage = own.name + (own.takes_value ? " N" : "");
        text += "  " + usage + std::string(usage.size() < 17 ? 17 - usage.size() : 1, ' ') + own.help + "\n";
    }
    return text +
           "  --max-clients N  close further clients at once (default: no limit)\n"
           "  --drain SECONDS  time that clients have to finish when the server stops (default 2)\n"
           "  --stop-on-eof    stop when standard input ends, as by Ctrl+C\n"
           "  --verbose        print a line for each event, with the id of the thread that saw it\n"
           "  --stats FILE     write totals as JSON to FILE at the end\n"
           "  --trace FILE     record the calls of the server in FILE, for Perfetto\n"
           "  --help           print this text";
}

std::vector<std::string> command_line() {
    int count = 0;
    const std::unique_ptr<LPWSTR, decltype(&::LocalFree)> wide{::CommandLineToArgvW(::GetCommandLineW(), &count),
                                                               ::LocalFree};
    if (!wide) throw_error("CommandLineToArgvW");
    std::vector<std::string> arguments;
    for (int i = 1; i < count; ++i) arguments.push_back(to_utf8(wide.get()[i]));
    return arguments;
}
