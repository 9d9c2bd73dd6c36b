# The library cede::cede. Sources for other platforms guard themselves with #if, so that a glob is the whole list.
find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(Boost 1.74 REQUIRED COMPONENTS context)

# Distributions build abseil so that its types are its own under every C++ standard. One that turns them into std:: types
# from C++17 on would give this library and its user different types under the same names.
set(CEDE_ABSL_PUBLIC any any_invocable function_ref inlined_vector memory optional span strings time type_traits
    utility variant)
set(CEDE_ABSL_PRIVATE flat_hash_map hash stacktrace symbolize)

file(GLOB_RECURSE CEDE_SOURCES CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/lib/src/*.cpp")
# Replaces operator new in the program that links it, so it is a library of its own: lib/include/cede/testing/README.md.
set(failing_allocations "${PROJECT_SOURCE_DIR}/lib/src/testing/failing_allocations.cpp")
list(REMOVE_ITEM CEDE_SOURCES "${failing_allocations}")
add_library(cede ${CEDE_SOURCES})
add_library(cede::cede ALIAS cede)
# What a task and a timer run through is compiled as one source, so that the compiler inlines across its files: a task made
# and awaited takes 5 % fewer instructions and 104 -> 98 ns, a timer 6 %, a round trip 2 %. Not by link-time optimisation,
# whose archives only the same compiler can read; not in Debug, where each file stands alone and an edit compiles one, and not
# where CMAKE_UNITY_BUILD=OFF says so.
string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
if(NOT CMAKE_VERSION VERSION_LESS 3.18 AND NOT build_type MATCHES "^(DEBUG)?$"
    AND (NOT DEFINED CMAKE_UNITY_BUILD OR CMAKE_UNITY_BUILD))
  foreach(source base/context base/pool base/thread_state fiber/fiber fiber/size_class fiber/stack_pool coroutine/frame
      loop/event_loop loop/future_core loop/handle loop/timer_heap loop/timer_queue
      task/completion_core task/task_core)
    set_source_files_properties("${PROJECT_SOURCE_DIR}/lib/src/${source}.cpp" PROPERTIES UNITY_GROUP hot)
  endforeach()
  set_target_properties(cede PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endif()
set_target_properties(cede PROPERTIES VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
cede_own_target(cede)
target_compile_features(cede PUBLIC cxx_std_14)
target_compile_options(cede PUBLIC ${CEDE_SANITIZE_FLAGS})
target_link_options(cede PUBLIC ${CEDE_SANITIZE_FLAGS})
# Under a sanitizer the library is optimised a little even where its tests are not: these compile in a third of the time
# unoptimised, but 10,000 connections through an unoptimised library take minutes.
if(CEDE_SANITIZE)
  target_compile_options(cede PRIVATE -O1)
endif()
target_include_directories(cede
  PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/lib/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
  PRIVATE "${PROJECT_SOURCE_DIR}/lib/src")

list(TRANSFORM CEDE_ABSL_PUBLIC PREPEND absl:: OUTPUT_VARIABLE absl_public)
list(TRANSFORM CEDE_ABSL_PRIVATE PREPEND absl:: OUTPUT_VARIABLE absl_private)
target_link_libraries(cede PUBLIC ${absl_public} Threads::Threads PRIVATE ${absl_private} Boost::context)

add_library(cede_failing_allocations STATIC "${failing_allocations}")
add_library(cede::failing_allocations ALIAS cede_failing_allocations)
set_target_properties(cede_failing_allocations PROPERTIES EXPORT_NAME failing_allocations)
cede_own_target(cede_failing_allocations)
target_link_libraries(cede_failing_allocations PUBLIC cede)
