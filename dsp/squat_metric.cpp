// reps/left, reps/right, reps/pair and the events of a squat session.
#include "dsp/squat.hpp"

#include <algorithm>

#include "dsp/delayed.hpp"
#include "dsp/filters.hpp"
#include "dsp/metric.hpp"
#include "dsp/parameter_text.hpp"
#include "dsp/squat_parameter_text.hpp"
#include "dsp/squat_posture.hpp"
#include "dsp/squat_rows.hpp"
#include "schemas/repetition.hpp"

namespace grfd {
namespace {

class SquatMetric final : public Metric {
 public:
  explicit SquatMetric(const MetricSetup& setup)
      : dominant_(setup.settings.participant.dominant),
        delay_s_(setup.filter_delay_s),
        computed_(setup.settings.participant.dominance_method == "computed"),
        rate_late_s_(RunningDerivative::kForceRateDelay_s - setup.filter_delay_s),
        delay_(delay_s_ * 1e3),
        force_rate_delay_(std::max(0.0, -rate_late_s_ * 1e3)),
        body_(SquatBody::from(setup.settings.participant)),
        event_seq_(setup.event_seq),
        events_(setup.events),
        detector_(params(setup), body_) {
    for (const Side side : {Side::left, Side::right})
      sensors_[static_cast<std::size_t>(side)] = ankle_on(setup.settings, side);
    const bool plates = detector_.params().plates;
    active_ = plates || sensors_[0] || sensors_[1];
    if (!active_) return;
    const std::string found = plates ? "" : ", squat-segment-ankle";
    for (const Side side : {Side::left, Side::right}) {
      StreamInfo info = common(std::string("reps/") + to_string(side), setup.settings);
      info.columns = repetition_side_columns();
      if (!plates) mark_optional(info.columns, {"plateau_kind"});
      info.frame = kSegmentFrame;
      info.sign = "+ = dorsiflexion, shank forward, heel up, eversion";
      info.formula = "squat-side-5.4" + found;
      info.parameters = squat_side_text(setup.settings, detector_.params(), side);
      info.description = std::string("one row per closed repetition, ") + to_string(side) + " ankle";
      writers_[static_cast<std::size_t>(side)] = RowWriter(setup.streams.add(info), info);
    }
    StreamInfo info = common("reps/pair", setup.settings);
    info.columns = repetition_pair_columns();
    if (!plates)
      mark_optional(info.columns, {"drop", "v_descent_peak", "v_ascent_peak", "bodyweight", "bai_standing_rl",
                                   "bai_descent_rl", "bai_bottom_rl", "bai_ascent_rl", "impulse_bai_ascent_rl"});
    info.frame = kMixedFrame;
    info.sign = "rl: right minus left; dn: dominant minus non-dominant";
    info.formula = "squat-pair-5.4" + found;
    info.parameters = squat_pair_text(setup.settings, detector_.params());
    info.description = "one row per closed repetition, both sides compared";
    writers_[2] = RowWriter(setup.streams.add(info), info);
    rows_ = SquatRows(setup, detector_.params());
    posture_ = SquatPosture::make(setup);
  }
  void states(StatePieces& pieces) override {
    add_state(pieces, state_);
    add_state(pieces, detector_.state());
    if (posture_) posture_->states(pieces);
  }

  void update(Frame& frame, SampleBatch& out) noexcept override {
    if (!active_) return;
    const Derived& d = frame.derived;
    SquatInput in;
    in.t_s = frame.t_s - delay_s_;  // forces and rates are late by the filter; angles are read that much earlier
    const bool zeroed = has_new_zero(frame);
    if (zeroed)
      state_.mixed = delay_.memory();
    else if (state_.mixed != 0)
      in.new_zero = --state_.mixed == 0;
    for (std::size_t k = 0; k < 2; ++k) {
      Angles& a = state_.angles[k];
      a.df.push(zeroed ? kNaN : d.dorsiflexion_deg[k]);
      a.shank.push(zeroed ? kNaN : d.shank_deg[k]);
      a.pitch.push(zeroed ? kNaN : d.foot_pitch_deg[k]);
      a.eversion.push(zeroed ? kNaN : d.eversion_deg[k]);
      a.fz.push(d.fz_unfiltered_n[k]);
      a.force_rate.push(d.force_rate_n_s[k]);
      in.fz_unfiltered_n[k] = a.fz.at(delay_);
      // Late itself. Where the filter is not later by a tick, the detector looks for it that much further on.
      in.force_rate_n_s[k] = rate_late_s_ > -1e-3 ? d.force_rate_n_s[k] : a.force_rate.at(force_rate_delay_);
      in.fx_n[k] = d.fx_n[k];
      in.fy_n[k] = d.fy_n[k];
      in.foot_cop_ml_m[k] = d.foot_cop_ml_m[k];
      in.foot_cop_ap_m[k] = d.foot_cop_ap_m[k];
      in.tz_nm[k] = d.tz_nm[k];
      in.fz_n[k] = d.fz_n[k];
      in.rate_deg_s[k] = d.dorsiflexion_rate_deg_s[k];
      in.dorsiflexion_deg[k] = a.df.at(delay_);
      in.shank_deg[k] = a.shank.at(delay_);
      in.foot_pitch_deg[k] = a.pitch.at(delay_);
      in.eversion_deg[k] = a.eversion.at(delay_);
    }
    in.cop_ap_m = d.cop_ap_m;
    in.knee_to_wall = frame.knee_to_wall;
    if (posture_) posture_->push(frame);
    frame.squat->turn_before_s = kNaN;  // the metrics before have seen it
    detector_.step(in);
    frame.squat->standing = detector_.standing() && detector_.state().segmenter.quiet > 0;
    frame.squat->looks_for_repetitions = true;
    frame.squat->standing_quiet = detector_.phase() == SquatPhase::lost || frame.squat->standing;
    const RowTime now = row_time(frame);
    for (SquatEvent e; detector_.pop(e);) report(e, now, out, frame);
    for (Repetition r; detector_.pop(r);) write(r, available(frame), now, out);
  }

 private:
  static StreamInfo common(std::string name, const Settings& settings) {
    StreamInfo info;
    info.name = std::move(name);
    info.type = ValueType::f64;
    info.device = rig_devices(settings);
    return info;
  }
  void report(const SquatEvent& e, const RowTime& now, SampleBatch& out, Frame& frame) noexcept {
    if (e.kind == SquatEventKind::weighed) frame.squat->weighed = true;
    if (const auto& s = detector_.state().segmenter;
        e.kind == SquatEventKind::repetition_started && s.rep.start_kind == RepetitionEdge::turn)
      frame.squat->turn_before_s = static_cast<double>(s.tick - s.rep.start) * 1e-3 + delay_s_;
    const auto name = to_string(e.kind);
    if (e.kind == SquatEventKind::status) {
      const auto status = to_string(static_cast<SquatStatus>(static_cast<int>(e.value)));
      events_.write(out, now, event_seq_, "squat_status {\"t_s\":%.4f,\"status\":\"%.*s\"}", e.t_s,
                    static_cast<int>(status.size()), status.data());
    } else if (e.kind == SquatEventKind::plateau) {
      events_.write(out, now, event_seq_,
                    "plateau {\"t_s\":%.4f,\"side\":\"%s\",\"dorsiflexion_deg\":%s,\"exploratory\":true}", e.t_s,
                    to_string(e.side), JsonNumber(e.value).text);
    } else {
      events_.write(out, now, event_seq_, "%.*s {\"t_s\":%.4f,\"value\":%s}", static_cast<int>(name.size()),
                    name.data(), e.t_s, JsonNumber(e.value).text);
    }
  }
  /// Of the knee-to-wall test: as measured in this session, or as the settings say. NaN: not measured.
  std::array<double, 2> available(const Frame& frame) const noexcept {
    std::array<double, 2> deg = body_.available_deg;
    for (std::size_t k = 0; k < 2; ++k)
      if (!std::isnan(frame.measured_room_deg[k])) deg[k] = frame.measured_room_deg[k];
    return deg;
  }
  void write(const Repetition& r, const std::array<double, 2>& available, const RowTime& now,
             SampleBatch& out) noexcept {
    for (std::size_t k = 0; k < 2; ++k) {
      const RepetitionSide& s = r.side[k];
      if (r.reason == RejectReason::none && !s.valid && sensors_[k]) {
        const auto why = to_string(s.reason);
        events_.write(out, now, event_seq_,
                      "ankle_not_measured {\"t_s\":%.4f,\"rep\":%d,\"side\":\"%s\",\"reason\":\"%.*s\"}", r.t_end_s,
                      r.index, to_string(static_cast<Side>(k)), static_cast<int>(why.size()), why.data());
      }
      writers_[k].write(out, now,
                        {static_cast<double>(r.index),
                         s.valid ? 1.0 : 0.0,
                         static_cast<double>(reason(s, k)),
                         s.baseline_deg,
                         s.range_deg,
                         s.peak_deg,
                         s.onset_s,
                         s.rate_fit_deg_s,
                         s.rate_mean_deg_s,
                         s.rate_peak_deg_s,
                         s.time_to_90_s,
                         s.plateau_s,
                         s.plateau_level_deg,
                         s.finish_s,
                         s.creep_deg_s,
                         s.shank_max_deg,
                         s.heel_lift_deg,
                         s.eversion_amplitude_deg,
                         used(s, available[k]),
                         plateau_kind(r, k, available[k]),
                         s.eversion_onset_s,
                         available[k]},
                        state_.seq[k]);
    }
    const auto diff = [&](double RepetitionSide::*m) { return r.side[1].*m - r.side[0].*m; };
    const Dominant dominant = dominant_side(r);
    const double flip = dominant == Dominant::right ? 1 : dominant == Dominant::left ? -1 : kNaN;
    const double onset = diff(&RepetitionSide::onset_s), rate = diff(&RepetitionSide::rate_fit_deg_s),
                 range = diff(&RepetitionSide::range_deg), to_90 = diff(&RepetitionSide::time_to_90_s);
    const bool incomplete = r.incomplete || (posture_ && posture_->incomplete(r, detector_.params().gap_mark_s));
    RowTime pair_row = now;
    if (std::isnan(r.fall_back_m) && !std::isnan(std::fmin(r.side[0].plateau_s, r.side[1].plateau_s)))
      pair_row.flags |= kInvalid;  // there was a fall back or none, but a hole in the centre of pressure hides it
    writers_[2].write(out, pair_row,
                      {static_cast<double>(r.index),
                       static_cast<double>(r.reason),
                       r.t_start_s,
                       r.t_bottom_s,
                       r.t_end_s,
                       r.drop_m,
                       r.v_descent_peak_m_s,
                       r.v_ascent_peak_m_s,
                       r.pause_s,
                       r.bodyweight_n,
                       static_cast<double>(r.first_out),
                       r.finish_lag_s,
                       onset,
                       rate,
                       range,
                       flip * r.finish_lag_s,
                       flip * onset,
                       flip * rate,
                       flip * range,
                       r.load.standing,
                       r.load.descent,
                       r.load.bottom,
                       r.load.ascent,
                       r.load.ascent_impulse,
                       incomplete ? 1.0 : 0.0,
                       r.fall_back_m,
                       to_90,
                       flip * to_90},
                      state_.seq[2]);
    rows_.write(r, dominant, now, pair_row, out, state_.rows);
    if (posture_) posture_->write(r, dominant, now, out);
  }

  /// As set, or the side with the larger mean impulse in the ascents of all accepted repetitions so far.
  Dominant dominant_side(const Repetition& r) noexcept {
    if (!computed_) return dominant_;
    const double l = r.foot[0].impulse_concentric_n_s, n = r.foot[1].impulse_concentric_n_s;
    if (!std::isnan(l + n)) {
      state_.impulse[0] += l;
      state_.impulse[1] += n;
    }
    if (state_.impulse[0] == state_.impulse[1]) return Dominant::unknown;
    return state_.impulse[1] > state_.impulse[0] ? Dominant::right : Dominant::left;
  }
  double used(const RepetitionSide& s, double available) const noexcept {
    const double zero = body_.standing_shank_deg;
    return s.valid ? 100 * (s.peak_deg + zero) / (available + zero) : kNaN;
  }
  double plateau_kind(const Repetition& r, std::size_t side, double available) const noexcept {
    const RepetitionSide& s = r.side[side];
    // No plateau is looked for where nobody knows whether the body still went down.
    if (!s.valid || std::isnan(r.v_descent_peak_m_s)) return kNaN;
    if (std::isnan(s.plateau_s)) return 0;
    return std::isnan(available) ? 3 : s.peak_deg >= detector_.params().room_share * available ? 2 : 1;
  }
  /// Where nothing measures the ankle there is no gap either.
  SideReason reason(const RepetitionSide& s, std::size_t side) const noexcept {
    return s.reason == SideReason::gap && !sensors_[side] ? SideReason::no_sensor : s.reason;
  }
  static SquatParams params(const MetricSetup& setup) {
    SquatParams p = SquatParams::from(setup.settings.squat);
    p.plates = plates_under_both_feet(setup.settings);
    p.band_low_percent = setup.settings.thresholds.cop_band_low_percent;
    p.band_high_percent = setup.settings.thresholds.cop_band_high_percent;
    const double late_s = RunningDerivative::kForceRateDelay_s - setup.filter_delay_s;
    p.force_rate_lag = late_s > -1e-3 ? std::max<std::int64_t>(0, std::llround(late_s * 1e3)) : 0;
    return p;
  }

  struct Angles {
    Delayed df, shank, pitch, eversion, fz, force_rate;
  };
  struct State {
    std::array<Angles, 2> angles{};
    std::array<std::uint64_t, 3> seq{};
    SquatRows::State rows;
    std::int64_t mixed = 0;           ///< frames to go until the delayed angles are all of the new zero
    std::array<double, 2> impulse{};  ///< of all ascents so far, for a computed dominance
  } state_;
  Dominant dominant_;
  double delay_s_;
  bool computed_;
  double rate_late_s_;  ///< the rate of force behind the filtered channels
  Delay delay_, force_rate_delay_;
  SquatBody body_;
  bool active_ = false;
  std::array<bool, 2> sensors_{};  ///< on shank and foot of that side
  std::uint64_t& event_seq_;
  TextWriter events_;
  std::array<RowWriter, 3> writers_;
  SquatRows rows_;
  std::unique_ptr<SquatPosture> posture_;  ///< null without sensors on pelvis and thighs
  SquatDetector detector_;
};

}  // namespace

std::unique_ptr<Metric> make_squat_metric(const MetricSetup& setup) { return std::make_unique<SquatMetric>(setup); }

}  // namespace grfd
