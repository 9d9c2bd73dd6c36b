# Checks of the sources themselves.
find_package(Python3 COMPONENTS Interpreter REQUIRED)
add_test(NAME check.layers
  COMMAND ${Python3_EXECUTABLE} -B "${PROJECT_SOURCE_DIR}/cmake/check_layers.py" "${PROJECT_SOURCE_DIR}")
add_test(NAME check.layers_selftest
  COMMAND ${Python3_EXECUTABLE} -B "${PROJECT_SOURCE_DIR}/cmake/check_layers_test.py")

# Each public header compiles by itself: one source for each, in a library that the build makes and nobody links. That
# runs in parallel with the rest and through ccache, which a test that starts eighty compilers does not. The sanitizers
# find nothing here, so their builds leave it out.
if(NOT CEDE_SANITIZE)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/lib/include"
    "${PROJECT_SOURCE_DIR}/lib/include/*.hpp")
  set(sources "")
  foreach(header IN LISTS headers)
    set(source "${PROJECT_BINARY_DIR}/header_alone/${header}.cpp")
    # Twice, which a header without a guard does not survive.
    set(text "#include <${header}>\n#include <${header}>\n")
    set(old "")
    if(EXISTS "${source}")
      file(READ "${source}" old)
    endif()
    if(NOT old STREQUAL text)  # an untouched file is not compiled again
      file(WRITE "${source}" "${text}")
    endif()
    list(APPEND sources "${source}")
  endforeach()
  if(sources)
    add_library(cede_header_alone OBJECT ${sources})
    cede_own_target(cede_header_alone)
    target_compile_options(cede_header_alone PRIVATE -O0 -g0)
    target_link_libraries(cede_header_alone PRIVATE cede::cede)
  endif()
endif()
