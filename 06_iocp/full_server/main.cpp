// 06_iocp_full: the echo service on the full server.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "06_iocp/full_server/server.h"
#include "06_iocp/full_server/session.h"
#include "common/app.h"

namespace {

class EchoService final : public Service {
public:
    explicit EchoService(App& app) : app_(app) {}

    bool on_accepted(UniqueSocket& socket) override { return app_.admit(socket); }

    void on_received(Session& session, std::span<const char> bytes) override {
        app_.received(session.number(), bytes.size());
        session.send(bytes);
    }

    void on_closed(Session& session, CloseReason reason) override { app_.leave(session.number(), to_string(reason)); }

private:
    App& app_;
};

ServerSettings settings;

void run_server(App& app) {
    settings.threads = app.options.threads;
    EchoService service{app};
    Server server{app.listener, service, settings};
    const App::OnStop on_stop{app, [&] { app.time_up ? server.close_all() : server.drain(); }};
    server.run();
}

}  // namespace

int main() {
    return echo_main({
        .name = "06_iocp_full",
        .run = run_server,
        .threads = true,
        .own = {own_number("--concurrency", "workers that may run at once (default: as many as processors)",
                           settings.concurrency, 0u, 1024u),
                own_number("--accepts", "outstanding AcceptEx (default 16)", settings.accepts, 1u, 4096u),
                own_number<std::uint64_t>("--idle-timeout", "seconds a client may be silent (default: for ever)",
                                          settings.idle_timeout, 1, 86'400),
                own_number<std::size_t>("--send-limit", "bytes that may wait to be sent to a client (default 1048576)",
                                        settings.send_limit, std::size_t{2} * settings.receive_size),
                own_number<std::uint64_t>("--metrics", "print a line of metrics every N seconds", settings.metrics, 1,
                                          86'400),
                {"--no-skip", false, "have a packet posted for what completes at once, too",
                 [](const std::string&) { settings.skip_on_success = false; }}},
    });
}
