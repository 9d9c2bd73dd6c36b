# Misuse that the compiler refuses: the words of its message are tested like any other error's.
function(cede_add_rejected number said)
  add_test(NAME task.rejected.${number} COMMAND ${CMAKE_CXX_COMPILER} -std=c++${CMAKE_CXX_STANDARD} -Wall -Werror -fsyntax-only
    -DREJECTED=${number} "-I${PROJECT_SOURCE_DIR}/lib/include" "${CMAKE_CURRENT_SOURCE_DIR}/task/rejected/rejected.cpp")
  set_tests_properties(task.rejected.${number} PROPERTIES PASS_REGULAR_EXPRESSION "${said}" TIMEOUT 120)
endfunction()

add_test(NAME task.rejected.0 COMMAND ${CMAKE_CXX_COMPILER} -std=c++${CMAKE_CXX_STANDARD} -Wall -Werror -fsyntax-only
  -DREJECTED=0 "-I${PROJECT_SOURCE_DIR}/lib/include" "${CMAKE_CURRENT_SOURCE_DIR}/task/rejected/rejected.cpp")
set_tests_properties(task.rejected.0 PROPERTIES TIMEOUT 120)
foreach(number RANGE 1 3)
  cede_add_rejected(${number} "await.. takes a Coroutine, a Future, a Task, or a type with cede_await")
endforeach()
cede_add_rejected(4 "a const Coroutine cannot run")
cede_add_rejected(5 "a const Coroutine cannot run")
cede_add_rejected(6 "make a task of a coroutine by create_task")
cede_add_rejected(7 "a length of time needs a unit")
cede_add_rejected(8 "a length of time needs a unit")
cede_add_rejected(9 "a callback must not be a Coroutine or return one")
cede_add_rejected(10 "ignoring return")
