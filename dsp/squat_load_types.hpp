// What the forces of a closed repetition say: one foot, and both together.
#pragma once
#include <array>
#include <cstddef>
#include <limits>

namespace grfd {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// Means of one quantity: 0.3 s before the start, start to bottom, 0.1 s about the middle of the bottom, bottom to end.
/// `standing` is unknown when the repetition began at a turn.
struct PhaseMeans {
  double standing = unknown, descent = unknown, bottom = unknown, ascent = unknown;
};

/// Rate of force development: (F(t0 + T) - F(t0)) / T, N/s, for T = 50, 100, 150, 200, 250 ms.
using ForceDevelopment = std::array<double, 5>;
inline constexpr ForceDevelopment kUnknownDevelopment{unknown, unknown, unknown, unknown, unknown};

/// Lab axes; CoP in percent of the foot's length from the heel.
struct FootLoads {
  PhaseMeans fz_n, tz_nm, cop_percent;
  ForceDevelopment development_n_s = kUnknownDevelopment;
  double force_rate_peak_n_s = unknown;   ///< between the middle of the bottom and the largest upward velocity
  double development_peak_n_s = unknown;  ///< largest (F(t + 20 ms) - F(t)) / 20 ms there, unfiltered
  double knee_standing_nm = unknown, knee_bottom_nm = unknown, knee_peak_nm = unknown;  ///< external flexion moment
  double heel_lift_onset_s = unknown, heel_lift_time_s = unknown;  ///< onset NaN, time 0: the heel stayed down
  // exploratory
  double inversion_onset_s = unknown, inversion_time_s = unknown, inversion_peak_deg = unknown;
  double heel_share_standing = unknown, heel_share_bottom = unknown, heel_share_min = unknown;  ///< 0..1
  double heel_contact = unknown;         ///< 1: load on the heel and no heel lift all the time, 0: lost
  double heel_contact_lost_s = unknown;  ///< when first; NaN: never, or unknown
  double behind_40_s = unknown;          ///< time with the CoP behind 40 % of the foot
  double in_band_percent = unknown;      ///< of the time, with the CoP in the target band
  double impulse_eccentric_n_s = unknown, impulse_concentric_n_s = unknown;
  double power_eccentric_w = unknown, power_concentric_w = unknown;  ///< means of fz v
  double power_eccentric_peak_w = unknown, power_concentric_peak_w = unknown;
};

struct BothLoads {
  PhaseMeans cop_percent;  ///< of the common CoP, between the heels of both feet
  PhaseMeans spread_n;     ///< (Fx left - Fx right) / 2, + = the feet push outward
  double drive_onset_s = unknown;
  ForceDevelopment development_n_s = kUnknownDevelopment;  ///< of both forces together
  double force_rate_peak_n_s = unknown, development_peak_n_s = unknown;
  static constexpr std::size_t points = 11;
  using Course = std::array<double, points>;  ///< at 0, 10 .. 100 % of a phase
  static constexpr Course kUnknownCourse{unknown, unknown, unknown, unknown, unknown, unknown,
                                         unknown, unknown, unknown, unknown, unknown};
  Course bai_descent = kUnknownCourse, bai_ascent = kUnknownCourse;  ///< right minus left
  // exploratory
  double in_band_percent = unknown;  ///< of the time, with the common CoP in the target band
  double fall_back_percent = unknown, fall_back_time_s = unknown;  ///< of the foot; time at or beyond 5 %
  double fell_back = unknown;      ///< 1: at or beyond 5 % for more than 100 ms in one run; else 0
  double depth_percent = unknown;  ///< drop in percent of the body height
  double descent_s = unknown, ascent_s = unknown;
  double forward_shift_m = unknown;  ///< of the CoP, from standing, before the body goes down
  double com_fall_back_m = unknown;  ///< as fall_back_m, of the estimated centre of mass
  double stiffness_n_m = unknown;    ///< braking: force gained per height lost
  double smoothness_descent = unknown, smoothness_ascent = unknown;  ///< -ln of the dimensionless jerk
};

}  // namespace grfd
