# Writes OUTPUT, from SOURCE, COMPILER, TARGET_SYSTEM and CONFIGURATION.
find_program(git git)
set(commit unknown)
if(git)
  execute_process(COMMAND "${git}" -C "${SOURCE}" describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(described)
    set(commit "${described}")
  endif()
endif()
set(info [[{"commit": "@commit@", "compiler": "@COMPILER@", "target": "@TARGET_SYSTEM@", "configuration": "@CONFIGURATION@"}]])
string(CONFIGURE "${info}\n" info @ONLY)
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT "${info}")
