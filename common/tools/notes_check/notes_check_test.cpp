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
    for (const char c : read(korean_note)) text += c == '\n' ? "\r\n" : std::string(1, c);
    write(korean_note, text);
    EXPECT_THAT(check(), IsEmpty());
}

TEST_F(Notes, OneCharacterInTheCodeIsFoundAndFixed) {
    replace("01_blocking/main.cpp", "return 1", "return 2");
    EXPECT_THAT(check(), ElementsAre(Field(&Finding::line, 10u), Field(&Finding::line, 10u)));
    expect_among(korean_note, 10, "differs from file=01_blocking/main.cpp name=receive_from");
    EXPECT_THAT(check({.fix = true}), IsEmpty());
    EXPECT_THAT(read(english_note), HasSubstr("    return 2;\n}\n```\n"));
}

TEST_F(Notes, CodeThatGrewIsFixed) {
    replace("01_blocking/main.cpp", "    return 1;\n", "    f();\n    g();\n    return 1;\n");
    EXPECT_THAT(check({.fix = true}), IsEmpty());
}

TEST_F(Notes, OneCharacterInTheNotesCodeIsFound) {
    replace(english_note, "return 1", "return  1");
    expect_only(english_note, 10, "differs from");
}

TEST_F(Notes, ANameThatIsNotThereIsFound) {
    replace("01_blocking/main.cpp", "int receive_from() {", "int receive() {");
    const auto text = read(english_note);
    EXPECT_THAT(check({.fix = true}), ElementsAre(Field(&Finding::line, 7u), Field(&Finding::line, 7u)));
    expect_among(english_note, 7, "no definition of \"receive_from\" in 01_blocking/main.cpp: name a function");
    EXPECT_EQ(read(english_note), text) << "nothing can be copied";
}

TEST_F(Notes, ANameThatIsOnlyDeclaredIsFound) {
    write("01_blocking/main.cpp", "int receive_from();\n");
    expect_among(korean_note, 7, "no definition of \"receive_from\"");
}

TEST_F(Notes, ANameThatIsThereTwiceIsFound) {
    write("01_blocking/main.cpp", std::string(source_text) + "int receive_from(int i) {\n    return i;\n}\n");
    expect_among(english_note, 7, "\"receive_from\" is ambiguous: 01_blocking/main.cpp defines it in the lines 2, 5");
}

TEST_F(Notes, ADeclarationMakesNoNameAmbiguous) {
    write("01_blocking/main.cpp", std::string("int receive_from();\n\n") + source_text);
    EXPECT_THAT(check(), IsEmpty());
}

TEST_F(Notes, AStructAndAMemberFunctionAndATryBlockAreShown) {
    const std::string definitions[] = {"struct Session : Base {\n    int i;\n};\n",
                                       "// Why.\nvoid Session::work() {\n    run();\n}\n",
                                       "bool run() try {\n    return go();\n} catch (...) {\n    return false;\n}\n"};
    write("01_blocking/main.cpp", "struct Session;\n" + std::string(source_text) + "\n" + definitions[0] + "\n" +
                                      definitions[1] + "\n" + definitions[2]);
    for (const auto& file : {english_note, korean_note})
        for (const std::string name : {"Session", "Session::work", "run"})
            replace(file, "```text", "```cpp file=01_blocking/main.cpp name=" + name + "\n```\n\n```text");
    EXPECT_THAT(check({.fix = true}), IsEmpty());
    for (const auto& definition : definitions) EXPECT_THAT(read(english_note), HasSubstr("\n" + definition + "```\n"));
}

TEST_F(Notes, AFenceWithoutANameShowsTheWholeFile) {
    for (const auto& file : {english_note, korean_note})
        replace(file, "cpp file=01_blocking/main.cpp name=receive_from", "cpp file=01_blocking/claims.cpp");
    expect_among(english_note, 8, "differs from file=01_blocking/claims.cpp;");
    EXPECT_THAT(check({.fix = true}), IsEmpty());
    EXPECT_THAT(read(korean_note),
                HasSubstr("```cpp file=01_blocking/claims.cpp\n" + std::string(claims_text) + "```\n"));
}

TEST_F(Notes, AFenceOfAFileThatIsNotThereIsFound) {
    for (const auto& file : {english_note, korean_note})
        replace(file, "file=01_blocking/main", "file=01_blocking/mine");
    expect_among(english_note, 7, "there is no 01_blocking/mine.cpp");
}

TEST_F(Notes, ANameWithoutAFileIsFound) {
    for (const auto& file : {english_note, korean_note}) replace(file, "file=01_blocking/main.cpp ", "");
    expect_among(english_note, 7, "name=receive_from needs the source that defines it");
}

TEST_F(Notes, AFenceOfUnknownWordsIsFound) {
    for (const auto& file : {english_note, korean_note}) replace(file, "name=receive_from", "region=receive");
    const auto text = read(english_note);
    EXPECT_THAT(check({.fix = true}), ElementsAre(Field(&Finding::line, 7u), Field(&Finding::line, 7u)));
    expect_among(english_note, 7, "\"region=receive\" means nothing here");
    EXPECT_EQ(read(english_note), text) << "not the whole file";
}

TEST_F(Notes, OutputThatDiffersIsFoundAndFixed) {
    write("notes/output/01_limit.txt", "$ run\nit waits\n");
    expect_among(english_note, 18, "differs from notes/output/01_limit.txt");
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
    replace(korean_note, "[a silent client blocks the others](../../01_blocking/claims.cpp)", "침묵하는 클라이언트");
    expect_among("01_blocking/claims.cpp", 1, "not cited in notes/ko/01_*.md");
    expect_among(english_note, 14, "is missing in the same section of the other language");
}

TEST_F(Notes, ACitedClaimThatDoesNotExistIsFound) {
    replace("01_blocking/claims.cpp", "silent", "quiet");
    expect_among(english_note, 14, "no SCENARIO(\"a silent client blocks the others\")");
}

TEST_F(Notes, ALinkToTheClaimsAsAFileCitesNothing) {
    for (const auto& file : {english_note, korean_note})
        replace(file, "blocks\n```\n", "blocks\n```\n[`claims.cpp`](../../01_blocking/claims.cpp)\n");
    EXPECT_THAT(check(), IsEmpty());
}

TEST_F(Notes, ADeadFileLinkIsFound) {
    replace(english_note, "02_select.md#code", "02_selekt.md");
    expect_among(english_note, 3, "dead link: there is no notes/en/02_selekt.md");
}

TEST_F(Notes, ADeadAnchorIsFound) {
    replace(korean_note, "#한계-보기", "#한계");
    expect_among(korean_note, 3, "dead link: notes/ko/01_blocking.md has no heading with the anchor #한계");
    replace("notes/en/02_select.md", "## Code", "## The code");
    expect_among(english_note, 3, "no heading with the anchor #code");
}

TEST_F(Notes, ALinkToALineOfCodeIsFound) {
    for (const auto& file : {english_note, korean_note})
        replace(file, "](02_select.md#", "](../../01_blocking/main.cpp#L");
    expect_among(english_note, 3, "would move unnoticed");
}

TEST_F(Notes, ALinkToTheOtherLanguageIsFound) {
    replace(korean_note, "02_select.md#코드", "../en/02_select.md#code");
    expect_only(korean_note, 3, "leads to the other language, notes/en/02_select.md");
}

TEST_F(Notes, ADeadLinkInTheReadmeIsFound) {
    for (const auto* file : {"README.md", "README.ko.md"}) replace(file, "/01_blocking.md", "/1_blocking.md");
    expect_among("README.md", 3, "dead link: there is no notes/en/1_blocking.md");
}

TEST_F(Notes, AMarkerInASourceIsFound) {
    replace("01_blocking/main.cpp", "receive_from() {", "receive_from() {  // [doc:receive]");
    expect_among("01_blocking/main.cpp", 2, "has a marker [doc:...]; remove it");
    write("01_blocking/part/more.h", "struct S {  // [doc:s]\n};\n");
    expect_among("01_blocking/part/more.h", 1, "has a marker [doc:...]; remove it");
}

TEST_F(Notes, WithoutNotesThereIsNothingToCheck) {
    std::filesystem::remove_all(root_ / "notes");
    EXPECT_THROW(static_cast<void>(check()), std::runtime_error);
}

}  // namespace
}  // namespace course
