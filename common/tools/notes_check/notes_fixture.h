// A small course in step, for tests to put it out of step.
#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <iterator>
#include <string>
#include <vector>

#include "common/tools/notes_check/check.h"
#include "common/tools/notes_check/document.h"

namespace course {

inline constexpr const char* source_text =
    "// Why.\n"
    "int receive_from() {\n"
    "    return 1;\n"
    "}\n";
inline constexpr const char* claims_text = "SCENARIO(\"a silent client blocks the others\") {}\n";
inline constexpr const char* english_text =
    "# 01 blocking\n"
    "\n"
    "**One thread waits.** See [the limit](#the-limit) and [two](02_select.md#code).\n"
    "\n"
    "## The limit\n"
    "\n"
    "```cpp file=01_blocking/main.cpp name=receive_from\n"
    "// Why.\n"
    "int receive_from() {\n"
    "    return 1;\n"
    "}\n"
    "```\n"
    "\n"
    "[a silent client blocks the others](../../01_blocking/claims.cpp)\n"
    "\n"
    "```text output=01_limit.txt\n"
    "$ run\n"
    "it blocks\n"
    "```\n"
    "\n"
    "| a | b |\n"
    "|---|---|\n"
    "| 1 | 2 |\n";
inline constexpr const char* korean_text =
    "# 01 블로킹\n"
    "\n"
    "**스레드 하나가 기다립니다.** [둘](02_select.md#코드)과 [한계](#한계-보기)를 보세요.\n"
    "\n"
    "## 한계 보기\n"
    "\n"
    "```cpp file=01_blocking/main.cpp name=receive_from\n"
    "// Why.\n"
    "int receive_from() {\n"
    "    return 1;\n"
    "}\n"
    "```\n"
    "\n"
    "[a silent client blocks the others](../../01_blocking/claims.cpp)\n"
    "\n"
    "```text output=01_limit.txt\n"
    "$ run\n"
    "it blocks\n"
    "```\n"
    "\n"
    "| 가 | 나 |\n"
    "|---|---|\n"
    "| 1 | 2 |\n";

inline const std::string english_note = "notes/en/01_blocking.md", korean_note = "notes/ko/01_blocking.md";

class Notes : public testing::Test {
protected:
    void SetUp() override {
        static std::atomic<int> count = 0;
        const auto now = std::chrono::steady_clock::now().time_since_epoch().count();  // tests run side by side
        root_ =
            std::filesystem::temp_directory_path() / ("notes_" + std::to_string(now) + "_" + std::to_string(++count));
        write("01_blocking/main.cpp", source_text);
        write("01_blocking/claims.cpp", claims_text);
        write("notes/output/01_limit.txt", "$ run\nit blocks\n");
        write("notes/captures/01.sh", "capture_01_limit() {\n    echo run\n}\n");
        write(english_note, english_text);
        write(korean_note, korean_text);
        write("notes/en/02_select.md", "# 02 select\n\n## Code\n");
        write("notes/ko/02_select.md", "# 02 select\n\n## 코드\n");
        write("README.md", "# Course\n\n[한국어](README.ko.md) [01](notes/en/01_blocking.md)\n");
        write("README.ko.md", "# 과정\n\n[English](README.md) [01](notes/ko/01_blocking.md)\n");
        ASSERT_THAT(check(), testing::IsEmpty());
    }
    void TearDown() override { std::filesystem::remove_all(root_); }

    void write(const std::string& file, const std::string& text) const {
        std::filesystem::create_directories((root_ / file).parent_path());
        std::ofstream(root_ / file, std::ios::binary) << text;
    }

    [[nodiscard]] std::string read(const std::string& file) const {
        std::ifstream in(root_ / file, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    void replace(const std::string& file, const std::string& from, const std::string& to) const {
        std::string text = read(file);
        const auto at = text.find(from);
        ASSERT_NE(at, std::string::npos) << file << " has no " << from;
        write(file, text.replace(at, from.size(), to));
    }

    [[nodiscard]] std::vector<Finding> check(Actions actions = {}) const { return check_notes(root_, actions); }

    void expect_only(const std::string& file, std::size_t line, const std::string& what) const {
        EXPECT_THAT(check(), testing::ElementsAre(testing::AllOf(
                                 testing::Field(&Finding::file, file), testing::Field(&Finding::line, line),
                                 testing::Field(&Finding::what, testing::HasSubstr(what)))));
    }
    void expect_among(const std::string& file, std::size_t line, const std::string& what) const {
        EXPECT_THAT(check(), testing::Contains(testing::AllOf(
                                 testing::Field(&Finding::file, file), testing::Field(&Finding::line, line),
                                 testing::Field(&Finding::what, testing::HasSubstr(what)))));
    }

    std::filesystem::path root_;
};

}  // namespace course
