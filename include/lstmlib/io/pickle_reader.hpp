// SPDX-License-Identifier: MIT
#pragma once
// Reads pickles of plain data and NumPy arrays, protocols 0 to 5, as Python and NumPy write them. It runs no
// code: any opcode or name other than those in pickle_machine.hpp and pickle_nodes.hpp is an error.

#include "lstmlib/io/pickle_machine.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

namespace detail {

/// Makes values from nodes. Each text, list, tuple, dict and array is made once and shared by all its uses.
template <class = void>
class PickleValues {
 public:
  PickleValues(PickleNodes& nodes, PickleGuard& guard)
      : nodes_(nodes),
        guard_(guard),
        texts_(nodes.shared_texts),
        parts_(nodes.children.size()),
        arrays_(nodes.arrays.size()),
        open_(nodes.children.size() + nodes.arrays.size()),
        heights_(nodes.children.size() + nodes.arrays.size()) {}

  Value value(NodeId id, int depth = 0) {
    const Node& node = nodes_[id];
    switch (node.kind) {
      case NodeKind::none: return None{};
      case NodeKind::boolean: return node.number != 0;
      case NodeKind::integer: return node.number;
      case NodeKind::real: return std::bit_cast<double>(node.number);
      case NodeKind::text:
      case NodeKind::bytes:
      case NodeKind::old_string:
        return once(texts_, node, [&]() -> Value {
          if (node.kind == NodeKind::bytes) return Bytes{std::string(node.text)};
          check_old_string(node);
          return std::string(node.text);
        });
      case NodeKind::list: return nested(parts_, id, depth, [&] { return List(values(id, depth)); });
      case NodeKind::tuple: return nested(parts_, id, depth, [&] { return Tuple{values(id, depth)}; });
      case NodeKind::dict: return nested(parts_, id, depth, [&] { return dict(id, depth); });
      case NodeKind::array: return nested(arrays_, id, depth, [&] { return array(id, depth); });
      case NodeKind::global:
      case NodeKind::dtype: break;
    }
    if (node.kind == NodeKind::global) PickleNumpy(nodes_, guard_).refuse_unknown(id);
    guard_.fail_at(node.at, "'", name_of(node.kind), "' where a value is expected");
  }

 private:
  /// Returns make() for the node, computed once.
  template <class Make>
  static Value once(std::vector<std::optional<Value>>& known, const Node& node, const Make& make) {
    std::optional<Value>& value = known[static_cast<std::size_t>(node.number)];
    if (!value) value = make();
    return *value;
  }
  /// Like once(), for values that hold others. It limits depth above and below the value, because a shared
  /// value may occur deeper elsewhere.
  template <class Make>
  Value nested(std::vector<std::optional<Value>>& known, NodeId id, int depth, const Make& make) {
    const Node& node = nodes_[id];
    if (const auto& value = known[static_cast<std::size_t>(node.number)]) return *value;
    const std::size_t place = place_of(node);
    if (open_[place]) guard_.fail_at(node.at, "a ", name_of(node.kind), " that contains itself");
    if (depth > pickle_depth) fail_too_deep(node);
    open_[place] = true;
    Value value = make();
    open_[place] = false;
    for (const NodeId child : held_by(id)) {
      const Node& held = nodes_[child];
      const bool holds =
          held.kind == NodeKind::array || (held.kind >= NodeKind::list && held.kind <= NodeKind::dict);
      heights_[place] = (std::max)(heights_[place], holds ? heights_[place_of(held)] + 1 : 1);
    }
    if (depth + heights_[place] > pickle_depth) fail_too_deep(node);
    known[static_cast<std::size_t>(node.number)] = value;
    return value;
  }
  [[noreturn]] void fail_too_deep(const Node& node) const {
    guard_.fail_at(node.at, "values nested more than ", pickle_depth, " deep");
  }
  /// Index in `open_` and `heights_`.
  std::size_t place_of(const Node& node) const {
    return static_cast<std::size_t>(node.number) +
           (node.kind == NodeKind::array ? nodes_.children.size() : 0);
  }
  std::span<const NodeId> held_by(NodeId id) {
    if (nodes_[id].kind != NodeKind::array) return nodes_.children_of(id);
    const PickledArray& array = nodes_.array_of(id);
    if (array.layout.dtype != ArrayDtype::object) return {};
    return nodes_.children_of(array.data);
  }

  /// Python 2 strings are bytes. UTF-8 strings are taken as text, which is nearly always right. The meaning
  /// of other strings is unknown.
  void check_old_string(const Node& node) const {
    if (node.kind == NodeKind::old_string && !is_utf8(node.text))
      guard_.fail_at(
          node.at, "a text of Python 2 that is not UTF-8: '", printable(node.text),
          "'; load it with numpy.load(file, allow_pickle=True, encoding='latin1') and save it again");
  }

  std::vector<Value> values(NodeId id, int depth) {
    const std::vector<NodeId>& children = nodes_.children_of(id);
    std::vector<Value> items;
    items.reserve(children.size());
    for (const NodeId child : children) items.push_back(value(child, depth + 1));
    return items;
  }

  Dict dict(NodeId id, int depth) {
    Dict pairs;
    std::unordered_set<std::string> keys;
    const std::vector<NodeId>& children = nodes_.children_of(id);
    pairs.reserve(children.size() / 2);
    for (std::size_t at = 0; at < children.size(); at += 2) {
      std::string key;
      append_key(children[at], key, depth);
      if (!keys.insert(std::move(key)).second)
        guard_.fail_at(nodes_[children[at]].at, "a dict has the key '", printable(nodes_[children[at]].text),
                       "' twice");
      Value first = value(children[at], depth + 1);
      pairs.emplace_back(std::move(first), value(children[at + 1], depth + 1));
    }
    return pairs;
  }

  /// Appends a text that is equal for equal keys.
  void append_key(NodeId id, std::string& key, int depth) const {
    constexpr std::size_t longest = 1 << 16;  // limit for tuples, which can share parts many times
    const Node& node = nodes_[id];
    if (!can_be_key(node.kind)) guard_.fail_at(node.at, "'", name_of(node.kind), "' as a key");
    const bool tuple = node.kind == NodeKind::tuple;
    if (tuple && (depth > pickle_depth || key.size() > longest))
      guard_.fail_at(node.at, "a key that is too large");
    const bool text =
        node.kind == NodeKind::text || node.kind == NodeKind::bytes || node.kind == NodeKind::old_string;
    const NodeKind kind = node.kind == NodeKind::old_string ? NodeKind::text : node.kind;
    key += static_cast<char>('0' + static_cast<int>(kind));
    key += std::to_string(tuple  ? static_cast<std::int64_t>(nodes_.children_of(id).size())
                          : text ? static_cast<std::int64_t>(node.text.size())
                                 : node.number);
    key += ' ';
    if (text) key += node.text;
    if (tuple)
      for (const NodeId part : nodes_.children_of(id)) append_key(part, key, depth + 1);
  }

  Array array(NodeId id, int depth) {
    const PickledArray& pickled = nodes_.array_of(id);
    const Node& data = nodes_[pickled.data];
    const std::uint64_t at = nodes_[id].at;
    if (!pickled.built) guard_.fail_at(at, "an array without content");
    const bool shared = !taken_.insert(pickled.data).second;
    if (pickled.layout.dtype == ArrayDtype::object) {
      if (shared) guard_.charge_again(nodes_.children_of(pickled.data).size() * sizeof(Value), at);
      // NumPy lists objects in C order, whatever memory order the state declares.
      return Array::from_objects(values(pickled.data, depth), pickled.shape);
    }
    if (shared) guard_.charge_again(data.text.size(), at);
    MemorySource source(std::as_bytes(std::span(data.text)), "array");
    return read_array(source, pickled.layout, pickled.shape, pickled.fortran_order);
  }

  PickleNodes& nodes_;
  PickleGuard& guard_;
  std::vector<std::optional<Value>> texts_, parts_, arrays_;
  std::vector<bool> open_;            // values that hold others and are being made
  std::vector<int> heights_;          // levels below a value that holds others, once it is made
  std::unordered_set<NodeId> taken_;  // data nodes already used by an array
};

}  // namespace detail

/// Reads the value of a pickle. `name`, for error texts, is the file and its entry; `input` begins at byte
/// `start` of that entry.
///
/// Python 2's byte strings become text if they are UTF-8. OrderedDict, defaultdict and Counter become dicts.
/// Shared values stay shared, so memory is bounded by the input. Throws FormatError "name: byte N: pickle:
/// ..." for anything but plain data and arrays, and for more than 256 levels of nesting. With `for_array`, a
/// value that is not an array may have a level less, since it becomes the element of one.
template <class = void>
Value parse_pickle(std::span<const std::byte> input, const std::string& name, std::uint64_t start = 0,
                   bool for_array = false) {
  detail::PickleGuard guard(name, start);
  detail::PickleMachine machine(input, guard);
  const detail::NodeId root = machine.run();
  const bool is_array = machine.nodes()[root].kind == detail::NodeKind::array;
  return detail::PickleValues(machine.nodes(), guard).value(root, for_array && !is_array ? 1 : 0);
}

}  // namespace lstmlib::io
