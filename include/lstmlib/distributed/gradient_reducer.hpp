// SPDX-License-Identifier: MIT
#pragma once
// The sum of the gradients over all processes: in buckets that travel while the backward pass goes on, and of
// tables the rows that occurred, where those are fewer bytes.

#include "lstmlib/optim/optimizer.hpp"
#include "lstmlib/distributed/gradient_bucket.hpp"
#include "lstmlib/distributed/table_sum.hpp"

#include <tuple>
#include <unordered_map>

namespace lstmlib::inline LSTMLIB_ABI::distributed {

struct ReducerOptions {
  /// Gradients that are complete wait for others until there are so many bytes: few large messages are
  /// faster, many small ones start earlier.
  std::size_t bucket_bytes = std::size_t{1} << 20;
  GradientCompression compression =
      GradientCompression::none;  ///< of float32 gradients, but for rows of tables on a GPU, which are exact
  bool overlap = true;            ///< buckets travel during the backward pass; else after it
  bool rows = true;               ///< of tables, rows may travel; else always the whole table
};

/// Of the last step, in this process: what it sent, if each all-reduce sends 2 (n - 1) / n of its bytes in
/// each of n processes and each gather the own part n - 1 times.
struct Traffic {
  std::size_t dense_bytes = 0;  ///< of buckets and whole tables
  std::size_t row_bytes = 0;    ///< of rows of tables, with their ids
};

/// Which parameters are tables is seen in the first step, and fixed; those must be the same parameters, of
/// the same shapes, in every process. Refers to its parts.
class GradientReducer {
 public:
  GradientReducer(Communicator& all, optim::Optimizer& optimizer, ReducerOptions options)
      : all_(&all), optimizer_(&optimizer), options_(options) {}

  /// Before the backward pass, when no parameter has a gradient.
  void begin() {
    next_ = 0;
    for (auto& piece : pieces_) piece->begin();
  }
  /// During the backward pass, as its GradReadyHook.
  void complete(const void* leaf) {
    const auto found = piece_of_.find(leaf);
    if (found == piece_of_.end() || !options_.overlap) return;
    pieces_[found->second]->complete_one();
    // In the same order in every process, whatever order their gradients were complete in.
    while (next_ < pieces_.size() && pieces_[next_]->is_complete())
      pieces_[next_++]->start(*all_, options_.compression);
  }
  /// After the backward pass, or without one where this process has no examples. The gradients are then the
  /// sums over all processes, the same bits in each.
  void finish() {
    if (all_->size() == 1) return;
    if (!planned_) plan();
    while (next_ < pieces_.size()) pieces_[next_++]->start(*all_, options_.compression);
    traffic_ = {dense_bytes_, 0};
    std::apply([&](auto&... tables) { (sum_tables(tables), ...); }, tables_);
    for (auto& piece : pieces_) piece->wait();
  }
  const Traffic& traffic() const { return traffic_; }

 private:
  enum class Kind : std::uint8_t { none, rows, whole };

  template <Real T>
  static Kind kind_of(const Variable<T>& parameter) {
    if (parameter.sparse_grad()) return Kind::rows;
    return parameter.grad() ? Kind::whole : Kind::none;
  }
  void plan();
  template <Real T>
  void make_buckets(const std::vector<Variable<T>>& parameters);
  template <Real T>
  void sum_tables(std::vector<Variable<T>>& tables) {
    if (tables.empty()) return;
    const TableTraffic sent = all_reduce_tables<T>(*all_, tables, options_.compression, options_.rows);
    traffic_.dense_bytes += sent.whole;
    traffic_.row_bytes += sent.rows;
  }

  Communicator* all_;
  optim::Optimizer* optimizer_;
  ReducerOptions options_;
  bool planned_ = false;
  std::vector<std::unique_ptr<detail::Piece>> pieces_;     // in the order in which they travel
  std::unordered_map<const void*, std::size_t> piece_of_;  // by the leaf's state
  template <class T>
  using Tables = std::vector<Variable<T>>;
  lstmlib::detail::RealTypes::TupleOf<Tables> tables_;
  std::size_t next_ = 0;  // piece to start
  std::size_t dense_bytes_ = 0;
  Traffic traffic_;
};

/// Parameters whose gradient is rows wherever there is one are tables; all others share buckets, the last
/// parameter first, as its gradient is usually complete first.
inline void GradientReducer::plan() {
  std::vector<Kind> mine;
  optimizer_->parameters().for_each([&](auto& entry) { mine.push_back(kind_of(entry.parameter)); });
  const auto kinds = all_->all_gather(std::as_bytes(std::span(mine)));
  std::size_t number = 0;
  optimizer_->parameters().for_each_type([&]<Real T>(std::vector<optim::Entry<T>>& entries) {
    std::vector<Variable<T>> dense;
    for (auto& entry : entries) {
      std::byte kind{0};
      for (const auto& of_process : kinds) {
        if (of_process.size() != mine.size())
          fail<Error>("gradients: ", mine.size(), " parameters in this process, ", of_process.size(),
                      " in another");
        kind = std::max(kind, of_process[number]);
      }
      ++number;
      const bool table = static_cast<Kind>(kind) == Kind::rows;
      (table ? std::get<std::vector<Variable<T>>>(tables_) : dense).push_back(entry.parameter);
    }
    std::reverse(dense.begin(), dense.end());
    make_buckets(dense);
  });
  planned_ = true;
}

template <Real T>
void GradientReducer::make_buckets(const std::vector<Variable<T>>& parameters) {
  for (std::size_t first = 0; first < parameters.size();) {
    std::size_t end = first, bytes = 0;
    while (end < parameters.size() && (end == first || bytes < options_.bucket_bytes)) {
      piece_of_[parameters[end].state().get()] = pieces_.size();
      bytes += static_cast<std::size_t>(parameters[end++].value().size()) * sizeof(T);
    }
    const auto begin = parameters.begin();
    auto bucket = std::make_unique<detail::Bucket<T>>(
        std::vector(begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(end)));
    bucket->adopt();
    dense_bytes_ += detail::sum_traffic<T>(*all_, bucket->bytes(), options_.compression);
    pieces_.push_back(std::move(bucket));
    first = end;
  }
}

}  // namespace lstmlib::distributed
