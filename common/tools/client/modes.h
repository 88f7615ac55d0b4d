#pragma once

#include <asio/awaitable.hpp>

#include "common/tools/client/plan.h"
#include "common/tools/client/stage.h"

namespace course {

/// A kind of trouble.
struct Trouble {
    Mode mode;
    const char* does;                             ///< a line
    const char* watch;                            ///< what a class should look at; a line
    asio::awaitable<void> (*make)(Stage& stage);  ///< @throws LinkLost, WrongEcho
};

/// @param mode  any but Mode::interactive
const Trouble& find_trouble(Mode mode);

asio::awaitable<void> make_many(Stage& stage);

/// Makes the trouble that the plan asks for, prints what came of it, and returns the exit status.
int run_troublemaker(const Plan& plan);

}  // namespace course
