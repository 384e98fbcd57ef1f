// SPDX-License-Identifier: MIT
#pragma once
// Writes values as pickles of protocol 3, with names that both NumPy 1 and NumPy 2 know.

#include "lstmlib/io/pickle_nodes.hpp"
#include "lstmlib/io/source.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

namespace detail {

/// Writes the same opcodes as Python's pickler, including the memo.
template <class = void>
class PickleWriter {
 public:
  std::vector<std::byte> write(const Value& value) {
    put("\x80\x03");
    put_value(value, 0);
    put(".");
    return std::move(bytes_);
  }
  std::vector<std::byte> write(const Array& array) {
    put("\x80\x03");
    put_array(array, 0);
    put(".");
    return std::move(bytes_);
  }

 private:
  void put(std::string_view opcodes) { append_text(bytes_, opcodes); }
  template <class T>
  void put_little(std::string_view opcode, T value) {
    put(opcode);
    append_little(bytes_, value);
  }

  /// Numbers the value just written. Python does so for every value that could occur again.
  std::uint32_t memorize() {
    const std::uint32_t place = memo_size_++;
    if (place < 256) put_little("q", static_cast<std::uint8_t>(place));
    else put_little("r", place);
    return place;
  }
  void recall(std::uint32_t place) {
    if (place < 256) put_little("h", static_cast<std::uint8_t>(place));
    else put_little("j", place);
  }
  /// Writes what `make` writes; from the second time on, a reference to the first.
  template <class Make>
  void once(const std::string& what, Make&& make) {
    if (const auto known = memo_.find(what); known != memo_.end()) return recall(known->second);
    make();
    memo_[what] = memorize();
  }
  void put_global(const std::string& module, const std::string& name) {
    once("c" + module + "." + name, [&] { put("c" + module + "\n" + name + "\n"); });
  }

  void put_value(const Value& value, int depth) {
    if (depth > pickle_depth) fail<FormatError>("pickle: values nested more than ", pickle_depth, " deep");
    const void* identity = value.identity();
    if (const auto known = places_.find(identity); identity != nullptr && known != places_.end())
      return recall(known->second);
    const Place place = value.visit([&](const auto& content) { return put_content(content, depth); });
    if (identity != nullptr && place) places_[identity] = *place;
  }

  /// Memo place of the written value, if it has one.
  using Place = std::optional<std::uint32_t>;

  Place put_content(None, int) { return put_unnumbered("N"); }
  Place put_content(bool value, int) { return put_unnumbered(value ? "\x88" : "\x89"); }
  Place put_unnumbered(std::string_view opcodes) {
    put(opcodes);
    return std::nullopt;
  }
  Place put_content(std::int64_t value, int) {
    put_integer(value);
    return std::nullopt;
  }
  void put_integer(std::int64_t value) {
    if (value >= 0 && value < 0x100) return put_little("K", static_cast<std::uint8_t>(value));
    if (value >= 0 && value < 0x10000) return put_little("M", static_cast<std::uint16_t>(value));
    if (std::in_range<std::int32_t>(value)) return put_little("J", static_cast<std::uint32_t>(value));
    std::uint8_t count = 8;  // the fewest bytes that hold it with its sign
    while (value >= -(std::int64_t{1} << (8 * count - 9)) && value < std::int64_t{1} << (8 * count - 9))
      --count;
    put_little("\x8a", count);
    for (int at = 0; at < count; ++at) append_little(bytes_, static_cast<std::uint8_t>(value >> (8 * at)));
  }
  Place put_content(double value, int) {
    put("G");
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (int at = 56; at >= 0; at -= 8) append_little(bytes_, static_cast<std::uint8_t>(bits >> at));
    return std::nullopt;
  }
  Place put_content(const std::string& text, int) {
    put_little("X", length(text.size()));
    put(text);
    return memorize();
  }
  Place put_content(const Bytes& bytes, int) { return put_bytes(bytes.data); }
  Place put_content(const List& items, int depth) { return put_list(items, depth); }
  Place put_content(const Tuple& tuple, int depth) {
    const std::size_t count = tuple.items.size();
    if (count == 0) return put_unnumbered(")");
    if (count > 3) put("(");
    for (const Value& item : tuple.items) put_value(item, depth + 1);
    put(count == 1 ? "\x85" : count == 2 ? "\x86" : count == 3 ? "\x87" : "t");
    return memorize();
  }
  Place put_content(const Dict& pairs, int depth) {
    put("}");
    const std::uint32_t place = memorize();
    put_in_batches(pairs, "s", "u", [&](const auto& pair) {
      put_value(pair.first, depth + 1);
      put_value(pair.second, depth + 1);
    });
    return place;
  }
  Place put_content(const Array& array, int depth) { return put_array(array, depth); }

  std::uint32_t put_list(const std::vector<Value>& items, int depth) {
    put("]");
    const std::uint32_t place = memorize();
    put_in_batches(items, "a", "e", [&](const Value& item) { put_value(item, depth + 1); });
    return place;
  }
  /// Batches of 1000 keep a reader's stack short.
  template <class Items, class Put>
  void put_in_batches(const Items& items, std::string_view single, std::string_view several, Put&& put_item) {
    for (std::size_t at = 0; at < items.size();) {
      const std::size_t end = (std::min)(items.size(), at + 1000);
      const bool alone = end - at == 1;
      if (!alone) put("(");
      for (; at < end; ++at) put_item(items[at]);
      put(alone ? single : several);
    }
  }

  static std::uint32_t length(std::size_t size) {
    if (!std::in_range<std::uint32_t>(size))
      fail<FormatError>("pickle: an item of ", size, " bytes, at most 4 GiB");
    return static_cast<std::uint32_t>(size);
  }
  std::uint32_t put_bytes(std::string_view bytes) {
    if (bytes.size() < 256) put_little("C", static_cast<std::uint8_t>(bytes.size()));
    else put_little("B", length(bytes.size()));
    put(bytes);
    return memorize();
  }

  // _reconstruct(ndarray, (0,), b'b'), then the state (1, shape, dtype, False, data)
  std::uint32_t put_array(const Array& array, int depth) {
    array.check();
    put_global("numpy.core.multiarray", "_reconstruct");
    put_global("numpy", "ndarray");
    put_content(Tuple{{Value(0)}}, depth);
    once("bytes b", [&] {
      put(
          std::string_view("C\x01"
                           "b"));
    });
    put("\x87");
    memorize();
    put("R");
    const std::uint32_t place = memorize();
    put(std::string_view("(K\x01"));
    Tuple shape;
    for (const Index size : array.shape) shape.items.emplace_back(size);
    put_content(shape, depth);
    put_dtype(array);
    put("\x89");
    if (array.dtype == ArrayDtype::object) {
      put_list(array.objects, depth);
    } else {
      std::vector<std::byte> data = array.data;
      to_native_order(data, {array.dtype, array.item_size, false}, false);
      put_bytes(as_text(data));
    }
    put("t");
    memorize();
    put("b");
    return place;
  }

  // dtype('i4', False, True), then the state (3, '<', None, None, None, -1, -1, 0)
  void put_dtype(const Array& array) {
    const std::string descr = array.descr();
    if (const auto known = memo_.find(descr); known != memo_.end()) return recall(known->second);
    const bool object = array.dtype == ArrayDtype::object, unicode = array.dtype == ArrayDtype::unicode;
    const bool sized = unicode || array.dtype == ArrayDtype::bytes;
    put_global("numpy", "dtype");
    put_content(object ? "O8" : descr.substr(1), 0);
    put("\x89\x88\x87");
    memorize();
    put("R");
    memo_[descr] = memorize();
    put(std::string_view("(K\x03"));
    put_content(descr.substr(0, 1), 0);
    put("NNN");
    put_content(sized ? array.item_size : Index{-1}, 0);
    put_content(sized ? Index{unicode ? 4 : 1} : Index{-1}, 0);
    put_content(Index{object ? 63 : unicode ? 8 : 0}, 0);
    put("t");
    memorize();
    put("b");
  }

  std::vector<std::byte> bytes_;
  std::map<std::string, std::uint32_t> memo_;
  std::unordered_map<const void*, std::uint32_t> places_;  // of values that occur several times
  std::uint32_t memo_size_ = 0;
};

}  // namespace detail

/// The pickle of a value or an array. Throws FormatError for more than 256 levels of nesting and for a single
/// item of 4 GiB or more.
template <class = void>
std::vector<std::byte> format_pickle(const Value& value) {
  return detail::PickleWriter<>().write(value);
}
template <class = void>
std::vector<std::byte> format_pickle(const Array& array) {
  return detail::PickleWriter<>().write(array);
}

}  // namespace lstmlib::io
