# How many system calls a message costs, counted by strace.
add_executable(test_stream_echo_rounds stream/echo_rounds.cpp)
cede_own_target(test_stream_echo_rounds)
target_include_directories(test_stream_echo_rounds PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
target_link_libraries(test_stream_echo_rounds PRIVATE cede::cede)
if(NOT CEDE_SANITIZE)  # whose run-time libraries make calls of their own, and which strace keeps from finding leaks
  add_test(NAME stream.syscalls COMMAND ${Python3_EXECUTABLE} -B "${CMAKE_CURRENT_SOURCE_DIR}/stream/syscalls.py"
    $<TARGET_FILE:test_stream_echo_rounds>)
  cede_test_properties(stream.syscalls)
  set_tests_properties(stream.syscalls PROPERTIES SKIP_RETURN_CODE 77)
endif()

# The same reads of the same bytes by asyncio's StreamReader and by ours.
cede_add_python_driven_test(stream.oracle test_stream_oracle stream/oracle)

# Conversations between asyncio and cede.
cede_add_python_driven_test(stream.interop test_stream_interop stream/interop)
