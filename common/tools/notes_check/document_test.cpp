// Reading Markdown and sources: what counts as a heading, a fence, a link, a table, a claim.
#include "common/tools/notes_check/document.h"

#include <gmock/gmock.h>

#include <sstream>
#include <string>
#include <vector>

#include "common/tools/notes_check/source.h"

namespace course {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

Document parse(const std::string& text) { return parse_document("note.md", lines_of(text)); }

TEST(Markdown, HeadingsHaveTheAnchorsOfGitHub) {
    const auto document = parse(
        "# 01 blocking: `recv`, and *why*\n## What's next?\n## What's next?\n## 누가 어디서 기다리는가\n"
        "## 완료 포트(completion port) — “키”\n");
    EXPECT_THAT(document.sections,
                ElementsAre(Field(&Section::slug, "01-blocking-recv-and-why"), Field(&Section::slug, "whats-next"),
                            Field(&Section::slug, "whats-next-1"), Field(&Section::slug, "누가-어디서-기다리는가"),
                            Field(&Section::slug, "완료-포트completion-port--키")));
    EXPECT_THAT(document.findings, IsEmpty());
}

TEST(Markdown, NothingInAFenceCounts) {
    const auto document = parse("# T\n```sh\n# no heading\n[no](link)\n| no | table |\n```\n## U\n");
    ASSERT_EQ(document.sections.size(), 2u);
    EXPECT_THAT(document.sections[0].links, IsEmpty());
    EXPECT_THAT(document.sections[0].tables, IsEmpty());
    EXPECT_THAT(document.sections[0].fences, ElementsAre(Field(&Fence::info, "sh")));
    EXPECT_EQ(document.sections[1].line, 7u);
}

TEST(Markdown, ALongerFenceHoldsAShorterOne) {
    const auto document = parse("# T\n````text\n```\n````\n## U\n");
    ASSERT_EQ(document.sections.size(), 2u);
    EXPECT_THAT(document.sections[0].fences, ElementsAre(Field(&Fence::body, ElementsAre("```"))));
}

TEST(Markdown, LinksAreFoundAcrossLinesButNotInCode) {
    const auto document = parse("# T\nSee [a silent client\nblocks](a.md), `[no](x)`, \\[no](y),\n[`code`](b.md#c).\n");
    const auto& links = document.sections[0].links;
    EXPECT_THAT(links, ElementsAre(Field(&Link::text, "a silent client blocks"), Field(&Link::text, "`code`")));
    EXPECT_THAT(links, ElementsAre(Field(&Link::target, "a.md"), Field(&Link::target, "b.md#c")));
    EXPECT_THAT(links, ElementsAre(Field(&Link::line, 2u), Field(&Link::line, 4u)));
}

TEST(Markdown, TablesAreCountedInRows) {
    const auto document = parse("# T\n| a |\n|---|\n| [l](x.md) |\n\n| b |\n|---|\n");
    EXPECT_THAT(document.sections[0].tables, ElementsAre(Field(&Table::rows, 3u), Field(&Table::rows, 2u)));
    EXPECT_THAT(document.sections[0].links, ElementsAre(Field(&Link::line, 4u)));
}

TEST(Markdown, EmphasisThatCannotEndIsAFinding) {
    EXPECT_THAT(parse("# T\n이것이 *절반 닫기(half-close)*입니다.\n").findings, ElementsAre(Field(&Finding::line, 2u)));
    EXPECT_THAT(parse("# T\n이것이 *절반 닫기*(half-close)입니다. **굵게.** 다음, `)*은`, *수신 버퍼*에.\n").findings,
                IsEmpty());
}

TEST(Markdown, WhatWouldSlipThroughIsAFinding) {
    const auto only = [](const std::string& text, const std::string& what) {
        EXPECT_THAT(parse(text).findings, ElementsAre(Field(&Finding::what, HasSubstr(what)))) << text;
    };
    only("text\n# T\n", "above the first heading");
    only("# T\n```cpp\nint i;\n", "does not end");
    only("# T\nsee [this][1]\n", "reference link");
    only("# T\n[1]: a.md\n", "reference link");
}

TEST(Fence, IsACopyByItsWords) {
    const auto document = parse("# T\n```cpp file=a.cpp name=S::f\n```\n```text output=o.txt\n```\n```sh\n```\n");
    const auto& fences = document.sections[0].fences;
    ASSERT_EQ(fences.size(), 3u);
    EXPECT_EQ(fences[0].value("file"), "a.cpp");
    EXPECT_EQ(fences[0].value("name"), "S::f");
    EXPECT_TRUE(fences[0].is_copy());
    EXPECT_TRUE(fences[1].is_copy());
    EXPECT_FALSE(fences[2].is_copy());
    for (const Fence& fence : fences) EXPECT_EQ(fence.unknown_word(), "");
}

TEST(Fence, NamesTheWordThatMeansNothing) {
    const auto unknown = [](const std::string& info) { return Fence{1, info, {}}.unknown_word(); };
    EXPECT_EQ(unknown("cpp file=a.cpp region=f"), "region=f");
    EXPECT_EQ(unknown("cpp file=a.cpp name="), "name=");
}

TEST(Claims, AreFoundByTheirMacro) {
    const auto source = lines_of(
        "SCENARIO(\"one\") {\n}\n// SCENARIO(\"none\")\nSCENARIO(\n    \"two \\\"quoted\\\" \"\n    \"halves\", "
        "\"[tag]\") {}\n"
        "SCENARIO_METHOD(Fixture, \"three\") {}\n");
    EXPECT_THAT(find_scenarios(source),
                ElementsAre(Field(&Scenario::name, "one"), Field(&Scenario::name, "two \"quoted\" halves"),
                            Field(&Scenario::name, "three")));
    EXPECT_THAT(find_scenarios(source),
                ElementsAre(Field(&Scenario::line, 1u), Field(&Scenario::line, 4u), Field(&Scenario::line, 7u)));
}

}  // namespace
}  // namespace course
