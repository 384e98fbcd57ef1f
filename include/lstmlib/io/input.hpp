// SPDX-License-Identifier: MIT
#pragma once
// Bytes that are read at any place: memory, or a file of which only what is asked for is read.

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

/// Copies share the file. Several threads may read.
class Input {
 public:
  /// Bytes that the caller keeps.
  explicit Input(std::span<const std::byte> memory) : memory_(memory), size_(memory.size()) {}
  /// Throws FileError where the file cannot be read.
  explicit Input(const std::filesystem::path& path)
      : file_(std::make_shared<const InputFile>(path)), size_(file_->size()) {}

  std::uint64_t size() const { return size_; }
  /// The bytes, where they are in memory as a whole, else nothing.
  std::span<const std::byte> memory() const { return memory_; }
  bool is_file() const { return file_ != nullptr; }

  /// Reads what lies at byte `at`, which must be within the size. Throws FileError, also where the file has
  /// become shorter.
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

/// Small parts of an input that lie near each other, with few reads of the file. Not for several threads.
class InputWindow {
 public:
  explicit InputWindow(const Input& input, std::size_t block = 1 << 16) : input_(input), block_(block) {}

  /// The bytes of a part, which must be within the input; until the next call.
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

/// Reads a file from its beginning, as it is asked for its bytes.
class FileSource final : public Source {
 public:
  /// Throws FileError.
  explicit FileSource(const std::filesystem::path& path) : FileSource(Input(path), path.string()) {}

 private:
  FileSource(Input input, std::string name) : Source(std::move(name), input.size()), input_(std::move(input)) {}
  void fill(std::span<std::byte> into) override { input_.read(position(), into); }
  Input input_;
};

}  // namespace lstmlib::io
