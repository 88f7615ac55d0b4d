#include "common/tools/client/plan.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace course {
namespace {

Plan plan_of(std::vector<std::string> arguments) {
    const auto parsed = parse_plan(std::move(arguments));
    if (const auto* usage = std::get_if<Usage>(&parsed)) throw std::runtime_error("not a plan: " + usage->text);
    return std::get<Plan>(parsed);
}

Usage usage_of(std::vector<std::string> arguments) {
    const auto parsed = parse_plan(std::move(arguments));
    if (std::holds_alternative<Plan>(parsed)) throw std::runtime_error("this was accepted");
    return std::get<Usage>(parsed);
}

TEST(Plan, WithoutArgumentsTalksToTheServerOfTheCourse) {
    const Plan plan = plan_of({});
    EXPECT_EQ(plan.mode, Mode::interactive);
    EXPECT_EQ(plan.host, "127.0.0.1");
    EXPECT_EQ(plan.port, 9000);
    EXPECT_FALSE(plan.seconds);
    EXPECT_TRUE(plan.probe);
}

TEST(Plan, EachModeHasAFlag) {
    EXPECT_EQ(plan_of({"--silent"}).mode, Mode::silent);
    EXPECT_EQ(plan_of({"--slow"}).mode, Mode::slow);
    EXPECT_EQ(plan_of({"--reset"}).mode, Mode::reset);
    EXPECT_EQ(plan_of({"--half-close"}).mode, Mode::half_close);
    EXPECT_EQ(plan_of({"--flood"}).mode, Mode::flood);
    EXPECT_EQ(plan_of({"--never-read"}).mode, Mode::never_read);
    EXPECT_EQ(plan_of({"--many", "65"}).mode, Mode::many);
    EXPECT_EQ(plan_of({"--many", "65"}).clients, 65u);
}

TEST(Plan, TakesTheOtherOptionsInAnyOrder) {
    const Plan plan = plan_of({"--seconds", "0.5", "--port", "1234", "--flood", "--host", "::1", "--no-probe"});
    EXPECT_EQ(plan.mode, Mode::flood);
    EXPECT_EQ(plan.seconds, Seconds{0.5});
    EXPECT_EQ(plan.port, 1234);
    EXPECT_EQ(plan.host, "::1");
    EXPECT_FALSE(plan.probe);
    EXPECT_TRUE(plan_of({"--flood", "--probe"}).probe);
}

TEST(Plan, HelpIsNotAnError) {
    const Usage usage = usage_of({"--help"});
    EXPECT_EQ(usage.exit_status, 0);
    EXPECT_NE(usage.text.find("--never-read"), std::string::npos);
}

TEST(Plan, BadUsageIsSaidAndGivesTwo) {
    const std::vector<std::vector<std::string>> bad{{"--silent", "--slow"},
                                                    {"--silent", "--many", "2"},
                                                    {"--many", "0"},
                                                    {"--many"},
                                                    {"--port", "0"},
                                                    {"--port", "65536"},
                                                    {"--port", "x"},
                                                    {"--seconds", "0"},
                                                    {"--seconds", "nan"},
                                                    {"--loud"},
                                                    {"stray"}};
    for (const auto& arguments : bad) {
        const Usage usage = usage_of(arguments);
        EXPECT_EQ(usage.exit_status, 2) << arguments.front();
        EXPECT_FALSE(usage.text.empty()) << arguments.front();
    }
}

}  // namespace
}  // namespace course
