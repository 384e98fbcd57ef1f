// SPDX-License-Identifier: MIT
// lstmlib's side of the comparison. One file that includes the library, as a user's program: built without
// machine flags.
//   lstmlib_side PART --train FILE --test FILE [--threads N] [--quick]
#include "inference_parts.hpp"
#include "layer_parts.hpp"
#include "training_parts.hpp"

#include <exception>
#include <string_view>

namespace {

struct Options {
  std::string part, train, test;
  int threads = 1;
  bool quick = false;
};

Options parse(int count, char** words) {
  Options o;
  const auto value = [&](int& i) {
    if (++i >= count) throw std::runtime_error(std::string(words[i - 1]) + " needs a value");
    return std::string(words[i]);
  };
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--train") o.train = value(i);
    else if (word == "--test") o.test = value(i);
    else if (word == "--threads") o.threads = std::stoi(value(i));
    else if (word == "--quick") o.quick = true;
    else o.part = word;
  }
  return o;
}

int run(const Options& o) {
  lstmlib::cpu::set_threads(o.threads);
  lstmlib::set_seed(1);
  side::say_version("lstmlib with " + std::string(lstmlib::cpu::name_of(lstmlib::cpu::instruction_set())) +
                    " kernels");
  if (o.part == "layer") return side::layer_part(workload::layer_sizes(o.quick), o.quick ? 0.01 : 0.15);
  if (o.part == "large-layer")
    return side::layer_part(workload::large_layer_sizes(o.quick), o.quick ? 0.01 : 0.15);
  if (o.part == "scaling") return side::scaling_part(o.quick);
  const auto corpus = workload::read_corpus(o.train, o.test);
  if (o.part == "train" || o.part == "chainer")
    return side::train_part(corpus, "train/shuffled", side::Order::shuffled);
  if (o.part == "bucketed") return side::train_part(corpus, "train/bucketed", side::Order::bucketed);
  if (o.part == "bf16")
    return side::train_part(corpus, "train/bf16", side::Order::shuffled, lstmlib::Precision::bf16);
  if (o.part == "sentence") return side::sentence_part(corpus, o.quick);
  if (o.part == "file") return side::file_part(corpus, o.quick);
  if (o.part == "memory") return side::memory_part(corpus);
  throw std::runtime_error(
      "no part \"" + o.part +
      "\": train, bf16, bucketed, chainer, sentence, file, layer, large-layer, scaling or memory expected");
}

}  // namespace

int main(int count, char** words) {
  try {
    return run(parse(count, words));
  } catch (const std::exception& error) {
    std::cerr << "lstmlib_side: " << error.what() << '\n';
    return 1;
  }
}
