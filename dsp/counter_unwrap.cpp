#include "dsp/counter_unwrap.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace grfd {

CounterUnwrap::CounterUnwrap(int bits, double interval_s) : interval_s_(interval_s) {
  if (bits < 1 || bits > 62) throw std::invalid_argument("a device counter must have 1 to 62 bits");
  modulus_ = std::int64_t{1} << bits;
}

CounterUnwrap::Step CounterUnwrap::restart(std::int64_t counter, double arrival_s) noexcept {
  state_.last = state_.base = counter;
  state_.arrival_s = arrival_s;
  state_.late_s = 0;
  ++state_.epoch;
  return {counter, true};
}

CounterUnwrap::Step CounterUnwrap::step(std::uint64_t counter, double arrival_s) noexcept {
  State& s = state_;
  const std::int64_t c = static_cast<std::int64_t>(counter & static_cast<std::uint64_t>(modulus_ - 1));
  if (!s.started) {
    s.started = true;
    s.last = s.base = c;
    s.arrival_s = arrival_s;
    return {c, false};
  }
  std::int64_t jump = (c - s.last) & (modulus_ - 1);
  const double elapsed = arrival_s - s.arrival_s, t = interval_s_;
  if (!(t > 0) || !std::isfinite(elapsed)) {
    if (jump >= modulus_ / 2) return restart(c, arrival_s);
    s.base += jump;
    s.last = c;
    if (std::isfinite(arrival_s)) s.arrival_s = arrival_s;
    return {s.base, false};
  }
  const double available = s.late_s + elapsed;
  if (elapsed > 0.5 * static_cast<double>(modulus_) * t) {
    const double wraps = std::nearbyint((available / t - static_cast<double>(jump)) / static_cast<double>(modulus_));
    jump += modulus_ * static_cast<std::int64_t>(std::max(0.0, wraps));
  }
  const double implied = static_cast<double>(jump) * t, tolerance = std::max(0.1, 0.05 * implied);
  const bool consecutive = static_cast<double>(jump) <= std::max(2.0 * static_cast<double>(s.usual_jump), 0.1 / t);
  const bool fits = consecutive ? implied - available <= tolerance : std::abs(implied - available) <= tolerance;
  if (!fits || jump == 0) return restart(c, arrival_s);
  if (jump <= 2 * s.usual_jump || implied <= 0.1)
    s.usual_jump = std::max(jump, static_cast<std::int64_t>(0.99 * static_cast<double>(s.usual_jump)));
  s.late_s = std::max(0.0, available - implied - 0.05 * implied);
  s.last = c;
  s.arrival_s = arrival_s;
  s.base += jump;
  return {s.base, false};
}

}  // namespace grfd
