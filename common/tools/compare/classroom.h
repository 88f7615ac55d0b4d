#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace course {

/// One thing that a client did; times in microseconds of Unix time.
struct Deed {
    std::string name;
    std::int64_t begin_us = 0, end_us = 0;
};

struct ClientLane {
    std::string name;
    std::vector<Deed> deeds;
};

/// What the clients of the classroom scenario did, and what went wrong, in words.
struct ClassroomReport {
    std::vector<ClientLane> lanes;
    std::vector<std::string> errors;
};

/// Two seconds of the same five clients for every server: a chatty one (a few bytes again and again), an idle one, a
/// slow reader (much to echo, of which it takes little at a time), one in bulk, and one that joins late.
ClassroomReport visit_as_classroom(std::uint16_t port);

}  // namespace course
