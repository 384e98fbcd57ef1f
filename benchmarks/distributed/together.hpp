// SPDX-License-Identifier: MIT
#pragma once
// What all parts need that measure processes together.

#include "side.hpp"

#include <lstmlib/mpi.hpp>

#include <chrono>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

namespace side {

using namespace lstmlib;

/// As serve_rounds, in all processes: the first reads the lines; the others, whose cores are somebody else's
/// meanwhile, sleep until it tells them.
inline int serve_together(distributed::Communicator& all, const std::function<void()>& round) {
  constexpr int tag = 1;
  const auto tell = [&](int go) {
    for (int other = 1; other < all.size(); ++other) MPI_Send(&go, 1, MPI_INT, other, tag, MPI_COMM_WORLD);
  };
  if (all.is_main_process()) {
    const int status = serve_rounds([&] {
      tell(1);
      round();
    });
    tell(0);
    return status;
  }
  for (;;) {
    int there = 0, go = 0;
    while (MPI_Iprobe(0, tag, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE), !there)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    MPI_Recv(&go, 1, MPI_INT, 0, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (!go) return 0;
    round();
  }
}

/// Over the processes. Collective.
inline double mean_of_all(distributed::Communicator& all, double value) {
  auto sum = Tensor<double>::from(std::vector{value}, {1});
  all.all_reduce(sum);
  return sum.item() / all.size();
}

/// Bytes that a network device of this process's network sent so far.
inline double sent_bytes(const std::string& device) {
  std::ifstream file("/proc/self/net/dev");
  for (std::string word; file >> word;)
    if (word == device + ':') {
      double number = 0;
      for (int i = 0; i < 9; ++i) file >> number;  // eight numbers of what it received come first
      return number;
    }
  throw std::runtime_error("no network device " + device);
}

}  // namespace side
