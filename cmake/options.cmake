# What a user may choose, and the defaults that only apply when cede is the project being built rather than a part of it.
if(CMAKE_SOURCE_DIR STREQUAL PROJECT_SOURCE_DIR)
  set(CEDE_TOP_LEVEL ON)
else()
  set(CEDE_TOP_LEVEL OFF)
endif()

option(CEDE_BUILD_TESTS "Build the tests and checks" ${CEDE_TOP_LEVEL})
option(CEDE_BUILD_EXAMPLES "Build the examples" ${CEDE_TOP_LEVEL})
option(CEDE_BUILD_BENCH "Build the benchmarks in tests/bench" OFF)
option(CEDE_INSTALL "Make install rules for cede" ON)
option(CEDE_WERROR "Warnings are errors" OFF)
set(CEDE_SANITIZE "" CACHE STRING "Sanitizers of the library and all that links it: address,undefined or thread")
set_property(CACHE CEDE_SANITIZE PROPERTY STRINGS "" "address,undefined" "thread")

# CMAKE_CXX_STANDARD is the user's; only its absence means the oldest that we support.
if(NOT CMAKE_CXX_STANDARD)
  set(CMAKE_CXX_STANDARD 14)
endif()
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

if(CEDE_TOP_LEVEL)
  get_property(multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  if(NOT CMAKE_BUILD_TYPE AND NOT multi_config)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
  endif()
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  find_program(CEDE_CCACHE ccache)
  mark_as_advanced(CEDE_CCACHE)
  if(CEDE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # Without the sloppiness ccache gives up on every source that uses a precompiled header.
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${CEDE_CCACHE}")
  endif()
endif()
