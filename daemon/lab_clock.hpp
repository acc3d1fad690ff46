// The two lab clocks: the host's, and one that jumps.
#pragma once
#include <time.h>

#include <cerrno>

#include "drivers/emulation/emulated_link.hpp"

namespace grfd {

/// CLOCK_MONOTONIC.
struct MonotonicClock final : LabClock {
  TimeNs now() const override {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
  }
  void sleep_until(TimeNs t) override {
    const timespec at{t / 1'000'000'000, t % 1'000'000'000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) == EINTR) {}
  }
};

/// Moves only when told; waiting costs nothing.
struct VirtualClock final : LabClock {
  explicit VirtualClock(TimeNs start) : t(start) {}
  TimeNs now() const override { return t; }
  void sleep_until(TimeNs) override {}
  TimeNs t;
};

}  // namespace grfd
