#pragma once

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

/// What the command line asks for; the same for every server.
struct Options {
    std::string program;             ///< as the server announces itself
    std::uint16_t port = 9000;       ///< 0: any free port
    std::string bind = "127.0.0.1";  ///< a numeric IPv4 or IPv6 address
    unsigned threads = 0;            ///< 0: the chapter's own default
    unsigned max_clients = 0;        ///< 0: no limit but the model's own
    unsigned drain = 2;              ///< seconds that clients have to finish once the server stops
    bool one_at_a_time = false, stop_on_eof = false, verbose = false;
    std::filesystem::path stats;  ///< empty: no statistics
    std::filesystem::path trace;  ///< empty: no trace
};

/// The command line cannot be used; what() says why.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A row of the table of options.
struct Option {
    std::string usage;  ///< "--port N"; without a second word it takes no value
    std::string help;
    std::function<void(const std::string& value)> set;
};

/// An option that takes a whole number, from `least` to `most`.
template <class Number>
Option number_option(const std::string& usage, const std::string& help, Number& target, Number least = 0,
                     Number most = std::numeric_limits<Number>::max()) {
    return {usage, help, [=, &target](const std::string& text) {
        const char* const end = text.data() + text.size();
        Number number{};
        const auto [stopped, error] = std::from_chars(text.data(), end, number);
        if (error != std::errc{} || stopped != end || number < least || number > most)
            throw UsageError(usage + ": a whole number from " + std::to_string(least) + " to " + std::to_string(most) +
                             ", not \"" + text + "\"");
        target = number;
    }};
}

/// What only some of the servers take.
struct OwnOptions {
    bool takes_threads = false;        ///< --threads
    bool takes_one_at_a_time = false;  ///< --one-at-a-time
    std::vector<Option> further = {};
};

/// The command line of this process, in UTF-8. main's argv would lose what the system's code page does not hold, such
/// as Korean letters in a path.
std::vector<std::string> command_line();

/// Reads the options. With --help it prints the usage text and ends the program; with --trace the recording begins.
/// @param program  the server's name
/// @throws UsageError, with the usage text; std::runtime_error if there can be no trace
Options parse_options(const std::string& program, const OwnOptions& own = {},
                      const std::vector<std::string>& arguments = command_line());

std::string usage_text(const std::string& program, const OwnOptions& own = {});

/// Who records for --trace. The whole course links common/trace, which enters itself here; a chapter that is opened
/// alone is built without it.
struct Tracer {
    void (*begin)(const std::filesystem::path& file) = nullptr;
    void (*end)(const std::string& program) = nullptr;
};
inline constinit Tracer tracer;
