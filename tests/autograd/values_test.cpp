// SPDX-License-Identifier: MIT
// Values of a graph: changed in place, read only, absent, with a gradient of their own, out of the graph.
#include "lstmlib/core.hpp"
#include "support.hpp"

#include <functional>

using namespace lstmlib;

namespace {
using V = Variable<double>;
V matrix(Shape shape, double first = 0.1) {
  auto x = Tensor<double>::uninitialized(shape);
  for (std::size_t i = 0; i < x.values().size(); ++i)
    x.mutable_values()[i] = first + 0.1 * static_cast<double>(i);
  return V(x, true);
}
void change(V x) { x.mutable_value().mutable_values()[0] += 1; }

template <class T>
concept Writable = requires(T x) {
  x.mutable_view();
}
|| requires(T x) { x.mutable_values(); }
|| requires(T x) { x.clear(); }
|| requires(T x) { x.assign(x); };
template <class T>
concept Changeable = requires(T x) {
  x.mutable_value();
}
|| requires(T x) { x.mutable_grad(); }
|| requires(T x) { x.clear_grad(); }
|| requires(T x) { x.set_sparse_grad({}); }
|| requires(T x) { x.retain_grad(); };
static_assert(Writable<Tensor<float>&> && !Writable<const Tensor<float>&>);
static_assert(Changeable<V&> && !Changeable<const V&>);
static_assert(std::is_same_v<decltype(std::declval<const V&>().value()), const Tensor<double>&>);
static_assert(std::is_same_v<decltype(std::declval<Tensor<float>&>().values()), std::span<const float>>);
}  // namespace

TEST_CASE("values: one that backward needs and that was changed in place since is noticed") {
  struct Case {
    const char* op;
    std::function<V(const V&, const V&)> make;  ///< of x [2, 2] and w [2, 2]
    bool needs_x, needs_w, needs_output;
  };
  const auto ids = Tensor<std::int32_t>::from({1, 0}, {2});
  const auto layout = std::make_shared<const SequenceLayout>(std::vector<Index>{2});
  const Case cases[] = {
      {"tanh", [](auto& x, auto&) { return ops::tanh(x); }, false, false, true},
      {"sigmoid", [](auto& x, auto&) { return ops::sigmoid(x); }, false, false, true},
      {"relu", [](auto& x, auto&) { return ops::relu(x); }, false, false, true},
      {"softmax", [](auto& x, auto&) { return ops::softmax(x); }, false, false, true},
      {"add", [](auto& x, auto& w) { return x + w; }, false, false, false},
      {"subtract", [](auto& x, auto& w) { return x - w; }, false, false, false},
      {"scale", [](auto& x, auto&) { return 2.0 * x; }, false, false, false},
      {"multiply", [](auto& x, auto& w) { return x * w; }, true, true, false},
      {"linear", [](auto& x, auto& w) { return ops::linear(x, w); }, true, true, false},
      {"transpose", [](auto& x, auto&) { return ops::transpose(x); }, false, false, false},
      {"concat",
       [](auto& x, auto& w) {
         return ops::concat<double>({x, w});
       },
       false, false, false},
      {"columns", [](auto& x, auto&) { return ops::columns(x, 0, 1); }, false, false, false},
      {"dropout", [](auto& x, auto&) { return ops::dropout(x, 0.5); }, false, false, false},
      {"sum", [](auto& x, auto&) { return ops::sum(x, 0); }, false, false, false},
      {"max", [](auto& x, auto&) { return ops::max(x, 0); }, true, false, true},
      {"max_over_time",
       [&](auto& x, auto&) {
         return ops::max_over_time(Ragged<V>{x, layout});
       },
       true, false, true},
      {"mean_over_time",
       [&](auto& x, auto&) {
         return ops::mean_over_time(Ragged<V>{x, layout});
       },
       false, false, false},
      {"embedding", [&](auto&, auto& w) { return ops::embedding(ids, w); }, false, false, false},
  };
  for (const Case& one : cases)
    for (const int changed : {0, 1, 2}) {
      CAPTURE(one.op);
      CAPTURE(changed);
      const V x = matrix({2, 2}), w = matrix({2, 2}, -0.2);
      const V y = one.make(x, w);
      const V loss = ops::sum(y);
      change(changed == 0 ? x : changed == 1 ? w : y);
      const bool needed = changed == 0 ? one.needs_x : changed == 1 ? one.needs_w : one.needs_output;
      if (needed) {
        const auto text = message(one.op, ": a value that its gradient needs was changed in place since");
        CHECK_THROWS_WITH_AS(loss.backward(), doctest::Contains(text.c_str()), GradientError);
      } else {
        CHECK_NOTHROW(loss.backward());
      }
    }
}

TEST_CASE("values: a recurrent layer notices that a weight, its input or a state was changed") {
  nn::Lstm<double> lstm({.input_size = 2, .hidden_size = 3});
  const V x = matrix({4, 2});
  const auto layout = std::make_shared<const SequenceLayout>(std::vector<Index>{3, 1});
  const auto check = [&](auto change_one) {
    const auto out = lstm(Ragged<V>{x, layout});
    const V loss = ops::sum(out.hidden.values);
    change_one(out);
    CHECK_THROWS_AS(loss.backward(), GradientError);
  };
  check([&](auto&) { change(lstm.layers[0].weight_hidden); });
  check([&](auto&) { change(lstm.layers[0].weight_input); });
  check([&](auto&) { change(x); });
  check([&](auto& out) { change(out.hidden.values); });
  ops::sum(lstm(Ragged<V>{x, layout}).hidden.values).backward();  // and nothing else is wrong
}

TEST_CASE("values: the step of an optimizer between forward and backward is noticed") {
  nn::Linear<float> layer({.input_size = 2, .output_size = 1});
  optim::Sgd sgd(layer);
  const Variable<float> x(Tensor<float>::from({1, 2}, {1, 2}), true);
  const auto first = ops::sum(layer(x)), second = ops::sum(layer(x));
  first.backward();
  sgd.step();
  CHECK_THROWS_WITH_AS(second.backward(),
                       "linear: a value that its gradient needs was changed in place since it was recorded; "
                       "call backward() before the change, or change a clone()",
                       GradientError);
  ops::sum(layer(x)).backward();
}

TEST_CASE("values: indices and labels that were overwritten since are noticed; each way to write counts") {
  const auto check = [](auto write) {
    auto ids = Tensor<std::int32_t>::from({1, 0}, {2});
    const V loss = ops::sum(ops::embedding(ids, matrix({2, 2})));
    write(ids);
    CHECK_THROWS_AS(loss.backward(), GradientError);
  };
  check([](auto& ids) { ids.mutable_values()[0] = 0; });
  check([](auto& ids) { ids.mutable_view().data[0] = 0; });
  check([](auto& ids) { ids.clear(); });
  check([](auto& ids) { ids.assign(Tensor<std::int32_t>::from({0, 0}, {2})); });
  check([](auto& ids) { ids.rows(1, 1).mutable_values()[0] = 1; });
  check([](auto& ids) { ids.reshape({1, 2}).mutable_values()[0] = 1; });
  auto labels = ops::Labels::from({1, 0}, {2});
  const V loss = ops::softmax_cross_entropy(matrix({2, 2}), labels);
  labels.mutable_values()[0] = 0;
  CHECK_THROWS_AS(loss.backward(), GradientError);
}

TEST_CASE("values: one that is replaced, not overwritten, leaves the graph as it was") {
  V x = matrix({2, 2});
  const V loss = ops::sum(x * x);
  x.mutable_value() = Tensor<double>::zeros({2, 2});
  loss.backward();
  CHECK(x.grad().values()[0] == doctest::Approx(0.2));
}

TEST_CASE(
    "values: an operation of the user's own notices changes of inputs and outputs, or of what it names") {
  const auto cube = [](const V& x, auto... reads) {
    auto y = x.value().clone();
    for (auto& element : y.mutable_values()) element = element * element * element;
    return record("cube", y, {x}, reads..., [x = x.value()](auto d_y, auto d_x) {
      const auto d = d_x[0].view();
      for (std::size_t i = 0; i < x.values().size(); ++i)
        d.data[i] += d_y[0].values()[i] * 3 * x.values()[i] * x.values()[i];
    });
  };
  const V x = matrix({2});
  V y = cube(x);
  change(y);
  CHECK_THROWS_AS(ops::sum(y).backward(), GradientError);
  y = cube(x, reads(x.value()));
  change(y);
  ops::sum(y).backward();
  y = cube(x, reads(x.value()));
  change(x);
  CHECK_THROWS_AS(ops::sum(y).backward(), GradientError);
}

TEST_CASE("values: reading does not change the version") {
  const V x = matrix({2, 2});
  const V y = ops::tanh(x * x), loss = ops::sum(y);
  Tensor<double> copy = y.value(), here = y.value().to(Device::cpu());
  CHECK(copy.values()[0] == here.rows(0, 1).values()[0]);
  CHECK(message(x, y, copy).size() > 0);
  CHECK(y.detach().value().version() == y.value().version());
  loss.backward();
}

TEST_CASE("values: nothing that comes from a const tensor writes") {
  const auto x = Tensor<float>::from({1, 2, 3, 4}, {2, 2});
  Tensor<float> copy = x, part = x.rows(0, 1), flat = x.reshape({4}), same = x.to(Device::cpu());
  Tensor<float> moved = std::move(part), assigned;
  assigned = x;
  std::vector<Tensor<float>> several{x};
  const std::string reason =
      "tensor: this handle was made from a const tensor and reads only; clone() gives one of its own";
  for (Tensor<float>* one : {&copy, &moved, &flat, &same, &assigned, &several[0]}) {
    CHECK_THROWS_WITH_AS(one->mutable_values()[0] = 9, reason.c_str(), Error);
    CHECK_THROWS_WITH_AS(one->clear(), reason.c_str(), Error);
    CHECK_THROWS_WITH_AS(one->assign(one->clone()), reason.c_str(), Error);
    Tensor<float> again = *one;
    CHECK_THROWS_AS(again.rows(0, 1).mutable_view(), Error);
    CHECK_THROWS_AS(again.reshape({4}).mutable_view(), Error);
  }
  copy = x.clone();
  copy.mutable_values()[0] = 9;
  CHECK(x.values()[0] == 1);

  const V w = matrix({2});
  Tensor<double> value = w.value();
  CHECK_THROWS_AS(value.mutable_values()[0] = 9, Error);
  CHECK_THROWS_AS(w.detach().mutable_value().mutable_values()[0] = 9, Error);
  // and a parameter that was made of a const tensor does not overwrite it
  nn::Linear<float> layer({.input_size = 2, .output_size = 2});
  layer.weight = nn::Parameter<float>(x);
  ops::sum(layer(Variable<float>(x))).backward();
  optim::Sgd sgd(layer);
  CHECK_THROWS_AS(sgd.step(), Error);
  CHECK(x.values()[0] == 1);
}

TEST_CASE("values: what comes from a tensor that is not const writes to its memory") {
  auto x = Tensor<float>::from({1, 2, 3, 4}, {2, 2});
  Tensor<float> copy = x, part = x.rows(1, 1), flat = x.reshape({4}), same = x.to(Device::cpu());
  copy.mutable_values()[0] = 10;
  part.mutable_values()[0] = 30;
  flat.mutable_values()[1] = 20;
  same.mutable_values()[3] = 40;
  CHECK(std::vector<float>(x.values().begin(), x.values().end()) == std::vector<float>{10, 20, 30, 40});
}

TEST_CASE("values: one that was computed keeps its gradient where it was asked to before") {
  const V x = matrix({2});
  V y = 3.0 * x, z = y * y;
  y.retain_grad();
  z.retain_grad();
  CHECK_FALSE(y.has_grad());
  ops::sum(z).backward();
  CHECK(z.grad().values()[0] == 1);
  CHECK(y.grad().values()[0] == doctest::Approx(2 * 0.3));
  CHECK(x.grad().values()[0] == doctest::Approx(3 * 2 * 0.3));
  y.clear_grad();
  CHECK_FALSE(y.has_grad());

  const V plain = 3.0 * x;
  ops::sum(plain).backward();
  CHECK_FALSE(plain.has_grad());
  CHECK_THROWS_WITH_AS(static_cast<void>(plain.grad().values()),
                       doctest::Contains("computed without retain_grad()"), ShapeError);
  V leaf = matrix({2});
  leaf.retain_grad();
  ops::sum(leaf).backward();
  CHECK(leaf.grad().values()[0] == 1);
  V none(Tensor<double>::zeros({2}));
  CHECK_THROWS_AS(none.retain_grad(), GradientError);
}

TEST_CASE("values: a scalar loss keeps its gradient, too, and a retained value may go before backward") {
  V x = matrix({1}), loss = ops::sum(x * x);
  loss.retain_grad();
  V between = 2.0 * x;
  between.retain_grad();
  const V end = loss + ops::sum(between);
  between = {};
  end.backward();
  CHECK(loss.grad().item() == 1);
  CHECK(x.grad().values()[0] == doctest::Approx(0.2 + 2));
}

TEST_CASE("values: a detached one has the same value, and nothing goes back through it") {
  const V x = matrix({2});
  const V y = x * x, cut = y.detach();
  CHECK(cut.view().data == y.view().data);
  CHECK_FALSE(cut.requires_grad());
  ops::sum(cut * x).backward();
  CHECK(x.grad().values()[0] == doctest::Approx(0.01));
  CHECK_FALSE(V().detach());

  // the state of one window of a long sequence is where the next one starts
  nn::Lstm<double> lstm({.input_size = 1, .hidden_size = 2});
  const auto layout = std::make_shared<const SequenceLayout>(std::vector<Index>{2});
  std::vector<ops::RecurrentState<double>> state;
  for (int window = 0; window < 3; ++window) {
    const auto out = lstm(Ragged<V>{matrix({2, 1}), layout}, state);
    ops::sum(out.hidden.values).backward();
    state = {{out.last[0].hidden.detach(), out.last[0].cell.detach()}};
  }
}

TEST_CASE("values: the gradient of a table is dense or sparse, as one asks") {
  V table = matrix({3, 2});
  ops::sum(ops::embedding(Tensor<std::int32_t>::from({2, 0, 2}, {3}), table)).backward();
  const std::vector<double> expected{1, 1, 0, 0, 2, 2};
  const auto whole = [&] {
    return std::vector<double>(table.grad().values().begin(), table.grad().values().end());
  };
  CHECK(whole() == expected);
  CHECK(table.has_grad());
  REQUIRE(table.sparse_grad());  // grad() has only looked
  CHECK(table.sparse_grad().indices.size() == 2);
  CHECK(table.grad().view().data == table.grad().view().data);  // made once
  // more rows and a whole gradient are added to it
  ops::sum(ops::embedding(Tensor<std::int32_t>::from({1}, {1}), table)).backward();
  CHECK(whole() == std::vector<double>{1, 1, 1, 1, 2, 2});
  table.clear_grad();
  CHECK_FALSE(table.has_grad());
  CHECK_FALSE(table.grad());
  table.set_sparse_grad({Tensor<std::int32_t>::from({1}, {1}), Tensor<double>::from({5, 6}, {1, 2})});
  CHECK(whole() == std::vector<double>{0, 0, 5, 6, 0, 0});
  CHECK(table.mutable_grad().values()[2] == 5);
  CHECK_FALSE(table.sparse_grad());
}
