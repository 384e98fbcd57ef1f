// SPDX-License-Identifier: MIT
// Archives of a job: whatever they hold, nothing leaves the folder, no link or device is in it, and it stays
// within its limit.
#include "sentiment/cloud/archive.hpp"
#include "sentiment/data/file.hpp"

#include <unistd.h>
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace fs = std::filesystem;

namespace {

/// As a gzip file without compression, so that the fuzzer meets the tar format and not the checksum.
std::string gzipped(const std::uint8_t* data, std::size_t size) {
  z_stream stream{};
  if (deflateInit2(&stream, 0, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) std::abort();
  std::string out(deflateBound(&stream, size), '\0');
  stream.next_in = const_cast<Bytef*>(data);
  stream.avail_in = static_cast<uInt>(size);
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) std::abort();
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fs::path top = (fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) /
                              ("archive_fuzz-" + std::to_string(::getpid()));
  constexpr std::uint64_t limit = 1 << 16;
  const fs::path archive = top / "in" / "a.tar.gz", out = top / "out";
  const bool as_it_is = size > 0 && data[0] == 0x1f;
  sentiment::write_text(
      archive, as_it_is ? std::string(reinterpret_cast<const char*>(data), size) : gzipped(data, size));
  try {
    sentiment::cloud::unpack_archive(archive, out, {.bytes = limit, .members = 100});
  } catch (const lstmlib::Error&) {        // refused
  } catch (const fs::filesystem_error&) {  // a name that the system does not take
  }
  std::uint64_t total = 0;
  if (fs::exists(out))
    for (const auto& entry : fs::recursive_directory_iterator(out)) {
      if (entry.is_symlink() || (!entry.is_directory() && !entry.is_regular_file())) std::abort();
      if (entry.is_regular_file()) total += entry.file_size();
    }
  if (total > limit) std::abort();
  fs::remove_all(out);
  for (const auto& entry : fs::directory_iterator(top))
    if (entry.path().filename() != "in") std::abort();
  fs::remove_all(top);
  return 0;
}
