// The keys of [stimulus] and of the synthetic subject (science reference, section 8).
#include <cmath>

#include "daemon/config_parts.hpp"
#include "drivers/emulation/subject_jump.hpp"
#include "schemas/gravity.hpp"

namespace grfd {

namespace {
using Pair = SubjectSettings::Pair;

void read_pair(Reader& r, const char* name, Pair& pair, About about) {
  r.table(name, about.doc, [&](Reader& t) {
    const About side{about.unit, about.doc, about.min, about.max};
    t.number("dominant", pair.dominant, side);
    t.number("nondominant", pair.nondominant, side);
  });
}

void read_body(Reader& r, SubjectSettings& s) {
  r.number("mass_kg", s.mass_kg, {"kg", "body mass", 10, 400});
  r.number("height_m", s.height_m, {"m", "stature; the segment lengths follow from it", 0.8, 2.5});
  r.number("stance_m", s.stance_m, {"m", "half the distance between the feet", 0.02, 0.6});
  r.number("toe_out_deg", s.toe_out_deg, {"deg", "how far each foot points outward", -45, 60});
  r.number("foot_length_m", s.foot_length_m, {"m", "length of the foot", 0.1, 0.4});
  r.number("heel_y_m", s.heel_y_m, {"m", "heel, forward of the ankle", -0.2, 0});
  r.number("mtp_y_m", s.mtp_y_m, {"m", "ball of the foot, forward of the ankle", 0.02, 0.3});
  r.word<Side>("dominant", s.dominant, {{"left", Side::left}, {"right", Side::right}},
               {"", "dominant side of the subject"});
  r.number("standing_shank_deg", s.standing_shank_deg, {"deg", "forward lean of the tibia while standing", -15, 20});
  r.number("com_y_m", s.com_y_m, {"m", "centre of mass forward of the ankles while standing", -0.05, 0.2});
  r.number("sway_m", s.sway_m, {"m", "amplitude of the postural sway", 0, 0.05});
}

void read_course(Reader& r, SubjectSettings& s) {
  r.number("step_on_s", s.step_on_s,
           {"s", "nobody is on the plates before this time; 0: there from the start", 0, 3600});
  r.number("step_on_duration_s", s.step_on_duration_s, {"s", "how long stepping on takes", 0.05, 10});
  r.number("first_descent_s", s.first_descent_s, {"s", "start of the first descent", 0, 3600});
  r.integer("repetitions", s.repetitions, {"", "number of squats; -1: without end", -1, 100000});
  r.number("descent_s", s.descent_s, {"s", "duration of the descent", 0.2, 20});
  r.number("bottom_s", s.bottom_s, {"s", "pause at the bottom", 0, 20});
  r.number("ascent_s", s.ascent_s, {"s", "duration of the ascent", 0.2, 20});
  r.number("rest_s", s.rest_s, {"s", "standing between two squats", 0, 600});
  r.number("depth_m", s.depth_m, {"m", "how far the hips go down", 0.02, 0.7});
  r.number("blend_s", s.blend_s, {"s", "how long an ankle takes to reach its rate and to stop", 0.01, 2});
}

void read_ankles(Reader& r, SubjectSettings& s) {
  read_pair(r, "rate_deg_s", s.rate_deg_s, {"deg/s", "rate of dorsiflexion during the descent", 1, 300});
  read_pair(r, "range_deg", s.range_deg, {"deg", "dorsiflexion that the ankle ends at", 0, 60});
  read_pair(r, "lag_s", s.lag_s, {"s", "how much later than the descent the ankle starts", -1, 5});
  read_pair(r, "eversion_deg", s.eversion_deg, {"deg", "eversion of the foot", -20, 30});
  read_pair(r, "eversion_lead_s", s.eversion_lead_s,
            {"s", "how much earlier than dorsiflexion eversion starts", -2, 2});
  r.number("eversion_duration_s", s.eversion_duration_s, {"s", "how long eversion takes", 0.05, 10});
  r.number("tibial_rotation_gain", s.tibial_rotation_gain,
           {"deg/deg", "internal rotation of the tibia per eversion", -2, 2});
  read_pair(r, "heel_lift_deg", s.heel_lift_deg,
            {"deg", "how far the heel rises after the ankle has run out of range", 0, 45});
  r.number("heel_lift_delay_s", s.heel_lift_delay_s, {"s", "and how much later", 0, 5});
  read_pair(r, "knee_in_deg", s.knee_in_deg,
            {"deg", "sideways tilt of the shank at the bottom, positive inward", -30, 30});
  read_pair(r, "tibial_turn_deg", s.tibial_turn_deg, {"deg", "inward turn of the shank at the bottom", -30, 30});
}

void read_trunk_and_load(Reader& r, SubjectSettings& s) {
  r.number("pelvis_tilt_deg", s.pelvis_tilt_deg, {"deg", "forward tilt of the pelvis at the bottom", -60, 90});
  r.number("pelvis_tuck_deg", s.pelvis_tuck_deg, {"deg", "backward tuck after the first ankle has stopped", -60, 60});
  r.number("pelvis_obliquity_deg", s.pelvis_obliquity_deg, {"deg", "and list, right side higher", -45, 45});
  r.number("pelvis_axial_deg", s.pelvis_axial_deg, {"deg", "and turn, to the left", -45, 45});
  r.number("bai_stand_percent", s.bai_stand_percent,
           {"%", "bilateral asymmetry of the load while standing, + dominant side larger", -100, 100});
  r.number("bai_bottom_percent", s.bai_bottom_percent, {"%", "and at the bottom", -100, 100});
  r.number("com_forward_m", s.com_forward_m,
           {"m", "how far the centre of mass moves forward with the descent", -0.2, 0.2});
  r.number("fall_back_m", s.fall_back_m, {"m", "how far it falls back after the first ankle has stopped", -0.2, 0.2});
  r.number("fall_back_delay_s", s.fall_back_delay_s, {"s", "how much later", 0, 5});
  r.number("fall_back_duration_s", s.fall_back_duration_s, {"s", "and how long that takes", 0.05, 10});
  r.word<std::string>("cop_mode", s.cop_mode, {{"set", "set"}, {"lipm", "lipm"}, {"links", "links"}},
                      {"", "centre of pressure: as set, of a point mass, or of the moving links"});
  r.number("cop_dy_m", s.cop_dy_m,
           {"m", "how much further forward the dominant foot is loaded at the bottom", -0.1, 0.1});
  r.number("spread", s.spread, {"", "outward shear force of each foot, as a part of its vertical force", -0.3, 0.3});
  r.number("eversion_shift_m_deg", s.eversion_shift_m_deg,
           {"m/deg", "inward shift of the centre of pressure per eversion", -0.01, 0.01});
}

void read_taps(Reader& r, SubjectSettings& s) {
  r.integer("tap_count", s.tap_count, {"", "taps on a plate on which the sensors lie; 0: none", 0, 1000});
  r.number("tap_first_s", s.tap_first_s, {"s", "when the first one comes", 0, 3600});
  r.number("tap_period_s", s.tap_period_s, {"s", "and the next ones", 0.1, 3600});
  r.number("tap_n", s.tap_n, {"N", "largest force of a tap", 1, 5000});
  r.word<Side>("tap_side", s.tap_side, {{"left", Side::left}, {"right", Side::right}}, {"", "on which plate"});
}

void read_heel_raises(Reader& r, SubjectSettings& s) {
  r.integer("heel_raise_count", s.heel_raise_count,
            {"", "heel raises from standing, for a calibration; 0: none", 0, 1000});
  r.number("heel_raise_first_s", s.heel_raise_first_s, {"s", "when the first one begins", 0, 3600});
  r.number("heel_raise_period_s", s.heel_raise_period_s, {"s", "and the next ones", 0.5, 60});
  r.number("heel_raise_deg", s.heel_raise_deg, {"deg", "how far the feet turn", 0, 45});
}

void read_bows(Reader& r, SubjectSettings& s) {
  r.integer("bow_count", s.bow_count, {"", "forward bows from standing, for the axis of the pelvis; 0: none", 0, 1000});
  r.number("bow_first_s", s.bow_first_s, {"s", "when the first one begins", 0, 3600});
  r.number("bow_period_s", s.bow_period_s, {"s", "and the next ones", 0.5, 60});
  r.number("bow_deg", s.bow_deg, {"deg", "how far the pelvis turns", 0, 90});
}

void read_lunges(Reader& r, SubjectSettings& s) {
  r.integer("lunge_count", s.lunge_count,
            {"", "trials of the knee-to-wall test, of the left leg, then as many of the right one; 0: none", 0, 1000});
  r.number("lunge_first_s", s.lunge_first_s, {"s", "when the first one begins", 0, 3600});
  r.number("lunge_period_s", s.lunge_period_s, {"s", "and the next ones", 1, 60});
  read_pair(r, "lunge_deg", s.lunge_deg, {"deg", "dorsiflexion at which the heel rises in the last trial", 0, 60});
  r.number("lunge_spread_deg", s.lunge_spread_deg, {"deg", "and in each one before that much earlier", 0, 10});
  r.number("lunge_heel_deg", s.lunge_heel_deg, {"deg", "how far the heel rises then", 0, 30});
}

void read_bar_and_jump(Reader& r, SubjectSettings& s) {
  r.number("bar_kg", s.bar_kg, {"kg", "a bar that is taken onto the shoulders while standing; 0: none", 0, 300});
  r.number("bar_s", s.bar_s, {"s", "when; it takes 0.8 s", 0, 3600});
  r.number("jump_m_s", s.jump_m_s, {"m/s", "speed at the take-off of a jump out of standing; 0: none", 0, 4});
  r.number("jump_s", s.jump_s, {"s", "when its counter-movement begins", 0, 3600});
}

/// What takes so long from at_s on must not happen in a squat: neither would be what it says.
void check_in_standing(Reader& r, const SubjectSettings& s, const char* name, bool used, double at_s, double takes_s) {
  if (!used) return;
  if (const double stands_s = s.step_on_s > 0 ? s.step_on_s + s.step_on_duration_s : 0; at_s < stands_s)
    return r.report(name, "is " + number_text(at_s) + ", must be at least step_on_s + step_on_duration_s = " +
                              number_text(stands_s) + " s: nobody stands there before");
  const double squat_s = s.descent_s + s.bottom_s + s.ascent_s, cycle_s = squat_s + s.rest_s;
  if (!(cycle_s > 0)) return;
  double k = std::max(0.0, std::floor((at_s - s.first_descent_s) / cycle_s));
  if (at_s >= s.first_descent_s + k * cycle_s + squat_s) ++k;  // the squat that comes next
  if (s.repetitions >= 0 && k >= s.repetitions) return;
  const double from_s = s.first_descent_s + k * cycle_s;
  if (at_s + takes_s <= from_s) return;
  r.report(name, "is " + number_text(at_s) + " and takes " + number_text(takes_s) +
                     " s, must be between two squats: one goes from " + number_text(from_s) + " to " +
                     number_text(from_s + squat_s) + " s");
}

void check_subject(Reader& r, const SubjectSettings& s) {
  if (s.first_descent_s < s.step_on_s + s.step_on_duration_s && s.step_on_s > 0)
    r.report("first_descent_s", "is " + number_text(s.first_descent_s) +
                                    ", must be at least step_on_s + step_on_duration_s = " +
                                    number_text(s.step_on_s + s.step_on_duration_s) + " s: nobody stands there before");
  if (s.jump_m_s > 0 && s.jump_m_s < 0.1)
    r.report("jump_m_s", "is " + number_text(s.jump_m_s) + ", must be 0 for none or at least 0.1 m/s");
  check_in_standing(r, s, "bar_s", s.bar_kg > 0, s.bar_s, 0.8);
  check_in_standing(r, s, "jump_s", s.jump_m_s > 0, s.jump_s,
                    std::ceil(100 * (SubjectJump(0, s.jump_m_s).end_s() - 1e-9)) / 100);
  if (s.ascent_s <= 0.15 + s.blend_s)
    r.report("ascent_s", "is " + number_text(s.ascent_s) + ", must be more than blend_s + 0.15 = " +
                             number_text(s.blend_s + 0.15) + " s: the ankle needs that to turn back");
}
}  // namespace

void read_stimulus(Reader& r, StimulusSettings& s, const std::filesystem::path& folder) {
  using Kind = StimulusSettings::Kind;
  r.word<Kind>(
      "kind", s.kind, {{"none", Kind::none}, {"subject", Kind::subject}, {"recording", Kind::recording}},
      {"", "none: empty plates and sensors at rest; subject: a synthetic person who squats; recording: real data"});
  r.table("subject", "the synthetic subject", [&](Reader& t) {
    read_body(t, s.subject);
    read_course(t, s.subject);
    read_ankles(t, s.subject);
    read_trunk_and_load(t, s.subject);
    read_taps(t, s.subject);
    read_heel_raises(t, s.subject);
    read_bows(t, s.subject);
    read_lunges(t, s.subject);
    read_bar_and_jump(t, s.subject);
    check_subject(t, s.subject);
  });
  r.table("sync", "a sync line that is wired to every emulated device", [&](Reader& t) {
    t.number("period_s", s.sync.period_s, {"s", "from one pulse to the next; 0: no pulses", 0, 3600});
    t.number("width_s", s.sync.width_s, {"s", "how long a pulse is high", 0.001, 3600});
    t.number("first_s", s.sync.first_s, {"s", "when the first one begins", 0, 3600});
    if (s.sync.period_s > 0 && s.sync.width_s >= s.sync.period_s)
      t.report("width_s",
               "is " + number_text(s.sync.width_s) + ", must be less than period_s = " + number_text(s.sync.period_s));
  });
  r.text("recording", s.recording, {"", "file of the recording: C3D, or CSV, also gzipped; relative to this file"});
  r.named("plates", s.plates, {"", "which plate of the recording each of our plates is: left = 1", 1, 64});
  r.number("lead_in_s", s.lead_in_s, {"s", "unloaded plates before the recording starts", 0, 3600});
  if (s.kind == Kind::recording && s.recording.empty() && !r.findings().has_error(r.path("recording")))
    r.report("recording", "is missing: kind = \"recording\" needs the file to play");
  if (!s.recording.empty()) {
    const std::string given = s.recording;
    s.recording = (folder / given).lexically_normal().string();
    if (s.kind == Kind::recording && !std::filesystem::is_regular_file(s.recording))
      r.report("recording", "there is no file \"" + s.recording + "\"");
  }
}

}  // namespace grfd
