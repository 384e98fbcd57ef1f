// SPDX-License-Identifier: MIT
#pragma once
// The sum over processes of gradients of tables, of which each process has a few rows.

#include "lstmlib/autograd/backward.hpp"
#include "lstmlib/base/bfloat16.hpp"
#include "lstmlib/parallel/communicator.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace lstmlib::parallel {

/// What this process sent, see Traffic.
struct TableTraffic {
  std::size_t whole = 0, rows = 0;
};

namespace detail {

/// What a process sends of a sum of so many bytes in memory.
template <Real T>
std::size_t sum_traffic(const Communicator& all, std::size_t bytes, Wire wire) {
  const auto n = static_cast<std::size_t>(all.size());
  if (std::same_as<T, float> && wire == Wire::bf16) bytes /= 2;
  return 2 * bytes * (n - 1) / n;
}

/// Rows of a matrix on their way to all processes, rounded where that is asked for and they are on the CPU.
template <Real T>
class RowsGather {
 public:
  /// `counts`: rows by rank. Refers to `mine`, whose rows all travel.
  RowsGather(Communicator& all, const Tensor<T>& mine, std::span<const std::int64_t> counts, Wire wire) {
    const auto row_size = static_cast<std::size_t>(mine.shape().with_rows(1).elements());  // also of no rows
    Index rows = 0;
    for (const auto count : counts) rows += count;
    all_rows_ = Tensor<T>::uninitialized(mine.shape().with_rows(rows), mine.device());
    rounded_ = std::same_as<T, float> && wire == Wire::bf16 && mine.device().is_cpu();
    std::vector<std::size_t> bytes;
    for (const auto count : counts)
      bytes.push_back(static_cast<std::size_t>(count) * row_size * element_bytes());
    if (!rounded_) {
      pending_ = all.start_gather(mine.device(), mine.view().data, all_rows_.view().data, bytes);
      return;
    }
    const auto values = mine.values();
    mine_rounded_.resize(values.size());
    std::transform(values.begin(), values.end(), mine_rounded_.begin(),
                   [](T value) { return to_bfloat16(static_cast<float>(value)); });
    all_rounded_.resize(static_cast<std::size_t>(all_rows_.size()));
    pending_ = all.start_gather(Device::cpu(), mine_rounded_.data(), all_rounded_.data(), bytes);
  }
  Tensor<T> wait() {
    pending_->wait();
    if (rounded_)
      std::transform(all_rounded_.begin(), all_rounded_.end(), all_rows_.view().data, from_bfloat16);
    return all_rows_;
  }
  std::size_t element_bytes() const { return rounded_ ? sizeof(std::uint16_t) : sizeof(T); }

 private:
  bool rounded_ = false;
  Tensor<T> all_rows_;
  std::vector<std::uint16_t> mine_rounded_, all_rounded_;
  std::unique_ptr<Pending> pending_;
};

/// The rows of all processes, those of equal id added in the order of the ranks.
template <Real T>
RowGradient<T> sum_rows(Communicator& all, const Variable<T>& table, std::span<const std::int64_t> counts,
                        Wire wire) {
  RowGradient<T> mine = table.grad_rows();
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
      all.start_gather(device, std::as_const(mine.ids).view().data, ids.view().data, id_bytes);
  RowsGather<T> gather(all, mine.rows, counts, wire);
  pending->wait();
  const Tensor<T> rows = gather.wait();

  RowGradient<T> sum{Tensor<std::int32_t>::uninitialized({total}, device),
                     Tensor<T>::uninitialized(rows.shape(), device)};
  constexpr std::int32_t no_row = -1;  // a device may have filled ids up with it
  const Index distinct = kernels("gradient", rows)
                             .neural.sum_rows_by_id(rows.view(), std::as_const(ids).view(), no_row, {},
                                                    sum.ids.view(), sum.rows.view());
  return {sum.ids.rows(0, distinct), sum.rows.rows(0, distinct)};
}

}  // namespace detail

/// Sums the gradients of `tables`, which may be rows, whole or absent in each process. Rows travel where
/// those of all processes together are fewer bytes than a sum of the whole table, and `rows_may_travel`; the
/// same everywhere, since the numbers of rows are exchanged first.
template <Real T>
TableTraffic sum_over_tables(Communicator& all, const std::vector<Variable<T>>& tables, Wire wire,
                             bool rows_may_travel) {
  constexpr std::int64_t whole = -1;
  std::vector<std::int64_t> mine;
  for (const auto& table : tables) {
    const RowGradient<T>& part = table.grad_rows();
    mine.push_back(part ? part.ids.size() : table.grad() ? whole : 0);
  }
  std::vector<std::vector<std::int64_t>> counts(tables.size());  // by table and rank
  for (const auto& bytes : all.gather(std::as_bytes(std::span(mine)))) {
    if (bytes.size() != mine.size() * sizeof(std::int64_t))
      fail<Error>("gradients: another process has other tables");
    for (std::size_t i = 0; i < tables.size(); ++i)
      std::memcpy(&counts[i].emplace_back(), bytes.data() + i * sizeof(std::int64_t), sizeof(std::int64_t));
  }

  TableTraffic sent;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const Variable<T>& table = tables[i];
    const auto element = std::same_as<T, float> && wire == Wire::bf16 ? sizeof(std::uint16_t) : sizeof(T);
    const std::size_t row_bytes =
        sizeof(std::int32_t) + static_cast<std::size_t>(table.shape().row_size()) * element;
    std::size_t rows = 0;
    bool any_whole = false;
    for (const auto count : counts[i]) {
      any_whole = any_whole || count == whole;
      rows += static_cast<std::size_t>(std::max<std::int64_t>(count, 0));
    }
    const auto n = static_cast<std::size_t>(all.size());
    const std::size_t whole_bytes =
        detail::sum_traffic<T>(all, static_cast<std::size_t>(table.value().size()) * sizeof(T), wire);
    if (!any_whole && rows_may_travel && rows * row_bytes * (n - 1) / n < whole_bytes) {
      table.set_grad_rows(detail::sum_rows(all, table, counts[i], wire));
      sent.rows += static_cast<std::size_t>(mine[i]) * row_bytes * (n - 1);
    } else {
      Tensor<T>& gradient = table.mutable_grad();
      if (!gradient) gradient = Tensor<T>::zeros(table.shape(), table.device());
      if constexpr (std::same_as<T, float>) all.start_sum(gradient, wire)->wait();
      else all.start_sum(gradient)->wait();
      sent.whole += whole_bytes;
    }
  }
  return sent;
}

}  // namespace lstmlib::parallel
