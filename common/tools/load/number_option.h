#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <string>
#include <system_error>

#include "common/tools/load/text.h"

namespace course {

/// For an option that takes a number from `least` to `most`, both included. CLI::Range lets "nan" through.
inline CLI::Validator number_from(double least, double most) {
    const std::string range = "[" + fixed(least, 2) + " - " + fixed(most, 0) + "]";
    return {[=](const std::string& text) {
        double number = 0;
        const char* const end = text.data() + text.size();
        const auto [stopped, error] = std::from_chars(text.data(), end, number);
        const bool good = error == std::errc{} && stopped == end && number >= least && number <= most;
        return good ? std::string{} : "\"" + text + "\" is not a number in " + range;
    }, "in " + range};
}

}  // namespace course
