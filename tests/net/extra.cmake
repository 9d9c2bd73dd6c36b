target_sources(test_net PRIVATE support/faults/system_calls.cpp)

# A program of its own, since it is about how a program ends.
add_executable(test_net_exit_during_lookup net/exit_during_lookup.cpp)
cede_own_target(test_net_exit_during_lookup)
target_link_libraries(test_net_exit_during_lookup PRIVATE cede::cede)
add_test(NAME test_net.exit_during_lookup COMMAND test_net_exit_during_lookup)
cede_test_properties(test_net.exit_during_lookup)

# Datagrams between asyncio and cede.
cede_add_python_driven_test(test_net.dgram_interop test_net_dgram_interop net/dgram_interop)
