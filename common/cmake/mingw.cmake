# Builds Windows programs on Linux: Debian's MinGW-w64 GCC with POSIX threads; Wine runs what it builds.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)

set(triple x86_64-w64-mingw32)
# By full name: the plain one may lack std::thread.
find_program(COURSE_MINGW_GCC NAMES ${triple}-gcc-posix ${triple}-gcc)
find_program(COURSE_MINGW_GXX NAMES ${triple}-g++-posix ${triple}-g++)
set(CMAKE_C_COMPILER "${COURSE_MINGW_GCC}")
set(CMAKE_CXX_COMPILER "${COURSE_MINGW_GXX}")
set(CMAKE_RC_COMPILER ${triple}-windres)

# Libraries and headers come from the compiler and from what `course` has built, never from the Linux system.
get_filename_component(deps "${CMAKE_CURRENT_LIST_DIR}/../../build/deps" ABSOLUTE)
set(CMAKE_FIND_ROOT_PATH "${deps}/mingw" "${deps}/headers" /usr/${triple})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

find_program(COURSE_WINE wine)
if(COURSE_WINE)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${COURSE_WINE}")
endif()
mark_as_advanced(COURSE_MINGW_GCC COURSE_MINGW_GXX COURSE_WINE)
