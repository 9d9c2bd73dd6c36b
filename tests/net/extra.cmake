target_sources(test_net PRIVATE net/system_calls.cpp)
