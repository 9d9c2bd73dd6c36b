target_sources(test_faults PRIVATE support/faults/system_calls.cpp support/faults/fail_every_system_call.cpp)
