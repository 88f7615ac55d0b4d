// The chapters are to be compared with each other, so their main.cpp files keep one order and stay short.
#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>
#include <vector>

namespace {

struct Chapter {
    const char* folder;
    std::size_t most_lines;
};

void PrintTo(const Chapter& chapter, std::ostream* out) { *out << chapter.folder; }

class Skeleton : public testing::TestWithParam<Chapter> {
protected:
    void SetUp() override {
        const std::string root = COURSE_ROOT;
        std::ifstream file(std::filesystem::path(std::u8string(root.begin(), root.end())) / GetParam().folder /
                           "main.cpp");
        for (std::string line; std::getline(file, line);) lines_.push_back(line);
        ASSERT_FALSE(lines_.empty());
    }

    // The first line that begins a definition of `name`: not indented, and not a mere declaration.
    [[nodiscard]] std::size_t line_of(const std::string& name) const {
        std::size_t i = 0;
        for (; i < lines_.size(); ++i) {
            const std::string& line = lines_[i];
            const auto at = line.find(name);
            if (at == std::string::npos || at == 0 || line[0] == ' ' || line[0] == '/' || line.back() == ';') continue;
            if (line[at - 1] == ' ') break;
        }
        return i;
    }

    std::vector<std::string> lines_;
};

TEST_P(Skeleton, HasTheSixNamesInTheirOrder) {
    std::size_t before = 0;
    for (const char* name : {"Connection", "receive_from(", "echo_back(", "serve_client(", "run_server(", "main("}) {
        const std::size_t line = line_of(name);
        ASSERT_LT(line, lines_.size()) << name << " is missing";
        EXPECT_GT(line, before) << name << " stands too early";
        before = line;
    }
}

TEST_P(Skeleton, OpensWithWhatItDoesAndWhatItCosts) {
    EXPECT_EQ(lines_[0].find("// " + std::string(GetParam().folder)), 0u);
    EXPECT_EQ(lines_[1].find("// "), 0u);
    EXPECT_NE(lines_[2].find("//"), 0u) << "two lines, no more";
}

TEST_P(Skeleton, StaysShort) { EXPECT_LE(lines_.size(), GetParam().most_lines); }

INSTANTIATE_TEST_SUITE_P(Each, Skeleton,
                         testing::Values(Chapter{"01_blocking", 130}, Chapter{"02_select", 150},
                                         Chapter{"03_eventselect", 220}, Chapter{"04_overlapped_event", 220},
                                         Chapter{"05_overlapped_callback", 220}, Chapter{"06_iocp", 240}),
                         [](const auto& chapter) { return std::string(chapter.param.folder); });

}  // namespace
