// SPDX-License-Identifier: MIT
#pragma once
// All functions that headers only declare for programs that link lstmlib::cpu; see base/linkage.hpp.
// backend/cpu/entry.hpp includes it, in one file of a program.

#include "lstmlib/optim/adam.inl"
#include "lstmlib/optim/adaptive.inl"
#include "lstmlib/optim/optimizer.inl"
#include "lstmlib/optim/parameter_list.inl"
#include "lstmlib/optim/schedule.inl"
#include "lstmlib/optim/sgd.inl"
#include "lstmlib/optim/weight_average.inl"
