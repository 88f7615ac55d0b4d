# Included by the whole course and by each chapter, so that a chapter also configures alone.
include_guard(GLOBAL)
get_filename_component(COURSE_ROOT "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_MSVC_RUNTIME_LIBRARY "MultiThreaded$<$<CONFIG:Debug>:Debug>")  # a server is one file to copy
if(NOT CMAKE_RUNTIME_OUTPUT_DIRECTORY)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
endif()
set_property(GLOBAL PROPERTY USE_FOLDERS ON)

if(CMAKE_SOURCE_DIR STREQUAL COURSE_ROOT)
  set(course_is_whole ON)
else()
  set(course_is_whole OFF)  # one chapter: its server, and nothing to download
endif()
if(WIN32 AND course_is_whole)
  set(course_has_tests ON)
else()
  set(course_has_tests OFF)
endif()
option(COURSE_TESTS "Build the tests" ${course_has_tests})
option(COURSE_TOOLS "Build the load generator and compare" ${course_is_whole})
option(COURSE_WERROR "Treat warnings as errors" OFF)
option(COURSE_ASAN "Check the use of memory at run time (MSVC's AddressSanitizer)" OFF)
if(COURSE_ASAN)  # before the libraries: their containers must be checked as ours are, or linking fails
  add_compile_options(/fsanitize=address)
  add_link_options(/INCREMENTAL:NO)
endif()

# What everything is compiled with.
add_library(course_options INTERFACE)
target_compile_features(course_options INTERFACE cxx_std_20)
target_include_directories(course_options INTERFACE "${COURSE_ROOT}")
if(WIN32)
  target_compile_definitions(course_options INTERFACE
    WIN32_LEAN_AND_MEAN NOMINMAX UNICODE _UNICODE _WIN32_WINNT=0x0A00 WINVER=0x0A00)
  target_link_libraries(course_options INTERFACE ws2_32 mswsock shell32 psapi iphlpapi)
else()
  find_package(Threads REQUIRED)
  target_link_libraries(course_options INTERFACE Threads::Threads)
endif()
if(MSVC)
  target_compile_options(course_options INTERFACE
    /W4 /utf-8 /permissive- /Zc:__cplusplus /EHsc
    # clang-cl does both of itself, and warns of an option that it does not need
    $<$<CXX_COMPILER_ID:MSVC>:/Zc:preprocessor> $<$<CXX_COMPILER_ID:MSVC>:/external:anglebrackets>
    /external:W0 $<$<BOOL:${COURSE_WERROR}>:/WX>)
else()
  target_compile_options(course_options INTERFACE
    -Wall -Wextra -pedantic-errors -Wconversion -Wsign-conversion -Wshadow -Wfloat-conversion -Wold-style-cast
    -Wnon-virtual-dtor -Wimplicit-fallthrough -Wundef
    $<$<CXX_COMPILER_ID:Clang>:-Wshorten-64-to-32> $<$<CXX_COMPILER_ID:Clang>:-Wgnu>
    $<$<BOOL:${COURSE_WERROR}>:-Werror>)
endif()
if(MINGW)
  target_link_options(course_options INTERFACE -static)  # no runtime DLLs beside the programs
endif()

include("${CMAKE_CURRENT_LIST_DIR}/dependencies.cmake")
if(COURSE_TESTS)
  enable_testing()
  include(GoogleTest)
endif()

# course_natvis(<target> <file>): shows the target's variables in Visual Studio's debugger as the file says.
function(course_natvis target file)
  if(CMAKE_GENERATOR MATCHES "Visual Studio")
    target_sources(${target} PRIVATE "${file}")
  elseif(MSVC)  # Ninja ignores it among the sources
    target_link_options(${target} PRIVATE "/NATVIS:${file}")
  endif()
endfunction()

# course_server(<target>): what every server gets: common, --trace in the whole course, and how the debugger starts it.
function(course_server target)
  target_link_libraries(${target} PRIVATE course_common)
  if(course_is_whole)
    target_link_libraries(${target} PRIVATE course_trace)
  endif()
  set_target_properties(${target} PROPERTIES FOLDER chapters
    VS_DEBUGGER_COMMAND_ARGUMENTS "--verbose" VS_DEBUGGER_WORKING_DIRECTORY "${COURSE_ROOT}")
  course_natvis(${target} "${COURSE_ROOT}/common/course.natvis")
endfunction()

# add_chapter(<name> [DEFINITIONS <NAME=value>...])
# The chapter's server, <name>, and <name>_claims if there is a claims.cpp (the classic bugs may have a bugs.cpp). The
# global property COURSE_CHAPTERS lists the chapters for the tests that run against each of them.
function(add_chapter name)
  cmake_parse_arguments(PARSE_ARGV 1 chapter "" "" "DEFINITIONS")
  if(NOT WIN32)
    message(FATAL_ERROR "The servers are Windows programs. On Linux, use the preset `linux` (MinGW-w64 and Wine).")
  endif()
  add_executable(${name} main.cpp)
  target_compile_definitions(${name} PRIVATE ${chapter_DEFINITIONS})
  course_server(${name})
  set_property(GLOBAL APPEND PROPERTY COURSE_CHAPTERS ${name})

  if(COURSE_TESTS AND EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/claims.cpp")
    course_require_catch2()
    add_executable(${name}_claims claims.cpp)
    if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/bugs.cpp")
      target_sources(${name}_claims PRIVATE bugs.cpp)
    endif()
    target_compile_definitions(${name}_claims PRIVATE ${chapter_DEFINITIONS})
    target_link_libraries(${name}_claims PRIVATE course_common course_testing Catch2::Catch2WithMain)
    set_target_properties(${name}_claims PROPERTIES FOLDER claims)
    catch_discover_tests(${name}_claims TEST_PREFIX "${name} " DISCOVERY_MODE PRE_TEST
      PROPERTIES TIMEOUT 120 LABELS claims)  # one label: the script that Catch2 generates would tear a list apart
  endif()

  if(PROJECT_IS_TOP_LEVEL)
    set_property(DIRECTORY PROPERTY VS_STARTUP_PROJECT ${name})
    add_subdirectory("${COURSE_ROOT}/common" "${CMAKE_BINARY_DIR}/common")
  endif()
endfunction()
