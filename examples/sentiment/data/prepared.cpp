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

/// The numbers of an integer array or of Python integers, none negative. `what` names them in messages.
std::vector<std::int32_t> natural_numbers(const io::Array& array, const std::string& what) {
  std::vector<std::int32_t> numbers;
  if (array.dtype == io::ArrayDtype::object) {
    for (const io::Value& value : array.objects) {
      const auto* number = value.get_if<std::int64_t>();
      const auto* item = value.get_if<io::Array>();
      if (item != nullptr && item->elements() == 1 && is_integer(item->dtype)) {
        numbers.push_back(item->as_numbers<std::int32_t>()[0]);
      } else if (number != nullptr && std::in_range<std::int32_t>(*number)) {
        numbers.push_back(static_cast<std::int32_t>(*number));
      } else {
        fail<FormatError>(what, ": item ", numbers.size(), " is no integer but ", value.kind_name());
      }
    }
  } else if (is_integer(array.dtype)) {
    numbers = array.as_numbers<std::int32_t>();
  } else {
    fail<FormatError>(what, ": ", describe(array), "; expected integers");
  }
  for (const std::int32_t number : numbers) {
    if (number < 0) fail<FormatError>(what, ": ", number, " is negative");
  }
  return numbers;
}

std::vector<std::vector<std::int32_t>> read_sentences(const io::Array& data) {
  std::vector<std::vector<std::int32_t>> sentences;
  if (data.dtype == io::ArrayDtype::object && data.shape.size() == 1) {
    sentences.reserve(data.objects.size());
    for (const io::Value& value : data.objects) {
      const auto* ids = value.get_if<io::Array>();
      if (ids == nullptr || ids->shape.size() != 1)
        fail<FormatError>("data: sentence ", sentences.size(), " is ",
                          ids == nullptr ? std::string(value.kind_name()) : describe(*ids),
                          "; expected an integer array of one axis");
      sentences.push_back(natural_numbers(*ids, lstmlib::message("data: sentence ", sentences.size())));
    }
  } else if (data.shape.size() == 2) {  // as NumPy makes it of equally long sentences
    const auto ids = natural_numbers(data, "data");
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

std::vector<std::int32_t> read_labels(const io::Array& labels) {
  const bool column = labels.shape.size() == 2 && labels.shape[1] == 1;
  if (labels.shape.size() != 1 && !column)
    fail<FormatError>("labels: ", describe(labels), "; expected integers [sentences, 1] or [sentences]");
  return natural_numbers(labels, "labels");
}

}  // namespace

PreparedData read_prepared(const std::filesystem::path& file) {
  const io::Archive archive = io::read_npz(file);
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
                          ", but the vocabulary has only ", words, " words; the two were not made together");
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
      fail<FormatError>(name.string(), ": class ", expected, " has no sentence, though there is a label ",
                        labels.back(), "; labels count from 0 without gaps");
  }
  if (labels.size() < 2)
    fail<FormatError>(name.string(),
                      ": all sentences have one label; a classifier needs two classes or more");
  return static_cast<Index>(labels.size());
}

}  // namespace sentiment
