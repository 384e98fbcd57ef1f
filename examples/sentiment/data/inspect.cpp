// SPDX-License-Identifier: MIT
#include "sentiment/data/inspect.hpp"

#include "lstmlib/base/error.hpp"
#include "lstmlib/io/npz.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace sentiment {
namespace {

using lstmlib::fail;
using lstmlib::Index;
namespace io = lstmlib::io;
using Json = nlohmann::ordered_json;

/// Python's str(dtype): "float32", "<U7", "|S3", "object".
std::string dtype_text(io::ArrayDtype dtype, Index item_size) {
  if (dtype == io::ArrayDtype::unicode) return "<U" + std::to_string(item_size / 4);
  if (dtype == io::ArrayDtype::bytes) return "|S" + std::to_string(item_size);
  return std::string(name_of(dtype));
}

Json json_number(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  return number;
}

std::string hex(const char* bytes, std::size_t size) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "hex:";
  for (std::size_t at = 0; at < size; ++at) {
    const auto byte = static_cast<unsigned char>(bytes[at]);
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

Json json_value(const io::Value& value) {
  return value.visit([](const auto& content) -> Json {
    using Kind = std::decay_t<decltype(content)>;
    if constexpr (std::is_same_v<Kind, io::None>) {
      return nullptr;
    } else if constexpr (std::is_same_v<Kind, double>) {
      return json_number(content);
    } else if constexpr (std::is_same_v<Kind, io::Bytes>) {
      return hex(content.data.data(), content.data.size());
    } else if constexpr (std::is_same_v<Kind, io::List>) {
      Json list = Json::array();
      for (const io::Value& item : content) list.push_back(json_value(item));
      return list;
    } else if constexpr (std::is_same_v<Kind, io::Tuple>) {
      Json list = Json::array();
      for (const io::Value& item : content.items) list.push_back(json_value(item));
      return list;
    } else if constexpr (std::is_same_v<Kind, io::Dict>) {
      // An ordered object searches its keys linearly, which is slow for a vocabulary. So fill it without
      // searching.
      const bool of_text = std::all_of(content.begin(), content.end(), [](const auto& pair) {
        return pair.first.template get_if<std::string>() != nullptr;
      });
      if (!of_text) {
        Json pairs = Json::array();
        for (const auto& [key, item] : content)
          pairs.push_back(Json::array({json_value(key), json_value(item)}));
        return pairs;
      }
      Json object = Json::object();
      auto& members = object.template get_ref<Json::object_t&>();
      for (const auto& [key, item] : content)
        members.Container::emplace_back(*key.template get_if<std::string>(), json_value(item));
      return object;
    } else if constexpr (std::is_same_v<Kind, io::Array>) {
      return {{"dtype", dtype_text(content.dtype, content.item_size)},
              {"shape", content.shape},
              {"values", json_values(content)}};
    } else {
      return content;  // bool, integer, text
    }
  });
}

/// One array of a file: its header, and its values if requested and readable.
struct Found {
  io::ArrayInfo info;
  bool known = false;  ///< whether type and shape are known
  std::optional<Json> values{};
};

std::string type_of(const io::ArrayInfo& info) {
  return info.unread_type.empty() ? dtype_text(info.dtype, info.item_size) : info.unread_type;
}

/// More values would be useless as text, and memory must be bounded.
constexpr Index max_values = 10'000'000;
constexpr std::uint64_t max_bytes = std::uint64_t{1} << 28;

/// Reads an array with its values. Records an error as the array's problem.
class ArrayVisit {
 public:
  ArrayVisit(const std::filesystem::path& file, bool values) : file_(file), values_(values) {}

  /// `info()` reads the header, `read()` the array.
  template <class Info, class Read>
  Found visit(const std::string& name, const Info& info, const Read& read) {
    Found found;
    try {
      found.info = info();
      found.info.name = name;
      found.known = true;
      if (values_ && found.info.problem.empty()) {
        count(io::count_elements(found.info.shape));
        found.values = values_of(read());
      }
    } catch (const lstmlib::FormatError& error) {
      found.info.name = name;
      found.info.problem = without_file(error.what());
    }
    return found;
  }

 private:
  void count(Index elements) {
    if (elements > max_values || (count_ += elements) > max_values)
      fail<lstmlib::ValueError>(file_.string(), ": more than ", max_values,
                                " values are not shown; leave them out");
  }
  Json values_of(const io::Array& array) {
    if (array.dtype == io::ArrayDtype::object)
      for (const io::Value& value : array.objects) count_nested(value);
    return json_values(array);
  }
  /// Counts nested values. A value that is referenced repeatedly is written, and counted, each time.
  void count_nested(const io::Value& value) {
    value.visit([&]<class Content>(const Content& content) {
      if constexpr (std::is_same_v<Content, io::List>) {
        count(static_cast<Index>(content.size()));
        for (const io::Value& item : content) count_nested(item);
      } else if constexpr (std::is_same_v<Content, io::Tuple>) {
        count(static_cast<Index>(content.items.size()));
        for (const io::Value& item : content.items) count_nested(item);
      } else if constexpr (std::is_same_v<Content, io::Dict>) {
        count(static_cast<Index>(content.size()));
        for (const auto& [key, item] : content) {
          count_nested(key);
          count_nested(item);
        }
      } else if constexpr (std::is_same_v<Content, io::Array>) {
        count(content.elements());
        for (const io::Value& item : content.objects) count_nested(item);
      } else if constexpr (std::is_same_v<Content, std::string>) {
        count(static_cast<Index>(content.size() / 64));
      } else if constexpr (std::is_same_v<Content, io::Bytes>) {
        count(static_cast<Index>(content.data.size() / 64));
      }
    });
  }
  std::string without_file(const std::string& text) const {
    const std::string begin = file_.string() + ": ";
    return text.starts_with(begin) ? text.substr(begin.size()) : text;
  }

  const std::filesystem::path& file_;
  bool values_;
  Index count_ = 0;
};

/// The arrays of a file, or what it has instead.
struct Contents {
  std::vector<Found> arrays;
  std::string instead;
};

Contents contents_of(const std::filesystem::path& file, bool values) {
  Contents contents;
  ArrayVisit visit(file, values);
  if (io::is_npz(file)) {
    const io::NpzReader reader(file, {.max_bytes = max_bytes});
    for (std::size_t place = 0; place < reader.size(); ++place)
      contents.arrays.push_back(visit.visit(
          reader.name(place), [&] { return reader.info(place); }, [&] { return reader.read(place); }));
    if (reader.size() == 0) contents.instead = reader.without_arrays();
  } else if (io::is_npy(file)) {
    contents.arrays.push_back(visit.visit(
        file.stem().string(), [&] { return io::read_npy_info(file); },
        [&] { return io::read_npy(file, {.max_bytes = max_bytes}); }));
    // A single array with a damaged header leaves nothing to show.
    const Found& only = contents.arrays.front();
    if (!only.known) fail<lstmlib::FormatError>(file.string(), ": ", only.info.problem);
  } else {
    fail<lstmlib::FormatError>(file.string(), ": is neither an .npy nor an .npz file");
  }
  return contents;
}

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

nlohmann::ordered_json json_values(const io::Array& array) {
  Json list = Json::array();
  const auto add = [&]<class T>(std::type_identity<T>) {
    for (const T value : array.to<T>()) {
      if constexpr (std::is_floating_point_v<T>) list.push_back(json_number(static_cast<double>(value)));
      else list.push_back(value);
    }
  };
  const auto add_complex = [&]<class T>(std::type_identity<T>) {
    for (const std::complex<T>& value : array.to<std::complex<T>>())
      list.push_back(
          {json_number(static_cast<double>(value.real())), json_number(static_cast<double>(value.imag()))});
  };
  switch (array.dtype) {
    case io::ArrayDtype::boolean: add(std::type_identity<bool>{}); break;
    case io::ArrayDtype::int8: add(std::type_identity<std::int8_t>{}); break;
    case io::ArrayDtype::int16: add(std::type_identity<std::int16_t>{}); break;
    case io::ArrayDtype::int32: add(std::type_identity<std::int32_t>{}); break;
    case io::ArrayDtype::int64: add(std::type_identity<std::int64_t>{}); break;
    case io::ArrayDtype::uint8: add(std::type_identity<std::uint8_t>{}); break;
    case io::ArrayDtype::uint16: add(std::type_identity<std::uint16_t>{}); break;
    case io::ArrayDtype::uint32: add(std::type_identity<std::uint32_t>{}); break;
    case io::ArrayDtype::uint64: add(std::type_identity<std::uint64_t>{}); break;
    case io::ArrayDtype::float32: add(std::type_identity<float>{}); break;
    case io::ArrayDtype::float64: add(std::type_identity<double>{}); break;
    case io::ArrayDtype::complex64: add_complex(std::type_identity<float>{}); break;
    case io::ArrayDtype::complex128: add_complex(std::type_identity<double>{}); break;
    case io::ArrayDtype::float16:
      for (const double value : array.as_numbers<double>()) list.push_back(json_number(value));
      break;
    case io::ArrayDtype::unicode:
      for (const std::string& text : array.strings()) list.push_back(text);
      break;
    case io::ArrayDtype::bytes: {
      const auto width = static_cast<std::size_t>(array.item_size);
      for (std::size_t at = 0; at < static_cast<std::size_t>(array.elements()); ++at) {
        const char* item = reinterpret_cast<const char*>(array.data.data()) + at * width;
        std::size_t length = width;  // without trailing zeros
        while (length > 0 && item[length - 1] == 0) --length;
        list.push_back(hex(item, length));
      }
      break;
    }
    case io::ArrayDtype::object:
      for (const io::Value& value : array.objects) list.push_back(json_value(value));
      break;
  }
  return list;
}

void inspect(const std::filesystem::path& file, bool values, std::ostream& out) {
  const Contents contents = contents_of(file, values);
  if (contents.arrays.empty()) out << contents.instead << '\n';
  for (const Found& found : contents.arrays) {
    out << io::printable_name(found.info.name);
    if (found.known) out << "  " << type_of(found.info) << "  " << io::shape_text(found.info.shape);
    out << (found.info.problem.empty() ? "" : "  cannot be read: ") << found.info.problem << '\n';
    if (found.values) out << "  " << dumped(*found.values) << '\n';
  }
}

void inspect_json(const std::filesystem::path& file, bool values, std::ostream& out) {
  const Contents contents = contents_of(file, values);
  out << "{\"arrays\": [";
  bool first = true;
  for (const Found& found : contents.arrays) {
    Json entry{{"name", found.info.name}};
    if (found.known) {
      entry["dtype"] = type_of(found.info);
      entry["shape"] = found.info.shape;
    }
    if (!found.info.problem.empty()) entry["error"] = found.info.problem;
    if (found.values) entry["values"] = *found.values;
    out << (first ? "\n  " : ",\n  ") << dumped(entry);
    first = false;
  }
  out << "\n]";
  if (contents.arrays.empty()) out << ", \"error\": " << dumped(contents.instead);
  out << "}\n";
}

}  // namespace sentiment
