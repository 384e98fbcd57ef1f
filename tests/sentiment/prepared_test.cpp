// SPDX-License-Identifier: MIT
#include "sentiment/data/prepared.hpp"
#include "lstmlib/io/npz.hpp"
#include "sentiment/error_of.hpp"
#include "sentiment/data/file.hpp"
#include "hostile.hpp"
#include "support.hpp"

#include <nlohmann/json.hpp>

using lstmlib::test::says;
using namespace sentiment;
using lstmlib::test::kit;
using lstmlib::test::kit_has;
using lstmlib::test::scratch;
using sentiment::test::error_of;
namespace io = lstmlib::io;

namespace {

io::Array ids(std::vector<std::int32_t> values) {
  const auto count = static_cast<lstmlib::Index>(values.size());
  return io::Array::from(values, {count});
}

io::Array two_sentences() { return io::Array::from_objects({ids({4, 0}), ids({2, 3, 0})}, {2}); }

io::Array two_labels() { return io::Array::from(std::vector<std::int32_t>{1, 0}, {2, 1}); }

/// What reading a file of these two arrays says.
std::string refusal(io::Array data, io::Array labels) {
  const auto file = scratch("prepared_bad") / "train.npz";
  io::Archive archive;
  archive.add("data", std::move(data));
  archive.add("labels", std::move(labels));
  io::write_npz(file, archive);
  const std::string said = error_of([&] { read_prepared(file); });
  CHECK((said.empty() || said.starts_with(file.string())));
  return said;
}

}  // namespace

TEST_CASE("prepared data goes to a file as the reference saves it and comes back") {
  const auto file = scratch("prepared") / "train" / "train.npz";
  const PreparedData data{{{5, 6, 0}, {0}, {7, 0}}, {1, 0, 2}};
  write_prepared(file, data);
  CHECK(read_prepared(file) == data);
  const auto archive = io::read_npz(file);
  CHECK(archive.names() == std::vector<std::string>{"data", "labels"});
  CHECK(archive.at("data").descr() == "|O");
  CHECK(archive.at("data").shape == std::vector<lstmlib::Index>{3});
  CHECK(archive.at("data").objects[0] == io::Value(ids({5, 6, 0})));
  CHECK(archive.at("labels").descr() == "<i4");
  CHECK(archive.at("labels").shape == std::vector<lstmlib::Index>{3, 1});
}

TEST_CASE("sentences of one length are a plain array of two axes, as NumPy makes it") {
  const auto file = scratch("prepared_equal") / "test.npz";
  const PreparedData data{{{5, 0}, {6, 0}, {7, 0}}, {1, 0, 1}};
  write_prepared(file, data);
  CHECK(read_prepared(file) == data);
  const auto archive = io::read_npz(file);
  CHECK(archive.at("data").descr() == "<i4");
  CHECK(archive.at("data").shape == std::vector<lstmlib::Index>{3, 2});
  const PreparedData one{{{5, 9, 0}}, {0}};
  write_prepared(file, one);
  CHECK(read_prepared(file) == one);
}

TEST_CASE("labels may be any integers, in a column, a row or objects") {
  CHECK(refusal(two_sentences(), two_labels()).empty());
  CHECK(refusal(two_sentences(), io::Array::from(std::vector<std::int64_t>{1, 0}, {2})).empty());
  CHECK(refusal(two_sentences(), io::Array::from_objects({1, 0}, {2})).empty());
  CHECK(refusal(two_sentences(), io::Array::from_objects({ids({1}), ids({0})}, {2})).empty());
}

TEST_CASE("sentences may be lists or tuples, ragged or not, and what else is in the file does not matter") {
  const auto folder = scratch("prepared_lists");
  const auto read = [&](io::Array data, io::Array labels) {
    io::Archive archive;
    archive.add("data", std::move(data));
    archive.add("labels", std::move(labels));
    archive.add("another", io::Array::empty(io::ArrayDtype::uint8, 1, {3}));
    auto bytes = io::format_npz(archive, io::Compression::store);
    const auto at = io::as_text(bytes).find("|u1");
    bytes[at + 1] = std::byte{'V'};  // a type that is not read
    io::write_file(folder / "train.npz", bytes);
    return read_prepared(folder / "train.npz");
  };
  const PreparedData ragged{{{5, 6, 0}, {7, 0}}, {1, 0}};
  const io::Value first(io::List{5, 6, 0}), second(io::Tuple{{7, 0}});
  CHECK(read(io::Array::from_objects({first, second}, {2}), two_labels()) == ragged);
  CHECK(read(io::Array::object(io::List{first, second}), two_labels()) == ragged);
  CHECK(read(io::Array::from_objects({first, ids({7, 0})}, {2}), two_labels()) == ragged);
  CHECK(read(io::Array::from_objects({first, io::Array::from(std::vector<std::uint8_t>{7, 0}, {2})}, {2}),
             two_labels()) == ragged);
  CHECK(read(io::Array::from_objects({first, io::Array::from_objects({7, 0}, {2})}, {2}), two_labels()) ==
        ragged);
  CHECK(read(io::Array::from_objects({5, 6, 7, 8}, {2, 2}), two_labels()) ==
        PreparedData{{{5, 6}, {7, 8}}, {1, 0}});
  CHECK(read(two_sentences(), io::Array::object(io::List{1, 0})).labels == std::vector<std::int32_t>{1, 0});
  CHECK(read(two_sentences(), io::Array::from_objects({io::List{1}, io::List{0}}, {2})).labels ==
        std::vector<std::int32_t>{1, 0});
  CHECK(says(refusal(io::Array::from_objects({first, io::List{7, "x"}}, {2}), two_labels()),
             "data: sentence 1: item 1 is str, expected an integer"));
  CHECK(says(refusal(io::Array::from_objects({first, io::List{-7}}, {2}), two_labels()), "-7 is negative"));
  CHECK(says(refusal(io::Array::from_objects({first, io::List{std::int64_t{1} << 40}}, {2}), two_labels()),
             "1099511627776 is beyond 32 bits"));
  // One list of a million words in a thousand places is a small file, and four gigabytes.
  const io::Value long_one(io::List(1'000'000, io::Value(1)));
  CHECK(says(refusal(io::Array::from_objects(std::vector<io::Value>(1000, long_one), {1000}), two_labels()),
             "more than 268435456 words"));
}

TEST_CASE("prepared data that is no such thing is refused with the file and the reason") {
  CHECK(says(refusal(two_sentences(), io::Array::from(std::vector<std::int32_t>{1}, {1, 1})),
             "2 sentences, but 1 labels"));
  CHECK(says(refusal(two_sentences(), io::Array::from(std::vector<float>{1, 0}, {2})),
             "labels: array of float32 (2,)"));
  CHECK(says(refusal(two_sentences(), io::Array::from(std::vector<std::int32_t>{1, -7}, {2})),
             "labels: -7 is negative"));
  CHECK(says(refusal(two_sentences(), io::Array::from(std::vector<std::int32_t>{1, 0}, {1, 2})),
             "labels: array of int32 (1, 2)"));
  CHECK(says(refusal(two_sentences(), io::Array::from_objects({1, "x"}, {2})),
             "labels: item 1 is str, expected an integer"));
  CHECK(says(refusal(ids({1, 2}), two_labels()), "data: array of int32 (2,)"));
  CHECK(says(refusal(io::Array::from_objects({1, 2}, {2}), two_labels()), "data: sentence 0 is int"));
  CHECK(says(refusal(io::Array::from_objects({ids({2, 0}), ids({})}, {2}), two_labels()),
             "data: sentence 1 is empty"));
  CHECK(says(refusal(io::Array::from_objects({ids({2, 0}), ids({-3, 0})}, {2}), two_labels()),
             "sentence 1: -3 is negative"));
  CHECK(says(refusal(io::Array::from(std::vector<float>{1, 2}, {2, 1}), two_labels()),
             "array of float32 (2, 1)"));
  CHECK(says(refusal(io::Array::from(std::vector<std::int32_t>{}, {2, 0}), two_labels()),
             "sentences without words"));
  CHECK(says(
      refusal(io::Array::from(std::vector<std::int64_t>{1, std::int64_t{1} << 40}, {2, 1}), two_labels()),
      "is beyond 32 bits"));
  CHECK(says(refusal(io::Array::from_objects({}, {0}), io::Array::from(std::vector<std::int32_t>{}, {0, 1})),
             "no sentence in it"));
  const auto file = scratch("prepared_bad") / "train.npz";
  io::Archive archive;
  archive.add("data", two_sentences());
  io::write_npz(file, archive);
  CHECK(says(error_of([&] { read_prepared(file); }), "no array 'labels'"));
  write_text(file, "not an archive");
  CHECK(says(error_of([&] { read_prepared(file); }), "train.npz"));
}

TEST_CASE("ids and labels are held against the vocabulary and the classes") {
  const PreparedData data{{{5, 0}, {6, 0}}, {0, 1}};
  CHECK_NOTHROW(check_ids(data, 7, "f"));
  CHECK(says(error_of([&] { check_ids(data, 6, "f"); }),
             "f: data: sentence 1 has word id 6, but the vocabulary has only 6 words"));
  CHECK_NOTHROW(check_labels(data, 2, "f"));
  CHECK(says(error_of([&] { check_labels(data, 1, "f"); }), "f: sentence 1 has label 1"));
  CHECK(count_classes(data, "f") == 2);
  CHECK(says(error_of([&] {
               count_classes(PreparedData{{{0}, {0}}, {0, 2}}, "f");
             }),
             "f: class 1 has no sentence"));
  CHECK(says(error_of([&] {
               count_classes(PreparedData{{{0}, {0}}, {0, 0}}, "f");
             }),
             "f: all sentences have one label"));
}

TEST_CASE("prepared data that NumPy wrote is read, whatever the version and protocol") {
  if (!kit_has("compat/numpy")) return;
  std::size_t tried = 0;
  for (const char* tag : {"numpy1", "numpy2", "python27_numpy114", "python36_numpy114"}) {
    const auto expected = nlohmann::json::parse(
        read_text(kit() / "compat/numpy" / (std::string("expected_objects_") + tag + ".json")));
    for (const auto& item : expected["files"].items()) {
      const std::string& path = item.key();
      const auto& what = item.value();
      if (what["kind"] != "npz") continue;
      CAPTURE(path);
      const auto read = read_prepared(kit() / "compat/numpy" / path);
      const auto& data = what["arrays"]["data"];
      const auto& labels = what["arrays"]["labels"];
      for (std::size_t row = 0; row < data["shape"][0]; ++row) {
        const auto& values = data["values"];
        std::vector<std::int32_t> sentence;
        if (data["descr"] == "|O") {
          sentence = values[row]["values"].get<std::vector<std::int32_t>>();
        } else {
          const std::size_t length = data["shape"][1];
          for (std::size_t at = 0; at < length; ++at)
            sentence.push_back(values[row * length + at].get<std::int32_t>());
        }
        CHECK(read.sentences.at(row) == sentence);
        const auto& label = labels["values"][row];  // a number, a 64-bit one as text, or an array of one
        CHECK(std::to_string(read.labels.at(row)) == (label.is_object()   ? label["values"][0].dump()
                                                      : label.is_string() ? label.get<std::string>()
                                                                          : label.dump()));
      }
      CHECK(read.sentences.size() == data["shape"][0]);
      ++tried;
    }
  }
  CHECK(tried > 20);
}

TEST_CASE("hostile prepared data is refused") {
  const auto hostile = lstmlib::test::hostile_files();
  std::size_t tried = 0;
  for (const auto& file : hostile.files) {
    if (file.area != "train") continue;
    CAPTURE(file.name);
    CHECK(says(error_of([&] { read_prepared(file.path); }), file.name.c_str()));
    ++tried;
  }
  CHECK(tried >= (hostile.with_kit ? 9u + 5u : 5u));
  CHECK_FALSE(hostile.one_ran());
}
