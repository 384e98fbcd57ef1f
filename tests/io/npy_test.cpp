// SPDX-License-Identifier: MIT
#include "lstmlib/io/npy.hpp"

#include "expected.hpp"

using namespace lstmlib;
using namespace lstmlib::io;
using namespace lstmlib::test;

TEST_CASE("npy: every file of NumPy's is read with its exact values") {
  int count = 0;
  for (const auto& json : expected_files())
    count += for_each_expected(json, "npy", [&](const std::string& name, const Json& expected) {
      check_same(read_npy(json.parent_path() / name), expected, name);
    });
  CHECK(count == (kit_has("compat/numpy") ? 61 + 103 : 61));
}

TEST_CASE("npy: a written array reads back equal, and writes again as the same bytes") {
  int count = 0;
  for (const auto& json : expected_files())
    count += for_each_expected(json, "npy", [&](const std::string& name, const Json&) {
      const Array array = read_npy(json.parent_path() / name);
      const std::vector<std::byte> bytes = format_npy(array);
      const Array again = parse_npy(bytes, "memory");
      CHECK_MESSAGE(again.data == array.data, name);
      CHECK_MESSAGE(describe(again).dump() == describe(array).dump(), name);
      CHECK_MESSAGE(format_npy(again) == bytes, name);
    });
  CHECK(count == (kit_has("compat/numpy") ? 61 + 103 : 61));
}

TEST_CASE("npy: a file is written byte for byte as NumPy writes it") {
  const auto written = format_npy(Array::from(std::vector<float>{1, 2, 3, 4, 5, 6.5f}, {2, 3}));
  CHECK(written == read_file(fixtures() / "numpy/version_1.npy"));

  const auto text = as_text(written);
  CHECK(text.substr(10).starts_with("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }  "));
  CHECK(text[127] == '\n');
  CHECK(written.size() == 128 + 24);
  CHECK(as_text(format_npy(Array::from(std::vector<std::int8_t>{7}, {1})))
            .substr(10)
            .starts_with("{'descr': '|i1', 'fortran_order': False, 'shape': (1,), }"));
  CHECK(as_text(format_npy(Array::scalar(2.5)))
            .substr(10)
            .starts_with("{'descr': '<f8', 'fortran_order': False, 'shape': (), }"));
  // A head that would end at a multiple of 64 bytes by itself is filled up with 64 more, as NumPy does.
  for (Index axes = 1; axes <= 64; ++axes) {
    const Array array =
        Array::from(std::vector<float>{1}, std::vector<Index>(static_cast<std::size_t>(axes), 1));
    const auto bytes = format_npy(array);
    CHECK((bytes.size() - 4) % 64 == 0);
    CHECK(parse_npy(bytes, "memory") == array);
  }
}

TEST_CASE("npy: what cannot be read is refused, with file, byte and reason") {
  int count = 0;
  for (const auto& json : expected_files())
    for_each_expected(json, "refuse", [&](const std::string& name, const Json&) {
      if (!name.ends_with(".npy")) return;
      ++count;
      const std::string error = error_of([&] { read_npy(json.parent_path() / name); });
      CHECK_MESSAGE(error.find(name + ": byte ") != std::string::npos, error);
    });
  CHECK(count == (kit_has("compat/numpy") ? 5 + 8 : 5));
  CHECK(error_of([] { read_npy(fixtures() / "numpy/refuse_date.npy"); }).find("dates") != std::string::npos);
  CHECK_THROWS_AS(read_npy(fixtures() / "numpy/absent.npy"), FileError);
}

TEST_CASE("npy: a header describes the file even if the content is not supported") {
  const auto info_of = [](const std::string& descr, const std::string& shape, std::size_t data) {
    const std::string header = "{'descr': " + descr + ", 'fortran_order': False, 'shape': " + shape + ", }";
    std::vector<std::byte> bytes;
    append_text(bytes, std::string_view("\x93NUMPY\x01\0", 8));
    append_little(bytes, static_cast<std::uint16_t>(header.size()));
    append_text(bytes, header + std::string(data, '\0'));
    MemorySource source(bytes, "a");
    CHECK(!error_of([&] { parse_npy(bytes, "a"); }).empty());
    return read_npy_info(source);
  };
  CHECK(info_of("'<M8[ns]'", "(2,)", 16).unread_type == "datetime64[ns]");
  CHECK(info_of("'>m8[D]'", "(2,)", 16).unread_type == "timedelta64[D]");
  CHECK(info_of("'<f16'", "(1,)", 16).unread_type == "float128");
  CHECK(info_of("'<c32'", "(1,)", 32).problem.find("complex128") != std::string::npos);
  CHECK(info_of("'|V7'", "(3, 4)", 84).shape == std::vector<Index>{3, 4});
  const auto structure = info_of("[('a', '<i4', (2,)), ('b[', [('c', '|O')])]", "(1,)", 16);
  CHECK(structure.unread_type == "[('a', '<i4', (2,)), ('b[', [('c', '|O')])]");
  CHECK(structure.problem.starts_with("structured element types are not supported; save each field"));
  CHECK(info_of("'<f4'", "(3,)", 11).problem == "cut short: the shape needs 12 bytes, only 11 are left");
  CHECK(info_of("'<U0'", "(3,)", 0).problem == "a width of at least 1 is expected");
}

TEST_CASE("npy: axes in Fortran order are put in C order, whatever the element's size and the buffer's") {
  const auto check = [](std::vector<Index> shape, Index item_size) {
    const Index count = count_elements(shape);
    const auto size = static_cast<std::size_t>(item_size);
    std::string header = "{'descr': '|S" + std::to_string(item_size) +
                         "', 'fortran_order': True, 'shape': " + shape_text(shape) + ", }";
    std::vector<std::byte> bytes;
    append_text(bytes, std::string_view("\x93NUMPY\x01\0", 8));
    append_little(bytes, static_cast<std::uint16_t>(header.size()));
    append_text(bytes, header);
    // Element i in C order has i in its first bytes.
    std::vector<Index> index(shape.size());
    for (Index at = 0; at < count; ++at) {
      Index place = 0;
      for (std::size_t axis = 0; axis < shape.size(); ++axis) place = place * shape[axis] + index[axis];
      std::string item = std::to_string(place);
      item.resize(size, ' ');
      append_text(bytes, item);
      for (std::size_t axis = 0; axis < shape.size() && ++index[axis] == shape[axis]; ++axis) index[axis] = 0;
    }
    const Array array = parse_npy(bytes, "f");
    CHECK(array.shape == shape);
    for (Index at = 0; at<count; at += count> 1000 ? 97 : 1) {
      const auto item = as_text(array.data).substr(static_cast<std::size_t>(at) * size, size);
      CHECK(std::stoll(std::string(item)) == at);
    }
  };
  check({2, 3}, 6);
  check({5, 1, 4, 3}, 7);
  check({1, 1, 1}, 6);
  check({}, 6);
  check({300, 200}, 9);    // several buffers
  check({3, 2}, 100'000);  // an element larger than the buffer
}

TEST_CASE("npy: objects and large arrays can be refused") {
  const auto vocabulary = format_npy(Array::object(Dict{{"<eos>", 0}}));
  CHECK(error_of([&] { parse_npy(vocabulary, "v.npy", {.allow_objects = false}); }) ==
        "v.npy: byte 128: an array of objects, expected numbers or text");
  const auto numbers = format_npy(Array::from(std::vector<float>(6), {6}));
  CHECK_NOTHROW(parse_npy(numbers, "n.npy", {.max_bytes = 24}));
  CHECK_THROWS_AS(parse_npy(numbers, "n.npy", {.max_bytes = 23}), FormatError);
}

TEST_CASE("npy: a shape is checked against the bytes that are there before anything is allocated") {
  const auto with_shape = [](const std::string& shape, std::string_view data) {
    const std::string header = "{'descr': '<f8', 'fortran_order': True, 'shape': " + shape + ", }";
    std::vector<std::byte> bytes;
    append_text(bytes, std::string_view("\x93NUMPY\x01\0", 8));
    append_little(bytes, static_cast<std::uint16_t>(header.size()));
    append_text(bytes, header);
    append_text(bytes, data);
    return bytes;
  };
  CHECK(parse_npy(with_shape("(1,)", "01234567"), "a").shape == std::vector<Index>{1});
  for (const char* shape :
       {"(1099511627776,)", "(4611686018427387904, 4)", "(0, 9223372036854775807, 2)", "(-1,)", "(2)", "(,)",
        "(1, 1 1)", "9223372036854775808", "(True,)", "(0x1,)", "(1,,)", "((1),)"})
    CHECK_THROWS_AS(parse_npy(with_shape(shape, "01234567"), "a"), FormatError);
  std::string axes = "(";
  for (int axis = 0; axis < 64; ++axis) axes += "1, ";
  CHECK(parse_npy(with_shape(axes + ")", "01234567"), "a").shape.size() == 64);
  CHECK_THROWS_AS(parse_npy(with_shape(axes + "1)", "01234567"), "a"), FormatError);
}

TEST_CASE("npy: a file cut at any byte, or with any byte changed, is read or refused") {
  std::vector<std::filesystem::path> paths;
  for (const char* name : {"version_1.npy", "header_spaces.npy", "objects_numpy1/protocol_0_vocabulary.npy",
                           "objects_numpy1/protocol_3_others.npy", "objects_numpy2/protocol_5_mixed.npy"})
    paths.push_back(fixtures() / "numpy" / name);
  for (const auto& path : paths) {
    const std::vector<std::byte> bytes = read_file(path);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      CHECK_THROWS_AS(parse_npy(std::span(bytes).first(size), "cut"), FormatError);
    int refused = 0;
    for (std::size_t at = 0; at < bytes.size(); ++at)
      for (const unsigned change : {0x01u, 0x20u, 0x80u, 0xFFu}) {
        std::vector<std::byte> changed = bytes;
        changed[at] ^= static_cast<std::byte>(change);
        try {
          parse_npy(changed, "changed").check();
        } catch (const FormatError&) { ++refused; }
      }
    CHECK(refused > 100);
  }
}

TEST_CASE("npy: files are told by their first bytes") {
  CHECK(is_npy(fixtures() / "numpy/version_3.npy"));
  CHECK_FALSE(is_npy(fixtures() / "numpy/stored.npz"));
  CHECK_FALSE(is_npy(fixtures() / "numpy/expected_plain.json"));
}

TEST_CASE("npy: a file is written under exactly its name, or not at all") {
  const auto folder = scratch("npy");
  const Array array = Array::from(std::vector<std::int64_t>{1, -1}, {2});
  write_npy(folder / "plain", array);
  CHECK(read_npy(folder / "plain") == array);
  Array broken = array;
  broken.shape = {3};
  CHECK_THROWS_AS(write_npy(folder / "plain", broken), ShapeError);
  CHECK(read_npy(folder / "plain") == array);
  CHECK(std::distance(std::filesystem::directory_iterator(folder), {}) == 1);
}

TEST_CASE("npy: what is read at the greatest depth can be written again") {
  const auto nested = [](int tuples) {  // the only value of an array without axes
    std::string text("\x93NUMPY\x01\x00\x76\x00", 10);
    text += "{'descr': '|O', 'fortran_order': False, 'shape': (), }";
    text.resize(127, ' ');
    text += "\n\x80\x02)" + std::string(static_cast<std::size_t>(tuples) - 1, '\x85') + ".";
    const auto* first = reinterpret_cast<const std::byte*>(text.data());
    return std::vector<std::byte>(first, first + text.size());
  };
  const std::vector<std::byte> bytes = format_npy(parse_npy(nested(256), "a"));
  CHECK(format_npy(parse_npy(bytes, "b")) == bytes);
  CHECK(error_of([&] { parse_npy(nested(257), "a"); }).find("nested more than 256 deep") != std::string::npos);
}
