# Included after *_test.cpp were made into test_integration: those test the parts of examples/fetch in which bugs would hide.
# The drivers in Python test the program as a whole.
if(TARGET test_integration)
  target_include_directories(test_integration PRIVATE "${PROJECT_SOURCE_DIR}/examples")
  foreach(part url http_head http_body text)
    target_sources(test_integration PRIVATE "${PROJECT_SOURCE_DIR}/examples/fetch/${part}.cpp")
  endforeach()
endif()

if(CEDE_BUILD_EXAMPLES)
  find_package(Python3 COMPONENTS Interpreter REQUIRED)
  # DRIVER:EXAMPLE
  set(pairs fetch_failures:fetch fetch_hang_ups:fetch fetch_nginx:fetch fetch_terminal:fetch http_server:http_server
    tcp_proxy:tcp_proxy example_peers:chat_server)
  find_package(OpenSSL 1.1.1 QUIET)  # as the adapter does
  if(OPENSSL_FOUND)
    list(APPEND pairs tls_examples:tls_echo)
  endif()
  foreach(pair IN LISTS pairs)
    string(REGEX REPLACE ":.*" "" driver ${pair})
    string(REGEX REPLACE ".*:" "" example ${pair})
    add_test(NAME integration.${driver}
      COMMAND ${Python3_EXECUTABLE} -B "${CMAKE_CURRENT_SOURCE_DIR}/integration/${driver}.py" $<TARGET_FILE:example_${example}>)
    cede_test_properties(integration.${driver})
    set_tests_properties(integration.${driver} PROPERTIES SKIP_RETURN_CODE 77)
  endforeach()
endif()
