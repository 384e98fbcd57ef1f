// SPDX-License-Identifier: MIT
#include "sentiment/training/launch/mpirun.hpp"

#include "sentiment/support/process.hpp"

#include "lstmlib/base/error.hpp"
#include "lstmlib/train/signals.hpp"

#include <chrono>
#include <csignal>
#include <iostream>

namespace sentiment::launch {

using namespace std::chrono_literals;

namespace {

/// Removes the tags that --tag-output adds in front of each process's output: [1,3]<stderr>:
std::string without_tags(std::string_view line) {
  constexpr std::string_view begin = "[1,", end = "<stderr>:";
  std::string text;
  for (std::size_t at = line.find(begin); at != line.npos; at = line.find(begin)) {
    const std::size_t digits = line.find_first_not_of("0123456789", at + begin.size());
    const bool is_tag =
        digits != line.npos && line[digits] == ']' && line.substr(digits + 1).starts_with(end);
    text += line.substr(0, is_tag ? at : at + begin.size());
    line.remove_prefix(is_tag ? digits + 1 + end.size() : at + begin.size());
  }
  return text.append(line);
}

bool is_rule(std::string_view line) { return line.size() > 60 && line.find_first_not_of('-') == line.npos; }

/// Whether a line is a message of the ssh client about a host that was not reached or was lost. mpirun only
/// sees that the client ended. Its own message may be misleading and not name the host.
bool is_of_ssh(std::string_view line) {
  return (line.starts_with("Connection to ") && line.find(" closed by remote host") != line.npos) ||
         line.starts_with("Timeout, server ") || line.starts_with("ssh: ") ||
         line.starts_with("Host key verification failed") || line.find(": Permission denied (") != line.npos;
}

constexpr std::size_t longest_reason = 800;  // of a message; the service shows 1,024 characters

/// Appends the words of a line, separated by single spaces.
void add_words(std::string& text, std::string_view line) {
  for (const char c : line) {
    if (text.size() >= longest_reason) return;
    if (c != ' ' && c != '\t') text += c;
    else if (!text.empty() && text.back() != ' ') text += ' ';
  }
  if (!text.empty() && text.back() != ' ') text += ' ';
}

}  // namespace

bool FailureReason::add_line(std::string_view line) {
  // mpirun reports each signal, and a harmless race with its own children.
  if (line.starts_with("mpirun: Forwarding signal") || line.find("plm:rsh: Warning: setpgid(") != line.npos)
    return false;
  if (of_ssh_.empty() && is_of_ssh(line)) add_words(of_ssh_, line);
  const std::string text = without_tags(line);
  constexpr std::string_view name = "sentiment: ";
  // The last message counts: those before it are warnings.
  if (text.starts_with(name) && of_mpirun_.empty()) of_process_ = text.substr(name.size(), longest_reason);
  if (!is_rule(line)) {
    if (in_block_) add_words(block_, line);
    return true;
  }
  // Skip the block that only says that another error occurred.
  if (in_block_ && of_mpirun_.empty() && !block_.starts_with("Primary job")) of_mpirun_ = block_;
  in_block_ = !in_block_;
  block_.clear();
  return true;
}

std::string FailureReason::text() const {
  std::string text = !of_ssh_.empty() ? of_ssh_ : !of_process_.empty() ? of_process_ : of_mpirun_;
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

bool Outcome::stopped() const {
  // The signal may have arrived before a process could handle it.
  return signal != 0 && (status == 0 || status == 128 + SIGUSR1);
}

Outcome run_mpirun(const std::vector<std::string>& words) {
  // mpirun inherits this and ignores the signal until there are processes to forward it to.
  std::signal(SIGUSR1, SIG_IGN);
  const lstmlib::train::SignalWatch watch;
  FailureReason reason;
  process::Process mpirun({.words = words});
  auto next = std::chrono::steady_clock::time_point::min();
  const auto pass_on = [&](const std::string& line) {
    if (reason.add_line(line)) std::cerr << line << '\n';
  };
  while (!mpirun.ended()) {
    mpirun.wait(100ms, pass_on);
    // Repeated each second, because there may have been no process yet to forward it to.
    if (const auto now = std::chrono::steady_clock::now(); watch.received() != 0 && now >= next) {
      mpirun.send(SIGUSR1);
      next = now + 1s;
    }
  }
  mpirun.wait(0ms, pass_on);
  Outcome outcome{*mpirun.ended(), watch.received(), {}};
  if (outcome.status != 0)
    outcome.reason = reason.text().empty()
                         ? lstmlib::message("mpirun ended with status ", outcome.status,
                                            outcome.status > 128 ? ", a process was killed by a signal" : "")
                         : reason.text();
  return outcome;
}

}  // namespace sentiment::launch
