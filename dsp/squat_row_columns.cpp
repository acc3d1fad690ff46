#include "dsp/squat_row_columns.hpp"

#include <iterator>
#include <stdexcept>

#include "dsp/asymmetry.hpp"
#include "dsp/metric.hpp"
#include "dsp/parameter_text.hpp"
#include "dsp/squat_load_types.hpp"

namespace grfd {
namespace {

constexpr const char* kPhases[] = {"standing", "descent", "bottom", "ascent"};
constexpr const char* kDevelopments[] = {"rfd_50", "rfd_100", "rfd_150", "rfd_200", "rfd_250"};
std::string phase_text(const SquatParams& p) {
  return "standing: mean of the " + quantity(p.baseline_s, "s") +
         " before the start, NaN after a turn; descent: start to the first tick of the bottom; bottom: " +
         quantity(2 * p.bottom_half_s, "s") + " about its middle; ascent: its last tick to the end; ";
}
std::string drive_text(const SquatParams& p) {
  return "drive: from the middle of the bottom to the largest upward velocity; it begins where the unfiltered force "
         "exceeds the weight by " +
         quantity(p.drive_sd, "SD") +
         " of standing; rfd_T: (F(onset + T ms) - F(onset)) / T, unfiltered; rfd_peak_20: largest (F(t + T) - F(t)) / "
         "T in the drive, T = " +
         quantity(p.development_s, "s") + ", unfiltered; force_rate_peak: largest force_rate in the drive; ";
}
std::string in_band_text(const SquatParams& p) {
  return "in_band: share of the time, start to end, with the CoP from " + quantity(p.band_low_percent, "%") + " to " +
         quantity(p.band_high_percent, "%") + " of the foot";
}
std::string event_text(const SquatParams& p) {
  return "above " + quantity(p.event_on_deg, "deg") + " until below " + quantity(p.event_off_deg, "deg") + " for " +
         quantity(p.event_s, "s");
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

/// Their position on the foot is not known.
void without_feet(std::vector<Column>& columns, const ParticipantSettings& who,
                  std::initializer_list<std::string_view> names) {
  if (!(who.foot_length_m > 0)) mark_optional(columns, names);
}

}  // namespace

SquatRowStream load_row(Side side, const ParticipantSettings& who, const SquatParams& p) {
  std::vector<Column> c{{"rep", "1"}};
  add_phases(c, "fz", "N");
  add_phases(c, "tz", "N.m");
  add_phases(c, "cop", "%");
  add(c, "force_rate_peak", "N/s");
  for (const char* name : kDevelopments) add(c, name, "N/s");
  for (const char* name : {"knee_moment_standing", "knee_moment_bottom", "knee_moment_peak"}) add(c, name, "N.m");
  add(c, "heel_lift_onset", "s");
  add(c, "heel_lift_time", "s");
  add(c, "rfd_peak_20", "N/s");
  // After a turn nothing was standing; no heel need lift.
  mark_optional(c, {"fz_standing", "tz_standing", "cop_standing", "rfd_50", "rfd_100", "rfd_150", "rfd_200", "rfd_250",
                    "knee_moment_standing", "heel_lift_onset"});
  without_feet(c, who,
               {"cop_standing", "cop_descent", "cop_bottom", "cop_ascent", "knee_moment_bottom", "knee_moment_peak"});
  if (!(who.height_m > 0)) mark_optional(c, {"knee_moment_bottom", "knee_moment_peak"});
  StreamInfo info = per_repetition(std::string("reps_load/") + to_string(side), std::move(c));
  info.frame = kLabFrame;
  info.sign = "tz + to the left (about z up); cop from the heel forward; knee_moment + flexing";
  info.formula = "squat-load-side";
  info.parameters = phase_text(p) + drive_text(p) +
                    "cop: 100 (p - heel) along the foot / its length; knee_moment: Fz (y_k - y_cop) - z_k Fy - weights "
                    "of shank and foot, ankle " +
                    quantity(who.heel_to_ankle_m, "m") + " from the heel, shank 0.246 and ankle 0.039 of the height (" +
                    measured(who.height_m, "m") + "), standing shank " + standing_shank_text(who) +
                    "; heel_lift: " + event_text(p) + "; " + feet_text(who);
  info.description = std::string("one row per closed repetition, forces under the ") + to_string(side) + " foot";
  return {std::move(info), {"heel_lift_onset", "heel_lift_time"}};
}

SquatRowStream load_pair_row(const ParticipantSettings& who, const SquatParams& p) {
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
  add(c, "rfd_peak_20", "N/s");
  add(c, "fall_back_flag", "1");
  mark_exploratory(c, {"fall_back_foot", "fall_back_time", "fall_back_flag"});
  // Without a plateau nothing fell back; after a turn nothing was standing.
  mark_optional(c, {"fall_back_foot", "fall_back_time", "fall_back_flag", "cop_standing", "spread_standing",
                    "drive_onset", "rfd_50", "rfd_100", "rfd_150", "rfd_200", "rfd_250"});
  without_feet(c, who, {"cop_descent", "cop_bottom", "cop_ascent"});
  StreamInfo info = per_repetition("reps_load/pair", std::move(c));
  info.frame = kLabFrame;
  info.sign = "cop from the heels forward; spread + the feet push outward; rl: right minus left";
  info.formula = "squat-load-pair";
  info.parameters =
      phase_text(p) + drive_text(p) +
      "both forces together; spread: (Fx left - Fx right) / 2; fall_back_foot: fall_back of reps/pair; "
      "fall_back_time: at or beyond " +
      quantity(p.fall_back_percent, "%") +
      " behind the CoP at the first plateau, until the end of the bottom; fall_back_flag: so for more than " +
      quantity(p.fall_back_s, "s") +
      " in one run; bai_rl_PHASE_P: BAI-1 of the filtered fz at P % of the phase, from " + quantity(p.bai_min_n, "N") +
      " in all on; " + feet_text(who);
  info.description = "one row per closed repetition, forces under both feet";
  return {std::move(info), {}};
}

SquatRowStream exploratory_row(Side side, const ParticipantSettings& who, const SquatParams& p) {
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
                        {"power_concentric_peak", "W"},
                        {"in_band", "%"},
                        {"heel_contact", "1"},
                        {"heel_contact_lost", "s"}};
  // Too little eversion, no inversion, nothing lost; after a turn nothing was standing.
  mark_optional(c,
                {"eversion_lead", "eversion_lead_10", "inversion_onset", "heel_share_standing", "heel_contact_lost"});
  without_feet(c, who, {"heel_share_bottom", "heel_share_min", "behind_40", "in_band", "heel_contact"});
  StreamInfo info = per_repetition(std::string("reps_exploratory/") + to_string(side), std::move(c));
  info.frame = kMixedFrame;
  info.sign = "eversion_lead + eversion before dorsiflexion; inversion + ; power + upward";
  info.formula = "squat-exploratory-side";
  info.parameters =
      "eversion_lead: onset of dorsiflexion minus that of eversion (" + quantity(p.eversion_hz, "Hz") +
      " without delay, line through 20-60 %, from " + quantity(p.eversion_min_deg, "deg") +
      " on), _10: of the times at 10 %; eversion_per_dorsiflexion: slope of the line of eversion over dorsiflexion, "
      "start to bottom; inversion: from the median of the " +
      quantity(p.baseline_s, "s") + " before the start, " + event_text(p) + "; heel_share: (" +
      quantity(p.toe_percent, "%") + " - CoP) / " + quantity(p.toe_percent - p.heel_percent, "%") +
      "; behind_40: time with the CoP behind " + quantity(p.behind_percent, "%") +
      " of the foot, start to end; eccentric: start to the first tick of the bottom, concentric: its last tick to the "
      "end; impulse: of fz; power: fz times the velocity of the centre of mass, mean and extreme; " +
      in_band_text(p) + "; heel_contact: 1 when heel_share stays above " +
      quantity(p.heel_contact_share, "of the load") + " and the foot pitches by no more than a heel_lift (" +
      event_text(p) + ") from start to end, 0 when not; heel_contact_lost: when first not; " + feet_text(who);
  info.exploratory = true;
  info.description = std::string("one row per closed repetition, hypotheses about the ") + to_string(side) + " side";
  return {std::move(info),
          {"eversion_lead", "eversion_lead_10", "eversion_per_dorsiflexion", "inversion_onset", "inversion_time",
           "inversion_peak"}};
}

SquatRowStream exploratory_pair_row(const ParticipantSettings& who, const SquatParams& p) {
  std::vector<Column> c{{"rep", "1"},
                        {"depth", "m"},
                        {"depth_height", "%"},
                        {"descent_time", "s"},
                        {"pause_time", "s"},
                        {"ascent_time", "s"},
                        {"forward_shift", "m"},
                        {"com_fall_back", "m"},
                        {"stiffness", "N/m"},
                        {"smoothness_descent", "1"},
                        {"smoothness_ascent", "1"},
                        {"in_band", "%"}};
  mark_optional(c, {"forward_shift", "com_fall_back"});  // no standing after a turn; no plateau
  without_feet(c, who, {"in_band"});
  if (!(who.height_m > 0)) mark_optional(c, {"depth_height"});
  StreamInfo info = per_repetition("reps_exploratory/pair", std::move(c));
  info.frame = kLabFrame;
  info.sign = "depth + down; forward_shift + forward; com_fall_back + backward; smoothness: larger is smoother";
  info.formula = "squat-exploratory-pair";
  info.parameters =
      "depth_height: depth in percent of the height (" + measured(who.height_m, "m") +
      "); descent_time: start to the first tick of the bottom, ascent_time: its last tick to the end, pause_time: "
      "within " +
      quantity(p.pause_z_m, "m") + " of the lowest and slower than " + quantity(p.pause_v_m_s, "m/s") +
      "; forward_shift: foremost CoP from " + quantity(p.shift_before_s, "s") +
      " before the start until the body falls "
      "at " +
      quantity(-p.start_v_m_s, "m/s") + ", minus the mean of the " + quantity(p.quiet_before_s, "s") +
      " before that; com_fall_back: as fall_back, of y_cop + (" + quantity(p.com_height_share, "height") +
      " + z) Fy / Fz; stiffness: (largest force of the braking - force at the fastest descent) / height lost since; "
      "smoothness: -ln(T^3 / v_peak^2 integral of jerk^2), jerk = force_rate / mass; " +
      in_band_text(p) + "; " + feet_text(who);
  info.exploratory = true;
  info.description = "one row per closed repetition, hypotheses about the whole body";
  return {std::move(info), {"descent_time", "pause_time", "ascent_time"}};
}

constexpr const char* kCompared[] = {"fz_standing",    "fz_descent", "fz_bottom", "fz_ascent",
                                     "impulse_ascent", "rate_fit",   "range"};
constexpr std::array<const char*, 7> kComparedUnits = {"N", "N", "N", "N", "N.s", "deg/s", "deg"};

SquatRowStream asymmetry_row(AsymmetryIndex index, const ParticipantSettings& who, const SquatParams& p) {
  std::vector<Column> c{{"rep", "1"}, {"dominant", "code", 0, 0, "0 unknown, 1 left, 2 right"}};
  for (std::size_t j = 0; j < std::size(kCompared); ++j)
    for (const char* kind : {"_rl", "_dn", "_sigma"})
      add(c, std::string(kCompared[j]) + kind, index == AsymmetryIndex::difference ? kComparedUnits[j] : "%");
  mark_exploratory(c, {"rate_fit_rl", "rate_fit_dn", "rate_fit_sigma"});
  mark_optional(c, {"fz_standing_rl", "fz_standing_sigma"});                         // not after a turn
  for (const char* name : kCompared) mark_optional(c, {std::string(name) + "_dn"});  // nobody is dominant
  StreamInfo info = per_repetition("reps_asymmetry", std::move(c));
  info.frame = kMixedFrame;
  info.sign = "rl: d = right, n = left; dn: d = dominant, n = non-dominant";
  info.formula = std::string("asymmetry-") + to_string(index);
  constexpr asymmetry::Floors floors;
  info.parameters =
      "of the columns of reps_load, reps_exploratory (impulse_concentric) and reps; NaN unless both sides "
      "exceed " +
      quantity(floors.force_n, "N") + ", " + quantity(floors.impulse_n_s, "N.s") + ", " +
      quantity(floors.rate_deg_s, "deg/s") + ", " + quantity(floors.angle_deg, "deg") +
      "; sigma: standard error of rl for errors of " + quantity(kForceSigma_n, "N") + ", " +
      quantity(kForceSigma_n, "N") + " x time, " + quantity(kRateSigma_deg_s, "deg/s") + ", " +
      quantity(kRangeSigma_deg, "deg") + " of a side; " + dominance_text(who, p.plates);
  info.description = "one row per closed repetition, both sides in one index";
  return {std::move(info),
          {"dominant", "rate_fit_rl", "rate_fit_dn", "rate_fit_sigma", "range_rl", "range_dn", "range_sigma"}};
}

}  // namespace grfd
