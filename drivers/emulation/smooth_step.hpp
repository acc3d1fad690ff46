// The course of everything that the synthetic subject moves smoothly.
#pragma once

namespace grfd {

/// From 0 to 1 over u = 0..1, zero first and second derivative at both ends.
inline double smooth_step(double u) {
  if (u <= 0) return 0;
  if (u >= 1) return 1;
  return u * u * u * (u * (6 * u - 15) + 10);
}

/// Its integral from 0.
inline double smooth_step_integral(double u) {
  if (u <= 0) return 0;
  if (u >= 1) return u - 0.5;
  return u * u * u * u * (u * (u - 3) + 2.5);
}
/// Its second derivative.
inline double smooth_step_bend(double u) { return u <= 0 || u >= 1 ? 0 : 60 * u * (1 - u) * (1 - 2 * u); }

}  // namespace grfd
