# What our own code is compiled with; never part of a target that users link.

add_library(lstmlib_strict INTERFACE)
target_compile_options(lstmlib_strict INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 takes `"text" + std::string` for an overlapping copy where it optimises: its bug 105651.
  target_compile_options(lstmlib_strict INTERFACE -Wno-restrict)
endif()
if(LSTMLIB_SANITIZE)
  target_compile_options(lstmlib_strict INTERFACE -fsanitize=${LSTMLIB_SANITIZE} -fno-sanitize-recover=all
                                                  -fno-omit-frame-pointer)
  target_link_options(lstmlib_strict INTERFACE -fsanitize=${LSTMLIB_SANITIZE})
  # Sanitized code takes three times as long to optimise as not to; only for the kernels is that worth while.
  # Without debug information there: clang 14 spends minutes on it in these large functions.
  if(TARGET lstmlib_cpu)
    target_compile_options(lstmlib_cpu PRIVATE $<$<CONFIG:Debug>:-O1> $<$<CONFIG:Debug>:-g0>)
  endif()
endif()
foreach(target lstmlib_cpu lstmlib_serve)
  if(TARGET ${target} AND PROJECT_IS_TOP_LEVEL)  # users' compilers may warn of what ours do not
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:lstmlib_strict>)
  endif()
endforeach()

# What most of our own files include. Without LSTMLIB_PRECOMPILE it does nothing.
function(lstmlib_precompile target)
  if(LSTMLIB_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE <lstmlib/core.hpp> <lstmlib/serialization/archive.hpp> <lstmlib/train/trainer.hpp>
                                                <nlohmann/json.hpp> ${ARGN})
  endif()
endfunction()
