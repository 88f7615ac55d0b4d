#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <vector>

#include "common/trace/import_table.h"

namespace course::trace {

class Session;

/// While it lives, the Winsock, wait, APC and completion-port calls of this program are recorded: which thread makes
/// which call, from when to when, with what result. The program that is traced has no line of it: the recorder enters
/// itself in the executable's import table, where calls into DLLs go through. One at a time.
class Trace {
public:
    /// @param file     created or overwritten now, written by write()
    /// @param records  how many calls are kept at most; further ones are counted only. Each takes about 90 bytes, from
    ///   the beginning.
    /// @throws std::runtime_error when the file cannot be written; SystemError
    explicit Trace(const std::filesystem::path& file, std::size_t records = 262'144);
    ~Trace();  ///< stops, as stop() does
    Trace(const Trace&) = delete;
    Trace& operator=(const Trace&) = delete;

    /// Ends the recording and brings the import table back.
    void stop();

    /// Stops and writes the file in the Trace Event Format, as Perfetto and chrome://tracing open it: times in
    /// microseconds since the start, which otherData.start_us tells in Unix time; a slice for each call (category call,
    /// wait or callback), an arrow from the call that started an overlapped operation to where its end came out.
    /// @param program  the process's name in the picture
    /// @throws std::runtime_error when writing failed
    void write(const char* program);

private:
    std::filesystem::path path_;
    std::ofstream file_;
    std::vector<Replacement> replacements_;
    Session* session_ = nullptr;  // never freed: see there
    std::int64_t start_us_ = 0;
};

}  // namespace course::trace
