// The moving half of the state machine: descent, bottom, ascent, turn.
#include <algorithm>
#include <cmath>

#include "dsp/squat_segmenter.hpp"

namespace grfd {

/// Touch-and-go: the body came back up and goes down again without rest. The height at the turn, which should be zero,
/// holds the drift of a whole cycle: it corrects the velocity and, without a rest that could do it, the offset of the
/// acceleration.
bool SquatSegmenter::turned(const Ankles& a, SquatSpan& closed) noexcept {
  State& s = *s_;
  const SquatParams& p = *p_;
  if (s.v >= 0) {
    s.falling = 0;
  } else {
    if (s.falling == 0) {
      s.turn_tick = s.tick;
      s.z_turn = s.z;
    }
    ++s.falling;
  }
  if (!(seconds(s.falling) >= p.start_hold_s && s.v < p.start_v_m_s && s.z_turn > p.turn_z_share * s.z_min))
    return false;
  const double cycle_s = std::max(seconds(s.turn_tick - s.rep.start), 1.0);
  s.accel_bias += std::clamp(s.z_turn / (cycle_s * cycle_s), -0.05, 0.05);
  close(s.turn_tick, RepetitionEdge::turn, RejectReason::none, closed);
  s.v -= std::clamp(s.z_turn / cycle_s, -0.15, 0.15);
  s.z -= s.z_turn;
  s.quiet = 0;
  begin(s.turn_tick, RepetitionEdge::turn, a);
  return true;
}

/// Descent, bottom, ascent. @return true when the repetition was closed.
bool SquatSegmenter::move(const Ankles& a, bool both_on, double nobody_s, double quiet_s, double need_s,
                          double from_standing, SquatSpan& closed) noexcept {
  State& s = *s_;
  const SquatParams& p = *p_;
  SquatSpan& r = s.rep;
  follow_ankles(a);
  s.z_min = std::min(s.z_min, s.z);
  r.plate_gap = std::max(r.plate_gap, s.plate_gap);
  if (seconds(s.plate_gap) > p.gap_reject_s) suspect(RejectReason::gap);
  if (nobody_s >= p.flight_s) {
    if (r.reason == RejectReason::foot_unloaded) r.reason = RejectReason::flight;
    suspect(RejectReason::flight);
  } else if (!both_on) {
    suspect(RejectReason::foot_unloaded);
  }
  const double range = df_range(a);
  const bool by_ankle = !std::isnan(from_standing) && range >= p.range_min_deg;
  const bool rested = quiet_s > need_s;
  const auto nearer = [&](int i) {  // the standing angle than when it began
    return std::abs(a.df_deg[i] - r.df_flat_deg[i]) < std::abs(r.df_standing_deg[i] - r.df_flat_deg[i]);
  };
  const auto stood_up = [&](RejectReason why) {
    close(s.tick - s.quiet, RepetitionEdge::quiet, why, closed);
    s.phase = SquatPhase::standing;
    zero();
    return true;
  };

  // What the air left of velocity and height is of no use. A body at rest on both feet has landed, and the next squat
  // shall be seen.
  if (r.reason == RejectReason::flight && both_on && quiet_s > p.standing_still_s) return stood_up(RejectReason::none);

  if (s.phase == SquatPhase::descent) {
    s.v_min = std::min(s.v_min, s.v);
    if (s.v_min < p.descent_v_m_s && s.v > p.bottom_v_m_s) {
      reach_bottom(s.tick, s.z);
    } else if (rested && (by_ankle ? from_standing < 0.5 * std::max(1e-6, range) : std::abs(s.v) < 0.03)) {
      return stood_up(RejectReason::too_shallow);
    } else if (quiet_s > p.standing_still_s && s.v_min >= p.descent_v_m_s && (nearer(0) || !a.known[0]) &&
               (nearer(1) || !a.known[1]) && a.any) {
      // It began in another posture, and the body stands again: no squat, and the next one shall be seen.
      return stood_up(RejectReason::too_shallow);
    } else if (seconds(s.tick - r.start) > p.descent_max_s) {
      suspect(RejectReason::descent_too_long);
      reach_bottom(s.tick, s.z);
    }
  } else if (s.phase == SquatPhase::bottom) {
    if (rested) s.v *= 0.97;  // a long pause: the body is still
    if (s.v > -p.start_v_m_s) {
      r.ascent = s.tick;
      s.phase = SquatPhase::ascent;
    }
  }
  if (s.phase == SquatPhase::ascent && turned(a, closed)) return true;
  if (s.phase == SquatPhase::ascent || s.phase == SquatPhase::bottom) {
    const bool high = s.z > p.end_z_share * s.z_min;
    const bool back =
        by_ankle ? from_standing < p.end_df_share * range || (high && quiet_s > 1.0 && std::abs(s.v) < 0.05) : high;
    if (back && rested) return stood_up(RejectReason::none);
  }
  return timed_out(closed);
}

}  // namespace grfd
