# The targets that users link: lstmlib::lstmlib (headers), lstmlib::cpu (the kernels compiled once), lstmlib::plot,
# lstmlib::serve, lstmlib::mpi.

set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)  # a project that adds this one as a folder links through our targets

find_package(Eigen3 3.3 REQUIRED NO_MODULE)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json 3.10 REQUIRED)
find_package(Threads REQUIRED)

add_library(lstmlib INTERFACE)
add_library(lstmlib::lstmlib ALIAS lstmlib)
target_compile_features(lstmlib INTERFACE cxx_std_20)
target_include_directories(lstmlib INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                             $<INSTALL_INTERFACE:include>)
target_link_libraries(lstmlib INTERFACE ZLIB::ZLIB nlohmann_json::nlohmann_json Threads::Threads)
# SYSTEM: Eigen warns in a user's strict build otherwise.
target_include_directories(lstmlib SYSTEM INTERFACE
  $<BUILD_INTERFACE:$<TARGET_PROPERTY:Eigen3::Eigen,INTERFACE_INCLUDE_DIRECTORIES>>)

# For programs of several files: they include lstmlib/core.hpp, and this library holds the CPU's kernels once.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/cpu.cpp CONTENT "#include <lstmlib/backend/cpu/entry.hpp>\n")
add_library(lstmlib_cpu STATIC ${PROJECT_BINARY_DIR}/generated/cpu.cpp)
add_library(lstmlib::cpu ALIAS lstmlib_cpu)
set_target_properties(lstmlib_cpu PROPERTIES EXPORT_NAME cpu POSITION_INDEPENDENT_CODE ON)
target_link_libraries(lstmlib_cpu PUBLIC lstmlib)

# Plots of training runs; optional.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(LSTMLIB_CAIRO QUIET IMPORTED_TARGET GLOBAL cairo)
endif()
if(LSTMLIB_CAIRO_FOUND)
  add_library(lstmlib_plot INTERFACE)
  add_library(lstmlib::plot ALIAS lstmlib_plot)
  set_target_properties(lstmlib_plot PROPERTIES EXPORT_NAME plot)
  target_link_libraries(lstmlib_plot INTERFACE lstmlib PkgConfig::LSTMLIB_CAIRO)
endif()

# Models over HTTP, compiled once; optional.
find_package(Boost 1.74 QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(LSTMLIB_PROMETHEUS QUIET IMPORTED_TARGET GLOBAL prometheus-cpp-core)
endif()
if(Boost_FOUND AND LSTMLIB_PROMETHEUS_FOUND)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/serve.cpp CONTENT "#include <lstmlib/serve/entry.hpp>\n")
  add_library(lstmlib_serve STATIC ${PROJECT_BINARY_DIR}/generated/serve.cpp)
  add_library(lstmlib::serve ALIAS lstmlib_serve)
  set_target_properties(lstmlib_serve PROPERTIES EXPORT_NAME serve POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(lstmlib_serve PUBLIC lstmlib_cpu PRIVATE Boost::headers PkgConfig::LSTMLIB_PROMETHEUS)
endif()

# Training on several processes; optional.
set(MPI_CXX_SKIP_MPICXX ON)
find_package(MPI 3.0 QUIET COMPONENTS CXX)
if(MPI_CXX_FOUND)
  add_library(lstmlib_mpi INTERFACE)
  add_library(lstmlib::mpi ALIAS lstmlib_mpi)
  set_target_properties(lstmlib_mpi PROPERTIES EXPORT_NAME mpi)
  target_link_libraries(lstmlib_mpi INTERFACE lstmlib MPI::MPI_CXX)
endif()
