#pragma once

#include <cstdint>  // IWYU pragma: export
#include <string>

#include "common/winsock.h"  // IWYU pragma: export

/// A socket bound to `address` (in digits) and `port` (0: any free one), listening: socket, bind, listen.
/// @throws SystemError, with the address in its text, and what to do about a port that is taken
UniqueSocket open_listener(const std::string& address, std::uint16_t port);
