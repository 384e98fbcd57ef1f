// SPDX-License-Identifier: MIT
#pragma once
// Loads and stores of shared memory: bounds, alignment, the rules of shadow.hpp, and the stores to other
// blocks.

#include "lstmlib/version.hpp"

#include "barriers.hpp"

#include <cstring>
#include <string>

namespace lstmlib::inline LSTMLIB_ABI::cuda::model {

/// Where element `index` of `size` bytes of the array from `byte_offset` on lies.
inline std::uint32_t place(std::uint32_t byte_offset, int index, std::size_t size) {
  const std::int64_t byte = std::int64_t{byte_offset} + std::int64_t{index} * static_cast<std::int64_t>(size);
  if (byte < 0 || byte + static_cast<std::int64_t>(size) > machine.launch().shared_bytes)
    machine.fault("element " + std::to_string(index) + " of the array at byte " +
                  std::to_string(byte_offset) + " is beyond the " +
                  std::to_string(machine.launch().shared_bytes) + " bytes of shared memory");
  if (static_cast<std::size_t>(byte) % size != 0)
    machine.fault("shared byte " + std::to_string(byte) + " is not aligned for " + std::to_string(size) +
                  " bytes");
  ++statistics().shared_accesses;
  return static_cast<std::uint32_t>(byte);
}

/// Of an access to global memory.
inline void check_alignment(const void* address, std::size_t bytes) {
  if (reinterpret_cast<std::uintptr_t>(address) % bytes != 0)
    machine.fault("an address in global memory is not aligned for " + std::to_string(bytes) + " bytes");
}

inline Block& block_of_rank(int rank) {
  if (rank < 0 || rank >= machine.launch().cluster)
    machine.fault("stores to rank " + std::to_string(rank) + " of a cluster of " +
                  std::to_string(machine.launch().cluster));
  Block& block = machine.blocks[static_cast<std::size_t>(rank)];
  if (block.live == 0) machine.fault("stores to rank " + std::to_string(rank) + ", which has ended");
  return block;
}

template <class T>
T load(std::uint32_t byte_offset, int index) {
  const std::uint32_t byte = place(byte_offset, index, sizeof(T));
  Block& block = *machine.current->block;
  if (options().check)
    for (std::size_t word = byte / 4; word < (byte + sizeof(T)) / 4; ++word) check_read(block, word);
  T value;
  std::memcpy(&value, block.shared.get() + byte, sizeof(T));
  return value;
}

template <class T>
void store(Block& block, std::uint32_t byte, const T& value) {
  if (options().check)
    for (std::size_t word = byte / 4; word < (byte + sizeof(T)) / 4; ++word) {
      check_write(block, word);
      block.shadow[word].state = ShadowWord::State::written;
      block.shadow[word].writer = stamp_of(*machine.current);
    }
  std::memcpy(block.shared.get() + byte, &value, sizeof(T));
}

template <class T>
void store_remote(int rank, std::uint32_t byte, const T& value) {
  Block& block = block_of_rank(rank);
  if (&block != machine.current->block) {
    block.stored_to_remotely = true;
    block.remote_round = machine.cluster_rounds;
  }
  store(block, byte, value);
}

template <class T>
void store_async(int rank, std::uint32_t byte, const T& value, std::uint32_t barrier_byte) {
  if (machine.launch().cluster == 1)
    machine.fault("stores asynchronously in a cluster of one block, which is not defined");
  Block& block = block_of_rank(rank);
  OnWay sent;
  sent.to = &block;
  sent.barrier = find_barrier(block, barrier_byte);
  sent.byte = byte;
  sent.bytes = sizeof(T);
  std::memcpy(sent.value.data(), &value, sizeof(T));
  sent.knows = machine.current->knows;
  if (options().check)
    for (std::size_t word = byte / 4; word < (byte + sizeof(T)) / 4; ++word) {
      check_write(block, word);
      block.shadow[word].state = ShadowWord::State::on_way;
      block.shadow[word].writer = stamp_of(*machine.current);
    }
  ++statistics().asynchronous_stores;
  machine.send(sent);
}

}  // namespace lstmlib::cuda::model
