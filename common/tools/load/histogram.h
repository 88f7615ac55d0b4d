#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace course {

/// Counts values (here: nanoseconds) and tells their quantiles, over the whole 64-bit range, in 58 KiB.
///
/// The buckets are log-linear: values below 256 have one each, and from there on every doubling is cut into 128 equal
/// ones. A bucket is thus never wider than 1/128 of the values in it, and that is the greatest relative error of a
/// quantile: 0.8 %. It errs upward only, and no quantile exceeds the greatest value recorded. Counts are never lost or
/// scaled, so histograms of several rounds can be added.
class Histogram {
public:
    static constexpr std::uint64_t steps_per_doubling = 128;
    static constexpr double greatest_relative_error = 1.0 / steps_per_doubling;

    void record(std::uint64_t value) {
        ++buckets_[index_of(value)];
        ++count_;
        max_ = std::max(max_, value);
    }

    void add(const Histogram& other) {
        for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
        count_ += other.count_;
        max_ = std::max(max_, other.max_);
    }

    /// The least value that at least the share `q` (0 to 1) of all recorded ones do not exceed; 0 if there are none.
    [[nodiscard]] std::uint64_t quantile(double q) const {
        const double wanted = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_));
        const std::uint64_t rank =
            std::clamp<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1, std::max<std::uint64_t>(count_, 1));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < buckets_.size(); ++i) {
            seen += buckets_[i];
            if (seen >= rank) return std::min(highest_in(i), max_);
        }
        return 0;
    }

    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::uint64_t max() const { return max_; }

    /// The bucket of a value, and the highest value that shares it: the arithmetic, open to the tests.
    static constexpr std::size_t index_of(std::uint64_t value) {
        if (value < 2 * steps_per_doubling) return static_cast<std::size_t>(value);
        const auto shift = static_cast<std::uint64_t>(std::bit_width(value)) - exact_bits;
        return static_cast<std::size_t>(shift * steps_per_doubling + (value >> shift));
    }

    static constexpr std::uint64_t highest_in(std::size_t index) {
        if (index < 2 * steps_per_doubling) return index;
        const std::uint64_t shift = index / steps_per_doubling - 1;
        const std::uint64_t step = index - shift * steps_per_doubling;
        return ((step + 1) << shift) - 1;  // of the last bucket: 2^64 - 1, by unsigned wrap-around
    }

private:
    static constexpr std::uint64_t exact_bits =
        std::bit_width(2 * steps_per_doubling - 1);  // of a value that has its own bucket

    std::vector<std::uint64_t> buckets_ = std::vector<std::uint64_t>(index_of(~std::uint64_t{0}) + 1);
    std::uint64_t count_ = 0;
    std::uint64_t max_ = 0;
};

}  // namespace course
