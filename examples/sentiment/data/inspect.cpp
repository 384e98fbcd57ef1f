// SPDX-License-Identifier: MIT
#include "sentiment/data/inspect.hpp"

#include "lstmlib/base/error.hpp"
#include "lstmlib/io/npz.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <functional>
#include <string>
#include <type_traits>

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
  return std::visit(
      [](const auto& content) -> Json {
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
          return json_value(io::Value(content.items));
        } else if constexpr (std::is_same_v<Kind, io::Dict>) {
          // An ordered object looks its keys up one by one, which takes long for a vocabulary: it is filled
          // unasked.
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
        } else if constexpr (std::is_same_v<Kind, std::shared_ptr<const io::Array>>) {
          return {{"dtype", dtype_text(content->dtype, content->item_size)},
                  {"shape", content->shape},
                  {"values", json_values(*content)}};
        } else {
          return content;  // bool, integer, text
        }
      },
      value.kind);
}

/// Text of more values is of no use, and would take memory without bound.
constexpr Index most_values = 10'000'000;
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 28;

/// Calls `take(info, array)` for each array; the array is null unless `values` are wanted.
void visit_arrays(const std::filesystem::path& file, bool values,
                  const std::function<void(const io::ArrayInfo&, const io::Array*)>& take) {
  Index count = 0;
  const auto check_count = [&](const io::ArrayInfo& info) {
    const Index elements = io::count_elements(info.shape);
    if (elements > most_values || (count += elements) > most_values)
      fail<lstmlib::FormatError>(file.string(), ": more than ", most_values,
                                 " values are not shown; leave them out");
  };
  if (io::is_npz(file)) {
    const io::NpzReader reader(file, {.max_bytes = most_bytes});
    for (std::size_t place = 0; place < reader.size(); ++place) {
      const io::ArrayInfo info = reader.info(place);
      if (!values) {
        take(info, nullptr);
        continue;
      }
      check_count(info);
      const io::Array array = reader.read(place);
      take(info, &array);
    }
  } else if (io::is_npy(file)) {
    const auto bytes = io::read_file(file);
    io::MemorySource head(bytes, file.string());
    io::ArrayInfo info = io::read_npy_info(head);
    info.name = file.stem().string();
    if (!values) return take(info, nullptr);
    check_count(info);
    const io::Array array = io::parse_npy(bytes, file.string(), {.max_bytes = most_bytes});
    take(info, &array);
  } else {
    fail<lstmlib::FormatError>(file.string(), ": is neither an .npy nor an .npz file");
  }
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
        std::size_t length = width;  // without the zeros that fill it up
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
  visit_arrays(file, values, [&](const io::ArrayInfo& info, const io::Array* array) {
    out << io::printable(info.name) << "  " << dtype_text(info.dtype, info.item_size) << "  "
        << io::shape_text(info.shape) << '\n';
    if (array != nullptr) out << "  " << dumped(json_values(*array)) << '\n';
  });
}

void inspect_json(const std::filesystem::path& file, bool values, std::ostream& out) {
  out << "{\"arrays\": [";
  bool first = true;
  visit_arrays(file, values, [&](const io::ArrayInfo& info, const io::Array* array) {
    Json entry{{"name", info.name}, {"dtype", dtype_text(info.dtype, info.item_size)}, {"shape", info.shape}};
    if (array != nullptr) entry["values"] = json_values(*array);
    out << (first ? "\n  " : ",\n  ") << dumped(entry);
    first = false;
  });
  out << "\n]}\n";
}

}  // namespace sentiment
