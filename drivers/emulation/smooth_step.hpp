// The course of everything that the synthetic subject moves smoothly.
#pragma once

namespace grfd {

/// From 0 to 1 over u = 0..1, zero first and second derivative at both ends.
inline double smooth_step(double u) {
  if (u <= 0) return 0;
  if (u >= 1) return 1;
  return u * u * u * (u * (6 * u - 15) + 10);
}

}  // namespace grfd
