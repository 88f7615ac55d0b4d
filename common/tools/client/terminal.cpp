#include "common/tools/client/terminal.h"

#include <array>
#include <asio/error.hpp>
#include <cstdio>
#include <functional>
#include <string>
#include <system_error>

#ifdef _WIN32
#include <algorithm>

#include "common/error.h"
#include "common/winsock.h"
#else
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace course {

#ifdef _WIN32

namespace {

/// A console gives its characters as UTF-16 only: read as bytes, all but ASCII is lost in many of its versions.
class ConsoleReader {
public:
    std::string operator()() {
        std::array<wchar_t, 1024> units;
        DWORD count = 0;
        if (ended_ || !::ReadConsoleW(input_, units.data(), static_cast<DWORD>(units.size()), &count, nullptr))
            return {};
        std::wstring text = carried_ + std::wstring(units.data(), count);
        carried_.clear();
        // Ctrl+Z at the beginning of a line is how the end of input is typed.
        if (at_line_begin_ && !text.empty() && text.front() == L'\x1a') {
            ended_ = true;
            return {};
        }
        at_line_begin_ = !text.empty() && text.back() == L'\n';
        // A character of two units may lie across the end of our buffer.
        if (!text.empty() && IS_HIGH_SURROGATE(text.back())) {
            carried_ = text.back();
            text.pop_back();
        }
        return text.empty() ? (*this)() : to_utf8(text);
    }

private:
    HANDLE input_ = ::GetStdHandle(STD_INPUT_HANDLE);
    std::wstring carried_;
    bool at_line_begin_ = true;
    bool ended_ = false;
};

/// Whether the handle is a console, which then has shown the text. Byte by byte, it would take UTF-8 for its own code
/// page.
bool show(HANDLE output, const std::string& text) {
    DWORD mode = 0;
    if (!::GetConsoleMode(output, &mode)) return false;
    const int bytes = static_cast<int>(text.size());
    std::wstring wide(text.size(), L'\0');  // a letter has at least as many bytes as units
    const int units = ::MultiByteToWideChar(CP_UTF8, 0, text.data(), bytes, wide.data(), bytes);
    DWORD written = 0;
    for (DWORD done = 0; done < static_cast<DWORD>(units); done += written) {
        const DWORD size = std::min<DWORD>(static_cast<DWORD>(units) - done, 8192);
        if (!::WriteConsoleW(output, wide.data() + done, size, &written, nullptr) || written == 0) break;
    }
    return true;
}

std::string read_bytes() {
    std::array<char, 4096> bytes;
    DWORD count = 0;
    if (!::ReadFile(::GetStdHandle(STD_INPUT_HANDLE), bytes.data(), static_cast<DWORD>(bytes.size()), &count, nullptr))
        return {};  // ERROR_BROKEN_PIPE is how a pipe ends
    return {bytes.data(), count};
}

}  // namespace

bool has_keyboard() {
    DWORD mode = 0;
    return ::GetConsoleMode(::GetStdHandle(STD_INPUT_HANDLE), &mode) != 0;
}

std::function<std::string()> standard_input() {
    if (has_keyboard()) return ConsoleReader{};
    return read_bytes;
}

// Not error.message(): that is in the code page of the system, and the console shows UTF-8.
std::string describe(const std::error_code& error) {
    return error.category() == asio::system_category() ? describe_error(error.value()) : error.message();
}

#else

bool has_keyboard() { return ::isatty(STDIN_FILENO) != 0; }

std::function<std::string()> standard_input() {
    // Were it closed, the next descriptor would take its number, and we would read from our own socket.
    if (::fcntl(STDIN_FILENO, F_GETFD) < 0) ::open("/dev/null", O_RDONLY);
    return [] {
        std::array<char, 4096> bytes;
        ssize_t count = 0;
        do count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
        while (count < 0 && errno == EINTR);
        return count > 0 ? std::string(bytes.data(), static_cast<std::size_t>(count)) : std::string();
    };
}

std::string describe(const std::error_code& error) {
    return "error " + std::to_string(error.value()) + ": " + error.message();
}

#endif

namespace {

void write_line([[maybe_unused]] bool to_output, std::FILE* stream, const std::string& line) {
    const std::string text = line + "\n";
#ifdef _WIN32
    if (show(::GetStdHandle(to_output ? STD_OUTPUT_HANDLE : STD_ERROR_HANDLE), text)) return;
#endif
    std::fwrite(text.data(), 1, text.size(), stream);
    std::fflush(stream);
}

}  // namespace

void say(const std::string& line) { write_line(true, stdout, line); }

void complain(const std::string& line) { write_line(false, stderr, line); }

}  // namespace course
