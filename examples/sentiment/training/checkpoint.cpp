// SPDX-License-Identifier: MIT
#include "sentiment/training/checkpoint.hpp"

#include "lstmlib/io/npz.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "lstmlib/distributed/snapshot.hpp"
#include "lstmlib/train/snapshot.hpp"

#include <iostream>

namespace sentiment {

using namespace lstmlib;
namespace fs = std::filesystem;

namespace {

/// Stores the identity text in the file. It is compared before anything else is read, see below.
struct Identity {
  void operator()(train::Trainer&) {}
  void serialize(io::Serializer& serializer) {
    std::string saved = text;
    serializer.value("text", saved);
  }
  std::string text;
  std::string name = "identity";
};
constexpr const char* identity_key = "extensions/identity/text";

/// Reads the identity text first. Otherwise a model of other sizes would be reported array by array.
std::string read_identity(const fs::path& file) {
  const io::NpzReader reader(file);
  for (std::size_t place = 0; place < reader.size(); ++place) {
    if (reader.name(place) != identity_key) continue;
    const auto texts = reader.read(place).strings();
    if (texts.size() == 1) return texts[0];
  }
  fail<FormatError>(file.string(), ": does not say which run it belongs to");
}

bool load(train::Trainer& trainer, const fs::path& file, const std::string& identity) {
  std::error_code error;
  if (!fs::exists(file, error)) return false;
  try {
    if (const std::string other = read_identity(file); other != identity)
      fail<FormatError>(file.string(), ": belongs to another run (", io::printable(other),
                        "), not of this one (", identity, ")");
    io::load_snapshot(file, trainer);
    return true;
  } catch (const Error& reason) {
    std::cerr << "sentiment: cannot resume from this checkpoint, starting from the beginning: "
              << reason.what() << '\n';
    return false;
  }
}

}  // namespace

void keep_checkpoint(train::Trainer& trainer, const fs::path& file, const std::string& identity,
                     Index every) {
  // Ignores the process number in the names, unlike other code: in a container this process always has number
  // 1.
  std::error_code error;
  if (trainer.is_main_process())
    for (const auto& entry : fs::directory_iterator(file.parent_path(), error)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(".lstmlib-") && name.ends_with(".tmp")) fs::remove(entry.path(), error);
    }
  trainer.extend(Identity{.text = identity}, train::never());
  trainer.extend(train::snapshot({.file_name = file.filename().string(),
                                  .folder = file.parent_path(),
                                  .compression = io::Compression::store}),
                 train::epochs(static_cast<double>(every)));
}

bool load_checkpoint(distributed::Communicator& all, train::Trainer& trainer, const fs::path& file,
                     const std::string& identity) {
  bool loaded = all.is_main_process() && load(trainer, file, identity);
  all.broadcast(std::as_writable_bytes(std::span(&loaded, 1)), 0);
  if (loaded) distributed::broadcast_state(all, trainer);
  return loaded;
}

}  // namespace sentiment
