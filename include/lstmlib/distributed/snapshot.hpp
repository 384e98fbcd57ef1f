// SPDX-License-Identifier: MIT
#pragma once
// State that the main process has and all others receive. It may come from a file that the others cannot
// access. Only the main process writes snapshots, see Trainer::is_main_process.

#include "lstmlib/serialization/archive.hpp"
#include "lstmlib/distributed/agreement.hpp"
#include "lstmlib/train/snapshot.hpp"

namespace lstmlib::inline LSTMLIB_ABI::distributed {

/// Overwrites a module, or anything with `serialize`, with the state of the main process. Entries that only
/// the main process has are ignored. Collective.
template <class Part>
void broadcast_state(Communicator& all, Part& part) {
  if (all.size() == 1) return;
  std::vector<std::byte> bytes;
  if (all.is_main_process()) bytes = io::format_npz(io::to_archive(part), io::Compression::store);
  std::uint64_t size = bytes.size();
  all.broadcast(std::as_writable_bytes(std::span(&size, 1)), 0);
  bytes.resize(static_cast<std::size_t>(size));
  all.broadcast(bytes, 0);
  if (!all.is_main_process())
    io::from_archive(io::parse_npz(bytes, "state of the first process"), part, io::ExtraKeys::ignore);
}

/// io::load_snapshot by the main process, for all. The number of processes may differ from that of the saved
/// run. Throws AgreedError. Collective.
inline void load_snapshot(Communicator& all, const std::filesystem::path& path, train::Trainer& trainer) {
  all_or_none(all, [&] {
    if (all.is_main_process()) io::load_snapshot(path, trainer);
    return true;
  });
  broadcast_state(all, trainer);
}

/// train::load_newest_snapshot by the main process, for all. All get the path. Only the main process calls
/// `skipped`. Collective.
template <class Skipped>
std::filesystem::path load_newest_snapshot(
    Communicator& all, train::Trainer& trainer, Skipped skipped,
    const std::string& file_name = train::SnapshotOptions{}.file_name) {
  std::string path = all_or_none(all, [&] {
    return all.is_main_process() ? train::load_newest_snapshot(trainer, skipped, file_name).string()
                                 : std::string();
  });
  path = detail::all_gather_texts(all, path).front();
  if (!path.empty()) broadcast_state(all, trainer);
  return path;
}

}  // namespace lstmlib::distributed
