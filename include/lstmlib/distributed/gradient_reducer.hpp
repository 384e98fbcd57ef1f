// SPDX-License-Identifier: MIT
#pragma once
// Sums gradients over all processes. Dense gradients are sent in buckets during the backward pass. For
// tables, only the rows that occurred are sent if they are fewer bytes.

#include "lstmlib/optim/optimizer.hpp"
#include "lstmlib/distributed/gradient_bucket.hpp"
#include "lstmlib/distributed/table_sum.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace lstmlib::inline LSTMLIB_ABI::distributed {

struct ReducerOptions {
  /// A bucket gets parameters until it has this many bytes. Few large messages are faster; many small ones
  /// can start earlier.
  std::size_t bucket_bytes = std::size_t{1} << 20;
  GradientCompression compression =
      GradientCompression::none;  ///< of float32 gradients; rows of tables on a GPU are always exact
  bool overlap = true;            ///< send buckets during the backward pass, else after it
  bool rows = true;               ///< allow sending rows of tables, else always whole tables
};

/// Bytes that this process sent in the last step. Assumes that an all-reduce sends 2 (n - 1) / n of its bytes
/// and an all-gather n - 1 times the process's own part, for n processes.
struct Traffic {
  std::size_t dense_bytes = 0;  ///< for buckets and whole tables
  std::size_t row_bytes = 0;    ///< for rows of tables, with their ids
};

/// Sums the gradients of an optimizer's parameters over all processes. The first step determines which
/// parameters are tables. All processes must have the same parameters with the same shapes. Keeps references
/// to its arguments.
class GradientReducer {
 public:
  GradientReducer(Communicator& all, optim::Optimizer& optimizer, ReducerOptions options)
      : all_(&all), optimizer_(&optimizer), options_(options) {}

  /// Call before the backward pass, when no parameter has a gradient. Plans again if parameters were frozen or
  /// unfrozen since, which all processes must do alike.
  void begin() {
    if (planned_ && trainable() != planned_trainable_) forget_plan();
    next_ = 0;
    for (auto& piece : pieces_) piece->begin();
  }
  /// The grad-ready hook of the backward pass.
  void complete(const void* leaf) {
    const auto found = piece_of_.find(leaf);
    if (found == piece_of_.end() || !options_.overlap) return;
    pieces_[found->second]->complete_one();
    // In the same order in every process, in whatever order the gradients were completed.
    while (next_ < pieces_.size() && pieces_[next_]->is_complete())
      pieces_[next_++]->start(*all_, options_.compression);
  }
  /// Call after the backward pass, or without one if this process has no examples. Afterwards the gradients
  /// are the sums over all processes, with the same bits in each.
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
  enum class Kind : std::uint8_t { none, rows, dense };

  template <Real T>
  static Kind kind_of(const Variable<T>& parameter) {
    if (parameter.sparse_grad()) return Kind::rows;
    return parameter.grad() ? Kind::dense : Kind::none;
  }
  void plan();
  void forget_plan() {
    planned_ = false;
    pieces_.clear();
    piece_of_.clear();
    std::apply([](auto&... tables) { (tables.clear(), ...); }, tables_);
    dense_bytes_ = 0;
  }
  /// Of each parameter, whether it is trained.
  std::vector<bool> trainable() {
    std::vector<bool> all;
    optimizer_->parameters().for_each_type([&](auto& entries) {
      for (const auto& entry : entries) all.push_back(!entry.is_frozen());
    });
    return all;
  }
  template <Real T>
  void make_buckets(const std::vector<Variable<T>>& parameters);
  template <Real T>
  void sum_tables(std::vector<Variable<T>>& tables) {
    if (tables.empty()) return;
    const TableTraffic sent = all_reduce_tables<T>(*all_, tables, options_.compression, options_.rows);
    traffic_.dense_bytes += sent.dense;
    traffic_.row_bytes += sent.rows;
  }

  Communicator* all_;
  optim::Optimizer* optimizer_;
  ReducerOptions options_;
  bool planned_ = false;
  std::vector<bool> planned_trainable_;
  std::vector<std::unique_ptr<detail::Piece>> pieces_;     // in the order of sending
  std::unordered_map<const void*, std::size_t> piece_of_;  // by the state of the leaf
  template <class T>
  using Tables = std::vector<Variable<T>>;
  lstmlib::detail::RealTypes::TupleOf<Tables> tables_;
  std::size_t next_ = 0;  // next piece to start
  std::size_t dense_bytes_ = 0;
  Traffic traffic_;
};

/// Parameters with only sparse gradients are tables. The others share buckets, beginning with the last
/// parameter, whose gradient is usually complete first. Frozen ones are in neither.
inline void GradientReducer::plan() {
  std::vector<Kind> mine;
  optimizer_->parameters().for_each([&](auto& entry) { mine.push_back(kind_of(entry.parameter)); });
  const auto kinds = all_->all_gather(std::as_bytes(std::span(mine)));
  std::size_t number = 0;
  optimizer_->parameters().for_each_type([&]<Real T>(std::vector<optim::Entry<T>>& entries) {
    std::vector<Variable<T>> dense;
    for (auto& entry : entries) {
      if (entry.is_frozen()) continue;
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
  planned_trainable_ = trainable();
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
