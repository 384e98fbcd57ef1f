// SPDX-License-Identifier: MIT
#pragma once
// Reads pickles of plain data and NumPy arrays, protocols 0 to 5, as Python and NumPy write them. Runs
// nothing: the names that it knows are listed in pickle_nodes.hpp, and any other opcode or name is an error.

#include "lstmlib/io/pickle_machine.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

namespace detail {

/// Makes values of the nodes. Shared lists are copied and charged; shared arrays stay shared.
class PickleValues {
 public:
  PickleValues(PickleNodes& nodes, PickleGuard& guard) : nodes_(nodes), guard_(guard) {}

  Value value(NodeId id, int depth = 0) {
    const Node& node = nodes_[id];
    if (depth > 64) guard_.fail_at(node.at, "values nested more than 64 deep, or inside themselves");
    guard_.charge(sizeof(Value) + node.text.size(), node.at);
    switch (node.kind) {
      case NodeKind::none: return None{};
      case NodeKind::boolean: return node.number != 0;
      case NodeKind::integer: return node.number;
      case NodeKind::real: return std::bit_cast<double>(node.number);
      case NodeKind::text: return std::string(node.text);
      case NodeKind::bytes: return Bytes{std::string(node.text)};
      case NodeKind::old_string: return utf8_from_latin1(node.text);
      case NodeKind::list: return List(values(id, depth));
      case NodeKind::tuple: return Tuple{values(id, depth)};
      case NodeKind::dict: return dict(id, depth);
      case NodeKind::array: return array(id, depth);
      case NodeKind::global:
      case NodeKind::dtype: break;
    }
    guard_.fail_at(node.at, "'", name_of(node.kind), "' where a value is expected");
  }

 private:
  std::vector<Value> values(NodeId id, int depth) {
    std::vector<Value> items;
    for (const NodeId child : nodes_.children_of(id)) items.push_back(value(child, depth + 1));
    return items;
  }

  Value dict(NodeId id, int depth) {
    Dict pairs;
    std::unordered_set<std::string> keys;
    const std::vector<NodeId>& children = nodes_.children_of(id);
    for (std::size_t at = 0; at < children.size(); at += 2) {
      if (!keys.insert(key_text(nodes_[children[at]])).second)
        guard_.fail_at(nodes_[children[at]].at, "a dict has the key '", printable(nodes_[children[at]].text),
                       "' twice");
      Value key = value(children[at], depth + 1);
      pairs.emplace_back(std::move(key), value(children[at + 1], depth + 1));
    }
    return pairs;
  }

  /// Equal for equal keys.
  static std::string key_text(const Node& node) {
    const char kind = static_cast<char>('0' + static_cast<int>(node.kind));
    return kind + std::to_string(node.number) + ' ' + std::string(node.text);
  }

  Value array(NodeId id, int depth) {
    const PickledArray& pickled = nodes_.array_of(id);
    const std::uint64_t at = nodes_[id].at;
    if (!pickled.built) guard_.fail_at(at, "an array without its content");
    if (const auto known = arrays_.find(id); known != arrays_.end()) return known->second;
    Array array;
    if (pickled.layout.dtype == ArrayDtype::object) {
      // NumPy lists objects in C order, whatever the order in memory that the state names.
      array = Array::from_objects(values(pickled.data, depth), pickled.shape);
    } else {
      const std::string_view raw = nodes_[pickled.data].text;
      guard_.charge(sizeof(Array) + raw.size(), at);
      const auto bytes = std::as_bytes(std::span(raw));
      array = array_from_bytes(pickled.layout, pickled.shape, pickled.fortran_order,
                               {bytes.begin(), bytes.end()});
    }
    auto shared = std::make_shared<const Array>(std::move(array));
    arrays_.emplace(id, shared);
    return shared;
  }

  PickleNodes& nodes_;
  PickleGuard& guard_;
  std::unordered_map<NodeId, std::shared_ptr<const Array>> arrays_;
};

}  // namespace detail

/// The value of a pickle. `name` is for messages: the file, and the entry in it; `start` is where in it
/// `input` begins. Python 2's byte strings become text, as Latin-1. Throws FormatError "name: byte N: pickle:
/// ..." for anything but plain data and arrays, and for values that take more memory than 128 times the input
/// (and 1 MiB).
inline Value parse_pickle(std::span<const std::byte> input, const std::string& name,
                          std::uint64_t start = 0) {
  detail::PickleGuard guard(name, start, input.size());
  detail::PickleMachine machine(input, guard);
  const detail::NodeId root = machine.run();
  return detail::PickleValues(machine.nodes(), guard).value(root);
}

}  // namespace lstmlib::io
