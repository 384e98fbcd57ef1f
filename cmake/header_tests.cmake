# Every public header compiles alone: one file each that includes nothing else. Checked for errors and warnings only,
# so no code is generated for them.

file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/include/*.hpp)
if(NOT TARGET lstmlib_plot)
  list(FILTER headers EXCLUDE REGEX "plot")
endif()
set(sources "")
foreach(header IN LISTS headers)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/headers/${header}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "#include <${header}>\n")
  list(APPEND sources ${source})
endforeach()
add_library(lstmlib_header_tests OBJECT ${sources})
target_link_libraries(lstmlib_header_tests PRIVATE lstmlib lstmlib_strict)
if(TARGET lstmlib_plot)
  target_link_libraries(lstmlib_header_tests PRIVATE lstmlib_plot)
endif()
