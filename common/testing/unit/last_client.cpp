#include "common/testing/unit/last_client.h"

#include <atomic>
#include <thread>
#include <vector>

#include "common/app.h"
#include "common/testing/sockets.h"
#include "common/testing/test_client.h"
#include "common/trace/import_table.h"

namespace course {
namespace {

std::atomic<App*> g_app;
std::atomic<decltype(&::accept)> g_accept;

SOCKET WSAAPI accept_and_begin_the_stop(SOCKET listener, sockaddr* address, int* size) {
    const SOCKET client = g_accept.load()(listener, address, size);
    const DWORD error = ::GetLastError();
    if (client != INVALID_SOCKET) g_app.load()->stop();
    ::SetLastError(error);
    return client;
}

}  // namespace

void serve_one_who_comes_as_the_stop_begins(void (*run_server)(App&)) {
    Options options;
    options.drain = 3600;  // seconds: what ends in time has ended by itself
    App app{options, open_listener("127.0.0.1", 0)};
    g_app = &app;
    void* const accept = trace::find_function(L"ws2_32.dll", "accept");
    g_accept = reinterpret_cast<decltype(&::accept)>(accept);
    const std::vector<trace::Replacement> stand_in{{accept, reinterpret_cast<void*>(&accept_and_begin_the_stop)}};
    ASSERT_GT(trace::patch_imports(stand_in), 0u);
    const Finally restore{[&] { trace::restore_imports(stand_in); }};

    std::thread server{[&] { run_server(app); }};
    const Finally join{[&] {
        app.stop(true);
        server.join();
    }};
    TestClient client{ntohs(address_of(app.listener.get()).sin_port)};
    EXPECT_EQ(client.exchange("hello"), "hello");
    client.finish_sending();
    EXPECT_EQ(client.receive_to_end(), "");
    EXPECT_TRUE(eventually([&] { return app.active() == 0; })) << "nobody has counted that it left";
    EXPECT_EQ(app.served(), 1u);
}

}  // namespace course
