// SPDX-License-Identifier: MIT
#pragma once
// Sums the sparse gradients of tables over processes. Each process has a few rows.

#include "lstmlib/autograd/backward.hpp"
#include "lstmlib/base/bfloat16.hpp"
#include "lstmlib/distributed/communicator.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::distributed {

/// Bytes that this process sent, see Traffic.
struct TableTraffic {
  std::size_t dense = 0, rows = 0;
};

namespace detail {

/// Bytes that a process sends for an all-reduce of `bytes` bytes in memory.
template <Real T>
std::size_t sum_traffic(const Communicator& all, std::size_t bytes, GradientCompression compression) {
  const auto n = static_cast<std::size_t>(all.size());
  if (std::same_as<T, float> && compression == GradientCompression::bf16) bytes /= 2;
  return 2 * bytes * (n - 1) / n;
}

/// Whether rows are sent as bfloat16. Only on the CPU, where this header rounds them.
template <Real T>
bool rounds_rows(Device device, GradientCompression compression) {
  return std::same_as<T, float> && compression == GradientCompression::bf16 && device.is_cpu();
}

/// Sends rows of a matrix to all processes. On the CPU rows are rounded if compression is on.
template <Real T>
class RowsAllGather {
 public:
  /// `counts`: rows by rank. Sends all rows of `mine` and keeps a reference to it.
  RowsAllGather(Communicator& all, const Tensor<T>& mine, std::span<const std::int64_t> counts,
                GradientCompression compression) {
    // Valid even without rows.
    const auto row_size = static_cast<std::size_t>(mine.shape().with_rows(1).elements());
    Index rows = 0;
    for (const auto count : counts) rows += count;
    all_rows_ = Tensor<T>::uninitialized(mine.shape().with_rows(rows), mine.device());
    rounded_ = rounds_rows<T>(mine.device(), compression);
    std::vector<std::size_t> bytes;
    for (const auto count : counts)
      bytes.push_back(static_cast<std::size_t>(count) * row_size * element_bytes());
    if (!rounded_) {
      pending_ = all.all_gather_async(mine.device(), mine.view().data, all_rows_.mutable_view().data, bytes);
      return;
    }
    const auto values = mine.values();
    mine_rounded_.resize(values.size());
    std::transform(values.begin(), values.end(), mine_rounded_.begin(),
                   [](T value) { return to_bfloat16(static_cast<float>(value)); });
    all_rounded_.resize(static_cast<std::size_t>(all_rows_.size()));
    pending_ = all.all_gather_async(Device::cpu(), mine_rounded_.data(), all_rounded_.data(), bytes);
  }
  Tensor<T> wait() {
    pending_->wait();
    if (rounded_)
      std::transform(all_rounded_.begin(), all_rounded_.end(), all_rows_.mutable_view().data, from_bfloat16);
    return all_rows_;
  }
  std::size_t element_bytes() const { return rounded_ ? sizeof(std::uint16_t) : sizeof(T); }

 private:
  bool rounded_ = false;
  Tensor<T> all_rows_;
  std::vector<std::uint16_t> mine_rounded_, all_rounded_;
  std::unique_ptr<Work> pending_;
};

/// Gathers the rows of all processes and adds those of equal id in the order of ranks.
template <Real T>
SparseGradient<T> all_reduce_rows(Communicator& all, const Variable<T>& table,
                                  std::span<const std::int64_t> counts, GradientCompression compression) {
  SparseGradient<T> mine = table.sparse_grad();
  const Device device = table.device();
  if (!mine)
    mine = {Tensor<std::int32_t>::uninitialized({0}, device),
            Tensor<T>::uninitialized(table.shape().with_rows(0), device)};
  std::vector<std::size_t> id_bytes;
  Index total = 0;
  for (const auto count : counts) {
    id_bytes.push_back(static_cast<std::size_t>(count) * sizeof(std::int32_t));
    total += count;
  }
  auto ids = Tensor<std::int32_t>::uninitialized({total}, device);
  const auto pending =
      all.all_gather_async(device, mine.indices.view().data, ids.mutable_view().data, id_bytes);
  RowsAllGather<T> gather(all, mine.values, counts, compression);
  pending->wait();
  const Tensor<T> rows = gather.wait();

  SparseGradient<T> sum{Tensor<std::int32_t>::uninitialized({total}, device),
                        Tensor<T>::uninitialized(rows.shape(), device)};
  constexpr std::int32_t no_row = -1;  // a device may have padded the ids with it
  const Index distinct = kernels("gradient", rows)
                             .nn.sum_rows_by_id(rows.view(), ids.view(), no_row, {},
                                                sum.indices.mutable_view(), sum.values.mutable_view());
  return {sum.indices.rows(0, distinct), sum.values.rows(0, distinct)};
}

/// Number of rows by table and rank; `dense_gradient` for a dense gradient.
inline constexpr std::int64_t dense_gradient = -1;
inline std::vector<std::vector<std::int64_t>> all_gather_counts(Communicator& all,
                                                                std::span<const std::int64_t> mine) {
  std::vector<std::vector<std::int64_t>> counts(mine.size());
  for (const auto& bytes : all.all_gather(std::as_bytes(mine))) {
    if (bytes.size() != mine.size_bytes())
      fail<Error>("gradients: ", mine.size(), " tables in this process, ",
                  bytes.size() / sizeof(std::int64_t), " in another");
    for (std::size_t table = 0; table < mine.size(); ++table)
      std::memcpy(&counts[table].emplace_back(), bytes.data() + table * sizeof(std::int64_t),
                  sizeof(std::int64_t));
  }
  return counts;
}

template <Real T>
std::size_t bytes_of_row(const Variable<T>& table, GradientCompression compression) {
  const std::size_t element = rounds_rows<T>(table.device(), compression) ? sizeof(std::uint16_t) : sizeof(T);
  return sizeof(std::int32_t) + static_cast<std::size_t>(table.shape().row_size()) * element;
}
template <Real T>
std::size_t bytes_of_dense(const Communicator& all, const Variable<T>& table,
                           GradientCompression compression) {
  return sum_traffic<T>(all, static_cast<std::size_t>(table.value().size()) * sizeof(T), compression);
}
/// Whether sending rows takes fewer bytes than sending the whole table, over all processes.
template <Real T>
bool rows_are_less(const Communicator& all, const Variable<T>& table, std::span<const std::int64_t> counts,
                   GradientCompression compression) {
  std::size_t rows = 0;
  for (const auto count : counts) {
    if (count == dense_gradient) return false;
    rows += static_cast<std::size_t>(count);
  }
  const auto n = static_cast<std::size_t>(all.size());
  return rows * bytes_of_row(table, compression) * (n - 1) / n < bytes_of_dense(all, table, compression);
}

template <Real T>
void all_reduce_dense(Communicator& all, Variable<T> table, GradientCompression compression) {
  Tensor<T>& gradient = table.mutable_grad();
  if (!gradient) gradient = Tensor<T>::zeros(table.shape(), table.device());
  if constexpr (std::same_as<T, float>) all.all_reduce_async(gradient, compression)->wait();
  else all.all_reduce_async(gradient)->wait();
}

}  // namespace detail

/// Sums the gradients of `tables`, which may be sparse, dense or absent in each process. Sends rows if
/// `rows_may_travel` and the rows of all processes are fewer bytes than an all-reduce of the whole table. All
/// processes make the same decision, because they exchange the numbers of rows first. Collective.
template <Real T>
TableTraffic all_reduce_tables(Communicator& all, const std::vector<Variable<T>>& tables,
                               GradientCompression compression, bool rows_may_travel) {
  std::vector<std::int64_t> mine;
  for (const auto& table : tables) {
    const SparseGradient<T>& part = table.sparse_grad();
    mine.push_back(part ? part.indices.size() : table.grad() ? detail::dense_gradient : 0);
  }
  const auto counts = detail::all_gather_counts(all, mine);

  TableTraffic sent;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    Variable<T> table = tables[i];
    if (rows_may_travel && detail::rows_are_less(all, table, counts[i], compression)) {
      table.set_sparse_grad(detail::all_reduce_rows(all, table, counts[i], compression));
      sent.rows += static_cast<std::size_t>(mine[i]) * detail::bytes_of_row(table, compression) *
                   static_cast<std::size_t>(all.size() - 1);
    } else {
      detail::all_reduce_dense(all, table, compression);
      sent.dense += detail::bytes_of_dense(all, table, compression);
    }
  }
  return sent;
}

}  // namespace lstmlib::distributed
