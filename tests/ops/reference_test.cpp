// SPDX-License-Identifier: MIT
// Values and gradients of operations and recurrent links against those of the reference framework.
#include "reference.hpp"

using namespace lstmlib;
using test::ReferenceCase;

namespace {

/// How many cases there are of a prefix: so none gets lost.
struct Counts {
  int own, kit;
};

/// Runs `use` over the project's own fixtures of this prefix, and over the kit's cases.
template <class Use>
void reference(const std::string& prefix, Counts counts, Use use) {
  CHECK(test::for_each_reference(test::fixtures() / "gradients", prefix, use) == counts.own);
  if (test::kit_has("compat/gradients"))
    CHECK(test::for_each_reference(test::kit() / "compat/gradients", prefix, use) == counts.kit);
}

/// Backward with the given upstream gradient.
template <Real T>
void backward_from(const Variable<T>& y, const Tensor<T>& d_y) {
  ops::sum(ops::reshape(y, {y.value().size()}) * Variable<T>(d_y.reshape({d_y.size()}))).backward();
}

template <Real T, class Op>
void check_elementwise(const ReferenceCase& one, Op op) {
  const auto x = one.variable<T>("x");
  const auto y = op(x);
  one.check("y", y.value());
  backward_from(y, one.tensor<T>("gy"));
  one.check("grad_x", x.grad());
}

}  // namespace

TEST_CASE("reference: elementwise functions and softmax") {
  reference("relu", {.own = 1, .kit = 2}, []<Real T>(const ReferenceCase& one, T) {
    check_elementwise<T>(one, [](auto x) { return ops::relu(x); });
  });
  reference("tanh", {.own = 1, .kit = 2}, []<Real T>(const ReferenceCase& one, T) {
    check_elementwise<T>(one, [](auto x) { return ops::tanh(x); });
  });
  reference("sigmoid", {.own = 1, .kit = 2}, []<Real T>(const ReferenceCase& one, T) {
    check_elementwise<T>(one, [](auto x) { return ops::sigmoid(x); });
  });
  reference("softmax_f", {.own = 1, .kit = 2}, []<Real T>(const ReferenceCase& one, T) {
    check_elementwise<T>(one, [](auto x) { return ops::softmax(x); });
  });
  reference("log_softmax", {.own = 1, .kit = 2}, []<Real T>(const ReferenceCase& one, T) {
    check_elementwise<T>(one, [](auto x) { return ops::log_softmax(x); });
  });
  reference("max_over_time", {.own = 0, .kit = 2}, []<Real T>(const ReferenceCase& one, T) {
    const int axis = one.about().at("axis");
    check_elementwise<T>(one, [axis](auto x) { return ops::max(x, axis); });
  });
  reference("dropout_mask", {.own = 0, .kit = 2}, []<Real T>(const ReferenceCase& one, T) {
    const Variable<T> mask(one.tensor<T>("mask"));
    check_elementwise<T>(one, [&](auto x) { return x * mask; });
  });
}

TEST_CASE("reference: embedding") {
  reference("embed_id", {.own = 1, .kit = 4}, []<Real T>(const ReferenceCase& one, T) {
    const auto ids = one.tensor<std::int32_t>("x");
    const auto table = one.variable<T>("W");
    const auto& ignore = one.about().at("ignore_label");
    const auto y = ops::embedding(ids, table, ignore.is_null() ? ignore_none : ignore.get<std::int32_t>());
    one.check("y", y.value());
    backward_from(y, one.tensor<T>("gy"));
    one.check("grad_W", table.grad());
  });
}

TEST_CASE("reference: linear") {
  reference("linear", {.own = 1, .kit = 10}, []<Real T>(const ReferenceCase& one, T) {
    const auto x = one.variable<T>("x"), weight = one.variable<T>("W");
    const Variable<T> bias = one.has("b") ? one.variable<T>("b") : Variable<T>();
    const Index inputs = weight.shape()[1];  // several batch axes are one axis of rows
    const auto y = ops::linear(ops::reshape(x, {x.value().size() / inputs, inputs}), weight, bias);
    one.check("y", y.value());
    backward_from(y, one.tensor<T>("gy"));
    one.check("grad_x", x.grad());
    one.check("grad_W", weight.grad());
    if (bias) one.check("grad_b", bias.grad());
  });
}

TEST_CASE("reference: convolution over images") {
  reference("conv2d", {.own = 1, .kit = 6}, []<Real T>(const ReferenceCase& one, T) {
    const auto x = one.variable<T>("x"), weight = one.variable<T>("W"), bias = one.variable<T>("b");
    const auto number = [&](const char* key) { return one.about().at(key).get<Index>(); };
    const auto y = ops::convolution_2d(x, weight, bias,
                                       {.stride = {number("stride"), number("stride")},
                                        .padding = {number("pad"), number("pad")},
                                        .dilation = {number("dilate"), number("dilate")}});
    one.check("y", y.value());
    backward_from(y, one.tensor<T>("gy"));
    one.check("grad_x", x.grad());
    one.check("grad_W", weight.grad());
    one.check("grad_b", bias.grad());
  });
}

TEST_CASE("reference: convolution over text, as images and as sequences") {
  reference("conv_text", {.own = 1, .kit = 12}, []<Real T>(const ReferenceCase& one, T) {
    const auto x = one.variable<T>("x");  // [sentences, features, length, 1]
    auto weight = one.variable<T>("W");
    const auto pad = one.about().at("pad").get<std::array<Index, 2>>();
    const auto y = ops::convolution_2d(x, weight, {}, {.padding = pad});
    one.check("y", y.value());
    backward_from(y, one.tensor<T>("gy"));
    one.check("grad_x", x.grad());
    one.check("grad_W", weight.grad());

    weight.clear_grad();
    const Index features = x.shape()[1], length = x.shape()[2], filters = weight.shape()[0];
    const Index windows = length + weight.shape()[2] - 1;
    Variable<T> loss;
    for (Index i = 0; i < x.shape()[0]; ++i) {  // one sentence: rows are the columns of its image
      const Variable<T> rows = ops::transpose(Variable<T>(x.value().rows(i, 1).reshape({features, length})));
      const auto layout = std::make_shared<const SequenceLayout>(std::vector<Index>{length});
      const auto part = ops::convolution_over_time(Ragged<Variable<T>>{rows, layout}, weight).values;
      const auto theirs = one.tensor<T>("y").rows(i, 1).reshape({filters, windows});
      const auto mine = ops::transpose(part);
      for (std::size_t k = 0; k < theirs.values().size(); ++k)
        CHECK(mine.value().values()[k] == doctest::Approx(theirs.values()[k]).epsilon(1e-4));
      const auto term =
          ops::sum(mine * Variable<T>(one.tensor<T>("gy").rows(i, 1).reshape({filters, windows})));
      loss = loss ? loss + term : term;
    }
    loss.backward();
    one.check("grad_W", weight.grad());
  });
}

TEST_CASE("reference: softmax cross entropy and accuracy") {
  reference("softmax_cross_entropy", {.own = 1, .kit = 16}, []<Real T>(const ReferenceCase& one, T) {
    const auto x = one.variable<T>("x");
    const auto labels = one.tensor<std::int32_t>("t");
    const std::int32_t ignore = one.about().at("ignore_label");
    const Tensor<T> weights = one.has("class_weight") ? one.tensor<T>("class_weight") : Tensor<T>();
    if (one.about().at("reduce") == "no") {
      const auto losses = ops::softmax_cross_entropy(
          x, labels, {.ignore_label = ignore, .reduction = ops::Reduction::none}, weights);
      one.check("loss", losses.value());
      backward_from(losses, one.tensor<T>("gloss"));
    } else {
      const bool normalize = one.about().at("normalize");
      const auto loss =
          ops::softmax_cross_entropy(x, labels, {.ignore_label = ignore, .normalize = normalize}, weights);
      one.check("loss", loss.value());
      loss.backward();
    }
    one.check("grad_x", x.grad());
    if (x.shape().rank() == 2)
      one.check("accuracy", Tensor<T>::from({static_cast<T>(ops::accuracy(x, labels, -1))}, {}));
  });
}

namespace {

template <Real T>
void check_stack(const ReferenceCase& one, nn::RecurrentStack<T>& stack) {
  test::set_parameters<T>(stack, one, "p/");
  const auto lengths = one.about().at("lengths").get<std::vector<Index>>();
  const Index directions = one.about().at("directions"), layers = one.about().at("layers");
  const Index sequences = static_cast<Index>(lengths.size()), units = stack.layers[0].hidden_size();

  // The rows of all sequences, one after another.
  std::vector<T> rows, d_rows;
  const auto append = [](std::vector<T>& to, const Tensor<T>& from) {
    to.insert(to.end(), from.values().begin(), from.values().end());
  };
  for (Index i = 0; i < sequences; ++i) {
    append(rows, one.tensor<T>("x" + std::to_string(i)));
    append(d_rows, one.tensor<T>("gy" + std::to_string(i)));
  }
  const auto layout = std::make_shared<const SequenceLayout>(lengths);
  const Index features = static_cast<Index>(rows.size()) / layout->rows();
  const Variable<T> x(Tensor<T>::from(rows, {layout->rows(), features}), true);

  std::vector<ops::RecurrentState<T>> first;
  const bool cells = one.has("gcy");
  if (one.has("hx"))
    for (Index k = 0; k < layers * directions; ++k) {
      const auto state = [&](const char* key) {
        return Variable<T>(one.tensor<T>(key).rows(k, 1).reshape({sequences, units}).clone(), true);
      };
      first.push_back({state("hx"), cells ? state("cx") : Variable<T>()});
    }
  const auto out = stack(Ragged<Variable<T>>{x, layout}, first);

  Variable<T> loss =
      ops::sum(out.hidden.values * Variable<T>(Tensor<T>::from(d_rows, out.hidden.values.shape())));
  const auto last = [&](const std::string& key, Index k) {
    return one.tensor<T>(key).rows(k, 1).reshape({sequences, units});
  };
  for (Index k = 0; k < layers * directions; ++k) {
    const auto& state = out.last[static_cast<std::size_t>(k)];
    loss = loss + ops::sum(state.hidden * Variable<T>(last("ghy", k)));
    if (cells) loss = loss + ops::sum(state.cell * Variable<T>(last("gcy", k)));
  }
  loss.backward();

  // Joined again as the reference has them.
  std::vector<T> hy, cy, d_hx, d_cx;
  for (Index k = 0; k < layers * directions; ++k) {
    const auto i = static_cast<std::size_t>(k);
    append(hy, out.last[i].hidden.value());
    if (cells) append(cy, out.last[i].cell.value());
    if (!first.empty()) append(d_hx, first[i].hidden.grad());
    if (!first.empty() && cells) append(d_cx, first[i].cell.grad());
  }
  const Shape joined{layers * directions, sequences, units};
  one.check("hy", Tensor<T>::from(hy, joined));
  if (cells) one.check("cy", Tensor<T>::from(cy, joined));
  if (!first.empty()) one.check("grad_hx", Tensor<T>::from(d_hx, joined));
  if (!first.empty() && cells) one.check("grad_cx", Tensor<T>::from(d_cx, joined));
  for (Index i = 0; i < sequences; ++i) {
    const auto name = std::to_string(i);
    one.check("y" + name, out.hidden.values.value().rows(layout->begin(i), layout->length(i)));
    one.check("grad_x" + name, x.grad().rows(layout->begin(i), layout->length(i)));
  }
  test::check_parameters<T>(stack, one, "grad_p/", true);
}

}  // namespace

TEST_CASE("reference: recurrent links of every kind, layers, directions and states") {
  reference("nstep", {.own = 5, .kit = 48}, []<Real T>(const ReferenceCase& one, T) {
    const auto number = [&](const char* key) { return one.about().at(key).get<Index>(); };
    const nn::RecurrentOptions options{.input_size = number("in_size"),
                                       .hidden_size = number("out_size"),
                                       .layers = number("layers"),
                                       .bidirectional = number("directions") == 2};
    const auto is = [&](const char* kind) { return one.name().find(kind) != std::string::npos; };
    if (is("lstm")) {
      nn::Lstm<T> stack(options);
      check_stack<T>(one, stack);
    } else if (is("gru")) {
      nn::Gru<T> stack(options);
      check_stack<T>(one, stack);
    } else {
      nn::Rnn<T> stack(options, is("tanh") ? nn::Activation::tanh : nn::Activation::relu);
      check_stack<T>(one, stack);
    }
  });
}
