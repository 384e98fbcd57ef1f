// SPDX-License-Identifier: MIT
#pragma once
// Recurrent cells of a program's own, at the speed of the built-in ones. docs/add_a_cell.md is the guide.

#include "lstmlib/nn/cells.hpp"
#include "lstmlib/nn/step_layers.hpp"
