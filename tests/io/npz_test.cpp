// SPDX-License-Identifier: MIT
#include "lstmlib/io/npz.hpp"
#include "lstmlib/io/zip_writer.hpp"

#include "expected.hpp"
#include "hostile.hpp"

#include <sys/resource.h>

#include <chrono>

using namespace lstmlib;
using namespace lstmlib::io;
using namespace lstmlib::test;

namespace {

Archive small_archive() {
  Archive archive;
  archive.add("encoder/embed/W", Array::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {3, 2}));
  archive.add("t", Array::scalar(std::int64_t{7}));
  archive.add("best_value", Array::object(None{}));
  archive.add("_log", Array::from_strings({"[]"}, {}));
  archive.add("empty", Array::from(std::vector<float>{}, {0, 4}));
  return archive;
}

bool same(const Archive& left, const Archive& right) {
  if (left.names() != right.names()) return false;
  for (const Archive::Entry& entry : left)
    if (!(right.at(entry.name) == entry.array)) return false;
  return true;
}

}  // namespace

TEST_CASE("npz: every file of NumPy's and Python's is read with its exact values") {
  int count = 0;
  for (const auto& json : expected_files())
    for (const char* kind : {"npz", "npz_optional"})
      count += for_each_expected(json, kind, [&](const std::string& name, const Json& expected) {
        const Archive archive = read_npz(json.parent_path() / name);
        CHECK_MESSAGE(archive.size() == expected["arrays"].size(), name);
        for (const auto& [key, array] : expected["arrays"].items())
          check_same(archive.at(key), array, name + ": " + key);
        const std::vector<ArrayInfo> infos = list_npz(json.parent_path() / name);
        REQUIRE(infos.size() == archive.size());
        for (const ArrayInfo& info : infos) {
          const Array& array = archive.at(info.name);
          CHECK(
              (info.dtype == array.dtype && info.shape == array.shape && info.item_size == array.item_size));
        }
      });
  CHECK(count == (kit_has("compat/numpy") ? 26 + 52 : 26));
}

TEST_CASE("npz: what cannot be read is refused, with file, byte and reason") {
  int count = 0;
  for (const auto& json : expected_files())
    for_each_expected(json, "refuse", [&](const std::string& name, const Json&) {
      if (!name.ends_with(".npz")) return;
      ++count;
      const std::string error = error_of([&] { read_npz(json.parent_path() / name); });
      CHECK_MESSAGE(error.find(name + ": byte ") != std::string::npos, error);
    });
  CHECK(count == (kit_has("compat/numpy") ? 3 + 3 : 3));
  CHECK(error_of([] { read_npz(fixtures() / "numpy/refuse_bzip2.npz"); }).find("method 12") !=
        std::string::npos);
  CHECK_THROWS_AS(read_npz(fixtures() / "numpy/absent.npz"), FileError);
}

TEST_CASE("npz: an archive keeps its order, finds by name and refuses a name twice") {
  Archive archive = small_archive();
  CHECK(archive.names() == std::vector<std::string>{"encoder/embed/W", "t", "best_value", "_log", "empty"});
  CHECK(archive.find("T") == nullptr);
  CHECK(archive.find("t")->to<std::int64_t>()[0] == 7);
  CHECK(error_of([&] { archive.add("t", Array::scalar(1)); }) == "archive: there is already an array 't'");
  CHECK(error_of([&] { archive.at("u"); }) ==
        "archive: no array 'u' among 5: 'encoder/embed/W', 't', 'best_value', '_log', 'empty'");
  CHECK(archive.size() == 5);
}

TEST_CASE("npz: written arrays read back equal, stored or deflated, and equal archives give equal bytes") {
  const Archive archive = small_archive();
  for (const Compression compression : {Compression::store, Compression::deflate}) {
    const std::vector<std::byte> bytes = format_npz(archive, compression);
    CHECK(same(parse_npz(bytes, "memory"), archive));
    CHECK(format_npz(small_archive(), compression) == bytes);
  }
  const auto folder = scratch("npz");
  write_npz(folder / "snapshot_iter_6", archive);
  CHECK(same(read_npz(folder / "snapshot_iter_6"), archive));
  CHECK(is_npz(folder / "snapshot_iter_6"));
  CHECK_FALSE(is_npz(fixtures() / "numpy/version_1.npy"));
  CHECK(std::distance(std::filesystem::directory_iterator(folder), {}) == 1);
}

TEST_CASE("npz: a reader looks at names and shapes first, and reads one array") {
  const std::vector<std::byte> bytes = format_npz(small_archive());
  const NpzReader reader(bytes, "m.npz");
  REQUIRE(reader.size() == 5);
  CHECK(reader.name(0) == "encoder/embed/W");
  CHECK(reader.info(0).shape == std::vector<Index>{3, 2});
  CHECK(reader.info(2).dtype == ArrayDtype::object);
  CHECK(reader.read(1).to<std::int64_t>()[0] == 7);
}

namespace {

/// An archive with these members, whatever they are.
std::vector<std::byte> archive_of(const std::vector<std::pair<std::string, std::vector<std::byte>>>& members,
                                  Compression compression = Compression::store) {
  std::vector<std::byte> bytes;
  ZipWriter zip(
      [&](std::span<const std::byte> part) { bytes.insert(bytes.end(), part.begin(), part.end()); });
  for (const auto& [name, content] : members)
    zip.add(name, compression, [&, &data = content](const Sink& sink) { sink(data); });
  zip.finish();
  return bytes;
}
std::vector<std::byte> raw_bytes(std::string_view text) {
  std::vector<std::byte> bytes;
  append_text(bytes, text);
  return bytes;
}
std::vector<std::byte> one_number(float number) { return format_npy(Array::scalar(number)); }

/// A type that is not read: a second since 1970.
std::vector<std::byte> date_array() {
  auto bytes = format_npy(Array::scalar(std::int64_t{5}));
  const std::size_t at = as_text(bytes).find("<i8',");
  REQUIRE(at != std::string_view::npos);
  const auto descr = raw_bytes("<M8[s]',");
  std::copy(descr.begin(), descr.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
  const auto rest = raw_bytes(" 'fortran_order': False, 'shape': ()}  ");
  std::copy(rest.begin(), rest.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at + 8));
  return bytes;
}

}  // namespace

TEST_CASE("npz: members without .npy are arrays where their content says so") {
  for (const Compression compression : {Compression::store, Compression::deflate}) {
    const auto bytes = archive_of({{"a", one_number(1)},
                                   {"b.npy", one_number(2)},
                                   {"-", one_number(3)},
                                   {"README", raw_bytes("not an array")},
                                   {"short", raw_bytes("\x93NUM")}},
                                  compression);
    const Archive archive = parse_npz(bytes, "m.npz");
    CHECK(archive.names() == std::vector<std::string>{"a", "b", "-"});
    CHECK(archive.at("-").to<float>()[0] == 3);
  }
  // As in NumPy, where "a" is the member of this name.
  const auto both = parse_npz(archive_of({{"a.npy", one_number(1)}, {"a", one_number(2)}}), "m.npz");
  CHECK(both.at("a").to<float>()[0] == 2);
  CHECK(both.at("a.npy").to<float>()[0] == 1);
  // A name that promises an array is held to it.
  CHECK(error_of([] {
          parse_npz(archive_of({{"a.npy", raw_bytes("no array at all")}}), "m.npz");
        }).starts_with("m.npz: a.npy: byte 0: not an npy file"));
  const auto folder = scratch("npz_without");
  write_file(folder / "m.npz", archive_of({{"README", raw_bytes("text")}}));
  CHECK(error_of([&] { read_npz_arrays(folder / "m.npz", {"a"}); }) ==
        (folder / "m.npz").string() + ": it contains no array, only 1 other member: 'README'");
}

TEST_CASE("npz: errors in members that are not arrays do not affect the arrays") {
  const auto with = [](const std::string& name) {
    return archive_of({{"a.npy", one_number(1)}, {name, raw_bytes("1")}, {name, raw_bytes("2")}});
  };
  CHECK(parse_npz(with("README.txt"), "m.npz").at("a").to<float>()[0] == 1);
  CHECK(error_of([&] { parse_npz(with("b.npy"), "m.npz"); }).find("'b.npy' appears twice") !=
        std::string::npos);
  for (const std::size_t at : {std::size_t{8}, std::size_t{10}}) {  // encrypted; another method
    auto bytes = with("README.txt");
    const std::size_t record = as_text(bytes).rfind("PK\1\2");
    bytes[record + at] = static_cast<std::byte>(at == 8 ? 1 : 12);
    CHECK(parse_npz(bytes, "m.npz").size() == 1);
    const std::size_t array = as_text(bytes).find("PK\1\2");
    bytes[array + at] = static_cast<std::byte>(at == 8 ? 1 : 12);
    CHECK(error_of([&] { parse_npz(bytes, "m.npz"); }).find(at == 8 ? "encrypted" : "method 12") !=
          std::string::npos);
  }
}

TEST_CASE("npz: arrays that are not requested are neither read nor counted") {
  auto damaged = format_npy(Array::from(std::vector<float>(1000, 1), {1000}));
  const auto folder = scratch("npz_some");
  auto bytes = archive_of({{"W.npy", one_number(1)},
                           {"date.npy", date_array()},
                           {"damaged.npy", damaged},
                           {"b.npy", one_number(2)},
                           {"text.npy", raw_bytes("no array")}});
  bytes[as_text(bytes).find("damaged.npy") + 1000] ^= std::byte{1};
  write_file(folder / "m.npz", bytes);
  const Archive some = read_npz_arrays(folder / "m.npz", {"b", "W"}, {.max_bytes = 8});
  CHECK(some.names() == std::vector<std::string>{"b", "W"});
  CHECK(some.at("W").to<float>()[0] == 1);
  CHECK(error_of([&] { read_npz_arrays(folder / "m.npz", {"date"}); }).find("dates") != std::string::npos);
  CHECK(error_of([&] { read_npz_arrays(folder / "m.npz", {"damaged"}); }).find("CRC-32") !=
        std::string::npos);
  CHECK(error_of([&] { read_npz_arrays(folder / "m.npz", {"V"}); }) ==
        (folder / "m.npz").string() + ": no array 'V' among 5: 'W', 'date', 'damaged', 'b', 'text'");
  CHECK_THROWS_AS(read_npz(folder / "m.npz"), FormatError);

  const NpzReader reader(folder / "m.npz");
  CHECK(reader.info(1).unread_type == "datetime64[s]");
  CHECK(reader.info(1).problem.starts_with("dates and time spans are not supported"));
  CHECK(reader.info(1).shape.empty());
  CHECK(reader.info(2).problem.empty());
}

TEST_CASE("npz: long names are shown whole") {
  const std::string long_name(300, 'n');
  const auto bytes =
      archive_of({{long_name + "1.npy", raw_bytes("?")}, {long_name + "2.npy", one_number(1)}});
  CHECK(error_of([&] { parse_npz(bytes, "m.npz"); }).starts_with("m.npz: " + long_name + "1.npy: byte 0"));
  CHECK(error_of([] { Archive().at(std::string(200, 'x') + "y"); }).find("xy'") != std::string::npos);
}

TEST_CASE("npz: objects and too many bytes can be refused") {
  const std::vector<std::byte> bytes = format_npz(small_archive());
  CHECK(error_of([&] {
          parse_npz(bytes, "m.npz", {.allow_objects = false});
        }).starts_with("m.npz: best_value.npy: byte "));
  Archive two;
  two.add("a", Array::from(std::vector<double>(10), {10}));
  two.add("b", Array::from(std::vector<double>(10), {10}));
  CHECK_NOTHROW(parse_npz(format_npz(two), "m.npz", {.max_bytes = 160}));
  CHECK_THROWS_AS(parse_npz(format_npz(two), "m.npz", {.max_bytes = 159}), FormatError);
}

TEST_CASE("npz: a file large enough for two threads gives the same arrays and the first error") {
  Archive large;
  for (int i = 0; i < 9; ++i) {
    std::vector<std::uint32_t> numbers(70000);
    for (std::size_t k = 0; k < numbers.size(); ++k)
      numbers[k] = static_cast<std::uint32_t>(k * 2654435761u) ^ static_cast<std::uint32_t>(i);
    large.add("a" + std::to_string(i), Array::from(numbers, {70000}));
  }
  std::vector<std::byte> bytes = format_npz(large, Compression::store);
  REQUIRE(bytes.size() > std::size_t{2} << 20);
  const Archive again = parse_npz(bytes, "large.npz");
  REQUIRE(again.names() == large.names());
  for (const auto& entry : large) CHECK(again.at(entry.name).data == entry.array.data);
  const std::uint64_t all = std::uint64_t{9} * 70000 * 4;
  CHECK_NOTHROW(parse_npz(bytes, "large.npz", {.max_bytes = all}));
  CHECK_THROWS_AS(parse_npz(bytes, "large.npz", {.max_bytes = all - 1}), FormatError);
  for (const int damaged : {6, 2, 8})
    bytes[static_cast<std::size_t>(damaged * 280200 + 2000)] ^= std::byte{1};
  for (int round = 0; round < 20; ++round)
    CHECK(error_of([&] { parse_npz(bytes, "large.npz"); }).starts_with("large.npz: a2.npy: "));
}

TEST_CASE("npz: a file cut at any byte is refused, one with any byte changed is read or refused") {
  for (const Compression compression : {Compression::store, Compression::deflate}) {
    const std::vector<std::byte> bytes = format_npz(small_archive(), compression);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      CHECK_THROWS_AS(parse_npz(std::span(bytes).first(size), "cut"), FormatError);
    int refused = 0;
    for (std::size_t at = 0; at < bytes.size(); ++at)
      for (const unsigned change : {0x01u, 0x80u, 0xFFu}) {
        std::vector<std::byte> changed = bytes;
        changed[at] ^= static_cast<std::byte>(change);
        try {
          for (const Archive::Entry& entry : parse_npz(changed, "changed")) entry.array.check();
        } catch (const FormatError&) { ++refused; }
      }
    CHECK(refused > 1000);
  }
}

TEST_CASE(
    "npz: hostile files are refused or harmless, quickly and in little memory, and nothing in them runs") {
  const auto hostile = hostile_files();
  int count = 0;
  for (const auto& file : hostile.files) {
    const std::string &name = file.name, &area = file.area;
    if (area == "json") continue;
    const auto start = std::chrono::steady_clock::now();
    std::string error;
    try {
      if (name.ends_with(".npy")) read_npy(file.path).check();
      else read_npz(file.path);
    } catch (const FormatError& refused) { error = refused.what(); }
    CHECK_MESSAGE(std::chrono::steady_clock::now() - start < std::chrono::seconds(5), name);
    // Whether vocabularies, training sets and models make sense is for their readers to say, but for what
    // would run.
    const bool semantic = area == "vocabulary" || (area != "zip" && !name.ends_with(".npy") &&
                                                   name.find("evil") == std::string::npos);
    if (file.must_refuse && !semantic) CHECK_MESSAGE(!error.empty(), name);
    if (!error.empty())
      CHECK_MESSAGE(
          (error.find(name + ": ") != std::string::npos && error.find("byte ") != std::string::npos), error);
    ++count;
  }
  CHECK(count > (hostile.with_kit ? 200 : 30));
  CHECK_FALSE(hostile.one_ran());
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  CHECK(usage.ru_maxrss < 1024 * 1024);  // KiB
}
