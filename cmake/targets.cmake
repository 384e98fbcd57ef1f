# The targets for users: lstmlib::lstmlib (headers), lstmlib::cpu (the kernels compiled once), lstmlib::plot,
# lstmlib::serve, lstmlib::mpi. requirements.cmake has found their dependencies.

# lstmlib_compiled_library(TARGET SOURCE ...): a library that a program links instead of compiling the headers again.
function(lstmlib_compiled_library target)
  add_library(${target} STATIC ${ARGN})
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)  # one file each, so that a build shows its name
  if(NOT PROJECT_IS_TOP_LEVEL AND NOT LSTMLIB_INSTALL)
    # A project that uses this one by add_subdirectory builds only what it links.
    set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
endfunction()

# lstmlib_optimise(TARGET): kernels without optimisation take 13 times as long, and CMake does not optimise by default.
# Only a Debug build of this project itself is not optimised, to debug the kernels.
function(lstmlib_optimise target)
  set(own_level Release,RelWithDebInfo)
  if(PROJECT_IS_TOP_LEVEL)
    string(APPEND own_level ,Debug)
  endif()
  target_compile_options(${target} PRIVATE $<$<NOT:$<CONFIG:${own_level}>>:-O2>)
endfunction()

add_library(lstmlib INTERFACE)
add_library(lstmlib::lstmlib ALIAS lstmlib)
target_compile_features(lstmlib INTERFACE cxx_std_20)
set(LSTMLIB_ABI "" CACHE STRING "Name of the inline namespace of this copy of the library; empty: the version's")
if(LSTMLIB_ABI)
  target_compile_definitions(lstmlib INTERFACE LSTMLIB_ABI=${LSTMLIB_ABI})
endif()
file(GLOB_RECURSE lstmlib_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/lstmlib/*.hpp
     ${PROJECT_SOURCE_DIR}/include/lstmlib/*.inl ${PROJECT_SOURCE_DIR}/include/lstmlib/*.cuh)
target_sources(lstmlib INTERFACE FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${lstmlib_headers})
target_link_libraries(lstmlib INTERFACE ZLIB::ZLIB nlohmann_json::nlohmann_json Threads::Threads)
# SYSTEM, because Eigen causes warnings in a user's strict build. The folder is used and not the target, because a project
# that uses this one by add_subdirectory does not see the targets found here.
get_target_property(lstmlib_eigen_folders Eigen3::Eigen INTERFACE_INCLUDE_DIRECTORIES)
target_include_directories(lstmlib SYSTEM INTERFACE "$<BUILD_INTERFACE:${lstmlib_eigen_folders}>")

# For programs of several files: this library holds the CPU's kernels once, and the functions that are no templates. Headers
# leave them out.
if(LSTMLIB_CPU)
  # The two parts of backend/cpu/entry.hpp.
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/cpu.cpp CONTENT "#include <lstmlib/backend/cpu/kernels_entry.hpp>\n")
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/definitions.cpp CONTENT "#include <lstmlib/definitions.hpp>\n")
  lstmlib_compiled_library(lstmlib_cpu ${PROJECT_BINARY_DIR}/generated/cpu.cpp ${PROJECT_BINARY_DIR}/generated/definitions.cpp)
  lstmlib_optimise(lstmlib_cpu)
  add_library(lstmlib::cpu ALIAS lstmlib_cpu)
  set_target_properties(lstmlib_cpu PROPERTIES EXPORT_NAME cpu POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(lstmlib_cpu PUBLIC lstmlib)
  target_compile_definitions(lstmlib_cpu PUBLIC LSTMLIB_CPU_LINKED)
endif()

# Plots of training runs.
if(lstmlib_with_plot)
  add_library(lstmlib_plot INTERFACE)
  add_library(lstmlib::plot ALIAS lstmlib_plot)
  set_target_properties(lstmlib_plot PROPERTIES EXPORT_NAME plot)
  target_link_libraries(lstmlib_plot INTERFACE lstmlib PkgConfig::LSTMLIB_CAIRO)
endif()

# Models over HTTP, compiled once. Programs that link it need the Prometheus library, but not Boost's headers.
if(lstmlib_with_serve)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/serve.cpp CONTENT "#include <lstmlib/serve/entry.hpp>\n")
  lstmlib_compiled_library(lstmlib_serve ${PROJECT_BINARY_DIR}/generated/serve.cpp)
  lstmlib_optimise(lstmlib_serve)
  add_library(lstmlib::serve ALIAS lstmlib_serve)
  set_target_properties(lstmlib_serve PROPERTIES EXPORT_NAME serve POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(lstmlib_serve PUBLIC lstmlib_cpu
                                      PRIVATE $<BUILD_INTERFACE:Boost::headers> PkgConfig::LSTMLIB_PROMETHEUS)
endif()

# Training on several processes.
if(lstmlib_with_mpi)
  add_library(lstmlib_mpi INTERFACE)
  add_library(lstmlib::mpi ALIAS lstmlib_mpi)
  set_target_properties(lstmlib_mpi PROPERTIES EXPORT_NAME mpi)
  target_link_libraries(lstmlib_mpi INTERFACE lstmlib MPI::MPI_CXX)
endif()
