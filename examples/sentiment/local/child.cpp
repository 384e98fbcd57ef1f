// SPDX-License-Identifier: MIT
#include "sentiment/local/child.hpp"

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
#include <string_view>
#include <thread>
#include <utility>

namespace sentiment::local {

using lstmlib::Error;
using lstmlib::fail;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

/// The variables of a container: none that the cloud's tools would set here.
std::vector<std::string> environment(const Child::Variables& variables) {
  std::vector<std::string> all;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto set = variables.find(std::string(text.substr(0, text.find('='))));
    if (set != variables.end() || text.starts_with("SM_") || text.starts_with("SAGEMAKER_") ||
        text.starts_with("AWS_") || text.starts_with("TRAINING_JOB_"))
      continue;
    all.emplace_back(text);
  }
  for (const auto& [name, value] : variables) all.push_back(name + '=' + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

Child::Child(std::vector<std::string> arguments, const Variables& variables) {
  arguments.insert(arguments.begin(), "sentiment");
  std::vector<std::string> environment_texts = environment(variables);
  const std::vector<char*> argv = pointers(arguments), envp = pointers(environment_texts);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail<Error>("cannot make a pipe: ", std::strerror(errno));
  const pid_t parent = ::getpid();
  process_ = ::fork();
  if (process_ == 0) {  // from here to the new program, only what may be done after a fork
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const bool ready =
        nothing >= 0 && ::dup2(nothing, 0) == 0 && ::dup2(ends[1], 1) == 1 && ::dup2(ends[1], 2) == 2;
    if (ready && ::getppid() == parent) ::execve("/proc/self/exe", argv.data(), envp.data());
    ::_exit(127);
  }
  const int error = errno;
  ::close(ends[1]);
  pipe_ = ends[0];
  if (process_ > 0) return;
  ::close(pipe_);
  fail<Error>("cannot start a process: ", std::strerror(error));
}

Child::~Child() {
  terminate();
  end(10s);
  ::close(pipe_);
}

bool Child::read_lines(std::chrono::milliseconds wait, const std::function<void(const std::string&)>& take) {
  pollfd waiting{pipe_, POLLIN, 0};
  if (::poll(&waiting, 1, static_cast<int>(wait.count())) <= 0) return true;  // nothing yet, or a signal
  std::array<char, 4096> buffer{};
  const ssize_t count = ::read(pipe_, buffer.data(), buffer.size());
  if (count < 0) return errno == EINTR;
  for (const char c : std::string_view(buffer.data(), static_cast<std::size_t>(count))) {
    if (c == '\n') take(std::exchange(line_, {}));
    else line_ += c;
  }
  if (count > 0) return true;
  if (!line_.empty()) take(std::exchange(line_, {}));
  return false;
}

void Child::terminate() const {
  if (!status_) ::kill(process_, SIGTERM);
}

std::optional<int> Child::ended() {
  int status = 0;
  if (!status_ && ::waitpid(process_, &status, WNOHANG) == process_)
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return status_;
}

int Child::end(std::chrono::milliseconds grace) {
  const auto nobody = [](const std::string&) {};
  bool open = true;
  for (const auto limit = Clock::now() + grace; !ended() && Clock::now() < limit;) {
    if (open) open = read_lines(20ms, nobody);  // a full pipe would hold it up
    else std::this_thread::sleep_for(5ms);
  }
  while (!ended()) {
    ::kill(process_, SIGKILL);
    std::this_thread::sleep_for(5ms);
  }
  return *status_;
}

}  // namespace sentiment::local
