// SPDX-License-Identifier: MIT
#pragma once
// Averages of weights. See base/linkage.hpp.

#include "lstmlib/base/option.hpp"
#include "lstmlib/optim/parameter_list.inl"
#include "lstmlib/optim/update_items.hpp"
#include "lstmlib/optim/weight_average.hpp"

namespace lstmlib::inline LSTMLIB_ABI::optim {

template <Real T>
Tensor<T>& WeightAverage::to_device_of(Entry<T>& entry) {
  Tensor<T>& average = entry.state.front();
  average = average.to(entry.parameter.device());
  return average;
}

template <Real T>
void WeightAverage::update(std::vector<Entry<T>>& entries, double weight) {
  using Kind = math::GradientTransform::Kind;
  std::vector<UpdateItem<T>> items;
  for (auto& entry : entries) {
    if (entry.is_frozen() && entry.state.empty()) continue;
    if (entry.state.empty()) {
      entry.state.push_back(entry.parameter.value().clone());
      continue;
    }
    UpdateItem<T>& item = items.emplace_back();
    item.value = to_device_of(entry).mutable_view();
    item.gradient.dense = entry.parameter.view();
  }
  if (items.empty()) return;
  const math::GradientTransform difference[] = {{Kind::scale, -1}, {Kind::decay, 1}};  // average - value
  kernels("weight average", entries.front().parameter.value())
      .update.update(math::SgdRule{weight}, difference, items);
}

template <Real T>
void WeightAverage::serialize_entry(io::Serializer& serializer, Entry<T>& entry) {
  if (serializer.loading()) {
    entry.state.clear();
    if (serializer.has(entry.names.front() + "/average"))
      entry.state.push_back(entry.parameter.value().clone());
  }
  if (entry.state.empty()) return;
  const Index blocks = std::ssize(entry.names), rows = entry.parameter.shape().rows() / blocks;
  for (Index block = 0; block < blocks; ++block) {
    auto& whole = entry.state.front();
    auto part = blocks == 1 ? whole : whole.rows(block * rows, rows);  // shares the memory
    serializer.value(entry.names[static_cast<std::size_t>(block)] + "/average", part);
  }
}

LSTMLIB_LAZY_INLINE WeightAverage::WeightAverage(nn::Module& model) : model_(model.place()) {
  detail::collect(model, parameters_);
}

LSTMLIB_INLINE WeightAverage::~WeightAverage() = default;

LSTMLIB_LAZY_INLINE void WeightAverage::update() {
  if (swapped_) fail<Error>("weight average: update() while the model has the averages");
  detail::check_members("weight average", *model_, parameters_);
  const double weight = next_weight();
  ++updates_;
  parameters_.for_each_type([&]<Real T>(std::vector<Entry<T>>& entries) { update(entries, weight); });
}

LSTMLIB_INLINE void WeightAverage::swap() {
  parameters_.for_each_type([](auto& entries) {
    for (auto& entry : entries) {
      if (entry.state.empty()) continue;
      auto& value = entry.parameter.mutable_value();
      auto& average = to_device_of(entry);
      const auto kept = value.clone();
      value.assign(average);
      average.assign(kept);
    }
  });
  swapped_ = !swapped_;
}

LSTMLIB_LAZY_INLINE void WeightAverage::serialize(io::Serializer& serializer) {
  if (swapped_) fail<Error>("weight average: saved or loaded while the model has the averages");
  serializer.value("n", updates_);
  if (serializer.loading() && updates_ < 0) fail<FormatError>("weight average: n is ", updates_);
  parameters_.for_each_type([&](auto& entries) {
    for (auto& entry : entries) serialize_entry(serializer, entry);
  });
}

LSTMLIB_LAZY_INLINE Ema::Ema(nn::Module& model, EmaOptions o) : WeightAverage(model), options(o) {
  lstmlib::detail::require_below_one("EmaOptions", "decay", o.decay);
}

LSTMLIB_INLINE double Ema::next_weight() const {
  lstmlib::detail::require_below_one("EmaOptions", "decay", options.decay);
  return 1 - options.decay;
}

}  // namespace lstmlib::inline LSTMLIB_ABI::optim
