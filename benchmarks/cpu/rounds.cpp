// SPDX-License-Identifier: MIT
// Runs programs in turn, round by round, so that all see the same machine: A B C A B C ... Needs nothing but
// a compiler, as it also runs where GPUs are rented.
//   rounds --rounds N --out FILE [--append] [--note JSON] -- NAME PROGRAM [argument ...] [-- NAME PROGRAM
//   [argument ...] ...]
// A program prepares and warms up, writes the line "ready", and for each line that it reads measures once,
// writes its results as lines of JSON and the line "done". The lines go to FILE with "side" and "round"
// added, after a first line with the note; with --append they follow those of earlier runs. A side that fails
// is left out from then on; if it is the first, the run fails. Where the user may (root), sides run at the
// highest ordinary priority. What other processes take from the machine meanwhile is measured, as
// "machine/others" in cores.
#include "side.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

/// Lines of JSON stay as they came: this program only adds members.
bool is_object(const std::string& line) {
  return line.size() > 2 && line.front() == '{' && line.back() == '}';
}
std::string with_members(const std::string& object, const std::string& members) {
  return object.substr(0, object.size() - 1) + ", " + members + "}";
}
/// What follows "name": in an object that a side or this program wrote; empty if it has no such member.
std::string member_of(const std::string& object, const std::string& name) {
  const std::string key = '"' + name + "\": ";
  const auto at = object.rfind(key);
  return at == std::string::npos ? "" : object.substr(at + key.size(), object.size() - at - key.size() - 1);
}

/// Before a program starts, in its process: other work on the machine gets next to no time. A session of its
/// own, since Linux shares the processor out among sessions first (sched(7), autogroups).
void raise_priority() {
  setsid();
  if (setpriority(PRIO_PROCESS, 0, -20) == 0) std::ofstream("/proc/self/autogroup") << -20 << std::flush;
}

/// Seconds of processor time that all processes have used so far; 0 where the system does not tell.
double machine_seconds() {
  std::ifstream stat("/proc/stat");
  std::string word;
  double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, soft_irq = 0, stolen = 0;
  stat >> word >> user >> nice >> system >> idle >> waiting >> irq >> soft_irq >> stolen;
  return (user + nice + system + irq + soft_irq + stolen) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

/// The same of one side: of the processes of its session, as a side may be several.
double session_seconds(pid_t session) {
  double seconds = 0;
  for (const auto& folder : std::filesystem::directory_iterator("/proc")) {
    const std::string name = folder.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream stat(folder.path() / "stat");  // it may be gone by now: nothing is read then
    std::string text(std::istreambuf_iterator<char>(stat), {});
    std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
    std::string skipped;
    long its_session = 0;
    double user = 0, system = 0;
    fields >> skipped >> skipped >> skipped >> its_session;
    for (int i = 0; i < 7; ++i) fields >> skipped;  // the rest of those before utime, the 14th
    if (fields >> user >> system && its_session == session)
      seconds += (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  return seconds;
}

/// A program that answers line by line. Ends with its standard input.
class Side {
 public:
  Side(std::string name, const std::vector<std::string>& command) : name_(std::move(name)) {
    int input[2], output[2];
    if (pipe(input) != 0 || pipe(output) != 0) throw std::runtime_error("no pipe");
    process_ = fork();
    if (process_ < 0) throw std::runtime_error("no process");
    if (process_ == 0) {
      dup2(input[0], STDIN_FILENO);
      dup2(output[1], STDOUT_FILENO);
      for (const int end : {input[0], input[1], output[0], output[1]}) close(end);
      for (const int other : open_ends()) close(other);
      prctl(PR_SET_PDEATHSIG, SIGKILL);  // where this process is stopped, its sides are too
      raise_priority();
      std::vector<char*> words;
      for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
      words.push_back(nullptr);
      execvp(words[0], words.data());
      std::perror(words[0]);
      _exit(127);
    }
    close(input[0]);
    close(output[1]);
    input_ = input[1];
    output_ = fdopen(output[0], "r");
    open_ends().push_back(input_);
    open_ends().push_back(output[0]);
  }
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;
  ~Side() {
    close(input_);
    std::fclose(output_);
    waitpid(process_, nullptr, 0);
  }

  const std::string& name() const { return name_; }
  /// The results until the line `end`. Throws std::runtime_error if the program ends, or writes something
  /// else.
  std::vector<std::string> read_until(const std::string& end) {
    std::vector<std::string> results;
    for (std::string line; (line = read_line()) != end;) {
      if (!is_object(line)) throw std::runtime_error("wrote \"" + line + "\", JSON was expected");
      results.push_back(std::move(line));
    }
    return results;
  }
  /// One round, and how many cores other processes used on average while it ran.
  std::vector<std::string> measure() {
    const auto start = std::chrono::steady_clock::now();
    const double machine = machine_seconds(), own = session_seconds(process_);
    if (write(input_, "\n", 1) != 1) throw std::runtime_error("has ended");
    auto results = read_until("done");
    const double others = machine_seconds() - machine - (session_seconds(process_) - own);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    results.push_back(
        side::json_line({"machine/others", "", 0, std::max(0.0, others / seconds.count()), "cores"}));
    return results;
  }

 private:
  /// Of this process, for its other sides: a new side must not hold them open.
  static std::vector<int>& open_ends() {
    static std::vector<int> ends;
    return ends;
  }
  std::string read_line() {
    std::string line;
    for (int c; (c = std::getc(output_)) != '\n'; line += static_cast<char>(c))
      if (c == EOF) throw std::runtime_error("has ended");
    return line;
  }

  std::string name_;
  pid_t process_ = 0;
  int input_ = -1;
  std::FILE* output_ = nullptr;
};

struct Options {
  int rounds = 5;
  std::string out;
  bool append = false;
  std::string note;
  std::vector<std::vector<std::string>> sides;  // name, program, arguments
};

Options parse(int count, char** words) {
  Options o;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const bool has_value = i + 1 < count;
    if (word == "--") o.sides.emplace_back();
    else if (!o.sides.empty()) o.sides.back().push_back(word);
    else if (word == "--rounds" && has_value) o.rounds = std::stoi(words[++i]);
    else if (word == "--out" && has_value) o.out = words[++i];
    else if (word == "--append") o.append = true;
    else if (word == "--note" && has_value) o.note = words[++i];
    else throw std::runtime_error("unknown option " + word);
  }
  if (o.out.empty() || o.sides.empty()) throw std::runtime_error("--out and a side are needed");
  if (!is_object(o.note)) throw std::runtime_error("--note with an object of JSON is needed");
  for (const auto& side : o.sides)
    if (side.size() < 2) throw std::runtime_error("a side is a name and a program");
  return o;
}

/// What is to be said of this machine, as far as the system tells, as an object of JSON.
std::string describe_machine() {
  std::ifstream info("/proc/cpuinfo");
  std::string processor = "unknown", flags;
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) == 0) processor = line.substr(std::min(line.size(), line.find(':') + 2));
    if (line.rfind("flags", 0) == 0) flags = line + ' ';
  }
  std::string sets;
  for (const std::string set :
       {"sse2", "avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8"})
    if (flags.find(' ' + set + ' ') != std::string::npos) sets += (sets.empty() ? "" : " ") + set;
  long cache = 0;
#if defined(_SC_LEVEL3_CACHE_SIZE)
  cache = std::max(0L, sysconf(_SC_LEVEL3_CACHE_SIZE));
#endif
  return "{\"processor\": " + side::quoted(processor) +
         ", \"cores\": " + std::to_string(sysconf(_SC_NPROCESSORS_ONLN)) +
         ", \"instruction_sets\": " + side::quoted(sets) +
         ", \"last_cache_bytes\": " + std::to_string(cache) + "}";
}

/// The number of the first round that a file of results does not have yet.
int next_round(const std::string& file) {
  std::ifstream lines(file);
  int next = 0;
  for (std::string line; std::getline(lines, line);)
    if (const auto round = member_of(line, "round"); !round.empty())
      next = std::max(next, std::atoi(round.c_str()) + 1);
  return next;
}

int run(const Options& o) {
  std::vector<std::unique_ptr<Side>> sides;
  std::string versions;
  int lost = 0;
  /// Calls `work(side)` for all; those that fail are gone.
  const auto for_each = [&](auto&& work) {
    for (std::size_t i = 0; i < sides.size();) {
      try {
        work(*sides[i]);
        ++i;
      } catch (const std::exception& error) {
        std::cerr << "rounds: " << sides[i]->name() << ' ' << error.what() << ": left out\n";
        if (sides[i]->name() == o.sides[0][0]) throw std::runtime_error("nothing to compare with");
        sides.erase(sides.begin() + static_cast<std::ptrdiff_t>(i));
        ++lost;
      }
    }
  };
  for (const auto& words : o.sides) {  // one after another: warming up must not disturb others
    sides.push_back(
        std::make_unique<Side>(words[0], std::vector<std::string>(words.begin() + 1, words.end())));
    for_each([&](Side& side) {
      if (&side != sides.back().get()) return;
      for (const auto& said : side.read_until("ready"))
        if (const auto version = member_of(said, "version"); !version.empty())
          versions += (versions.empty() ? "" : ", ") + side::quoted(side.name()) + ": " + version;
    });
  }
  const int first = o.append ? next_round(o.out) : 0;
  std::ofstream out(o.out, o.append ? std::ios::app : std::ios::trunc);
  out << with_members(o.note, "\"machine\": " + describe_machine() + ", \"versions\": {" + versions + "}")
      << '\n';
  for (int round = first; round < first + o.rounds; ++round) {
    for_each([&](Side& side) {
      const timespec pause{0, 250'000'000};  // until the threads of the one before have stopped spinning
      nanosleep(&pause, nullptr);
      for (const auto& result : side.measure())
        out << with_members(
                   result, "\"side\": " + side::quoted(side.name()) + ", \"round\": " + std::to_string(round))
            << '\n';
      out.flush();
    });
    std::cerr << "  round " << round + 1 << " of " << first + o.rounds << '\n';
  }
  if (!out) throw std::runtime_error("cannot write " + o.out);
  return lost ? 3 : 0;
}

}  // namespace

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run(parse(count, words));
  } catch (const std::exception& error) {
    std::cerr << "rounds: " << error.what() << '\n';
    return 1;
  }
}
