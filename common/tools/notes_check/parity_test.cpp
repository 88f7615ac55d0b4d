// Each way in which the two languages can get out of step.
#include <gmock/gmock.h>

#include <string>

#include "common/tools/notes_check/notes_fixture.h"

namespace course {
namespace {

using testing::IsEmpty;

TEST_F(Notes, ALinkToAnotherHeadingIsFound) {
    replace(korean_note, "02_select.md#코드", "02_select.md#02-select");
    expect_among(english_note, 3, "this link (02_select.md#1) is missing");
}

TEST_F(Notes, AMissingFileIsFound) {
    write("notes/ko/errors.md", "# 오류\n");
    expect_only("notes/en/errors.md", 0, "is missing");
}

TEST_F(Notes, AHeadingMoreIsFound) {
    replace(korean_note, "\n| 가", "\n## 하나 더\n\n| 가");
    expect_only(korean_note, 21, "\"하나 더\", has no counterpart");
}

TEST_F(Notes, AHeadingOfAnotherLevelIsFound) {
    replace(korean_note, "## 한계 보기", "### 한계 보기");
    expect_only(korean_note, 5, "has no counterpart of its level");
}

TEST_F(Notes, AnotherFenceIsFound) {
    replace(korean_note, "\n| 가", "\n```sh\nls\n```\n\n| 가");
    expect_only(korean_note, 5, "other fences");
}

TEST_F(Notes, ATableRowMoreIsFound) {
    replace(english_note, "| 1 | 2 |\n", "| 1 | 2 |\n| 3 | 4 |\n");
    expect_only(korean_note, 5, "other numbers of table rows than notes/en/01_blocking.md:5: 3; there: 4");
}

TEST_F(Notes, AnotherNameInAFenceIsFound) {
    replace(korean_note, " name=receive_from", "");
    expect_among(korean_note, 5, "other fences");
}

TEST_F(Notes, WordsMayChangeInOneLanguage) {
    replace(korean_note, "# 01 블로킹", "# 01 블로킹 소켓");
    replace(english_note, "One thread waits", "One thread sleeps");
    EXPECT_THAT(check(), IsEmpty());
}

}  // namespace
}  // namespace course
