# The list of behaviours held against the tests, and the table in the README held against both.
add_test(NAME conformance.table COMMAND ${Python3_EXECUTABLE} -B "${CMAKE_CURRENT_SOURCE_DIR}/conformance/table.py")
add_test(NAME conformance.table_selftest
  COMMAND ${Python3_EXECUTABLE} -B "${CMAKE_CURRENT_SOURCE_DIR}/conformance/table_test.py")
