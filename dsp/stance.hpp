// Figures of quiet stance from the course of the centre of pressure. Offline, pure functions; nothing is filtered here.
// Prieto et al. 1996; prediction ellipse after Schubert and Kirchner 2014 (Gait & Posture 39:518).
#pragma once
#include <span>

namespace grfd {

/// x = ML, y = AP; n samples; the mean is removed, r = sqrt(x^2 + y^2). Lengths and areas in the unit of the input,
/// times from rate_hz: metres give m, m^2, m/s, m^2/s.
struct Stance {
  double duration_s = 0;     ///< T = (n - 1) / rate
  double mean_distance = 0;  ///< mean of r
  double rms_distance = 0, rms_ml = 0, rms_ap = 0;
  double range_ml = 0, range_ap = 0;
  double path = 0, path_ml = 0, path_ap = 0;  ///< sum of the steps
  double mean_velocity = 0;                   ///< path / T
  double mean_velocity_ml = 0, mean_velocity_ap = 0;
  double mean_velocity_n = 0;             ///< path rate / n, as some data sets publish it
  double area_circle = 0;                 ///< pi (mean_distance + 1.645 SD of r)^2: 95 % confidence circle
  double area_confidence = 0;             ///< customary "95 % confidence ellipse": 2 pi F sqrt(det S)
  double area_prediction = 0;             ///< the same times (n - 1)(n + 1) / (n (n - 2)): 95 % of new points
  double semi_major = 0, semi_minor = 0;  ///< of the ellipse of area_confidence
  double major_axis_rad = 0;              ///< from AP towards ML
  double sway_area_rate = 0;              ///< sum |y' x - y x'| / (2 T): area swept per second
  double mean_frequency_hz = 0;           ///< path / (2 pi mean_distance T)
};

/// S = covariance with n - 1; F = quantile 0.95 of the F distribution with 2 and n - 2 degrees of freedom.
/// @throws std::invalid_argument unless both have the same number of samples, at least 3, all finite, and rate_hz > 0
Stance stance(std::span<const double> ml, std::span<const double> ap, double rate_hz);

/// Quantile p of the F distribution with 2 and d degrees of freedom, in closed form: d/2 ((1 - p)^(-2/d) - 1).
double f_quantile_2(double p, double d) noexcept;

}  // namespace grfd
