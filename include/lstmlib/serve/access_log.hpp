// SPDX-License-Identifier: MIT
#pragma once
// A log that never blocks its caller. Lines go to a buffer, which a separate thread writes to a file ten
// times per second. Waking a thread for each line would cost more than a small request.

#include "lstmlib/version.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <condition_variable>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::serve {

class AccessLog {
 public:
  /// Writes to a file descriptor, which the caller owns. Drops and counts lines while `max_bytes` bytes are
  /// waiting.
  explicit AccessLog(int descriptor, std::size_t max_bytes = 16 << 20)
      : descriptor_(descriptor), max_bytes_(max_bytes), thread_([this] { run(); }) {}
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;
  /// Writes the rest of the buffer.
  ~AccessLog() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  void operator()(std::string_view line) {
    const std::lock_guard lock(mutex_);
    if (buffer_.size() + line.size() >= max_bytes_) {
      ++dropped_;
      return;
    }
    const std::size_t before = buffer_.size();
    try {
      buffer_.append(line).push_back('\n');
    } catch (const std::bad_alloc&) {
      buffer_.resize(before);
      ++dropped_;
    }
  }

 private:
  void run() {
    std::string lines;
    std::unique_lock lock(mutex_);
    do {
      wake_.wait_for(lock, std::chrono::milliseconds(100), [&] { return stopping_; });
      lines.clear();
      lines.swap(buffer_);
      char note[64] = "";
      if (dropped_ > 0)
        std::snprintf(note, sizeof note, "{\"dropped_lines\":%zu}\n", std::exchange(dropped_, 0));
      lock.unlock();
      write(lines);
      write(note);
      lock.lock();
    } while (!stopping_ || !buffer_.empty());
  }
  void write(std::string_view lines) const {
    while (!lines.empty()) {
      const auto count = ::write(descriptor_, lines.data(), lines.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return;  // no reader any more: the server continues without its log
      lines.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  const int descriptor_;
  const std::size_t max_bytes_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string buffer_;
  std::size_t dropped_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace lstmlib::serve
