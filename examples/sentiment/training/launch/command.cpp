// SPDX-License-Identifier: MIT
#include "sentiment/training/launch/command.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include "lstmlib/base/error.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <thread>

namespace sentiment::launch {

using lstmlib::Error;
using lstmlib::fail;
namespace fs = std::filesystem;

namespace {

/// Whether a process may read another one's memory, which MPI does to copy large messages only once.
/// Containers often forbid these system calls, even for a process's own memory, and then MPI fails during the
/// run.
bool may_read_memory_of_others() {
  char from = 1, to = 0;
  const iovec source{&from, 1}, target{&to, 1};
  return ::process_vm_readv(::getpid(), &target, 1, &source, 1, 0) == 1;
}

/// Environment variables to pass to processes on other hosts: those of the job, and those that control this
/// program, its libraries and MPI. Variables that identify this host are left out.
std::vector<std::string> variables_for_hosts() {
  std::vector<std::string> names;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    bool needed = name == "PATH" || name == "LD_LIBRARY_PATH" || name == "CUDA_VISIBLE_DEVICES";
    for (const char* prefix : {"SM_", "SAGEMAKER_", "TRAINING_JOB_", "NCCL_", "LSTMLIB_"})
      needed = needed || name.starts_with(prefix);
    if (needed && name != "SM_CURRENT_HOST" && name != "NCCL_SOCKET_IFNAME") names.emplace_back(name);
  }
  return names;
}

std::string host_list(const Placement& placement) {
  std::string list;
  for (const std::string& host : placement.hosts)
    list += (list.empty() ? "" : ",") + host + ":" + std::to_string(placement.processes_per_host);
  return list;
}

}  // namespace

std::optional<fs::path> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(std::string(path ? path : "/usr/bin:/bin") + ":/usr/sbin:/usr/local/sbin:/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path file = fs::path(folder) / name;
    std::error_code error;
    if (file.is_absolute() && fs::is_regular_file(file, error) && ::access(file.c_str(), X_OK) == 0)
      return file;
  }
  return std::nullopt;
}

std::vector<std::string> mpirun_command(const Placement& placement, const std::vector<std::string>& program) {
  const auto mpirun = find_program("mpirun");
  if (!mpirun)
    fail<Error>("to train in ", placement.processes(),
                " processes, mpirun is needed, but it is not in PATH (Debian's package openmpi-bin)");
  std::vector<std::string> words{mpirun->string(), "-np", std::to_string(placement.processes())};
  const auto add = [&](std::initializer_list<std::string> more) {
    words.insert(words.end(), more.begin(), more.end());
  };
  const auto set = [&](const std::string& parameter, const std::string& value) {
    add({"-mca", parameter, value});
  };
  if (::geteuid() == 0) add({"--allow-run-as-root"});
  // A process uses several threads, which must not all be bound to one core.
  add({"--bind-to", "none", "--map-by", "slot"});
  if (placement.hosts.empty()) {
    const auto cores = static_cast<int>(std::thread::hardware_concurrency());
    if (placement.processes() > cores) add({"--oversubscribe"});
  } else {
    add({"--host", host_list(placement), "--tag-output"});
    const auto ssh = find_program("ssh");
    if (!ssh)
      fail<Error>("to train on ", placement.hosts.size(),
                  " hosts, ssh is needed, but it is not in PATH (Debian's package openssh-client)");
    set("plm_rsh_agent", ssh->string() + " -F " + placement.ssh_config.string());
    // The first host connects to each other host directly and stays connected, so that it notices when a
    // daemon ends.
    set("plm_rsh_no_tree_spawn", "1");
    set("plm_rsh_num_concurrent", std::to_string(placement.hosts.size()));
    set("orte_leave_session_attached", "1");
    if (!placement.network_interface.empty()) {
      set("btl_tcp_if_include", placement.network_interface);
      set("oob_tcp_if_include", placement.network_interface);
      add({"-x", "NCCL_SOCKET_IFNAME=" + placement.network_interface});
    }
    // A host that vanishes sends nothing. Detect that after 20 s instead of 8 minutes.
    set("oob_tcp_keepalive_time", "10");
    set("oob_tcp_keepalive_intvl", "2");
    set("oob_tcp_keepalive_probes", "5");
    for (const std::string& name : variables_for_hosts()) add({"-x", name});
  }
  set("pml", "ob1");
  set("btl", "^openib,uct,ofi");
  if (!may_read_memory_of_others()) set("btl_vader_single_copy_mechanism", "none");
  set("orte_abort_on_non_zero_status", "1");
  words.insert(words.end(), program.begin(), program.end());
  return words;
}

std::vector<std::string> this_command() {
  std::error_code error;
  const fs::path file = fs::read_symlink("/proc/self/exe", error);
  std::ifstream stream("/proc/self/cmdline", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (error || text.empty()) fail<Error>("/proc/self: cannot read how this program was started");
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\0', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  words.front() = file.string();
  return words;
}

}  // namespace sentiment::launch
