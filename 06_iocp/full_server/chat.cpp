// 06_iocp_chat: another service on the full server. Every line that a client sends goes to all the others.
#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "06_iocp/full_server/server.h"
#include "06_iocp/full_server/session.h"
#include "common/app.h"

namespace {

class ChatService final : public Service {
public:
    explicit ChatService(App& app) : app_(app) {}

    bool on_accepted(UniqueSocket& socket) override { return app_.admit(socket); }

    void on_connected(Session& session) override {
        const std::lock_guard lock{mutex_};
        members_[&session] = {session.shared_from_this(), {}};
    }

    // The lock is held over a whole line: so the lines of one sender reach everybody in their order, and none is torn.
    // A send only queues, so nobody who reads slowly holds up the room.
    void on_received(Session& session, std::span<const char> bytes) override {
        app_.received(session.number(), bytes.size());
        const std::lock_guard lock{mutex_};
        std::string& line = members_[&session].unfinished;
        for (const char c : bytes) {
            line += c;
            if (c != '\n' && line.size() < longest_line) continue;
            for (auto& [member, state] : members_)
                if (member != &session) member->send(line);
            line.clear();
        }
    }

    void on_closed(Session& session, CloseReason reason) override {
        app_.leave(session.number(), to_string(reason));
        const std::lock_guard lock{mutex_};
        members_.erase(&session);
    }

private:
    struct Member {
        std::shared_ptr<Session> session;
        std::string unfinished;
    };
    static constexpr std::size_t longest_line = 4096;

    App& app_;
    std::mutex mutex_;
    std::map<Session*, Member> members_;
};

void run_server(App& app) {
    ServerSettings settings;
    settings.threads = app.options.threads;
    ChatService service{app};
    Server server{app.listener.get(), service, settings};
    const OnStop on_stop{app, [&] { app.time_up ? server.close_all() : server.drain(); }};
    server.run();
}

}  // namespace

int main() try {
    const Options options = parse_options("06_iocp_chat", {.takes_threads = true});
    const WinsockSession winsock;                                 // WSAStartup
    App app{options, open_listener(options.bind, options.port)};  // socket, bind, listen
    run_server(app);
    return app.finish();  // totals, exit status
} catch (const std::exception& error) {
    return failed(error);
}
