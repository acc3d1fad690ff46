// The standing half of the state machine: weighing, feet, the wait for a start.
#include <algorithm>
#include <cmath>

#include "dsp/squat_segmenter.hpp"

namespace grfd {

void SquatSegmenter::weigh(const Ankles& a, bool both_on, double mean, double sd, double df_change) noexcept {
  State& s = *s_;
  const SquatParams& p = *p_;
  const double share = a.any ? p.quiet_share : p.quiet_share_force_only;
  if (!(mean > p.weigh_min_n) || !(sd < share * mean)) return;
  if (a.any && !(std::abs(a.rate_deg_s) < p.quiet_rate_deg_s)) return;
  if (std::abs(df_change) > p.weigh_df_deg) return;  // unknown: no objection
  if (!both_on) {
    set_status(SquatStatus::one_foot_unloaded);
    return;
  }
  if (s.weighed && std::abs(mean / s.bodyweight_n - 1) > p.reweigh_share)
    emit(SquatEventKind::bodyweight_changed, mean);
  s.bodyweight_n = mean;
  s.weighed = true;
  start_standing(a);
  emit(SquatEventKind::weighed, mean);
}

void SquatSegmenter::start_standing(const Ankles& a) noexcept {
  State& s = *s_;
  s.phase = SquatPhase::standing;
  for (int i = 0; i < 2; ++i) {
    s.df_standing[i] = a.df_deg[i];
    s.df_flat[i] = s.pitch_flat[i] = unknown;
  }
  s.foot_moved = 0;
  set_status(SquatStatus::standing);
  zero();
}

/// Heels that come down turn the ankles as a squat does. A foot that was raised stands again when it is flat and the
/// body still, or when it has been still where it is: a sensor was pushed, or the feet were put elsewhere.
void SquatSegmenter::watch_feet(const Ankles& a, bool resting) noexcept {
  State& s = *s_;
  const SquatParams& p = *p_;
  const auto off = [&](int i) {  // unknown: no. Before anything was learned the standing pose tells what is flat.
    return std::abs(a.pitch_deg[i] - (std::isnan(s.pitch_flat[i]) ? 0 : s.pitch_flat[i])) > p.foot_moved_deg;
  };
  if (off(0) || off(1)) {
    s.foot_moved = resting ? s.foot_moved + 1 : 1;
  } else if (resting && s.foot_moved != 0) {
    s.foot_moved = 0;
    s.foot_stood = s.tick;
  }
  if (seconds(s.foot_moved) > p.foot_still_s) {
    for (int i = 0; i < 2; ++i) {
      s.pitch_flat[i] = a.pitch_deg[i];
      s.df_standing[i] = s.df_flat[i] = a.df_deg[i];
    }
    s.foot_moved = 0;
  }
  if (!resting || s.foot_moved != 0) return;
  const auto follow = [](double& x, double to, double gain) { x = std::isnan(x) ? to : x + gain * (to - x); };
  for (int i = 0; i < 2; ++i) {
    if (!a.known[i]) continue;
    follow(s.df_standing[i], a.df_deg[i], 0.002);
    follow(s.df_flat[i], a.df_deg[i], 0.0001);
    if (!std::isnan(a.pitch_deg[i])) follow(s.pitch_flat[i], a.pitch_deg[i], 0.0002);
  }
}

/// Standing: follow weight and ankle angle slowly, wait for a start.
void SquatSegmenter::stand(const Ankles& a, bool plate, double fz, bool both_on, bool resting) noexcept {
  State& s = *s_;
  const SquatParams& p = *p_;
  s.force[s.force_head] = fz;
  s.force_head = (s.force_head + 1) % State::rewind;
  s.force_count = std::min(s.force_count + 1, State::rewind);
  if (s.tick % 100 == 0) {
    s.weight[s.weight_head] = s.bodyweight_n;
    s.weight_head = (s.weight_head + 1) % State::weights;
    s.weight_count = std::min(s.weight_count + 1, State::weights);
  }
  if (resting) {
    s.v *= 0.97;
    s.z *= 0.97;
    s.last_quiet = s.tick;
    if (plate) s.bodyweight_n += 0.0005 * (fz - s.bodyweight_n);
  }
  watch_feet(a, resting);
  if (plate || a.any) {
    const bool flat = s.foot_moved == 0, down = s.v < p.start_v_m_s && (flat || s.z < -p.foot_moved_drop_m);
    const bool on =
        !a.any || p.df_min_deg <= 0 ? down : (down && a.rate_deg_s > 0) || (flat && a.rate_deg_s > p.start_rate_deg_s);
    s.hold = on ? s.hold + 1 : 0;
  }
  if (seconds(s.hold) >= p.start_hold_s) begin(s.last_quiet, RepetitionEdge::quiet, a);
  if (!both_on) {
    s.in_rep = began_ = false;
    lose(SquatStatus::foot_off);
  }
}

}  // namespace grfd
