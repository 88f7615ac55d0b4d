#include "common/error.h"

#include <gtest/gtest.h>

#include <string>

#include "common/winsock.h"  // IWYU pragma: keep

namespace {

TEST(Error, NamesTheConstantToLookUp) {
    EXPECT_EQ(error_name(WSAECONNRESET), "WSAECONNRESET");
    EXPECT_EQ(error_name(WSA_IO_PENDING), "WSA_IO_PENDING");
    EXPECT_EQ(error_name(12345), "");
}

TEST(Error, DescribesByNameNumberAndText) {
    const std::string text = describe_error(WSAECONNRESET);
    EXPECT_EQ(text.find("WSAECONNRESET (10054): "), 0u) << text;
    EXPECT_GT(text.size(), std::string("WSAECONNRESET (10054): ").size()) << "the system's own words are missing";
    EXPECT_EQ(text.find('\n'), std::string::npos) << "one line, for a log";
    EXPECT_NE(text.back(), ' ');
}

TEST(Error, DescribesAnUnknownCodeByItsNumber) { EXPECT_EQ(describe_error(99'999), "error 99999"); }

TEST(Error, ThrowsTheCodeOfTheCallThatFailed) {
    EXPECT_EQ(::closesocket(INVALID_SOCKET), SOCKET_ERROR);
    try {
        throw_error("closesocket");
        FAIL() << "nothing was thrown";
    } catch (const SystemError& error) {
        EXPECT_TRUE(error.code == WSAENOTSOCK || error.code == WSANOTINITIALISED) << error.code;
        EXPECT_EQ(std::string(error.what()).find("closesocket failed: WSA"), 0u) << error.what();
    }
}

}  // namespace
