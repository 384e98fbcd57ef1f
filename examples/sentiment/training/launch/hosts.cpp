// SPDX-License-Identifier: MIT
#include "sentiment/training/launch/hosts.hpp"

#include "sentiment/training/launch/command.hpp"
#include "sentiment/training/launch/ssh.hpp"

#include "lstmlib/base/error.hpp"
#include "lstmlib/io/utf8.hpp"
#include "lstmlib/train/signals.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <thread>

namespace sentiment::launch {

using lstmlib::Error;
using lstmlib::fail;
using lstmlib::message;
using lstmlib::io::printable;
using lstmlib::train::SignalWatch;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

/// Whether a name can safely be a word of a command: not an option, and a single word.
bool is_plain(const std::string& name, const char* extra) {
  constexpr const char* letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  return name.size() < 256 && name.find_first_not_of(std::string(letters) + extra) == name.npos &&
         !name.starts_with('-');
}

void check_names(const JobHosts& hosts) {
  for (const std::string& name : hosts.names)
    if (name.empty() || !is_plain(name, ".-"))
      fail<Error>("the job's host \"", printable(name), "\": is not a host name");
  if (std::adjacent_find(hosts.names.begin(), hosts.names.end()) != hosts.names.end())
    fail<Error>("the job names a host twice");
  if (!is_plain(hosts.network_interface, "._-"))
    fail<Error>("the job's network interface \"", printable(hosts.network_interface),
                "\": is not a name of an interface");
  if (std::find(hosts.names.begin(), hosts.names.end(), hosts.current) == hosts.names.end())
    fail<Error>("the job's current host is \"", printable(hosts.current),
                "\", which is not one of its hosts");
}

std::string listed(const std::map<std::string, std::string>& missing) {
  std::string text;
  std::size_t count = 0;
  for (const auto& [host, why] : missing) {
    if (++count > 5) return message(text, ", and ", missing.size() - 5, " more");
    text += (text.empty() ? "" : ", ") + host + " (" + why + ")";
  }
  return text;
}

/// Returns a signal if one arrived first, or 0 once all other hosts can be reached.
int wait_for_others(const JobHosts& hosts, std::chrono::seconds limit) {
  const SignalWatch watch;
  const auto start = Clock::now();
  auto next_word = start + 2s;
  std::chrono::milliseconds pause = 100ms;
  std::map<std::string, std::string> missing;
  for (const std::string& host : hosts.names)
    if (host != hosts.current) missing[host];
  while (true) {
    for (auto each = missing.begin(); each != missing.end() && watch.received() == 0;) {
      const auto why = why_unreachable(each->first, ssh_port());
      if (why) (each++)->second = *why;
      else each = missing.erase(each);
    }
    if (watch.received() != 0 || missing.empty()) return watch.received();
    const auto now = Clock::now();
    if (now - start >= limit)
      fail<Error>("of ", hosts.names.size(), " hosts ", missing.size(), " did not respond within ",
                  limit.count(), " s: ", listed(missing));
    if (now >= next_word) {
      std::cerr << "Waiting for " << missing.size() << " of " << hosts.names.size()
                << " hosts: " << listed(missing) << '\n';
      next_word = now + 30s;
    }
    for (const auto until = now + pause; Clock::now() < until && watch.received() == 0;)
      std::this_thread::sleep_for(50ms);
    pause = std::min(2 * pause, 5000ms);
  }
}

Outcome run_first(const JobHosts& hosts, int processes_per_host, std::chrono::seconds limit,
                  const std::vector<std::string>& program) {
  const SshFolder folder;
  const auto command = mpirun_command({.processes_per_host = processes_per_host,
                                       .hosts = hosts.names,
                                       .network_interface = hosts.network_interface,
                                       .ssh_config = folder.client()},
                                      program);
  const SignalWatch watch;
  if (const int signal = wait_for_others(hosts, limit)) return {.signal = signal};
  return run_mpirun(command);
}

Outcome run_other(const JobHosts& hosts, std::chrono::seconds limit) {
  const std::string& first = hosts.names.front();
  if (!find_program("orted"))
    fail<Error>(
        "a job on several hosts needs MPI's orted, but it is not in PATH (Debian's package openmpi-bin)");
  const SshFolder folder;
  SshServer server(folder);
  // A stop signal reaches all hosts; the first host ends the processes of all.
  const SignalWatch watch;
  for (const auto start = Clock::now(); !server.begun(); server.check(100ms)) {
    if (watch.received() != 0) return {.signal = watch.received()};
    if (Clock::now() - start >= limit)
      fail<Error>("the first host, ", first, ", did not respond within ", limit.count(), " s");
  }
  while (!server.ended()) server.check(100ms);
  if (const int status = *server.ended(); status != 0)
    return {.status = status,
            .signal = watch.received(),
            .reason = message("the process of this host ended with status ", status, " before ", first,
                              ", the first host, ended it")};
  return {.signal = watch.received()};
}

}  // namespace

Outcome run_on_hosts(const JobHosts& given, int processes_per_host, std::chrono::seconds limit,
                     const std::vector<std::string>& program) {
  JobHosts hosts = given;
  std::sort(hosts.names.begin(), hosts.names.end());
  check_names(hosts);
  return hosts.current == hosts.names.front() ? run_first(hosts, processes_per_host, limit, program)
                                              : run_other(hosts, limit);
}

}  // namespace sentiment::launch
