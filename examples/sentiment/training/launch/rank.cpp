// SPDX-License-Identifier: MIT
#include "sentiment/training/launch/rank.hpp"

#include "lstmlib/base/error.hpp"
#include "lstmlib/io/utf8.hpp"

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <limits>
#include <string_view>

namespace sentiment::launch {

namespace {

int number(const char* variable, int from, int to) {
  const char* value = std::getenv(variable);
  const std::string_view text = value ? value : "";
  int result = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc() || end != text.data() + text.size() || result < from || result > to)
    lstmlib::fail<lstmlib::Error>(variable, " is \"", lstmlib::io::printable(text),
                                  "\", expected a number from ", from, " to ", to, ", as mpirun sets it");
  return result;
}

volatile std::sig_atomic_t user_signals = 0;

extern "C" void stop_once(int) {
  if (user_signals != 0) return;
  user_signals = 1;
  raise(SIGTERM);
}

}  // namespace

std::optional<Rank> rank_from_environment() {
  if (std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr) return std::nullopt;
  constexpr int max_size = std::numeric_limits<int>::max();
  Rank place;
  place.size = number("OMPI_COMM_WORLD_SIZE", 1, max_size);
  place.rank = number("OMPI_COMM_WORLD_RANK", 0, place.size - 1);
  place.local_size = number("OMPI_COMM_WORLD_LOCAL_SIZE", 1, place.size);
  place.local_rank = number("OMPI_COMM_WORLD_LOCAL_RANK", 0, place.local_size - 1);
  return place;
}

void take_user_signal_for_a_stop() {
  struct sigaction stopping = {};
  stopping.sa_handler = &stop_once;
  sigemptyset(&stopping.sa_mask);
  stopping.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &stopping, nullptr);
}

bool stopped_by_user_signal() { return user_signals != 0; }

}  // namespace sentiment::launch
