#pragma once

#include <set>
#include <stdexcept>
#include <string>

namespace course {

/// The command line cannot be used.
struct CommandLineError : std::runtime_error {
    CommandLineError(const std::string& what, const std::string& what_to_do)
        : std::runtime_error(what), advice(what_to_do) {}
    std::string advice;  ///< what to do, in whole lines
};

/// Starts GoogleTest with its own options, and puts ours into contract_settings().
/// @param argc,argv  those of main()
/// @param expected_failures  gets the tests named by --expect-failure
/// @return false if only help was asked for, which then has been printed
/// @throws CommandLineError
bool read_command_line(int argc, char** argv, std::set<std::string>& expected_failures);

}  // namespace course
