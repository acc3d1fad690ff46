// What a squat repetition is: every threshold of the detector and of the metrics in one place.
#pragma once
#include "schemas/settings.hpp"

namespace grfd {

/// Defaults: science.md 5.2-5.4 and 9, found on two independent synthetic subjects (0.5 to 5.5 s descents, 40 to 150
/// kg). v = velocity of the centre of mass, + up; z = its height, 0 standing, negative below; DF = dorsiflexion.
struct SquatParams {
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
  double rep_max_s = 20;                           ///< at most 25 (length of the history)
  // reasons to reject
  double drop_min_m = 0.10, df_min_deg = 8, descent_min_s = 0.30, descent_max_s = 8;
  double foot_n = 20, foot_s = 0.005, flight_s = 0.10, off_s = 1.0;
  double gap_mark_s = 0.05, gap_reject_s = 0.25;  ///< marked incomplete; rejected, or side without metrics
  // metrics of a closed repetition
  double margin_before_s = 0.6, margin_after_s = 0.4;  ///< the body already moves at the start and still at the end
  double settle_s = 0.8;                               ///< wait after the end, so that a start right after it is known
  double settle_max_s = 2.0;                           ///< the longest wait for a subject who does not stand still
  double baseline_s = 0.30;
  double range_min_deg = 3;
  double plateau_rate_share = 0.15, plateau_rate_deg_s = 4, plateau_hold_s = 0.10, plateau_before_bottom_s = 0.10;
  double plateau_v_m_s = -0.05, plateau_v_share = 0.7;  ///< the body still goes down in more than that part of the hold
  double tie_s = 0.050;                                 ///< finishes closer than that are simultaneous
  double pause_v_m_s = 0.03, pause_z_m = 0.010, pause_min_s = 0.20;
  double bottom_span_m = 0.002, bottom_span_share = 0.01;
  double bottom_half_s = 0.05;  ///< half width of the means at the bottom
  double eversion_hz = 8, eversion_min_deg = 0.5, eversion_before_s = 0.4;

  static SquatParams from(const SquatSettings& s) {
    SquatParams p;
    p.drop_min_m = s.drop_min_m;
    p.df_min_deg = s.dorsiflexion_min_deg;
    return p;
  }
};

}  // namespace grfd
