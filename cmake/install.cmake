# Installs headers, library, the CMake package `cede` and cede.pc. An adapter is a component of the same package.
if(NOT CEDE_INSTALL)
  return()
endif()
include(CMakePackageConfigHelpers)
set(CEDE_CMAKEDIR "${CMAKE_INSTALL_LIBDIR}/cmake/cede")

install(TARGETS cede cede_failing_allocations EXPORT cede-targets)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/lib/include/" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  PATTERN "README.md" EXCLUDE)
install(EXPORT cede-targets NAMESPACE cede:: DESTINATION ${CEDE_CMAKEDIR})

get_target_property(CEDE_LIBRARY_TYPE cede TYPE)
configure_package_config_file(cmake/cedeConfig.cmake.in "${PROJECT_BINARY_DIR}/cedeConfig.cmake"
  INSTALL_DESTINATION ${CEDE_CMAKEDIR} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/cedeConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/cedeConfig.cmake" "${PROJECT_BINARY_DIR}/cedeConfigVersion.cmake"
  DESTINATION ${CEDE_CMAKEDIR})

# pkg-config. Linking a static library takes its private dependencies too, and plain `pkg-config --libs` leaves those of
# Requires.private out: so they are ordinary requirements then. Boost has no .pc file, and is named as a library.
list(TRANSFORM CEDE_ABSL_PUBLIC PREPEND absl_ OUTPUT_VARIABLE requires)
list(TRANSFORM CEDE_ABSL_PRIVATE PREPEND absl_ OUTPUT_VARIABLE requires_private)
set(libs "${CMAKE_THREAD_LIBS_INIT}" ${CEDE_SANITIZE_FLAGS})
get_target_property(context Boost::context IMPORTED_LOCATION)
if(NOT context)
  get_target_property(context Boost::context IMPORTED_LOCATION_RELEASE)
endif()
set(libs_private -lboost_context)
get_filename_component(context_dir "${context}" DIRECTORY)
if(context AND NOT context_dir IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
  list(PREPEND libs_private "-L${context_dir}")
endif()
if(CEDE_LIBRARY_TYPE STREQUAL "STATIC_LIBRARY")
  list(APPEND requires ${requires_private})
  list(APPEND libs ${libs_private})
  set(requires_private "")
  set(libs_private "")
endif()
list(JOIN requires ", " CEDE_PC_REQUIRES)
list(JOIN requires_private ", " CEDE_PC_REQUIRES_PRIVATE)
list(JOIN libs " " CEDE_PC_LIBS)
list(JOIN libs_private " " CEDE_PC_LIBS_PRIVATE)
list(JOIN CEDE_SANITIZE_FLAGS " " CEDE_PC_CFLAGS)
# Relative to the file itself, so that `cmake --install --prefix` and a moved prefix stay right.
file(RELATIVE_PATH CEDE_PC_PREFIX "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" CEDE_PC_PREFIX "${CEDE_PC_PREFIX}")
configure_file(cmake/cede.pc.in "${PROJECT_BINARY_DIR}/cede.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/cede.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
