// SPDX-License-Identifier: MIT
#pragma once
// The processes that run these tests together.

#include "lstmlib/mpi.hpp"
#include "support.hpp"

namespace lstmlib::test {

distributed::Communicator*& processes();

}  // namespace lstmlib::test
