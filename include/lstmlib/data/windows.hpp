// SPDX-License-Identifier: MIT
#pragma once
// Windows over a time series, as a dataset for forecasting.

#include "lstmlib/base/option.hpp"
#include "lstmlib/data/ragged_dataset.hpp"

#include <algorithm>

namespace lstmlib::inline LSTMLIB_ABI::data {

struct WindowOptions {
  Index window;       ///< time steps of the input
  Index horizon = 1;  ///< time steps to forecast
  Index stride = 1;   ///< time steps from one window to the next
  /// false: the targets of a window are the `horizon` rows after it. true: the target of each row is the one
  /// `horizon` steps later.
  bool every_step = false;
};

/// A dataset of windows over a series [time, features]. Example i is the rows i * stride to i * stride +
/// window - 1. Targets are rows of the same series or of another one of the same length.
///
/// Targets of a batch: [windows, horizon * target features], or with `every_step` [windows * window, target
/// features]. A series without a second axis has one feature.
///
///     const std::vector<float> series = read_series();
///     const data::Windows windows(series, {.window = 60, .every_step = true});
///     data::SerialIterator batches(windows, {.batch_size = 64});
///     const auto batch = batches.next();
///     const auto loss = ops::mse_loss(model(batch.inputs), batch.targets);
template <Real T>
class Windows {
 public:
  /// Throws ValueError for an option below 1 or a series without a whole window and its targets, ShapeError
  /// for shapes that do not fit, and DeviceError if a series is not in the host's memory.
  Windows(Tensor<T> series, WindowOptions options) : Windows(series, series, options) {}
  /// Copies the numbers.
  Windows(std::span<const T> series, WindowOptions options)
      : Windows(Tensor<T>::from(series, {std::ssize(series), 1}), options) {}
  /// The targets are rows of `targets` [time, target features].
  Windows(Tensor<T> series, Tensor<T> targets, WindowOptions options)
      : series_(rows_of("the series", std::move(series))),
        targets_(rows_of("the targets", std::move(targets))),
        options_(options) {
    lstmlib::detail::require_size("WindowOptions", "window", options_.window);
    lstmlib::detail::require_size("WindowOptions", "horizon", options_.horizon);
    lstmlib::detail::require_size("WindowOptions", "stride", options_.stride);
    const Index time = series_.shape().rows();
    if (targets_.shape().rows() != time)
      fail<ShapeError>("windows: targets ", targets_.shape(), " for a series ", series_.shape(),
                       ", expected as many time steps");
    if (options_.window > time || options_.horizon > time - options_.window)
      fail<ValueError>("windows: a window of ", options_.window, " and ", options_.horizon,
                       " steps to forecast, but the series has ", time, " time steps");
    size_ = (time - options_.window - options_.horizon) / options_.stride + 1;
  }

  Index size() const { return size_; }  ///< windows
  /// Throws IndexError if a window does not exist.
  SequenceBatch<T> batch(std::span<const Index> rows, Device device) const {
    const Index count = std::ssize(rows), window = options_.window, horizon = options_.horizon;
    const std::vector<Index> lengths(rows.size(), window);
    auto layout = std::make_shared<const SequenceLayout>(lengths);
    detail::RowCopier<T> inputs(series_, layout->rows());
    const Index target_rows = options_.every_step ? window : horizon;
    Tensor<T> all = Tensor<T>::uninitialized({count * target_rows, targets_.shape()[1]});
    T* to = all.mutable_view().data;
    for (const Index row : rows) {
      if (row < 0 || row >= size_) fail<IndexError>("windows: window ", row, ", expected 0 to ", size_ - 1);
      const Index first = row * options_.stride;
      inputs.add(first, window);
      const Tensor<T> part =
          targets_.rows(options_.every_step ? first + horizon : first + window, target_rows);
      to = std::copy_n(part.view().data, part.size(), to);
    }
    if (!options_.every_step) all = all.reshape({count, horizon * targets_.shape()[1]});
    return {{inputs.finish(device), std::move(layout)}, Variable<T>(all.to(device))};
  }

 private:
  static Tensor<T> rows_of(const char* what, Tensor<T> series) {
    detail::require_on_host("windows", what, series);
    if (series.shape().rank() == 1) return series.reshape({series.size(), 1});
    if (series.shape().rank() != 2)
      fail<ShapeError>("windows: ", what, " ", series.shape(), ", expected [time, features]");
    return series;
  }

  Tensor<T> series_, targets_;  // [time, features]
  WindowOptions options_;
  Index size_ = 0;
};

template <class Numbers>
requires lstmlib::detail::NumberList<Numbers> Windows(const Numbers&, WindowOptions)
->Windows<lstmlib::detail::ItemOf<Numbers>>;

}  // namespace lstmlib::data
