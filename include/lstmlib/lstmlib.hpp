// SPDX-License-Identifier: MIT
#pragma once
// Tensors, automatic differentiation, layers, optimizers, files and datasets, with the CPU kernels. Optional
// parts have their own headers: train.hpp, serve.hpp, plot.hpp, cuda.hpp, mpi.hpp, nccl.hpp and eigen.hpp.

#include "lstmlib/core.hpp"

#ifndef LSTMLIB_CPU_LINKED  // lstmlib::cpu already contains the compiled kernels
#include "lstmlib/backend/cpu/backend.hpp"
#endif

#include "lstmlib/io/npy.hpp"
#include "lstmlib/io/npz.hpp"
#include "lstmlib/serialization/archive.hpp"

#include "lstmlib/data/chunks.hpp"
#include "lstmlib/data/dataset.hpp"
#include "lstmlib/data/iterator.hpp"
#include "lstmlib/data/prefetch.hpp"
#include "lstmlib/data/ragged_dataset.hpp"
#include "lstmlib/data/sequences.hpp"
#include "lstmlib/data/windows.hpp"
