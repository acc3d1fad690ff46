#include "dsp/squat_rows.hpp"

#include "dsp/asymmetry.hpp"

namespace grfd {
namespace {

constexpr const char* kPhases[] = {"standing", "descent", "bottom", "ascent"};
constexpr const char* kDevelopments[] = {"rfd_50", "rfd_100", "rfd_150", "rfd_200", "rfd_250"};
constexpr const char* kPhaseText =
    "standing: mean of the 0.3 s before the start, NaN after a turn; descent: start to the first tick of the bottom; "
    "bottom: 0.1 s about its middle; ascent: its last tick to the end; ";
constexpr const char* kDriveText =
    "drive: from the middle of the bottom to the largest upward velocity; it begins where the unfiltered force exceeds "
    "the weight by 5 SD of standing; rfd_T: (F(onset + T ms) - F(onset)) / T, unfiltered; force_rate_peak: largest "
    "force_rate in the drive; ";

/// One standard error of what an asymmetry compares. Forces: an assumption, tare and drift included; rate and range:
/// the scatter of single repetitions of a simulated symmetric subject with skin motion.
constexpr double kForceSigma_n = 4, kRateSigma_deg_s = 1.0, kRangeSigma_deg = 1.1;

std::string number(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", x);
  return text;
}
std::string measured(double x, const char* unit) {
  return x > 0 ? number(x) + " " + unit : std::string("not measured");
}

StreamInfo per_repetition(std::string name, std::vector<Column> columns) {
  StreamInfo info;
  info.name = std::move(name);
  info.type = ValueType::f64;
  info.columns = std::move(columns);
  return info;
}
void add(std::vector<Column>& columns, const std::string& name, const char* unit) { columns.push_back({name, unit}); }
void add_phases(std::vector<Column>& columns, const std::string& name, const char* unit) {
  for (const char* phase : kPhases) add(columns, name + "_" + phase, unit);
}

std::string feet(const ParticipantSettings& s) {
  if (!(s.foot_length_m > 0)) return "foot not measured";
  std::string text = "foot " + number(s.foot_length_m) + " m, heels";
  for (std::size_t i = 0; i < 2; ++i)
    text += " (" + number(s.heel_m[i][0]) + ", " + number(s.heel_m[i][1]) + ") m toe-out " + number(s.toe_out_deg[i]) +
            " deg";
  return text;
}

/// A row that is filled from the left.
template <std::size_t N>
struct Values {
  std::array<double, N> value{};
  std::size_t n = 0;
  void add(double x) noexcept { value[n++] = x; }
  void add(const PhaseMeans& m) noexcept {
    for (const double x : {m.standing, m.descent, m.bottom, m.ascent}) add(x);
  }
  template <std::size_t M>
  void add(const std::array<double, M>& xs) noexcept {
    for (const double x : xs) add(x);
  }
};

StreamInfo load_info(Side side, const ParticipantSettings& who) {
  std::vector<Column> c{{"rep", "1"}};
  add_phases(c, "fz", "N");
  add_phases(c, "tz", "N.m");
  add_phases(c, "cop", "%");
  add(c, "force_rate_peak", "N/s");
  for (const char* name : kDevelopments) add(c, name, "N/s");
  for (const char* name : {"knee_moment_standing", "knee_moment_bottom", "knee_moment_peak"}) add(c, name, "N.m");
  add(c, "heel_lift_onset", "s");
  add(c, "heel_lift_time", "s");
  StreamInfo info = per_repetition(std::string("reps_load/") + to_string(side), std::move(c));
  info.frame = kLabFrame;
  info.sign = "tz + to the left (about z up); cop from the heel forward; knee_moment + flexing";
  info.formula = "squat-load-side";
  info.parameters = std::string(kPhaseText) + kDriveText +
                    "cop: 100 (p - heel) along the foot / its length; knee_moment: Fz (y_k - y_cop) - z_k Fy - weights "
                    "of shank and foot, ankle " +
                    number(who.heel_to_ankle_m) + " m from the heel, shank 0.246 and ankle 0.039 of the height (" +
                    measured(who.height_m, "m") + "); heel_lift: above 3 deg until below 2 for 0.1 s; " + feet(who);
  info.description = std::string("one row per closed repetition, forces under the ") + to_string(side) + " foot";
  return info;
}

StreamInfo load_pair_info(const ParticipantSettings& who) {
  std::vector<Column> c{{"rep", "1"}};
  add_phases(c, "cop", "%");
  add(c, "fall_back_foot", "%");
  add(c, "fall_back_time", "s");
  add_phases(c, "spread", "N");
  add(c, "drive_onset", "s");
  add(c, "force_rate_peak", "N/s");
  for (const char* name : kDevelopments) add(c, name, "N/s");
  for (const char* phase : {"descent", "ascent"})
    for (std::size_t j = 0; j < BothLoads::points; ++j)
      add(c, std::string("bai_rl_") + phase + "_" + std::to_string(10 * j), "%");
  mark_exploratory(c, {"fall_back_foot", "fall_back_time"});
  StreamInfo info = per_repetition("reps_load/pair", std::move(c));
  info.frame = kLabFrame;
  info.sign = "cop from the heels forward; spread + the feet push outward; rl: right minus left";
  info.formula = "squat-load-pair";
  info.parameters =
      std::string(kPhaseText) + kDriveText +
      "both forces together; spread: (Fx left - Fx right) / 2; fall_back_foot: fall_back of reps/pair; "
      "fall_back_time: at or beyond 5 % behind the CoP at the first plateau, until the end of the bottom; "
      "bai_rl_PHASE_P: BAI-1 of the filtered fz at P % of the phase, from 100 N in all on; " +
      feet(who);
  info.description = "one row per closed repetition, forces under both feet";
  return info;
}

StreamInfo exploratory_info(Side side, const ParticipantSettings& who) {
  std::vector<Column> c{{"rep", "1"},
                        {"eversion_lead", "s"},
                        {"eversion_lead_10", "s"},
                        {"eversion_per_dorsiflexion", "deg/deg"},
                        {"inversion_onset", "s"},
                        {"inversion_time", "s"},
                        {"inversion_peak", "deg"},
                        {"heel_share_standing", "1"},
                        {"heel_share_bottom", "1"},
                        {"heel_share_min", "1"},
                        {"behind_40", "s"},
                        {"impulse_eccentric", "N.s"},
                        {"impulse_concentric", "N.s"},
                        {"power_eccentric", "W"},
                        {"power_concentric", "W"},
                        {"power_eccentric_peak", "W"},
                        {"power_concentric_peak", "W"}};
  StreamInfo info = per_repetition(std::string("reps_exploratory/") + to_string(side), std::move(c));
  info.frame = kMixedFrame;
  info.sign = "eversion_lead + eversion before dorsiflexion; inversion + ; power + upward";
  info.formula = "squat-exploratory-side";
  info.parameters =
      "eversion_lead: onset of dorsiflexion minus that of eversion (8 Hz without delay, line through 20-60 %), _10: of "
      "the times at 10 %; eversion_per_dorsiflexion: slope of the line of eversion over dorsiflexion, start to bottom; "
      "inversion: from the median of the 0.3 s before the start, above 3 deg until below 2 for 0.1 s; heel_share: (72 "
      "- "
      "CoP %) / 60; behind_40: time with the CoP behind 40 % of the foot, start to end; eccentric: start to the first "
      "tick of the bottom, concentric: its last tick to the end; impulse: of fz; power: fz times the velocity of the "
      "centre of mass, mean and extreme; " +
      feet(who);
  info.exploratory = true;
  info.description = std::string("one row per closed repetition, hypotheses about the ") + to_string(side) + " side";
  return info;
}

StreamInfo exploratory_pair_info(const ParticipantSettings& who) {
  StreamInfo info = per_repetition("reps_exploratory/pair", {{"rep", "1"},
                                                             {"depth", "m"},
                                                             {"depth_height", "%"},
                                                             {"descent_time", "s"},
                                                             {"pause_time", "s"},
                                                             {"ascent_time", "s"},
                                                             {"forward_shift", "m"},
                                                             {"com_fall_back", "m"},
                                                             {"stiffness", "N/m"},
                                                             {"smoothness_descent", "1"},
                                                             {"smoothness_ascent", "1"}});
  info.frame = kLabFrame;
  info.sign = "depth + down; forward_shift + forward; com_fall_back + backward; smoothness: larger is smoother";
  info.formula = "squat-exploratory-pair";
  info.parameters =
      "depth_height: depth in percent of the height (" + measured(who.height_m, "m") +
      "); descent_time: start to the first tick of the bottom, ascent_time: its last tick to the end, pause_time: "
      "within 10 mm of the lowest and slower than 0.03 m/s; forward_shift: foremost CoP from 0.5 s before the start "
      "until the body falls at 0.06 m/s, minus the mean of the 0.3 s before that; com_fall_back: as fall_back, of "
      "y_cop "
      "+ (0.56 height + z) Fy / Fz; stiffness: (largest force of the braking - force at the fastest descent) / height "
      "lost since; smoothness: -ln(T^3 / v_peak^2 integral of jerk^2), jerk = force_rate / mass";
  info.exploratory = true;
  info.description = "one row per closed repetition, hypotheses about the whole body";
  return info;
}

constexpr const char* kCompared[] = {"fz_standing",    "fz_descent", "fz_bottom", "fz_ascent",
                                     "impulse_ascent", "rate_fit",   "range"};
constexpr std::array<const char*, 7> kComparedUnits = {"N", "N", "N", "N", "N.s", "deg/s", "deg"};

StreamInfo asymmetry_info(AsymmetryIndex index, const ParticipantSettings& who) {
  std::vector<Column> c{{"rep", "1"}, {"dominant", "code", 0, 0, "0 unknown, 1 left, 2 right"}};
  for (std::size_t j = 0; j < std::size(kCompared); ++j)
    for (const char* kind : {"_rl", "_dn", "_sigma"})
      add(c, std::string(kCompared[j]) + kind, index == AsymmetryIndex::difference ? kComparedUnits[j] : "%");
  StreamInfo info = per_repetition("reps_asymmetry", std::move(c));
  info.frame = kMixedFrame;
  info.sign = "rl: d = right, n = left; dn: d = dominant, n = non-dominant";
  info.formula = std::string("asymmetry-") + to_string(index);
  info.parameters =
      "of the columns of reps_load, reps_exploratory (impulse_concentric) and reps; NaN unless both sides "
      "exceed 20 N, 5 N.s, 3 deg/s, 3 deg; sigma: standard error of rl for errors of 4 N, 4 N x time, 1.0 "
      "deg/s, 1.1 deg of a side; dominance by " +
      (who.dominance_method.empty() ? std::string("an unnamed method") : who.dominance_method);
  info.description = "one row per closed repetition, both sides in one index";
  return info;
}

}  // namespace

SquatRows::SquatRows(const MetricSetup& setup) : index_(setup.settings.squat.asymmetry_index) {
  const ParticipantSettings& who = setup.settings.participant;
  const auto writer = [&](StreamInfo info) {
    info.device = rig_devices(setup.settings);
    return RowWriter(setup.streams.add(info), info);
  };
  for (const Side side : {Side::left, Side::right})
    load_[static_cast<std::size_t>(side)] = writer(load_info(side, who));
  load_pair_ = writer(load_pair_info(who));
  for (const Side side : {Side::left, Side::right})
    exploratory_[static_cast<std::size_t>(side)] = writer(exploratory_info(side, who));
  exploratory_pair_ = writer(exploratory_pair_info(who));
  asymmetry_ = writer(asymmetry_info(index_, who));
}

void SquatRows::write(const Repetition& r, Dominant dominant, const RowTime& now, SampleBatch& out,
                      State& state) const noexcept {
  const double rep = r.index;
  for (std::size_t i = 0; i < 2; ++i) {
    const FootLoads& f = r.foot[i];
    Values<24> v;
    v.add(rep);
    v.add(f.fz_n);
    v.add(f.tz_nm);
    v.add(f.cop_percent);
    v.add(f.force_rate_peak_n_s);
    v.add(f.development_n_s);
    for (const double x :
         {f.knee_standing_nm, f.knee_bottom_nm, f.knee_peak_nm, f.heel_lift_onset_s, f.heel_lift_time_s})
      v.add(x);
    load_[i].write(out, now, v.value, state.seq[i]);
    const RepetitionSide& s = r.side[i];
    exploratory_[i].write(
        out, now,
        {rep, s.eversion_lead_s, s.eversion_lead_10_s, s.eversion_slope, f.inversion_onset_s, f.inversion_time_s,
         f.inversion_peak_deg, f.heel_share_standing, f.heel_share_bottom, f.heel_share_min, f.behind_40_s,
         f.impulse_eccentric_n_s, f.impulse_concentric_n_s, f.power_eccentric_w, f.power_concentric_w,
         f.power_eccentric_peak_w, f.power_concentric_peak_w},
        state.seq[2 + i]);
  }
  const BothLoads& b = r.both;
  Values<40> v;
  v.add(rep);
  v.add(b.cop_percent);
  v.add(b.fall_back_percent);
  v.add(b.fall_back_time_s);
  v.add(b.spread_n);
  v.add(b.drive_onset_s);
  v.add(b.force_rate_peak_n_s);
  v.add(b.development_n_s);
  v.add(b.bai_descent);
  v.add(b.bai_ascent);
  load_pair_.write(out, now, v.value, state.seq[4]);
  exploratory_pair_.write(
      out, now,
      {rep, r.reason == RejectReason::none ? r.drop_m : kNaN, b.depth_percent, b.descent_s, r.pause_raw_s, b.ascent_s,
       b.forward_shift_m, b.com_fall_back_m, b.stiffness_n_m, b.smoothness_descent, b.smoothness_ascent},
      state.seq[5]);
  write_asymmetry(r, dominant, now, out, state.seq[6]);
}

void SquatRows::write_asymmetry(const Repetition& r, Dominant dominant, const RowTime& now, SampleBatch& out,
                                std::uint64_t& seq) const noexcept {
  constexpr asymmetry::Floors floors;
  Values<23> v;
  v.add(r.index);
  v.add(static_cast<double>(dominant));
  const auto compare = [&](double left, double right, double floor, double sigma) {
    v.add(asymmetry::index(index_, right, left, floor));
    v.add(dominant == Dominant::unknown ? kNaN
          : dominant == Dominant::right ? asymmetry::index(index_, right, left, floor)
                                        : asymmetry::index(index_, left, right, floor));
    v.add(asymmetry::index_sigma(index_, right, left, sigma, sigma, floor));
  };
  const FootLoads &l = r.foot[0], &n = r.foot[1];
  for (double PhaseMeans::*phase :
       {&PhaseMeans::standing, &PhaseMeans::descent, &PhaseMeans::bottom, &PhaseMeans::ascent})
    compare(l.fz_n.*phase, n.fz_n.*phase, floors.force_n, kForceSigma_n);
  compare(l.impulse_concentric_n_s, n.impulse_concentric_n_s, floors.impulse_n_s, kForceSigma_n * r.both.ascent_s);
  compare(r.side[0].rate_fit_deg_s, r.side[1].rate_fit_deg_s, floors.rate_deg_s, kRateSigma_deg_s);
  const auto range = [&](std::size_t i) { return r.side[i].valid ? r.side[i].range_deg : kNaN; };
  compare(range(0), range(1), floors.angle_deg, kRangeSigma_deg);
  asymmetry_.write(out, now, v.value, seq);
}

}  // namespace grfd
