#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/tools/compare/candidate.h"
#include "common/tools/compare/cell.h"

namespace course {

/// Several rounds of one figure: the median, and as the spread the least and the greatest.
struct Spread {
    double median = 0, least = 0, greatest = 0;
    std::size_t values = 0;
};

/// @param values  those of the rounds that have one; empty: nothing to tell
std::optional<Spread> spread_of(std::vector<double> values);

/// All rounds of one server with one number of clients.
struct Row {
    Candidate candidate;
    std::size_t clients = 0;
    std::vector<Cell> rounds;
    std::size_t size = 64;  ///< bytes of a message

    /// A figure's spread over the rounds; `figure` gives an optional number for a Cell.
    template <class Figure>
    [[nodiscard]] std::optional<Spread> spread(Figure figure) const {
        std::vector<double> values;
        for (const Cell& cell : rounds)
            if (const auto value = figure(cell)) values.push_back(static_cast<double>(*value));
        return spread_of(values);
    }

    [[nodiscard]] std::size_t most_unserved() const;  ///< in the worst round
    [[nodiscard]] std::uint64_t error_count() const;  ///< in all rounds
};

nlohmann::json to_json(const Row& row);

/// Round by round, the echoes/s of a row as a multiple of those of the row with the same number and size of messages
/// whose server is `base`, or is `base` with the buffer of the row's server where both kinds are there; empty if there
/// is none, or if it has no figure to divide by.
std::optional<Spread> relative_to(const std::string& base, const Row& row, const std::vector<Row>& rows);

/// The rows of one number of clients, and of one size, stand together, in the order of the candidates.
/// @param wide  with more columns
/// @param base  the server whose echoes/s are 1.00 in a column of its own; empty: no such column
std::string to_table(const std::vector<Row>& rows, bool wide, const std::string& base = {});

/// What must not be overlooked: unserved clients, errors, a load that was the limit. Empty if there is nothing.
std::string warnings(const std::vector<Row>& rows);

}  // namespace course
