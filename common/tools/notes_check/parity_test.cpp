// Each way in which the two languages can get out of step.
#include <gmock/gmock.h>

#include <string>

#include "common/tools/notes_check/notes_fixture.h"

namespace course {
namespace {

using testing::IsEmpty;

TEST_F(Notes, ALinkToAnotherHeadingIsFound) {
    replace_reviewed(kKo, "02_select.md#코드", "02_select.md#02-select");
    expect_among(kEn, 3, "this link (02_select.md#1) is missing");
}

TEST_F(Notes, AMissingFileIsFound) {
    write("notes/ko/errors.md", "# 오류\n");
    expect_only("notes/en/errors.md", 0, "is missing");
}

TEST_F(Notes, AHeadingMoreIsFound) {
    replace_reviewed(kKo, "\n| 가", "\n## 하나 더\n\n| 가");
    expect_only(kKo, 21, "\"하나 더\", has no counterpart");
}

TEST_F(Notes, AHeadingOfAnotherLevelIsFound) {
    replace_reviewed(kKo, "## 한계 보기", "### 한계 보기");
    expect_only(kKo, 5, "has no counterpart of its level");
}

TEST_F(Notes, AnotherFenceIsFound) {
    replace_reviewed(kKo, "\n| 가", "\n```sh\nls\n```\n\n| 가");
    expect_only(kKo, 5, "other fences");
}

TEST_F(Notes, ATableRowMoreIsFound) {
    replace_reviewed(kEn, "| 1 | 2 |\n", "| 1 | 2 |\n| 3 | 4 |\n");
    expect_only(kKo, 5, "other numbers of table rows than notes/en/01_blocking.md:5: 3; there: 4");
}

TEST_F(Notes, AHeadingOfOneLanguageReworded) {
    replace(kKo, "# 01 블로킹", "# 01 블로킹 소켓");
    expect_only(kEn, 1, "only the Korean of this section changed");
}

TEST_F(Notes, ASectionChangedInOneLanguageOnlyFailsUntilAccepted) {
    replace(kEn, "One thread waits", "One thread sleeps");
    expect_only(kKo, 1, "only the English of this section changed");
    replace(kKo, "기다립니다", "잠듭니다");
    expect_only(kEn, 1, "changed in both languages");
    EXPECT_THAT(check({.accept = true}), IsEmpty());
    EXPECT_THAT(check(), IsEmpty());
}

TEST_F(Notes, ASectionThatCameOrWentFailsUntilAccepted) {
    for (const auto* language : {"en", "ko"})
        write("notes/" + std::string(language) + "/02_select.md", "# 02 select\n\n## Code\n\n## Bugs\n");
    replace(kKo, "02_select.md#코드", "02_select.md#code");
    expect_among("notes/en/02_select.md", 5, "a new section");
    static_cast<void>(check({.accept = true}));
    for (const auto* language : {"en", "ko"})
        write("notes/" + std::string(language) + "/02_select.md", "# 02 select\n\n## Code\n");
    expect_only("notes/en/02_select.md", 0, "the section #bugs is gone");
}

}  // namespace
}  // namespace course
