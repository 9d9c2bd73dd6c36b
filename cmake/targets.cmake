# How this project's own targets are made. Nothing here reaches a user of the library.

# Warnings are for those who can mend them: PRIVATE, and only on our targets.
function(cede_own_target target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow $<$<BOOL:${CEDE_WERROR}>:-Werror>)
endfunction()

# One executable of Boost.Test cases, and one ctest entry of the same name. It shares the precompiled header and main()
# of tests/support.
function(cede_add_test_executable target)
  add_executable(${target} ${ARGN})
  cede_own_target(${target})
  target_link_libraries(${target} PRIVATE cede_test_support)
  target_precompile_headers(${target} REUSE_FROM cede_test_support)
  add_test(NAME ${target} COMMAND ${target})
  cede_test_properties(${target})
endfunction()

# A program tests/SOURCE.cpp that talks to the Python program tests/SOURCE.py, which starts it and is the test `name`.
function(cede_add_python_driven_test name target source)
  add_executable(${target} ${source}.cpp)
  cede_own_target(${target})
  target_link_libraries(${target} PRIVATE cede::cede)
  add_test(NAME ${name} COMMAND ${Python3_EXECUTABLE} -B "${CMAKE_CURRENT_SOURCE_DIR}/${source}.py" $<TARGET_FILE:${target}>)
  cede_test_properties(${name})
endfunction()

# Sets `target` to what to link for pkg-config's `module`; to nothing, with a line that says that `what` is left out, where
# the module is absent.
function(cede_find_module target module what)
  find_package(PkgConfig QUIET)
  if(PKG_CONFIG_FOUND AND NOT TARGET PkgConfig::${module})
    pkg_check_modules(${module} QUIET IMPORTED_TARGET GLOBAL ${module})
  endif()
  set(${target} PkgConfig::${module} PARENT_SCOPE)
  if(NOT TARGET PkgConfig::${module})
    message(STATUS "${what} is left out: ${module} is absent")
    set(${target} "" PARENT_SCOPE)
  endif()
endfunction()

# The environment and time limit of each test. A sanitizer may slow a program ten times.
function(cede_test_properties test)
  set(timeout 120)
  set(environment UBSAN_OPTIONS=print_stacktrace=1)
  if(CEDE_SANITIZE)
    set(timeout 600)
    if(EXISTS "${PROJECT_SOURCE_DIR}/tests/support/tsan.supp")
      list(APPEND environment "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/tsan.supp")
    endif()
    if(EXISTS "${PROJECT_SOURCE_DIR}/tests/support/lsan.supp")
      list(APPEND environment "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/lsan.supp")
    endif()
  endif()
  set_tests_properties(${test} PROPERTIES TIMEOUT ${timeout} ENVIRONMENT "${environment}")
endfunction()

# An adapter: adapters/NAME/{include,src,tests} as the target cede::NAME, a component of the installed package.
#   cede_add_adapter(NAME LINK targets... FIND "find_dependency arguments"... [PKG "pkg-config requirements"])
# The adapter's CMakeLists.txt has found its library already; FIND repeats that for users of the installed package, PKG for those
# of pkg-config, where the adapter is cede-NAME.
function(cede_add_adapter name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "PKG" "LINK;FIND")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS src/*.cpp)
  add_library(cede_${name} ${sources})
  add_library(cede::${name} ALIAS cede_${name})
  set_target_properties(cede_${name} PROPERTIES EXPORT_NAME ${name} VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  cede_own_target(cede_${name})
  target_include_directories(cede_${name} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE src)
  target_link_libraries(cede_${name} PUBLIC cede::cede ${arg_LINK})
  if(CEDE_INSTALL)
    set(find "")
    foreach(dependency IN LISTS arg_FIND)
      string(APPEND find "find_dependency(${dependency})\n")
    endforeach()
    set(file "${CMAKE_CURRENT_BINARY_DIR}/cede-${name}.cmake")
    file(WRITE "${file}" "${find}include(\"\${CMAKE_CURRENT_LIST_DIR}/cede-${name}-targets.cmake\")\n")
    install(TARGETS cede_${name} EXPORT cede-${name}-targets)
    install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    install(FILES "${file}" DESTINATION ${CEDE_CMAKEDIR})
    install(EXPORT cede-${name}-targets NAMESPACE cede:: DESTINATION ${CEDE_CMAKEDIR})
    if(arg_PKG)
      configure_file("${PROJECT_SOURCE_DIR}/cmake/adapter.pc.in" "${CMAKE_CURRENT_BINARY_DIR}/cede-${name}.pc" @ONLY)
      install(FILES "${CMAKE_CURRENT_BINARY_DIR}/cede-${name}.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
    endif()
  endif()
  file(GLOB tests CONFIGURE_DEPENDS tests/*_test.cpp)
  if(CEDE_SANITIZE STREQUAL "thread")  # see tests/CMakeLists.txt
    list(FILTER tests EXCLUDE REGEX "/fail_allocations_test\\.cpp$")
  endif()
  if(CEDE_BUILD_TESTS AND tests)
    cede_add_test_executable(test_${name} ${tests})
    target_link_libraries(test_${name} PRIVATE cede_${name})
  endif()
endfunction()
