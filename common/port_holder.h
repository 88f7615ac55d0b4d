#pragma once

#include <optional>
#include <string>

#include "common/winsock.h"  // IWYU pragma: keep (the types come from the headers that it puts in order)

/// The process that listens on `address`, so that a bind of it is refused; 0 where the system does not tell which (as
/// Wine 8). Nothing if nobody listens.
std::optional<DWORD> find_listener(const sockaddr& address);

/// "02_select.exe, process 4711", or "process 4711" where we may not know more.
std::string describe_process(DWORD id);

/// The same of the process that listens on `address`; empty if nobody does, or the system does not tell who.
std::string port_holder(const sockaddr& address);
