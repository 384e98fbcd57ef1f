// SPDX-License-Identifier: MIT
// Every public call of tensors, devices and batches with every argument wrong in each way that it can be
// wrong: an error of one line, or an answer. The sanitizers watch.
#include "two_devices.hpp"

#include "support.hpp"

#include <limits>

using namespace lstmlib;

namespace {
template <class T>
Tensor<T> moved_from() {
  auto x = Tensor<T>::zeros({3, 2});
  const Tensor<T> there = std::move(x);
  return x;
}
constexpr Index huge = Index{1} << 62, most = std::numeric_limits<Index>::max();
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
template <class T>
void check_absent(Tensor<T> x) {
  CHECK_FALSE(x);
  CHECK(x.is_absent());
  CHECK(x.size() == 0);
  CHECK(x.shape() == Shape{0});
  CHECK(x.view().data == nullptr);
  CHECK(x.mutable_view().data == nullptr);
  CHECK(x.version() == 0);
  CHECK(message(x) == "absent");
  CHECK_FALSE(Tensor<T>(x));
  CHECK_FALSE(Tensor<T>(std::as_const(x)));
  auto there = Tensor<T>::zeros({1});
  const auto check = [&](const char* op, auto call) {
    check_error<ShapeError>([&] { static_cast<void>(call()); }, std::string(op) + ": the tensor is absent");
  };
  check("device", [&] { return x.device(); });
  check("device", [&] { return x.to(Device::cpu()); });
  check("device", [&] { return std::as_const(x).to(test::other_device()); });
  check("device", [&] { return x.clone(); });
  check("rows", [&] { return x.rows(0, 0); });
  check("rows", [&] { return std::as_const(x).rows(0, 0); });
  check("reshape", [&] { return x.reshape({0}); });
  check("reshape", [&] { return std::as_const(x).reshape({0}); });
  check("values", [&] { return x.values(); });
  check("values", [&] { return x.mutable_values(); });
  check("item", [&] { return x.item(); });
  check("clear", [&] {
    x.clear();
    return 0;
  });
  check("assign", [&] {
    x.assign(there);
    return 0;
  });
  check("assign", [&] {
    there.assign(x);
    return 0;
  });
  if constexpr (Real<T>) check("some_op", [&] { return &kernels("some_op", x); });
  if constexpr (Real<T>) CHECK_NOTHROW(kernels("some_op", there, x));  // the others may be left out
}
}  // namespace

TEST_CASE("arguments: an absent tensor, of each type, default-made or moved from") {
  check_absent(Tensor<float>());
  check_absent(Tensor<double>());
  check_absent(Tensor<std::int32_t>());
  check_absent(Tensor<std::int64_t>());
  check_absent(moved_from<float>());
  check_absent(moved_from<std::int64_t>());
  auto taken = Tensor<float>::zeros({2}), assigned = Tensor<float>::zeros({3});
  assigned = std::move(taken);
  check_absent(taken);
  CHECK(assigned.shape() == Shape{2});
  assigned = *&assigned;
  CHECK(assigned.shape() == Shape{2});
  taken = Tensor<float>::from({7}, {1});  // and may be used again
  CHECK(taken.item() == 7);
}

TEST_CASE_TEMPLATE("arguments: more bytes than can be addressed", T, float, double, std::int32_t,
                   std::int64_t) {
  constexpr Index all = static_cast<Index>(std::numeric_limits<std::ptrdiff_t>::max() / sizeof(T));
  for (const Shape& shape :
       {Shape{huge}, Shape{most}, Shape{all + 1}, Shape{huge / 4, 4}, Shape{1, most, 1}}) {
    CAPTURE(shape);
    check_error<ShapeError>([&] { static_cast<void>(Tensor<T>::zeros(shape)); },
                            "more bytes than can be addressed");
    check_error<ShapeError>([&] { static_cast<void>(Tensor<T>::uninitialized(shape)); },
                            "more bytes than can be addressed");
    check_error<ShapeError>([&] { static_cast<void>(Tensor<T>::from({}, shape)); }, "0 values for shape");
  }
  CHECK(Tensor<T>::zeros({huge, 0}).size() == 0);
}

TEST_CASE("arguments: a device whose memory is full") {
  test::other_backend().refuse = true;
  const Device full = test::other_device();
  const auto here = Tensor<float>::zeros({3});
  const auto check = [&](auto call) {
    check_error<OutOfMemoryError>([&] { static_cast<void>(call()); },
                                  "out of memory: a tensor of 12 bytes on other:0");
    check_error<std::bad_alloc>([&] { static_cast<void>(call()); }, "out of memory");
  };
  check([&] { return Tensor<float>::uninitialized({3}, full); });
  check([&] { return Tensor<float>::zeros({3}, full); });
  check([&] { return Tensor<float>::from({1, 2, 3}, {3}, full); });
  check([&] { return here.to(full); });
  test::other_backend().refuse = false;
  const auto there = here.to(full);
  test::other_backend().refuse = true;
  check([&] { return there.clone(); });
  test::other_backend().refuse = false;
  CHECK(there.to(Device::cpu()).values()[2] == 0);
}

TEST_CASE("arguments: shapes") {
  check_error<ShapeError>([] { Shape({-1}); }, "shape: negative size -1");
  check_error<ShapeError>([] { Shape({2, -3, most}); }, "negative size");
  check_error<ShapeError>([] { Shape({std::numeric_limits<Index>::min()}); }, "negative size");
  check_error<ShapeError>([] { Shape({1, 1, 1, 1, 1, 1, 1}); }, "7 axes, at most 6");
  check_error<ShapeError>([] { Shape({huge, 2}); }, "too many elements");
  check_error<ShapeError>([] { Shape({huge, 0, 4}); }, "too many elements");
  check_error<ShapeError>([] { Shape({most, most}); }, "too many elements");
  const Shape shape{2, 3};
  for (const int axis : {-1, 2, 6, 1000, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()})
    check_error<IndexError>([&] { static_cast<void>(shape[axis]); }, "shape: no axis ");
  check_error<IndexError>([] { static_cast<void>(Shape()[0]); }, "shape: no axis 0 in []");
  check_error<ShapeError>([&] { static_cast<void>(shape.with_rows(-1)); }, "negative size");
  check_error<ShapeError>([&] { static_cast<void>(shape.with_rows(huge)); }, "too many elements");
  check_error<ShapeError>([] { static_cast<void>(Shape().with_rows(1)); }, "a scalar has no rows");
  CHECK(Shape{huge, 0}.row_size() == 0);
  CHECK_THROWS_AS(AxisView(shape, 2), IndexError);
  CHECK_THROWS_AS(AxisView(shape, -1), IndexError);
}

TEST_CASE("arguments: rows, other shapes, one element, assignment") {
  auto x = Tensor<float>::zeros({3, 2});
  const auto fixed = x.clone();
  for (const auto& [first, count] : {std::pair<Index, Index>{-1, 1},
                                     {0, -1},
                                     {0, 4},
                                     {3, 1},
                                     {4, 0},
                                     {most, 1},
                                     {1, most},
                                     {most, most},
                                     {std::numeric_limits<Index>::min(), 1}}) {
    check_error<ShapeError>([&, f = first, c = count] { static_cast<void>(x.rows(f, c)); }, "rows: ");
    check_error<ShapeError>([&, f = first, c = count] { static_cast<void>(fixed.rows(f, c)); }, "rows: ");
  }
  CHECK(x.rows(3, 0).size() == 0);
  auto scalar = Tensor<float>::zeros({});
  check_error<ShapeError>([&] { static_cast<void>(scalar.rows(0, 1)); }, "rows: a scalar has none");
  for (const Shape& shape : {Shape{7}, Shape{}, Shape{0}, Shape{6, 0}, Shape{huge}})
    check_error<ShapeError>([&] { static_cast<void>(x.reshape(shape)); }, "reshape: [3, 2] to ");
  check_error<ShapeError>([&] { static_cast<void>(x.item()); }, "item: one element expected, shape [3, 2]");
  check_error<ShapeError>([&] { static_cast<void>(Tensor<float>::zeros({0}).item()); }, "item: one element");
  check_error<ShapeError>([&] { x.assign(Tensor<float>::zeros({2, 3})); }, "assign: [2, 3] to [3, 2]");
  check_error<ShapeError>([&] { x.assign(Tensor<float>::zeros({6})); }, "assign: ");
  x.assign(x);
  x.assign(Tensor<float>::from({1, 2, 3, 4, 5, 6}, {3, 2}, test::other_device()));
  CHECK(x.values()[5] == 6);
}

TEST_CASE("arguments: values for a shape") {
  using X = Tensor<float>;
  check_error<ShapeError>([] { static_cast<void>(X::from({1, 2, 3}, {2, 2})); }, "3 values for shape [2, 2]");
  check_error<ShapeError>([] { static_cast<void>(X::from({1, 2, 3, 4, 5}, {2, 2})); },
                          "5 values for shape [2, 2]");
  check_error<ShapeError>([] { static_cast<void>(X::from({}, {})); }, "0 values for shape []");
  check_error<ShapeError>([] { static_cast<void>(X::from(std::span<const float>(), {1})); }, "0 values");
  CHECK(X::from(std::span<const float>(), {0, 4}).size() == 0);
}

TEST_CASE("arguments: devices") {
  Backend& other = test::other_backend();
  for (const int number : {-1, 2, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()})
    check_error<DeviceError>([&] { Device(other, number); }, "other has 2");
  check_error<DeviceError>([] { Device(cpu_backend(), 1); }, "no device 1: cpu has 1");
  for (const char* name :
       {"", ":", "cpu:", "cpu:1", "cpu:-1", "cpu:x", "cpu:0x", "cpu:99999999999", "CPU", "gpu", ":0"})
    check_error<DeviceError>([&] { static_cast<void>(Device::parse(name)); }, "");
  CHECK(find_backend("") == nullptr);
  CHECK(find_backend("nothing") == nullptr);

  const auto here = Tensor<float>::zeros({2});
  const auto there = Tensor<float>::zeros({2}, test::other_device()), second = here.to(Device(other, 1));
  check_error<DeviceError>([&] { static_cast<void>(there.values()); },
                           "values: tensor is on other:0; copy it");
  check_error<DeviceError>([&] { kernels("some_op", here, there); },
                           "some_op: arguments are on cpu and on other:0");
  check_error<DeviceError>([&] { kernels("some_op", there, second); }, "on other:0 and on other:1");
  CHECK(there.to(Device(other, 1)).device().number() == 1);
  CHECK(message(there) == "[0. 0.]");
  CHECK(there.rows(1, 1).item() == 0);
}

TEST_CASE("arguments: sequences") {
  const auto made = [](std::vector<Index> lengths) { return SequenceLayout(lengths); };
  check_error<ShapeError>([&] { made({2, 0}); }, "sequence layout: sequence 1 has 0 rows");
  check_error<ShapeError>([&] { made({-1}); }, "sequence layout: sequence 0 has -1 rows");
  check_error<ShapeError>([&] { made({huge, huge}); }, "sequence layout: too many rows");
  check_error<OutOfMemoryError>([&] { made({most}); }, "out of memory: a sequence of ");
  CHECK(made({}).rows() == 0);
  CHECK(made({}).time_steps() == 0);
  SequenceLayout one = made({2, 1});
  const SequenceLayout two = std::move(one);
  CHECK(one.rows() == 3);  // moving copies
  CHECK(two.rows() == 3);

  const Tokens none;
  check_error<ShapeError>([&] { static_cast<void>(none.sequences()); }, "the batch has no layout");
  CHECK_FALSE(none.with(Tensor<float>::zeros({1})).layout);

  using Sentences = std::vector<std::vector<std::int32_t>>;
  check_error<ShapeError>(
      [] {
        static_cast<void>(make_tokens(Sentences{{1}, {}}));
      },
      "sequence 1 has 0 rows");
  CHECK(make_tokens(Sentences{}).values.size() == 0);
}

TEST_CASE("arguments: storages and what watches them") {
  Storage none;
  CHECK_FALSE(none);
  CHECK(none.bytes() == 0);
  CHECK(none.data() == nullptr);
  CHECK(none.mutable_data() == nullptr);
  CHECK(none.version() == 0);
  check_error<ShapeError>([&] { static_cast<void>(none.device()); }, "storage: it is absent");
  CHECK_FALSE(StorageWatch(none).has_changed());
  Storage some(0, Device::cpu());
  StorageWatch watch(some);
  CHECK_FALSE(watch.has_changed());
  static_cast<void>(some.mutable_data());
  CHECK(watch.has_changed());
  const Storage moved = std::move(some);
  CHECK_FALSE(some);
  CHECK(some.bytes() == 0);
}
