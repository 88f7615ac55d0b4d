# Adds a chapter to a copy of the course in the way that CONTRIBUTING.md tells, then builds it, alone and with the whole
# course. Called by CTest; see CMakeLists.txt for the variables.
cmake_minimum_required(VERSION 3.25)

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

set(copy "${WORK}/course")
file(REMOVE_RECURSE "${copy}" "${WORK}/whole" "${WORK}/alone")
file(COPY "${COURSE}/" DESTINATION "${copy}" REGEX "/(build|out|\\.git|\\.vs|node_modules)$" EXCLUDE)

# The folder: here 03_eventselect under another name.
file(COPY "${copy}/03_eventselect/" DESTINATION "${copy}/07_probe")
foreach(file IN ITEMS CMakeLists.txt main.cpp)
  file(READ "${copy}/07_probe/${file}" text)
  string(REPLACE "03_eventselect" "07_probe" text "${text}")
  file(WRITE "${copy}/07_probe/${file}" "${text}")
endforeach()

# The line.
file(READ "${copy}/CMakeLists.txt" text)
string(REPLACE "  add_subdirectory(06_iocp)\n" "  add_subdirectory(06_iocp)\n  add_subdirectory(07_probe)\n" changed "${text}")
if(changed STREQUAL text)
  message(FATAL_ERROR "The course's CMakeLists.txt does not list 06_iocp as expected")
endif()
file(WRITE "${copy}/CMakeLists.txt" "${changed}")

set(configure "${CMAKE_COMMAND}" -G "${GENERATOR}")
if(PLATFORM)
  list(APPEND configure -A "${PLATFORM}")
endif()
list(APPEND configure ${PASSED_ON} "-DCMAKE_RUNTIME_OUTPUT_DIRECTORY=${WORK}/bin")

run(${configure} -S "${copy}/07_probe" -B "${WORK}/alone")
run(${configure} -S "${copy}" -B "${WORK}/whole")
run("${CMAKE_COMMAND}" --build "${WORK}/whole" --config "${CONFIG}" --target 07_probe build_info)

# It is a server like the others ...
file(GLOB_RECURSE program "${WORK}/bin/07_probe.exe")
execute_process(COMMAND ${EMULATOR} "${program}" --help OUTPUT_VARIABLE usage COMMAND_ERROR_IS_FATAL ANY)
if(NOT usage MATCHES "usage: 07_probe ")
  message(FATAL_ERROR "07_probe --help printed: ${usage}")
endif()
# ... and stands among those that compare and the tests of the contract take.
file(GLOB_RECURSE build_info "${WORK}/bin/build-info.json")
file(READ "${build_info}" text)
string(JSON servers GET "${text}" servers)
if(NOT servers MATCHES "\"07_probe\"")
  message(FATAL_ERROR "build-info.json lists: ${servers}")
endif()
file(REMOVE_RECURSE "${WORK}")
