// SPDX-License-Identifier: MIT
#pragma once
// Tensors, automatic differentiation, layers, optimizers, files and data sets, with the kernels of the CPU. Parts that
// not every program needs have headers of their own: train.hpp, serve.hpp, plot.hpp, cuda.hpp, mpi.hpp, nccl.hpp, eigen.hpp.

#include "lstmlib/core.hpp"

#ifndef LSTMLIB_CPU_LINKED  // who links lstmlib::cpu has the kernels there
#include "lstmlib/backend/cpu/backend.hpp"
#endif

#include "lstmlib/io/npy.hpp"
#include "lstmlib/io/npz.hpp"
#include "lstmlib/serialization/archive.hpp"

#include "lstmlib/data/dataset.hpp"
#include "lstmlib/data/iterator.hpp"
#include "lstmlib/data/prefetch.hpp"
#include "lstmlib/data/sequences.hpp"
