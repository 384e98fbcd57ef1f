# lstmlib::cuda: the CUDA part, compiled once; optional. nvcc is called as a tool and is not a language of the project, so
# that a user's project can link the library without enabling CUDA.

if(NOT lstmlib_with_cuda)
  return()
endif()

# Only the fastest recurrent layers need a certain architecture, 90a. Any other GPU runs the code of an older one.
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 75 80 86 89 90a 100)
endif()
set(cuda_flags -std=c++20 -I${PROJECT_SOURCE_DIR}/include -Xcompiler=-fPIC,-fvisibility=hidden
               "$<IF:$<CONFIG:Debug>,-g,-O2>")
if(LSTMLIB_ABI)
  list(APPEND cuda_flags -DLSTMLIB_ABI=${LSTMLIB_ABI})
endif()
foreach(architecture IN LISTS CMAKE_CUDA_ARCHITECTURES)
  # As in CMake: 90 is code for this architecture and for later ones; 90-real and 90-virtual are only one of the two.
  string(REGEX REPLACE "-.*" "" number ${architecture})
  if(NOT architecture MATCHES "-virtual$")
    list(APPEND cuda_flags -gencode=arch=compute_${number},code=sm_${number})
  endif()
  if(NOT architecture MATCHES "-real$")
    list(APPEND cuda_flags -gencode=arch=compute_${number},code=compute_${number})
  endif()
endforeach()
if(CMAKE_CUDA_HOST_COMPILER)
  list(APPEND cuda_flags -ccbin=${CMAKE_CUDA_HOST_COMPILER})
endif()
if(PROJECT_IS_TOP_LEVEL)
  list(APPEND cuda_flags -Werror=all-warnings -Xcompiler=-Wall,-Wextra,-Wshadow,-Wconversion,-Werror)
endif()

set(cuda_objects "")
# lstmlib_cuda_part(NAME CONTENT): a file of its own, so that a change does not recompile everything
function(lstmlib_cuda_part name content)
  set(source ${PROJECT_BINARY_DIR}/generated/cuda/${name}.cu)
  set(object ${PROJECT_BINARY_DIR}/generated/cuda/${name}.o)
  file(CONFIGURE OUTPUT ${source} CONTENT "${content}" @ONLY)
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${CUDAToolkit_NVCC_EXECUTABLE} ${cuda_flags} -MD -MF ${object}.d -MT ${object} -c ${source} -o ${object}
    DEPENDS ${source}
    DEPFILE ${object}.d
    COMMENT "Compiling the CUDA part ${name}"
    VERBATIM)
  set(cuda_objects ${cuda_objects} ${object} PARENT_SCOPE)
endfunction()

lstmlib_cuda_part(install "#include <lstmlib/backend/cuda/install.hpp>\n")
lstmlib_cuda_part(nccl "#include <lstmlib/distributed/nccl/communicator.cuh>\n")
lstmlib_cuda_part(clusters "#include <lstmlib/backend/cuda/recurrent/clusters.cuh>\n")
foreach(group Array Loss Nn Recurrent Tensor Update)
  string(TOLOWER ${group} file)
  foreach(type float double)
    lstmlib_cuda_part(${file}_${type} "#include <lstmlib/backend/cuda/${file}.cuh>
template std::unique_ptr<lstmlib::${group}Kernels<${type}>> lstmlib::cuda::make_${file}_kernels<${type}>(Context&);
")
  endforeach()
endforeach()

set_source_files_properties(${cuda_objects} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
lstmlib_compiled_library(lstmlib_cuda ${cuda_objects})
add_library(lstmlib::cuda ALIAS lstmlib_cuda)
set_target_properties(lstmlib_cuda PROPERTIES EXPORT_NAME cuda LINKER_LANGUAGE CXX)
target_compile_definitions(lstmlib_cuda INTERFACE LSTMLIB_HAS_CUDA=1)
target_link_libraries(lstmlib_cuda PUBLIC lstmlib INTERFACE CUDA::cudart_static CUDA::cublas ${CMAKE_DL_LIBS})
