// The state machine of a rig without plates. The ankles stand for the body: it goes down while they bend, the bottom is
// where their rate changes its sign, it is up again when they are back. science.md 5.1: "IMUs only".
#include <algorithm>
#include <cmath>

#include "dsp/squat_segmenter.hpp"

namespace grfd {

/// @return as step()
bool SquatSegmenter::by_ankles(const Ankles& a, bool knee_to_wall, SquatSpan& closed) noexcept {
  State& s = *s_;
  const SquatParams& p = *p_;
  const double gap_s = seconds(std::min(s.ankle_gap[0], s.ankle_gap[1]));
  if (a.any) {
    s.quiet = std::abs(a.rate_deg_s) < p.quiet_rate_deg_s ? s.quiet + 1 : 0;
  } else {
    // Over a hole what went on goes on, so that it is dated from where it began.
    for (std::int64_t* run : {&s.quiet, &s.slow, &s.rising})
      if (*run != 0) ++*run;
    if (gap_s > p.gap_mark_s) s.quiet = 0;  // nobody knows whether it was still
  }
  if (s.phase == SquatPhase::lost) {
    if (!a.any || seconds(s.quiet) < p.standing_still_s) return false;
    start_standing(a);
    return false;
  }
  if (s.in_rep && knee_to_wall) suspect(RejectReason::knee_to_wall);
  if (s.phase != SquatPhase::standing) return bend(a, closed);
  for (int i = 0; i < 2; ++i) s.start_gap[i] = std::max(s.start_gap[i], s.ankle_gap[i]);
  if (gap_s > p.gap_reject_s) s.last_quiet = -1;
  if (a.any) stand_by_ankles(a);
  return false;
}

/// Heels that come down turn the ankles, too: nothing begins with a raised foot.
void SquatSegmenter::stand_by_ankles(const Ankles& a) noexcept {
  State& s = *s_;
  const SquatParams& p = *p_;
  if (a.rate_deg_s < p.quiet_rate_deg_s) {
    s.last_quiet = s.tick;
    s.start_gap[0] = s.start_gap[1] = 0;
  }
  const bool resting = seconds(s.quiet) > 0.5 * p.quiet_s;
  watch_feet(a, resting);
  // At rest and straighter than it stood: it did not stand then, it was down.
  if (resting && s.foot_moved == 0 && mean_difference(a.df_deg, s.df_flat) < -p.reweigh_df_deg)
    for (int i = 0; i < 2; ++i)
      if (a.known[i]) s.df_standing[i] = s.df_flat[i] = a.df_deg[i];
  s.hold = s.foot_moved == 0 && a.rate_deg_s > p.start_rate_deg_s ? s.hold + 1 : 0;
  if (seconds(s.hold) < p.start_hold_s) return;
  if (s.last_quiet < 0) return lose(waiting());  // it began while no ankle was known
  begin(s.last_quiet, RepetitionEdge::quiet, a);
  s.slow = s.rising = 0;
  for (int i = 0; i < 2; ++i)
    if (!std::isnan(s.df_standing[i])) s.rep.ankle_gap[i] = s.start_gap[i];
}

/// It bends again before the body stood still: from near standing that is the next repetition, from farther down the
/// same one. @return true when the repetition was closed.
bool SquatSegmenter::bent_again(const Ankles& a, double from_standing, double range, SquatSpan& closed) noexcept {
  State& s = *s_;
  const SquatParams& p = *p_;
  if (a.rate_deg_s <= 0) {
    s.falling = 0;
  } else {
    if (s.falling == 0) {
      s.turn_tick = s.tick;
      s.df_turn = from_standing;
    }
    ++s.falling;
  }
  if (seconds(s.hold) < p.start_hold_s) return false;
  if (s.df_turn < p.turn_df_share * range) {
    close(s.turn_tick, RepetitionEdge::turn, RejectReason::none, closed);
    begin(s.turn_tick, RepetitionEdge::turn, a);
    s.quiet = s.slow = s.rising = 0;
    return true;
  }
  s.rep.bottom = s.rep.ascent = -1;
  s.phase = SquatPhase::descent;
  s.slow = 0;
  return false;
}

/// Descent, bottom, ascent. @return true when the repetition was closed.
bool SquatSegmenter::bend(const Ankles& a, SquatSpan& closed) noexcept {
  State& s = *s_;
  const SquatParams& p = *p_;
  SquatSpan& r = s.rep;
  follow_ankles(a);
  if (seconds(std::min(s.ankle_gap[0], s.ankle_gap[1])) > p.gap_reject_s) suspect(RejectReason::gap);
  if (a.any) {
    const double rate = a.rate_deg_s, range = df_range(a), from_standing = mean_difference(a.df_deg, s.df_standing),
                 quiet_s = seconds(s.quiet);
    s.hold = rate > p.start_rate_deg_s ? s.hold + 1 : 0;
    if (s.phase == SquatPhase::descent) {
      s.slow = rate < p.quiet_rate_deg_s ? s.slow + 1 : 0;
      if (seconds(s.slow) >= p.start_hold_s || rate < -p.quiet_rate_deg_s) reach_bottom(s.tick - s.slow + 1, unknown);
    } else if (s.phase == SquatPhase::bottom) {
      s.rising = rate < -p.quiet_rate_deg_s ? s.rising + 1 : 0;
      if (seconds(s.hold) >= p.start_hold_s) {  // it was a rest on the way down
        r.bottom = -1;
        s.phase = SquatPhase::descent;
        s.slow = 0;
      } else if (seconds(s.rising) >= p.start_hold_s) {
        r.ascent = s.tick - s.rising + 1;
        s.phase = SquatPhase::ascent;
        s.falling = 0;
      }
    } else if (bent_again(a, from_standing, range, closed)) {
      return true;
    }
    const bool back = from_standing < p.end_df_share * range ||
                      (from_standing < p.turn_df_share * range && quiet_s > p.standing_still_s);
    const bool up = s.phase != SquatPhase::descent && back && quiet_s > p.quiet_s;
    // The body leans a little further forward than before, and stays so.
    const bool leans = s.phase == SquatPhase::bottom && df_range() < std::max(p.df_min_deg, p.range_min_deg) &&
                       quiet_s > p.standing_still_s;
    if (up || leans) {
      close(s.tick - s.quiet + 1, RepetitionEdge::quiet, leans ? RejectReason::no_ankle_motion : RejectReason::none,
            closed);
      s.phase = SquatPhase::standing;
      zero();
      return true;
    }
  }
  if (s.phase == SquatPhase::descent && seconds(s.tick - r.start) > p.descent_max_s) {
    suspect(RejectReason::descent_too_long);
    reach_bottom(s.tick, unknown);
  }
  return timed_out(closed);
}

}  // namespace grfd
