// The histogram against exact quantiles, and the pattern against every kind of damage.

#include "common/tools/load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "common/tools/load/pattern.h"
#include "common/tools/load/text.h"

namespace course {
namespace {

TEST(Histogram, IsEmptyAtFirst) {
    const Histogram histogram;
    EXPECT_EQ(histogram.count(), 0u);
    EXPECT_EQ(histogram.quantile(0.5), 0u);
    EXPECT_EQ(histogram.max(), 0u);
}

TEST(Histogram, KeepsSmallValuesExactly) {
    Histogram histogram;
    for (std::uint64_t value = 1; value <= 200; ++value) histogram.record(value);
    EXPECT_EQ(histogram.quantile(0), 1u);
    EXPECT_EQ(histogram.quantile(0.5), 100u);
    EXPECT_EQ(histogram.quantile(0.99), 198u);
    EXPECT_EQ(histogram.quantile(1), 200u);
}

TEST(Histogram, EveryBucketEndsWhereTheNextBegins) {
    const std::size_t last = Histogram::index_of(std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(Histogram::highest_in(last), std::numeric_limits<std::uint64_t>::max());
    for (std::size_t index = 0; index < last; ++index) {
        ASSERT_EQ(Histogram::index_of(Histogram::highest_in(index)), index);
        ASSERT_EQ(Histogram::index_of(Histogram::highest_in(index) + 1), index + 1);
    }
}

TEST(Histogram, NoValueIsOffByMoreThanTheGreatestRelativeError) {
    for (std::uint64_t value = 1; value < std::uint64_t{1} << 62; value += value / 37 + 1) {
        const std::uint64_t shown = Histogram::highest_in(Histogram::index_of(value));
        ASSERT_GE(shown, value);
        ASSERT_LE(static_cast<double>(shown - value), static_cast<double>(value) * Histogram::greatest_relative_error);
    }
}

TEST(Histogram, QuantilesOfALongTailAreWithinTheErrorOfTheExactOnes) {
    std::mt19937_64 random(1);
    std::lognormal_distribution<double> latency(12, 2);
    Histogram histogram;
    std::vector<std::uint64_t> exact;
    for (int i = 0; i < 100'000; ++i) {
        exact.push_back(static_cast<std::uint64_t>(latency(random)));
        histogram.record(exact.back());
    }
    std::sort(exact.begin(), exact.end());
    for (const double q : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
        const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(exact.size())));
        const auto truth = static_cast<double>(exact[rank - 1]);
        const auto shown = static_cast<double>(histogram.quantile(q));
        EXPECT_GE(shown, truth) << q;
        EXPECT_LE(shown, truth * (1 + Histogram::greatest_relative_error)) << q;
    }
}

TEST(Histogram, SumOfTwoIsOneOfAll) {
    Histogram first, second, both;
    for (std::uint64_t value = 1; value < 100'000; value += 7) {
        (value % 2 ? first : second).record(value);
        both.record(value);
    }
    first.add(second);
    EXPECT_EQ(first.count(), both.count());
    EXPECT_EQ(first.max(), both.max());
    for (const double q : {0.1, 0.5, 0.99}) EXPECT_EQ(first.quantile(q), both.quantile(q));
}

std::vector<char> stream_of(std::uint64_t client, std::uint64_t position, std::size_t size) {
    std::vector<char> bytes(size);
    Pattern(client).fill(bytes, position);
    return bytes;
}

TEST(Pattern, DoesNotDependOnHowItIsCut) {
    const std::vector<char> whole = stream_of(3, 0, 1000);
    for (std::size_t begin = 0; begin < whole.size(); begin += 13) {
        const std::size_t size = std::min<std::size_t>(29, whole.size() - begin);
        const std::vector<char> part = stream_of(3, begin, size);
        EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + static_cast<std::ptrdiff_t>(begin)));
        EXPECT_EQ(Pattern(3).mismatch(part, begin), std::nullopt);
    }
}

TEST(Pattern, FindsTheFirstWrongByte) {
    for (const std::size_t wrong : {0u, 7u, 8u, 499u, 999u}) {
        std::vector<char> bytes = stream_of(3, 5, 1000);
        bytes[wrong] = static_cast<char>(bytes[wrong] ^ 1);
        EXPECT_EQ(Pattern(3).mismatch(bytes, 5), wrong);
    }
}

TEST(Pattern, SeesLossRepetitionReorderingAndStrangers) {
    const std::vector<char> right = stream_of(3, 0, 4096);
    EXPECT_NE(Pattern(3).mismatch(std::span(right).subspan(1), 0), std::nullopt) << "one byte lost";
    EXPECT_NE(Pattern(3).mismatch(std::span(right).subspan(1024), 0), std::nullopt) << "a block lost";
    EXPECT_NE(Pattern(3).mismatch(right, 4096), std::nullopt) << "a block repeated";
    std::vector<char> turned = right;
    std::rotate(turned.begin(), turned.begin() + 2048, turned.end());
    EXPECT_NE(Pattern(3).mismatch(turned, 0), std::nullopt) << "two blocks swapped";
    EXPECT_NE(Pattern(4).mismatch(right, 0), std::nullopt) << "another client's bytes";
}

TEST(Text, IsReadable) {
    EXPECT_EQ(with_commas(0), "0");
    EXPECT_EQ(with_commas(999), "999");
    EXPECT_EQ(with_commas(1000), "1,000");
    EXPECT_EQ(with_commas(1234567), "1,234,567");
    EXPECT_EQ(fixed(2.345, 1), "2.3");
    const std::string korean = "\xEA\xB0\x95\xEC\x9D\x98";
    EXPECT_EQ(utf8_from_path(path_from_utf8(korean)), korean);
}

}  // namespace
}  // namespace course
