// SPDX-License-Identifier: MIT
// Every public call of variables and graphs with every argument wrong in each way that it can be wrong: an
// error of one line, or an answer. The sanitizers watch.
#include "two_devices.hpp"

#include "support.hpp"

using namespace lstmlib;

namespace {
using V = Variable<double>;
V leaf_of(std::initializer_list<double> values) {
  return V(Tensor<double>::from(values, {static_cast<Index>(values.size())}), true);
}
V moved_from() {
  V x = leaf_of({1});
  const V there = std::move(x);
  return x;
}
V of_nothing() { return V(Tensor<double>()); }
/// One line that names the call.
template <class Kind, class Call>
void check_error(Call call, const std::string& part) {
  try {
    call();
    FAIL_CHECK("no error that says \"", part, "\"");
  } catch (const Kind& error) {
    CHECK_MESSAGE(test::says(error.what(), part), std::string(error.what()));
    CHECK(std::string(error.what()).find('\n') == std::string::npos);
  }
}
}  // namespace

TEST_CASE("arguments: an absent variable answers what it can, and throws what it cannot") {
  for (const V& x : {V(), moved_from(), of_nothing(), V(Tensor<double>(), true)}) {
    CHECK_FALSE(x);
    CHECK(x.is_absent());
    CHECK_FALSE(x.value());
    CHECK_FALSE(x.has_grad());
    CHECK_FALSE(x.grad());
    CHECK_FALSE(x.sparse_grad());
    CHECK(x.shape() == Shape{0});
    CHECK(x.view().data == nullptr);
    CHECK(message(x) == "absent");
    CHECK_FALSE(x.detach());
    V handle = x;
    CHECK_NOTHROW(handle.clear_grad());
    check_error<ShapeError>([&] { static_cast<void>(x.device()); }, "device: the tensor is absent");
    check_error<ShapeError>([&] { static_cast<void>(x.item()); }, "item: the tensor is absent");
    check_error<ShapeError>([&] { static_cast<void>(x.value().values()); }, "values: the tensor is absent");
    check_error<ShapeError>([&] { static_cast<void>(x.grad().values()); }, "values: the tensor is absent");
    check_error<ShapeError>([&] { x.backward(); }, "backward: the tensor is absent");
    check_error<ShapeError>([&] { backward(x, 2.0); }, "backward: the tensor is absent");
    check_error<ShapeError>([&] { handle.set_sparse_grad({}); }, "set_sparse_grad");
    check_error<ShapeError>([&] { static_cast<void>(ops::tanh(x)); }, "absent");
  }
  for (V x : {V(), moved_from()}) {
    CHECK_FALSE(x.requires_grad());
    check_error<ShapeError>([&] { static_cast<void>(x.mutable_value()); },
                            "mutable_value: the tensor is absent");
    check_error<ShapeError>([&] { static_cast<void>(x.mutable_grad()); },
                            "mutable_grad: the tensor is absent");
    check_error<GradientError>([&] { x.retain_grad(); }, "retain_grad");
  }
}

TEST_CASE("arguments: a gradient before backward is absent, and says so") {
  V w = leaf_of({1, 2});
  CHECK_FALSE(w.has_grad());
  CHECK_FALSE(w.grad());
  CHECK(w.grad().size() == 0);
  check_error<ShapeError>([&] { static_cast<void>(w.grad().values()); }, "before backward()");
  check_error<ShapeError>([&] { static_cast<void>(w.grad().item()); }, "before backward()");
  check_error<ShapeError>([&] { static_cast<void>(w.grad().device()); }, "before backward()");
  check_error<ShapeError>([&] { static_cast<void>(w.grad().clone()); }, "before backward()");
  check_error<ShapeError>([&] { static_cast<void>(w.sparse_grad().values.values()); }, "before backward()");
  CHECK_FALSE(w.mutable_grad());  // to be given one
  w.mutable_grad() = Tensor<double>::from({3, 4}, {2});
  CHECK(w.grad().values()[1] == 4);
}

TEST_CASE("arguments: backward takes a recorded scalar, once") {
  const V w = leaf_of({1, 2});
  check_error<GradientError>([&] { (2.0 * w).backward(); }, "scalar is expected, shape [2]");
  check_error<GradientError>([&] { leaf_of({}).backward(); }, "scalar is expected, shape [0]");
  check_error<GradientError>([&] { V(Tensor<double>::zeros({})).backward(); }, "needs no gradient");
  const V loss = ops::sum(w);
  loss.backward();
  check_error<GradientError>([&] { loss.backward(); }, "sum: backward a second time");
  {
    const NoGrad scope;
    check_error<GradientError>([&] { ops::sum(w).backward(); }, "was not recorded");
  }
  V one = leaf_of({5});  // a leaf of one element is its own graph
  one.backward();
  CHECK(one.grad().item() == 1);
  std::vector<const void*> told;
  backward(one, 2.0, [&](const void* done) { told.push_back(done); });
  CHECK(one.grad().item() == 3);
  CHECK(told == std::vector<const void*>{one.state().get()});
}

TEST_CASE("arguments: rows of a gradient fit their table") {
  using Ids = Tensor<std::int32_t>;
  using Rows = Tensor<double>;
  V table(Rows::zeros({3, 2}), true);
  const auto set = [&](Ids ids, Rows rows) {
    check_error<ShapeError>([&] { table.set_sparse_grad({ids, rows}); }, "set_sparse_grad: ");
  };
  set(Ids(), Rows());
  set(Ids(), Rows::zeros({1, 2}));
  set(Ids::zeros({1}), Rows());
  set(Ids::zeros({1}), Rows::zeros({2, 2}));
  set(Ids::zeros({1}), Rows::zeros({1, 3}));
  set(Ids::zeros({1, 1}), Rows::zeros({1, 2}));
  set(Ids::zeros({}), Rows::zeros({1, 2}));
  set(Ids::zeros({1}), Rows::zeros({}));
  set(Ids::zeros({2}), Rows::zeros({4}));
  V scalar(Rows::zeros({}), true);
  check_error<ShapeError>(
      [&] {
        scalar.set_sparse_grad({Ids::zeros({1}), Rows::zeros({1})});
      },
      "set_sparse_grad");
  check_error<DeviceError>(
      [&] {
        table.set_sparse_grad({Ids::zeros({1}, test::other_device()), Rows::zeros({1, 2})});
      },
      "set_sparse_grad: arguments are on cpu and on other:0");
  check_error<DeviceError>(
      [&] {
        table.set_sparse_grad({Ids::zeros({1}), Rows::zeros({1, 2}, test::other_device())});
      },
      "set_sparse_grad");
  CHECK_FALSE(table.has_grad());
  for (const std::int32_t id : {3, 1000}) {
    table.set_sparse_grad({Ids::from({id}, {1}), Rows::zeros({1, 2})});
    CHECK_THROWS_AS(static_cast<void>(table.grad()), Error);  // the kernel that adds them looks
    CHECK_THROWS_AS(static_cast<void>(table.grad()), Error);
    table.clear_grad();
  }
}

TEST_CASE("arguments: record") {
  const V w = leaf_of({1, 2});
  const auto nothing = [](auto, auto) {};
  // Absent inputs need no gradient, absent outputs get none.
  const V y = record("own", Tensor<double>::zeros({}), {w, V(), moved_from()}, nothing);
  CHECK(y.requires_grad());
  CHECK_NOTHROW(y.backward());
  CHECK_FALSE(record("own", Tensor<double>::zeros({}), {V(), V()}, nothing).requires_grad());
  CHECK_FALSE(record("own", Tensor<double>::zeros({}), {}, nothing).requires_grad());
  CHECK_FALSE(record("own", Tensor<double>(), {w}, nothing));
  const auto two = record("own", std::array{Tensor<double>::zeros({}), Tensor<double>()}, {w}, nothing);
  CHECK(two[0]);
  CHECK_FALSE(two[1]);
  CHECK_NOTHROW(two[0].backward());
  const V without = record("own", Tensor<double>::zeros({}), {w}, Backward<double>());
  check_error<GradientError>([&] { without.backward(); }, "own: ");
  // Where a backward function adds to: null where nobody needs it.
  const V nobody = V();
  Gradient<double> none(nobody);
  CHECK_FALSE(none.needed());
  CHECK(none.view().data == nullptr);
  CHECK(none.shape() == Shape{0});
  CHECK_NOTHROW(none.add_sparse({}));
  Gradient<double> there(w);
  check_error<ShapeError>(
      [&] {
        static_cast<void>(there.view());
        there.add_sparse({});
      },
      "gradient: the tensor is absent");
}

TEST_CASE("arguments: an exception of a backward function comes out of backward") {
  const V w = leaf_of({1});
  const V y = record("own", Tensor<double>::zeros({}), {w}, [](auto, auto) { fail<ValueError>("own: no"); });
  check_error<ValueError>([&] { y.backward(); }, "own: no");
  ops::sum(w).backward();  // and the next graph is as any other
  CHECK(w.grad().item() == 1);
}

TEST_CASE("arguments: check_gradient") {
  const auto square = [](auto inputs) { return ops::sum(inputs[0] * inputs[0]); };
  check_error<ShapeError>([&] { check_gradient(square, {Tensor<double>()}); }, "absent");
  check_error<ShapeError>([&] { check_gradient([](auto) { return V(); }, {Tensor<double>::zeros({2})}); },
                          "absent");
  CHECK(check_gradient(square, {Tensor<double>::zeros({0})}) == 0);
  for (const double step : {0.0, -1.0, std::nan("")})
    check_error<ValueError>([&] { check_gradient(square, {Tensor<double>::zeros({1})}, {.step = step}); },
                            "check_gradient: step");
  for (const double tolerance : {-1.0, std::nan("")})
    check_error<ValueError>(
        [&] { check_gradient(square, {Tensor<double>::zeros({1})}, {.tolerance = tolerance}); },
        "check_gradient: tolerance");
}
