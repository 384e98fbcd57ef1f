// SPDX-License-Identifier: MIT
// What threads may share: each case is a sentence of docs/threads.md. A build with ThreadSanitizer runs them.
#include "lstmlib/backend/cpu/threads.hpp"
#include "lstmlib/core.hpp"
#include "support.hpp"

#include <latch>
#include <mutex>
#include <thread>

using namespace lstmlib;

namespace {
Variable<double> threads_leaf(std::initializer_list<double> values) {
  return Variable<double>(Tensor<double>::from(values, {static_cast<Index>(values.size())}), true);
}
/// Calls `work(i)` for i from 0 to count - 1, each on a thread of its own, all at once; waits for them.
template <class Work>
void on_threads(int count, Work work) {
  std::latch start(count);
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i)
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      work(i);
    });
  for (auto& thread : threads) thread.join();
}
std::vector<double> numbers(const Tensor<double>& x) { return {x.values().begin(), x.values().end()}; }

/// A model with dropout, an embedding and recurrent layers, and a batch for it.
struct Small {
  nn::Embedding<float> embedding{{.vocabulary_size = 6, .output_size = 4}};
  nn::Lstm<float> lstm{{.input_size = 4, .hidden_size = 3, .dropout = 0.5}};
  nn::Linear<float> output{{.input_size = 3, .output_size = 2}};
  Tokens tokens = make_tokens(std::vector<std::vector<std::int32_t>>{{1, 2, 3}, {4}, {5, 0}});
  ops::Labels labels = ops::Labels::from({0, 1, 0}, {3});

  Variable<float> operator()() const { return output(lstm(embedding(tokens)).last_hidden()); }
  Variable<float> loss() const { return ops::softmax_cross_entropy((*this)(), labels); }
};
}  // namespace

TEST_CASE("threads: a diamond of which another thread recorded a part gives the whole gradient") {
  // Whichever thread has recorded more nodes before, so that numbers of their own would be in either order.
  for (const int before_here : {0, 50})
    for (const int before_there : {0, 50}) {
      const auto x = threads_leaf({0.3, -0.7});
      for (int i = 0; i < before_here; ++i) static_cast<void>(ops::tanh(x));
      const auto shared = ops::tanh(x);
      Variable<double> left, right;
      std::thread([&] {
        for (int i = 0; i < before_there; ++i) static_cast<void>(ops::tanh(x));
        left = ops::sigmoid(ops::tanh(shared));
      }).join();
      right = shared * shared;
      std::thread([&] { right = ops::tanh(right * left); }).join();
      ops::sum(left * right + shared).backward();

      const auto alone = threads_leaf({0.3, -0.7});
      const auto one = ops::tanh(alone);
      const auto l = ops::sigmoid(ops::tanh(one));
      ops::sum(l * ops::tanh(one * one * l) + one).backward();
      for (std::size_t i = 0; i < 2; ++i)
        CHECK(x.grad().values()[i] == doctest::Approx(alone.grad().values()[i]).epsilon(1e-14));
    }
}

TEST_CASE("threads: several record parts of one graph at the same time") {
  constexpr int count = 4, depth = 25;
  const auto build = [](const Variable<double>& from, int part) {
    auto y = from;
    for (int i = 0; i < depth; ++i) y = ops::tanh(y + (0.1 * (part + 1)) * from);
    return y;
  };
  const auto x = threads_leaf({0.1, 0.2, -0.3}), expected = threads_leaf({0.1, 0.2, -0.3});
  const auto shared = ops::sigmoid(x);
  std::vector<Variable<double>> parts(count);
  on_threads(count, [&](int i) { parts[static_cast<std::size_t>(i)] = build(shared, i); });
  // and a second layer: each thread joins the parts of two others
  std::vector<Variable<double>> joined(count);
  on_threads(count, [&](int i) {
    const auto k = static_cast<std::size_t>(i);
    joined[k] = parts[k] * parts[(k + 1) % count];
  });
  auto total = ops::sum(joined[0]);
  for (int i = 1; i < count; ++i) total = total + ops::sum(joined[static_cast<std::size_t>(i)]);
  total.backward();

  const auto one = ops::sigmoid(expected);
  std::vector<Variable<double>> plain;
  for (int i = 0; i < count; ++i) plain.push_back(build(one, i));
  auto sum = ops::sum(plain[0] * plain[1]);
  for (std::size_t i = 1; i < count; ++i) sum = sum + ops::sum(plain[i] * plain[(i + 1) % count]);
  sum.backward();
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(x.grad().values()[i] == doctest::Approx(expected.grad().values()[i]).epsilon(1e-13));
}

TEST_CASE("threads: a graph is walked and let go by another thread than the one that recorded it") {
  const auto x = threads_leaf({2});
  auto y = x * x;
  std::thread([&y] {
    ops::sum(y).backward();
    y = {};
  }).join();
  CHECK(x.grad().item() == 4);
}

TEST_CASE("threads: each walks a graph of its own leaves") {
  std::vector<double> found(4);
  on_threads(4, [&](int i) {
    const auto x = threads_leaf({double(i)});
    for (int k = 0; k < 20; ++k) ops::sum(x * x).backward();
    found[static_cast<std::size_t>(i)] = x.grad().item();
  });
  CHECK(found == std::vector<double>{0, 40, 80, 120});
}

TEST_CASE("threads: graphs over the same leaves are recorded at once, and walked one after another") {
  const auto w = threads_leaf({1, 2});
  std::mutex walking;
  on_threads(4, [&](int i) {
    const auto loss = ops::sum(double(i + 1) * (w * w));
    const std::lock_guard lock(walking);
    loss.backward();
  });
  CHECK(numbers(w.grad()) == std::vector<double>{20, 40});
}

TEST_CASE("threads: any number read a tensor, copy it, and look at its rows") {
  const auto x = Tensor<double>::from({1, 2, 3, 4, 5, 6}, {3, 2});
  std::vector<double> sums(4);
  on_threads(4, [&](int i) {
    for (int k = 0; k < 50; ++k) {
      const Tensor<double> copy = x, row = copy.rows(i % 3, 1), clone = row.clone();
      sums[static_cast<std::size_t>(i)] += clone.values()[0] + row.reshape({2}).values()[1];
    }
  });
  CHECK(sums == std::vector<double>{150, 350, 550, 150});
}

TEST_CASE("threads: different rows of one tensor are written at once") {
  auto x = Tensor<double>::zeros({4, 100});
  std::vector<Tensor<double>> rows;
  for (Index i = 0; i < 4; ++i) rows.push_back(x.rows(i, 1));
  on_threads(4, [&](int i) {
    for (auto& element : rows[static_cast<std::size_t>(i)].mutable_values()) element = i;
  });
  for (std::size_t i = 0; i < 400; ++i) CHECK(x.values()[i] == static_cast<double>(i / 100));
}

TEST_CASE("threads: a gradient of rows is read by several") {
  const Variable<double> table(Tensor<double>::zeros({3, 2}), true);
  ops::sum(ops::embedding(Tensor<std::int32_t>::from({2, 0, 2}, {3}), table)).backward();
  std::vector<double> found(4);
  on_threads(4, [&](int i) {
    found[static_cast<std::size_t>(i)] = table.grad().values()[4] + table.sparse_grad().values.values()[0];
  });
  CHECK(found == std::vector<double>(4, 3));
  CHECK(table.sparse_grad());  // reading changes nothing
}

TEST_CASE("threads: one model answers several, each with scopes of its own") {
  set_seed(3);
  const Small model;
  Variable<float> expected;
  {
    const Inference scope;
    expected = model();
  }
  std::array<bool, 4> same{}, recorded{}, training{};
  on_threads(4, [&](int i) {
    const auto k = static_cast<std::size_t>(i);
    {
      const Inference scope;
      for (int round = 0; round < 5; ++round) {
        const auto answer = model();
        same[k] = std::ranges::equal(answer.value().values(), expected.value().values());
      }
    }
    if (i % 2) return;
    const NoGrad scope;  // of this thread alone
    recorded[k] = model().requires_grad();
    training[k] = is_training();
  });
  CHECK(is_training());
  CHECK(model().requires_grad());
  for (const bool one : same) CHECK(one);
  CHECK_FALSE(recorded[0]);
  CHECK(training[0]);
}

TEST_CASE("threads: layers packed for inference are shared, a stream belongs to one thread") {
  set_seed(4);
  const Small model;
  const nn::InferenceRnn inference(model.lstm);
  const float inputs[2][4] = {{1, 2, 3, 4}, {-1, 0, 1, 0}};
  const auto run = [&] {
    nn::RnnStream stream(inference);
    for (const auto& input : inputs) stream.step(input);
    const auto hidden = stream.hidden(0);
    return std::vector<float>(hidden.begin(), hidden.end());
  };
  const auto expected = run();
  std::vector<std::vector<float>> found(4);
  on_threads(4, [&](int i) { found[static_cast<std::size_t>(i)] = run(); });
  for (const auto& one : found) CHECK(one == expected);
}

TEST_CASE("threads: an optimizer steps between forward passes of several threads") {
  set_seed(5);
  Small model;
  optim::Sgd sgd(model.output, {.learning_rate = 0.1});
  std::mutex walking;
  for (int step = 0; step < 3; ++step) {
    sgd.zero_grad();
    on_threads(3, [&](int) {
      const auto loss = model.loss();
      const std::lock_guard lock(walking);
      loss.backward();
    });
    sgd.step();
  }
  CHECK(sgd.steps() == 3);
}

TEST_CASE("threads: the random numbers of each follow from the main thread's seed, and differ") {
  const auto first_weight = [] { return nn::normal<double>({1}, 1).item(); };
  const auto draw = [&](std::uint64_t seed) {
    set_seed(seed);
    std::vector<double> drawn{first_weight()};
    for (int i = 0; i < 3; ++i) std::thread([&] { drawn.push_back(first_weight()); }).join();
    return drawn;
  };
  const auto one = draw(1), again = draw(1), two = draw(2);
  CHECK(one == again);
  for (std::size_t i = 0; i < one.size(); ++i) {
    CHECK(one[i] != two[i]);
    for (std::size_t k = 0; k < i; ++k) CHECK(one[i] != one[k]);
  }

  // A thread that goes on hears of a new seed; one with its own seed does not, and changes nobody else's.
  set_seed(1);
  std::vector<double> heard;
  std::latch before(1), after(1);
  std::thread other([&] {
    heard.push_back(first_weight());
    before.count_down();
    after.wait();
    heard.push_back(first_weight());
  });
  before.wait();
  set_seed(2);
  after.count_down();
  other.join();
  CHECK(heard == std::vector<double>{one[1], two[1]});

  set_seed(1);
  double own = 0;
  std::thread([&] {
    set_seed(2);
    own = first_weight();
  }).join();
  CHECK(own == two[0]);
  CHECK(first_weight() == one[0]);
}

TEST_CASE("threads: all may draw at once") {
  set_seed(6);
  std::vector<std::uint64_t> seeds(4);
  on_threads(4, [&](int i) {
    for (int k = 0; k < 10; ++k) static_cast<void>(nn::normal<float>({3}, 1));
    seeds[static_cast<std::size_t>(i)] = random_state().seed;
  });
  std::ranges::sort(seeds);
  CHECK(std::ranges::adjacent_find(seeds) == seeds.end());
}

TEST_CASE("threads: the number of the kernels' threads changes while others compute") {
  const int before = cpu::threads();
  set_seed(7);
  const Small model;
  std::atomic<bool> done = false;
  std::thread computing([&] {
    const Inference scope;
    while (!done) static_cast<void>(model());
  });
  for (const int count : {1, 2, 3, 1}) cpu::set_threads(count);
  done = true;
  computing.join();
  cpu::set_threads(before);
}

TEST_CASE("threads: back ends are installed and looked for at once; devices are values") {
  on_threads(4, [&](int) {
    install_backend(cpu_backend());
    CHECK(Device::parse("cpu") == Device::cpu());
  });
}

TEST_CASE("threads: an exception comes out in the thread whose call threw") {
  std::array<bool, 3> thrown{};
  on_threads(3, [&](int i) {
    try {
      static_cast<void>(ops::add(threads_leaf({2}), threads_leaf({1, 3})));
    } catch (const ShapeError&) { thrown[static_cast<std::size_t>(i)] = true; }
  });
  for (const bool one : thrown) CHECK(one);
}
