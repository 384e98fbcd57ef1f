// SPDX-License-Identifier: MIT
#pragma once
// The state of a running cluster: threads, warps, blocks, barriers and stores on their way.

#include "lstmlib/version.hpp"

#include "fibers.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda::model {

inline constexpr int warp_size = 32;
inline constexpr int max_blocks = 16;    ///< of a cluster
inline constexpr int max_barriers = 16;  ///< of a block

/// A vector clock. The accesses of a block fall into epochs, which its barriers end: for each block of the
/// cluster, the number of epochs that are known to be over. Knowledge travels with barriers and with
/// asynchronous stores.
struct Knowledge {
  std::array<std::uint32_t, max_blocks> epochs{};

  std::uint32_t& operator[](int block) { return epochs[static_cast<std::size_t>(block)]; }
  std::uint32_t operator[](int block) const { return epochs[static_cast<std::size_t>(block)]; }
  void add(const Knowledge& other) {
    for (std::size_t i = 0; i < epochs.size(); ++i) epochs[i] = (std::max)(epochs[i], other.epochs[i]);
  }
};

/// How many phases of each barrier of the block are known to be over.
struct Phases {
  std::array<std::uint32_t, max_barriers> over{};

  std::uint32_t& operator[](int barrier) { return over[static_cast<std::size_t>(barrier)]; }
  void add(const Phases& other) {
    for (std::size_t i = 0; i < over.size(); ++i) over[i] = (std::max)(over[i], other.over[i]);
  }
};

struct Block;
struct Warp;

struct Thread {
  int index = 0;
  Block* block = nullptr;
  Warp* warp = nullptr;
  Fiber* fiber = nullptr;
  bool ended = false;
  bool arrived = false;  ///< at the cluster barrier, and has not waited yet
  const char* waits = nullptr;
  std::uint32_t waits_byte = 0;     ///< of the transaction barrier it waits for
  std::uint32_t arrived_round = 0;  ///< of the cluster barrier
  std::uint32_t epoch = 0;          ///< of its accesses
  std::uint32_t warp_epoch = 0;     ///< the same between two sync_warp
  Knowledge knows;
  Phases seen;
  std::array<int, 8> calls{};  ///< of the words that a test can leave out
};

/// Who accessed a word, and when.
struct Stamp {
  std::uint32_t epoch = 0, warp_epoch = 0;
  std::uint16_t thread = 0;
  std::uint8_t block = 0;
};

/// What is known of four bytes of shared memory.
struct ShadowWord {
  enum class State : std::uint8_t {
    empty,    ///< nobody has written it
    written,  ///< by a store, of the block or of another
    on_way,   ///< an asynchronous store is on its way
    arrived,  ///< an asynchronous store has arrived
    barrier   ///< part of a transaction barrier
  };
  enum class Readers : std::uint8_t { none, one, warp, block };
  State state = State::empty;
  Readers readers = Readers::none;  ///< since it was written
  std::uint8_t barrier = 0;         ///< that counts or counted the asynchronous store
  std::uint32_t phase = 0;          ///< of that barrier, in which the store arrived
  Stamp writer, reader;
};

struct Barrier {
  std::uint32_t byte = 0;
  int count = 0, missing = 0;  ///< arrivals of a phase, and those that have not come
  std::int64_t bytes = 0;      ///< expected and not arrived
  std::uint32_t phase = 0;     ///< phases that are over
  bool fenced = false, received = false;
  Stamp made;
  Knowledge collects, gives;  ///< of the phase that runs; of those that are over
  std::vector<Thread*> waiting;
};

/// The shuffles, ballots, products and sync_warp at which the lanes of a warp meet.
enum class Meeting : std::uint8_t { none, sync, shuffle, ballot, product };

struct Warp {
  int live = 0, come = 0;
  Meeting at = Meeting::none;
  bool half_floats = false;  ///< a product of f16, not of bf16
  std::array<Thread*, warp_size> lanes{};
  std::array<std::uint64_t, warp_size> value{}, result{};  ///< of a shuffle or ballot
  std::array<int, warp_size> source{};
  std::array<std::array<std::uint32_t, 6>, warp_size> factors{};
  std::array<std::array<float, 4>, warp_size> sums{};
  std::array<bool, warp_size> here{};
};

struct Block {
  int rank = 0;  ///< in its cluster
  int x = 0, y = 0;
  int live = 0, come = 0;  ///< threads; those at sync_block
  std::uint32_t shared_bytes = 0;
  std::unique_ptr<unsigned char[]> shared;
  std::vector<ShadowWord> shadow;
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  std::vector<Thread*> waiting;  ///< at sync_block
  std::vector<Barrier> barriers;
  int on_way = 0;                  ///< asynchronous stores to this block
  std::uint32_t remote_round = 0;  ///< of the cluster barrier, in which another block last stored here
  bool stored_to_remotely = false;
};

/// An asynchronous store that has not arrived.
struct OnWay {
  Block* to = nullptr;
  int barrier = 0;
  std::uint32_t byte = 0, bytes = 0;
  std::array<unsigned char, 16> value{};
  Knowledge knows;
};

}  // namespace lstmlib::cuda::model
