// SPDX-License-Identifier: MIT
#include "lstmlib/io/file.hpp"

#include "support.hpp"

#include <csignal>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <string>

using namespace lstmlib;
using namespace lstmlib::io;
using namespace lstmlib::test;

namespace {

std::string text_of(const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::ptrdiff_t count_files(const std::filesystem::path& folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}

template <class Action>
std::string failure_of(Action&& action) {
  try {
    action();
  } catch (const FileError& error) { return error.what(); }
  FAIL_CHECK("no error");
  return {};
}

}  // namespace

TEST_CASE("file: written bytes read back, and replace the old file") {
  const auto folder = scratch("file");
  write_file(folder / "a", "first");
  CHECK(text_of(folder / "a") == "first");
  write_file(folder / "a", std::string("second\0 and longer", 18));
  CHECK(text_of(folder / "a").size() == 18);
  write_file(folder / "empty", "");
  CHECK(read_file(folder / "empty").empty());
  CHECK(read_file_start(folder / "a", 3).size() == 3);
  CHECK(read_file_start(folder / "empty", 3).empty());
  CHECK(count_files(folder) == 2);
}

TEST_CASE("file: errors name the path and the reason") {
  const auto folder = scratch("file_errors");
  const std::string absent = (folder / "absent").string();
  CHECK(failure_of([&] { read_file(absent); }) == absent + ": No such file or directory");
  CHECK(failure_of([&] { read_file_start(absent, 1); }) == absent + ": No such file or directory");
  CHECK(failure_of([&] { read_file(folder); }) == folder.string() + ": Is a directory");
  CHECK(failure_of([&] { write_file(folder, "text"); }) == folder.string() + ": Is a directory");
  CHECK(failure_of([&] { write_file(folder / "absent/a", "text"); }) ==
        absent + "/a: No such file or directory");
  CHECK(failure_of([&] { read_file("/dev/zero"); }) ==
        "/dev/zero: is not a regular file (a pipe, a device or the like)");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(failure_of([&] { read_file(folder / "pipe"); }) ==
        (folder / "pipe").string() + ": is not a regular file (a pipe, a device or the like)");
}

TEST_CASE("file: a size bound is kept") {
  const auto path = scratch("file_bound") / "a";
  write_file(path, "12345");
  CHECK(read_file(path, 5).size() == 5);
  CHECK(failure_of([&] { read_file(path, 4); }) == path.string() + ": has 5 bytes, the limit is 4");
}

TEST_CASE("file: nothing half-written appears or stays") {
  const auto folder = scratch("file_atomic");
  write_file(folder / "a", "old");
  {
    AtomicFile file(folder / "a");
    file.write("new, but never finished");
    CHECK(text_of(folder / "a") == "old");
  }
  CHECK(text_of(folder / "a") == "old");
  CHECK(count_files(folder) == 1);
  {
    AtomicFile one(folder / "a"), two(folder / "a");  // both at once: the later commit wins
    one.write("one");
    two.write("two");
    two.commit();
    one.commit();
  }
  CHECK(text_of(folder / "a") == "one");
  CHECK(count_files(folder) == 1);
}

TEST_CASE("file: a disk that takes no more leaves the old file and no other") {
  const auto folder = scratch("file_full");
  write_file(folder / "a", "old");
  // A limit on file sizes stands in for a full disk; without the handler it would be a signal.
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  rlimit small = before;
  small.rlim_cur = 1000;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  std::string error;
  try {
    write_file(folder / "a", std::string(100000, 'x'));
  } catch (const FileError& failed) { error = failed.what(); }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(error == (folder / "a").string() + ": File too large");
  CHECK(text_of(folder / "a") == "old");
  CHECK(count_files(folder) == 1);
}

TEST_CASE("file: a new file has the usual permissions, not those of a temporary one") {
  const auto path = scratch("file_mode") / "a";
  const mode_t mask = ::umask(022);
  write_file(path, "text");
  ::umask(mask);
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0644);
}

TEST_CASE("file: half-written files of dead processes are deleted, those of living ones and others stay") {
  const auto folder = scratch("file_abandoned");
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  REQUIRE(::waitpid(dead, nullptr, 0) == dead);  // nobody has its number now
  const auto of = [](pid_t process, const std::string& end) {
    return ".lstmlib-" + std::to_string(process) + end;
  };
  const std::string abandoned[] = {of(dead, "-0.tmp"), of(dead, "-18446744073709551615.tmp")};
  const std::string kept[] = {of(::getpid(), "-0.tmp"),
                              of(::getppid(), "-7.tmp"),  // they live
                              of(1, "-0.tmp"),
                              of(dead, "-0.tmp.npz"),  // not a name of ours
                              of(dead, "-x.tmp"),
                              of(dead, "-.tmp"),
                              of(dead, ".tmp"),
                              of(0, "-0.tmp"),
                              of(-1, "-0.tmp"),
                              "lstmlib-" + std::to_string(dead) + "-0.tmp",
                              "model.npz"};
  for (const auto& name : abandoned) write_file(folder / name, "half");
  for (const auto& name : kept) write_file(folder / name, "whole");
  remove_abandoned_files(folder);
  for (const auto& name : abandoned) CHECK_FALSE_MESSAGE(std::filesystem::exists(folder / name), name);
  for (const auto& name : kept) CHECK_MESSAGE(std::filesystem::exists(folder / name), name);
  remove_abandoned_files(folder / "absent");  // no folder, no error
}
