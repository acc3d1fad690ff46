#include "dsp/squat.hpp"

#include <cmath>
#include <new>
#include <stdexcept>

namespace grfd {
namespace {
using squat::dt;
using squat::ticks;
constexpr std::int64_t ticks_per_step = 4096;       // history ticks visited in one step: some ten microseconds
constexpr std::int64_t load_ticks_per_step = 1024;  // of a pass that looks at every channel
}  // namespace

SquatDetector::SquatDetector(const SquatParams& params, const SquatBody& body)
    : params_(params),
      body_(body),
      state_(std::make_unique<State>()),
      segmenter_(params_, state_->segmenter),
      metrics_(params_, state_->metrics),
      loads_(params_, body_, state_->loads),
      bridge_(ticks(params_.gap_reject_s)) {
  if (!(params.rep_max_s <= 25)) throw std::invalid_argument("squat: rep_max_s must be at most 25 s");
  if (!(params.baseline_s <= 1)) throw std::invalid_argument("squat: baseline_s must be at most 1 s");
}

void SquatDetector::reset() noexcept { new (state_.get()) State(); }

void SquatDetector::step(const SquatInput& in) noexcept {
  State& s = *state_;
  if (s.segmenter.tick >= 0 && !(std::abs(in.t_s - (s.t_s + dt)) < 0.5 * dt)) interrupted();
  if (in.new_zero) zeroed();
  s.t_s = in.t_s;
  const double row[SquatHistory::channels] = {in.fz_n[0],
                                              in.fz_n[1],
                                              in.dorsiflexion_deg[0],
                                              in.dorsiflexion_deg[1],
                                              in.rate_deg_s[0],
                                              in.rate_deg_s[1],
                                              in.shank_deg[0],
                                              in.shank_deg[1],
                                              in.foot_pitch_deg[0],
                                              in.foot_pitch_deg[1],
                                              in.eversion_deg[0],
                                              in.eversion_deg[1],
                                              in.cop_ap_m,
                                              in.fz_unfiltered_n[0],
                                              in.fz_unfiltered_n[1],
                                              in.force_rate_n_s[0],
                                              in.force_rate_n_s[1],
                                              in.fx_n[0],
                                              in.fx_n[1],
                                              in.fy_n[0],
                                              in.fy_n[1],
                                              in.foot_cop_ml_m[0],
                                              in.foot_cop_ml_m[1],
                                              in.foot_cop_ap_m[0],
                                              in.foot_cop_ap_m[1],
                                              in.tz_nm[0],
                                              in.tz_nm[1]};
  s.history.push(row, bridge_);
  SquatSpan span;
  if (segmenter_.step(in, span, s.events)) closed(span);
  if (segmenter_.began()) {
    if (!s.waiting.empty() && s.waiting.back().span.next_start < 0)
      s.waiting.back().span.next_start = s.segmenter.rep.start;
    s.hold[0] = s.hold[1] = {};
    s.events.push({in.t_s, static_cast<double>(s.count), SquatEventKind::repetition_started, Side::left});
  }
  watch_plateau(in);
  work(false);
}

void SquatDetector::closed(const SquatSpan& span) noexcept { state_->waiting.push({span, state_->count++, 0}); }

/// The time axis has a jump: nothing that follows can be compared with what came before.
void SquatDetector::interrupted() noexcept {
  SquatSpan span;
  if (segmenter_.interrupt(span, state_->events)) closed(span);
  flush();
  state_->history.forget();
}

/// No angle that follows can be compared with one that came before.
void SquatDetector::zeroed() noexcept {
  SquatSpan span;
  if (segmenter_.forget_angles(span, state_->events)) closed(span);
  flush();
  state_->history.forget();
}

void SquatDetector::flush() noexcept {
  while (!state_->waiting.empty() || !metrics_.idle() || !loads_.idle()) work(true);
}

/// The margin after the end must be known: wait for a new start, or long enough that none can still be dated back into
/// it.
bool SquatDetector::ready(const SquatSpan& span) const noexcept {
  const State& s = *state_;
  if (span.reason != RejectReason::none) return true;
  if (s.history.unsettled(bridge_)) return false;
  if (span.next_start >= 0 || (params_.plates && !s.segmenter.weighed)) return true;
  const std::int64_t since = s.segmenter.tick - span.end;
  if (since >= ticks(params_.settle_max_s)) return true;
  return since >= ticks(params_.settle_s) &&
         (phase() == SquatPhase::lost || s.segmenter.last_quiet - span.end >= ticks(params_.settle_s));
}

void SquatDetector::work(bool at_once) noexcept {
  State& s = *state_;
  if (!loads_.idle()) {
    if (loads_.advance(s.history, s.metrics, load_ticks_per_step)) s.repetitions.push(loads_.result());
    return;
  }
  if (metrics_.idle()) {
    if (s.waiting.empty() || !(at_once || ready(s.waiting.front().span))) return;
    State::Waiting next;
    s.waiting.pop(next);
    if (next.span.reason != RejectReason::none) {
      s.repetitions.push(SquatMetrics::rejected(next.span, next.index, s.history.last, s.t_s));
      return;
    }
    metrics_.start(s.history, next.span, next.index, s.t_s);
    return;
  }
  if (metrics_.advance(s.history, ticks_per_step)) loads_.start(s.history, s.metrics);
}

/// Live: the ankle has stopped while the body still goes down. Without the final range this is provisional; the plateau
/// of the closed repetition decides.
void SquatDetector::watch_plateau(const SquatInput& in) noexcept {
  State& s = *state_;
  if (phase() != SquatPhase::descent) return;
  for (int i = 0; i < 2; ++i) {
    State::Hold& hold = s.hold[i];
    const double rate = in.rate_deg_s[i], d = in.dorsiflexion_deg[i] - s.segmenter.rep.df_standing_deg[i];
    if (std::isnan(rate) || std::isnan(d)) continue;
    hold.rate_peak = std::max(hold.rate_peak, rate);
    const bool slow = rate < std::max(params_.plateau_rate_share * hold.rate_peak, params_.plateau_rate_deg_s);
    const bool far = d >= std::max(params_.range_min_deg, params_.df_min_deg);
    hold.ticks = slow && far && s.segmenter.v < params_.plateau_v_m_s ? hold.ticks + 1 : 0;
    if (hold.said || hold.ticks < ticks(params_.plateau_hold_s)) continue;
    hold.said = true;
    s.events.push({in.t_s, d, SquatEventKind::plateau, i == 0 ? Side::left : Side::right});
  }
}

}  // namespace grfd
