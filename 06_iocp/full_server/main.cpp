// 06_iocp_full: the echo service on the full server.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <vector>

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

void run_server(App& app, const ServerSettings& settings) {
    EchoService service{app};
    Server server{app.listener.get(), service, settings};
    const OnStop on_stop{app, [&] { app.time_up ? server.close_all() : server.drain(); }};
    server.run();
}

std::vector<Option> own_options(ServerSettings& s) {
    return {
        number_option("--concurrency N", "workers that may run at once (default: as many as processors)", s.concurrency,
                      0u, 1024u),
        number_option("--accepts N", "outstanding AcceptEx (default 16)", s.accepts, 1u, 4096u),
        number_option<std::uint64_t>("--idle-timeout N", "seconds a client may be silent (default: for ever)",
                                     s.idle_timeout, 1, 86'400),
        number_option<std::size_t>("--send-limit N", "bytes that may wait to be sent to a client (default 1048576)",
                                   s.send_limit, std::size_t{2} * s.receive_size),
        number_option<std::uint64_t>("--metrics N", "print a line of metrics every N seconds", s.metrics, 1, 86'400),
        {"--no-skip", "have a packet posted for what completes at once, too",
         [&s](const std::string&) { s.skip_on_success = false; }}};
}

}  // namespace

int main() try {
    ServerSettings settings;
    const Options options = parse_options("06_iocp_full", {.takes_threads = true, .further = own_options(settings)});
    settings.threads = options.threads;
    const WinsockSession winsock;                                 // WSAStartup
    App app{options, open_listener(options.bind, options.port)};  // socket, bind, listen
    run_server(app, settings);
    return app.finish();  // totals, exit status
} catch (const std::exception& error) {
    return failed(error);
}
