#include "common/port_holder.h"

// After winsock2.h, which it needs.
#include <iphlpapi.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/winsock.h"

namespace {

// The table of one address family's listeners; empty if there is none. In DWORDs, for it is aligned as they are.
std::vector<DWORD> listeners(ULONG family) {
    std::vector<DWORD> table;
    DWORD size = 0;
    DWORD error = ERROR_INSUFFICIENT_BUFFER;
    for (int tries = 0; error == ERROR_INSUFFICIENT_BUFFER && tries < 5; ++tries) {  // it may grow in between
        table.resize(size / sizeof(DWORD) + 1);
        error = ::GetExtendedTcpTable(table.data(), &size, FALSE, family, TCP_TABLE_OWNER_PID_LISTENER, 0);
    }
    if (error != NO_ERROR) table.clear();
    return table;
}

// The process of the first row that passes `is_it`.
template <class Table, class Predicate>
std::optional<DWORD> find_owner(const std::vector<DWORD>& listeners, Predicate is_it) {
    if (listeners.empty()) return std::nullopt;
    const auto& table = *reinterpret_cast<const Table*>(listeners.data());
    const std::span rows{&table.table[0], table.dwNumEntries};
    const auto found = std::find_if(rows.begin(), rows.end(), is_it);
    return found == rows.end() ? std::nullopt : std::optional{found->dwOwningPid};
}

// "MIB_TCPROW_OWNER_PID structure": the upper half of the port may hold anything.
template <class Row>
u_short port_of(const Row& row) {
    return static_cast<u_short>(row.dwLocalPort);
}

std::optional<DWORD> owner_of(const sockaddr_in& wanted) {
    const auto owner = find_owner<MIB_TCPTABLE_OWNER_PID>(listeners(AF_INET), [&](const auto& row) {
        const bool everywhere = row.dwLocalAddr == INADDR_ANY || wanted.sin_addr.s_addr == INADDR_ANY;
        return port_of(row) == wanted.sin_port && (everywhere || row.dwLocalAddr == wanted.sin_addr.s_addr);
    });
    if (owner) return owner;
    // A socket for both families stands in the other table.
    return find_owner<MIB_TCP6TABLE_OWNER_PID>(listeners(AF_INET6), [&](const auto& row) {
        return port_of(row) == wanted.sin_port && std::memcmp(row.ucLocalAddr, &in6addr_any, sizeof in6addr_any) == 0;
    });
}

std::optional<DWORD> owner_of(const sockaddr_in6& wanted) {
    const auto is_any = [](const void* address) { return std::memcmp(address, &in6addr_any, sizeof in6addr_any) == 0; };
    return find_owner<MIB_TCP6TABLE_OWNER_PID>(listeners(AF_INET6), [&](const auto& row) {
        return port_of(row) == wanted.sin6_port &&
               (is_any(row.ucLocalAddr) || is_any(&wanted.sin6_addr) ||
                std::memcmp(row.ucLocalAddr, &wanted.sin6_addr, sizeof row.ucLocalAddr) == 0);
    });
}

// Without its folder; empty for a process of the system or of somebody else.
std::string program_of(DWORD process_id) {
    const UniqueHandle process{::OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, process_id)};
    std::array<wchar_t, 1024> path;
    auto size = static_cast<DWORD>(path.size());
    if (!process || !::QueryFullProcessImageNameW(process.get(), 0, path.data(), &size)) return {};
    const std::wstring_view whole{path.data(), size};
    return to_utf8(whole.substr(whole.find_last_of(L'\\') + 1));  // npos + 1 is 0
}

}  // namespace

std::optional<DWORD> find_listener(const sockaddr& address) {
    if (address.sa_family == AF_INET) return owner_of(reinterpret_cast<const sockaddr_in&>(address));
    if (address.sa_family == AF_INET6) return owner_of(reinterpret_cast<const sockaddr_in6&>(address));
    return std::nullopt;
}

std::string describe_process(DWORD id) {
    const std::string program = program_of(id);
    return (program.empty() ? "" : program + ", ") + "process " + std::to_string(id);
}

std::string port_holder(const sockaddr& address) {
    const DWORD owner = find_listener(address).value_or(0);
    return owner == 0 ? "" : describe_process(owner);
}
