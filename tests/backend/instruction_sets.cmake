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

# The kernels of AVX-512, AVX512_BF16 and AMX on any machine with AVX2: backend/model stands for what those
# instructions do, and of the library's headers the two that look at the processor are the same but for that. Layouts, masks and
# loops are those of the library; how the instructions themselves round is what Intel's manual says. It takes minutes to compile.
option(LSTMLIB_MODEL_INSTRUCTION_SETS "Test the kernels of AVX-512 and AMX on a model of their instructions" OFF)
if(LSTMLIB_MODEL_INSTRUCTION_SETS AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(model ${PROJECT_BINARY_DIR}/instruction_set_model)
  set(cpu ${PROJECT_SOURCE_DIR}/include/lstmlib/backend/cpu)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${cpu}/isa.hpp ${cpu}/kernel_sets.hpp)
  # lstmlib_model_of(HEADER REGEX REPLACEMENT): fails where there is nothing to replace.
  function(lstmlib_model_of header regex replacement)
    file(READ ${cpu}/${header} text)
    string(REGEX REPLACE "${regex}" "${replacement}" changed "${text}")
    if(changed STREQUAL text)
      message(FATAL_ERROR "the model of instruction sets finds nothing to replace in ${header}")
    endif()
    file(CONFIGURE OUTPUT ${model}/lstmlib/backend/cpu/${header} CONTENT "${changed}" @ONLY)
  endfunction()
  lstmlib_model_of(kernel_sets.hpp "\"avx2,fma,avx512[a-z0-9,-]*\"" "\"avx2,fma\"")
  lstmlib_model_of(isa.hpp "(inline bool machine_has\\(InstructionSet set\\) {)"
                   "\\1\n  if (set > InstructionSet::avx2) return machine_has(InstructionSet::avx2);  // see the model")
  set(modelled backend/low_precision backend/recurrent nn/inference nn/inference_int8)
  add_executable(test_model backend/model/kernels.cpp backend/recurrent_test.cpp nn/inference_test.cpp nn/inference_int8_test.cpp)
  set_target_properties(test_model PROPERTIES UNITY_BUILD OFF)
  target_include_directories(test_model BEFORE PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/backend/model ${model})
  target_compile_options(test_model PRIVATE -Wno-psabi $<$<CONFIG:Debug>:-O1>)  # vectors of 64 bytes without registers for them
  target_link_libraries(test_model PRIVATE lstmlib_test_main lstmlib)
  foreach(case IN LISTS modelled)
    string(REPLACE "/" "_" short ${case})
    add_test(NAME model/${short} COMMAND test_model --source-file=*/${case}_test.cpp)
    set_tests_properties(model/${short} PROPERTIES LABELS slow TIMEOUT 1800 SKIP_RETURN_CODE 77 ENVIRONMENT LSTMLIB_OFFLINE=1)
  endforeach()
endif()
