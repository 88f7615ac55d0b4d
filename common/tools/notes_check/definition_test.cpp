// Finding what a note shows by its name.
#include "common/tools/notes_check/definition.h"

#include <gmock/gmock.h>

#include <sstream>
#include <string>
#include <vector>

namespace course {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

std::vector<Definition> find(const std::string& text, const std::string& name) {
    return find_definitions(lines_of(text), name);
}

// `text` defines `name` once, in the lines from `first` to `last`.
void expect_lines(const std::string& text, const std::string& name, int first, int last) {
    const auto lines = lines_of(text);
    EXPECT_THAT(find(text, name),
                ElementsAre(Field(&Definition::lines, std::vector(lines.begin() + first - 1, lines.begin() + last))))
        << name << " in\n"
        << text;
}

TEST(Definition, OfAFunctionBeginsWithItsCommentAndEndsAtItsBrace) {
    const std::string text =
        "int a;\n// Why.\n// And how.\nint f() {  // why here\n    if (a) {\n    }\n    return 1;\n}  // done\n\nint "
        "b;\n";
    expect_lines(text, "f", 2, 8);
    EXPECT_THAT(find(text, "f"), ElementsAre(Field(&Definition::line, 4u)));
}

TEST(Definition, OfAStructOrClassEndsWithItsSemicolon) {
    const std::string text =
        "struct S {\n    int i;\n};\nclass C final : public S, B {\n    void f() {}\n};\nenum class E { a, b };\n"
        "struct T : S\n{\n};\nint i;\n";
    expect_lines(text, "S", 1, 3);
    expect_lines(text, "C", 4, 6);
    expect_lines(text, "E", 7, 7);
    expect_lines(text, "T", 8, 10);
    EXPECT_THAT(find(text, "B"), IsEmpty()) << "a base class";
}

TEST(Definition, OfAMemberFunctionGoesByTheNameOfItsClassToo) {
    const std::string text =
        "void Session::finish() {\n    if (done) work();\n}\n\nSession::Session(Server& server)\n"
        "    : server_{server},\n      size_(0) {\n    start();\n}\n";
    expect_lines(text, "Session::finish", 1, 3);
    expect_lines(text, "Session::Session", 5, 9);
    for (const auto* name : {"finish", "Session", "work", "start", "size_", "server_"})
        EXPECT_THAT(find(text, name), IsEmpty()) << name;
}

TEST(Definition, OfAFunctionTryBlockGoesOnWithItsHandlers) {
    expect_lines(
        "bool f() try {\n    return g();\n} catch (const Error& e) {\n    return false;\n} catch (...) {\n"
        "    return false;\n}\nint h;\n",
        "f", 1, 7);
}

TEST(Definition, MayStandInOneLine) {
    const std::string text =
        "void one() { two(); }\nvoid two() {}  // nothing\nint main() { return run({.a = one}); }\n";
    expect_lines(text, "one", 1, 1);
    expect_lines(text, "two", 2, 2);
    expect_lines(text, "main", 3, 3);
}

TEST(Definition, HasItsTemplateLineAndItsReturnTypeAbove) {
    const std::string text =
        "#include <x>\ntemplate <class Action>\nvoid guard(Action action) {\n}\n// Why.\nstd::vector<Session>\n"
        "Server::all(int a,\n            int b) {\n}\n";
    expect_lines(text, "guard", 2, 4);
    expect_lines(text, "Server::all", 5, 9);
}

TEST(Definition, IsNoDeclaration) {
    const std::string text =
        "struct S;\nvoid f(int a);  // soon\nvoid f(int a,\n       Options o = {});\nenum class E : int;\n"
        "S::~S() = default;\n";
    for (const auto* name : {"S", "f", "E", "S::~S"}) EXPECT_THAT(find(text, name), IsEmpty()) << name;
    expect_lines(text + "struct S {\n};\nvoid f(int a, Options o = {}) {\n}\n", "S", 7, 8);
    expect_lines(text + "struct S {\n};\nvoid f(int a, Options o = {}) {\n}\n", "f", 9, 10);
}

TEST(Definition, IsNoUseOfTheName) {
    const std::string text =
        "using S = T;\nconst int i = f(\n    1);\nvoid g(T S, int (*h)(int)) {\n    f(1);\n    struct L {\n    };\n}\n"
        "// void f() {}\nS f_more() {\n}\n";
    for (const auto* name : {"S", "f", "h", "L", "more", "T", "f_"}) EXPECT_THAT(find(text, name), IsEmpty()) << name;
}

TEST(Definition, EndsAtNoBraceInACommentOrALiteral) {
    expect_lines(
        "void f() {\n    g(\"}\", '}', '\"', '\\'');  // }\n    /* } */ g(\"\\\"}\", 1'000, R\"(\n}\")\");\n}\nint "
        "i;\n",
        "f", 1, 5);
}

TEST(Definition, IsFoundAsOftenAsItIsThere) {
    const std::string text = "void f(int) {\n}\nvoid f(char) {\n}\n";
    EXPECT_THAT(find(text, "f"), ElementsAre(Field(&Definition::line, 1u), Field(&Definition::line, 3u)));
}

TEST(Definition, WithoutAnEndIsNone) {
    EXPECT_THAT(find("void f() {\n    if (a) {\n}\n", "f"), IsEmpty());
    EXPECT_THAT(find("void f() {\n    g(\"\n}\n", "f"), IsEmpty());
    EXPECT_THAT(find("struct S", "S"), IsEmpty());
    EXPECT_THAT(find("void f() {\n}\nstruct S {\n", "f"), SizeIs(1));
}

}  // namespace
}  // namespace course
