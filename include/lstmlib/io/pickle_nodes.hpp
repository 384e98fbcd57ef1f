// SPDX-License-Identifier: MIT
#pragma once
// The nodes that the pickle reader builds. They refer to each other by number: shared or nested values take
// no more memory than the file. Freeing them needs no recursion.

#include "lstmlib/io/layout.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io::detail {

/// The only names that a pickle may use. The reader compares them as text and never looks anything up.
enum class PickleGlobal : std::uint8_t {
  reconstruct,
  ndarray,
  dtype,
  encode,
  frombuffer,
  scalar,
  bytes,
  bytearray,
  ordered_dict,
  default_dict,
  counter,
  unknown  ///< any other name; allowed only in ignored parts, such as a type's metadata
};

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
    {"__builtin__", "bytes", PickleGlobal::bytes},
    {"builtins", "bytes", PickleGlobal::bytes},
    {"__builtin__", "bytearray", PickleGlobal::bytearray},
    {"builtins", "bytearray", PickleGlobal::bytearray},
    {"collections", "OrderedDict", PickleGlobal::ordered_dict},
    {"collections", "defaultdict", PickleGlobal::default_dict},
    {"collections", "Counter", PickleGlobal::counter},
};

/// Advice on what to save instead of an unsupported object whose name begins like this.
inline std::string_view pickle_advice(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> advice[] = {
      {"__builtin__.set", "save list(x)"},
      {"builtins.set", "save list(x)"},
      {"__builtin__.frozenset", "save list(x)"},
      {"builtins.frozenset", "save list(x)"},
      {"collections.deque", "save list(x)"},
      {"__builtin__.range", "save list(x)"},
      {"builtins.range", "save list(x)"},
      {"__builtin__.xrange", "save list(x)"},
      {"__builtin__.complex", "save numpy.array(x), whose type is complex128"},
      {"builtins.complex", "save numpy.array(x), whose type is complex128"},
      {"collections.", "save dict(x) or list(x)"},
      {"datetime.", "save x.isoformat()"},
      {"decimal.", "save float(x) or str(x)"},
      {"fractions.", "save float(x) or str(x)"},
      {"uuid.", "save str(x)"},
      {"pathlib.", "save str(x)"},
      {"numpy.ma", "save x.filled()"},
      {"numpy.matrix", "save numpy.asarray(x)"},
      {"numpy.", "save numpy.asarray(x), of numbers or text"},
      {"pandas.", "save x.to_numpy(), of numbers or text"},
      {"scipy.sparse", "save x.toarray()"},
      {"torch.", "save x.numpy()"},
      {"cupy.", "save x.get()"},
      {"chainer.", "save it with chainer.serializers.save_npz"},
  };
  for (const auto& [begin, text] : advice)
    if (name.starts_with(begin)) return text;
  return "save numbers, texts, lists, dicts and arrays, or name the arrays in an .npz file";
}

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

/// Kinds that can be keys of a dict.
constexpr bool can_be_key(NodeKind kind) { return kind <= NodeKind::old_string || kind == NodeKind::tuple; }

using NodeId = std::uint32_t;

struct Node {
  NodeKind kind = NodeKind::none;
  std::uint64_t at = 0;  ///< offset of the opcode that made it
  /// A bool, an int, the bits of a float, a PickleGlobal, or an index into PickleNodes.
  std::int64_t number = 0;
  std::string_view text = {};  ///< content of text (UTF-8) and bytes; full name of a global
};

/// An array that is still being read. `data` is a bytes node, or a list node for objects.
struct PickledArray {
  bool built = false;
  bool fortran_order = false;
  ElementLayout layout;
  std::vector<Index> shape;
  NodeId data = 0;
};

/// Everything that the pickle has made so far.
struct PickleNodes {
  std::vector<Node> nodes;
  std::vector<std::vector<NodeId>> children;  ///< of lists, tuples and dicts (key, value, key, value)
  std::vector<ElementLayout> dtypes;
  std::vector<PickledArray> arrays;
  std::deque<std::string> texts;  ///< decoded texts, which are not in the input
  std::size_t shared_texts = 0;   ///< number of text and bytes nodes, which are numbered below it

  const Node& operator[](NodeId id) const { return nodes[id]; }
  std::vector<NodeId>& children_of(NodeId id) { return children[static_cast<std::size_t>(nodes[id].number)]; }
  const std::vector<NodeId>& children_of(NodeId id) const {
    return children[static_cast<std::size_t>(nodes[id].number)];
  }
  ElementLayout& dtype_of(NodeId id) { return dtypes[static_cast<std::size_t>(nodes[id].number)]; }
  PickledArray& array_of(NodeId id) { return arrays[static_cast<std::size_t>(nodes[id].number)]; }
};

/// Reports errors with file and offset, and limits memory for data that several values share.
class PickleGuard {
 public:
  /// `start` is the offset of the pickle in the entry `name`.
  PickleGuard(std::string name, std::uint64_t start) : name_(std::move(name)), start_(start) {}

  template <class... Parts>
  [[noreturn]] void fail_at(std::uint64_t at, const Parts&... parts) const {
    fail<FormatError>(name_, ": byte ", start_ + at, ": pickle: ", parts...);
  }

  /// Counts memory that is taken again for the same bytes of the file. Only this needs a limit: everything
  /// else is made once per pickle, so its size is bounded by the input.
  void charge_again(std::uint64_t bytes, std::uint64_t at) {
    if (bytes > budget_)
      fail_at(at, "arrays that share their content would take more than ", max_shared_bytes >> 20, " MiB");
    budget_ -= bytes;
  }

 private:
  static constexpr std::uint64_t max_shared_bytes = std::uint64_t{64} << 20;
  std::string name_;
  std::uint64_t start_;
  std::uint64_t budget_ = max_shared_bytes;
};

/// Maximum nesting depth of lists, tuples, dicts and arrays.
inline constexpr int pickle_depth = 256;

}  // namespace lstmlib::io::detail
