target_sources(test_net PRIVATE support/faults/system_calls.cpp)

# A program of its own, since it is about how a program ends.
add_executable(test_net_exit_during_lookup net/exit_during_lookup.cpp)
cede_own_target(test_net_exit_during_lookup)
target_link_libraries(test_net_exit_during_lookup PRIVATE cede::cede)
add_test(NAME test_net.exit_during_lookup COMMAND test_net_exit_during_lookup)
cede_test_properties(test_net.exit_during_lookup)

# Datagrams between asyncio and cede.
add_executable(test_net_dgram_interop net/dgram_interop.cpp)
cede_own_target(test_net_dgram_interop)
target_link_libraries(test_net_dgram_interop PRIVATE cede::cede)
add_test(NAME test_net.dgram_interop COMMAND ${Python3_EXECUTABLE} -B "${CMAKE_CURRENT_SOURCE_DIR}/net/dgram_interop.py"
  $<TARGET_FILE:test_net_dgram_interop>)
cede_test_properties(test_net.dgram_interop)
