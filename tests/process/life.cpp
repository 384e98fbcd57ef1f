// SPDX-License-Identifier: MIT
// life WHAT: how a process begins, forks and ends while the library is used. Ends with 0 where all is as it should be.
#include "work.hpp"

#include <lstmlib/backend/cpu/threads.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

namespace {

constexpr int steps = 3;

/// Whose destructors run after main, when the main thread has destroyed what is local to it.
struct ComputesAtEnd {
  ~ComputesAtEnd() {
    if (expected == 0) return;
    if (train(steps) != expected) std::_Exit(3);
    std::puts("computed at the end");
  }
  double expected = 0;
} computes_at_end;
Variable<float> holds_a_graph;
Tensor<float> holds_a_tensor;

/// Ends with 0 if a child trains to `expected` within a minute.
void fork_and_train(double expected) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    std::_Exit(train(steps) == expected ? 0 : 4);
  }
  int status = -1;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  std::fprintf(stderr, "the child ended with status %x (e: it hung)\n", static_cast<unsigned>(status));
  std::_Exit(1);
}

/// Runs `work` again and again in a thread while it lives.
template <class Work>
class Meanwhile {
 public:
  explicit Meanwhile(Work work)
      : thread_([this, work] {
          while (!stop_) {
            work();
            begun_ = true;
          }
        }) {
    while (!begun_) std::this_thread::yield();
  }
  ~Meanwhile() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_{false}, begun_{false};
  std::thread thread_;
};

void end_while_a_thread_trains(void (*end)(int)) {
  std::thread([] {
    for (;;) train(steps);
  }).detach();
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  end(0);
}

}  // namespace

int main(int, char** arguments) {
  const std::string_view what = arguments[1];
  cpu::set_threads(3);
  const double expected = train(steps);
  if (what == "fork") {
    for (int i = 0; i < 5; ++i) fork_and_train(expected);
    if (train(steps) != expected) return 2;
  } else if (what == "fork_while_training") {
    const Meanwhile other([] { train(steps); });
    for (int i = 0; i < 10; ++i) fork_and_train(expected);
  } else if (what == "fork_while_allocating") {
    const Meanwhile other([] {
      for (Index size = 1; size < 1000; ++size)
        [[maybe_unused]] const auto one = Tensor<float>::uninitialized({size});
    });
    for (int i = 0; i < 30; ++i) fork_and_train(expected);
  } else if (what == "fork_and_set_threads") {
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);
      cpu::set_threads(2);
      std::_Exit(train(steps) == expected ? 0 : 4);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status;
  } else if (what == "exit") {
    end_while_a_thread_trains(std::exit);
  } else if (what == "quick_exit") {
    end_while_a_thread_trains(std::quick_exit);
  } else if (what == "static_objects") {
    computes_at_end.expected = expected;
    holds_a_graph = loss_of(make_lstm());
    holds_a_tensor = numbers({1000}, 1);
  } else {
    return 5;
  }
  return 0;
}
