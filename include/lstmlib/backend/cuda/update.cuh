// SPDX-License-Identifier: MIT
#pragma once
// Optimizer updates on a GPU.

#include "lstmlib/backend/kernels/update.hpp"
#include "lstmlib/backend/cuda/factories.hpp"
#include "lstmlib/backend/cuda/kernels/elementwise.cuh"
#include "lstmlib/backend/cuda/kernels/update.cuh"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

template <Real T>
class CudaUpdateKernels final : public UpdateKernels<T> {
 public:
  explicit CudaUpdateKernels(Context& context) : context_(context) {}

  void update(const math::UpdateRule& rule, std::span<const math::GradientTransform> transforms,
              std::span<const UpdateItem<T>> items) override {
    const GradientTransforms given = copy(transforms);
    each_table(items, [&](const UpdateTable<T>& table) {
      std::visit(
          [&]<class Rule>(const Rule& chosen) {
            launch(context_.stream, {.blocks = table.blocks(), .threads = default_threads},
                   update_kernel<T, Rule>, table, given, chosen);
          },
          rule);
    });
  }
  void add_squared_norm(std::span<const math::GradientTransform> transforms,
                        std::span<const UpdateItem<T>> items, double* sum) override {
    const GradientTransforms given = copy(transforms);
    each_table(items, [&](const UpdateTable<T>& table) {
      Scratch scratch(context_);
      double* parts = scratch.take<double>({table.blocks()}).data;
      const LaunchShape shape{.threads = default_threads, .shared_bytes = line_shared_bytes};
      LaunchShape all = shape;
      all.blocks = table.blocks();
      launch(context_.stream, all, squared_norm_kernel<T>, table, given, parts);
      launch(context_.stream, shape, add_parts_kernel, static_cast<const double*>(parts),
             Index{table.blocks()}, sum);
    });
  }
  void clip_factor(double threshold, const double* squared_norm, double* factor) override {
    for_each(context_, 1, ClipFactorBody{threshold, squared_norm, factor});
  }
  void apply(std::span<const math::GradientTransform> transforms, View<const T> value,
             View<T> gradient) override {
    for_each(context_, gradient.size(),
             TransformGradientBody<T>{copy(transforms), value.data, gradient.data});
  }

 private:
  static GradientTransforms copy(std::span<const math::GradientTransform> transforms) {
    if (transforms.size() > GradientTransforms::max)
      fail<Error>("update: ", transforms.size(), " hooks, at most ", GradientTransforms::max, " on a GPU");
    GradientTransforms made;
    for (const auto& transform : transforms) made.transform[made.count++] = transform;
    return made;
  }

  /// Calls `use(table)` for as many items at a time as fit a table.
  template <class Use>
  void each_table(std::span<const UpdateItem<T>> items, Use use) {
    Scratch scratch(context_);
    UpdateTable<T> table;
    for (const auto& item : items) {
      if (item.value.size() == 0) continue;
      table.span[table.count] = span_of(item, scratch);
      const Index blocks = (item.value.size() + table.a_block - 1) / table.a_block;
      table.first_block[table.count + 1] = table.first_block[table.count] + static_cast<int>(blocks);
      if (++table.count == table.max) {
        use(std::as_const(table));
        table.count = 0;
      }
    }
    if (table.count > 0) use(std::as_const(table));
  }
  UpdateSpan<T> span_of(const UpdateItem<T>& item, Scratch& scratch) {
    UpdateSpan<T> span{item.value.size(), item.value.shape.row_size(),
                       item.value.data,   item.gradient.dense.data,
                       nullptr,           {}};
    for (std::size_t k = 0; k < item.state.size(); ++k) span.state[k] = item.state[k].data;
    if (item.gradient.indices.size() == 0) return span;
    const Index rows = item.value.shape.rows();
    std::int32_t* places = scratch.take<std::int32_t>({rows}).data;
    for_each(context_, rows, FillBody<std::int32_t>{-1, places});
    for_each(context_, item.gradient.indices.size(), PlaceRowsBody{item.gradient.indices.data, places, rows});
    span.gradient = item.gradient.values.data;
    span.rows = places;
    return span;
  }

  Context& context_;
};

template <Real T>
std::unique_ptr<UpdateKernels<T>> make_update_kernels(Context& context) {
  return std::make_unique<CudaUpdateKernels<T>>(context);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::cuda
