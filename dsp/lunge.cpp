#include "dsp/lunge.hpp"

#include <algorithm>
#include <cmath>

namespace grfd {
namespace {

/// Of the values that are known; NaN: none is.
double median(const std::array<double, LungeParams::kStart>& values, std::size_t n) noexcept {
  std::array<double, LungeParams::kStart> v;
  const auto end = std::copy_if(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(n), v.begin(),
                                [](double x) { return !std::isnan(x); });
  if (end == v.begin()) return kNaN;
  const auto middle = v.begin() + (end - v.begin()) / 2;
  std::nth_element(v.begin(), middle, end);
  if ((end - v.begin()) % 2) return *middle;
  return 0.5 * (*std::max_element(v.begin(), middle) + *middle);
}

}  // namespace

void LungeTrial::push(double dorsiflexion_deg, double pitch_deg) noexcept {
  State& s = state_;
  if (std::isnan(dorsiflexion_deg) || std::isnan(pitch_deg)) ++s.unknown;
  if (s.steps >= LungeParams::kStart) {
    ++s.steps;
    return look(s, dorsiflexion_deg, pitch_deg);
  }
  s.dorsiflexion_deg[s.steps] = dorsiflexion_deg;
  s.pitch_deg[s.steps] = pitch_deg;
  if (++s.steps == LungeParams::kStart) settle(s);
}

/// The start is known: look at what has come so far.
void LungeTrial::settle(State& s) const noexcept {
  const std::size_t n = std::min<std::size_t>(s.steps, LungeParams::kStart);
  s.start_deg = median(s.dorsiflexion_deg, n);
  s.start_pitch_deg = median(s.pitch_deg, n);
  for (std::size_t i = 0; i < n; ++i) look(s, s.dorsiflexion_deg[i], s.pitch_deg[i]);
}

void LungeTrial::look(State& s, double dorsiflexion_deg, double pitch_deg) const noexcept {
  if (!(pitch_deg - s.start_pitch_deg <= params_.heel_tolerance_deg)) return;
  ++s.heel_down;
  if (!(dorsiflexion_deg <= s.best_deg) && !std::isnan(dorsiflexion_deg)) s.best_deg = dorsiflexion_deg;
}

LungeResult LungeTrial::result() const noexcept {
  State s = state_;
  if (s.steps == 0) return {};
  if (s.steps < LungeParams::kStart) settle(s);
  const auto share = [&](std::uint64_t n) { return static_cast<double>(n) / static_cast<double>(s.steps); };
  return {s.best_deg,         s.start_deg,      s.start_pitch_deg,
          share(s.heel_down), share(s.unknown), static_cast<double>(s.steps) * 1e-3};
}

}  // namespace grfd
