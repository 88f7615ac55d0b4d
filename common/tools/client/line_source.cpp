#include "common/tools/client/line_source.h"

#include <asio/post.hpp>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "common/tools/client/line_splitter.h"

namespace course {

struct LineSource::Shared {
    std::mutex mutex;
    std::condition_variable wanted;
    Handler handler;                      // of the line that is wanted
    asio::io_context* context = nullptr;  // none: nobody wants lines any more

    bool wait_for_wish() {
        std::unique_lock lock{mutex};
        wanted.wait(lock, [&] { return handler || !context; });
        return context != nullptr;
    }

    void deliver(std::optional<std::string> line) {
        const std::lock_guard lock{mutex};
        if (!context) return;
        asio::post(*context, [handle = std::exchange(handler, nullptr), given = std::move(line)] { handle(given); });
    }
};

namespace {

std::optional<std::string> read_line(LineSplitter& splitter, const std::function<std::string()>& read) {
    while (true) {
        if (auto line = splitter.next()) return line;
        const std::string bytes = read();
        if (bytes.empty()) return splitter.rest();
        splitter.add(bytes);
    }
}

}  // namespace

LineSource::LineSource(asio::io_context& context, std::function<std::string()> read)
    : shared_(std::make_shared<Shared>()) {
    shared_->context = &context;
    std::thread([shared = shared_, read = std::move(read)] {
        for (LineSplitter splitter; shared->wait_for_wish();) shared->deliver(read_line(splitter, read));
    }).detach();
}

LineSource::~LineSource() {
    const std::lock_guard lock{shared_->mutex};
    shared_->context = nullptr;
    shared_->handler = nullptr;
    shared_->wanted.notify_one();
}

void LineSource::next(Handler handler) {
    const std::lock_guard lock{shared_->mutex};
    shared_->handler = std::move(handler);
    shared_->wanted.notify_one();
}

}  // namespace course
