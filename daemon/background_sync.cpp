#include "daemon/background_sync.hpp"

#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "daemon/file.hpp"

namespace grfd {

BackgroundSync::BackgroundSync(int fd, std::string path)
    : fd_(fd), path_(std::move(path)), thread_([this] { run(); }) {}

BackgroundSync::~BackgroundSync() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void BackgroundSync::request() noexcept {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  wake_.notify_one();
}

void BackgroundSync::run() noexcept {
  pthread_setname_np(pthread_self(), "journal-sync");
  bool entry_durable = false;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return wanted_ || stop_; });
      if (stop_) return;
      wanted_ = false;
    }
    try {
      if (!entry_durable) sync_folder_of(path_);
      entry_durable = true;
      if (::fdatasync(fd_) != 0) throw_errno("sync", path_);
    } catch (const std::system_error& e) { error_.store(e.code().value(), std::memory_order_relaxed); }
    in_place_.store(still_at(fd_, path_), std::memory_order_relaxed);
  }
}

}  // namespace grfd
