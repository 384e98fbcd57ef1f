// SPDX-License-Identifier: MIT
#include "sentiment/data/prepared.hpp"

#include "lstmlib/base/error.hpp"
#include "lstmlib/io/array.hpp"
#include "lstmlib/io/npz.hpp"
#include "sentiment/data/file.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace sentiment {
namespace {

using lstmlib::fail;
using lstmlib::FormatError;
using lstmlib::Index;
namespace io = lstmlib::io;

bool is_integer(io::ArrayDtype dtype) {
  return dtype >= io::ArrayDtype::int8 && dtype <= io::ArrayDtype::uint64;
}

std::string describe(const io::Array& array) {
  return lstmlib::message("array of ", name_of(array.dtype), " ", io::shape_text(array.shape));
}

/// Collects integers, which must not be negative. `what` names them in messages.
class Numbers {
 public:
  explicit Numbers(std::string what) : what_(std::move(what)) {}

  void add(std::int64_t number) {
    if (number < 0) fail<FormatError>(what_, ": ", number, " is negative");
    if (!std::in_range<std::int32_t>(number)) fail<FormatError>(what_, ": ", number, " is beyond 32 bits");
    numbers_.push_back(static_cast<std::int32_t>(number));
  }
  void add(const io::Array& array) {
    if (array.dtype == io::ArrayDtype::object) return add(array.objects);
    if (!is_integer(array.dtype)) fail<FormatError>(what_, ": ", describe(array), "; expected integers");
    if (array.dtype == io::ArrayDtype::int32) {
      const std::vector<std::int32_t> all = array.to<std::int32_t>();
      if (const auto bad = std::find_if(all.begin(), all.end(), [](auto n) { return n < 0; });
          bad != all.end())
        add(std::int64_t{*bad});
      numbers_.insert(numbers_.end(), all.begin(), all.end());
    } else {
      try {
        for (const std::int64_t number : array.as_numbers<std::int64_t>()) add(number);
      } catch (const lstmlib::ValueError& error) { fail<FormatError>(what_, ": ", error.what()); }
    }
  }
  void add(const std::vector<io::Value>& values) {
    for (const io::Value& value : values) {
      const auto* array = value.get_if<io::Array>();
      if (const auto* number = value.get_if<std::int64_t>()) add(*number);
      else if (array != nullptr && array->elements() == 1 && array->dtype != io::ArrayDtype::object)
        add(*array);
      else
        fail<FormatError>(what_, ": item ", numbers_.size(), " is ", value.kind_name(),
                          ", expected an integer");
    }
  }
  std::vector<std::int32_t> take() { return std::move(numbers_); }

 private:
  std::string what_;
  std::vector<std::int32_t> numbers_;
};

/// The items of a list or tuple; null for any other value.
const std::vector<io::Value>* items_of(const io::Value& value) {
  if (const auto* list = value.get_if<io::List>()) return list;
  const auto* tuple = value.get_if<io::Tuple>();
  return tuple != nullptr ? &tuple->items : nullptr;
}

/// A sentence is an array with one axis, a list or a tuple. A sentence that the file references repeatedly is
/// copied each time, so the total is bounded.
std::vector<std::vector<std::int32_t>> sentences_of(const std::vector<io::Value>& values) {
  constexpr std::size_t max_words = std::size_t{1} << 28;  // 1 GiB
  std::vector<std::vector<std::int32_t>> sentences;
  sentences.reserve(values.size());
  std::size_t words = 0;
  for (const io::Value& value : values) {
    const auto* array = value.get_if<io::Array>();
    const auto* items = items_of(value);
    if (items == nullptr && (array == nullptr || array->shape.size() != 1))
      fail<FormatError>("data: sentence ", sentences.size(), " is ",
                        array == nullptr ? std::string(value.kind_name()) : describe(*array),
                        "; expected an integer array of one axis, or a list of integers");
    words += items != nullptr ? items->size() : static_cast<std::size_t>(array->elements());
    if (words > max_words) fail<FormatError>("data: more than ", max_words, " words");
    Numbers ids(lstmlib::message("data: sentence ", sentences.size()));
    if (items != nullptr) ids.add(*items);
    else ids.add(*array);
    sentences.push_back(ids.take());
  }
  return sentences;
}

std::vector<std::vector<std::int32_t>> read_sentences(const io::Array& data) {
  std::vector<std::vector<std::int32_t>> sentences;
  const auto* whole =
      data.dtype == io::ArrayDtype::object && data.shape.empty() ? items_of(data.objects[0]) : nullptr;
  if (whole != nullptr) {  // one list of sentences
    sentences = sentences_of(*whole);
  } else if (data.dtype == io::ArrayDtype::object && data.shape.size() == 1) {
    sentences = sentences_of(data.objects);
  } else if (data.shape.size() == 2) {  // NumPy stores sentences of equal length this way
    Numbers numbers("data");
    numbers.add(data);
    const auto ids = numbers.take();
    const Index length = data.shape[1];
    sentences.reserve(static_cast<std::size_t>(length == 0 ? 0 : data.shape[0]));
    if (length == 0) fail<FormatError>("data: ", describe(data), ": sentences without words");
    for (auto from = ids.begin(); from != ids.end(); from += length)
      sentences.emplace_back(from, from + length);
  } else {
    fail<FormatError>("data: ", describe(data),
                      "; expected an object array of sentences, or integers [sentences, length]");
  }
  for (std::size_t at = 0; at < sentences.size(); ++at) {
    if (sentences[at].empty())
      fail<FormatError>("data: sentence ", at, " is empty; it has at least its <eos>");
  }
  return sentences;
}

/// One integer per sentence, optionally in an array or list of its own.
std::vector<std::int32_t> read_labels(const io::Array& labels) {
  Numbers numbers("labels");
  const auto* whole =
      labels.dtype == io::ArrayDtype::object && labels.shape.empty() ? items_of(labels.objects[0]) : nullptr;
  const bool column = labels.shape.size() == 2 && labels.shape[1] == 1;
  if (whole == nullptr && labels.shape.size() != 1 && !column)
    fail<FormatError>("labels: ", describe(labels), "; expected integers [sentences, 1] or [sentences]");
  if (labels.dtype != io::ArrayDtype::object) {
    numbers.add(labels);
    return numbers.take();
  }
  for (const io::Value& value : whole != nullptr ? *whole : labels.objects) {
    const auto* items = items_of(value);
    numbers.add(items != nullptr && items->size() == 1 ? *items : std::vector<io::Value>{value});
  }
  return numbers.take();
}

}  // namespace

PreparedData read_prepared(const std::filesystem::path& file) {
  const io::Archive archive = io::read_npz_arrays(file, {"data", "labels"});
  try {
    PreparedData data{read_sentences(archive.at("data")), read_labels(archive.at("labels"))};
    if (data.sentences.size() != data.labels.size())
      fail<FormatError>(data.sentences.size(), " sentences, but ", data.labels.size(), " labels");
    if (data.sentences.empty()) fail<FormatError>("no sentence in it");
    return data;
  } catch (const lstmlib::Error& error) { fail<FormatError>(file.string(), ": ", error.what()); }
}

void write_prepared(const std::filesystem::path& file, const PreparedData& data) {
  const auto count = static_cast<Index>(data.sentences.size());
  const auto length_of = [](const std::vector<std::int32_t>& sentence) {
    return static_cast<Index>(sentence.size());
  };
  const bool equal_lengths =
      count > 0 && std::all_of(data.sentences.begin(), data.sentences.end(), [&](const auto& sentence) {
        return length_of(sentence) == length_of(data.sentences[0]);
      });
  io::Archive archive;
  if (equal_lengths) {
    std::vector<std::int32_t> ids;
    for (const auto& sentence : data.sentences) ids.insert(ids.end(), sentence.begin(), sentence.end());
    archive.add("data", io::Array::from(ids, {count, length_of(data.sentences[0])}));
  } else {
    std::vector<io::Value> sentences;
    sentences.reserve(data.sentences.size());
    for (const auto& sentence : data.sentences)
      sentences.emplace_back(io::Array::from(sentence, {length_of(sentence)}));
    archive.add("data", io::Array::from_objects(std::move(sentences), {count}));
  }
  archive.add("labels", io::Array::from(data.labels, {count, 1}));
  make_folder(file.parent_path());
  io::write_npz(file, archive);
}

void check_ids(const PreparedData& data, Index words, const std::filesystem::path& name) {
  for (std::size_t at = 0; at < data.sentences.size(); ++at) {
    for (const std::int32_t id : data.sentences[at]) {
      if (id >= words)
        fail<FormatError>(name.string(), ": data: sentence ", at, " has word id ", id,
                          ", but the vocabulary has only ", words,
                          " words; both must come from the same `sentiment prepare`");
    }
  }
}

void check_labels(const PreparedData& data, Index classes, const std::filesystem::path& name) {
  for (std::size_t at = 0; at < data.labels.size(); ++at) {
    if (data.labels[at] >= classes)
      fail<FormatError>(name.string(), ": sentence ", at, " has label ", data.labels[at],
                        ", but there are only ", classes, " classes (0 to ", classes - 1, ")");
  }
}

Index count_classes(const PreparedData& data, const std::filesystem::path& name) {
  auto labels = data.labels;
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  for (std::size_t expected = 0; expected < labels.size(); ++expected) {
    if (static_cast<std::size_t>(labels[expected]) != expected)
      fail<FormatError>(name.string(), ": class ", expected, " has no sentence, but there is a label ",
                        labels.back(), "; labels count from 0 without gaps");
  }
  if (labels.size() < 2)
    fail<FormatError>(name.string(),
                      ": all sentences have one label; a classifier needs two classes or more");
  return static_cast<Index>(labels.size());
}

}  // namespace sentiment
