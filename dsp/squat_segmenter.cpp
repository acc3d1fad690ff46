#include "dsp/squat_segmenter.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace grfd {
namespace {

using squat::dt;
constexpr std::int64_t ticks_per_second = 1000;

}  // namespace

SquatSegmenter::Ankles SquatSegmenter::ankles(const SquatInput& in) const noexcept {
  Ankles a;
  double sum = 0, sum_df = 0;
  int n = 0;
  for (int i = 0; i < 2; ++i) {
    a.known[i] = !std::isnan(in.dorsiflexion_deg[i]) && !std::isnan(in.rate_deg_s[i]);
    if (!a.known[i]) continue;
    a.df_deg[i] = in.dorsiflexion_deg[i];
    a.pitch_deg[i] = in.foot_pitch_deg[i];
    sum += in.rate_deg_s[i];
    sum_df += a.df_deg[i];
    ++n;
  }
  a.any = n != 0;
  if (a.any) {
    a.rate_deg_s = sum / n;
    a.mean_df_deg = sum_df / n;
  }
  return a;
}

double SquatSegmenter::mean_difference(const double (&x)[2], const double (&y)[2]) noexcept {
  double sum = 0;
  int n = 0;
  for (int i = 0; i < 2; ++i) {
    if (std::isnan(x[i]) || std::isnan(y[i])) continue;
    sum += x[i] - y[i];
    ++n;
  }
  return n == 0 ? unknown : sum / n;
}

double SquatSegmenter::df_range() const noexcept { return mean_difference(s_->df_peak, s_->df_standing); }
double SquatSegmenter::df_range(const Ankles& a) const noexcept {
  const double peak[2] = {a.known[0] ? s_->df_peak[0] : unknown, a.known[1] ? s_->df_peak[1] : unknown};
  return mean_difference(peak, s_->df_standing);
}

void SquatSegmenter::feed_window(double fz) noexcept {
  State& s = *s_;
  if (s.window_count == State::second) {
    const double old = s.window[s.window_head];
    s.sum += fz;
    s.sum_sq += fz * fz;
    s.sum -= old;
    s.sum_sq -= old * old;
  } else {
    ++s.window_count;
    s.sum += fz;
    s.sum_sq += fz * fz;
  }
  s.window[s.window_head] = fz;
  s.window_head = (s.window_head + 1) % State::second;
}

void SquatSegmenter::clear_window() noexcept {
  s_->window_head = s_->window_count = 0;
  s_->sum = s_->sum_sq = 0;
}

void SquatSegmenter::zero() noexcept {
  State& s = *s_;
  s.v = s.z = s.z_min = s.accel_bias = 0;
  s.hold = s.quiet = s.falling = 0;
  s.zeroed_at = s.last_quiet = s.tick;
  s.start_gap[0] = s.start_gap[1] = 0;
  s.weight_head = s.weight_count = 0;
}

void SquatSegmenter::set_status(SquatStatus status) noexcept {
  if (s_->status == status) return;
  s_->status = status;
  emit(SquatEventKind::status, static_cast<double>(status));
}

/// A slow start is eaten by the zero-velocity update and by the slow re-weighing: take the weight from half a second
/// before the start and integrate again from there.
void SquatSegmenter::rewind(std::int64_t start) noexcept {
  State& s = *s_;
  std::int64_t n = std::min({s.tick - start + ticks_per_second / 2, s.tick - s.zeroed_at, std::int64_t{s.force_count}});
  if (s.foot_moved == 0) n = std::min(n, s.tick - s.foot_stood);  // before, the body moved
  if (s.weight_count != 0) {
    const auto j = static_cast<int>(std::max<std::int64_t>(0, s.weight_count - 1 - n / 100));
    s.bodyweight_n = s.weight[(s.weight_head - s.weight_count + j + State::weights) % State::weights];
  }
  s.v = s.z = 0;
  for (std::int64_t k = n; k > 0; --k) {
    const double f = s.force[(s.force_head - k + State::rewind) % State::rewind];
    s.v += (std::isnan(f) ? 0.0 : (f - s.bodyweight_n) / (s.bodyweight_n / kStandardGravity_m_s2)) * dt;
    s.z += s.v * dt;
  }
}

void SquatSegmenter::begin(std::int64_t start, RepetitionEdge kind, const Ankles& a) noexcept {
  State& s = *s_;
  if (kind == RepetitionEdge::quiet && p_->plates) rewind(start);
  s.rep = SquatSpan{};
  s.rep.start = start;
  s.rep.hit = s.tick;
  s.rep.previous_end = s.previous_end;
  s.rep.bodyweight_n = s.bodyweight_n;
  s.rep.start_kind = kind;
  for (int i = 0; i < 2; ++i) {
    s.rep.df_standing_deg[i] = s.df_standing[i];
    s.rep.df_flat_deg[i] = s.df_flat[i];
    s.df_peak[i] = a.df_deg[i];
  }
  s.in_rep = true;
  s.phase = SquatPhase::descent;
  s.hold = s.falling = 0;
  s.z_min = s.z;
  s.v_min = s.v;
  began_ = true;
}

void SquatSegmenter::close(std::int64_t end, RepetitionEdge kind, RejectReason reason, SquatSpan& closed) noexcept {
  State& s = *s_;
  const SquatParams& p = *p_;
  SquatSpan& r = s.rep;
  r.end = end;
  r.end_kind = kind;
  if (r.bottom < 0) r.bottom = end;
  if (r.ascent < 0) r.ascent = r.bottom;
  r.drop_raw_m = p.plates ? -s.z_min : unknown;
  const double range = df_range();
  if (reason != RejectReason::none && (r.reason == RejectReason::none || r.reason == RejectReason::foot_unloaded)) {
    r.reason = reason;
  }
  if (r.reason == RejectReason::none) {
    if (r.drop_raw_m < p.drop_min_m) {
      r.reason = RejectReason::too_shallow;
    } else if (range < p.df_min_deg) {  // false when no ankle is known
      r.reason = RejectReason::no_ankle_motion;
    } else if (seconds(r.bottom - r.start) < p.descent_min_s) {
      r.reason = RejectReason::descent_too_fast;
    }
  }
  const std::int64_t gap = std::max({r.plate_gap, r.ankle_gap[0], r.ankle_gap[1]});
  r.incomplete = seconds(gap) > p.gap_mark_s;
  for (int i = 0; i < 2; ++i) {
    r.df_peak_deg[i] = s.df_peak[i];
    r.ankle_gap_too_long[i] = seconds(r.ankle_gap[i]) > p.gap_reject_s;
  }
  s.in_rep = false;
  s.previous_end = end;
  closed = r;
}

void SquatSegmenter::suspect(RejectReason why) noexcept {
  if (s_->rep.reason == RejectReason::none) s_->rep.reason = why;
}

/// Nothing counts until the body stands still again.
void SquatSegmenter::lose(SquatStatus status) noexcept {
  s_->phase = SquatPhase::lost;
  s_->quiet = 0;
  clear_window();
  set_status(status);
}

void SquatSegmenter::reach_bottom(std::int64_t tick, double height_m) noexcept {
  s_->rep.bottom = tick;
  s_->phase = SquatPhase::bottom;
  s_->rising = 0;
  emit(SquatEventKind::bottom, height_m);
}

/// @return true when it took too long and was closed.
bool SquatSegmenter::timed_out(SquatSpan& closed) noexcept {
  if (seconds(s_->tick - s_->rep.start) <= p_->rep_max_s) return false;
  close(s_->tick, RepetitionEdge::timeout, RejectReason::timeout, closed);
  lose(waiting());
  return true;
}

/// Peaks and gaps of the ankles in the repetition so far.
void SquatSegmenter::follow_ankles(const Ankles& a) noexcept {
  State& s = *s_;
  for (int i = 0; i < 2; ++i) {
    if (a.known[i]) s.df_peak[i] = std::isnan(s.df_peak[i]) ? a.df_deg[i] : std::max(s.df_peak[i], a.df_deg[i]);
    if (!std::isnan(s.rep.df_standing_deg[i])) s.rep.ankle_gap[i] = std::max(s.rep.ankle_gap[i], s.ankle_gap[i]);
  }
}

bool SquatSegmenter::end_by_gap(SquatSpan& closed, SquatEvents& events) noexcept {
  events_ = &events;
  began_ = false;
  const bool was = s_->in_rep;
  if (was) close(s_->tick, RepetitionEdge::gap, RejectReason::gap, closed);
  return was;
}

bool SquatSegmenter::interrupt(SquatSpan& closed, SquatEvents& events) noexcept {
  const bool was = end_by_gap(closed, events);
  s_->force_count = s_->force_head = 0;
  lose(waiting());
  return was;
}

bool SquatSegmenter::forget_angles(SquatSpan& closed, SquatEvents& events) noexcept {
  State& s = *s_;
  const bool was = end_by_gap(closed, events);
  std::fill(std::begin(s.df_past), std::end(s.df_past), unknown);
  if (s.phase != SquatPhase::lost && (s.phase != SquatPhase::standing || s.hold != 0)) lose(waiting());
  return was;
}

bool SquatSegmenter::step(const SquatInput& in, SquatSpan& closed, SquatEvents& events) noexcept {
  State& s = *s_;
  const SquatParams& p = *p_;
  events_ = &events;
  t_s_ = in.t_s;
  began_ = false;
  ++s.tick;
  const Ankles a = ankles(in);
  for (int i = 0; i < 2; ++i) s.ankle_gap[i] = a.known[i] ? 0 : s.ankle_gap[i] + 1;
  if (in.new_zero && s.phase == SquatPhase::standing) start_standing(a);
  if (!p.plates) return by_ankles(a, in.knee_to_wall, closed);
  const double fz = in.fz_n[0] + in.fz_n[1];
  const bool plate = !std::isnan(fz);
  s.plate_gap = plate ? 0 : s.plate_gap + 1;
  if (plate) {
    for (int i = 0; i < 2; ++i) s.foot_off[i] = in.fz_n[i] <= p.foot_n ? s.foot_off[i] + 1 : 0;
    feed_window(fz);
  } else if (seconds(s.plate_gap) > p.gap_mark_s) {
    clear_window();
  }
  double df_change = 0;  // of the last second
  if (s.tick % 10 == 0) {
    double& past = s.df_past[s.tick / 10 % (State::second / 10)];
    df_change = a.mean_df_deg - past;
    past = a.mean_df_deg;
  }
  const bool both_on = seconds(std::max(s.foot_off[0], s.foot_off[1])) < p.foot_s;
  const double nobody_s = seconds(std::min(s.foot_off[0], s.foot_off[1]));

  if (nobody_s >= p.off_s) {
    const bool was = s.in_rep;
    if (was) close(s.tick, RepetitionEdge::off, RejectReason::stepped_off, closed);
    if (s.weighed) emit(SquatEventKind::bodyweight_forgotten, s.bodyweight_n);
    s.weighed = false;
    s.bodyweight_n = s.df_standing[0] = s.df_standing[1] = unknown;
    for (int i = 0; i < 2; ++i) s.df_flat[i] = s.pitch_flat[i] = unknown;
    lose(SquatStatus::waiting);
    return was;
  }

  const bool look = s.window_count == State::second && s.tick % 10 == 0;
  double mean = unknown, sd = unknown;
  if (look) {
    mean = s.sum / State::second;
    sd = std::sqrt(std::max(0.0, s.sum_sq / State::second - mean * mean));
  }
  if (s.phase == SquatPhase::lost || !s.weighed) {
    if (look) weigh(a, both_on, mean, sd, df_change);
    return false;
  }

  if (plate) s.v += ((fz - s.bodyweight_n) / (s.bodyweight_n / kStandardGravity_m_s2) - s.accel_bias) * dt;
  s.z += s.v * dt;
  const bool ankles_still = a.any && std::abs(a.rate_deg_s) < p.quiet_rate_deg_s;
  if (plate) {
    const double off = std::abs(fz - s.bodyweight_n);
    const bool quiet =
        a.any ? off < p.quiet_share * s.bodyweight_n && ankles_still : off < p.quiet_share_force_only * s.bodyweight_n;
    s.quiet = quiet ? s.quiet + 1 : 0;
  }
  const double quiet_s = seconds(s.quiet), need_s = a.any ? p.quiet_s : p.quiet_force_only_s;
  const double from_standing = mean_difference(a.df_deg, s.df_standing);
  s.ankle_quiet = ankles_still ? s.ankle_quiet + 1 : 0;

  // Another weight. A slow ascent holds the force level for a second too, so the ankles must have been still that long.
  if (look && both_on && sd < p.reweigh_sd * mean) {
    const double change = std::abs(mean / s.bodyweight_n - 1);
    const bool standing_ankles = s.ankle_quiet >= ticks_per_second && !(std::abs(from_standing) >= p.reweigh_df_deg);
    if (a.any ? change > p.reweigh_share && standing_ankles : change > p.reweigh_share_force_only) {
      emit(SquatEventKind::bodyweight_changed, mean);
      s.bodyweight_n = mean;
      const bool was = s.in_rep;
      if (was) close(s.tick, RepetitionEdge::bodyweight, RejectReason::bodyweight_changed, closed);
      s.phase = SquatPhase::standing;
      zero();
      return was;
    }
  }

  if (s.in_rep && in.knee_to_wall) suspect(RejectReason::knee_to_wall);
  if (s.phase == SquatPhase::standing) {
    stand(a, plate, fz, both_on, quiet_s > 0.5 * need_s);
    return false;
  }
  return move(a, both_on, nobody_s, quiet_s, need_s, from_standing, closed);
}

}  // namespace grfd
