#pragma once

#include <vector>

namespace course::trace {

/// A function that the program imports, and what its calls shall reach instead.
struct Replacement {
    void* original;
    void* hook;
};

/// What this DLL exports under that name, in the form that a Replacement takes; null if the program has not loaded the
/// DLL, or the DLL has no such function.
void* find_function(const wchar_t* dll, const char* name);

/// Changes the import table of this executable (not those of its DLLs), by address: ws2_32.lib imports by ordinal, so
/// that there are no names to go by.
/// @return the number of entries changed
/// @throws SystemError
unsigned patch_imports(const std::vector<Replacement>& replacements);

/// Brings back what patch_imports changed.
/// @return the number of entries changed
unsigned restore_imports(const std::vector<Replacement>& replacements);

}  // namespace course::trace
