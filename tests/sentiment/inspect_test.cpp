// SPDX-License-Identifier: MIT
#include "sentiment/data/inspect.hpp"
#include "lstmlib/io/npz.hpp"
#include "sentiment/error_of.hpp"
#include "sentiment/data/file.hpp"
#include "hostile.hpp"

#include <complex>
#include <limits>
#include <sstream>

using namespace sentiment;
using lstmlib::test::kit;
using lstmlib::test::kit_has;
using lstmlib::test::says;
using lstmlib::test::scratch;
using sentiment::test::error_of;
namespace io = lstmlib::io;
using OrderedJson = nlohmann::ordered_json;

namespace {

std::string shown(const std::filesystem::path& file, bool values) {
  std::ostringstream text;
  inspect(file, values, text);
  return text.str();
}

OrderedJson shown_json(const std::filesystem::path& file, bool values) {
  std::ostringstream text;
  inspect_json(file, values, text);
  return OrderedJson::parse(text.str());
}

/// A file with an array of numbers, one of text and one of objects.
std::filesystem::path example(const std::string& name) {
  const auto file = scratch(name) / "snapshot";
  io::Archive archive;
  archive.add("model/W", io::Array::from(std::vector<float>{1, 2.5F, -3, 0.1F}, {2, 2}));
  archive.add("log", io::Array::from_strings({"caf\u00e9"}, {}));
  archive.add("best", io::Array::object(io::None{}));
  io::write_npz(file, archive);
  return file;
}

}  // namespace

TEST_CASE("names, types and shapes are shown without the values") {
  CHECK(shown(example("inspect_names"), false) ==
        "model/W  float32  (2, 2)\nlog  <U4  ()\nbest  object  ()\n");
}

TEST_CASE("values are shown on demand, in full precision") {
  CHECK(shown(example("inspect_values"), true) ==
        "model/W  float32  (2, 2)\n  [1.0,2.5,-3.0,0.10000000149011612]\nlog  <U4  ()\n  "
        "[\"caf\u00e9\"]\nbest  object  ()\n  [null]\n");
}

TEST_CASE("the JSON has the same") {
  const auto file = example("inspect_json");
  const OrderedJson names = shown_json(file, false);
  CHECK(names == OrderedJson::parse(R"({"arrays": [{"name": "model/W", "dtype": "float32", "shape": [2, 2]},
                                            {"name": "log", "dtype": "<U4", "shape": []},
                                            {"name": "best", "dtype": "object", "shape": []}]})"));
  const OrderedJson values = shown_json(file, true);
  CHECK(values["arrays"][0]["values"] == OrderedJson::array({1.0, 2.5, -3.0, 0.10000000149011612}));
  CHECK(values["arrays"][2]["values"] == OrderedJson::array({nullptr}));
}

TEST_CASE("an .npy file is one array, named like the file") {
  const auto file = scratch("inspect_npy") / "vocab.npy";
  io::write_npy(file, io::Array::object(io::Dict{{"<eos>", 0}, {"a", 1}}));
  CHECK(shown(file, false) == "vocab  object  ()\n");
  CHECK(shown_json(file, true)["arrays"][0]["values"] == OrderedJson::parse(R"([{"<eos>": 0, "a": 1}])"));
}

TEST_CASE("every kind of value has its form in JSON") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK(json_values(io::Array::from(std::vector<double>{infinity, -infinity, std::nan("")}, {3})) ==
        OrderedJson::array({"inf", "-inf", "nan"}));
  CHECK(json_values(io::Array::from(std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min()}, {1}))
            .dump() == "[-9223372036854775808]");
  CHECK(
      json_values(io::Array::from(std::vector<std::uint64_t>{std::numeric_limits<std::uint64_t>::max()}, {1}))
          .dump() == "[18446744073709551615]");
  CHECK(json_values(io::Array::from(std::vector<bool>{true, false}, {2})).dump() == "[true,false]");
  CHECK(json_values(io::Array::from(std::vector<std::int8_t>{-5}, {1})).dump() == "[-5]");
  CHECK(json_values(io::Array::from(std::vector<std::complex<float>>{{1, -2}}, {1})).dump() ==
        "[[1.0,-2.0]]");
  CHECK(json_values(io::Array::from_objects({true, 7, 2.5, "t", io::Bytes{"\x01\xff"}, io::List{1, 2},
                                             io::Tuple{{3}}, io::Dict{{1, "one"}}},
                                            {8}))
            .dump() == R"([true,7,2.5,"t","hex:01ff",[1,2],[3],[[1,"one"]]])");
  CHECK(json_values(io::Array::object(io::Array::from(std::vector<std::int32_t>{4, 0}, {2}))).dump() ==
        R"([{"dtype":"int32","shape":[2],"values":[4,0]}])");
}

TEST_CASE("values beyond all use are not shown, but their number is") {
  const auto file = scratch("inspect_many") / "zeros.npz";
  io::Archive archive;
  archive.add("zeros", io::Array::empty(io::ArrayDtype::uint8, 1, {10'000'001}));
  io::write_npz(file, archive);
  CHECK(shown(file, false) == "zeros  uint8  (10000001,)\n");
  CHECK(error_of([&] { shown(file, true); }).find("more than 10000000 values are not shown") !=
        std::string::npos);
}

TEST_CASE("arrays that cannot be read are shown with their type and the reason, beside the others") {
  const auto file = scratch("inspect_mixed") / "mixed.npz";
  io::Archive archive;
  archive.add("a", io::Array::from(std::vector<std::int32_t>{1, 2}, {2}));
  archive.add("t", io::Array::from(std::vector<std::int64_t>{1, 2}, {2}));
  archive.add("s", io::Array::object(io::List{1}));
  archive.add(std::string(200, 'n') + "1", io::Array::scalar(1.0));
  archive.add(std::string(200, 'n') + "2", io::Array::scalar(2.0));
  auto bytes = io::format_npz(archive, lstmlib::io::Compression::store);
  const auto change = [&](std::string_view from, std::string_view to) {
    const auto at = io::as_text(bytes).find(from);
    REQUIRE(at != std::string_view::npos);
    for (std::size_t i = 0; i < to.size(); ++i) bytes[at + i] = static_cast<std::byte>(to[i]);
  };
  change("'<i8',", "'<M8',");  // a date without a unit
  io::write_file(file, bytes);
  const std::string names = shown(file, false);
  CHECK(names.starts_with(
      "a  int32  (2,)\nt  datetime64  (2,)  cannot be read: dates and time spans are not supported"));
  CHECK(says(names, "\ns  object  ()\n"));
  CHECK(says(names, std::string(200, 'n') + "1  float64  ()\n"));
  CHECK(says(names, std::string(200, 'n') + "2  float64  ()\n"));
  const OrderedJson arrays = shown_json(file, false)["arrays"];
  REQUIRE(arrays.size() == 5);
  CHECK(arrays[1]["dtype"] == "datetime64");
  CHECK(arrays[1]["shape"] == OrderedJson::array({2}));
  CHECK(says(arrays[1]["error"].get<std::string>(), "dates and time spans"));
  CHECK_FALSE(arrays[0].contains("error"));

  const OrderedJson values = shown_json(file, true)["arrays"];
  CHECK(values[0]["values"] == OrderedJson::array({1, 2}));
  CHECK_FALSE(values[1].contains("values"));
  CHECK(values[4]["values"] == OrderedJson::array({2.0}));
}

TEST_CASE("an archive without arrays says so, and what is in it instead") {
  const auto file = scratch("inspect_empty") / "none.npz";
  io::write_npz(file, io::Archive());
  CHECK(shown(file, false) == "it contains no array\n");
  CHECK(shown_json(file, false)["arrays"].empty());
  CHECK(shown_json(file, false)["error"] == "it contains no array");
}

TEST_CASE("values that a file shares are shown where they stand, up to the number that is of use") {
  const auto folder = scratch("inspect_shared");
  const io::Value text(std::string(1000, 'x'));
  io::write_npy(folder / "texts.npy", io::Array::from_objects(std::vector<io::Value>(2000, text), {2000}));
  CHECK(std::filesystem::file_size(folder / "texts.npy") < 8000);
  const OrderedJson shown_texts = shown_json(folder / "texts.npy", true)["arrays"][0]["values"];
  REQUIRE(shown_texts.size() == 2000);
  CHECK(shown_texts[1999] == std::string(1000, 'x'));
  io::Value laughs = 1;
  for (int level = 0; level < 30; ++level) laughs = io::List(10, laughs);
  io::write_npy(folder / "laughs.npy", io::Array::object(laughs));
  CHECK(
      says(error_of([&] { shown(folder / "laughs.npy", true); }), "more than 10000000 values are not shown"));
  CHECK(shown(folder / "laughs.npy", false) == "laughs  object  ()\n");
}

TEST_CASE("a file that is neither is refused by name") {
  const auto file = scratch("inspect_other") / "notes.txt";
  write_text(file, "hello");
  CHECK(error_of([&] { shown(file, false); }) == file.string() + ": is neither an .npy nor an .npz file");
  write_text(file, "");
  CHECK_FALSE(error_of([&] { shown(file, false); }).empty());
  CHECK_FALSE(error_of([&] { shown(file.string() + ".absent", false); }).empty());
  CHECK_FALSE(error_of([&] { shown(file.parent_path(), false); }).empty());
}

TEST_CASE("every file of the kit is shown as NumPy reads it") {
  if (!kit_has("compat/numpy")) return;
  std::size_t tried = 0;
  const auto expected = OrderedJson::parse(read_text(kit() / "compat/numpy/expected_plain.json"));
  const auto same = [](const OrderedJson& ours,
                       const OrderedJson& theirs) {  // there 64-bit integers are text
    if (theirs.is_string() && (ours.is_number() || ours.is_boolean()))
      return ours.dump() == theirs.get<std::string>();
    return ours == theirs;
  };
  for (const auto& item : expected["files"].items()) {
    const OrderedJson& what = item.value();
    CAPTURE(item.key());
    if (what["kind"] != "npy") continue;
    const OrderedJson array = shown_json(kit() / "compat/numpy" / item.key(), true)["arrays"][0];
    CHECK(array["shape"] == what["shape"]);
    REQUIRE(array["values"].size() == what["values"].size());
    for (std::size_t at = 0; at < what["values"].size(); ++at)
      CHECK(same(array["values"][at], what["values"][at]));
    ++tried;
  }
  CHECK(tried > 50);
}

TEST_CASE("hostile files are refused or shown without harm") {
  const auto hostile = lstmlib::test::hostile_files();
  int tried = 0;
  for (const auto& file : hostile.files) {
    if (file.area != "npy" && file.area != "zip" && file.area != "pickle") continue;
    ++tried;
    CAPTURE(file.name);
    OrderedJson arrays;
    const std::string said = error_of([&] { arrays = shown_json(file.path, true)["arrays"]; });
    const bool one_unread =
        std::any_of(arrays.begin(), arrays.end(), [](const auto& array) { return array.contains("error"); });
    if (file.must_refuse) CHECK((!said.empty() || one_unread));
    CHECK(said.find('\n') == std::string::npos);
  }
  CHECK(tried == (hostile.with_kit ? 25 + 194 : 25));
  CHECK_FALSE(hostile.one_ran());
}
