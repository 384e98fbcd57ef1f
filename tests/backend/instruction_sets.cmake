# Tests of the choice among instruction sets: by the environment, and in what the compiler made.

# What computes, once more by the kernels that every processor has. backend/recurrent runs by all of them anyway, which
# takes long with sanitizers.
set(cases backend/recurrent ops/gradients ops/reference)
if(LSTMLIB_SANITIZE)
  list(REMOVE_ITEM cases backend/recurrent)
endif()
foreach(case IN LISTS cases)
  string(REGEX REPLACE "/.*" "" folder ${case})
  if(TARGET test_${folder})
    add_test(NAME ${case}/baseline COMMAND test_${folder} --source-file=*/${case}_test.cpp)
    set_tests_properties(${case}/baseline PROPERTIES ENVIRONMENT "LSTMLIB_OFFLINE=1;LSTMLIB_ISA=baseline" TIMEOUT 300)
  endif()
endforeach()

add_test(NAME backend/unknown_instruction_set COMMAND test_backend --source-file=*/backend/recurrent_test.cpp)
set_tests_properties(backend/unknown_instruction_set PROPERTIES ENVIRONMENT LSTMLIB_ISA=fast
  PASS_REGULAR_EXPRESSION "unknown instruction set \"fast\", expected baseline, avx2, avx512, avx512_bf16 or amx")

if(NOT LSTMLIB_SANITIZE)  # what is sanitized goes to no older processor
  add_test(NAME package/symbols COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/package/symbols_test.sh $<TARGET_FILE:lstmlib_cpu>)
  set_tests_properties(package/symbols PROPERTIES SKIP_RETURN_CODE 77)
endif()
