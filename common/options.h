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
    std::uint16_t port = 9000;       ///< 0: any free port
    std::string bind = "127.0.0.1";  ///< a numeric IPv4 or IPv6 address
    unsigned threads = 0;            ///< 0: the chapter's own default
    unsigned max_clients = 0;        ///< 0: no limit but the model's own
    unsigned drain = 2;              ///< seconds that clients have to finish once the server stops
    bool one_at_a_time = false;
    bool stop_on_eof = false;
    bool verbose = false;
    bool help = false;
    std::filesystem::path stats;  ///< empty: no statistics
    std::filesystem::path trace;  ///< empty: no trace
};

/// The command line cannot be used; what() says why.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The value of an option that takes a whole number.
/// @throws UsageError, which names the option and the range
template <class Number>
Number to_number(const std::string& option, const std::string& text, Number least = 0,
                 Number most = std::numeric_limits<Number>::max()) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stopped != end || number < least || number > most)
        throw UsageError(option + " takes a whole number from " + std::to_string(least) + " to " +
                         std::to_string(most) + ", not \"" + text + "\"");
    return number;
}

/// An option that a single server adds to those that all have.
struct OwnOption {
    std::string name;
    bool takes_value;
    std::string help;
    std::function<void(const std::string& value)> set;
};

template <class Number>
OwnOption own_number(const std::string& name, const std::string& help, Number& target, Number least = 0,
                     Number most = std::numeric_limits<Number>::max()) {
    return {name, true, help, [=, &target](const std::string& value) { target = to_number(name, value, least, most); }};
}

/// Which options only some of the servers take.
struct OptionSet {
    const char* program;           ///< for the usage text
    bool threads = false;          ///< --threads
    bool one_at_a_time = false;    ///< --one-at-a-time
    std::vector<OwnOption> own{};  ///< further ones
};

/// @param arguments  UTF-8, without the program's name
/// @throws UsageError
Options parse_options(const std::vector<std::string>& arguments, const OptionSet& set);

std::string usage_text(const OptionSet& set);

/// The process's command line as UTF-8, without the program's name. main's argv would lose what the system's code page
/// does not hold, such as Korean letters in a path.
std::vector<std::string> command_line();
