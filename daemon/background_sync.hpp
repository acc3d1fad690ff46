// Makes a growing file durable on a thread of its own: a busy disk takes seconds for that, and whoever writes must not
// wait.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace grfd {

class BackgroundSync {
 public:
  /// @param fd of the file `path`; stays open as long as this object. The entry in its folder becomes durable first.
  BackgroundSync(int fd, std::string path);
  /// Waits for a sync under way, drops one that was only asked for.
  ~BackgroundSync();

  /// All that was written before becomes durable soon; several requests may become one.
  void request() noexcept;
  /// errno of a sync that failed since the last call, else 0.
  int take_error() noexcept { return error_.exchange(0, std::memory_order_relaxed); }
  /// Was the file still at its path at the last sync?
  bool in_place() const noexcept { return in_place_.load(std::memory_order_relaxed); }

 private:
  void run() noexcept;
  const int fd_;
  const std::string path_;
  std::atomic<int> error_{0};
  std::atomic<bool> in_place_{true};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool wanted_ = false, stop_ = false;
  std::thread thread_;  // last: it uses all the others
};

}  // namespace grfd
