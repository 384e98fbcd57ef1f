// SPDX-License-Identifier: MIT
#pragma once
// What a test can ask of the execution model: an order of threads, a fault in a kernel, how products round.

#include "lstmlib/version.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda::model {

/// What a kernel did wrong: the rule, kernel, block, thread and byte. Thrown where the host waits for the
/// stream.
struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// In which order threads run and asynchronous stores arrive. Results must not depend on it.
struct Schedule {
  enum class Order : std::uint8_t {
    fair,      ///< first come, first served; stores arrive at once
    reversed,  ///< last come, first served; stores arrive when nothing else can happen, the last one first
    random,    ///< drawn from `seed`; so are the arrivals
    starve     ///< as fair, but the block of rank `block` in each cluster runs when nothing else can
  };
  Order order = Order::fair;
  std::uint64_t seed = 0;
  int block = 0;

  static Schedule fair() { return {}; }
  static Schedule reversed() { return {Order::reversed, 0, 0}; }
  static Schedule random(std::uint64_t seed) { return {Order::random, seed, 0}; }
  static Schedule starve(int block) { return {Order::starve, 0, block}; }

  std::string name() const {
    switch (order) {
      case Order::fair: return "fair";
      case Order::reversed: return "reversed";
      case Order::random: return "random " + std::to_string(seed);
      case Order::starve: return "starve " + std::to_string(block);
    }
    return "";
  }
};

/// Fair, reversed, each of the first `blocks` ranks of a cluster starved, and `seeds` random ones.
inline std::vector<Schedule> schedules(int blocks, int seeds) {
  std::vector<Schedule> all = {Schedule::fair(), Schedule::reversed()};
  for (int block = 0; block < blocks; ++block) all.push_back(Schedule::starve(block));
  for (int seed = 1; seed <= seeds; ++seed) all.push_back(Schedule::random(static_cast<std::uint64_t>(seed)));
  return all;
}

/// The words that a test can leave out of a kernel to see that the fault is noticed.
enum class Word : std::uint8_t {
  sync_block,
  sync_warp,
  cluster_barrier,  ///< arrival and wait
  barrier_init,
  barrier_fence,
  arrive_expect,
  barrier_wait,
  none
};

/// Leaves out the `call`-th call of `word`, counted from 0 in each thread, in the blocks of rank `block` of
/// their cluster; -1: in all.
struct Skip {
  Word word = Word::none;
  int call = 0;
  int block = -1;
};

struct Options {
  Schedule schedule = {};
  Skip skip = {};
  /// Follows every word of shared memory, and reports races: see shadow.hpp.
  bool check = true;
  /// Sums the products of mma exactly and cuts the sum towards zero, as tensor cores do, instead of rounding
  /// each.
  bool truncate_products = false;
};

/// Those of all launches from now on.
inline Options& options() {
  static Options chosen;
  return chosen;
}

/// Options for a scope: `const With with({.schedule = Schedule::random(3)});`
class With {
 public:
  explicit With(const Options& chosen) : before_(options()) { options() = chosen; }
  ~With() { options() = before_; }
  With(const With&) = delete;
  With& operator=(const With&) = delete;

 private:
  Options before_;
};

/// What launches did, since the program began or a test set it to {}.
struct Statistics {
  std::uint64_t launches = 0, blocks = 0, threads = 0;
  std::uint64_t switches = 0;  ///< from thread to thread
  std::uint64_t products = 0;  ///< mma of a warp
  std::uint64_t shared_accesses = 0, asynchronous_stores = 0;
};
inline Statistics& statistics() {
  static Statistics counted;
  return counted;
}

}  // namespace lstmlib::cuda::model
