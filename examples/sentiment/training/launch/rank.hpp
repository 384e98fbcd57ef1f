// SPDX-License-Identifier: MIT
#pragma once
// This process as one of several that mpirun started.

#include <optional>

namespace sentiment::launch {

/// Rank and size; among all processes, and among those of this host.
struct Rank {
  int rank = 0, size = 1;
  int local_rank = 0, local_size = 1;
};

/// Nothing if mpirun did not start this process. Throws Error if its variables (OMPI_COMM_WORLD_...) are
/// invalid.
std::optional<Rank> rank_from_environment();

/// From now on SIGUSR1 acts like the first SIGTERM; further ones do nothing. mpirun forwards SIGUSR1. It
/// reacts to SIGTERM by killing its processes one second later, which is too soon to write a snapshot.
void take_user_signal_for_a_stop();

/// Whether such a signal arrived. A process that it stopped must exit with 0: otherwise mpirun kills the
/// others.
bool stopped_by_user_signal();

}  // namespace sentiment::launch
