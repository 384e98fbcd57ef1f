# Every public header compiles alone. For each there is a file that includes nothing else, which is checked for errors and
# warnings without generating code. A stamp file marks each check, so that a later build repeats only what has changed.

file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/include/*.hpp)
list(FILTER headers EXCLUDE REGEX "entry\\.hpp$")  # lstmlib_cpu and lstmlib_serve already check them
# Headers of the CUDA part, with the tests' replacement of CUDA. entry.cuh only includes others; simt_device.cuh is for nvcc.
file(GLOB_RECURSE kernels CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/include/*.cuh)
list(FILTER kernels EXCLUDE REGEX "(entry|simt_device)\\.cuh$")
list(APPEND headers ${kernels})
if(NOT TARGET lstmlib_plot)
  list(FILTER headers EXCLUDE REGEX "plot")
endif()
if(NOT TARGET lstmlib_serve)
  list(FILTER headers EXCLUDE REGEX "serve")
endif()
if(NOT TARGET lstmlib_mpi)
  list(FILTER headers EXCLUDE REGEX "distributed/mpi/|lstmlib/mpi")
endif()

get_target_property(eigen_folders Eigen3::Eigen INTERFACE_INCLUDE_DIRECTORIES)
set(folders ${eigen_folders} ${LSTMLIB_CAIRO_INCLUDE_DIRS} ${LSTMLIB_PROMETHEUS_INCLUDE_DIRS} ${Boost_INCLUDE_DIRS}
            ${MPI_CXX_INCLUDE_DIRS})
list(REMOVE_DUPLICATES folders)
list(REMOVE_ITEM folders /usr/include)  # the compiler's default
list(TRANSFORM folders PREPEND -isystem)
list(APPEND folders ${MPI_CXX_COMPILE_OPTIONS})
list(TRANSFORM MPI_CXX_COMPILE_DEFINITIONS PREPEND -D OUTPUT_VARIABLE definitions)
list(APPEND folders ${definitions})
get_target_property(strict lstmlib_strict INTERFACE_COMPILE_OPTIONS)
list(FILTER strict INCLUDE REGEX "^-W")

set(stamps "")
foreach(header IN LISTS headers)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/headers/${header}.cpp)
  set(stamp ${source}.checked)
  set(cuda "")
  if(header MATCHES "^lstmlib/(backend/cuda/|distributed/nccl/|nccl)")
    set(cuda -I${PROJECT_SOURCE_DIR}/tests/cuda/host -Wno-unknown-pragmas)
  endif()
  # Without the macro's header, LSTMLIB_ABI would be the name of a namespace, silently.
  file(STRINGS ${PROJECT_SOURCE_DIR}/include/${header} opened REGEX "^namespace .*LSTMLIB_ABI")
  set(guard "")
  if(opened)
    set(guard "#ifndef LSTMLIB_ABI\n#error include lstmlib/version.hpp\n#endif\n")
  endif()
  file(CONFIGURE OUTPUT ${source} CONTENT "#include <${header}>\n${guard}")
  add_custom_command(
    OUTPUT ${stamp}
    COMMAND ${CMAKE_CXX_COMPILER} -std=c++20 ${strict} ${cuda} -I${PROJECT_SOURCE_DIR}/include ${folders} -fsyntax-only
            -MD -MF ${stamp}.d -MT ${stamp} ${source}
    COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
    DEPENDS ${source}
    DEPFILE ${stamp}.d
    COMMENT "Checking that ${header} compiles alone"
    VERBATIM)
  list(APPEND stamps ${stamp})
endforeach()
add_custom_target(lstmlib_header_tests ALL DEPENDS ${stamps})
