// SPDX-License-Identifier: MIT
#pragma once
// What the pickle reader builds while it reads: nodes that name each other by number, so that values which
// share or contain each other cost no more than the file, and nothing recurses when they are freed.

#include "lstmlib/io/layout.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io::detail {

/// The only names that a pickle may use. Each is a word to this reader; none is looked up anywhere.
enum class PickleGlobal : std::uint8_t { reconstruct, ndarray, dtype, encode, frombuffer, scalar };

struct PickleGlobalName {
  std::string_view module, name;
  PickleGlobal global;
};
inline constexpr PickleGlobalName pickle_globals[] = {
    {"numpy.core.multiarray", "_reconstruct", PickleGlobal::reconstruct},
    {"numpy._core.multiarray", "_reconstruct", PickleGlobal::reconstruct},
    {"numpy", "ndarray", PickleGlobal::ndarray},
    {"numpy", "dtype", PickleGlobal::dtype},
    {"_codecs", "encode", PickleGlobal::encode},
    {"numpy.core.numeric", "_frombuffer", PickleGlobal::frombuffer},
    {"numpy._core.numeric", "_frombuffer", PickleGlobal::frombuffer},
    {"numpy.core.multiarray", "scalar", PickleGlobal::scalar},
    {"numpy._core.multiarray", "scalar", PickleGlobal::scalar},
};

enum class NodeKind : std::uint8_t {
  none,
  boolean,
  integer,
  real,
  text,
  bytes,
  old_string,
  list,
  tuple,
  dict,
  global,
  dtype,
  array
};

constexpr std::string_view name_of(NodeKind kind) {
  constexpr std::string_view names[] = {
      "None", "bool",  "int",  "float",  "str",   "bytes", "str of Python 2",
      "list", "tuple", "dict", "global", "dtype", "array"};
  return names[static_cast<std::size_t>(kind)];
}

using NodeId = std::uint32_t;

struct Node {
  NodeKind kind = NodeKind::none;
  std::uint64_t at = 0;  ///< byte of the opcode that made it
  /// A bool, an int, the bits of a float, a PickleGlobal, or where it lies in PickleNodes.
  std::int64_t number = 0;
  std::string_view text = {};  ///< content of text (UTF-8) and bytes
};

/// An array between its creation and the end of reading; `data` is a bytes node, for objects a list node.
struct PickledArray {
  bool built = false;
  bool fortran_order = false;
  ElementLayout layout;
  std::vector<Index> shape;
  NodeId data = 0;
};

/// All that a pickle made so far.
struct PickleNodes {
  std::vector<Node> nodes;
  std::vector<std::vector<NodeId>> children;  ///< of lists, tuples and dicts (key, value, key, value)
  std::vector<ElementLayout> dtypes;
  std::vector<PickledArray> arrays;
  std::deque<std::string> texts;  ///< what had to be decoded, and so does not lie in the input

  const Node& operator[](NodeId id) const { return nodes[id]; }
  std::vector<NodeId>& children_of(NodeId id) { return children[static_cast<std::size_t>(nodes[id].number)]; }
  const std::vector<NodeId>& children_of(NodeId id) const {
    return children[static_cast<std::size_t>(nodes[id].number)];
  }
  ElementLayout& dtype_of(NodeId id) { return dtypes[static_cast<std::size_t>(nodes[id].number)]; }
  PickledArray& array_of(NodeId id) { return arrays[static_cast<std::size_t>(nodes[id].number)]; }
};

/// Says where in which file something is wrong, and counts what a small pickle makes large.
class PickleGuard {
 public:
  /// `start` is where in the entry `name` the pickle of `size` bytes begins.
  PickleGuard(std::string name, std::uint64_t start, std::uint64_t size)
      : name_(std::move(name)), start_(start), budget_((std::uint64_t{1} << 20) + 128 * size) {}

  template <class... Parts>
  [[noreturn]] void fail_at(std::uint64_t at, const Parts&... parts) const {
    fail<FormatError>(name_, ": byte ", start_ + at, ": pickle: ", parts...);
  }

  /// Takes `bytes` of memory off what a pickle of this size may need. A shared part costs at every place it
  /// is copied to, so that nested sharing cannot multiply without end.
  void charge(std::uint64_t bytes, std::uint64_t at) {
    if (bytes > budget_) fail_at(at, "grows beyond 128 times its size");
    budget_ -= bytes;
  }

 private:
  std::string name_;
  std::uint64_t start_;
  std::uint64_t budget_;
};

}  // namespace lstmlib::io::detail
