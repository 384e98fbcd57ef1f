// SPDX-License-Identifier: MIT
#pragma once
// The barriers of a block, of a cluster and of transactions, and the end of threads, which barriers do not
// wait for.

#include "lstmlib/version.hpp"

#include "shadow.hpp"

#include <string>

namespace lstmlib::inline LSTMLIB_ABI::cuda::model {

/// Everything that threads of the block know becomes known to all of them, and so does the epoch's end.
inline void end_epoch(Block& block) {
  Knowledge knows;
  Phases seen;
  std::uint32_t epoch = 0;
  for (const Thread& thread : block.threads) {
    if (thread.ended) continue;
    epoch = (std::max)(epoch, thread.epoch + 1);
    knows.add(thread.knows);
    seen.add(thread.seen);
  }
  knows[block.rank] = epoch;
  for (Thread& thread : block.threads) {
    if (thread.ended) continue;
    thread.epoch = epoch;
    thread.knows = knows;
    thread.seen = seen;
  }
}

/// All that live have come to sync_block: all but `last` go on.
inline void open_block(Block& block, const Thread* last) {
  block.come = 0;
  end_epoch(block);
  for (Thread* thread : block.waiting)
    if (thread != last) machine.wake(*thread);
  block.waiting.clear();
}

inline void sync_block() {
  if (machine.skips(Word::sync_block)) return;
  Thread& thread = *machine.current;
  Block& block = *thread.block;
  if (thread.warp->come > 0)
    machine.fault("comes to sync_block while lanes of its warp wait for it elsewhere");
  if (++block.come == block.live) {
    open_block(block, &thread);
  } else {
    block.waiting.push_back(&thread);
    machine.wait("sync_block");
  }
}

inline void open_cluster() {
  machine.cluster_arrivals = 0;
  ++machine.cluster_rounds;
  for (const Block& block : machine.blocks) {
    std::uint32_t over = 0xffffffffu;
    for (const Thread& thread : block.threads) {
      if (thread.ended) continue;
      over = (std::min)(over, thread.epoch);
      machine.cluster_gives.add(thread.knows);
    }
    if (over != 0xffffffffu)
      machine.cluster_gives[block.rank] = (std::max)(machine.cluster_gives[block.rank], over);
  }
  for (Thread* thread : machine.cluster_waiting) machine.wake(*thread);
  machine.cluster_waiting.clear();
}

inline void cluster_arrive() {
  if (options().skip.word == Word::cluster_barrier) {
    const int before = machine.current->calls[static_cast<std::size_t>(Word::cluster_barrier)];
    if (machine.skips(Word::cluster_barrier)) {
      machine.current->calls[static_cast<std::size_t>(Word::cluster_barrier)] = before;  // the wait counts
      return;
    }
    machine.current->calls[static_cast<std::size_t>(Word::cluster_barrier)] = before;
  }
  Thread& thread = *machine.current;
  if (thread.arrived) machine.fault("arrives twice at the cluster barrier without waiting");
  thread.arrived = true;
  thread.arrived_round = machine.cluster_rounds;
  ++thread.epoch;  // what comes between arrival and wait is not ordered by this round
  if (++machine.cluster_arrivals == machine.live) open_cluster();
}

inline void cluster_wait() {
  if (machine.skips(Word::cluster_barrier)) return;
  Thread& thread = *machine.current;
  if (!thread.arrived) machine.fault("waits for the cluster barrier without arriving");
  if (thread.arrived_round == machine.cluster_rounds) {
    machine.cluster_waiting.push_back(&thread);
    machine.wait("cluster_wait");
  }
  thread.arrived = false;
  thread.knows.add(machine.cluster_gives);
}

/// The barrier of `block` at `byte`, made and known to be made by the running thread.
inline int find_barrier(const Block& block, std::uint32_t byte) {
  for (std::size_t i = 0; i < block.barriers.size(); ++i) {
    const Barrier& barrier = block.barriers[i];
    if (barrier.byte != byte) continue;
    const bool own = machine.current->block == &block;
    if (options().check && !before(barrier.made, *machine.current))
      machine.fault("uses the barrier at byte " + std::to_string(byte) + " of rank " +
                    std::to_string(block.rank) + ", which may not be made yet");
    if (options().check && !own && !barrier.fenced)
      machine.fault("uses the barrier at byte " + std::to_string(byte) + " of rank " +
                    std::to_string(block.rank) + ", which was made without fence_barrier_init");
    return static_cast<int>(i);
  }
  machine.fault("there is no barrier at byte " + std::to_string(byte) + " of rank " +
                std::to_string(block.rank));
}

inline void init_barrier(std::uint32_t byte, int count) {
  if (machine.skips(Word::barrier_init)) return;
  Thread& thread = *machine.current;
  Block& block = *thread.block;
  if (byte % 8 != 0 || byte + 8 > block.shared_bytes)
    machine.fault("makes a barrier at byte " + std::to_string(byte) +
                  ": not a multiple of 8, or beyond shared memory");
  if (count < 1) machine.fault("makes a barrier for " + std::to_string(count) + " arrivals");
  for (const Barrier& barrier : block.barriers)
    if (barrier.byte == byte) machine.fault("makes the barrier at byte " + std::to_string(byte) + " twice");
  if (block.barriers.size() == max_barriers)
    machine.fault("makes more barriers than the model follows, which is " + std::to_string(max_barriers));
  if (options().check)
    for (std::size_t word = byte / 4; word < byte / 4 + 2; ++word) {
      check_write(block, word);
      block.shadow[word].state = ShadowWord::State::barrier;
      block.shadow[word].writer = stamp_of(thread);
    }
  Barrier barrier;
  barrier.byte = byte;
  barrier.count = barrier.missing = count;
  barrier.made = stamp_of(thread);
  block.barriers.push_back(barrier);
}

inline void fence_barrier_init() {
  if (machine.skips(Word::barrier_fence)) return;
  for (Barrier& barrier : machine.current->block->barriers)
    if (barrier.made.thread == machine.current->index) barrier.fenced = true;
}

inline void end_phase_if_complete(Barrier& barrier) {
  if (barrier.missing != 0 || barrier.bytes != 0) return;
  ++barrier.phase;
  barrier.missing = barrier.count;
  barrier.received = false;
  barrier.gives.add(barrier.collects);
  for (Thread* thread : barrier.waiting) machine.wake(*thread);
  barrier.waiting.clear();
}

inline void arrive_expect(std::uint32_t byte, std::uint32_t bytes) {
  if (machine.skips(Word::arrive_expect)) return;
  Thread& thread = *machine.current;
  Barrier& barrier = thread.block->barriers[static_cast<std::size_t>(find_barrier(*thread.block, byte))];
  if (barrier.missing == 0)
    machine.fault("arrives at the barrier at byte " + std::to_string(byte) +
                  " more often in a phase than its count of " + std::to_string(barrier.count));
  if (bytes > (1u << 20) - 1) machine.fault("expects more bytes than a barrier can count");
  barrier.bytes += bytes;
  --barrier.missing;
  barrier.collects.add(thread.knows);
  end_phase_if_complete(barrier);
}

inline void wait_barrier(std::uint32_t byte, std::uint32_t parity) {
  if (machine.skips(Word::barrier_wait)) return;
  Thread& thread = *machine.current;
  const int index = find_barrier(*thread.block, byte);
  Barrier& barrier = thread.block->barriers[static_cast<std::size_t>(index)];
  while (barrier.phase % 2 == (parity & 1)) {
    barrier.waiting.push_back(&thread);
    machine.wait(waits_at_barrier, byte);
  }
  thread.seen[index] = (std::max)(thread.seen[index], barrier.phase);
  thread.knows.add(barrier.gives);
}

inline void arrive(Execution&, const OnWay& store) {
  Block& block = *store.to;
  std::copy_n(store.value.begin(), store.bytes, block.shared.get() + store.byte);
  Barrier& barrier = block.barriers[static_cast<std::size_t>(store.barrier)];
  if (options().check)
    for (std::size_t word = store.byte / 4; word < (store.byte + store.bytes) / 4; ++word) {
      block.shadow[word].state = ShadowWord::State::arrived;
      block.shadow[word].barrier = static_cast<std::uint8_t>(store.barrier);
      block.shadow[word].phase = barrier.phase;
    }
  barrier.bytes -= store.bytes;
  barrier.received = true;
  barrier.collects.add(store.knows);
  if (barrier.missing == 0 && barrier.bytes < 0)
    machine.fault("more bytes arrive at the barrier at byte " + std::to_string(barrier.byte) + " of rank " +
                  std::to_string(block.rank) + " than its phase expects");
  end_phase_if_complete(barrier);
}

void meet_without(Warp& warp);  // see warp.hpp

/// Nobody may still store to a block that ends: its shared memory goes to another.
inline void check_end_of_block(Block& block) {
  const std::string rank = "rank " + std::to_string(block.rank);
  if (block.on_way > 0) machine.fault(rank + " ends while asynchronous stores to it are on their way");
  for (std::size_t i = 0; i < block.barriers.size(); ++i) {
    const Barrier& barrier = block.barriers[i];
    const std::string at = " at its barrier at byte " + std::to_string(barrier.byte);
    if (barrier.received) machine.fault(rank + " ends in the middle of a phase" + at);
    std::uint32_t seen = 0;
    for (Thread& thread : block.threads) seen = (std::max)(seen, thread.seen[static_cast<int>(i)]);
    for (const ShadowWord& word : block.shadow)
      if (word.state == ShadowWord::State::arrived && word.barrier == i && word.phase >= seen)
        machine.fault(rank + " ends without waiting for what was stored to it" + at);
  }
  if (block.stored_to_remotely && block.remote_round == machine.cluster_rounds)
    machine.fault(rank +
                  " ends while another block may still store to it: no cluster barrier has come since");
}

inline void end_thread(Execution& run) {
  Thread& thread = *run.current;
  Block& block = *thread.block;
  Warp& warp = *thread.warp;
  if (thread.arrived && thread.arrived_round == run.cluster_rounds) --run.cluster_arrivals;
  thread.ended = true;
  --run.live;
  --block.live;
  --warp.live;
  if (options().check && block.live == 0 && run.launch().cluster > 1) check_end_of_block(block);
  if (warp.come > 0 && warp.come == warp.live) meet_without(warp);
  if (block.come > 0 && block.come == block.live) open_block(block, nullptr);
  if (run.cluster_arrivals > 0 && run.cluster_arrivals == run.live) open_cluster();
}

}  // namespace lstmlib::cuda::model
