# The install target: headers, compiled parts, files for find_package(lstmlib) and pkg-config, the licence, the program.
# Two components: dev (all of the library) and sentiment (the program).

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/lstmlib)
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# Missing compiled parts are built first, so `cmake -S . -B build && cmake --install build` is enough.
# lstmlib_build_before_install(TARGET COMPONENT)
function(lstmlib_build_before_install target component)
  install(CODE "
    if(NOT EXISTS \"$<TARGET_FILE:${target}>\")
      message(STATUS \"Building ${target}\")
      execute_process(COMMAND \"${CMAKE_COMMAND}\" --build \"${CMAKE_BINARY_DIR}\" --target ${target} --config $<CONFIG>
                      COMMAND_ERROR_IS_FATAL ANY)
    endif()" COMPONENT ${component})
endfunction()

# A file of exported targets for each part; a user's project reads those that it requests.
install(TARGETS lstmlib EXPORT lstmlib-targets FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
install(EXPORT lstmlib-targets NAMESPACE lstmlib:: DESTINATION ${config_dir} COMPONENT dev)
set(installed_parts "")
foreach(part cpu plot serve mpi cuda)
  if(NOT TARGET lstmlib_${part})
    continue()
  endif()
  list(APPEND installed_parts ${part})
  get_target_property(type lstmlib_${part} TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    lstmlib_build_before_install(lstmlib_${part} dev)
  endif()
  install(TARGETS lstmlib_${part} EXPORT lstmlib-${part}-targets
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
  install(EXPORT lstmlib-${part}-targets NAMESPACE lstmlib:: DESTINATION ${config_dir} COMPONENT dev)
endforeach()
list(JOIN installed_parts " " installed_parts_words)
configure_package_config_file(cmake/lstmlib-config.cmake.in ${PROJECT_BINARY_DIR}/lstmlib-config.cmake
                              INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/lstmlib-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/lstmlib-config.cmake ${PROJECT_BINARY_DIR}/lstmlib-config-version.cmake
        DESTINATION ${config_dir} COMPONENT dev)

# For builds without CMake: lstmlib (the headers, and lstmlib::cpu if it is compiled), lstmlib-plot, lstmlib-serve.
# MPI has its own compiler, mpicxx, which knows its flags.
file(RELATIVE_PATH lstmlib_prefix /p/${pkgconfig_dir} /p)
# lstmlib_pkg_config(NAME DESCRIPTION REQUIRES FLAGS LIBRARIES)
function(lstmlib_pkg_config name description requires flags libraries)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/lstmlib.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${pkgconfig_dir} COMPONENT dev)
endfunction()
set(abi_flag "")
if(LSTMLIB_ABI)
  set(abi_flag " -DLSTMLIB_ABI=${LSTMLIB_ABI}")
endif()
set(cpu_library "")
set(cpu_flag "")
if(TARGET lstmlib_cpu)
  set(cpu_library "-llstmlib_cpu ")
  set(cpu_flag " -DLSTMLIB_CPU_LINKED")
endif()
lstmlib_pkg_config(lstmlib "${PROJECT_DESCRIPTION}" "eigen3 nlohmann_json zlib" "-pthread${abi_flag}${cpu_flag}" "${cpu_library}-pthread")
if(TARGET lstmlib_plot)
  lstmlib_pkg_config(lstmlib-plot "lstmlib: plots of training runs" "lstmlib cairo" "" "")
endif()
if(TARGET lstmlib_serve)
  lstmlib_pkg_config(lstmlib-serve "lstmlib: models over HTTP" "lstmlib prometheus-cpp-core" "" "-llstmlib_serve")
endif()

# Where Debian looks for the licence.
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/lstmlib-dev RENAME copyright COMPONENT dev)
if(TARGET sentiment)
  lstmlib_build_before_install(sentiment sentiment)
  install(TARGETS sentiment RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT sentiment)
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/sentiment RENAME copyright COMPONENT sentiment)
endif()
