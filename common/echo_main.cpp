#include <cstdint>
#include <exception>
#include <optional>
#include <string>

#include "common/app.h"
#include "common/port_holder.h"
#include "common/trace/trace.h"

namespace {

// A console control handler is given no context, so what it needs is global: whether the server is done.
const UniqueEvent& done() {
    static const UniqueEvent event{Reset::manual};
    return event;
}

// For a closed console, a logoff or a shutdown Windows ends the process when the handler returns, and after 5 s in any
// case ("HandlerRoutine callback function"): too soon for the drain time, so then everything ends at once.
BOOL WINAPI on_console_control(DWORD event) {
    const bool may_wait = event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;
    App::request_stop(may_wait ? 1 : 2);
    if (!may_wait) ::WaitForSingleObject(done().get(), INFINITE);
    return TRUE;
}

// In brackets behind "bind ADDRESS port N": who has it, or why it is taken though nobody listens.
std::string why_taken(const sockaddr& address, int error) {
    const std::string holder = port_holder(address);
    if (!holder.empty()) return " (held by " + holder + ")";
    // "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE"
    if (error == WSAEADDRINUSE && !find_listener(address))
        return " (no program listens there; connections of a server that has ended are still closing: wait, or take "
               "another port)";
    return {};
}

std::string bound_address(SOCKET socket) {
    sockaddr_storage address{};
    int size = sizeof address;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == SOCKET_ERROR) throw_error("getsockname");
    return to_string(address);
}

int serve(const EchoServerMain& server, const Options& options) {
    const WinsockSession winsock;
    std::optional<trace::Trace> trace;
    if (!options.trace.empty()) trace.emplace(options.trace);
    App app{options, open_listener(options.bind, options.port)};
    ::ResetEvent(done().get());
    const Finally tell{[] { ::SetEvent(done().get()); }};
    ::SetConsoleCtrlHandler(on_console_control, TRUE);
    app.watch();
    print_line(std::string(server.name) + " listening on " + bound_address(app.listener));
    bool failed = false;
    try {
        server.run(app);
    } catch (const std::exception& error) {
        print_error_line(std::string("error: ") + error.what());
        failed = true;
    }
    app.finish(server.name);
    if (trace) trace->write(server.name);
    return failed || app.failed() ? 1 : 0;
}

}  // namespace

UniqueSocket open_listener(const std::string& address, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const std::string where = " " + address + " port " + std::to_string(port);
    if (const int error = ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found))
        throw_error(("getaddrinfo" + where).c_str(), error);
    const Finally release{[&] { ::freeaddrinfo(found); }};

    UniqueSocket socket = make_socket(found->ai_family);
    // Without it another program could bind the same port beside us and take our clients
    // ("Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE").
    const BOOL on = TRUE;
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_EXCLUSIVEADDRUSE, reinterpret_cast<const char*>(&on), sizeof on))
        throw_error("setsockopt SO_EXCLUSIVEADDRUSE");
    if (::bind(socket.get(), found->ai_addr, static_cast<int>(found->ai_addrlen))) {
        const int error = last_error();
        throw_error(("bind" + where + why_taken(*found->ai_addr, error)).c_str(), error);
    }
    if (::listen(socket.get(), SOMAXCONN_HINT(65535))) throw_error(("listen" + where).c_str());
    return socket;
}

int echo_main(const EchoServerMain& server) try {
    const UINT code_page = ::GetConsoleOutputCP();
    ::SetConsoleOutputCP(CP_UTF8);
    const Finally restore{[&] { ::SetConsoleOutputCP(code_page); }};
    const OptionSet set{server.name, server.threads, server.one_at_a_time, server.own};
    try {
        const Options options = parse_options(command_line(), set);
        if (!options.help) return serve(server, options);
        print_line(usage_text(set));
        return 0;
    } catch (const UsageError& error) {
        print_error_line(std::string(server.name) + ": " + error.what() + "\n" + usage_text(set));
        return 2;
    }
} catch (const std::exception& error) {
    print_error_line(std::string("error: ") + error.what());
    return 1;
}
