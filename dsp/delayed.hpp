// A channel read a constant time earlier, between its ticks.
#pragma once
#include <array>
#include <cmath>
#include <cstdint>

#include "dsp/frame.hpp"

namespace grfd {

/// The last values of a channel without delay, to read it `delay` earlier (4-point cubic).
struct Delayed {
  static constexpr std::size_t kSize = 64;
  std::array<double, kSize> value{};
  std::uint64_t count = 0;
  void push(double v) noexcept { value[count++ % kSize] = v; }
  double at(double ms_before_newest) const noexcept {
    const double whole = std::floor(ms_before_newest), u = 1 - (ms_before_newest - whole);
    const auto k = static_cast<std::uint64_t>(whole);
    if (count < k + 3 || k + 3 > kSize || k < 1) return kNaN;
    const auto v = [&](std::uint64_t back) { return value[(count - 1 - back) % kSize]; };
    return -u * (u - 1) * (u - 2) / 6 * v(k + 2) + (u + 1) * (u - 1) * (u - 2) / 2 * v(k + 1) -
           (u + 1) * u * (u - 2) / 2 * v(k) + (u + 1) * u * (u - 1) / 6 * v(k - 1);
  }
};

}  // namespace grfd
