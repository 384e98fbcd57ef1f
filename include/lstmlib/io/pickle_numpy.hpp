// SPDX-License-Identifier: MIT
#pragma once
// The calls and states in pickles. They rebuild NumPy's arrays, element types and scalars, and Python's own
// types in protocols 0 to 2. Each is recognised and its arguments are checked; nothing is called.

#include "lstmlib/io/pickle_nodes.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io::detail {

template <class = void>
class PickleNumpy {
 public:
  PickleNumpy(PickleNodes& nodes, PickleGuard& guard) : nodes_(nodes), guard_(guard) {}

  /// The node for a call of `callable` with the tuple `arguments`.
  Node call(NodeId callable, NodeId arguments, std::uint64_t at) {
    if (nodes_[callable].kind != NodeKind::global)
      guard_.fail_at(at, "call of '", name_of(nodes_[callable].kind), "'");
    if (nodes_[arguments].kind != NodeKind::tuple) guard_.fail_at(at, "call without a tuple of arguments");
    const std::span<const NodeId> parts = nodes_.children_of(arguments);
    switch (static_cast<PickleGlobal>(nodes_[callable].number)) {
      case PickleGlobal::reconstruct: return reconstruct(parts, at);
      case PickleGlobal::dtype: return dtype(parts, at);
      case PickleGlobal::encode: return encode(parts, at);
      case PickleGlobal::frombuffer: return from_buffer(parts, at);
      case PickleGlobal::scalar: return scalar(parts, at);
      case PickleGlobal::bytes:
      case PickleGlobal::bytearray: return bytes(parts, at);
      case PickleGlobal::ordered_dict:
      case PickleGlobal::default_dict:
      case PickleGlobal::counter: return dict(nodes_[callable], parts, at);
      case PickleGlobal::unknown: refuse_unknown(callable);
      case PickleGlobal::ndarray: break;
    }
    guard_.fail_at(at, "call of numpy.ndarray");
  }

  /// Fails if the node is an unknown name.
  void refuse_unknown(NodeId id) const {
    const Node& node = nodes_[id];
    if (node.kind == NodeKind::global && node.number == static_cast<std::int64_t>(PickleGlobal::unknown))
      guard_.fail_at(node.at, "'", printable(node.text),
                     "' is not allowed: only plain data and numpy's arrays are; ", pickle_advice(node.text));
  }

  /// Sets the state of an array or element type.
  void build(NodeId target, NodeId state, std::uint64_t at) {
    if (nodes_[target].kind == NodeKind::dict)
      guard_.fail_at(at, "a dict with attributes of its own; save dict(x)");
    if (nodes_[state].kind != NodeKind::tuple) guard_.fail_at(at, "a state that is not a tuple");
    const std::span<const NodeId> parts = nodes_.children_of(state);
    if (nodes_[target].kind == NodeKind::array) build_array(nodes_.array_of(target), parts, at);
    else if (nodes_[target].kind == NodeKind::dtype) build_dtype(nodes_.dtype_of(target), parts, at);
    else guard_.fail_at(at, "a state for '", name_of(nodes_[target].kind), "'");
  }

 private:
  bool is(NodeId id, NodeKind kind) const { return nodes_[id].kind == kind; }
  bool is_number(NodeId id, std::int64_t number) const {
    return (is(id, NodeKind::integer) || is(id, NodeKind::boolean)) && nodes_[id].number == number;
  }
  bool is_truth(NodeId id) const { return is_number(id, 0) || is_number(id, 1); }
  bool is_text(NodeId id) const { return is(id, NodeKind::text) || is(id, NodeKind::old_string); }
  bool is_raw(NodeId id) const { return is(id, NodeKind::bytes) || is(id, NodeKind::old_string); }

  std::vector<Index> shape(NodeId id, std::uint64_t at) const {
    if (!is(id, NodeKind::tuple)) guard_.fail_at(at, "an array's shape is not a tuple");
    const auto& parts = nodes_.children_of(id);
    if (parts.size() > 64) guard_.fail_at(at, "an array of ", parts.size(), " axes, at most 64");
    std::vector<Index> sizes;
    for (const NodeId part : parts) {
      if (!is(part, NodeKind::integer) || nodes_[part].number < 0)
        guard_.fail_at(at, "an array's shape has a value that is not a size");
      sizes.push_back(nodes_[part].number);
    }
    return sizes;
  }

  void set_data(PickledArray& array, NodeId shape_id, NodeId dtype_id, bool fortran, NodeId data,
                std::uint64_t at) {
    if (!is(dtype_id, NodeKind::dtype)) guard_.fail_at(at, "an array without an element type");
    array.layout = nodes_.dtype_of(dtype_id);
    if (array.layout.is_empty_text()) guard_.fail_at(at, "an array of texts of width 0");
    array.shape = shape(shape_id, at);
    array.fortran_order = fortran;
    array.data = data;
    Index count = 0;
    try {
      count = count_elements(array.shape, array.layout.item_size);
    } catch (const ShapeError& error) { guard_.fail_at(at, error.what()); }
    const bool objects = array.layout.dtype == ArrayDtype::object;
    if (objects ? !is(data, NodeKind::list) : !is_raw(data))
      guard_.fail_at(at, "an array's data is of type '", name_of(nodes_[data].kind), "'");
    const std::size_t size = objects ? nodes_.children_of(data).size() : nodes_[data].text.size();
    const auto expected = static_cast<std::size_t>(objects ? count : count * array.layout.item_size);
    if (size != expected)
      guard_.fail_at(at, "an array of shape ", shape_text(array.shape), " has ", size,
                     objects ? " objects" : " bytes", ", expected ", expected);
    array.built = true;
  }

  Node new_array(std::uint64_t at) {
    nodes_.arrays.emplace_back();
    return {.kind = NodeKind::array, .at = at, .number = static_cast<std::int64_t>(nodes_.arrays.size() - 1)};
  }

  // _reconstruct(ndarray, (0,), b'b'): an empty array, whose state follows
  Node reconstruct(std::span<const NodeId> parts, std::uint64_t at) {
    const bool known = parts.size() == 3 && is(parts[0], NodeKind::global) &&
                       nodes_[parts[0]].number == static_cast<std::int64_t>(PickleGlobal::ndarray) &&
                       is(parts[1], NodeKind::tuple) && nodes_.children_of(parts[1]).size() == 1 &&
                       is_number(nodes_.children_of(parts[1])[0], 0) &&
                       (is_raw(parts[2]) || is_text(parts[2])) && nodes_[parts[2]].text == "b";
    if (!known) guard_.fail_at(at, "_reconstruct: expected the arguments (ndarray, (0,), b'b')");
    return new_array(at);
  }

  // (1, shape, dtype, fortran_order, data)
  void build_array(PickledArray& array, std::span<const NodeId> parts, std::uint64_t at) {
    if (array.built) guard_.fail_at(at, "an array is filled twice");
    if (parts.size() != 5 || !is_number(parts[0], 1) || !is_truth(parts[3]))
      guard_.fail_at(at, "an array's state is not (1, shape, dtype, order, data)");
    set_data(array, parts[1], parts[2], nodes_[parts[3]].number != 0, parts[4], at);
  }

  // dtype('i4', False, True)
  Node dtype(std::span<const NodeId> parts, std::uint64_t at) {
    if (parts.size() != 3 || !is_text(parts[0]) || !is_truth(parts[1]) || !is_truth(parts[2]))
      guard_.fail_at(at, "dtype: expected the arguments (text, align, copy)");
    ElementLayout layout;
    std::string why;
    const std::string_view descr = nodes_[parts[0]].text;
    if (!parse_descr(descr, layout, why)) guard_.fail_at(at, "element type '", printable(descr), "': ", why);
    nodes_.dtypes.push_back(layout);
    return {.kind = NodeKind::dtype, .at = at, .number = static_cast<std::int64_t>(nodes_.dtypes.size() - 1)};
  }

  // (3, '<', None, None, None, item size or -1, alignment, flags). Version 4 adds metadata, which does not
  // affect the values.
  void build_dtype(ElementLayout& layout, std::span<const NodeId> parts, std::uint64_t at) {
    const bool known =
        (parts.size() == 8 && is_number(parts[0], 3)) || (parts.size() == 9 && is_number(parts[0], 4));
    if (!known || !is_text(parts[1])) guard_.fail_at(at, "an element type has an unknown state");
    for (const std::size_t part : {2u, 3u, 4u})
      if (!is(parts[part], NodeKind::none)) guard_.fail_at(at, "structured element types are not supported");
    const std::string_view order = nodes_[parts[1]].text;
    if (order.size() != 1 || std::string_view("<>=|").find(order) == std::string_view::npos)
      guard_.fail_at(at, "byte order '", printable(order), "'");
    const bool sized = layout.dtype == ArrayDtype::unicode || layout.dtype == ArrayDtype::bytes;
    if (!is_number(parts[5], -1) && !(sized && is_number(parts[5], layout.item_size)))
      guard_.fail_at(at, "an element type's state and name have different sizes");
    layout.big_endian = order == ">";
  }

  Node bytes_node(std::string_view text, std::uint64_t at, NodeKind kind = NodeKind::bytes) {
    return {.kind = kind, .at = at, .number = static_cast<std::int64_t>(nodes_.shared_texts++), .text = text};
  }

  /// Returns make() for a node and a use of it, computed once. What occurs once in the pickle is in memory
  /// once.
  enum class Use : std::uint8_t { encoded, bytes, bytes_scalar, scalar, scalar_big_endian, items };
  template <class Make>
  Node once(NodeId id, Use use, const Make& make) {
    const auto key = std::pair(id, use);
    if (const auto known = made_.find(key); known != made_.end()) return known->second;
    return made_[key] = make();
  }

  // encode(text, 'latin1'): bytes, as protocols 0 to 2 hold them
  Node encode(std::span<const NodeId> parts, std::uint64_t at) {
    if (parts.size() != 2 || !is_text(parts[0]) || !is_text(parts[1]) || !is_latin1(nodes_[parts[1]].text))
      guard_.fail_at(at, "encode: expected the arguments (text, 'latin1')");
    return latin1(parts[0], at);
  }

  static bool is_latin1(std::string_view name) { return name == "latin1" || name == "latin-1"; }

  Node latin1(NodeId id, std::uint64_t at) {
    return once(id, Use::encoded, [&] {
      std::string_view text = nodes_[id].text;
      std::string bytes;
      for (char32_t code_point = 0; take_code_point(text, code_point);) {
        if (code_point > 0xFF) guard_.fail_at(at, "encode: a character outside Latin-1");
        bytes.push_back(static_cast<char>(static_cast<unsigned char>(code_point)));
      }
      if (!text.empty()) guard_.fail_at(at, "encode of a string that is not UTF-8");
      return bytes_node(nodes_.texts.emplace_back(std::move(bytes)), at);
    });
  }

  // bytes(), the empty bytes of protocols 0 to 2; bytearray of nothing, of bytes, or of (text, 'latin-1')
  Node bytes(std::span<const NodeId> parts, std::uint64_t at) {
    if (parts.empty()) return bytes_node({}, at);
    if (parts.size() == 1 && is_raw(parts[0]))
      return once(parts[0], Use::bytes, [&] { return bytes_node(nodes_[parts[0]].text, at); });
    if (parts.size() == 2 && is_text(parts[0]) && is_text(parts[1]) && is_latin1(nodes_[parts[1]].text))
      return latin1(parts[0], at);
    guard_.fail_at(at, "bytes: expected bytes or the arguments (text, 'latin-1')");
  }

  // OrderedDict() and defaultdict(type), filled afterwards; OrderedDict([[key, value], ...]) of Python 2;
  // Counter(dict). All are read as dicts.
  Node dict(const Node& type, std::span<const NodeId> parts, std::uint64_t at) {
    const auto make = [&](std::vector<NodeId> items) {
      nodes_.children.push_back(std::move(items));
      return Node{
          .kind = NodeKind::dict, .at = at, .number = static_cast<std::int64_t>(nodes_.children.size() - 1)};
    };
    const auto is_pair = [&](NodeId id) {
      return (is(id, NodeKind::list) || is(id, NodeKind::tuple)) && nodes_.children_of(id).size() == 2;
    };
    const bool of_type = type.number == static_cast<std::int64_t>(PickleGlobal::default_dict);
    if (parts.empty()) return make({});
    if (parts.size() == 1 && of_type && (is(parts[0], NodeKind::none) || is(parts[0], NodeKind::global)))
      return make({});
    if (parts.size() == 1 && !of_type && is(parts[0], NodeKind::dict)) return nodes_[parts[0]];
    if (parts.size() == 1 && !of_type && is(parts[0], NodeKind::list)) {
      const std::vector<NodeId>& pairs = nodes_.children_of(parts[0]);
      if (std::all_of(pairs.begin(), pairs.end(), is_pair))
        return once(parts[0], Use::items, [&] {
          std::vector<NodeId> items;
          for (const NodeId pair : pairs)
            for (const NodeId part : nodes_.children_of(pair)) items.push_back(part);
          return make(std::move(items));
        });
    }
    guard_.fail_at(at, "'", type.text, "' with unknown arguments; save dict(x)");
  }

  // _frombuffer(bytes, dtype, shape, 'C' or 'F')
  Node from_buffer(std::span<const NodeId> parts, std::uint64_t at) {
    if (parts.size() != 4 || !is_text(parts[3]) ||
        (nodes_[parts[3]].text != "C" && nodes_[parts[3]].text != "F"))
      guard_.fail_at(at, "_frombuffer: expected the arguments (bytes, dtype, shape, 'C' or 'F')");
    const Node node = new_array(at);
    PickledArray& array = nodes_.arrays.back();
    set_data(array, parts[2], parts[1], nodes_[parts[3]].text == "F", parts[0], at);
    if (array.layout.dtype == ArrayDtype::object) guard_.fail_at(at, "_frombuffer of objects");
    return node;
  }

  // scalar(dtype, bytes): one number or text
  Node scalar(std::span<const NodeId> parts, std::uint64_t at) {
    if (parts.size() != 2 || !is(parts[0], NodeKind::dtype) || !is_raw(parts[1]))
      guard_.fail_at(at, "scalar: expected the arguments (dtype, bytes)");
    const ElementLayout layout = nodes_.dtype_of(parts[0]);
    const std::string_view raw = nodes_[parts[1]].text;
    if (layout.dtype == ArrayDtype::object || raw.size() != static_cast<std::size_t>(layout.item_size))
      guard_.fail_at(at, "a scalar of ", name_of(layout.dtype), " from ", raw.size(), " bytes");
    if (layout.dtype == ArrayDtype::bytes)
      return once(parts[1], Use::bytes_scalar, [&] {
        return bytes_node(raw.substr(0, raw.find_last_not_of('\0') + 1), at);  // without padding
      });
    const auto read = [&] {
      MemorySource source(std::as_bytes(std::span(raw)), "scalar");
      return read_array(source, layout, {}, false);
    };
    if (layout.dtype == ArrayDtype::unicode)
      return once(parts[1], layout.big_endian ? Use::scalar_big_endian : Use::scalar, [&] {
        try {
          return bytes_node(nodes_.texts.emplace_back(read().strings()[0]), at, NodeKind::text);
        } catch (const FormatError& error) { guard_.fail_at(at, error.what()); }
      });
    const Array array = read();
    Node node{.kind = NodeKind::integer, .at = at};
    switch (layout.dtype) {
      case ArrayDtype::complex64:
      case ArrayDtype::complex128:
        guard_.fail_at(at, "complex scalars are not supported; save numpy.array(x), an array without axes");
      case ArrayDtype::float16:
      case ArrayDtype::float32:
      case ArrayDtype::float64:
        node.kind = NodeKind::real;
        node.number = std::bit_cast<std::int64_t>(array.as_numbers<double>()[0]);
        return node;
      case ArrayDtype::boolean: node.kind = NodeKind::boolean; break;
      default: break;
    }
    try {
      node.number = array.as_numbers<std::int64_t>()[0];
    } catch (const ValueError&) {
      guard_.fail_at(at, "an integer beyond 64 bits; save it in an array of uint64");
    }
    return node;
  }

  PickleNodes& nodes_;
  PickleGuard& guard_;
  std::map<std::pair<NodeId, Use>, Node> made_;
};

}  // namespace lstmlib::io::detail
