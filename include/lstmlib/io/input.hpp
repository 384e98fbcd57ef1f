// SPDX-License-Identifier: MIT
#pragma once
// Random access to bytes in memory or in a file. Only requested parts of a file are read.

#include "lstmlib/io/file.hpp"
#include "lstmlib/io/source.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

/// Bytes in memory or in a file. Copies share the file. Thread-safe.
class Input {
 public:
  /// Bytes in memory, owned by the caller.
  explicit Input(std::span<const std::byte> memory) : memory_(memory), size_(memory.size()) {}
  /// Opens a file. Throws FileError if it cannot be read.
  explicit Input(const std::filesystem::path& path)
      : file_(std::make_shared<const InputFile>(path)), size_(file_->size()) {}

  std::uint64_t size() const { return size_; }
  /// All bytes if they are in memory, else empty.
  std::span<const std::byte> memory() const { return memory_; }
  bool is_file() const { return file_ != nullptr; }

  /// Reads from byte `at`; the range must be within size(). Throws FileError, also if the file has become
  /// shorter.
  void read(std::uint64_t at, std::span<std::byte> into) const {
    if (into.empty()) return;
    if (!file_) std::memcpy(into.data(), memory_.data() + at, into.size());
    else if (file_->read_at(at, into) < into.size())
      fail<FileError>(file_->path().string(), ": became shorter while it was read");
  }

 private:
  std::span<const std::byte> memory_;
  std::shared_ptr<const InputFile> file_;
  std::uint64_t size_;
};

/// Reads small neighbouring parts of an input with few file accesses. Not thread-safe.
class InputWindow {
 public:
  explicit InputWindow(const Input& input, std::size_t block = 1 << 16) : input_(input), block_(block) {}

  /// A range of the input, which must be within its size. Valid until the next call.
  std::span<const std::byte> view(std::uint64_t at, std::size_t size) {
    if (!input_.is_file()) return input_.memory().subspan(static_cast<std::size_t>(at), size);
    if (at < start_ || at + size > start_ + bytes_.size()) {
      start_ = at - at % block_;
      const std::uint64_t end = (std::min)(input_.size(), (at + size + block_ - 1) / block_ * block_);
      bytes_.resize(static_cast<std::size_t>(end - start_));
      input_.read(start_, bytes_);
    }
    return std::span<const std::byte>(bytes_).subspan(static_cast<std::size_t>(at - start_), size);
  }

 private:
  Input input_;
  std::size_t block_;
  std::uint64_t start_ = 0;
  std::vector<std::byte> bytes_;
};

/// Reads a file sequentially, on demand.
class FileSource final : public Source {
 public:
  /// Throws FileError.
  explicit FileSource(const std::filesystem::path& path) : FileSource(Input(path), path.string()) {}

 private:
  FileSource(Input input, std::string name)
      : Source(std::move(name), input.size()), input_(std::move(input)) {}
  void fill(std::span<std::byte> into) override { input_.read(position(), into); }
  Input input_;
};

}  // namespace lstmlib::io
