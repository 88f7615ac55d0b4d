# The third-party libraries, each asked for only where it is needed:
#
#   course_require_gtest()   GTest::gtest, GTest::gtest_main, GTest::gmock
#   course_require_catch2()  Catch2::Catch2, Catch2::Catch2WithMain
#   course_require_asio()    asio::asio (without Boost)
#   course_require_cli11()   CLI11::CLI11
#   course_require_json()    nlohmann_json::nlohmann_json
#
# A copy that is installed (by `course`, by vcpkg, by the system) is used; else the release is downloaded and checked.
include_guard(GLOBAL)
include(FetchContent)

list(PREPEND CMAKE_PREFIX_PATH "${COURSE_ROOT}/build/deps/headers")
set(gtest_force_shared_crt OFF CACHE BOOL "The tests use the static runtime, as everything does" FORCE)
set(INSTALL_GTEST OFF CACHE BOOL "Nothing is installed from here" FORCE)
mark_as_advanced(gtest_force_shared_crt INSTALL_GTEST)

# CMake 4 refuses a project that asks for a CMake before 3.5, as nlohmann/json 3.11 does.
set(CMAKE_POLICY_VERSION_MINIMUM 3.5)

# course_declare(<name in dependencies.txt> <name for FetchContent> [further FetchContent_Declare arguments])
function(course_declare library content)
  file(STRINGS "${COURSE_ROOT}/common/cmake/dependencies.txt" line REGEX "^${library} ")
  string(REGEX MATCHALL "[^ ]+" columns "${line}")
  list(GET columns 2 sha256)
  list(GET columns 3 url)
  FetchContent_Declare(${content} URL "${url}" URL_HASH SHA256=${sha256} DOWNLOAD_EXTRACT_TIMESTAMP ON SYSTEM ${ARGN})
endfunction()

course_declare(googletest googletest FIND_PACKAGE_ARGS 1.14 NAMES GTest CONFIG)
course_declare(catch2 Catch2 FIND_PACKAGE_ARGS 3.5 CONFIG)
course_declare(cli11 CLI11 FIND_PACKAGE_ARGS 2.3 CONFIG)
course_declare(nlohmann_json nlohmann_json FIND_PACKAGE_ARGS 3.11 CONFIG)
course_declare(asio asio SOURCE_SUBDIR none)  # it has no CMakeLists.txt

# What one folder has found serves the others as well. (After the declarations: CMake 3.25 trips over it there.)
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)

macro(course_make_available content)
  set(CMAKE_FOLDER libraries)  # where the solution explorer shows their targets
  FetchContent_MakeAvailable(${content})
  unset(CMAKE_FOLDER)
endmacro()

macro(course_require_gtest)
  course_make_available(googletest)
endmacro()

macro(course_require_catch2)
  course_make_available(Catch2)
  if(catch2_SOURCE_DIR)  # by path: only the first folder that finds an installed copy gets its modules by name
    include("${catch2_SOURCE_DIR}/extras/Catch.cmake")
  else()
    include("${Catch2_DIR}/Catch.cmake")
  endif()
endmacro()

macro(course_require_cli11)
  course_make_available(CLI11)
endmacro()

macro(course_require_json)
  course_make_available(nlohmann_json)
endmacro()

function(course_require_asio)
  if(TARGET asio::asio)
    return()
  endif()
  find_path(COURSE_ASIO_INCLUDE asio.hpp DOC "The folder with asio.hpp; empty: download it")
  mark_as_advanced(COURSE_ASIO_INCLUDE)
  set(include "${COURSE_ASIO_INCLUDE}")
  if(NOT include)
    course_make_available(asio)
    set(include "${asio_SOURCE_DIR}/asio/include")
  endif()
  find_package(Threads REQUIRED)
  add_library(asio::asio INTERFACE IMPORTED GLOBAL)
  target_include_directories(asio::asio INTERFACE "${include}")
  target_compile_definitions(asio::asio INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED)
  if(MINGW)  # else it depends on the headers before it whether Asio takes these or Windows's: two kinds in one program
    target_compile_definitions(asio::asio INTERFACE ASIO_HAS_PTHREADS)
  endif()
  if(MSVC AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")  # Asio 1.30 knows of coroutines with either, not with clang-cl
    target_compile_definitions(asio::asio INTERFACE ASIO_HAS_CO_AWAIT=1)
  endif()
  target_link_libraries(asio::asio INTERFACE Threads::Threads)
endfunction()
