// SPDX-License-Identifier: MIT
#pragma once
// Makes the next batch in another thread while the current one is in use.

#include "lstmlib/backend/cpu/threads.hpp"
#include "lstmlib/serialization/serializer.hpp"

#include <concepts>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>

namespace lstmlib::inline LSTMLIB_ABI::data {

/// An iterator whose copies yield the same batches, and that can skip a batch without making it.
template <class I>
concept PrefetchableIterator = std::copyable<I> && requires(I& iterator, io::Serializer& serializer) {
  iterator.next();
  iterator.skip();
  iterator.reset();
  iterator.serialize(serializer);
  { std::as_const(iterator).done() } -> std::convertible_to<bool>;
};
/// An iterator with next_shard().
template <class I>
concept ShardingIterator = requires(I& iterator) {
  iterator.next_shard(0, 1);
};

/// Yields the batches and errors of `iterator` in the same order. Counters and saved state are those of the
/// batches already returned, so a saved run does not depend on prefetching.
///
///     data::PrefetchIterator batches(data::SerialIterator(dataset, {.batch_size = 64}));
///
/// The dataset makes batches in another thread. It must not use random_state() or anything that the caller
/// changes meanwhile. Prefetching pays off if making a batch is slow, for example if it reads files.
template <PrefetchableIterator Iterator>
class PrefetchIterator {
 public:
  explicit PrefetchIterator(Iterator iterator)
      : given_(std::move(iterator)), ahead_(given_), maker_([this] { make_ahead(); }) {}
  PrefetchIterator(const PrefetchIterator&) = delete;
  PrefetchIterator& operator=(const PrefetchIterator&) = delete;
  ~PrefetchIterator() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    maker_.join();
  }

  /// See SerialIterator.
  auto next() { return std::get<Batch>(take({})); }
  auto next_shard(int part, int parts) requires ShardingIterator<Iterator> {
    return std::get<Shard>(take({part, parts}));
  }
  void skip() {
    given_.skip();
    forget();
  }
  void reset() {
    given_.reset();
    forget();
  }
  void serialize(io::Serializer& serializer) {
    given_.serialize(serializer);
    if (serializer.loading()) forget();
  }

  bool done() const { return given_.done(); }
  Index size() const { return given_.size(); }
  Index epoch() const { return given_.epoch(); }
  Index current_position() const { return given_.current_position(); }
  bool is_new_epoch() const { return given_.is_new_epoch(); }
  double epoch_detail() const { return given_.epoch_detail(); }
  double previous_epoch_detail() const { return given_.previous_epoch_detail(); }
  decltype(auto) order() const { return given_.order(); }

 private:
  template <class I>
  struct ShardOf {
    struct Type {};
  };
  template <ShardingIterator I>
  struct ShardOf<I> {
    using Type = decltype(std::declval<I&>().next_shard(0, 1));
  };
  using Batch = decltype(std::declval<Iterator&>().next());
  using Shard = typename ShardOf<Iterator>::Type;
  using Made = std::variant<std::monostate, Batch, Shard, std::exception_ptr>;

  /// A request: a whole batch, or shard `part` of `parts` if `parts` is not 0.
  struct Request {
    int part = 0, parts = 0;
    bool operator==(const Request&) const = default;
  };
  /// State of `made_`. While it is `requested`, `made_` and `ahead_` belong to the maker thread, else to the
  /// caller.
  enum class State { none, requested, ready };

  static Made make(Iterator& iterator, Request request) noexcept {
    try {
      if constexpr (ShardingIterator<Iterator>)
        if (request.parts > 0)
          return Made(std::in_place_type<Shard>, iterator.next_shard(request.part, request.parts));
      return Made(std::in_place_type<Batch>, iterator.next());
    } catch (...) { return Made(std::in_place_type<std::exception_ptr>, std::current_exception()); }
  }
  void make_ahead() {
    const cpu::SingleThreadScope single_thread;  // leaves the thread pool to the user of the current batch
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return stopping_ || state_ == State::requested; });
      if (stopping_) return;
      lock.unlock();
      Made made = make(ahead_, request_);
      lock.lock();
      made_ = std::move(made);
      state_ = State::ready;
      changed_.notify_all();
    }
  }
  /// Waits until the maker is idle. Returns whether it has made a batch.
  bool settle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return state_ != State::requested; });
    return std::exchange(state_, State::none) == State::ready;
  }
  /// Discards the prefetched batch, which is no longer the next one.
  void forget() {
    settle();
    made_ = {};
  }
  void request_batch(Request request) {
    {
      const std::lock_guard lock(mutex_);
      request_ = request;
      state_ = State::requested;
    }
    changed_.notify_all();
  }

  Made take(Request request) {
    if (given_.done()) given_.skip();  // throws
    if (!settle() || request != request_) {
      ahead_ = given_;
      made_ = make(ahead_, request);
    }
    given_.skip();
    Made made = std::exchange(made_, {});
    if (const auto* error = std::get_if<std::exception_ptr>(&made)) std::rethrow_exception(*error);
    if (!ahead_.done()) request_batch(request);
    return made;
  }

  Iterator given_;  ///< position after the last batch returned
  Iterator ahead_;  ///< position after the prefetched batch
  std::mutex mutex_;
  std::condition_variable changed_;
  Request request_;
  State state_ = State::none;
  Made made_;
  bool stopping_ = false;
  std::thread maker_;  // last member: the thread uses all others
};

}  // namespace lstmlib::data
