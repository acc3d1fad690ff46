// A channel read a constant time earlier, between its ticks.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "dsp/frame.hpp"

namespace grfd {

/// How far back to read, and the weights of the 4-point cubic there.
class Delay {
 public:
  static constexpr double kMost_ms = 250;
  /// @param ms from the newest value back, 0 to kMost_ms
  explicit Delay(double ms) noexcept {
    const double whole = std::max(1.0, std::floor(ms)), u = 1 - (ms - whole);  // the newest four hold the last 3 ms
    back_ = static_cast<std::uint64_t>(whole);
    weights_ = {-u * (u - 1) * (u - 2) / 6, (u + 1) * (u - 1) * (u - 2) / 2, (u + 1) * u * (u - 2) / 2,
                (u + 1) * u * (u - 1) / 6};
  }

 private:
  friend struct Delayed;
  std::uint64_t back_;
  std::array<double, 4> weights_;  ///< oldest first; the third is subtracted
};

/// The last values of a channel without delay, to read it earlier.
struct Delayed {
  static constexpr std::size_t kSize = 256;
  std::array<double, kSize> value{};
  std::uint64_t count = 0;
  void push(double v) noexcept { value[count++ % kSize] = v; }
  double at(const Delay& delay) const noexcept {
    const std::uint64_t k = delay.back_;
    if (count < k + 3) return kNaN;
    const auto v = [&](std::uint64_t back) { return value[(count - 1 - back) % kSize]; };
    const auto& w = delay.weights_;
    return w[0] * v(k + 2) + w[1] * v(k + 1) - w[2] * v(k) + w[3] * v(k - 1);
  }
};

static_assert(Delay::kMost_ms + 3 <= Delayed::kSize);

}  // namespace grfd
