#pragma once

#include <cstdint>
#include <functional>

namespace course {

/// What this program's calls to Windows meet while a StandIn lives; what is empty leaves them as they are. The
/// functions are called by several threads at a time.
struct Interference {
    /// An error with which `call` fails, instead of being made; 0 to have it made. `call` is "WSARecv", "WSASend",
    /// "AcceptEx" or "WSASocketW".
    std::function<int(const char* call)> fail{};
    std::function<void()> after_post{};      ///< runs before a WSARecv or WSASend that has been started returns
    std::function<std::uint64_t()> clock{};  ///< what GetTickCount64 returns: milliseconds
};

/// Stands in for those functions of Windows, by way of the program's import table. The thread that made it is spared:
/// it is the test's, whose clients need sockets, and whose waits need the true time (MinGW's sleep_for asks
/// GetTickCount64). One at a time; it has to be there before the server is made, which looks AcceptEx up then, and
/// until the server is gone.
class StandIn {
public:
    /// @throws SystemError
    /// @throws std::logic_error if this program does not import one of the functions: then nothing would be tested
    explicit StandIn(Interference interference);
    ~StandIn();
    StandIn(const StandIn&) = delete;
    StandIn& operator=(const StandIn&) = delete;
};

}  // namespace course
