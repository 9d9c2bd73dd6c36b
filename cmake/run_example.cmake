# Runs PROGRAM and compares its standard output, byte for byte, with EXPECTED.txt if there is one.
# EXPECTED.args holds its arguments in its first line. OUTPUT is where to keep what it printed.
cmake_minimum_required(VERSION 3.16)
set(arguments "")
if(EXISTS "${EXPECTED}.args")
  file(STRINGS "${EXPECTED}.args" line LIMIT_COUNT 1)
  separate_arguments(arguments UNIX_COMMAND "${line}")
endif()
execute_process(COMMAND "${PROGRAM}" ${arguments} INPUT_FILE /dev/null OUTPUT_FILE "${OUTPUT}"
  RESULT_VARIABLE status TIMEOUT 60)

if(EXISTS "${EXPECTED}.txt")
  execute_process(COMMAND "${CMAKE_COMMAND}" -E compare_files "${EXPECTED}.txt" "${OUTPUT}"
    RESULT_VARIABLE different ERROR_QUIET)
  if(NOT different EQUAL 0)
    execute_process(COMMAND diff -u "${EXPECTED}.txt" "${OUTPUT}")
    message(SEND_ERROR "the output is not what ${EXPECTED}.txt says")
  endif()
elseif(NOT status EQUAL 0)
  file(READ "${OUTPUT}" output)
  message("${output}")
endif()
if(NOT status EQUAL 0)
  message(SEND_ERROR "exit status: ${status}")
endif()
