// SPDX-License-Identifier: MIT
#include "lstmlib/io/array.hpp"

#include "support.hpp"

#include <cmath>
#include <limits>
#include <map>

using namespace lstmlib;
using namespace lstmlib::io;
using Sizes = std::vector<Index>;

TEST_CASE("array: values go in and come out, with NumPy's names for their types") {
  const std::vector<float> values{1, -2, 3.5f, 0, 5, 6};
  const Array array = Array::from(values, {2, 3});
  CHECK(array.dtype == ArrayDtype::float32);
  CHECK(array.descr() == "<f4");
  CHECK(array.elements() == 6);
  CHECK(array.to<float>() == values);
  CHECK(Array::from(std::span<const float>(values).first(2), {2}).to<float>() == std::vector<float>{1, -2});
  CHECK(Array::from(std::vector<bool>{true, false}, {2}).to<bool>() == std::vector<bool>{true, false});
  CHECK(Array::from(std::vector<bool>{true, false}, {2}).descr() == "|b1");
  CHECK(Array::scalar(std::int64_t{-7}).to<std::int64_t>() == std::vector<std::int64_t>{-7});
  CHECK(Array::scalar(7LL).dtype == ArrayDtype::int64);  // whatever the type's name in C++
  CHECK(Array::scalar(7ULL).descr() == "<u8");
  CHECK(Array::scalar(std::int8_t{7}).descr() == "|i1");
  CHECK(Array::scalar(std::uint16_t{7}).descr() == "<u2");
  CHECK(Array::scalar(std::complex<double>(1, 2)).descr() == "<c16");
  CHECK(Array().elements() == 0);
  CHECK_NOTHROW(Array().check());
  CHECK_THROWS_WITH_AS(Array::from(values, {2, 2}), "array: 6 values for the shape (2, 2)", ShapeError);
}

TEST_CASE("array: elements are taken as their own type only") {
  const Array array = Array::from(std::vector<std::int32_t>{1, 2}, {2, 1});
  CHECK_THROWS_WITH_AS(array.to<std::int64_t>(), "array of int32 (2, 1): expected int64", DtypeError);
  CHECK_THROWS_WITH_AS(array.to<float>(), "array of int32 (2, 1): expected float32", DtypeError);
  CHECK_THROWS_WITH_AS(array.strings(), "array of int32 (2, 1): expected unicode", DtypeError);
}

TEST_CASE("array: numbers convert exactly or not at all") {
  CHECK(Array::from(std::vector<std::int64_t>{1, -2}, {2}).as_numbers<float>() == std::vector<float>{1, -2});
  CHECK(Array::from(std::vector<double>{1, -2}, {2}).as_numbers<int>() == std::vector<int>{1, -2});
  CHECK(Array::from(std::vector<bool>{true}, {1}).as_numbers<double>() == std::vector<double>{1});
  CHECK(Array::scalar(std::uint8_t{255}).as_numbers<std::int64_t>()[0] == 255);
  CHECK(Array::scalar(std::int64_t{1}).as_numbers<bool>()[0]);

  for (const double wrong : {0.5, 3e9, -3e9, std::nan(""), std::numeric_limits<double>::infinity()})
    CHECK_THROWS_AS(Array::scalar(wrong).as_numbers<std::int32_t>(), ValueError);
  CHECK(Array::scalar(-2147483648.0).as_numbers<std::int32_t>()[0] ==
        std::numeric_limits<std::int32_t>::min());
  CHECK_THROWS_AS(Array::scalar(2147483648.0).as_numbers<std::int32_t>(), ValueError);
  CHECK_THROWS_AS(Array::scalar(9223372036854775808.0).as_numbers<std::int64_t>(), ValueError);
  CHECK_THROWS_AS(Array::scalar(-1.0f).as_numbers<std::uint64_t>(), ValueError);
  CHECK_THROWS_AS(Array::scalar(std::int64_t{128}).as_numbers<std::int8_t>(), ValueError);
  CHECK_THROWS_AS(Array::scalar(std::int8_t{-1}).as_numbers<std::uint64_t>(), ValueError);
  CHECK_THROWS_AS(Array::scalar(std::int64_t{2}).as_numbers<bool>(), ValueError);
  CHECK_THROWS_AS(Array::scalar(std::complex<float>(1, 0)).as_numbers<float>(), DtypeError);
  CHECK_THROWS_AS(Array::from_strings({"1"}, {1}).as_numbers<float>(), DtypeError);
  CHECK_THROWS_AS(Array::object(1).as_numbers<float>(), DtypeError);
}

TEST_CASE("array: float16 widens exactly") {
  const std::map<std::uint16_t, float> known{{0x0000, 0.0f},
                                             {0x3C00, 1.0f},
                                             {0xC000, -2.0f},
                                             {0x7BFF, 65504.0f},
                                             {0x0400, 6.103515625e-05f},
                                             {0x0001, 5.9604644775390625e-08f},
                                             {0x03FF, 6.097555160522461e-05f},
                                             {0x3555, 0.333251953125f}};
  for (const auto& [half, value] : known) CHECK(float_from_half(half) == value);
  CHECK(std::signbit(float_from_half(0x8000)));
  CHECK(float_from_half(0xFC00) == -std::numeric_limits<float>::infinity());
  CHECK(std::isnan(float_from_half(0x7E00)));
}

TEST_CASE("array: texts are as wide as the longest, and lose only the zeros that fill them up") {
  const std::vector<std::string> texts{"", "good", "na\xC3\xAFve", "\xF0\x9F\x98\x80",
                                       std::string("a\0b", 3)};
  const Array array = Array::from_strings(texts, {5});
  CHECK(array.descr() == "<U5");
  CHECK(array.data.size() == 5 * 5 * 4);
  CHECK(array.strings() == texts);
  CHECK(Array::from_strings({}, {0}).descr() == "<U1");
  CHECK(Array::from_strings({""}, {}).descr() == "<U1");
  for (const char* wrong : {"ab\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE4\xB8", "\x80"})
    CHECK_THROWS_AS(Array::from_strings({"fine", wrong}, {2}), FormatError);
  CHECK_THROWS_WITH_AS(Array::from_strings({"fine", "ab\xFF"}, {2}), "text 1: byte 2 is not UTF-8",
                       FormatError);
}

TEST_CASE("array: an invalid code point never becomes text") {
  Array array = Array::from_strings({"ab"}, {});
  for (const char32_t wrong : {char32_t{0xD800}, char32_t{0x110000}, char32_t{0xFFFFFFFF}}) {
    std::memcpy(array.data.data() + 4, &wrong, 4);
    CHECK_THROWS_AS(array.strings(), FormatError);
  }
}

TEST_CASE("array: no texts of a width that a file made up take no memory") {
  const Array none = Array::empty(ArrayDtype::unicode, Index{1} << 42, {0});
  CHECK(none.strings().empty());
}

TEST_CASE("array: objects hold values of all kinds") {
  const Array ids = Array::from(std::vector<std::int32_t>{3, 0}, {2});
  const Array array = Array::from_objects({Value(ids), Value(), "text", 7, 2.5, true, Bytes{"raw"}}, {7});
  CHECK(array.descr() == "|O");
  CHECK(array.elements() == 7);
  CHECK(*array.objects[0].get_if<Array>() == ids);
  CHECK(array.objects[1].is_none());
  CHECK(*array.objects[2].get_if<std::string>() == "text");
  CHECK(*array.objects[3].get_if<std::int64_t>() == 7);
  CHECK(array.objects[3].get_if<bool>() == nullptr);
  CHECK(*array.objects[5].get_if<bool>());
  CHECK(array.objects[6].kind_name() == "bytes");
  CHECK(Array::object(Dict{{"a", 1}}).shape.empty());
  CHECK(Array::object(Dict{{"a", 1}}) == Array::object(Dict{{"a", 1}}));
  CHECK_FALSE(Array::object(Dict{{"a", 1}}) == Array::object(Dict{{"a", true}}));
  CHECK(Value(ids) == Value(ids));
  CHECK_THROWS_AS(Value(std::uint64_t{1} << 63), ValueError);
}

TEST_CASE("array: shapes are counted without overflow") {
  CHECK(count_elements(Sizes{}) == 1);
  CHECK(count_elements(Sizes{3, 0, 5}) == 0);
  CHECK(count_elements(Sizes{Index{1} << 31, Index{1} << 31}) == Index{1} << 62);
  CHECK_THROWS_AS(count_elements(Sizes{Index{1} << 31, Index{1} << 31}, 4), ShapeError);
  CHECK_THROWS_AS(count_elements(Sizes{0, Index{1} << 62, 4}), ShapeError);
  CHECK_THROWS_AS(count_elements(Sizes{2, -1}), ShapeError);
  CHECK_THROWS_AS(count_elements(Sizes(65, 1)), ShapeError);
  CHECK(shape_text(Sizes{}) == "()");
  CHECK(shape_text(Sizes{3}) == "(3,)");
  CHECK(shape_text(Sizes{3, 4}) == "(3, 4)");
}

TEST_CASE("array: parts that do not go together are found") {
  Array array = Array::from(std::vector<float>{1, 2}, {2});
  array.shape = {3};
  CHECK_THROWS_WITH_AS(array.check(), "array of float32 (3,): 8 bytes of data", ShapeError);
  array = Array::from_strings({"a"}, {1});
  array.item_size = 2;
  CHECK_THROWS_AS(array.check(), ShapeError);
  array = Array::object(1);
  array.objects.clear();
  CHECK_THROWS_AS(array.check(), ShapeError);
}

TEST_CASE("array: text for messages shows what it holds on one line") {
  CHECK(printable("na\xC3\xAFve") == "na\xC3\xAFve");
  CHECK(printable("a\nb\xFF") == "a\\x0ab\\xff");
  CHECK(printable(std::string("a\0b", 3)) == "a\\x00b");
  CHECK(printable(std::string(200, 'x')) == std::string(80, 'x') + "...");
  CHECK(utf8_from_latin1("caf\xE9") == "caf\xC3\xA9");
}
