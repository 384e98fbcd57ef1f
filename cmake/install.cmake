# The install target, and what find_package(lstmlib) needs.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/lstmlib)
set(targets lstmlib lstmlib_cpu)
if(TARGET lstmlib_plot)
  list(APPEND targets lstmlib_plot)
endif()
if(TARGET lstmlib_serve)
  list(APPEND targets lstmlib_serve)
endif()
if(TARGET lstmlib_mpi)
  list(APPEND targets lstmlib_mpi)
endif()
if(TARGET lstmlib_cuda)
  list(APPEND targets lstmlib_cuda)
endif()
install(DIRECTORY include/lstmlib DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS ${targets} EXPORT lstmlib-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT lstmlib-targets NAMESPACE lstmlib:: DESTINATION ${config_dir})
configure_package_config_file(cmake/lstmlib-config.cmake.in ${PROJECT_BINARY_DIR}/lstmlib-config.cmake
                              INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/lstmlib-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/lstmlib-config.cmake ${PROJECT_BINARY_DIR}/lstmlib-config-version.cmake
        DESTINATION ${config_dir})

# For builds without CMake: the headers and lstmlib::cpu.
file(RELATIVE_PATH lstmlib_prefix /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p)
set(lstmlib_abi_flag "")
if(LSTMLIB_ABI)
  set(lstmlib_abi_flag -DLSTMLIB_ABI=${LSTMLIB_ABI})
endif()
configure_file(cmake/lstmlib.pc.in ${PROJECT_BINARY_DIR}/lstmlib.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/lstmlib.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
