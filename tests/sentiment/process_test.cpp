// SPDX-License-Identifier: MIT
// Programs that are started and looked after, of which the shell stands for all.
#include "sentiment/support/process.hpp"

#include "lstmlib/base/error.hpp"
#include "support.hpp"

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

// Within it, as other tests have a Process and a Program of their own.
namespace sentiment::process {

using namespace std::chrono_literals;

namespace {

Program shell(const std::string& script) { return {.words = {"/bin/sh", "-c", script}}; }

/// All that it prints until there is no more.
std::vector<std::string> lines_of(Process& process) {
  std::vector<std::string> lines;
  while (process.wait(1s, [&](const std::string& line) { lines.push_back(line); })) {}
  return lines;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("process: lines of standard error come, those of standard output where they are asked for") {
  Program program = shell("echo out; echo err >&2; printf half >&2; exit 3");
  Process one(program);
  CHECK(lines_of(one) == Texts{"err", "half"});
  CHECK(one.end(10s) == 3);
  program.reads_output = true;
  Process both(program);
  CHECK(lines_of(both) == Texts{"out", "err", "half"});
  CHECK(both.end(10s) == 3);
}

TEST_CASE("process: the variables are those given, the name is the first word, and input is empty") {
  Program program = shell("read line; echo \"$0 $PROCESS_TEST $HOME\" >&2");
  program.words[0] = "another name";
  program.file = "/bin/sh";
  program.words.push_back("called");
  program.variables = Texts{"PROCESS_TEST=7"};
  Process process(program);
  CHECK(lines_of(process) == Texts{"called 7 "});
  CHECK(process.end(10s) == 0);
}

TEST_CASE(
    "process: the end by a signal, by force where it does not listen, and of a file that is not there") {
  Process quiet(shell("exec sleep 100"));
  CHECK(!quiet.ended());
  quiet.send(SIGTERM);
  CHECK(quiet.end(10s) == 128 + SIGTERM);
  quiet.send(SIGTERM);

  Process deaf(shell("trap '' TERM; echo ready >&2; while :; do sleep 0.01; done"));
  deaf.wait(10s, [](const std::string&) {});
  deaf.send(SIGTERM);
  CHECK(deaf.end(100ms) == 128 + SIGKILL);

  Process nothing({.words = {"/nowhere/nothing"}});
  CHECK(lines_of(nothing).empty());
  CHECK(nothing.end(10s) == 127);
}

TEST_CASE("process: a child with endless output does not block, and an endless line is cut") {
  Process endless(shell("exec yes words >&2"));
  std::size_t lines = 0;
  for (int i = 0; i < 3; ++i) CHECK(endless.wait(10s, [&](const std::string&) { ++lines; }));
  CHECK(lines > 0);
  endless.send(SIGTERM);
  CHECK(endless.end(10s) == 128 + SIGTERM);

  Process line(shell("head -c 200000 /dev/zero | tr '\\0' x >&2"));
  const auto parts = lines_of(line);
  CHECK(parts.size() == 4);
  CHECK(parts[0].size() == 65536);
}

TEST_CASE("process: it is over when the program is, though what it started holds the pipe") {
  Process process(shell("sleep 3 & echo done >&2"));
  const auto start = std::chrono::steady_clock::now();
  CHECK(lines_of(process) == Texts{"done"});
  CHECK(std::chrono::steady_clock::now() - start < 2500ms);
  CHECK(process.end(10s) == 0);
}

}  // namespace sentiment::process
