#pragma once

#include <cstddef>  // IWYU pragma: export
#include <exception>
#include <functional>
#include <optional>
#include <string>  // IWYU pragma: export
#include <thread>
#include <utility>  // IWYU pragma: export

#include "common/clients.h"   // IWYU pragma: export
#include "common/error.h"     // IWYU pragma: export
#include "common/listener.h"  // IWYU pragma: export
#include "common/options.h"   // IWYU pragma: export
#include "common/stats.h"
#include "common/stop.h"     // IWYU pragma: export
#include "common/winsock.h"  // IWYU pragma: export

/// What every server of the course is lent: its options, a listening socket, the record of its clients (Clients) and
/// the news that it is to stop (Stop).
class App : public Clients, public Stop {
public:
    /// Announces the server and begins to watch for the stop.
    App(Options options, UniqueSocket listening_socket);
    ~App() { finish(); }  // if an exception has kept main from it

    const Options options;
    const UniqueSocket listener;

    /// A thread whose exception ends the whole server (exit status 1) rather than the process on the spot.
    /// @throws std::system_error when the system has no thread left
    std::thread thread(std::function<void()> body);

    /// Prints the totals, writes statistics and trace. @return the exit status: 0, or 1 when something failed in a
    /// thread
    int finish();

private:
    std::optional<Stats> stats_;
    bool finished_ = false;
};

/// Prints what ended the program. @return the exit status: 2 for a command line that cannot be used, else 1
int failed(const std::exception& error);
