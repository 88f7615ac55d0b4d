# clang-cl with the headers of the real Windows SDK, as sdk.mjs lays them out: to compile, not to link.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
set(CMAKE_C_COMPILER clang-cl-19)
set(CMAKE_CXX_COMPILER clang-cl-19)
set(CMAKE_AR llvm-lib-19)
set(CMAKE_LINKER lld-link-19)
set(CMAKE_MT llvm-mt-19)
set(CMAKE_RC_COMPILER llvm-rc-19)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

get_filename_component(build "${CMAKE_CURRENT_LIST_DIR}/../../build" ABSOLUTE)
set(CMAKE_CXX_FLAGS_INIT "\"@${build}/windows-sdk/flags.rsp\"")

# As in common/cmake/mingw.cmake: the libraries of the tests and tools, of which only the headers matter here.
set(CMAKE_FIND_ROOT_PATH "${build}/deps/mingw" "${build}/deps/headers")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
