#include "common/error.h"

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <utility>

#include "common/winsock.h"

SystemError::SystemError(const std::string& call, int error_code)
    : std::runtime_error(call + " failed: " + describe_error(error_code)), code(error_code) {}

int last_error() { return ::WSAGetLastError(); }

std::string error_name(int code) {
    // clang-format off
    switch (code) {
#define NAME(constant) case constant: return #constant;
        NAME(WSAEINTR) NAME(WSAEACCES) NAME(WSAEFAULT) NAME(WSAEINVAL) NAME(WSAEMFILE) NAME(WSAEWOULDBLOCK)
        NAME(WSAEINPROGRESS) NAME(WSAENOTSOCK) NAME(WSAEMSGSIZE) NAME(WSAENOPROTOOPT) NAME(WSAEOPNOTSUPP)
        NAME(WSAEAFNOSUPPORT) NAME(WSAEADDRINUSE) NAME(WSAEADDRNOTAVAIL) NAME(WSAENETDOWN) NAME(WSAENETUNREACH)
        NAME(WSAENETRESET) NAME(WSAECONNABORTED) NAME(WSAECONNRESET) NAME(WSAENOBUFS) NAME(WSAEISCONN) NAME(WSAENOTCONN)
        NAME(WSAESHUTDOWN) NAME(WSAETIMEDOUT) NAME(WSAECONNREFUSED) NAME(WSAEHOSTUNREACH) NAME(WSAEDISCON)
        NAME(WSANOTINITIALISED) NAME(WSAHOST_NOT_FOUND) NAME(WSA_INVALID_HANDLE) NAME(WSA_INVALID_PARAMETER)
        NAME(WSA_IO_INCOMPLETE) NAME(WSA_IO_PENDING) NAME(WSA_NOT_ENOUGH_MEMORY) NAME(WSA_OPERATION_ABORTED)
        NAME(ERROR_FILE_NOT_FOUND) NAME(ERROR_PATH_NOT_FOUND) NAME(ERROR_ACCESS_DENIED) NAME(ERROR_NETNAME_DELETED)
        NAME(ERROR_BROKEN_PIPE) NAME(WAIT_TIMEOUT) NAME(ERROR_ABANDONED_WAIT_0) NAME(ERROR_NOT_FOUND)
        NAME(ERROR_CONNECTION_ABORTED)
#undef NAME
        default: return {};
    }
    // clang-format on
}

std::string describe_error(int code) {
    std::array<wchar_t, 512> wide{};
    const DWORD flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK;
    ::FormatMessageW(flags, nullptr, static_cast<DWORD>(code), 0, wide.data(), static_cast<DWORD>(wide.size()),
                     nullptr);
    std::string text = to_utf8(wide.data());
    while (!text.empty() && text.back() == ' ') text.pop_back();
    const std::string name = error_name(code), number = std::to_string(code);
    const std::string head = name.empty() ? "error " + number : name + " (" + number + ")";
    return text.empty() ? head : head + ": " + text;
}

void throw_error(const char* call, int code) { throw SystemError(call, code); }
void log_error(const char* call, int code) { print_error_line(SystemError(call, code).what()); }

namespace {

// Korean file names and the system's texts, on a console; it gets its own code page back at the end.
struct Utf8Console {
    Utf8Console() { ::SetConsoleOutputCP(CP_UTF8); }
    ~Utf8Console() { ::SetConsoleOutputCP(before); }
    const UINT before = ::GetConsoleOutputCP();
};

// One fwrite a line: the C library locks the stream for it, and lines of different threads stay whole.
void write_line(std::FILE* stream, std::string line) {
    static const Utf8Console console;
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), stream);
    std::fflush(stream);  // a pipe is buffered otherwise, and whoever waits for the line would wait in vain
}

}  // namespace

void print_line(std::string line) { write_line(stdout, std::move(line)); }
void print_error_line(std::string line) { write_line(stderr, std::move(line)); }
