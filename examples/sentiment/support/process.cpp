// SPDX-License-Identifier: MIT
#include "sentiment/support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lstmlib/base/error.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

namespace sentiment::process {

using lstmlib::Error;
using lstmlib::fail;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

/// Pointers in the format of exec.
std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

/// Resets signal handlers, as exec would do later. Otherwise a signal before exec would call a function of
/// this process and be lost.
void forget_signal_handlers() {
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) continue;
    action.sa_handler = SIG_DFL;
    action.sa_flags = 0;
    ::sigaction(signal, &action, nullptr);
  }
}

}  // namespace

Process::Process(const Program& program) {
  std::vector<std::string> words = program.words,
                           variables = program.variables.value_or(std::vector<std::string>());
  const std::vector<char*> argv = pointers(words), own = pointers(variables);
  char* const* envp = program.variables ? own.data() : ::environ;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail<Error>("cannot make a pipe: ", std::strerror(errno));
  const char* file = program.file.empty() ? argv.front() : program.file.c_str();
  const pid_t parent = ::getpid();
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  process_ = ::fork();
  if (process_ == 0) {  // only async-signal-safe calls until exec
    ::setpgid(0, 0);
    forget_signal_handlers();
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::prctl(PR_SET_PDEATHSIG, program.orphan_signal);
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const bool ready = nothing >= 0 && ::dup2(nothing, 0) == 0 && ::dup2(ends[1], 2) == 2 &&
                       (!program.reads_output || ::dup2(ends[1], 1) == 1);
    if (ready && ::getppid() == parent) ::execve(file, argv.data(), envp);
    ::_exit(127);
  }
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::close(ends[1]);
  pipe_ = ends[0];
  if (process_ > 0) {
    ::fcntl(pipe_, F_SETFL, O_NONBLOCK);
    return;
  }
  ::close(pipe_);
  fail<Error>("cannot start a process: ", std::strerror(error));
}

Process::~Process() {
  send(SIGTERM);
  end(10s);
  if (pipe_ >= 0) ::close(pipe_);
}

void Process::send(int signal) {
  if (!ended()) ::kill(process_, signal);
}

bool Process::read(const TakeLine& take) {
  std::array<char, 4096> buffer{};
  const ssize_t count = ::read(pipe_, buffer.data(), buffer.size());
  if (count < 0) return errno == EINTR;
  constexpr std::size_t longest = 1 << 16;  // an endless line is cut instead of stored
  for (ssize_t i = 0; i < count; ++i) {
    const char c = buffer[static_cast<std::size_t>(i)];
    if (c != '\n') line_ += c;
    if (c == '\n' || line_.size() == longest) take(std::exchange(line_, {}));
  }
  if (count == 0) {
    ::close(std::exchange(pipe_, -1));
    if (!line_.empty()) take(std::exchange(line_, {}));
  }
  return count > 0;
}

bool Process::wait(std::chrono::milliseconds time, const TakeLine& take) {
  const bool over = ended().has_value();  // its children may still hold the pipe open
  pollfd waiting{pipe_, POLLIN, 0};       // poll ignores a negative descriptor and only waits
  ::poll(&waiting, 1, over ? 0 : static_cast<int>(time.count()));
  // At most twice the capacity of a pipe, so that a process with endless output cannot block the caller.
  for (int i = 0; i < 32 && pipe_ >= 0 && read(take); ++i) {}
  return pipe_ >= 0 && !over;
}

std::optional<int> Process::ended() {
  const pid_t target = ::getpid() == 1 ? -1 : process_;
  for (int status = 0; !status_;) {
    const pid_t process = ::waitpid(target, &status, WNOHANG);
    if (process <= 0) break;
    if (process == process_) status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return status_;
}

int Process::end(std::chrono::milliseconds grace) {
  const auto nobody = [](const std::string&) {};
  for (const auto limit = Clock::now() + grace; !ended() && Clock::now() < limit;)
    wait(20ms, nobody);  // read, because a full pipe would block it
  while (!ended()) {
    ::kill(process_, SIGKILL);
    std::this_thread::sleep_for(5ms);
  }
  return *status_;
}

}  // namespace sentiment::process
