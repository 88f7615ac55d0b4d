# cmake -D REPORT=<ctest's JUnit file> [-D CLAIMS=ON] -P test_summary.cmake
# Prints which tests were skipped and why, and as the last line the counts: "257 passed, 0 failed, 3 skipped".
# With CLAIMS, prints every test, by chapter.
cmake_policy(VERSION 3.21)

function(print text)  # to stdout; message() would write to stderr, or put "-- " before it
  string(REPLACE "&lt " "<" text "${text}")  # the semicolons are blanks by now
  string(REPLACE "&gt " ">" text "${text}")
  string(REPLACE "&quot " "\"" text "${text}")
  string(REPLACE "&apos " "'" text "${text}")
  string(REPLACE "&amp " "&" text "${text}")
  execute_process(COMMAND "${CMAKE_COMMAND}" -E echo "${text}")
endfunction()

file(READ "${REPORT}" report)
string(REGEX REPLACE "[][;]" " " report "${report}")  # CMake's lists give these a meaning

string(REGEX MATCH "<testsuite [^>]*>" suite "${report}")
foreach(count IN ITEMS tests failures skipped disabled)
  string(REGEX MATCH "${count}=\"([0-9]+)\"" match "${suite}")
  set(${count} "${CMAKE_MATCH_1}")
endforeach()

# GoogleTest writes "FILE:LINE: Skipped", then the reason in a line of its own; Catch2 writes the latter for each SKIP.
function(find_reason output result)
  string(REGEX MATCHALL "(: Skipped|explicitly with message:)\n[^\n]+" skips "${output}")
  list(TRANSFORM skips REPLACE "^[^\n]*\n *" "")
  list(REMOVE_DUPLICATES skips)
  list(JOIN skips ", " reasons)
  if(reasons STREQUAL "")
    set(reasons "no reason given")
  elseif(output MATCHES "\nassertions: +[0-9]")
    string(PREPEND reasons "in part: ")
  endif()
  set(${result} "${reasons}" PARENT_SCOPE)
endfunction()

set(lines "")
string(REGEX MATCHALL "<testcase name=\"[^\"]*\"[^>]*>[^<]*(<skipped [^>]*>|<failure [^>]*>|)[^<]*<system-out>[^<]*" cases
  "${report}")
foreach(case IN LISTS cases)
  string(REGEX MATCH "name=\"([^\"]*)\"" match "${case}")
  set(name "${CMAKE_MATCH_1}")
  set(reason "")
  if(case MATCHES "<skipped ")
    find_reason("${case}" reason)
    set(status skipped)
  elseif(case MATCHES "<failure ")
    set(status FAILED)
  else()
    set(status passed)
  endif()
  if(CLAIMS AND name MATCHES "^([^ ]+) Scenario: (.*)$")
    list(APPEND lines "${CMAKE_MATCH_1}|${status}|${CMAKE_MATCH_2}|${reason}")
  elseif(status STREQUAL "skipped")
    print("skipped: ${name}: ${reason}")
  endif()
endforeach()

list(SORT lines)
set(chapter "")
foreach(line IN LISTS lines)
  string(REGEX MATCH "^([^|]*)[|]([^|]*)[|]([^|]*)[|](.*)$" match "${line}")
  if(NOT chapter STREQUAL "${CMAKE_MATCH_1}")
    set(chapter "${CMAKE_MATCH_1}")
    print("${chapter}")
  endif()
  string(SUBSTRING "${CMAKE_MATCH_2} " 0 8 status)  # the longest is "skipped"
  print("  ${status} ${CMAKE_MATCH_3}")
  if(NOT "${CMAKE_MATCH_4}" STREQUAL "")
    print("           because ${CMAKE_MATCH_4}")
  endif()
endforeach()

math(EXPR skipped "${skipped} + ${disabled}")
math(EXPR passed "${tests} - ${failures} - ${skipped}")
print("${passed} passed, ${failures} failed, ${skipped} skipped")
