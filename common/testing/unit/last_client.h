#pragma once

#include <gtest/gtest.h>

class App;

namespace course {

/// Runs a chapter's server, begins its stop between its first accept and what it then does with the client, and expects
/// this client to be served to its end, and counted.
void serve_one_who_comes_as_the_stop_begins(void (*run_server)(App&));

}  // namespace course
