#include "dsp/squat_parameter_text.hpp"

#include "dsp/parameter_text.hpp"

namespace grfd {
namespace {

std::string plateau_text(const SquatParams& p) {
  if (!p.plates)
    return "plateau: not looked for, without plates nobody knows whether the body still went down; finish: where the "
           "10-70 % line meets the range; ";
  return "plateau: after 50 % of the range the rate is below max(" + percent(p.plateau_rate_share) + " of its peak, " +
         quantity(p.plateau_rate_deg_s, "deg/s") + ") for " + quantity(p.plateau_hold_s, "s") + " while in more than " +
         percent(p.plateau_v_share) + " of them the body's velocity is below " + quantity(p.plateau_v_m_s, "m/s") +
         ", at least " + quantity(p.plateau_before_bottom_s, "s") +
         " before the bottom; its time: where the 10-70 % line meets its level (median until " +
         quantity(p.plateau_before_bottom_s, "s") +
         " before the bottom), NaN = none; finish: plateau, or where that line meets the range; creep: slope of the "
         "plateau; ";
}

std::string squat_pair_text_of_ankles(const Settings& settings, const SquatParams& p) {
  const std::string quiet = quantity(p.quiet_rate_deg_s, "deg/s");
  return "no plates: found by the mean dorsiflexion of the known sides and its rate (" + filter_text(settings.filter) +
         "); standing: slower than " + quiet + " for " + quantity(p.standing_still_s, "s") +
         "; t_start: last instant below " + quiet + " before more than " + quantity(p.start_rate_deg_s, "deg/s") +
         " for " + quantity(p.start_hold_s, "s") + "; bottom: from where the rate is below " + quiet + " for " +
         quantity(p.start_hold_s, "s") + ", or below -" + quiet + ", to where it is below -" + quiet + " for " +
         quantity(p.start_hold_s, "s") + "; t_bottom: its middle; t_end: back below " + percent(p.end_df_share) +
         " of the range and slower than " + quiet + " for " + quantity(p.quiet_s, "s") + ", or below " +
         percent(p.turn_df_share) + " for " + quantity(p.standing_still_s, "s") + "; without rest: back below " +
         percent(p.turn_df_share) +
         " and bending again as at a start; pause: the bottom, minus what a minimum-jerk "
         "turn is slower than " +
         quiet + ", 0 below max(" + quantity(p.pause_min_s, "s") +
         ", half of that); first_out: always unknown; incomplete: more than " + quantity(p.gap_mark_s, "s") +
         " of an ankle, the pelvis or a thigh unknown; rejected: dorsiflexion below " + quantity(p.df_min_deg, "deg") +
         ", descent of the ankles shorter than " + quantity(p.descent_min_s, "s") + " or longer than " +
         quantity(p.descent_max_s, "s") + ", longer than " + quantity(p.rep_max_s, "s") +
         " in all, both ankles unknown for more than " + quantity(p.gap_reject_s, "s") +
         "; not judged: too_shallow, flight, foot_unloaded, stepped_off, bodyweight_changed; " +
         dominance_text(settings.participant, false);
}

}  // namespace

std::string squat_side_text(const Settings& settings, const SquatParams& p, Side side) {
  const ParticipantSettings& who = settings.participant;
  return "baseline: median of the " + quantity(p.baseline_s, "s") + " before the start; range: from " +
         quantity(p.range_min_deg, "deg") +
         " on, in the descent and the bottom, and on from there while an ankle gains (more than " +
         quantity(p.course_gain_deg, "deg") + " within " + quantity(p.course_hold_s, "s") + ", " +
         quantity(p.course_after_s, "s") +
         " and half the ascent at most); onset: where the line through 10-50 % of the range meets 0; rate_fit: slope "
         "of the line through 10-70 "
         "%; rate_mean: between 10 and 90 %; rate_peak: filtered by " +
         filter_text(settings.filter) + "; time_to_90: from onset; " + plateau_text(p) +
         "heel_lift: foot pitch minus that at the baseline; eversion: " + quantity(p.eversion_hz, "Hz") +
         " second order forward and backward, searched from " + quantity(p.eversion_before_s, "s") +
         " before the start to the bottom; eversion_onset: where the line through 20-60 % of the amplitude meets 0, "
         "from " +
         quantity(p.eversion_min_deg, "deg") +
         " on; used: 100 (peak + standing shank) / (available + standing shank), available " +
         measured(who.available_deg[static_cast<std::size_t>(side)], "deg") + ", standing shank " +
         standing_shank_text(who) +
         "; shank_max: to the vertical with that, too; a knee-to-wall test of the session takes the place of the "
         "available, "
         "see the column available; ran_out_of_room: peak at least " +
         percent(p.room_share) + " of the available; reason gap: more than " + quantity(p.gap_reject_s, "s") +
         " unknown; seconds since the session's start, delays removed";
}

std::string squat_pair_text(const Settings& settings, const SquatParams& p) {
  if (!p.plates) return squat_pair_text_of_ankles(settings, p);
  return "velocity and height: the filtered fz integrated (" + filter_text(settings.filter) + "), " +
         quantity(p.margin_before_s, "s") + " before the start to " + quantity(p.margin_after_s, "s") +
         " after the end at most, both ends at zero; t_bottom: middle of the span within max(" +
         quantity(p.bottom_span_m, "m") + ", " + percent(p.bottom_span_share) +
         " of the drop) of the lowest; pause: slower than " + quantity(p.pause_v_m_s, "m/s") + " within " +
         quantity(p.pause_z_m, "m") + " of the lowest, minus what a minimum-jerk turn takes, 0 below max(" +
         quantity(p.pause_min_s, "s") +
         ", half of that); first_out: the ankle whose plateau comes first, both when within " + quantity(p.tie_s, "s") +
         " or when the earlier side has no plateau itself; bai: 100 (right - left) / (right + left) of the filtered "
         "fz, standing: mean of the " +
         quantity(p.baseline_s, "s") +
         " before the start, descent: to the first tick of the bottom, bottom: " + quantity(2 * p.bottom_half_s, "s") +
         " about its middle, ascent: from its last tick; fall_back: cop_ap at the first plateau minus its rearmost "
         "until the end of the bottom; incomplete: more than " +
         quantity(p.gap_mark_s, "s") + " unknown; descent from " + quantity(-p.start_v_m_s, "m/s") +
         " downward with rising dorsiflexion or " + quantity(p.start_rate_deg_s, "deg/s") + ", for " +
         quantity(p.start_hold_s, "s") + "; quiet: " + percent(p.quiet_share) + " of body weight and " +
         quantity(p.quiet_rate_deg_s, "deg/s") + " for " + quantity(p.quiet_s, "s") +
         " (force only: " + percent(p.quiet_share_force_only) + " for " + quantity(p.quiet_force_only_s, "s") +
         "); rejected: drop below " + quantity(p.drop_min_m, "m") + ", dorsiflexion below " +
         quantity(p.df_min_deg, "deg") + ", descent shorter than " + quantity(p.descent_min_s, "s") +
         " or longer than " + quantity(p.descent_max_s, "s") + ", longer than " + quantity(p.rep_max_s, "s") +
         " in all, both feet below " + quantity(p.foot_n, "N") + " for " + quantity(p.flight_s, "s") +
         " (flight), one for " + quantity(p.foot_s, "s") + " (unloaded), both for " + quantity(p.off_s, "s") +
         " (stepped off), weight changed by " + percent(p.reweigh_share) +
         " (force only: " + percent(p.reweigh_share_force_only) + "), plate unknown for more than " +
         quantity(p.gap_reject_s, "s") + "; " + dominance_text(settings.participant);
}

}  // namespace grfd
