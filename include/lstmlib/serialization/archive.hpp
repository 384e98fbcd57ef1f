// SPDX-License-Identifier: MIT
#pragma once
// Saves and loads models and training runs as NPZ files, with Chainer's keys and element types.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/base/function_ref.hpp"
#include "lstmlib/io/npz.hpp"
#include "lstmlib/serialization/serializer.hpp"

#include <string>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::io {

/// What to do with arrays in the file that the model does not have. They are never unpacked.
enum class ExtraKeys : std::uint8_t { refuse, ignore };

struct LoadOptions {
  ExtraKeys extra = ExtraKeys::refuse;
  /// Prefix of the model's keys: "updater/model:main/" in a snapshot. Other keys are ignored.
  std::string path = {};
};

/// Prefix of the model's keys in snapshots, Chainer's and ours.
inline constexpr std::string_view model_in_snapshot = "updater/model:main/";

namespace detail {

/// A Serializer that also takes a whole module without a prefix.
class RootSerializer : public Serializer {
 public:
  template <class Part>
  void root(Part& part) {
    if constexpr (requires { part.serialize(*this); }) part.serialize(*this);
    else on_module(part);
  }
};
/// What is saved or loaded: it calls root() once.
using Root = FunctionRef<void(RootSerializer&)>;

LSTMLIB_LAZY Archive to_archive(Root root);
LSTMLIB_LAZY void from_archive(const Archive& archive, Root root, ExtraKeys extra);
LSTMLIB_LAZY void load(const std::filesystem::path& path, Root root, const LoadOptions& options);

/// Calls `use(root)` for a module, or an object with `serialize`.
template <class Part, class Use>
decltype(auto) with_root(Part& part, Use use) {
  const auto root = [&](RootSerializer& serializer) { serializer.root(part); };
  return use(Root(root));
}

}  // namespace detail

/// All arrays of a module, or of an object with `serialize`. Does not change it.
template <class Part>
Archive to_archive(const Part& part) {
  auto& whole = const_cast<Part&>(part);  // one function both saves and loads; here it only reads
  return detail::with_root(whole, [](detail::Root root) { return detail::to_archive(root); });
}

/// Loads a module, or an object with `serialize`, from `archive`. Throws FormatError if keys are missing, if
/// types, shapes or values do not fit, or if values contradict each other. The text lists the first 20
/// problems and the number of others. On failure `part` is unchanged.
template <class Part>
void from_archive(const Archive& archive, Part& part, ExtraKeys extra = ExtraKeys::refuse) {
  detail::with_root(part, [&](detail::Root root) { detail::from_archive(archive, root, extra); });
}

/// Saves the parameters and states of a model as a compressed NPZ file, atomically. Chainer's load_npz reads
/// it. The file has exactly this name. Throws FileError.
///
///     io::save_npz("model.npz", model);
///     io::load_npz("model.npz", model);
LSTMLIB_LAZY void save_npz(const std::filesystem::path& path, const nn::Module& model);
/// Loads a model saved by save_npz or by Chainer. float16 to float64 are converted to the model's types. With
/// `options.path` it also loads from a snapshot. Arrays that the model does not have are not unpacked. Throws
/// FileError, and FormatError like from_archive.
LSTMLIB_LAZY void load_npz(const std::filesystem::path& path, nn::Module& model, const LoadOptions& options);
LSTMLIB_LAZY void load_npz(const std::filesystem::path& path, nn::Module& model,
                           ExtraKeys extra = ExtraKeys::refuse);

/// Saves a trainer, or another object with `serialize`, like save_npz.
template <class Part>
void save_snapshot(const std::filesystem::path& path, const Part& part) {
  write_npz(path, to_archive(part));
}
/// Loads what save_snapshot or Chainer's save_npz wrote. Keys that `part` does not have are ignored. Throws
/// like load_npz.
template <class Part>
void load_snapshot(const std::filesystem::path& path, Part& part) {
  detail::with_root(part, [&](detail::Root root) { detail::load(path, root, {ExtraKeys::ignore, {}}); });
}

}  // namespace lstmlib::inline LSTMLIB_ABI::io

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/serialization/archive.inl"
#endif
