# The second opinion on warnings: clang-19 and lld-19 with GCC's standard library, otherwise as mingw.cmake.
include("${CMAKE_CURRENT_LIST_DIR}/mingw.cmake")
set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_C_COMPILER_TARGET ${triple})
set(CMAKE_CXX_COMPILER_TARGET ${triple})

file(GLOB gcc LIST_DIRECTORIES true /usr/lib/gcc/${triple}/*-posix)
list(GET gcc -1 gcc)
set(CMAKE_CXX_FLAGS_INIT
  "-femulated-tls -nostdinc++ -isystem ${gcc}/include/c++ -isystem ${gcc}/include/c++/${triple} -isystem ${gcc}/include/c++/backward")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-fuse-ld=lld -L${gcc} -Wl,-Bstatic -lpthread")
