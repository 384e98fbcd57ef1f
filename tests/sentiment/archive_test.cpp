// SPDX-License-Identifier: MIT
#include "sentiment/cloud/archive.hpp"
#include "sentiment/error_of.hpp"
#include "sentiment/data/file.hpp"
#include "support.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#include <map>
#include <vector>

using lstmlib::test::says;
using namespace sentiment;
using namespace sentiment::test;
using lstmlib::test::scratch;
namespace fs = std::filesystem;

namespace {

std::map<std::string, std::string> tree(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    files[entry.path().lexically_relative(folder).string()] =
        entry.is_directory() ? "(folder)" : read_text(entry.path());
  return files;
}

/// A header of 512 bytes and the content, written by hand: libarchive writes no hostile ones.
std::string member(const std::string& name, const std::string& content, char type = '0',
                   const std::string& link = "") {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) { header.replace(at, text.size(), text); };
  char octal[32];
  put(0, name.substr(0, 100));
  put(100, "0004755");
  put(108, "0000000");
  put(116, "0000000");
  std::snprintf(octal, sizeof octal, "%011zo", content.size());
  put(124, octal);
  put(136, "00000000000");
  put(148, "        ");
  header[156] = type;
  put(157, link);
  put(257, std::string("ustar\00000", 8));
  put(329, "0000001");
  put(337, "0000003");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  std::snprintf(octal, sizeof octal, "%06o", sum);
  put(148, octal);
  std::string bytes = header + content;
  bytes.resize((bytes.size() + 511) / 512 * 512);
  return bytes;
}
const std::string end_of_tar(1024, '\0');

std::string gzipped(const std::string& bytes) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

struct UnpackTry {
  explicit UnpackTry(const std::string& name) : folder(scratch(name)) {}
  fs::path folder;
  fs::path archive() const { return folder / "in" / "model.tar.gz"; }
  fs::path out() const { return folder / "out"; }
  std::string unpack(const std::string& bytes, const cloud::ArchiveLimits& limits = {}) const {
    write_text(archive(), bytes);
    return error_of([&] { cloud::unpack_archive(archive(), out(), limits); });
  }
  /// Nothing but the archive.
  bool is_clean() const { return tree(folder).size() == 2; }
};

}  // namespace

TEST_CASE("archive: a folder comes back as it was") {
  const UnpackTry attempt("archive_round");
  const std::string long_name(150, 'n'), binary("\0\1\xff\n", 4);
  write_text(attempt.folder / "model" / "args.json", "{}");
  write_text(attempt.folder / "model" / "empty", "");
  write_text(attempt.folder / "model" / "sub" / long_name, binary);
  write_text(attempt.folder / "model" / "\u00e9t\u00e9 \u65e5.txt", std::string(300000, 'x'));
  make_folder(attempt.folder / "model" / "nothing in it");
  make_folder(attempt.folder / "in");
  cloud::pack_folder(attempt.folder / "model", attempt.archive());
  cloud::unpack_archive(attempt.archive(), attempt.out());
  CHECK(tree(attempt.out()) == tree(attempt.folder / "model"));
  CHECK(tree(attempt.folder / "in").size() == 1);

  SUBCASE("equal folders give equal archives, over whatever was there") {
    const std::string first = read_text(attempt.archive());
    cloud::pack_folder(attempt.folder / "model", attempt.archive());
    CHECK(read_text(attempt.archive()) == first);
  }
  SUBCASE("a folder with other files keeps them") {
    write_text(attempt.out() / "args.json", "old");
    write_text(attempt.out() / "mine", "kept");
    cloud::unpack_archive(attempt.archive(), attempt.out());
    CHECK(read_text(attempt.out() / "args.json") == "{}");
    CHECK(read_text(attempt.out() / "mine") == "kept");
    CHECK(tree(attempt.out()).size() == tree(attempt.folder / "model").size() + 1);
  }
  SUBCASE("where a folder stands in the way of a file, nothing changes") {
    const fs::path other = attempt.folder / "other";
    write_text(other / "sub", "a file");
    CHECK(says(error_of([&] { cloud::unpack_archive(attempt.archive(), other); }), "sub: is a file"));
    CHECK(tree(other).size() == 1);
  }
}

TEST_CASE("archive: an empty folder, and one that is not there") {
  const UnpackTry attempt("archive_empty");
  make_folder(attempt.folder / "model");
  make_folder(attempt.folder / "in");
  cloud::pack_folder(attempt.folder / "model", attempt.archive());
  cloud::unpack_archive(attempt.archive(), attempt.out());
  CHECK(tree(attempt.out()).empty());
  CHECK_THROWS_AS(cloud::pack_folder(attempt.folder / "none", attempt.folder / "x.tar.gz"),
                  lstmlib::FileError);
  fs::create_symlink("/etc/passwd", attempt.folder / "model" / "link");
  CHECK_THROWS_AS(cloud::pack_folder(attempt.folder / "model", attempt.folder / "x.tar.gz"),
                  lstmlib::FileError);
  CHECK_FALSE(fs::exists(attempt.folder / "x.tar.gz"));
}

TEST_CASE("archive: names with ./, of GNU and of PAX") {
  const UnpackTry attempt("archive_names");
  const std::string gnu(140, 'g'), pax(130, 'p');
  std::string record = " path=" + pax + "/x\n";
  record = std::to_string(record.size() + 3) + record;
  const std::string said = attempt.unpack(gzipped(
      member("./", "", '5') + member("./a", "1") + member("./b/./c//d", "2") +
      member("././@LongLink", gnu + '\0', 'L') + member(gnu.substr(0, 100), "3") +
      member("PaxHeaders/x", record, 'x') + member("short", "4") + member("bin/", "", '5') + end_of_tar));
  CHECK(said.empty());
  CHECK(tree(attempt.out()) == std::map<std::string, std::string>{{"a", "1"},
                                                                  {"b", "(folder)"},
                                                                  {"b/c", "(folder)"},
                                                                  {"b/c/d", "2"},
                                                                  {"bin", "(folder)"},
                                                                  {gnu, "3"},
                                                                  {pax, "(folder)"},
                                                                  {pax + "/x", "4"}});
  // 04755 in the archive: neither that nor anything else of the owner is taken over.
  CHECK((fs::status(attempt.out() / "a").permissions() & (fs::perms::set_uid | fs::perms::owner_exec)) ==
        fs::perms::none);
}

TEST_CASE("archive: what could leave the folder is refused, and nothing of the archive is there") {
  const std::string fine = member("fine.txt", "1");
  const std::pair<std::string, const char*> hostile[] = {
      {member("../evil", "x"), "leaves the folder"},
      {member("a/../../evil", "x"), "leaves the folder"},
      {member("a/..", "", '5'), "leaves the folder"},
      {member("/tmp/evil", "x"), "absolute name"},
      {member("link", "", '2', "/tmp"), "is a link"},
      {member("link", "", '2', "/tmp") + member("link/evil", "x"), "is a link"},
      {member("hard", "", '1', "../../secret"), "is a link"},
      {member("device", "", '3'), "is a device"},
      {member("device", "", '4'), "is a device"},
      {member("fifo", "", '6'), "is a device"},
      {member(".", "x"), "a file without a name"},
      {member("", "x"), "without a name"},
      {member("fine.txt/below", "x"), "fine.txt"},
  };
  for (const auto& [bytes, expected] : hostile) {
    const char* reason = expected;  // clang 14 does not capture bindings
    CAPTURE(reason);
    const UnpackTry attempt("archive_hostile");
    const std::string said = attempt.unpack(gzipped(fine + bytes + end_of_tar));
    CAPTURE(said);
    CHECK(says(said, reason));
    CHECK(attempt.is_clean());
  }
  const UnpackTry attempt("archive_hostile_name");
  const std::string said = attempt.unpack(gzipped(member("\x1b[2J\n/../x", "x") + end_of_tar));
  CHECK(says(said, "'\\x1b[2J\\x0a/../x'"));
}

TEST_CASE("archive: damage is found to the last byte") {
  const std::string bytes = gzipped(member("a", std::string(200000, 'a')) + member("b", "2") + end_of_tar);
  const auto refused = [&](const std::string& damaged, const char* reason) {
    const UnpackTry attempt("archive_damaged");
    const std::string said = attempt.unpack(damaged);
    CAPTURE(said);
    CHECK(says(said, reason));
    CHECK(attempt.is_clean());
  };
  refused("", "not a gzip file");
  refused("not a gzip file", "not a gzip file");
  refused(gzipped("this is no tar archive, though it is a gzip file"), "archive");
  for (const std::size_t kept : {bytes.size() / 2, bytes.size() - 1, bytes.size() - 8})
    refused(bytes.substr(0, kept), "unexpected end of file");
  std::string sum = bytes, length = bytes;
  sum[bytes.size() - 8] = static_cast<char>(sum[bytes.size() - 8] ^ 1);
  length[bytes.size() - 1] = static_cast<char>(length[bytes.size() - 1] ^ 1);
  refused(sum, "incorrect data check");
  refused(length, "incorrect length check");
  const std::string unfinished = member("a", "1") + member("b", std::string(5000, 'b')).substr(0, 2000);
  refused(gzipped(unfinished), "Truncated");
}

TEST_CASE("archive: a small file does not fill the disk") {
  const UnpackTry attempt("archive_bomb");
  const std::string big = gzipped(member("big", std::string(1 << 20, '\0')) + end_of_tar);
  CHECK(says(attempt.unpack(big, {.bytes = 1 << 19}), "decompresses to more than 524288 bytes"));
  CHECK(attempt.is_clean());
  CHECK(says(attempt.unpack(gzipped(end_of_tar + std::string(1 << 20, '\0')), {.bytes = 1 << 19}),
             "decompresses to more"));
  std::string many;
  for (int i = 0; i < 50; ++i) many += member(std::to_string(i), "");
  CHECK(says(attempt.unpack(gzipped(many + end_of_tar), {.members = 49}), "more than 49 members"));
  CHECK(attempt.is_clean());
  CHECK(attempt.unpack(gzipped(many + end_of_tar), {.members = 50}).empty());
  // A sparse file of GNU: one gigabyte in a header.
  std::string sparse = member("hole", "", 'S');
  sparse.replace(257, 8, "ustar  \0", 8);
  sparse.replace(386, 24,
                 std::string("10000000000\000"
                             "00000000000\0",
                             24));
  sparse.replace(483, 12, std::string("10000000000\0", 12));
  unsigned sum = 0;
  sparse.replace(148, 8, "        ");
  for (const char c : sparse) sum += static_cast<unsigned char>(c);
  char octal[8];
  std::snprintf(octal, sizeof octal, "%06o", sum);
  sparse.replace(148, 7, octal, 7);
  fs::remove_all(attempt.out());
  const std::string said = attempt.unpack(gzipped(sparse + end_of_tar), {.bytes = 1 << 19});
  CAPTURE(said);
  CHECK(says(said, "decompresses to more than"));
}
