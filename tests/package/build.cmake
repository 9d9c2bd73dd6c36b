# Run by ctest (tests.cmake): installs cede, or builds and runs main.cpp against it in the way that HOW names.
cmake_minimum_required(VERSION 3.16)

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "exit status ${status}: ${command}")
  endif()
endfunction()

set(prefix "${WORK}/prefix")
set(build "${WORK}/${HOW}")
file(REMOVE_RECURSE "${build}")
string(REPLACE "," ";" adapters "${ADAPTERS}")  # may have empty items, which `foreach(x ${adapters})` passes over

if(HOW STREQUAL "install")
  file(REMOVE_RECURSE "${prefix}")
  run("${CMAKE_COMMAND}" --install "${CEDE_BINARY}" --prefix "${prefix}" --config "${CONFIG}")
elseif(HOW STREQUAL "pkg_config")
  find_program(pkg_config NAMES pkg-config pkgconf REQUIRED)
  set(ENV{PKG_CONFIG_PATH} "${prefix}/${LIBDIR}/pkgconfig")
  set(ENV{LD_LIBRARY_PATH} "${prefix}/${LIBDIR}")
  file(MAKE_DIRECTORY "${build}")
  foreach(program main ${adapters})
    string(REGEX REPLACE "^cede-main$" "cede" package "cede-${program}")
    execute_process(COMMAND "${pkg_config}" --cflags --libs ${package} OUTPUT_VARIABLE flags RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
      message(FATAL_ERROR "pkg-config does not know ${package}")
    endif()
    separate_arguments(flags UNIX_COMMAND "${flags}")
    run("${CXX}" -std=c++${STANDARD} "${CMAKE_CURRENT_LIST_DIR}/${program}.cpp" -o "${build}/${program}" ${flags})
    run("${build}/${program}")
  endforeach()
else()
  # Unoptimised and without debug information: the question is whether it links.
  run("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}" -B "${build}" -G "${GENERATOR}" -DHOW=${HOW}
    "-DCEDE_SOURCE=${CEDE_SOURCE}" "-DCMAKE_PREFIX_PATH=${prefix}" -DVERSION=${VERSION} -DCMAKE_BUILD_TYPE=None
    "-DCMAKE_CXX_COMPILER=${CXX}" -DCMAKE_CXX_STANDARD=${STANDARD} "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}"
    "-DBUILD_SHARED_LIBS=${SHARED}" "-DADAPTERS=${ADAPTERS}" --no-warn-unused-cli)
  run("${CMAKE_COMMAND}" --build "${build}" --config Debug --parallel 2)
  run("${build}/program")
  foreach(adapter ${adapters})
    run("${build}/program_${adapter}")
  endforeach()
endif()
