# cmake -D REPORT=<ctest's JUnit file> -P test_summary.cmake
# Prints which tests were skipped and why, and as the last line the counts: "257 passed, 0 failed, 3 skipped".
function(print text)  # to stdout; message() would write to stderr, or put "-- " before it
  execute_process(COMMAND "${CMAKE_COMMAND}" -E echo "${text}")
endfunction()

file(READ "${REPORT}" report)
string(REGEX REPLACE "[][;]" " " report "${report}")  # CMake's lists give these a meaning

string(REGEX MATCH "<testsuite [^>]*>" suite "${report}")
foreach(count IN ITEMS tests failures skipped disabled)
  string(REGEX MATCH "${count}=\"([0-9]+)\"" match "${suite}")
  set(${count} "${CMAKE_MATCH_1}")
endforeach()

# GoogleTest writes "FILE:LINE: Skipped", then the reason in a line of its own.
string(REGEX MATCHALL "<testcase name=\"[^\"]*\"[^>]*>[^<]*<skipped [^>]*>[^<]*<system-out>[^<]*" cases "${report}")
foreach(case IN LISTS cases)
  set(reason "no reason given")
  if(case MATCHES ": Skipped\n([^\n]+)\n")
    set(reason "${CMAKE_MATCH_1}")
  endif()
  string(REGEX MATCH "name=\"([^\"]*)\"" match "${case}")
  set(line "skipped: ${CMAKE_MATCH_1}: ${reason}")
  string(REPLACE "&lt " "<" line "${line}")  # the semicolons are blanks by now
  string(REPLACE "&gt " ">" line "${line}")
  string(REPLACE "&quot " "\"" line "${line}")
  string(REPLACE "&apos " "'" line "${line}")
  string(REPLACE "&amp " "&" line "${line}")
  print("${line}")
endforeach()

math(EXPR skipped "${skipped} + ${disabled}")
math(EXPR passed "${tests} - ${failures} - ${skipped}")
print("${passed} passed, ${failures} failed, ${skipped} skipped")
