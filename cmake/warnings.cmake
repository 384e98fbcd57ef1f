# Compiler options of our own code. They are never part of a target that users link.

add_library(lstmlib_strict INTERFACE)
target_compile_options(lstmlib_strict INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # With optimisation, GCC 12 mistakes `"text" + std::string` for an overlapping copy (its bug 105651).
  target_compile_options(lstmlib_strict INTERFACE -Wno-restrict)
endif()
if(LSTMLIB_SANITIZE)
  target_compile_options(lstmlib_strict INTERFACE -fsanitize=${LSTMLIB_SANITIZE} -fno-sanitize-recover=all
                                                  -fno-omit-frame-pointer)
  target_link_options(lstmlib_strict INTERFACE -fsanitize=${LSTMLIB_SANITIZE})
  # Sanitized code takes three times as long to compile with optimisation; that pays off only for the kernels.
  # Without debug information there: clang 14 spends minutes on it in these large functions.
  if(TARGET lstmlib_cpu)
    target_compile_options(lstmlib_cpu PRIVATE $<$<CONFIG:Debug>:-O1> $<$<CONFIG:Debug>:-g0>)
  endif()
endif()
foreach(target lstmlib_cpu lstmlib_serve)
  if(TARGET ${target} AND PROJECT_IS_TOP_LEVEL)  # users' compilers may have other warnings than ours
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:lstmlib_strict>)
  endif()
endforeach()

# Precompiles the headers that most of our own files include. Does nothing without LSTMLIB_PRECOMPILE.
function(lstmlib_precompile target)
  if(LSTMLIB_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE <lstmlib/core.hpp> <lstmlib/serialization/archive.hpp> <lstmlib/train/trainer.hpp>
                                                <nlohmann/json.hpp> ${ARGN})
  endif()
endfunction()
