// SPDX-License-Identifier: MIT
#pragma once
// Batches made by another thread while the one before is in use.

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

/// An iterator whose copies go the same way, and that can go past a batch without making it.
template <class I>
concept PrefetchableIterator = std::copyable<I> && requires(I& iterator, io::Serializer& serializer) {
  iterator.next();
  iterator.skip();
  iterator.reset();
  iterator.serialize(serializer);
  { std::as_const(iterator).done() } -> std::convertible_to<bool>;
};
template <class I>
concept ShardingIterator = requires(I& iterator) {
  iterator.next_shard(0, 1);
};

/// Gives the batches of `iterator`, errors included, in their order. All counts and what is saved are those
/// of the batches that were given, so a saved run does not show whether one was made ahead. A dataset makes
/// batches on another thread than the caller's: they may depend neither on random_state() nor on what the
/// caller changes meanwhile. Worth its thread where a batch takes a while, as when files are read for it.
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
    struct Type {};  // none
  };
  template <ShardingIterator I>
  struct ShardOf<I> {
    using Type = decltype(std::declval<I&>().next_shard(0, 1));
  };
  using Batch = decltype(std::declval<Iterator&>().next());
  using Shard = typename ShardOf<Iterator>::Type;
  using Made = std::variant<std::monostate, Batch, Shard, std::exception_ptr>;

  /// What is asked for: whole batches, or one of `parts`.
  struct Request {
    int part = 0, parts = 0;
    bool operator==(const Request&) const = default;
  };
  /// Of `made_`. From asked to ready, it and `ahead_` are the maker's, else the caller's.
  enum class State { none, asked, ready };

  static Made make(Iterator& iterator, Request request) noexcept {
    try {
      if constexpr (ShardingIterator<Iterator>)
        if (request.parts > 0)
          return Made(std::in_place_type<Shard>, iterator.next_shard(request.part, request.parts));
      return Made(std::in_place_type<Batch>, iterator.next());
    } catch (...) { return Made(std::in_place_type<std::exception_ptr>, std::current_exception()); }
  }
  void make_ahead() {
    const cpu::OneThread alone;  // the pool is for those who use the batch before
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return stopping_ || state_ == State::asked; });
      if (stopping_) return;
      lock.unlock();
      Made made = make(ahead_, request_);
      lock.lock();
      made_ = std::move(made);
      state_ = State::ready;
      changed_.notify_all();
    }
  }
  /// Waits until the maker has nothing to do. Returns whether it made a batch.
  bool settle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return state_ != State::asked; });
    return std::exchange(state_, State::none) == State::ready;
  }
  /// What was made ahead is not the next batch any more.
  void forget() {
    settle();
    made_ = {};
  }
  void ask(Request request) {
    {
      const std::lock_guard lock(mutex_);
      request_ = request;
      state_ = State::asked;
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
    if (!ahead_.done()) ask(request);
    return made;
  }

  Iterator given_;  ///< stands behind the last batch that was given
  Iterator ahead_;  ///< stands behind the batch that was made ahead
  std::mutex mutex_;
  std::condition_variable changed_;
  Request request_;
  State state_ = State::none;
  Made made_;
  bool stopping_ = false;
  std::thread maker_;  // last: it uses the others
};

}  // namespace lstmlib::data
