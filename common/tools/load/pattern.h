#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace course {

/// The endless stream of bytes that one client sends. Every 8 bytes are a hash of the client's number and their place
/// in the stream, so that bytes which come back lost, doubled, out of order or from another client's stream do not
/// match.
class Pattern {
public:
    explicit Pattern(std::uint64_t client) : seed_(scramble(client + 1)) {}

    /// Writes the bytes that stand at `position` of the stream.
    void fill(std::span<char> bytes, std::uint64_t position) const {
        walk(bytes.size(), position, [&](std::size_t at, const char* expected, std::size_t size) {
            std::memcpy(bytes.data() + at, expected, size);
            return true;
        });
    }

    /// Index of the first byte that is not the one at its place in the stream, if there is one.
    [[nodiscard]] std::optional<std::size_t> mismatch(std::span<const char> bytes, std::uint64_t position) const {
        std::optional<std::size_t> found;
        walk(bytes.size(), position, [&](std::size_t at, const char* expected, std::size_t size) {
            const char* const actual = bytes.data() + at;
            if (std::memcmp(actual, expected, size) == 0) return true;
            const auto differs = std::mismatch(actual, actual + size, expected).first - actual;
            found = at + static_cast<std::size_t>(differs);
            return false;
        });
        return found;
    }

private:
    static constexpr std::uint64_t word_size = sizeof(std::uint64_t);

    /// The finishing step of the SplitMix64 generator: every bit of the input changes about half of the result.
    static constexpr std::uint64_t scramble(std::uint64_t x) {
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        return x ^ (x >> 31);
    }

    template <class Visit>
    void walk(std::size_t size, std::uint64_t position, Visit visit) const {
        for (std::size_t at = 0; at < size;) {
            const std::uint64_t place = position + at;
            const std::uint64_t word = scramble(seed_ + place / word_size * 0x9e3779b97f4a7c15u);
            char bytes[word_size];
            std::memcpy(bytes, &word, word_size);
            const auto skip = static_cast<std::size_t>(place % word_size);
            const std::size_t take = std::min<std::size_t>(word_size - skip, size - at);
            // Nearly always it is a whole word, and one of a constant size is copied or compared in one instruction.
            if (!(take == word_size ? visit(at, bytes, word_size) : visit(at, bytes + skip, take))) return;
            at += take;
        }
    }

    std::uint64_t seed_;
};

}  // namespace course
