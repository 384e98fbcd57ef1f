// SPDX-License-Identifier: MIT
#pragma once
// The rules of shared memory. An access must be ordered after those that it can disturb or be disturbed by:
// it is if the accessing thread made them itself, if a sync_warp of its warp lies between, or if their epoch
// is known to be over. What an asynchronous store brought may be read once the phase of its barrier is known
// to be over.

#include "lstmlib/version.hpp"

#include "execution.hpp"

#include <string>

namespace lstmlib::inline LSTMLIB_ABI::cuda::model {

inline Stamp stamp_of(const Thread& thread) {
  return {thread.epoch, thread.warp_epoch, static_cast<std::uint16_t>(thread.index),
          static_cast<std::uint8_t>(thread.block->rank)};
}

/// Whether what has this stamp is ordered before what `thread` does now.
inline bool before(const Stamp& stamp, const Thread& thread) {
  if (stamp.block == thread.block->rank) {
    if (stamp.thread == thread.index) return true;
    if (stamp.thread / warp_size == thread.index / warp_size && stamp.warp_epoch < thread.warp_epoch)
      return true;
  }
  return stamp.epoch < thread.knows[stamp.block];
}

inline std::string text_of(const Block& block, std::size_t word, const Stamp& other) {
  return " at shared byte " + std::to_string(word * 4) + " of rank " + std::to_string(block.rank) +
         "; the other is thread " + std::to_string(other.thread) + " of rank " + std::to_string(other.block);
}

/// The running thread reads a word of its block.
inline void check_read(Block& block, std::size_t index) {
  const Thread& thread = *machine.current;
  ShadowWord& word = block.shadow[index];
  using State = ShadowWord::State;
  switch (word.state) {
    case State::empty:
      machine.fault("reads what nobody has written, at shared byte " + std::to_string(index * 4));
    case State::barrier:
      machine.fault("reads a barrier as data, at shared byte " + std::to_string(index * 4));
    case State::on_way:
      machine.fault("reads where an asynchronous store is on its way" + text_of(block, index, word.writer));
    case State::arrived:
      if (const_cast<Thread&>(thread).seen[word.barrier] <= word.phase)
        machine.fault("reads what an asynchronous store brought without waiting for its barrier" +
                      text_of(block, index, word.writer));
      break;
    case State::written:
      if (!before(word.writer, thread))
        machine.fault("reads what may not be written yet" + text_of(block, index, word.writer));
      break;
  }
  using Readers = ShadowWord::Readers;
  const Stamp now = stamp_of(thread);
  if (word.readers == Readers::none || word.reader.epoch < thread.knows[block.rank]) {
    word.readers = Readers::one;
    word.reader = now;
    return;
  }
  // Others have read in an epoch that may still run.
  if (word.reader.thread != now.thread || word.readers != Readers::one) {
    const bool same_warp = word.reader.thread / warp_size == now.thread / warp_size;
    word.readers = same_warp && word.readers != Readers::block ? Readers::warp : Readers::block;
  }
  const std::uint32_t epoch = (std::max)(word.reader.epoch, now.epoch);
  word.reader = now;
  word.reader.epoch = epoch;
}

/// The running thread writes a word of `block`, now or by an asynchronous store.
inline void check_write(Block& block, std::size_t index) {
  const Thread& thread = *machine.current;
  ShadowWord& word = block.shadow[index];
  using State = ShadowWord::State;
  switch (word.state) {
    case State::empty: break;
    case State::barrier: machine.fault("writes to a barrier" + text_of(block, index, word.writer));
    case State::on_way:
      machine.fault("writes where an asynchronous store is on its way" + text_of(block, index, word.writer));
    case State::arrived: {
      const Barrier& barrier = block.barriers[word.barrier];
      if (barrier.phase == word.phase)
        machine.fault(
            "writes again where an asynchronous store arrived in the same phase: a phase ahead of its "
            "reader" +
            text_of(block, index, word.writer));
      if (thread.block == &block && const_cast<Thread&>(thread).seen[word.barrier] <= word.phase)
        machine.fault("writes over what an asynchronous store brought without waiting for its barrier" +
                      text_of(block, index, word.writer));
      break;
    }
    case State::written:
      if (!before(word.writer, thread))
        machine.fault("writes what another may be writing" + text_of(block, index, word.writer));
      break;
  }
  using Readers = ShadowWord::Readers;
  bool ordered = true;
  switch (word.readers) {
    case Readers::none: break;
    case Readers::one: ordered = before(word.reader, thread); break;
    case Readers::warp:
      ordered = word.reader.epoch < thread.knows[block.rank] ||
                (thread.block == &block && word.reader.thread / warp_size == thread.index / warp_size &&
                 word.reader.warp_epoch < thread.warp_epoch);
      break;
    case Readers::block: ordered = word.reader.epoch < thread.knows[block.rank]; break;
  }
  if (!ordered) machine.fault("writes what another may still read" + text_of(block, index, word.reader));
  word.readers = Readers::none;
}

}  // namespace lstmlib::cuda::model
