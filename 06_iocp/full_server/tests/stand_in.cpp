#include "06_iocp/full_server/tests/stand_in.h"

#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/trace/import_table.h"
#include "common/winsock.h"

namespace course {
namespace {

Interference interference;
DWORD spared_thread = 0;

// The true functions. AcceptEx is not imported: WSAIoctl hands its address out.
decltype(&::WSARecv) true_wsa_recv = nullptr;
decltype(&::WSASend) true_wsa_send = nullptr;
decltype(&::WSASocketW) true_wsa_socket = nullptr;
decltype(&::WSAIoctl) true_wsa_ioctl = nullptr;
decltype(&::GetTickCount64) true_get_tick_count = nullptr;
LPFN_ACCEPTEX true_accept_ex = nullptr;

bool is_spared() { return ::GetCurrentThreadId() == spared_thread; }

bool fails(const char* call) {
    const int error = interference.fail && !is_spared() ? interference.fail(call) : 0;
    if (error != 0) ::WSASetLastError(error);
    return error != 0;
}

int after_post(int result) {
    const int error = ::WSAGetLastError();  // which the caller reads next
    const bool started = result == 0 || error == WSA_IO_PENDING;
    if (started && interference.after_post && !is_spared()) interference.after_post();
    ::WSASetLastError(error);
    return result;
}

int WSAAPI wsa_recv(SOCKET socket, WSABUF* buffers, DWORD count, DWORD* bytes, DWORD* flags, WSAOVERLAPPED* overlapped,
                    LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    if (fails("WSARecv")) return SOCKET_ERROR;
    return after_post(true_wsa_recv(socket, buffers, count, bytes, flags, overlapped, routine));
}

int WSAAPI wsa_send(SOCKET socket, WSABUF* buffers, DWORD count, DWORD* bytes, DWORD flags, WSAOVERLAPPED* overlapped,
                    LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    if (fails("WSASend")) return SOCKET_ERROR;
    return after_post(true_wsa_send(socket, buffers, count, bytes, flags, overlapped, routine));
}

SOCKET WSAAPI wsa_socket(int family, int type, int protocol, WSAPROTOCOL_INFOW* info, GROUP group, DWORD flags) {
    if (fails("WSASocketW")) return INVALID_SOCKET;
    return true_wsa_socket(family, type, protocol, info, group, flags);
}

BOOL WINAPI accept_ex(SOCKET listener, SOCKET accepted, void* output, DWORD data, DWORD local, DWORD remote,
                      DWORD* received, OVERLAPPED* overlapped) {
    if (fails("AcceptEx")) return FALSE;
    return true_accept_ex(listener, accepted, output, data, local, remote, received, overlapped);
}

int WSAAPI wsa_ioctl(SOCKET socket, DWORD code, void* input, DWORD input_size, void* output, DWORD output_size,
                     DWORD* bytes, WSAOVERLAPPED* overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    const int result = true_wsa_ioctl(socket, code, input, input_size, output, output_size, bytes, overlapped, routine);
    if (result != 0 || code != SIO_GET_EXTENSION_FUNCTION_POINTER) return result;
    const GUID asked_for = WSAID_ACCEPTEX;
    if (std::memcmp(input, &asked_for, sizeof asked_for) != 0) return result;
    std::memcpy(&true_accept_ex, output, sizeof true_accept_ex);
    const LPFN_ACCEPTEX stand_in = accept_ex;
    std::memcpy(output, &stand_in, sizeof stand_in);
    return result;
}

ULONGLONG WINAPI get_tick_count() {
    return interference.clock && !is_spared() ? interference.clock() : true_get_tick_count();
}

template <class Function>
trace::Replacement replacement(const wchar_t* dll, const char* name, Function& original, Function stand_in) {
    void* const address = trace::find_function(dll, name);
    if (!address) throw std::logic_error(std::string("no function to stand in for: ") + name);
    original = reinterpret_cast<Function>(address);
    return {address, reinterpret_cast<void*>(stand_in)};
}

std::vector<trace::Replacement> replacements() {
    constexpr auto winsock = L"ws2_32.dll";
    return {replacement(winsock, "WSARecv", true_wsa_recv, &wsa_recv),
            replacement(winsock, "WSASend", true_wsa_send, &wsa_send),
            replacement(winsock, "WSASocketW", true_wsa_socket, &wsa_socket),
            replacement(winsock, "WSAIoctl", true_wsa_ioctl, &wsa_ioctl),
            replacement(L"kernel32.dll", "GetTickCount64", true_get_tick_count, &get_tick_count)};
}

}  // namespace

StandIn::StandIn(Interference wanted) {
    interference = std::move(wanted);
    spared_thread = ::GetCurrentThreadId();
    const auto all = replacements();
    for (const trace::Replacement& one : all) {
        if (trace::patch_imports({one}) == 0) {
            trace::restore_imports(all);
            throw std::logic_error("not a function that this program imports");
        }
    }
}

StandIn::~StandIn() {
    trace::restore_imports(replacements());
    interference = {};
}

}  // namespace course
