#include "common/tools/compare/progress.h"

#include <chrono>
#include <cstdio>
#include <string>

#ifdef _WIN32
#include <io.h>
#else
#include <unistd.h>
#endif

namespace course {

namespace {

bool stderr_is_terminal() {
#ifdef _WIN32
    return ::_isatty(::_fileno(stderr)) != 0;
#else
    return ::isatty(STDERR_FILENO) != 0;
#endif
}

}  // namespace

Progress::Progress(std::size_t steps) : steps_(steps), terminal_(stderr_is_terminal()) {}

Progress::~Progress() {
    if (terminal_) show("");
}

void Progress::begin(const std::string& what) {
    current_ = '[' + std::to_string(done_ + 1) + '/' + std::to_string(steps_) + "] " + what;
    if (!terminal_) return;
    std::string text = current_ + " ...";
    if (done_ > 0) {
        const auto left = (Clock::now() - began_) / done_ * (steps_ - done_);
        text +=
            " about " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(left).count() + 1) + " s left";
    }
    show(text);
}

void Progress::end(const std::string& result) {
    ++done_;
    if (!terminal_) show(current_ + ": " + result + "\n");
}

void Progress::show(const std::string& text) {
    std::string line;
    if (terminal_) {
        line = '\r' + std::string(width_, ' ') + '\r';  // wipes what stood there
        width_ = text.size();
    }
    line += text;
    std::fwrite(line.data(), 1, line.size(), stderr);
    std::fflush(stderr);
}

}  // namespace course
