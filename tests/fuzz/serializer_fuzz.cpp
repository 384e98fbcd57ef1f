// SPDX-License-Identifier: MIT
// Archives that nearly fit, as a snapshot: refused with a FormatError that leaves the part as it was, or
// taken so that it is saved and loaded again. Each array of a fitting archive is kept, left out, renamed or
// replaced, as the input says.

#include "lstmlib/base/error.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "lstmlib/nn/linear.hpp"
#include "lstmlib/nn/recurrent.hpp"

#include <fuzzer/FuzzedDataProvider.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace lstmlib;

struct Model : nn::Module {
  nn::Lstm<float> encoder{{.input_size = 2, .hidden_size = 1}};
  nn::Linear<float> output{{.input_size = 1, .output_size = 2}};
  void visit_members(nn::MemberVisitor& visit) override { visit("encoder", encoder)("output", output); }
};

/// One of each kind of value.
struct Part {
  bool flag = true;
  std::int64_t count = -3;
  std::uint64_t seed = 7;
  double rate = 0.5;
  std::optional<double> best, last = 2.5;
  std::string text = "[1]";
  std::vector<std::int64_t> order{1, 0};
  Tensor<float> floats = Tensor<float>::from({1, 2}, {2});
  Tensor<double> doubles = Tensor<double>::from({1, 2}, {1, 2});
  Tensor<std::int32_t> small_integers = Tensor<std::int32_t>::from({1, 2}, {2});
  Tensor<std::int64_t> integers = Tensor<std::int64_t>::from({1, 2}, {2});
  Model model;

  void serialize(io::Serializer& s) {
    s.value("flag", flag);
    s.value("count", count);
    s.value("seed", seed);
    s.value("rate", rate);
    s.value("best", best);
    s.value("last", last);
    s.value("text", text);
    s.value("order", order);
    s.scope("tensors", [&](io::Serializer& part) {
      part.value("floats", floats);
      part.value("doubles", doubles);
      part.value("small_integers", small_integers);
      part.value("integers", integers);
    });
    s.child("model:main", model);
  }
};

/// Any array of at most a few hundred bytes.
io::Array any_array(FuzzedDataProvider& input) {
  const auto dtype = static_cast<io::ArrayDtype>(input.ConsumeIntegralInRange<int>(0, 16));
  std::vector<Index> shape(input.ConsumeIntegralInRange<std::size_t>(0, 3));
  for (Index& size : shape) size = input.ConsumeIntegralInRange<Index>(0, 3);
  const Index item_size =
      4 * input.ConsumeIntegralInRange<Index>(1, 3);  // of text; the other types have their own
  io::Array array = io::Array::empty(dtype, item_size, std::move(shape));
  if (dtype == io::ArrayDtype::boolean) {
    for (std::byte& value : array.data) value = std::byte{input.ConsumeBool()};
  } else if (!array.data.empty()) {
    input.ConsumeData(array.data.data(), array.data.size());
  }
  for (io::Value& value : array.objects) {
    if (input.ConsumeBool()) value = input.ConsumeIntegral<std::int64_t>();
    else if (input.ConsumeBool()) value = input.ConsumeRandomLengthString(8);
  }
  return array;
}

io::Archive any_archive(FuzzedDataProvider& input) {
  io::Archive archive;
  for (const auto& entry : io::to_archive(Part())) {
    switch (input.ConsumeIntegralInRange<int>(0, 7)) {
      case 7: break;
      case 6: archive.add(entry.name + '/', entry.array); break;
      case 5: archive.add(entry.name, any_array(input)); break;
      default: archive.add(entry.name, entry.array);
    }
  }
  return archive;
}

/// Arrays are compared as bytes, where NaN equals itself.
bool same(const io::Archive& left, const io::Archive& right) {
  if (left.names() != right.names()) return false;
  for (const auto& entry : left)
    if (!(entry.array == right.at(entry.name))) return false;
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  const io::Archive archive = any_archive(input);
  const auto extra = input.ConsumeBool() ? io::ExtraKeys::ignore : io::ExtraKeys::refuse;
  Part part;
  const io::Archive before = io::to_archive(part);
  try {
    io::from_archive(archive, part, extra);
  } catch (const FormatError&) {
    if (!same(io::to_archive(part), before)) std::abort();
    return 0;
  }
  const io::Archive taken = io::to_archive(part);
  Part again;
  io::from_archive(taken, again);  // an exception here ends the program, which the fuzzer reports
  if (!same(io::to_archive(again), taken)) std::abort();
  return 0;
}
