# The package has nothing that a sanitizer could see, and each of these builds takes a while.
if(CEDE_SANITIZE OR NOT CEDE_INSTALL OR NOT EXISTS "${PROJECT_SOURCE_DIR}/lib/include/cede/cede.hpp")
  return()
endif()

# Each adapter has a program here that uses it. Whether there is a target is known when all is read.
file(GLOB programs RELATIVE "${CMAKE_CURRENT_LIST_DIR}" CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cpp")
set(adapters "")
list(REMOVE_ITEM programs main.cpp)
foreach(program IN LISTS programs)
  get_filename_component(adapter "${program}" NAME_WE)
  list(APPEND adapters "$<$<TARGET_EXISTS:cede_${adapter}>:${adapter}>")
endforeach()
list(JOIN adapters "," adapters)

foreach(how install find_package pkg_config add_subdirectory fetch_content)
  add_test(NAME package.${how} COMMAND ${CMAKE_COMMAND}
    -DHOW=${how}
    -DCEDE_SOURCE=${PROJECT_SOURCE_DIR}
    -DCEDE_BINARY=${PROJECT_BINARY_DIR}
    -DLIBDIR=${CMAKE_INSTALL_LIBDIR}
    -DVERSION=${PROJECT_VERSION}
    -DWORK=${CMAKE_CURRENT_BINARY_DIR}/package
    -DCONFIG=$<CONFIG>
    -DCXX=${CMAKE_CXX_COMPILER}
    -DSTANDARD=${CMAKE_CXX_STANDARD}
    -DGENERATOR=${CMAKE_GENERATOR}
    "-DLAUNCHER=$<$<BOOL:${CEDE_CCACHE}>:${CEDE_CCACHE}>"
    -DSHARED=${BUILD_SHARED_LIBS}
    "-DADAPTERS=${adapters}"
    -P ${CMAKE_CURRENT_LIST_DIR}/build.cmake)
  set_tests_properties(package.${how} PROPERTIES TIMEOUT 900)
endforeach()
set_tests_properties(package.install PROPERTIES FIXTURES_SETUP cede_installed)
set_tests_properties(package.find_package package.pkg_config PROPERTIES FIXTURES_REQUIRED cede_installed)
# Second, so that it finds in ccache what the first has compiled.
set_tests_properties(package.fetch_content PROPERTIES DEPENDS package.add_subdirectory)
