// SPDX-License-Identifier: MIT
#pragma once
// Embedding, dropout, losses, windows over text, convolution and pooling on a GPU.

#include "lstmlib/backend/kernels/nn.hpp"
#include "lstmlib/backend/cuda/factories.hpp"
#include "lstmlib/backend/cuda/kernels/cross_entropy.cuh"
#include "lstmlib/backend/cuda/kernels/dropout.cuh"
#include "lstmlib/backend/cuda/kernels/over_sequences.cuh"
#include "lstmlib/backend/cuda/kernels/rows.cuh"
#include "lstmlib/backend/cuda/kernels/windows.cuh"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

template <Real T>
class CudaNnKernels final : public NnKernels<T> {
 public:
  explicit CudaNnKernels(Context& context) : context_(context) {}

  void gather_rows(View<const T> table, View<const std::int32_t> ids, std::int32_t ignore,
                   const RowDropout& dropout, View<T> rows) override {
    const Index width = table.shape.row_size();
    const GatherBody<T> gather{
        table.data, ids.data, rows.data, width, table.shape.rows(), ignore, context_.errors.word()};
    if (dropout.ratio > 0)
      each_in_rows(ids.size(), (width + 3) / 4, GatherDroppedBody<T>{gather, mask_of<T>(context_, dropout)});
    else each_in_rows(ids.size(), width, gather);
  }
  Index sum_rows_by_id(View<const T> rows, View<const std::int32_t> ids, std::int32_t ignore,
                       const RowDropout& dropout, View<std::int32_t> distinct, View<T> sums) override {
    add_rows_by_id(context_, rows, ids, ignore, dropout, distinct.data, sums.data, false, 0);
    return ids.size();
  }
  void scatter_add_rows(View<const T> rows, View<const std::int32_t> ids, std::int32_t ignore,
                        View<T> table) override {
    if (table)
      add_rows_by_id<T>(context_, rows, ids, ignore, {}, nullptr, table.data, true, table.shape.rows());
  }

  void dropout(const RowDropout& dropout, View<const T> x, View<T> y, OutputMode how) override {
    if (!y) return;
    const Index columns = y.shape.row_size();
    each_in_rows(y.shape.rows(), (columns + 3) / 4,
                 DropoutBody<T>{mask_of<T>(context_, dropout), columns, x.data, y.data, how});
  }

  void cross_entropy(const CrossEntropyProblem<T>& p, bool normalize, View<const T> scores,
                     const CrossEntropyResult<T>& result) override {
    const LabelledScores<T> problem = labelled(p);
    for_each_line(context_, p.axis,
                  CrossEntropy<T>{problem, scores.data, result.log_probabilities.data, result.losses.data,
                                  context_.errors.word()});
    if (!result.total && !result.factor) return;
    launch(context_.stream, {.threads = default_threads, .shared_bytes = line_shared_bytes},
           total_loss_kernel<T>, problem, static_cast<const T*>(result.losses.data), result.losses.size(),
           normalize ? 0 : std::max<Index>(1, p.axis.outer), result.total.data, result.factor.data);
  }
  void cross_entropy_backward(const CrossEntropyProblem<T>& p, View<const T> log_probabilities,
                              View<const T> d_losses, View<const T> factor, View<T> d_scores) override {
    if (!d_scores) return;
    each_in_rows(p.axis.outer * p.axis.size, p.axis.inner,
                 CrossEntropyBackwardBody<T>{labelled(p), log_probabilities.data, d_losses.data, factor.data,
                                             d_losses.size() == 1, d_scores.data});
  }
  void count_correct(View<const T> scores, View<const std::int32_t> labels, std::int32_t ignore,
                     View<std::int32_t> counts) override {
    const Index rows = labels.size();
    Scratch scratch(context_);
    std::int32_t* hits = scratch.take<std::int32_t>({rows}).data;
    if (rows > 0)
      launch(context_.stream, {.blocks = blocks_for(rows, default_threads / 32), .threads = default_threads},
             find_hits_kernel<T>, scores.data, labels.data, ignore, rows,
             static_cast<std::int32_t>(scores.shape.row_size()), hits, context_.errors.word());
    launch(context_.stream, {.threads = default_threads, .shared_bytes = line_shared_bytes},
           count_hits_kernel, static_cast<const std::int32_t*>(hits), rows, counts.data);
  }

  void unfold_time(const SequenceLayout& layout, Index window, View<const T> x, View<T> columns) override {
    const Index features = x.shape.row_size();
    each_in_rows(layout.rows() + layout.sequences() * (window - 1), features * window,
                 UnfoldTimeBody<T>{on_device(context_, layout), window, features, x.data, columns.data});
  }
  void unfold_time_backward(const SequenceLayout& layout, Index window, View<const T> d_columns,
                            View<T> d_x) override {
    if (!d_x) return;
    const Index features = d_x.shape.row_size();
    each_in_rows(
        layout.rows(), features,
        UnfoldTimeBackwardBody<T>{on_device(context_, layout), window, features, d_columns.data, d_x.data});
  }
  void unfold_image(const Convolution2d& c, View<const T> image, View<T> columns) override {
    each_in_rows(c.out_height() * c.out_width(), c.column_size(),
                 UnfoldImageBody<T>{ImageWindows(c), image.data, columns.data});
  }
  void unfold_image_backward(const Convolution2d& c, View<const T> d_columns, View<T> d_image) override {
    if (d_image)
      each_in_rows(c.channels * c.height, c.width,
                   UnfoldImageBackwardBody<T>{ImageWindows(c), d_columns.data, d_image.data});
  }

  void segment_max(const SequenceLayout& layout, View<const T> x, View<T> y) override {
    const Index columns = x.shape.row_size();
    each_in_rows(layout.sequences(), columns,
                 SegmentMaxBody<T>{on_device(context_, layout), columns, x.data, y.data});
  }
  void segment_max_backward(const SequenceLayout& layout, View<const T> x, View<const T> y, View<const T> d_y,
                            View<T> d_x) override {
    if (!d_x) return;
    const Index columns = x.shape.row_size();
    each_in_rows(
        layout.rows(), columns,
        SegmentMaxBackwardBody<T>{on_device(context_, layout), columns, x.data, y.data, d_y.data, d_x.data});
  }
  void segment_sum(const SequenceLayout& layout, bool mean, View<const T> x, View<T> y) override {
    const Index columns = x.shape.row_size();
    each_in_rows(layout.sequences(), columns,
                 SegmentSumBody<T>{on_device(context_, layout), columns, mean, x.data, y.data});
  }
  void segment_sum_backward(const SequenceLayout& layout, bool mean, View<const T> d_y,
                            View<T> d_x) override {
    if (!d_x) return;
    const Index columns = d_x.shape.row_size();
    each_in_rows(layout.rows(), columns,
                 SegmentSumBackwardBody<T>{on_device(context_, layout), columns, mean, d_y.data, d_x.data});
  }

 private:
  template <class Body>
  void each_in_rows(Index rows, Index columns, const Body& body) {
    for_each_in_rows(context_, rows, columns, body);
  }
  static LabelledScores<T> labelled(const CrossEntropyProblem<T>& p) {
    return {p.labels.data, p.class_weights.data, p.ignore_label, p.axis.size, p.axis.inner};
  }

  Context& context_;
};

template <Real T>
std::unique_ptr<NnKernels<T>> make_nn_kernels(Context& context) {
  return std::make_unique<CudaNnKernels<T>>(context);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::cuda
