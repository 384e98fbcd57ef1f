// SPDX-License-Identifier: MIT
// How much memory reading takes: an array once, a head next to nothing, however large the file.
#include "lstmlib/io/npz.hpp"
#include "lstmlib/io/zip_writer.hpp"

#include "expected.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

using namespace lstmlib;
using namespace lstmlib::io;
using namespace lstmlib::test;

namespace {

/// Bytes that a process of its own had in memory at most while it did `work`, beyond those of one that does
/// nothing. Fails where the work does.
template <class Work>
double peak_of(const Work& work) {
  const auto measured = [](const auto& what) {
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        what();
      } catch (...) { ::_exit(1); }
      ::_exit(0);
    }
    int status = 0;
    rusage usage{};
    REQUIRE(::wait4(child, &status, 0, &usage) == child);
    CHECK(status == 0);
    return static_cast<double>(usage.ru_maxrss) * 1024;
  };
  const double idle = measured([] {});
  return measured(work) - idle;
}

constexpr Index test_rows = 2048, test_columns = 2048;
constexpr double array_bytes = test_rows * test_columns * 8.0;

/// An NPY file of float64 [test_rows, test_columns] of zeros that takes no room on the disk.
std::filesystem::path sparse_npy(const std::filesystem::path& path, const std::string& descr, bool fortran,
                                 Index first_axis = test_rows) {
  std::string header = "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") +
                       ", 'shape': " + shape_text(std::vector<Index>{first_axis, test_columns}) + ", }";
  header.resize(118, ' ');
  std::vector<std::byte> bytes;
  append_text(bytes, std::string_view("\x93NUMPY\x01\0", 8));
  append_little(bytes, static_cast<std::uint16_t>(header.size()));
  append_text(bytes, header);
  write_file(path, bytes);
  std::filesystem::resize_file(path, 128 + static_cast<std::uintmax_t>(first_axis * test_columns * 8));
  return path;
}

}  // namespace

TEST_CASE("memory: an array of numbers is there once while it is read, in any order of axes and bytes") {
  const auto folder = scratch("memory_once");
  for (const char* descr : {"<f8", ">f8"})
    for (const bool fortran : {false, true}) {
      const auto file = sparse_npy(folder / "a.npy", descr, fortran);
      const double peak = peak_of([&] {
        if (read_npy(file).elements() != test_rows * test_columns) throw Error("elements");
      });
      CHECK(peak > 0.9 * array_bytes);
      CHECK(peak < 1.3 * array_bytes);
    }
}

TEST_CASE("memory: the head of a file of 5 GiB costs a head") {
  const auto folder = scratch("memory_head");
  const auto file = sparse_npy(folder / "large.npy", "<f8", true, 327'680);
  REQUIRE(std::filesystem::file_size(file) > std::uintmax_t{5} << 30);
  const auto start = std::chrono::steady_clock::now();
  const auto peak_for = [](const std::filesystem::path& path, Index rows) {
    return peak_of([&] {
      if (read_npy_info(path).shape[0] != rows) throw Error("shape");
    });
  };
  // As much as that of a small file: the pages of the code, and a sanitizer's own.
  CHECK(peak_for(file, 327'680) < peak_for(sparse_npy(folder / "small.npy", "<f8", true, 1), 1) + 1e6);
  CHECK(std::chrono::steady_clock::now() - start <
        std::chrono::seconds(5));  // seconds are for a busy machine
}

TEST_CASE(
    "memory: of an NPZ file of 4 GiB only directory and heads are read, and one array where it is asked "
    "for") {
  const auto folder = scratch("memory_npz");
  const auto path = folder / "large.npz";
  // A member is written around a hole: a small archive whose sizes are then those of the large one.
  const auto small = format_npy(Array::from(std::vector<float>{1, 2, 3}, {3}));
  std::vector<std::byte> bytes;
  {
    ZipWriter zip(
        [&](std::span<const std::byte> part) { bytes.insert(bytes.end(), part.begin(), part.end()); });
    zip.add("large.npy", Compression::store, [&](const Sink& sink) {
      std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (500000000,), }";
      header.resize(118, ' ');
      std::vector<std::byte> head;
      append_text(head, std::string_view("\x93NUMPY\x01\0", 8));
      append_little(head, static_cast<std::uint16_t>(header.size()));
      append_text(head, header);
      sink(head);
    });
    zip.add("small.npy", Compression::deflate, [&](const Sink& sink) { sink(small); });
    zip.finish();
  }
  constexpr std::uint64_t hole = 4'000'000'000;
  const auto grown = [&](std::size_t at, std::uint64_t by) {
    const auto value = static_cast<std::uint32_t>(load_little<std::uint32_t>(&bytes[at]) + by);
    std::vector<std::byte> little;
    append_little(little, value);
    std::copy(little.begin(), little.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
  };
  const std::string_view text = as_text(bytes);
  const std::size_t first = text.find("PK\1\2"), second = text.find("PK\1\2", first + 4),
                    end = text.find("PK\5\6"), behind_head = text.find("large.npy") + 9 + 128;
  for (const std::size_t size : {first + 20, first + 24, second + 42, end + 16}) grown(size, hole);
  write_file(path, std::span(bytes).first(behind_head));
  std::filesystem::resize_file(path, behind_head + hole);
  {
    std::ofstream file(path, std::ios::binary | std::ios::app);
    file.write(reinterpret_cast<const char*>(bytes.data() + behind_head),
               static_cast<std::streamsize>(bytes.size() - behind_head));
  }
  const double peak = peak_of([&] {
    const auto infos = list_npz(path);
    if (infos.size() != 2 || infos[0].shape != std::vector<Index>{500'000'000} || infos[1].name != "small")
      throw Error("infos");
    if (read_npz_arrays(path, {"small"}).at("small").to<float>()[2] != 3) throw Error("small");
  });
  CHECK(peak < 8e6);
}
