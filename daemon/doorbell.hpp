// Wakes one thread that has nothing to do; costs those who ring nothing while it is awake.
#pragma once
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <ctime>
#include <system_error>

#include "schemas/sample.hpp"

namespace grfd {

class Doorbell {
 public:
  Doorbell() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  ~Doorbell() { close(fd_); }
  Doorbell(const Doorbell&) = delete;

  /// Any thread, after the work is visible. No lock; one write when the other thread sleeps, nothing else.
  void ring() noexcept {
    // Either the sleeper sees the work before it sleeps, or this sees that it is asleep.
    if (asleep_.exchange(false, std::memory_order_acq_rel)) wake();
  }
  /// Whether it sleeps or not: for the end.
  void wake() noexcept {
    const std::uint64_t one = 1;
    (void)!write(fd_, &one, sizeof one);
  }
  /// The one thread: sleeps until somebody rings, at most `most` ns, or not at all when `has_work()`.
  template <class HasWork>
  void wait(TimeNs most, HasWork has_work) noexcept {
    asleep_.exchange(true, std::memory_order_acq_rel);
    if (most <= 0 || has_work()) return;
    pollfd p{fd_, POLLIN, 0};
    const timespec t{most / 1'000'000'000, static_cast<long>(most % 1'000'000'000)};
    if (ppoll(&p, 1, &t, nullptr) > 0) {
      std::uint64_t rings;
      (void)!read(fd_, &rings, sizeof rings);
    }
  }

 private:
  int fd_;
  std::atomic<bool> asleep_{true};
};

}  // namespace grfd
