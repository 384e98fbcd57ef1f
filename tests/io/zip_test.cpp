// SPDX-License-Identifier: MIT
#include "lstmlib/io/zip_reader.hpp"
#include "lstmlib/io/zip_writer.hpp"

#include "expected.hpp"

using namespace lstmlib;
using namespace lstmlib::io;
using namespace lstmlib::test;

namespace {

using Members = std::vector<std::pair<std::string, std::string>>;

std::vector<std::byte> zip_of(const Members& members, Compression compression,
                              std::uint64_t zip64_from = 0xFFFFFFFF) {
  std::vector<std::byte> bytes;
  ZipWriter zip([&](std::span<const std::byte> part) { bytes.insert(bytes.end(), part.begin(), part.end()); },
                zip64_from);
  for (const auto& member : members)
    zip.add(member.first, compression, [&](const Sink& sink) {
      const auto content = std::as_bytes(std::span(member.second));
      sink(content.first(content.size() / 2));
      sink(content.subspan(content.size() / 2));
    });
  zip.finish();
  return bytes;
}

Members content_of(std::span<const std::byte> bytes) {
  const ZipReader zip(bytes, "z");
  Members members;
  for (const ZipEntry& entry : zip.entries()) {
    ZipMember member = zip.open(entry);
    const std::vector<std::byte> content = member.read_bytes(member.remaining());
    member.finish();
    members.emplace_back(entry.name, std::string(as_text(content)));
  }
  return members;
}

std::string refusal(std::span<const std::byte> bytes) {
  return error_of([&] { content_of(bytes); });
}

/// Where a signature stands first.
std::size_t find(std::span<const std::byte> bytes, std::string_view signature) {
  const std::size_t at = as_text(bytes).find(signature);
  REQUIRE(at != std::string_view::npos);
  return at;
}
constexpr std::string_view local = "PK\3\4", central = "PK\1\2", end_record = "PK\5\6";

template <class T>
void put(std::vector<std::byte>& bytes, std::size_t at, T value) {
  std::vector<std::byte> little;
  append_little(little, value);
  std::copy(little.begin(), little.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

const Members two{{"a.npy", std::string(1000, 'a')}, {"folder/\xC3\xA9.npy", "short"}};

}  // namespace

TEST_CASE("zip: members are written and read, stored and deflated, with and without ZIP64") {
  for (const Compression compression : {Compression::store, Compression::deflate})
    for (const std::uint64_t zip64_from :
         {std::uint64_t{0xFFFFFFFF}, std::uint64_t{900}, std::uint64_t{20}, std::uint64_t{0}}) {
      const std::vector<std::byte> bytes = zip_of(two, compression, zip64_from);
      CHECK(content_of(bytes) == two);
      const bool large = as_text(bytes).find("PK\6\6") != std::string_view::npos;
      CHECK(large == (zip64_from <= 20 || (zip64_from == 900 && compression == Compression::store)));
    }
  CHECK(content_of(zip_of({}, Compression::deflate)).empty());
  CHECK(zip_of({}, Compression::deflate).size() == 22);
  CHECK(content_of(zip_of({{"empty", ""}}, Compression::deflate)) == Members{{"empty", ""}});
}

TEST_CASE("zip: a size, or a place, of exactly the first number that is too large is written wide") {
  // 0xFFFFFFFF in a narrow field means that the number stands elsewhere, so it cannot be a size itself.
  const auto needs_wide = [](std::uint64_t zip64_from) {
    const auto bytes = zip_of({{"a.npy", std::string(1000, 'a')}}, Compression::store, zip64_from);
    CHECK(content_of(bytes) == Members{{"a.npy", std::string(1000, 'a')}});
    const std::size_t first = find(bytes, local), record = find(bytes, central);
    const bool wide = load_little<std::uint16_t>(&bytes[first + 4]) == 45;
    CHECK((load_little<std::uint32_t>(&bytes[first + 22]) == 0xFFFFFFFF) == wide);
    CHECK((load_little<std::uint32_t>(&bytes[record + 24]) == 0xFFFFFFFF) == wide);
    return wide;
  };
  CHECK(needs_wide(1000));
  CHECK_FALSE(needs_wide(1001));
  const std::size_t start = find(zip_of({{"a", "content"}}, Compression::store), central);
  for (const std::uint64_t zip64_from : {start, start + 1}) {
    const auto bytes = zip_of({{"a", "content"}}, Compression::store, zip64_from);
    const bool wide = as_text(bytes).find("PK\6\6") != std::string_view::npos;
    // The directory is longer than what comes before it.
    CHECK(wide);
    CHECK((load_little<std::uint32_t>(&bytes[bytes.size() - 6]) == 0xFFFFFFFF) == (zip64_from == start));
  }
}

TEST_CASE("zip: local headers and the directory hold the same sizes") {
  const std::vector<std::byte> bytes = zip_of(two, Compression::deflate);
  const std::size_t first = find(bytes, local), record = find(bytes, central);
  CHECK(std::equal(bytes.begin() + static_cast<std::ptrdiff_t>(first + 4),
                   bytes.begin() + static_cast<std::ptrdiff_t>(first + 28),
                   bytes.begin() + static_cast<std::ptrdiff_t>(record + 6)));
  CHECK(load_little<std::uint32_t>(&bytes[first + 22]) == 1000);
  CHECK(load_little<std::uint32_t>(&bytes[first + 18]) < 100);
}

TEST_CASE("zip: more members than 16 bits count") {
  Members many;
  for (int at = 0; at < 66000; ++at) many.emplace_back(std::to_string(at), "");
  const std::vector<std::byte> bytes = zip_of(many, Compression::store);
  const ZipReader zip(bytes, "z");
  CHECK(zip.entries().size() == 66000);
  CHECK(zip.entries().back().name == "65999");
}

TEST_CASE("zip: names that an archive cannot hold are refused") {
  for (const std::string& name : {std::string("\xFF"), std::string("a\0b", 3), std::string(70000, 'n')})
    CHECK_THROWS_AS(zip_of({{name, ""}}, Compression::store), FormatError);
  CHECK_NOTHROW(content_of(
      zip_of({{"../../up.npy", ""}, {"/root.npy", ""}}, Compression::store)));  // names are never paths
}

TEST_CASE("zip: damaged content is found at the end of a member") {
  std::vector<std::byte> bytes = zip_of(two, Compression::store);
  bytes[find(bytes, "aaaa")] ^= std::byte{1};
  CHECK(refusal(bytes) == "z: a.npy: byte 1000: the CRC-32 does not match: the content is damaged");
  bytes = zip_of(two, Compression::deflate);
  bytes[find(bytes, "a.npy") + 5] = std::byte{7};  // block of an unknown kind
  CHECK(refusal(bytes).find("z: a.npy: byte 0: the deflate stream is damaged") == 0);
}

TEST_CASE("zip: sizes that are not true are refused before or while unpacking") {
  const std::vector<std::byte> good = zip_of(two, Compression::deflate);
  const std::size_t record = find(good, central);
  std::vector<std::byte> bytes = good;
  put(bytes, record + 24, std::uint32_t{0x7FFFFFFF});
  CHECK(refusal(bytes).find("cannot decompress to 2147483647 bytes") != std::string::npos);
  put(bytes, record + 24, std::uint32_t{1001});
  CHECK(refusal(bytes).find("1 bytes too early") != std::string::npos);
  put(bytes, record + 24, std::uint32_t{999});
  CHECK(refusal(bytes).find("more than its announced size") != std::string::npos);
  bytes = good;
  put(bytes, record + 20, load_little<std::uint32_t>(&good[record + 20]) - 1);
  CHECK(refusal(bytes).find("cut short") != std::string::npos);
  put(bytes, record + 20, std::uint32_t{100000});
  CHECK(refusal(bytes).find("runs past the directory") != std::string::npos);
}

TEST_CASE("zip: bytes behind the deflate stream of a member are refused") {
  // The stream ends in the middle of the packed bytes that both headers announce.
  const std::vector<std::byte> good = zip_of({{"a", std::string(500, 'a')}}, Compression::deflate);
  const std::size_t first = find(good, local), record = find(good, central);
  const auto packed = load_little<std::uint32_t>(&good[first + 18]);
  for (const std::size_t count : {std::size_t{1}, std::size_t{100}}) {
    std::vector<std::byte> bytes = good;
    bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(record), count, std::byte{0});
    put(bytes, first + 18, static_cast<std::uint32_t>(packed + count));
    put(bytes, record + count + 20, static_cast<std::uint32_t>(packed + count));
    put(bytes, bytes.size() - 6, static_cast<std::uint32_t>(record + count));
    CHECK(refusal(bytes) == "z: a: byte 500: bytes follow the deflate stream");
  }
}

TEST_CASE("zip: what readers could disagree about is refused") {
  const std::vector<std::byte> good = zip_of(two, Compression::store);
  const std::size_t record = find(good, central), end = find(good, end_record);
  const auto changed = [&](std::size_t at, auto value) {
    std::vector<std::byte> bytes = good;
    put(bytes, at, value);
    return refusal(bytes);
  };
  CHECK(changed(30, std::uint8_t{'b'}).find("a different name in its local header") != std::string::npos);
  CHECK(changed(8, std::uint16_t{8}).find("a different compression method") != std::string::npos);
  CHECK(changed(record + 8, std::uint16_t{1}).find("encrypted") != std::string::npos);
  CHECK(changed(record + 10, std::uint16_t{12}).find("method 12") != std::string::npos);
  CHECK(changed(record + 34, std::uint16_t{1}).find("another volume") != std::string::npos);
  CHECK(changed(record + 42, std::uint32_t{1}).find("no local header at byte 1") != std::string::npos);
  CHECK(changed(record + 46, std::uint8_t{0xFF}).find("not UTF-8") != std::string::npos);
  CHECK(changed(end + 4, std::uint16_t{3}).find("volumes") != std::string::npos);
  CHECK(changed(end + 10, std::uint16_t{1}).find("volumes") != std::string::npos);
  CHECK(changed(end + 12, std::uint32_t{10}).find("does not end where") != std::string::npos);
  CHECK(changed(end + 16, std::uint32_t{0xFFFFFFF0}).find("does not end where") != std::string::npos);
  CHECK(changed(end + 20, std::uint16_t{5}).find("no end record") != std::string::npos);

  std::vector<std::byte> bytes = good;
  put(bytes, end + 8, std::uint16_t{1});
  put(bytes, end + 10, std::uint16_t{1});
  CHECK(refusal(bytes).find("more than the 1 members") != std::string::npos);
  put(bytes, end + 8, std::uint16_t{60000});
  put(bytes, end + 10, std::uint16_t{60000});
  CHECK(refusal(bytes).find("60000 members") != std::string::npos);
  CHECK(refusal(zip_of({{"a", "1"}, {"a", "2"}}, Compression::store)).find("appears twice") !=
        std::string::npos);

  // One archive inside a stored member of another: the directory may not point into a member.
  const std::vector<std::byte> inner = zip_of({{"b", "content"}}, Compression::store);
  std::vector<std::byte> outer =
      zip_of({{"a", std::string(as_text(inner))}, {"b", "content"}}, Compression::store);
  const std::size_t second = as_text(outer).rfind(central);
  put(outer, second + 42,
      static_cast<std::uint32_t>(find(std::span<const std::byte>(outer).subspan(4), local) + 4));
  CHECK(refusal(outer).find("share the bytes") != std::string::npos);
}

TEST_CASE("zip: a comment, and bytes before the archive that the offsets count, do no harm") {
  std::vector<std::byte> bytes = zip_of(two, Compression::store);
  put(bytes, bytes.size() - 2, std::uint16_t{4});
  append_text(bytes, "note");
  CHECK(content_of(bytes) == two);
  put(bytes, bytes.size() - 6, std::uint16_t{5});
  CHECK(refusal(bytes).find("no end record") != std::string::npos);
}
