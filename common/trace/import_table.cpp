#include "common/trace/import_table.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "common/error.h"
#include "common/winsock.h"  // IWYU pragma: keep

namespace course::trace {
namespace {

void write(void** entry, void* value) {
    DWORD protection = 0;
    if (!::VirtualProtect(entry, sizeof *entry, PAGE_READWRITE, &protection)) throw_error("VirtualProtect");
    *entry = value;
    ::VirtualProtect(entry, sizeof *entry, protection, &protection);
}

// "PE Format", The .idata Section: of each DLL a descriptor, which leads to the addresses that calls go through.
template <class NewAddress>
unsigned change_imports(NewAddress new_address) {
    auto* const image = reinterpret_cast<std::byte*>(::GetModuleHandleW(nullptr));
    const auto* const dos = reinterpret_cast<const IMAGE_DOS_HEADER*>(image);
    const auto* const headers = reinterpret_cast<const IMAGE_NT_HEADERS*>(image + dos->e_lfanew);
    const auto& imports = headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
    unsigned changed = 0;
    if (imports.Size == 0) return changed;
    for (auto* dll = reinterpret_cast<const IMAGE_IMPORT_DESCRIPTOR*>(image + imports.VirtualAddress); dll->Name;
         ++dll) {
        for (auto* entry = reinterpret_cast<void**>(image + dll->FirstThunk); *entry; ++entry) {
            if (void* const address = new_address(*entry)) {
                write(entry, address);
                ++changed;
            }
        }
    }
    return changed;
}

}  // namespace

void* find_function(const wchar_t* dll, const char* name) {
    const HMODULE module = ::GetModuleHandleW(dll);
    return module ? reinterpret_cast<void*>(::GetProcAddress(module, name)) : nullptr;
}

unsigned patch_imports(const std::vector<Replacement>& replacements) {
    return change_imports([&](const void* address) -> void* {
        const auto found = std::ranges::find(replacements, address, &Replacement::original);
        return found == replacements.end() ? nullptr : found->hook;
    });
}

unsigned restore_imports(const std::vector<Replacement>& replacements) {
    return change_imports([&](const void* address) -> void* {
        const auto found = std::ranges::find(replacements, address, &Replacement::hook);
        return found == replacements.end() ? nullptr : found->original;
    });
}

}  // namespace course::trace
