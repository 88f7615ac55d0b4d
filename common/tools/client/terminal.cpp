#include "common/tools/client/terminal.h"

#include <cstdio>
#include <iostream>
#include <istream>
#include <optional>
#include <string>
#include <system_error>

#ifdef _WIN32
#include <array>
#include <asio/error.hpp>

#include "common/error.h"
#include "common/winsock.h"
#else
#include <unistd.h>
#endif

namespace course {

#ifdef _WIN32

namespace {

bool is_console(HANDLE handle) {
    DWORD mode = 0;
    return ::GetConsoleMode(handle, &mode) != 0;
}

// A console takes and gives UTF-16. Read or written as bytes, all but ASCII is lost in many of its versions.

std::optional<std::string> read_console_line() {
    std::wstring line;
    while (!line.ends_with(L'\n')) {
        std::array<wchar_t, 1024> units;
        DWORD count = 0;
        ::ReadConsoleW(::GetStdHandle(STD_INPUT_HANDLE), units.data(), 1024, &count, nullptr);
        if (count == 0) return std::nullopt;  // the console is gone, or the program is being ended
        line.append(units.data(), count);
        if (line.front() == L'\x1a') return std::nullopt;  // Ctrl+Z
    }
    return to_utf8(line.substr(0, line.find_first_of(L"\r\n")));
}

/// Returns false if the handle is no console.
bool write_to_console(HANDLE output, const std::string& text) {
    if (!is_console(output)) return false;
    DWORD written = 0;
    const int size = static_cast<int>(text.size());
    std::wstring wide(text.size(), L'\0');  // a letter has at least as many bytes as units
    const int units = ::MultiByteToWideChar(CP_UTF8, 0, text.data(), size, wide.data(), size);
    ::WriteConsoleW(output, wide.data(), static_cast<DWORD>(units), &written, nullptr);
    return true;
}

}  // namespace

bool has_keyboard() { return is_console(::GetStdHandle(STD_INPUT_HANDLE)); }

void say(const std::string& line) {
    if (!write_to_console(::GetStdHandle(STD_OUTPUT_HANDLE), line + "\n")) std::cout << line << std::endl;
}

void complain(const std::string& line) {
    if (!write_to_console(::GetStdHandle(STD_ERROR_HANDLE), line + "\n")) std::cerr << line << std::endl;
}

// Not error.message(): that is in the code page of the system, and the console shows UTF-8.
std::string describe(const std::error_code& error) {
    return error.category() == asio::system_category() ? describe_error(error.value()) : error.message();
}

#else

bool has_keyboard() { return ::isatty(STDIN_FILENO) != 0; }

void say(const std::string& line) { std::cout << line << std::endl; }

void complain(const std::string& line) { std::cerr << line << std::endl; }

std::string describe(const std::error_code& error) {
    return "error " + std::to_string(error.value()) + ": " + error.message();
}

#endif

std::optional<std::string> read_line(std::istream& input) {
#ifdef _WIN32
    if (&input == &std::cin && has_keyboard()) return read_console_line();
#endif
    std::string line;
    if (!std::getline(input, line)) return std::nullopt;
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

}  // namespace course
