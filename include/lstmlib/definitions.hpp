// SPDX-License-Identifier: MIT
#pragma once
// All functions that headers only declare for programs that link lstmlib::cpu; see base/linkage.hpp. Include it,
// or backend/cpu/entry.hpp with the kernels, in one file of a program.

#ifndef LSTMLIB_CPU_LINKED
#define LSTMLIB_CPU_LINKED  // so that they are no inline functions, which the compiler would leave out
#endif

#include "lstmlib/base/option.inl"
#include "lstmlib/backend/registry.inl"
#include "lstmlib/backend/sequence_layout.inl"
#include "lstmlib/tensor/create.inl"
#include "lstmlib/tensor/device.inl"
#include "lstmlib/tensor/print.inl"
#include "lstmlib/tensor/ragged.inl"
#include "lstmlib/autograd/backward.inl"
#include "lstmlib/autograd/variable.inl"
#include "lstmlib/ops/axes.inl"
#include "lstmlib/ops/broadcast.inl"
#include "lstmlib/ops/check.inl"
#include "lstmlib/ops/convolution.inl"
#include "lstmlib/ops/measures.inl"
#include "lstmlib/ops/padding.inl"
#include "lstmlib/ops/permute.inl"
#include "lstmlib/nn/inference.inl"
#include "lstmlib/nn/member_visitor.inl"
#include "lstmlib/nn/module.inl"
#include "lstmlib/nn/named_parameter.inl"
#include "lstmlib/optim/adam.inl"
#include "lstmlib/optim/adaptive.inl"
#include "lstmlib/optim/optimizer.inl"
#include "lstmlib/optim/parameter_list.inl"
#include "lstmlib/optim/schedule.inl"
#include "lstmlib/optim/sgd.inl"
#include "lstmlib/optim/weight_average.inl"
#include "lstmlib/io/array.inl"
#include "lstmlib/io/array_dtype.inl"
#include "lstmlib/io/file.inl"
#include "lstmlib/io/npy.inl"
#include "lstmlib/io/npz.inl"
#include "lstmlib/io/source.inl"
#include "lstmlib/io/utf8.inl"
#include "lstmlib/io/value.inl"
#include "lstmlib/serialization/archive.inl"
#include "lstmlib/data/order.inl"
#include "lstmlib/data/shard.inl"
