// SPDX-License-Identifier: MIT
#pragma once
// Optimizer updates on the CPU: one pass over value, gradient and state, divided among the threads.

#include "lstmlib/backend/cpu/kernel_sets.hpp"
#include "lstmlib/backend/cpu/scratch.hpp"
#include "lstmlib/backend/cpu/threads.hpp"
#include "lstmlib/backend/kernels/update.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <variant>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cpu {

template <Real T>
class CpuUpdateKernels final : public UpdateKernels<T> {
 public:
  void update(const math::UpdateRule& rule, std::span<const math::GradientTransform> given_transforms,
              std::span<const UpdateItem<T>> items) override {
    const auto kernel = kernel_table<T>().update[rule.index()];
    const void* chosen =
        address_of_alternative(rule, std::make_index_sequence<std::variant_size_v<math::UpdateRule>>());
    Scratch scratch;
    const auto transforms = with_factors(given_transforms, scratch);
    for (const auto& item : items)
      each_piece(item.gradient, item.value, [&](Index, Index first, Index count, const T* from) {
        UpdateSpan<T> span{count, transforms.data(), transforms.size(), item.value.data + first, from, {}};
        for (std::size_t i = 0; i < span.state.size(); ++i)
          if (item.state[i]) span.state[i] = item.state[i].data + first;
        kernel(chosen, span);
      });
  }
  void add_squared_norm(std::span<const math::GradientTransform> given_transforms,
                        std::span<const UpdateItem<T>> items, double* sum) override {
    Scratch scratch;
    const auto transforms = with_factors(given_transforms, scratch);
    for (const auto& item : items) *sum += squared_norm(transforms, item.gradient, item.value);
  }
  void clip_factor(double threshold, const double* squared_norm, double* factor) override {
    const double rate = threshold / std::sqrt(*squared_norm);
    *factor = rate >= 1 ? 1 : rate;  // NaN stays NaN, and so become all gradients
  }
  void apply(std::span<const math::GradientTransform> given_transforms, View<const T> value,
             View<T> gradient) override {
    Scratch scratch;
    const auto transforms = with_factors(given_transforms, scratch);
    parallel_ranges(gradient.size(), 1, [&](Index first, Index last) {
      transformed(transforms, value.data + first, gradient.data + first, last - first, gradient.data + first);
    });
  }

 private:
  /// std::visit would take a second to compile for this many rules.
  template <std::size_t... alternatives>
  static const void* address_of_alternative(const math::UpdateRule& rule,
                                            std::index_sequence<alternatives...>) {
    const void* found = nullptr;
    ((rule.index() == alternatives ? static_cast<void>(found = std::get_if<alternatives>(&rule)) : void()),
     ...);
    return found;
  }
  /// The transforms with factors replaced by their values, which the kernels read.
  static std::span<const math::GradientTransform> with_factors(std::span<const math::GradientTransform> given,
                                                               Scratch& scratch) {
    const auto count = static_cast<Index>(given.size());
    const std::span transforms(scratch.take<math::GradientTransform>({count}).data, given.size());
    std::copy(given.begin(), given.end(), transforms.begin());
    for (auto& transform : transforms)
      if (transform.factor) transform.value = *transform.factor;
    return transforms;
  }
  static double squared_norm(std::span<const math::GradientTransform> transforms,
                             const GradientView<T>& gradient, View<const T> value) {
    std::vector<double> sums(static_cast<std::size_t>(pieces(gradient, value)));
    each_piece(gradient, value, [&](Index piece, Index first, Index count, const T* from) {
      double& sum = sums[static_cast<std::size_t>(piece)];
      std::array<T, 512> after;
      for (Index at = 0; at < count; at += std::ssize(after)) {
        const Index some = std::min<Index>(count - at, std::ssize(after));
        transformed(transforms, value.data + first + at, from ? from + at : nullptr, some, after.data());
        for (Index i = 0; i < some; ++i) {
          const auto g = static_cast<double>(after[static_cast<std::size_t>(i)]);
          sum += g * g;
        }
      }
    });
    return std::accumulate(sums.begin(), sums.end(), 0.0);
  }
  static void transformed(std::span<const math::GradientTransform> transforms, const T* value,
                          const T* gradient, Index count, T* to) {
    // This kernel only reads the value. Its argument type is shared with rules, which write it.
    kernel_table<T>().transform_gradient(
        {count, transforms.data(), transforms.size(), const_cast<T*>(value), gradient, {}}, to);
  }

  static Index rows_a_piece(const GradientView<T>& gradient, View<const T> value) {
    return gradient.indices
               ? std::max<Index>(1, min_parallel_elements / std::max<Index>(1, value.shape.row_size()))
               : min_parallel_elements;
  }
  static Index pieces(const GradientView<T>& gradient, View<const T> value) {
    const Index rows = gradient.indices ? value.shape.rows() : value.size(),
                piece = rows_a_piece(gradient, value);
    return (rows + piece - 1) / piece;
  }
  /// Calls `use(piece, first element, count, their gradient or null)` for all elements of the parameter.
  /// Calls for one piece come in order, on one thread.
  template <class Use>
  static void each_piece(const GradientView<T>& gradient, View<const T> value, Use use) {
    const Index rows = rows_a_piece(gradient, value);
    parallel_for(pieces(gradient, value), [&](Index piece) {
      if (gradient.indices)
        return each_row_run(gradient, value, piece * rows, std::min(value.shape.rows(), (piece + 1) * rows),
                            piece, use);
      const Index first = piece * rows;
      use(piece, first, std::min(rows, value.size() - first),
          gradient.dense ? gradient.dense.data + first : nullptr);
    });
  }
  /// Rows `first` to `last` - 1 of a table, some of which have a gradient. Rows between two of these are one
  /// call.
  template <class Use>
  static void each_row_run(const GradientView<T>& gradient, View<const T> value, Index first, Index last,
                           Index piece, Use use) {
    const Index width = value.shape.row_size();
    const std::int32_t *ids = gradient.indices.data, *end = ids + gradient.indices.size();
    const std::int32_t* next = std::lower_bound(ids, end, static_cast<std::int32_t>(first));
    for (Index row = first; row < last;) {
      const Index with = next < end ? std::min<Index>(*next, last) : last;
      if (with > row) {
        use(piece, row * width, (with - row) * width, nullptr);
      } else {
        use(piece, row * width, width, gradient.values.data + (next++ - ids) * width);
      }
      row = std::max(with, row + 1);
    }
  }
};

}  // namespace lstmlib::inline LSTMLIB_ABI::cpu
