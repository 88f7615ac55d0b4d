#include "common/tools/client/line_splitter.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace course {
namespace {

std::vector<std::string> split(const std::vector<std::string_view>& pieces) {
    LineSplitter splitter;
    std::vector<std::string> lines;
    for (const std::string_view piece : pieces) {
        splitter.add(piece);
        while (auto line = splitter.next()) lines.push_back(*line);
    }
    if (auto line = splitter.rest()) lines.push_back(*line);
    EXPECT_EQ(splitter.rest(), std::nullopt) << "the rest is given once";
    return lines;
}

using Lines = std::vector<std::string>;

TEST(LineSplitter, OnePieceOfManyLines) { EXPECT_EQ(split({"a\nbc\nd\n"}), (Lines{"a", "bc", "d"})); }

TEST(LineSplitter, OneLineOfManyPieces) { EXPECT_EQ(split({"a", "b", "", "c\n", "d\n"}), (Lines{"abc", "d"})); }

TEST(LineSplitter, ALastLineNeedsNoEnd) { EXPECT_EQ(split({"a\nb"}), (Lines{"a", "b"})); }

TEST(LineSplitter, NothingIsNoLine) { EXPECT_EQ(split({""}), Lines{}); }

TEST(LineSplitter, EmptyLinesAreLines) { EXPECT_EQ(split({"\n\na\n\n"}), (Lines{"", "", "a", ""})); }

TEST(LineSplitter, AWindowsLineEndMayBeTorn) { EXPECT_EQ(split({"a\r", "\nb\r\n"}), (Lines{"a", "b"})); }

TEST(LineSplitter, ACarriageReturnWithinALineStays) { EXPECT_EQ(split({"a\rb\n"}), (Lines{"a\rb"})); }

TEST(LineSplitter, ALetterOfSeveralBytesMayBeTorn) {
    EXPECT_EQ(split({"\xed\x95", "\x9c\xea\xb8\x80\n"}), (Lines{"\xed\x95\x9c\xea\xb8\x80"}));
}

}  // namespace
}  // namespace course
