// SPDX-License-Identifier: MIT
// Every operation on the CUDA part against the CPU: sizes that are nothing, one, ragged, and more than a
// block has.
#include "backends.hpp"

using namespace lstmlib;
using test::check_on_both;

namespace {

std::shared_ptr<const SequenceLayout> layout(const std::vector<Index>& lengths) {
  return std::make_shared<const SequenceLayout>(lengths);
}
template <Real T>
using Inputs = std::vector<Variable<T>>;

const std::vector<Shape> matrices = {{0, 5},   {1, 1},   {3, 31},   {2, 32},  {7, 33},
                                     {65, 70}, {300, 9}, {1, 2500}, {2500, 1}};

}  // namespace

TEST_CASE_TEMPLATE("cuda: arithmetic", T, float, double) {
  for (const Shape& shape : matrices) {
    check_on_both<T>("add", {shape, shape}, [](const Inputs<T>& in) { return in[0] + in[1]; });
    check_on_both<T>("subtract", {shape, shape}, [](const Inputs<T>& in) { return in[0] - in[1]; });
    check_on_both<T>("multiply", {shape, shape}, [](const Inputs<T>& in) { return in[0] * in[1]; });
    check_on_both<T>("square", {shape}, [](const Inputs<T>& in) { return in[0] * in[0]; });
    check_on_both<T>("scale", {shape}, [](const Inputs<T>& in) { return ops::scale(in[0], T(2.5)); });
  }
}

TEST_CASE_TEMPLATE("cuda: activations", T, float, double) {
  for (const Shape& shape : matrices) {
    check_on_both<T>("tanh", {shape}, [](const Inputs<T>& in) { return ops::tanh(in[0]); });
    check_on_both<T>("sigmoid", {shape}, [](const Inputs<T>& in) { return ops::sigmoid(in[0]); });
    check_on_both<T>("relu", {shape}, [](const Inputs<T>& in) { return ops::relu(in[0]); });
  }
}

TEST_CASE_TEMPLATE("cuda: softmax, sums, means and maxima over any axis", T, float, double) {
  const std::vector<Shape> shapes = {{1, 1},    {4, 3},      {5, 33},     {2, 1025},
                                     {3, 4, 5}, {2, 40, 33}, {130, 2, 3}, {1, 700, 2}};
  for (const Shape& shape : shapes)
    for (int axis = 0; axis < shape.rank(); ++axis) {
      CAPTURE(axis);
      // Up to 1,025 numbers added in another order: about the root of that, 32 places.
      check_on_both<T>(
          "softmax", {shape}, [=](const Inputs<T>& in) { return ops::softmax(in[0], axis); }, 32);
      check_on_both<T>(
          "log_softmax", {shape}, [=](const Inputs<T>& in) { return ops::log_softmax(in[0], axis); }, 32);
      check_on_both<T>(
          "sum", {shape}, [=](const Inputs<T>& in) { return ops::sum(in[0], axis); }, 32);
      check_on_both<T>(
          "mean", {shape}, [=](const Inputs<T>& in) { return ops::mean(in[0], axis); }, 32);
      check_on_both<T>(
          "max", {shape}, [=](const Inputs<T>& in) { return ops::max(in[0], axis); }, 0);
    }
}

TEST_CASE_TEMPLATE("cuda: long sums, cut into pieces", T, float, double) {
  // 20,000 numbers below 1.05 in another order: errors grow with the root of their count, about 140 places.
  check_on_both<T>(
      "sum of all", {{20'000}}, [](const Inputs<T>& in) { return ops::sum(in[0]); }, 150);
  check_on_both<T>(
      "sums of columns", {{1300, 7}}, [](const Inputs<T>& in) { return ops::sum(in[0], 0); }, 40);
  check_on_both<T>(
      "sums of rows", {{2, 9001}}, [](const Inputs<T>& in) { return ops::sum(in[0], 1); }, 100);
  check_on_both<T>(
      "maxima of columns", {{1300, 7}}, [](const Inputs<T>& in) { return ops::max(in[0], 0); }, 0);
}

TEST_CASE_TEMPLATE("cuda: changes of shape move every element to its place", T, float, double) {
  for (const Shape& shape : matrices) {
    check_on_both<T>(
        "transpose", {shape}, [](const Inputs<T>& in) { return ops::transpose(in[0]); }, 0);
    check_on_both<T>(
        "reshape", {shape}, [](const Inputs<T>& in) { return ops::reshape(in[0], {in[0].value().size()}); },
        0);
    check_on_both<T>("concat", {shape, {shape[0], 3}}, [](const Inputs<T>& in) {
      return ops::concat<T>({in[0], in[1], in[0]});
    });
    if (shape[0] == 0 || shape[1] < 5) continue;
    check_on_both<T>("split", {shape}, [&](const Inputs<T>& in) {
      const Index sizes[] = {2, shape[1] - 3, 1};
      const auto parts = ops::split(in[0], sizes);
      return ops::concat<T>({parts[2], parts[1], parts[0], parts[1]});
    });
  }
}

TEST_CASE_TEMPLATE("cuda: linear", T, float, double) {
  const Index sizes[][3] = {{1, 1, 1}, {64, 300, 6}, {37, 19, 70}, {3, 1, 33}, {2, 1, 1}};
  for (const auto& [rows, in_size, out_size] : sizes) {
    check_on_both<T>(
        "with bias", {{rows, in_size}, {out_size, in_size}, {out_size}},
        [](const Inputs<T>& in) { return ops::linear(in[0], in[1], in[2]); }, 40);
    check_on_both<T>(
        "without", {{rows, in_size}, {out_size, in_size}},
        [](const Inputs<T>& in) { return ops::linear(in[0], in[1]); }, 40);
  }
}

TEST_CASE_TEMPLATE("cuda: embedding, of words that occur often, once, never, and of ignored ones", T, float,
                   double) {
  for (const Index width : {1, 33, 300})
    for (const Index count : {1, 31, 700}) {
      std::vector<std::int32_t> words(static_cast<std::size_t>(count));
      for (std::size_t i = 0; i < words.size(); ++i)
        words[i] = static_cast<std::int32_t>(math::random_word({{1, 2}}, i) % 50) - 1;
      const auto lookup = [&](const Variable<T>& table) {
        return ops::embedding(Tensor<std::int32_t>::from(words, {count}, table.device()), table, -1);
      };
      CAPTURE(count);
      check_on_both<T>(
          "once", {{50, width}}, [&](const Inputs<T>& in) { return lookup(in[0]); }, 0);
      // The second time the rows are added to a gradient that is there.
      check_on_both<T>("twice", {{50, width}}, [&](const Inputs<T>& in) {
        return ops::concat<T>({lookup(in[0]), lookup(in[0])});
      });
    }
}

TEST_CASE_TEMPLATE("cuda: dropout keeps and scales the very same elements, forward and back", T, float,
                   double) {
  const auto key = math::random_key(1, 2, 3);
  const auto s = layout({3, 1, 40, 2});
  for (const Index width : {1, 3, 37, 130, 1030}) {
    // Gradients are added to zeros: equal bits there, too.
    check_on_both<T>(
        "rows", {{46, width}}, [=](const Inputs<T>& in) { return ops::dropout(in[0], 0.4, key); }, 0);
    check_on_both<T>(
        "sequences", {{46, width}},
        [=](const Inputs<T>& in) {
          return ops::dropout(Ragged<Variable<T>>{in[0], s}, 0.4, key).values;
        },
        0);
  }
}

TEST_CASE_TEMPLATE("cuda: embedding with dropout is the CPU's to the last bit, forward and back", T, float,
                   double) {
  const auto key = math::random_key(1, 2, 3);
  const auto s = layout({3, 1, 40, 2});
  std::vector<std::int32_t> words(46);
  for (std::size_t i = 0; i < words.size(); ++i)
    words[i] = static_cast<std::int32_t>(math::random_word({{1, 2}}, i) % 12) - 1;
  for (const Index width : {1, 3, 37, 130, 1030})
    check_on_both<T>(
        "rows", {{20, width}},
        [&](const Inputs<T>& in) {
          const Tokens tokens{Tensor<std::int32_t>::from(words, {46}, in[0].device()), s};
          return ops::embedding_with_dropout(tokens, in[0], -1, 0.4, key).values;
        },
        0);
}

TEST_CASE_TEMPLATE("cuda: softmax cross entropy", T, float, double) {
  for (const Index classes : {2, 6, 40, 1500})
    for (const Index rows : {1, 64, 300}) {
      std::vector<std::int32_t> numbers(static_cast<std::size_t>(rows));
      for (std::size_t i = 0; i < numbers.size(); ++i)
        numbers[i] = i % 5 == 3 ? -1
                                : static_cast<std::int32_t>(math::random_word({{1, 2}}, i) %
                                                            static_cast<std::uint32_t>(classes));
      CAPTURE(classes);
      const auto labels = [&](Device device) { return Tensor<std::int32_t>::from(numbers, {rows}, device); };
      for (const bool normalize : {false, true})
        check_on_both<T>("loss", {{rows, classes}}, [&](const Inputs<T>& in) {
          return ops::softmax_cross_entropy(in[0], labels(in[0].device()), {.normalize = normalize},
                                            test::values<T>({classes}, 77, in[0].device()));
        });
      check_on_both<T>("each", {{rows, classes}}, [&](const Inputs<T>& in) {
        return ops::softmax_cross_entropy(in[0], labels(in[0].device()), {.reduction = ops::Reduction::none});
      });
      const auto scores = test::values<T>({rows, classes}, 5);
      CHECK(ops::accuracy(Variable<T>(scores.to(test::gpu())), labels(test::gpu())) ==
            ops::accuracy(Variable<T>(scores), labels(Device::cpu())));
    }
  const auto deep = [](Device device) {
    return Tensor<std::int32_t>::from({0, 2, -1, 1, 1, 0}, {2, 3}, device);
  };
  check_on_both<T>("more axes", {{2, 4, 3}}, [&](const Inputs<T>& in) {
    return ops::softmax_cross_entropy(in[0], deep(in[0].device()));
  });
  const auto none = [](Device device) { return Tensor<std::int32_t>::from({-1, -1}, {2}, device); };
  check_on_both<T>("nothing counts", {{2, 3}}, [&](const Inputs<T>& in) {
    return ops::softmax_cross_entropy(in[0], none(in[0].device()));
  });
}

TEST_CASE_TEMPLATE("cuda: losses of elements", T, float, double) {
  using ops::Reduction;
  for (const Shape& shape : {Shape{1, 1}, Shape{3, 31}, Shape{300, 9}, Shape{2, 2500}, Shape{0, 4}})
    for (const auto r : {Reduction::mean, Reduction::sum, Reduction::none}) {
      const auto both = [&](const char* name, auto loss) {
        check_on_both<T>(
            name, {shape, shape}, [&](const Inputs<T>& in) { return loss(in[0], in[1]); }, 100);
      };
      using V = const Variable<T>&;
      const auto weights = [&](V x) {  // of rows; some are 0
        auto made = test::values<T>({shape[0]}, 9);
        for (std::size_t i = 0; i < made.values().size(); i += 4) made.mutable_values()[i] = 0;
        return made.to(x.device());
      };
      both("mse", [&](V x, V t) { return ops::mse_loss(x, t, {r}); });
      both("mse, weights", [&](V x, V t) { return ops::mse_loss(x, t, {r}, weights(x)); });
      both("l1", [&](V x, V t) { return ops::l1_loss(x, t, {r, false}, weights(x)); });
      both("huber", [&](V x, V t) { return ops::huber_loss(x, t, {.delta = 0.3, .loss = {r}}); });
      both("smooth l1", [&](V x, V t) { return ops::smooth_l1_loss(x, t, {.beta = 0.3, .loss = {r}}); });
      both("binary cross entropy", [&](V x, V t) {
        return ops::binary_cross_entropy_with_logits(x, t, {r}, {},
                                                     test::values<T>({shape[1]}, 7, x.device()));
      });
      both("kl", [&](V x, V t) { return ops::kl_div(x, t * t, {.loss = {r}}); });
      both("kl of logarithms",
           [&](V x, V t) { return ops::kl_div(x, t, {.log_target = true, .loss = {r}}); });
      both("hinge", [&](V x, V t) { return ops::hinge_loss(x, t, {.margin = 0.2, .loss = {r}}); });
    }
}

TEST_CASE_TEMPLATE("cuda: losses of classes", T, float, double) {
  using ops::Reduction;
  const auto labels = [](Device device) {
    return Tensor<std::int32_t>::from({0, 2, -1, 1, 1, 0}, {2, 3}, device);
  };
  const Shape shape{2, 4, 3};
  for (const auto r : {Reduction::mean, Reduction::sum, Reduction::none}) {
    check_on_both<T>(
        "nll", {shape},
        [&](const Inputs<T>& in) { return ops::nll_loss(in[0], labels(in[0].device()), {.reduction = r}); },
        32);
    check_on_both<T>(
        "smoothing", {shape},
        [&](const Inputs<T>& in) {
          return ops::softmax_cross_entropy(in[0], labels(in[0].device()),
                                            {.reduction = r, .label_smoothing = 0.2},
                                            test::values<T>({4}, 3, in[0].device()));
        },
        32);
    check_on_both<T>(
        "probabilities", {shape},
        [&](const Inputs<T>& in) {
          return ops::softmax_cross_entropy(in[0], test::values<T>(shape, 8, in[0].device()),
                                            {.normalize = false, .reduction = r});
        },
        32);
  }
  const auto ragged = layout({4, 2});
  const std::vector<std::vector<std::int32_t>> words{{1, 2}, {3}};
  check_on_both<T>(
      "CTC", {{6, 4}},
      [&](const Inputs<T>& in) {
        return ops::ctc_loss(Ragged<Variable<T>>{ops::log_softmax(in[0]), ragged}, words);
      },
      32);
  const auto bad = ops::nll_loss(Variable<T>(test::values<T>({1, 3}, 2, test::gpu())),
                                 Tensor<std::int32_t>::from({3}, {1}, test::gpu()));
  CHECK_THROWS_WITH_AS(bad.item(), "loss over classes: label 3, expected 0 to 2", IndexError);
}

TEST_CASE_TEMPLATE("cuda: padding, rows of sequences and learned states", T, float, double) {
  const auto ragged = layout({3, 1, 2});
  for (const bool first : {true, false}) {
    check_on_both<T>(
        "to padded", {{6, 5}},
        [&](const Inputs<T>& in) {
          return ops::to_padded(Ragged<Variable<T>>{in[0], ragged}, {.batch_first = first, .value = 2})
              .values;
        },
        0);
    check_on_both<T>(
        "from padded", {{3, 3, 5}},
        [&](const Inputs<T>& in) {
          return ops::from_padded(in[0], {3, 1, 2}, {.batch_first = first}).values;
        },
        0);
  }
  check_on_both<T>(
      "sequence", {{6, 5}},
      [&](const Inputs<T>& in) {
        return Ragged<Variable<T>>{in[0], ragged}.sequence(2);
      },
      0);
  check_on_both<T>("repeated row", {{1, 5}},
                   [&](const Inputs<T>& in) { return nn::detail::repeat_row(in[0], 40); });
}

TEST_CASE_TEMPLATE("cuda: of equal scores the first one counts", T, float, double) {
  const auto scores = Variable<T>(Tensor<T>::from({1, 3, 3, 0, 2, 2, 2, 2}, {2, 4}, test::gpu()));
  const auto labels = [](std::int32_t a, std::int32_t b) {
    return Tensor<std::int32_t>::from({a, b}, {2}, test::gpu());
  };
  CHECK(ops::accuracy(scores, labels(1, 0)) == 1);
  CHECK(ops::accuracy(scores, labels(2, 1)) == 0);
}

TEST_CASE_TEMPLATE("cuda: pooling over sequences", T, float, double) {
  for (const auto& lengths :
       {std::vector<Index>{1}, std::vector<Index>{2, 1, 4, 53}, std::vector<Index>(70, 3)}) {
    const auto s = layout(lengths);
    for (const Index width : {1, 33, 300}) {
      const auto rows = [&](const Inputs<T>& in) { return Ragged<Variable<T>>{in[0], s}; };
      const Shape shape{s->rows(), width};
      check_on_both<T>(
          "max", {shape}, [&](const Inputs<T>& in) { return ops::max_over_time(rows(in)); }, 0);
      check_on_both<T>(
          "sum", {shape}, [&](const Inputs<T>& in) { return ops::sum_over_time(rows(in)); }, 0);
      check_on_both<T>("mean", {shape}, [&](const Inputs<T>& in) { return ops::mean_over_time(rows(in)); });
    }
  }
}

TEST_CASE_TEMPLATE("cuda: convolutions over text and over images", T, float, double) {
  const auto s = layout({1, 4, 2, 19});
  for (const Index window : {1, 3, 5})
    check_on_both<T>(
        "text", {{26, 9}, {7, 9, window, 1}},
        [=](const Inputs<T>& in) {
          return ops::convolution_over_time(Ragged<Variable<T>>{in[0], s}, in[1]).values;
        },
        20);
  check_on_both<T>(
      "images", {{2, 2, 5, 4}, {3, 2, 3, 2}, {3}},
      [](const Inputs<T>& in) {
        return ops::convolution_2d(in[0], in[1], in[2],
                                   {.stride = {2, 1}, .padding = {1, 0}, .dilation = {1, 2}});
      },
      20);
  check_on_both<T>(
      "larger images", {{1, 3, 19, 23}, {5, 3, 4, 3}, {5}},
      [](const Inputs<T>& in) {
        return ops::convolution_2d(in[0], in[1], in[2], {.stride = {1, 2}, .padding = {2, 1}});
      },
      20);
}
