// SPDX-License-Identifier: MIT
// launch HOSTS CURRENT INTERFACE PROCESSES LIMIT PROGRAM [ARGUMENTS]: what `sentiment train` does to train in
// several processes, with any program. HOSTS: names joined by commas, or "" for this machine alone; INTERFACE
// may be "". Status: 0; 143 and 130 after SIGTERM and SIGINT; 1 with the reason.
#include "sentiment/training/launch/command.hpp"
#include "sentiment/training/launch/hosts.hpp"

#include "lstmlib/base/error.hpp"

#include <cstdlib>
#include <iostream>
#include <sstream>

using namespace sentiment::launch;

namespace {

Outcome launch(const std::vector<std::string>& words) {
  JobHosts hosts{{}, words[1], words[2]};
  std::istringstream names(words[0]);
  for (std::string name; std::getline(names, name, ',');) hosts.names.push_back(name);
  const int processes = std::atoi(words[3].c_str());
  const std::vector<std::string> program(words.begin() + 5, words.end());
  if (!hosts.names.empty())
    return run_on_hosts(hosts, processes, std::chrono::seconds(std::atoi(words[4].c_str())), program);
  return run_mpirun(mpirun_command({.processes_per_host = processes}, program));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Outcome outcome = launch({argv + 1, argv + argc});
    if (outcome.stopped()) return 128 + outcome.signal;
    if (outcome.status == 0) return 0;
    std::cerr << "launch: failed: " << outcome.reason << '\n';
  } catch (const lstmlib::Error& error) { std::cerr << "launch: refused: " << error.what() << '\n'; }
  return 1;
}
