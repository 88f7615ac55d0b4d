#include "common/tools/client/terminal.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace course {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& text) {
    std::istringstream input(text);
    Lines lines;
    while (auto line = read_line(input)) lines.push_back(*line);
    EXPECT_FALSE(read_line(input)) << "the end stays the end";
    return lines;
}

TEST(ReadLine, OneAfterTheOther) { EXPECT_EQ(lines_of("a\nbc\nd\n"), (Lines{"a", "bc", "d"})); }

TEST(ReadLine, ALastLineNeedsNoEnd) { EXPECT_EQ(lines_of("a\nb"), (Lines{"a", "b"})); }

TEST(ReadLine, NothingIsNoLine) { EXPECT_EQ(lines_of(""), Lines{}); }

TEST(ReadLine, EmptyLinesAreLines) { EXPECT_EQ(lines_of("\n\na\n\n"), (Lines{"", "", "a", ""})); }

TEST(ReadLine, AWindowsLineEndIsALineEnd) { EXPECT_EQ(lines_of("a\r\n\r\nb\r\n"), (Lines{"a", "", "b"})); }

TEST(ReadLine, ACarriageReturnWithinALineStays) { EXPECT_EQ(lines_of("a\rb\n"), (Lines{"a\rb"})); }

TEST(ReadLine, KoreanStaysUtf8) {
    EXPECT_EQ(lines_of("\xed\x95\x9c\xea\xb8\x80\n"), (Lines{"\xed\x95\x9c\xea\xb8\x80"}));
}

}  // namespace
}  // namespace course
