// SPDX-License-Identifier: MIT
#include "sentiment/launch/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lstmlib/base/error.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

namespace sentiment::launch {

using lstmlib::Error;
using lstmlib::fail;
using namespace std::chrono_literals;

Process::Process(const std::vector<std::string>& words) {
  std::vector<std::string> texts = words;
  std::vector<char*> argv;
  for (auto& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail<Error>("cannot make a pipe: ", std::strerror(errno));
  const pid_t parent = ::getpid();
  process_ = ::fork();
  if (process_ == 0) {  // from here to the new program, only what may be done after a fork
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const bool ready = nothing >= 0 && ::dup2(nothing, 0) == 0 && ::dup2(ends[1], 2) == 2;
    if (ready && ::getppid() == parent) ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  const int error = errno;
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
  if (!ended()) ::kill(process_, SIGTERM);
  for (int i = 0; !ended(); ++i) {
    if (i == 1000) ::kill(process_, SIGKILL);
    std::this_thread::sleep_for(5ms);
  }
  if (pipe_ >= 0) ::close(pipe_);
}

void Process::send(int signal) {
  if (!ended()) ::kill(process_, signal);
}

bool Process::read(const std::function<void(const std::string&)>& take) {
  std::array<char, 4096> buffer{};
  const ssize_t count = ::read(pipe_, buffer.data(), buffer.size());
  if (count < 0) return errno == EINTR;
  constexpr std::size_t longest = 1 << 16;  // an endless line is cut, not kept
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

void Process::wait(std::chrono::milliseconds time, const std::function<void(const std::string&)>& take) {
  if (ended()) time = 0ms;
  pollfd waiting{pipe_, POLLIN, 0};  // a negative descriptor only waits
  ::poll(&waiting, 1, static_cast<int>(time.count()));
  while (pipe_ >= 0 && read(take)) {}
}

std::optional<int> Process::ended() {
  const pid_t whom = ::getpid() == 1 ? -1 : process_;
  for (int status = 0; !status_;) {
    const pid_t process = ::waitpid(whom, &status, WNOHANG);
    if (process <= 0) break;
    if (process == process_) status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return status_;
}

}  // namespace sentiment::launch
