// SPDX-License-Identifier: MIT
#pragma once
// An intrusive list of jobs: inserting needs no memory, so it cannot fail.

#include "lstmlib/serve/job.hpp"

#include <cstddef>
#include <memory>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::serve {

/// A job can be in one list at a time.
class JobList {
 public:
  using Link = std::shared_ptr<Job>;

  JobList() = default;
  JobList(const JobList&) = delete;
  JobList& operator=(const JobList&) = delete;
  ~JobList() { clear(); }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  const Job& front() const { return *first_; }

  void push_back(Link job) noexcept {
    Link& end = last_ ? last_->next_in_list_ : first_;
    last_ = job.get();
    end = std::move(job);
    ++size_;
  }
  Link pop_front() noexcept {
    Cursor at = begin();
    return take(at);
  }
  void clear() noexcept {
    while (!empty()) pop_front();
  }

  /// Position in the list: a job, or the end.
  class Cursor {
   public:
    explicit operator bool() const { return *link_ != nullptr; }
    Job& operator*() const { return **link_; }
    Job* operator->() const { return link_->get(); }
    void next() {
      before_ = link_->get();
      link_ = &before_->next_in_list_;
    }

   private:
    friend JobList;
    explicit Cursor(Link& first) : link_(&first) {}
    Link* link_;
    Job* before_ = nullptr;
  };
  Cursor begin() { return Cursor(first_); }
  /// Removes the job and returns it. The cursor moves to the next one.
  Link take(Cursor& at) noexcept {
    Link job = std::move(*at.link_);
    *at.link_ = std::move(job->next_in_list_);
    if (last_ == job.get()) last_ = at.before_;
    --size_;
    return job;
  }

 private:
  Link first_;
  Job* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace lstmlib::serve
