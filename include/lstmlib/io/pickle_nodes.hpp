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
  unknown  ///< any other name: may stand in what is thrown away, as a type's metadata
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

/// What to save in place of something that is not read here, by the name that its pickle begins with.
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

/// What a dict may have as keys.
constexpr bool can_be_key(NodeKind kind) { return kind <= NodeKind::old_string || kind == NodeKind::tuple; }

using NodeId = std::uint32_t;

struct Node {
  NodeKind kind = NodeKind::none;
  std::uint64_t at = 0;  ///< byte of the opcode that made it
  /// A bool, an int, the bits of a float, a PickleGlobal, or where it lies in PickleNodes.
  std::int64_t number = 0;
  std::string_view text = {};  ///< content of text (UTF-8) and bytes; the whole name of a global
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
  std::size_t shared_texts = 0;     ///< nodes of text and bytes so far; their numbers count up to it

  const Node& operator[](NodeId id) const { return nodes[id]; }
  std::vector<NodeId>& children_of(NodeId id) { return children[static_cast<std::size_t>(nodes[id].number)]; }
  const std::vector<NodeId>& children_of(NodeId id) const {
    return children[static_cast<std::size_t>(nodes[id].number)];
  }
  ElementLayout& dtype_of(NodeId id) { return dtypes[static_cast<std::size_t>(nodes[id].number)]; }
  PickledArray& array_of(NodeId id) { return arrays[static_cast<std::size_t>(nodes[id].number)]; }
};

/// Says where in which file something is wrong, and counts what is made again of bytes that are shared.
class PickleGuard {
 public:
  /// `start` is where in the entry `name` the pickle begins.
  PickleGuard(std::string name, std::uint64_t start) : name_(std::move(name)), start_(start) {}

  template <class... Parts>
  [[noreturn]] void fail_at(std::uint64_t at, const Parts&... parts) const {
    fail<FormatError>(name_, ": byte ", start_ + at, ": pickle: ", parts...);
  }

  /// Counts memory that is taken once more for the same bytes of the file. All else that is made of a pickle is
  /// made once, and so is bounded by its length; this is the one thing that is not.
  void charge_again(std::uint64_t bytes, std::uint64_t at) {
    if (bytes > budget_) fail_at(at, "arrays that share their content would take more than ", most >> 20, " MiB");
    budget_ -= bytes;
  }

 private:
  static constexpr std::uint64_t most = std::uint64_t{64} << 20;
  std::string name_;
  std::uint64_t start_;
  std::uint64_t budget_ = most;
};

/// Levels of lists, tuples, dicts and arrays within each other, at most.
inline constexpr int pickle_depth = 256;

}  // namespace lstmlib::io::detail
