// SPDX-License-Identifier: MIT
#pragma once
// Tensors, automatic differentiation, layers and optimizers, without kernels. For programs of several source
// files: link lstmlib::cpu, or include lstmlib/backend/cpu/entry.hpp in exactly one file.

#include "lstmlib/version.hpp"

#include "lstmlib/base/dtype.hpp"
#include "lstmlib/base/error.hpp"
#include "lstmlib/base/precision.hpp"
#include "lstmlib/base/shape.hpp"

#include "lstmlib/backend/registry.hpp"

#include "lstmlib/tensor/random.hpp"
#include "lstmlib/tensor/ragged.hpp"
#include "lstmlib/tensor/tensor.hpp"

#include "lstmlib/autograd/backward.hpp"
#include "lstmlib/autograd/check_gradient.hpp"
#include "lstmlib/autograd/mode.hpp"

#include "lstmlib/ops/activation.hpp"
#include "lstmlib/ops/arithmetic.hpp"
#include "lstmlib/ops/convolution.hpp"
#include "lstmlib/ops/dropout.hpp"
#include "lstmlib/ops/elementwise.hpp"
#include "lstmlib/ops/embedding.hpp"
#include "lstmlib/ops/linear.hpp"
#include "lstmlib/ops/loss.hpp"
#include "lstmlib/ops/losses/ctc.hpp"
#include "lstmlib/ops/losses/elementwise.hpp"
#include "lstmlib/ops/measures.hpp"
#include "lstmlib/ops/padding.hpp"
#include "lstmlib/ops/recurrent.hpp"
#include "lstmlib/ops/reduce.hpp"
#include "lstmlib/ops/shape.hpp"
#include "lstmlib/ops/softmax.hpp"

#include "lstmlib/nn/convolution.hpp"
#include "lstmlib/nn/dropout.hpp"
#include "lstmlib/nn/embedding.hpp"
#include "lstmlib/nn/inference.hpp"
#include "lstmlib/nn/initial_state.hpp"
#include "lstmlib/nn/initializer.hpp"
#include "lstmlib/nn/linear.hpp"
#include "lstmlib/nn/recurrent.hpp"

#include "lstmlib/optim/adam.hpp"
#include "lstmlib/optim/adaptive.hpp"
#include "lstmlib/optim/schedule.hpp"
#include "lstmlib/optim/sgd.hpp"
#include "lstmlib/optim/weight_average.hpp"
