// What a squat repetition is: every threshold of the detector and of the metrics in one place.
#pragma once
#include <array>
#include <cmath>
#include <cstdint>

#include "schemas/gravity.hpp"
#include "schemas/settings.hpp"

namespace grfd {

/// Of all files of the repetition.
namespace squat {
inline constexpr double dt = 1e-3;  ///< s, a tick
inline std::int64_t ticks(double seconds) noexcept { return std::llround(seconds / dt); }
}  // namespace squat

/// Defaults: science.md 5.2-5.4 and 9, found on two independent synthetic subjects (0.5 to 5.5 s descents, 40 to 150
/// kg). v = velocity of the centre of mass, + up; z = its height, 0 standing, negative below; DF = dorsiflexion.
struct SquatParams {
  bool plates =
      true;  ///< false: none, or not under both feet. Repetitions are found by the ankles alone, no force is used.
  // quiet standing and weighing
  double quiet_share = 0.02;             ///< |Fz - BW| / BW
  double quiet_share_force_only = 0.01;  ///< the same when no ankle is known
  double quiet_rate_deg_s = 1.5;         ///< |mean DF rate|
  double quiet_s = 0.30, quiet_force_only_s = 0.50;
  double weigh_min_n = 100;
  double weigh_df_deg = 4;   ///< more in the second of the weighing is no standing: half a descent can hold SD < 2 %
  double reweigh_sd = 0.01;  ///< SD / mean of the last second
  double reweigh_share = 0.02, reweigh_share_force_only = 0.05;
  double reweigh_df_deg = 4;  ///< farther from its standing angle the ankle is not standing
  // state machine
  double start_v_m_s = -0.06, start_rate_deg_s = 5, start_hold_s = 0.08;
  double bottom_v_m_s = -0.02, descent_v_m_s = -0.05;
  double end_df_share = 0.20;                      ///< of the range: the ankle is back
  double end_z_share = 0.30, turn_z_share = 0.30;  ///< of the drop: the body is back
  double turn_df_share = 0.30;                     ///< without plates: of the range, the ankle is back
  double foot_moved_deg = 2, foot_still_s = 2;  ///< turned by more, a foot does not stand; still for that long, it does
  double foot_moved_drop_m = 0.15;              ///< more than lowered heels give: the body goes down all the same
  double standing_still_s = 1;                  ///< quiet for that long before it went down, the body stands
  double rep_max_s = 20;                        ///< at most 25 (length of the history)
  // reasons to reject
  double drop_min_m = 0.10, df_min_deg = 8, descent_min_s = 0.30, descent_max_s = 8;
  double foot_n = 20, foot_s = 0.005, flight_s = 0.10, off_s = 1.0;
  double gap_mark_s = 0.05, gap_reject_s = 0.25;  ///< marked incomplete; rejected, or side without metrics
  // metrics of a closed repetition
  double margin_before_s = 0.6, margin_after_s = 0.4;  ///< the body already moves at the start and still at the end
  double settle_s = 0.8;                               ///< wait after the end, so that a start right after it is known
  double settle_max_s = 2.0;                           ///< the longest wait for a subject who does not stand still
  double baseline_s = 0.30;
  double baseline_off_deg = 3;  ///< farther from the standing angle a baseline is none
  double range_min_deg = 3;
  /// An ankle that gains more than that within the hold after the bottom, more than the rate of a quiet one, still
  /// bends: until it gains nothing for the hold, at most that long and for half of the ascent.
  double course_gain_deg = 0.15, course_hold_s = 0.10, course_after_s = 0.5;
  double plateau_rate_share = 0.15, plateau_rate_deg_s = 4, plateau_hold_s = 0.10, plateau_before_bottom_s = 0.10;
  double plateau_v_m_s = -0.05, plateau_v_share = 0.7;  ///< the body still goes down in more than that part of the hold
  double room_share = 0.9;                              ///< of the available angle: the ankle ran out of room
  double tie_s = 0.050;                                 ///< finishes closer than that are simultaneous
  double pause_v_m_s = 0.03, pause_z_m = 0.010, pause_min_s = 0.20;
  double bottom_span_m = 0.002, bottom_span_share = 0.01;
  double bottom_half_s = 0.05;  ///< half width of the means at the bottom
  double eversion_hz = 8, eversion_min_deg = 0.5, eversion_before_s = 0.4;
  // forces of a closed repetition
  double bai_min_n = 100;  ///< a course of the load asymmetry needs that much force in all
  double drive_sd = 5;     ///< the drive begins that many SD of standing above the weight
  double event_on_deg = 3, event_off_deg = 2, event_s = 0.10;  ///< heel lift, inversion
  double behind_percent = 40;                                  ///< of the foot
  double heel_percent = 12, toe_percent = 72;                  ///< where a foot on two points stands [assumption]
  double heel_contact_share = 0.10;                            ///< more than that of the load on the heel: comfortable
  double band_low_percent = 55, band_high_percent = 70;        ///< target of the CoP, edges included
  double fall_back_percent = 5, fall_back_s = 0.10;            ///< of the foot; in one run
  double development_s = 0.020;                                ///< window of the peak rate of force development
  double quiet_before_s = 0.3, shift_before_s = 0.5;           ///< CoP in standing; then its way forward is looked for
  double com_height_share = 0.56;                              ///< of the body height, in standing [assumption]
  std::int64_t force_rate_lag = 0;  ///< ticks that the rate of force lies behind the other inputs

  static SquatParams from(const SquatSettings& s) {
    SquatParams p;
    p.drop_min_m = s.drop_min_m;
    p.df_min_deg = s.dorsiflexion_min_deg;
    return p;
  }
};

/// Who squats and where the feet stand; NaN = not measured. Index 0 = left.
struct SquatBody {
  double height_m = std::nan(""), foot_length_m = std::nan(""), standing_shank_deg = 0;
  std::array<std::array<double, 2>, 2> heel_m{};  ///< lab, ML and AP
  std::array<double, 2> toe_out_sin{}, toe_out_cos{1, 1};
  std::array<double, 2> ankle_ap_m{}, available_deg{std::nan(""), std::nan("")};

  static SquatBody from(const ParticipantSettings& s) {
    const auto measured = [](double x) { return x > 0 ? x : std::nan(""); };
    SquatBody b;
    b.height_m = measured(s.height_m);
    b.foot_length_m = measured(s.foot_length_m);
    b.standing_shank_deg = s.standing_shank_deg.value_or(0);
    b.heel_m = s.heel_m;
    for (std::size_t i = 0; i < 2; ++i) {
      const double toe_out_rad = s.toe_out_deg[i] * 3.14159265358979323846 / 180;
      b.toe_out_sin[i] = std::sin(toe_out_rad);
      b.toe_out_cos[i] = std::cos(toe_out_rad);
      b.ankle_ap_m[i] = s.heel_m[i][1] + s.heel_to_ankle_m * b.toe_out_cos[i];
      b.available_deg[i] = measured(s.available_deg[i]);
    }
    return b;
  }
  /// Along the foot's long axis, from the heel.
  double cop_percent(std::size_t side, double ml_m, double ap_m) const noexcept {
    const double out = side == 0 ? -1 : 1, x = ml_m - heel_m[side][0], y = ap_m - heel_m[side][1];
    return 100 * (out * x * toe_out_sin[side] + y * toe_out_cos[side]) / foot_length_m;
  }
  /// Of both feet: forward from the middle of the heels.
  double cop_percent(double ap_m) const noexcept {
    return 100 * (ap_m - 0.5 * (heel_m[0][1] + heel_m[1][1])) / foot_length_m;
  }
  /// External flexion moment of one knee as if nothing were accelerated, N.m, + loads the front of the thigh. The thigh
  /// and all above push on the knee; the foot and the shank below it hang on it. Segments: Winter.
  /// @param fz_n, fy_n ground reaction; shank_deg lean from the vertical; mass_kg of the body
  double knee_moment(std::size_t side, double fz_n, double fy_n, double cop_ap_m, double shank_deg,
                     double mass_kg) const noexcept {
    constexpr double foot = 0.0145, shank = 0.0465, length = 0.246, ankle_height = 0.039, shank_center = 0.433,
                     foot_center_m = 0.04;  // from the knee; ahead of the ankle
    if (std::isnan(foot_length_m)) return std::nan("");
    const double a = shank_deg * 3.14159265358979323846 / 180, ankle = ankle_ap_m[side];
    const double knee = ankle + length * height_m * std::sin(a),
                 knee_height = ankle_height * height_m + length * height_m * std::cos(a);
    return fz_n * (knee - cop_ap_m) - knee_height * fy_n -
           kStandardGravity_m_s2 * mass_kg *
               (shank * shank_center * (knee - ankle) + foot * (knee - ankle - foot_center_m));
  }
};

}  // namespace grfd
