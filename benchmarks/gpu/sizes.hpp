// SPDX-License-Identifier: MIT
#pragma once
// What all sides compute, and how they time it: reads sizes.txt. sizes.py has the same for the sides in
// Python.

#include "../cpu/side.hpp"
#include "../cpu/workload.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace sizes {

/// A line of sizes.txt: what the numbers are depends on the kind.
struct Case {
  std::string kind;
  std::vector<std::int32_t> numbers;
};

/// The lines of a part. Throws std::runtime_error if there is none, or one has not four numbers.
inline std::vector<Case> read(const std::string& path, const std::string& part) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::vector<Case> found;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string of;
    Case one;
    if (!(words >> of >> one.kind) || of != part) continue;
    for (std::int32_t number = 0; words >> number;) one.numbers.push_back(number);
    if (one.numbers.size() != 4) throw std::runtime_error(path + ": four numbers are expected in: " + line);
    found.push_back(std::move(one));
  }
  if (found.empty()) throw std::runtime_error(path + ": no line of part " + part);
  return found;
}

struct Layer {
  std::string kind;  ///< equal, spread, deep (two layers) or both (directions)
  std::int32_t batch, inputs, hidden, steps;

  std::string name() const {
    return kind + "/B" + std::to_string(batch) + " I" + std::to_string(inputs) + " H" +
           std::to_string(hidden) + " T" + std::to_string(steps);
  }
  std::vector<std::int32_t> lengths() const {
    std::vector<std::int32_t> all;
    for (std::int32_t i = 0; i < batch; ++i)
      all.push_back(kind == "spread"
                        ? static_cast<std::int32_t>(steps - (steps - 1.0) * i / std::max(1, batch - 1) + 0.5)
                        : steps);
    return all;
  }
};

struct Train {
  std::int32_t batch, units, words, batches;

  std::string name() const {
    return "training step/B" + std::to_string(batch) + " H" + std::to_string(units) + " V" +
           std::to_string(words);
  }
};

/// Lengths of the 6,920 sentences of stsa.binary.train with their end marks (Stanford Sentiment Treebank):
/// what each twentieth of them has at most. Mean 20.3.
inline constexpr std::int32_t length_steps[] = {3,  7,  8,  10, 12, 13, 15, 16, 17, 18, 20,
                                                21, 22, 23, 25, 26, 28, 30, 33, 37, 53};

/// Sentences of such lengths; few words are frequent.
inline std::vector<workload::Sentence> sentences(std::int32_t count, std::int32_t words,
                                                 workload::Random& random) {
  std::vector<workload::Sentence> made;
  for (std::int32_t i = 0; i < count; ++i) {
    const double place = random.uniform() * static_cast<double>(std::size(length_steps) - 1);
    const auto at = static_cast<std::size_t>(place);
    const double low = length_steps[at], high = length_steps[at + 1];
    const auto length =
        static_cast<std::int32_t>(low + (place - static_cast<double>(at)) * (high - low) + 0.5);
    workload::Sentence sentence{{}, i % 2};
    for (std::int32_t k = 0; k < length; ++k)
      sentence.words.push_back(static_cast<std::int32_t>(std::pow(random.uniform(), 3) * words));
    made.push_back(std::move(sentence));
  }
  return made;
}

/// Of one of many calls on end, the device's work included: about `budget` seconds of them.
template <class Work, class Wait>
double microseconds(Work&& work, Wait&& wait, double budget) {
  const auto seconds = [&](int calls) {
    wait();
    return side::seconds_of([&] {
      for (int i = 0; i < calls; ++i) work();
      wait();
    });
  };
  const int calls = static_cast<int>(std::clamp(budget / std::max(seconds(1), 1e-6), 1.0, 1000.0));
  return seconds(calls) / calls * 1e6;
}

/// From a call to its end, nothing else on the device: the median of `calls`.
template <class Work, class Wait>
double latency(Work&& work, Wait&& wait, int calls) {
  std::vector<double> all;
  for (int i = 0; i < calls; ++i) all.push_back(microseconds(work, wait, 0));
  return side::median(std::move(all));
}

}  // namespace sizes
