// SPDX-License-Identifier: MIT
#pragma once
// Parses the opcodes of a pickle, protocols 0 to 5, into nodes. It knows only opcodes that make data, and
// refuses calls of anything but the names in pickle_nodes.hpp.

#include "lstmlib/io/pickle_numpy.hpp"
#include "lstmlib/io/pickle_text.hpp"
#include "lstmlib/io/source.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io::detail {

template <class = void>
class PickleMachine {
 public:
  PickleMachine(std::span<const std::byte> input, PickleGuard& guard)
      : input_(as_text(input)), guard_(guard), numpy_(nodes_, guard) {}

  /// Reads up to the end opcode and returns the root node. An opcode makes at most one node and one stack
  /// entry, and a memo place never exceeds the bytes read. So memory is bounded by the input.
  NodeId run() {
    while (true) {
      opcode_at_ = at_;
      const char opcode = take(1)[0];
      if (opcode == '.') break;
      step(opcode);
    }
    if (!marks_.empty() || stack_.size() != 1)
      fail_here(stack_.size(), " values and ", marks_.size(), " marks at the end");
    return stack_.back();
  }

  PickleNodes& nodes() { return nodes_; }

 private:
  void step(char opcode) {
    switch (opcode) {
      case '\x80': return protocol(number(1));                                                // PROTO
      case '\x95': return frame(number(8));                                                   // FRAME
      case '(': return marks_.push_back(stack_.size());                                       // MARK
      case '0': return pop_or_mark();                                                         // POP
      case '1': (void)take_marked(); return;                                                  // POP_MARK
      case '2': return push_again(top());                                                     // DUP
      case 'N': return push({.kind = NodeKind::none});                                        // NONE
      case '\x88': return push_number(NodeKind::boolean, 1);                                  // NEWTRUE
      case '\x89': return push_number(NodeKind::boolean, 0);                                  // NEWFALSE
      case 'I': return int_text(line());                                                      // INT
      case 'L': return push_number(NodeKind::integer, long_text(line()));                     // LONG
      case 'K': return push_number(NodeKind::integer, static_cast<std::int64_t>(number(1)));  // BININT1
      case 'M': return push_number(NodeKind::integer, static_cast<std::int64_t>(number(2)));  // BININT2
      case 'J': return push_number(NodeKind::integer, signed_number(4));                      // BININT
      case '\x8a':
        return push_number(NodeKind::integer, long_bytes(static_cast<std::int64_t>(number(1))));  // LONG1
      case '\x8b': return push_number(NodeKind::integer, long_bytes(signed_number(4)));           // LONG4
      case 'F': return push_real(float_text(line()));                                             // FLOAT
      case 'G': return push_real(big_endian_double(take(8)));                                     // BINFLOAT
      case 'S': return push_text(NodeKind::old_string, keep(decode_string_line(line())));         // STRING
      case 'U': return push_text(NodeKind::old_string, take(number(1)));                 // SHORT_BINSTRING
      case 'T': return push_text(NodeKind::old_string, take(length(signed_number(4))));  // BINSTRING
      case 'V': return push_text(NodeKind::text, keep(decode_unicode_line(line())));     // UNICODE
      case '\x8c': return push_utf8(take(number(1)));                                    // SHORT_BINUNICODE
      case 'X': return push_utf8(take(number(4)));                                       // BINUNICODE
      case '\x8d': return push_utf8(take(number(8)));                                    // BINUNICODE8
      case 'C': return push_text(NodeKind::bytes, take(number(1)));                      // SHORT_BINBYTES
      case 'B': return push_text(NodeKind::bytes, take(number(4)));                      // BINBYTES
      case '\x8e':
      case '\x96': return push_text(NodeKind::bytes, take(number(8)));  // BINBYTES8, BYTEARRAY8
      case ']': return push_children(NodeKind::list, {});               // EMPTY_LIST
      case ')': return push_children(NodeKind::tuple, {});              // EMPTY_TUPLE
      case '}': return push_children(NodeKind::dict, {});               // EMPTY_DICT
      case 'l': return push_children(NodeKind::list, take_marked());    // LIST
      case 't': return push_children(NodeKind::tuple, take_marked());   // TUPLE
      case '\x85': return push_children(NodeKind::tuple, take_top(1));  // TUPLE1
      case '\x86': return push_children(NodeKind::tuple, take_top(2));  // TUPLE2
      case '\x87': return push_children(NodeKind::tuple, take_top(3));  // TUPLE3
      case 'd': {                                                       // DICT
        const std::vector<NodeId> items = take_marked();
        push_children(NodeKind::dict, {});
        return extend(NodeKind::dict, items);
      }
      case 'a': return extend(NodeKind::list, take_top(1));    // APPEND
      case 'e': return extend(NodeKind::list, take_marked());  // APPENDS
      case 's': return extend(NodeKind::dict, take_top(2));    // SETITEM
      case 'u': return extend(NodeKind::dict, take_marked());  // SETITEMS
      case 'g': return recall(index_text(line()));             // GET
      case 'h': return recall(number(1));                      // BINGET
      case 'j': return recall(number(4));                      // LONG_BINGET
      case 'p': return memorize(index_text(line()));           // PUT
      case 'q': return memorize(number(1));                    // BINPUT
      case 'r': return memorize(number(4));                    // LONG_BINPUT
      case '\x94': return memorize(memo_.size());              // MEMOIZE
      case 'c': {                                              // GLOBAL
        const std::string_view module = line();
        return global(module, line());
      }
      case '\x93': {  // STACK_GLOBAL
        const std::vector<NodeId> names = take_top(2);
        for (const NodeId name : names)
          if (nodes_[name].kind != NodeKind::text) fail_here("the name of a global is not a string");
        return global(nodes_[names[0]].text, nodes_[names[1]].text);
      }
      case 'R': {  // REDUCE
        const std::vector<NodeId> call = take_top(2);
        return push(numpy_.call(call[0], call[1], opcode_at_));
      }
      case 'b': {  // BUILD
        const NodeId state = take_top(1)[0];
        return numpy_.build(top(), state, opcode_at_);
      }
      default: refuse(opcode);
    }
  }

  template <class... Parts>
  [[noreturn]] void fail_here(const Parts&... parts) const {
    guard_.fail_at(opcode_at_, parts...);
  }
  [[noreturn]] void refuse(char opcode) const {
    struct Refused {
      char opcode;
      std::string_view name;
    };
    if (opcode == '\x8f' || opcode == '\x91')
      fail_here(opcode == '\x8f' ? "a set" : "a frozenset", " is not supported (opcode ",
                opcode == '\x8f' ? "EMPTY_SET" : "FROZENSET", "): save list(x)");
    constexpr Refused refused[] = {
        {'i', "INST"},    {'o', "OBJ"},         {'\x81', "NEWOBJ"},      {'\x92', "NEWOBJ_EX"},
        {'P', "PERSID"},  {'Q', "BINPERSID"},   {'\x82', "EXT1"},        {'\x83', "EXT2"},
        {'\x84', "EXT4"}, {'\x90', "ADDITEMS"}, {'\x97', "NEXT_BUFFER"}, {'\x98', "READONLY_BUFFER"}};
    for (const Refused& known : refused)
      if (known.opcode == opcode) {
        const std::size_t class_depth = opcode == '\x81' ? 2 : opcode == '\x92' ? 3 : 0;
        if (class_depth != 0 && stack_.size() >= floor() + class_depth)
          numpy_.refuse_unknown(stack_[stack_.size() - class_depth]);
        fail_here("opcode ", known.name, " is not allowed: it creates more than plain data");
      }
    fail_here("unknown opcode ", static_cast<int>(static_cast<unsigned char>(opcode)));
  }

  // Reading.
  std::string_view take(std::uint64_t count) {
    if (count > input_.size() - at_)
      fail_here("cut short inside a value: it has ", count, " bytes, only ", input_.size() - at_,
                " are left");
    const std::string_view part = input_.substr(at_, static_cast<std::size_t>(count));
    at_ += part.size();
    return part;
  }
  std::string_view line() {
    const std::size_t end = input_.find('\n', at_);
    if (end == std::string_view::npos) fail_here("a line does not end");
    const std::string_view part = input_.substr(at_, end - at_);
    at_ = end + 1;
    return part;
  }
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    const std::string_view part = take(bytes);
    for (std::size_t at = 0; at < bytes; ++at)
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(part[at])) << (8 * at);
    return value;
  }
  std::int64_t signed_number(std::size_t bytes) {
    const std::size_t unused = 64 - 8 * bytes;
    return static_cast<std::int64_t>(number(bytes) << unused) >> unused;
  }
  std::uint64_t length(std::int64_t value) const {
    if (value < 0) fail_here("a negative length");
    return static_cast<std::uint64_t>(value);
  }
  std::int64_t long_bytes(std::int64_t count) {
    if (length(count) > 8) fail_here("an integer of ", count, " bytes, the limit is 8");
    return count == 0 ? 0 : signed_number(static_cast<std::size_t>(count));
  }
  template <class T>
  T parse(std::string_view text, std::string_view what) const {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
      fail_here("'", printable(text), "' is not a 64-bit ", what);
    return value;
  }
  std::int64_t long_text(std::string_view text) const {
    if (text.ends_with('L')) text.remove_suffix(1);
    return parse<std::int64_t>(text, "integer");
  }
  std::uint64_t index_text(std::string_view text) const { return parse<std::uint64_t>(text, "memo index"); }
  double float_text(std::string_view text) const { return parse<double>(text, "float"); }
  void int_text(std::string_view text) {
    if (text == "00" || text == "01") return push_number(NodeKind::boolean, text == "01");
    push_number(NodeKind::integer, long_text(text));
  }
  static double big_endian_double(std::string_view bytes) {
    std::uint64_t bits = 0;
    for (const char byte : bytes) bits = bits << 8 | static_cast<unsigned char>(byte);
    return std::bit_cast<double>(bits);
  }
  std::string_view keep(std::optional<std::string> text) {
    if (!text) fail_here("a string with invalid quotes or escapes");
    return nodes_.texts.emplace_back(std::move(*text));
  }

  // The stack. Values below the last mark are out of reach.
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  void push_again(NodeId id) { stack_.push_back(id); }
  void push(Node node) {
    if (nodes_.nodes.size() == (std::numeric_limits<NodeId>::max)()) fail_here("more than 2^32 values");
    node.at = opcode_at_;
    nodes_.nodes.push_back(node);
    stack_.push_back(static_cast<NodeId>(nodes_.nodes.size() - 1));
  }
  void push_number(NodeKind kind, std::int64_t value) { push({.kind = kind, .number = value}); }
  void push_real(double value) { push_number(NodeKind::real, std::bit_cast<std::int64_t>(value)); }
  void push_text(NodeKind kind, std::string_view text) {
    push({.kind = kind, .number = static_cast<std::int64_t>(nodes_.shared_texts++), .text = text});
  }
  void push_utf8(std::string_view text) {
    if (!is_utf8(text)) fail_here("a string that is not UTF-8");
    push_text(NodeKind::text, text);
  }
  void push_children(NodeKind kind, std::vector<NodeId> children) {
    nodes_.children.push_back(std::move(children));
    push_number(kind, static_cast<std::int64_t>(nodes_.children.size() - 1));
  }
  NodeId top() const {
    if (stack_.size() <= floor()) fail_here("needs a value, but the stack is empty");
    return stack_.back();
  }
  std::vector<NodeId> take_top(std::size_t count) {
    if (stack_.size() - floor() < count) fail_here("needs ", count, " values, but the stack has fewer");
    std::vector<NodeId> taken(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return taken;
  }
  std::vector<NodeId> take_marked() {
    if (marks_.empty()) fail_here("needs a mark, but there is none");
    std::vector<NodeId> taken = take_top(stack_.size() - marks_.back());
    marks_.pop_back();
    return taken;
  }
  void pop_or_mark() {
    if (!marks_.empty() && marks_.back() == stack_.size()) marks_.pop_back();
    else take_top(1);
  }

  void extend(NodeKind kind, const std::vector<NodeId>& items) {
    if (nodes_[top()].kind != kind)
      fail_here("items for '", name_of(nodes_[top()].kind), "' in place of '", name_of(kind), "'");
    if (kind == NodeKind::dict) {
      if (items.size() % 2 != 0) fail_here("a key without a value");
      for (std::size_t at = 0; at < items.size(); at += 2)
        if (!can_be_key(nodes_[items[at]].kind))
          fail_here("'", name_of(nodes_[items[at]].kind), "' as a key");
    }
    std::vector<NodeId>& children = nodes_.children_of(top());
    children.insert(children.end(), items.begin(), items.end());
  }

  void protocol(std::uint64_t version) const {
    if (version > 5) fail_here("protocol ", version, ", the highest supported one is 5");
  }
  void frame(std::uint64_t size) const {
    if (size > input_.size() - at_)
      fail_here("a frame of ", size, " bytes, only ", input_.size() - at_, " are left");
  }

  // The memo.
  void memorize(std::uint64_t place) {
    // Writers count up, so a place never exceeds the bytes read. This keeps the memo smaller than the input.
    if (place > at_) fail_here("memo index ", place, " is out of order");
    if (place >= memo_.size()) memo_.resize(static_cast<std::size_t>(place) + 1, no_node);
    memo_[static_cast<std::size_t>(place)] = top();
  }
  void recall(std::uint64_t place) {
    if (place >= memo_.size() || memo_[static_cast<std::size_t>(place)] == no_node)
      fail_here("memo index ", place, " was never set");
    push_again(memo_[static_cast<std::size_t>(place)]);
  }

  void global(std::string_view module, std::string_view name) {
    PickleGlobal global = PickleGlobal::unknown;
    for (const PickleGlobalName& known : pickle_globals)
      if (known.module == module && known.name == name) global = known.global;
    std::string& whole = nodes_.texts.emplace_back(module);
    whole += '.';
    whole += name;
    push({.kind = NodeKind::global, .number = static_cast<std::int64_t>(global), .text = whole});
  }

  static constexpr NodeId no_node = (std::numeric_limits<NodeId>::max)();
  std::string_view input_;
  PickleGuard& guard_;
  PickleNodes nodes_;
  PickleNumpy<> numpy_;
  std::size_t at_ = 0, opcode_at_ = 0;
  std::vector<NodeId> stack_, memo_;
  std::vector<std::size_t> marks_;
};

}  // namespace lstmlib::io::detail
