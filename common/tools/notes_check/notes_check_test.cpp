// Each way in which notes and code can get out of step.
#include <gmock/gmock.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "common/tools/notes_check/document.h"
#include "common/tools/notes_check/notes_fixture.h"

namespace course {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(Notes, InStepPass) { EXPECT_THAT(check(), IsEmpty()); }

TEST_F(Notes, WithCarriageReturnsPass) {
    std::string text;
    for (const char c : read(kKo)) text += c == '\n' ? "\r\n" : std::string(1, c);
    write(kKo, text);
    EXPECT_THAT(check(), IsEmpty());
}

TEST_F(Notes, OneCharacterInARegionIsFoundAndFixed) {
    replace("01_blocking/main.cpp", "return 1", "return 2");
    EXPECT_THAT(check(), ElementsAre(Field(&Finding::line, 10u), Field(&Finding::line, 10u)));
    expect_among(kKo, 10, "differs from file=01_blocking/main.cpp region=receive");
    EXPECT_THAT(check({.fix = true}), IsEmpty());
    EXPECT_THAT(read(kEn), HasSubstr("    return 2;\n}\n```\n"));
}

TEST_F(Notes, ARegionThatGrewIsFixed) {
    replace("01_blocking/main.cpp", "    return 1;\n", "    f();\n    g();\n    return 1;\n");
    EXPECT_THAT(check({.fix = true}), IsEmpty());
}

TEST_F(Notes, OneCharacterInTheNotesCodeIsFound) {
    replace(kEn, "return 1", "return  1");
    expect_only(kEn, 10, "differs from");
}

TEST_F(Notes, AMissingRegionIsFound) {
    replace("01_blocking/main.cpp", "  // [doc:receive]", "");
    expect_among(kEn, 7, "no region \"receive\" in 01_blocking/main.cpp");
}

TEST_F(Notes, OutputThatDiffersIsFoundAndFixed) {
    write("notes/output/01_limit.txt", "$ run\nit waits\n");
    expect_among(kEn, 18, "differs from notes/output/01_limit.txt");
    EXPECT_THAT(check({.fix = true}), IsEmpty());
}

TEST_F(Notes, OutputThatNobodyShowsOrMakesIsFound) {
    write("notes/output/01_more.txt", "x\n");
    EXPECT_THAT(check(), ElementsAre(Field(&Finding::what, HasSubstr("write the function capture_01_more()")),
                                     Field(&Finding::what, HasSubstr("shown in no note"))));
}

TEST_F(Notes, AnUncitedClaimIsFound) {
    write("01_blocking/bugs.cpp", "\n\nSCENARIO(\"close resets the peer\") {}\n");
    EXPECT_THAT(check(), ElementsAre(Field(&Finding::what, HasSubstr("not cited in notes/en/01_*.md")),
                                     Field(&Finding::what, HasSubstr("not cited in notes/ko/01_*.md"))));
    expect_among("01_blocking/bugs.cpp", 3, "close resets the peer");
}

TEST_F(Notes, AClaimCitedInOneLanguageOnlyIsFound) {
    replace(kKo, "[a silent client blocks the others](../../01_blocking/claims.cpp)", "침묵하는 클라이언트");
    expect_among("01_blocking/claims.cpp", 1, "not cited in notes/ko/01_*.md");
    expect_among(kEn, 14, "is missing in the same section of the other language");
}

TEST_F(Notes, ACitedClaimThatDoesNotExistIsFound) {
    replace("01_blocking/claims.cpp", "silent", "quiet");
    expect_among(kEn, 14, "no SCENARIO(\"a silent client blocks the others\")");
}

TEST_F(Notes, ALinkToTheClaimsAsAFileCitesNothing) {
    for (const auto& file : {kEn, kKo})
        replace(file, "blocks\n```\n", "blocks\n```\n[`claims.cpp`](../../01_blocking/claims.cpp)\n");
    EXPECT_THAT(check(), IsEmpty());
}

TEST_F(Notes, ADeadFileLinkIsFound) {
    replace(kEn, "02_select.md#code", "02_selekt.md");
    expect_among(kEn, 3, "dead link: there is no notes/en/02_selekt.md");
}

TEST_F(Notes, ADeadAnchorIsFound) {
    replace(kKo, "#한계-보기", "#한계");
    expect_among(kKo, 3, "dead link: notes/ko/01_blocking.md has no heading with the anchor #한계");
    replace("notes/en/02_select.md", "## Code", "## The code");
    expect_among(kEn, 3, "no heading with the anchor #code");
}

TEST_F(Notes, ALinkToALineOfCodeIsFound) {
    for (const auto& file : {kEn, kKo}) replace(file, "](02_select.md#", "](../../01_blocking/main.cpp#L");
    expect_among(kEn, 3, "would move unnoticed");
}

TEST_F(Notes, ALinkToTheOtherLanguageIsFound) {
    replace(kKo, "02_select.md#코드", "../en/02_select.md#code");
    expect_only(kKo, 3, "leads to the other language, notes/en/02_select.md");
}

TEST_F(Notes, ADeadLinkInTheReadmeIsFound) {
    for (const auto* file : {"README.md", "README.ko.md"}) replace(file, "/01_blocking.md", "/1_blocking.md");
    expect_among("README.md", 3, "dead link: there is no notes/en/1_blocking.md");
}

TEST_F(Notes, TooManyRegionsInAFileAreFound) {
    std::string source = kSource;
    for (int i = 0; i < 4; ++i) source += "void f() {  // [doc:f" + std::to_string(i) + "]\n}\n";
    write("01_blocking/main.cpp", source);
    expect_only("01_blocking/main.cpp", 0, "more than four regions");
}

TEST_F(Notes, WithoutNotesThereIsNothingToCheck) {
    std::filesystem::remove_all(root_ / "notes");
    EXPECT_THROW(static_cast<void>(check()), std::runtime_error);
}

}  // namespace
}  // namespace course
