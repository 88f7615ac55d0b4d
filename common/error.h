#pragma once

#include <stdexcept>
#include <string>

/// A failed Winsock or Win32 call: what() is "recv failed: WSAECONNRESET (10054): ...", code the number alone.
struct SystemError : std::runtime_error {
    SystemError(const std::string& call, int error_code);
    int code;
};

int last_error();  ///< of the calling thread; WSAGetLastError and GetLastError read the same value

/// "WSAECONNRESET"; empty for a code that this course never meets. "Windows Sockets Error Codes" lists them all.
std::string error_name(int code);

/// "WSAECONNRESET (10054): <the system's own text, UTF-8, in the system's language>"
std::string describe_error(int code);

/// Call these directly after the failed call: anything in between may change the last error.
[[noreturn]] void throw_error(const char* call, int code = last_error());
void log_error(const char* call, int code = last_error());

/// Writes a line, in one piece, whichever threads write at the same time.
void print_line(std::string line);
void print_error_line(std::string line);
