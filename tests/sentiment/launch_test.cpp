// SPDX-License-Identifier: MIT
// Starting several processes: the words of mpirun, what it complains about, how a signal ends all, and what a
// process knows of its place.
#include "sentiment/training/launch/command.hpp"
#include "sentiment/training/launch/hosts.hpp"
#include "sentiment/training/launch/mpirun.hpp"
#include "sentiment/training/launch/rank.hpp"
#include "sentiment/training/launch/ssh.hpp"

#include "error_of.hpp"
#include "environment.hpp"
#include "program.hpp"
#include "support.hpp"

#include <signal.h>

#include <thread>

using namespace sentiment;
using namespace sentiment::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

using launch::FailureReason;
using lstmlib::test::says;

/// False, which is a skip, without it.
bool mpirun_is_here() {
  const bool is_here = launch::find_program("mpirun").has_value();
  if (!is_here) lstmlib::test::skip("there is no mpirun here");
  return is_here;
}

/// A script of the shell, as the program of all processes.
std::vector<std::string> shell(const std::string& script) { return {"/bin/sh", "-c", script}; }

launch::Outcome run_shell(int processes, const std::string& script) {
  return launch::run_mpirun(launch::mpirun_command({.processes_per_host = processes}, shell(script)));
}

bool contains(const std::vector<std::string>& words, const std::vector<std::string>& part) {
  return std::search(words.begin(), words.end(), part.begin(), part.end()) != words.end();
}

/// Sends a signal to this process once a file is there.
class SignalWhen {
 public:
  SignalWhen(const fs::path& file, int signal)
      : sender_([file, signal] {
          if (eventually([&] { return fs::exists(file); })) ::kill(::getpid(), signal);
        }) {}
  ~SignalWhen() { sender_.join(); }

 private:
  std::thread sender_;
};

}  // namespace

TEST_CASE("launch: a process takes its place from MPI's variables, and refuses what makes no sense") {
  const SetVariable size("OMPI_COMM_WORLD_SIZE", "6"), rank("OMPI_COMM_WORLD_RANK", "4"),
      local_size("OMPI_COMM_WORLD_LOCAL_SIZE", "2"), local_rank("OMPI_COMM_WORLD_LOCAL_RANK", "1");
  const auto place = launch::rank_from_environment();
  REQUIRE(place);
  CHECK(place->size == 6);
  CHECK(place->rank == 4);
  CHECK(place->local_size == 2);
  CHECK(place->local_rank == 1);
  const auto refused = [](const char* variable, const std::optional<std::string>& value) {
    const SetVariable bad(variable, value);
    CAPTURE(variable);
    CHECK(says(error_of([] { launch::rank_from_environment(); }), std::string(variable) + " is \""));
  };
  for (const char* value : {"0", "-1", "six", "6 ", "99999999999", ""})
    refused("OMPI_COMM_WORLD_SIZE", value);
  refused("OMPI_COMM_WORLD_RANK", "6");
  refused("OMPI_COMM_WORLD_RANK", std::nullopt);
  refused("OMPI_COMM_WORLD_LOCAL_RANK", "2");
  refused("OMPI_COMM_WORLD_LOCAL_SIZE", "7");
  const SetVariable none("OMPI_COMM_WORLD_SIZE", std::nullopt);
  CHECK_FALSE(launch::rank_from_environment());
}

TEST_CASE("launch: mpirun's words on one machine and on hosts") {
  if (!mpirun_is_here()) return;
  const SetVariable job("SM_MODEL_DIR", "/m"), host("SM_CURRENT_HOST", "b"), port("NCCL_DEBUG", "INFO");
  const auto here = launch::mpirun_command({.processes_per_host = 1000}, {"/p", "train"});
  CHECK(contains(here, {"-np", "1000"}));
  CHECK(contains(here, {"--bind-to", "none"}));
  CHECK(contains(here, {"--oversubscribe"}));
  CHECK(contains(here, {"-mca", "orte_abort_on_non_zero_status", "1"}));
  CHECK(contains(here, {"--allow-run-as-root"}) == (::geteuid() == 0));
  CHECK_FALSE(contains(here, {"--host"}));
  CHECK_FALSE(contains(here, {"-x"}));
  CHECK(std::vector<std::string>(here.end() - 2, here.end()) == std::vector<std::string>{"/p", "train"});
  CHECK_FALSE(contains(launch::mpirun_command({}, {"/p"}), {"--oversubscribe"}));

  const auto hosts = launch::mpirun_command({.processes_per_host = 4,
                                             .hosts = {"algo-1", "algo-2", "algo-3"},
                                             .network_interface = "eth7",
                                             .ssh_config = "/c/client"},
                                            {"/p"});
  CHECK(contains(hosts, {"-np", "12"}));
  CHECK(contains(hosts, {"--host", "algo-1:4,algo-2:4,algo-3:4"}));
  CHECK(contains(hosts, {"-mca", "btl_tcp_if_include", "eth7"}));
  CHECK(contains(hosts, {"-mca", "oob_tcp_if_include", "eth7"}));
  CHECK(contains(hosts, {"-x", "NCCL_SOCKET_IFNAME=eth7"}));
  CHECK(contains(hosts, {"-x", "SM_MODEL_DIR"}));
  CHECK(contains(hosts, {"-x", "NCCL_DEBUG"}));
  CHECK(contains(hosts, {"-x", "PATH"}));
  CHECK_FALSE(contains(hosts, {"-x", "SM_CURRENT_HOST"}));
  CHECK_FALSE(contains(hosts, {"-x", "HOME"}));
  const auto agent = std::find(hosts.begin(), hosts.end(), "plm_rsh_agent");
  REQUIRE(agent + 1 < hosts.end());
  CHECK(says(*(agent + 1), "ssh -F /c/client"));

  const SetVariable path("PATH", "/nowhere");
  const auto without = [] { launch::mpirun_command({.processes_per_host = 2}, {"/p"}); };
  CHECK(says(error_of(without), "openmpi-bin"));
}

TEST_CASE("launch: the reason of a failure is the last message of a process, else that of mpirun") {
  const auto reason = [](const std::vector<std::string>& lines) {
    FailureReason failure;
    for (const auto& line : lines) failure.add_line(line);
    return failure.text();
  };
  const std::string rule(74, '-');
  const std::vector<std::string> of_mpirun{rule,
                                           "Primary job  terminated normally, but 1 process returned",
                                           "a non-zero exit code.",
                                           rule,
                                           rule,
                                           "mpirun noticed that process rank 1   with PID 0",
                                           "",
                                           "on node b exited on signal 9 (Killed).",
                                           rule};
  CHECK(reason(of_mpirun) ==
        "mpirun noticed that process rank 1 with PID 0 on node b exited on signal 9 (Killed).");
  auto lines = of_mpirun;
  lines.insert(lines.begin(),
               {"epoch 1", "[1,3]<stderr>:sentiment: a warning",
                "[1,3]<stderr>:sentiment: [1,3]<stderr>:rank 3: /data/train.npz: [1,2] damaged"});
  lines.emplace_back("sentiment: too late");
  CHECK(reason(lines) == "rank 3: /data/train.npz: [1,2] damaged");
  lines.insert(lines.begin(), "Connection to algo-2 closed by remote host.");
  CHECK(reason(lines) == "Connection to algo-2 closed by remote host.");
  CHECK(reason({"root@algo-2: Permission denied (publickey)."}) ==
        "root@algo-2: Permission denied (publickey).");
  CHECK(reason({"epoch 1"}).empty());
  CHECK(reason({rule, std::string(100'000, 'x'), rule}).size() <= 1024);
  CHECK(reason({rule, "cut"}).empty());
  CHECK_FALSE(FailureReason().add_line("mpirun: Forwarding signal 10 to job"));
}

TEST_CASE("launch: the status is that of the processes, and the reason names the one that failed") {
  if (!mpirun_is_here()) return;
  const fs::path folder = lstmlib::test::scratch("launch_status");
  CHECK(run_shell(2, "echo $OMPI_COMM_WORLD_RANK >>" + (folder / "$OMPI_COMM_WORLD_RANK").string()).status ==
        0);
  CHECK(fs::exists(folder / "0"));
  CHECK(fs::exists(folder / "1"));
  const auto start = std::chrono::steady_clock::now();
  // mpirun says nothing of one that ends before all have begun.
  const auto failed = run_shell(2, "[ $OMPI_COMM_WORLD_RANK = 0 ] || { sleep 1; exit 5; }; sleep 60");
  CHECK(failed.status == 5);
  CHECK(says(failed.reason, "Exit code: 5"));
  const auto said =
      run_shell(2, "[ $OMPI_COMM_WORLD_RANK = 0 ] || { echo sentiment: no memory >&2; exit 1; }; sleep 60");
  CHECK(said.reason == "no memory");
  const auto killed = run_shell(2, "[ $OMPI_COMM_WORLD_RANK = 0 ] || { sleep 1; kill -9 $$; }; sleep 60");
  CHECK(killed.status != 0);
  CHECK(says(killed.reason, "rank 1"));
  CHECK_FALSE(killed.stopped());
  CHECK(std::chrono::steady_clock::now() - start < 30s);
  CHECK(run_shell(1, "exec /no/such/program").status != 0);
}

TEST_CASE("launch: a signal reaches all processes as SIGUSR1, and they have the time that they need") {
  if (!mpirun_is_here()) return;
  for (const int signal : {SIGTERM, SIGINT}) {
    const fs::path folder = lstmlib::test::scratch("launch_signal");
    const std::string mine = (folder / "$OMPI_COMM_WORLD_RANK").string();
    const std::string other = (folder / "$((1 - OMPI_COMM_WORLD_RANK))").string();
    // A process that has not set its trap yet would end by the signal, so the signal waits for both.
    const SignalWhen stop(folder / "both", signal);
    // 3 s is longer than mpirun leaves after SIGTERM.
    const auto outcome =
        run_shell(2, "trap 'trap \"\" USR1; sleep 3; : >" + mine + ".saved; exit 0' USR1; : >" + mine +
                         ".begun; while [ ! -e " + other + ".begun ]; do sleep 0.05; done; : >" +
                         (folder / "both").string() + "; while :; do sleep 0.05; done");
    CHECK(outcome.stopped());
    CHECK(outcome.signal == signal);
    CHECK(fs::exists(folder / "0.saved"));
    CHECK(fs::exists(folder / "1.saved"));
  }
}

TEST_CASE("launch: SIGUSR1 is the first SIGTERM, once") {
  const fs::path folder = lstmlib::test::scratch("launch_user_signal");
  const pid_t child = ::fork();
  if (child == 0) {
    static volatile std::sig_atomic_t stops = 0;
    std::signal(SIGTERM, [](int) { stops = stops + 1; });
    launch::take_user_signal_for_a_stop();
    const bool before = launch::stopped_by_user_signal();
    ::raise(SIGUSR1);
    ::raise(SIGUSR1);
    ::_exit(!before && launch::stopped_by_user_signal() && stops == 1 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("launch: hosts whose names cannot be, or who miss something, are refused") {
  const auto refused = [](const launch::JobHosts& hosts) {
    return error_of([&] { launch::run_on_hosts(hosts, 1, 1s, {"/p"}); });
  };
  CHECK(says(refused({{"a", "-oProxyCommand=x"}, "a", "eth0"}), "-oProxyCommand=x"));
  CHECK(says(refused({{"a", "b c"}, "a", "eth0"}), "is not a host name"));
  CHECK(says(refused({{"a", "b,c"}, "a", "eth0"}), "is not a host name"));
  CHECK(says(refused({{"a", ""}, "a", "eth0"}), "is not a host name"));
  CHECK(says(refused({{"a", std::string(300, 'x')}, "a", "eth0"}), "is not a host name"));
  CHECK(says(refused({{"a", "b", "a"}, "a", "eth0"}), "twice"));
  CHECK(says(refused({{"a", "b"}, "c", "eth0"}), "current host is \"c\""));
  CHECK(says(refused({{"a", "b"}, "a", "--x"}), "network interface"));
  if (!mpirun_is_here()) return;
  const fs::path folder = lstmlib::test::scratch("launch_key");
  const SetVariable key("SENTIMENT_HOSTS_KEY", (folder / "key").string());
  for (const char* current : {"a", "b"}) {
    CHECK(says(refused({{"a", "b"}, current, "lo"}), (folder / "key").string()));
    CHECK(says(refused({{"a", "b"}, current, "lo"}), "OpenSSH private key"));
  }
  write_text(folder / "key", "no key");
  CHECK(says(refused({{"a", "b"}, "a", "lo"}), "is not an OpenSSH private key"));
}

TEST_CASE("launch: a missing host and a server that is not ssh are reported") {
  CHECK(says(*launch::why_unreachable("no-such-host.invalid", 22), "the name does not resolve"));
  CHECK(says(*launch::why_unreachable("127.0.0.1", 1), "port 1: "));
}
