// SPDX-License-Identifier: MIT
#pragma once
// This process as one of several that mpirun started.

#include <optional>

namespace sentiment::launch {

/// Its number and the number of all; the same among those of its host.
struct Rank {
  int rank = 0, size = 1;
  int local_rank = 0, local_size = 1;
};

/// Nothing where mpirun did not start this process. Throws Error where its variables (OMPI_COMM_WORLD_...)
/// make no sense.
std::optional<Rank> rank_from_environment();

/// From here on SIGUSR1, the signal of those that end programs which mpirun forwards, acts as the first
/// SIGTERM does; more of them do nothing. mpirun itself answers SIGTERM by killing its processes a second
/// later, which is too soon to write a snapshot.
void take_user_signal_for_a_stop();

/// Whether such a signal came. A process that it stopped ends with 0: mpirun would kill the others for any
/// other status.
bool stopped_by_user_signal();

}  // namespace sentiment::launch
