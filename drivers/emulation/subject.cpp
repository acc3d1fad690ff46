#include "drivers/emulation/subject.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "drivers/emulation/smooth_step.hpp"

namespace grfd {
namespace {
constexpr double kLungeDrop = 0.35;  // of the thigh's length
constexpr double kBarTakenS = 0.8;
constexpr std::array<double, 5> kSwayHz{0.31, 0.73, 1.21, 0.27, 0.61}, kSwayPhase{0.4, 1.9, 5.0, 2.4, 0.3};

/// Constant rate from t0 to t1 with blends of length tb; total rate * (t1 - t0) exactly.
double ramp(double t, double t0, double t1, double rate, double tb) {
  if (t <= t0) return 0;
  if (t >= t1 + tb && t1 >= t0) return rate * (t1 - t0);
  return rate * tb * (smooth_step_integral((t - t0) / tb) - smooth_step_integral((t - t1) / tb));
}

void require(bool good, const char* what) {
  if (!good) throw std::invalid_argument(std::string("stimulus.subject.") + what);
}
}  // namespace

Subject::Subject(const SubjectSettings& settings) : p_(settings), jump_(settings.jump_s, settings.jump_m_s) {
  for (const auto& [value, what] : {std::pair{p_.mass_kg, "mass_kg: must be above 0"},
                                    {p_.height_m, "height_m: must be above 0"},
                                    {p_.descent_s, "descent_s: must be above 0"},
                                    {p_.blend_s, "blend_s: must be above 0"},
                                    {p_.rate_deg_s.dominant, "rate_deg_s.dominant: must be above 0"},
                                    {p_.rate_deg_s.nondominant, "rate_deg_s.nondominant: must be above 0"},
                                    {p_.eversion_duration_s, "eversion_duration_s: must be above 0"},
                                    {p_.fall_back_duration_s, "fall_back_duration_s: must be above 0"}})
    require(value > 0 && std::isfinite(value), what);
  require(p_.ascent_s - 0.15 - p_.blend_s > 0.05, "ascent_s: must be longer than blend_s by more than 0.2 s");
  require(p_.bottom_s >= 0 && p_.rest_s >= 0, "bottom_s, rest_s: must not be negative");
  require(p_.cop_mode == "set" || p_.cop_mode == "lipm" || p_.cop_mode == "links",
          "cop_mode: must be set, lipm or links");

  shank_m_ = 0.246 * p_.height_m;
  thigh_m_ = 0.245 * p_.height_m;
  ankle_m_ = 0.039 * p_.height_m;
  trunk_m_ = 0.626 * 0.288 * p_.height_m;
  hip_standing_m_ = ankle_m_ + shank_m_ * std::cos(p_.standing_shank_deg * kRad) + thigh_m_ * std::cos(11 * kRad);
  toe_cos_ = std::cos(p_.toe_out_deg * kRad);
  cycle_ = p_.descent_s + p_.bottom_s + p_.ascent_s + p_.rest_s;
  for (std::size_t i = 0; i < 5; ++i) {
    sway_step_cos_[i] = std::cos(2 * std::numbers::pi * kSwayHz[i] * kStep);
    sway_step_sin_[i] = std::sin(2 * std::numbers::pi * kSwayHz[i] * kStep);
  }
  first_.start = 0;
  first_.bottom = p_.descent_s;
  first_.rise = first_.bottom + p_.bottom_s;
  first_.end = first_.rise + p_.ascent_s;
  active_from_ = 0;
  active_to_ = first_.end;
  double plateau = 1e300;
  for (std::size_t i = 0; i < 2; ++i) {
    const double toe = -side_sign(i) * p_.toe_out_deg * kRad;
    toe_out_[i] = {{{std::cos(toe), -std::sin(toe), 0}, {std::sin(toe), std::cos(toe), 0}, {0, 0, 1}}};
    auto& f = first_.foot[i];
    f.on = 0.10 + role(p_.lag_s, i);
    f.plateau = f.on + role(p_.range_deg, i) / role(p_.rate_deg_s, i);
    f.on_fit = f.on + p_.blend_s / 2;
    f.plateau_fit = f.plateau + p_.blend_s / 2;
    f.eversion_on = f.on - role(p_.eversion_lead_s, i);
    plateau = std::min(plateau, f.plateau);
    active_from_ = std::min({active_from_, f.on, f.eversion_on});
    active_to_ = std::max({active_to_, f.plateau + p_.blend_s, f.eversion_on + p_.eversion_duration_s + p_.blend_s,
                           f.plateau + p_.heel_lift_delay_s + 0.3});
  }
  active_from_ = std::min(active_from_, plateau + p_.fall_back_delay_s);
  active_to_ = std::max(active_to_, plateau + p_.fall_back_delay_s + p_.fall_back_duration_s);
  require(active_to_ - active_from_ < 100 * cycle_, "rest_s: the repetitions overlap more than a hundred times");

  for (double t = 0; t <= cycle_; t += 0.01) {
    const SubjectPose o = pose(p_.first_descent_s + t);
    require(o.feasible && std::isfinite(o.com_z), "depth_m: the legs or the trunk cannot reach this posture");
  }
  for (int k = 0; k < (p_.lunge_count > 0 ? 200 : 0); ++k) {
    const int trial = k < 100 ? p_.lunge_count - 1 : 2 * p_.lunge_count - 1;  // the deepest of each leg
    const SubjectPose o = pose(p_.lunge_first_s + (trial + 0.01 * (k % 100)) * p_.lunge_period_s);
    require(o.feasible && std::isfinite(o.com_z), "lunge_deg: the legs or the trunk cannot reach this posture");
  }
  if (p_.jump_m_s > 0) {
    const double up = jump_.leaves_s(), down = jump_.lands_s();
    const auto speed = [this](double t) { return (pose(t + kStep).com_z - pose(t - kStep).com_z) / (2 * kStep); };
    jump_.set_drift(speed(down) - speed(up), pose(down).com_z - pose(up).com_z - speed(up) * (down - up));
  }
  for (double t = p_.jump_s; p_.jump_m_s > 0 && t < jump_.end_s(); t += 0.01) {
    const SubjectPose o = pose(t);
    require(o.feasible && std::isfinite(o.com_z), "jump_s: the legs or the trunk cannot reach this posture");
  }
}

Repetition Subject::repetition(long k) const {
  Repetition r = first_;
  const double t0 = p_.first_descent_s + static_cast<double>(k) * cycle_;
  for (double* t : {&r.start, &r.bottom, &r.rise, &r.end}) *t += t0;
  for (auto& f : r.foot)
    for (double* t : {&f.on, &f.plateau, &f.on_fit, &f.plateau_fit, &f.eversion_on}) *t += t0;
  return r;
}

double Subject::slow_s(const Repetition& r) const {
  if (p_.depth_m <= 0) return r.start;
  // depth/descent * 30 u^2 (1-u)^2 = 0.05 m/s
  const double q = std::sqrt(0.05 * p_.descent_s / (30 * p_.depth_m));
  return q >= 0.25 ? r.start : r.start + p_.descent_s * (1 + std::sqrt(1 - 4 * q)) / 2;
}

double Subject::mass_kg(double t_s) const {
  return p_.mass_kg + p_.bar_kg * smooth_step((t_s - p_.bar_s) / kBarTakenS);
}

double Subject::loaded(double t_s) const {
  if (p_.step_on_s <= 0) return 1;
  if (p_.step_on_duration_s <= 0) return t_s >= p_.step_on_s ? 1 : 0;
  return smooth_step((t_s - p_.step_on_s) / p_.step_on_duration_s);
}

Subject::Instant Subject::instant(double t_s) const {
  Instant i;
  i.t_s = t_s;
  const double since = t_s - p_.first_descent_s;
  // One cycle of margin is not needed, a millisecond is: the differences look that far.
  double from = std::max(0.0, std::ceil((since - active_to_ - 2 * kStep) / cycle_));
  double to = std::floor((since - active_from_ + 2 * kStep) / cycle_);
  if (p_.repetitions >= 0) to = std::min(to, static_cast<double>(p_.repetitions - 1));
  if (to >= from) {
    i.count = static_cast<long>(to - from) + 1;
    i.local_s = since - from * cycle_;
  }
  if (p_.heel_raise_count > 0) {
    const double raised = t_s - p_.heel_raise_first_s, k = std::floor(raised / p_.heel_raise_period_s);
    i.raising = k >= 0 && k < p_.heel_raise_count;
    i.raise_s = raised - k * p_.heel_raise_period_s;
  }
  if (p_.bow_count > 0) {
    const double bowed = t_s - p_.bow_first_s, k = std::floor(bowed / p_.bow_period_s);
    i.bowing = k >= 0 && k < p_.bow_count;
    i.bow_s = bowed - k * p_.bow_period_s;
  }
  if (p_.lunge_count > 0) {
    const double since_first = t_s - p_.lunge_first_s, k = std::floor(since_first / p_.lunge_period_s);
    i.lunging = k >= 0 && k < 2.0 * p_.lunge_count;
    i.lunge_s = since_first - k * p_.lunge_period_s;
    i.lunge_side = k < p_.lunge_count ? 0 : 1;
    i.lunge_less_deg = p_.lunge_spread_deg * ((i.lunge_side == 0 ? 1.0 : 2.0) * p_.lunge_count - 1 - k);
  }
  for (std::size_t k = 0; k < 5; ++k) {
    const double a = 2 * std::numbers::pi * kSwayHz[k] * t_s + kSwayPhase[k];
    i.sway_cos[k] = std::cos(a);
    i.sway_sin[k] = std::sin(a);
  }
  return i;
}

Subject::Course Subject::course(const Instant& now, double dt, unsigned sides) const {
  Course c;
  const double tb = p_.blend_s, up = first_.rise + 0.05, up_s = p_.ascent_s - 0.15 - tb;
  const double fall = std::min(first_.foot[0].plateau, first_.foot[1].plateau) + p_.fall_back_delay_s;
  for (long k = 0; k < now.count; ++k) {
    const double t = now.local_s - static_cast<double>(k) * cycle_ + dt;
    c.descent += smooth_step(t / p_.descent_s) - smooth_step((t - first_.rise) / p_.ascent_s);
    c.fall_back += smooth_step((t - fall) / p_.fall_back_duration_s) -
                   smooth_step((t - first_.rise - 0.1 * p_.ascent_s) / (0.6 * p_.ascent_s));
    for (std::size_t i = 0; i < 2; ++i) {
      if (!(sides >> i & 1)) continue;
      const auto& f = first_.foot[i];
      const double range = role(p_.range_deg, i), eversion = role(p_.eversion_deg, i), heel = role(p_.heel_lift_deg, i);
      c.dorsiflexion[i] +=
          ramp(t, f.on, f.plateau, role(p_.rate_deg_s, i), tb) - ramp(t, up, up + up_s, range / up_s, tb);
      c.eversion[i] +=
          ramp(t, f.eversion_on, f.eversion_on + p_.eversion_duration_s, eversion / p_.eversion_duration_s, tb) -
          ramp(t, up, up + up_s, eversion / up_s, tb);
      if (heel != 0)
        c.heel[i] += heel * (smooth_step((t - f.plateau - p_.heel_lift_delay_s) / 0.3) -
                             smooth_step((t - first_.rise) / (0.5 * p_.ascent_s)));
    }
  }
  c.hip_z = hip_standing_m_ - p_.depth_m * c.descent;
  if (now.raising) raise_heels(now, dt, c);
  if (now.lunging) lunge(now, dt, c);
  if (const SubjectJump::Legs jump = jump_.legs(now.t_s + dt); jump.hips_m != 0 || jump.lift_m != 0) {
    c.hip_z += jump.hips_m;
    c.lift_m = jump.lift_m;
    for (std::size_t i = 0; i < 2; ++i) {
      c.dorsiflexion[i] += jump.dorsiflexion_deg;
      c.heel[i] += jump.heel_deg;
    }
  }
  if (now.bowing) {  // the pelvis alone turns, forward and back, with rest between
    const double u = (now.bow_s + dt) / p_.bow_period_s;
    c.bow_deg = p_.bow_deg * (smooth_step(u / 0.4) - smooth_step((u - 0.45) / 0.4));
  }
  std::array<double, 5> sway = now.sway_sin;
  if (dt != 0)
    for (std::size_t k = 0; k < 5; ++k)
      sway[k] = now.sway_sin[k] * sway_step_cos_[k] + (dt > 0 ? 1 : -1) * now.sway_cos[k] * sway_step_sin_[k];
  c.sway_y = p_.sway_m * (sway[0] + 0.6 * sway[1] + 0.3 * sway[2]);
  c.sway_x = 0.6 * p_.sway_m * (sway[3] + 0.5 * sway[4]);
  return c;
}

/// Onto the toes and down again, with rest between; the shank leans a tenth of it.
void Subject::raise_heels(const Instant& now, double dt, Course& c) const {
  const double u = (now.raise_s + dt) / p_.heel_raise_period_s;
  const double deg = p_.heel_raise_deg * (smooth_step(u / 0.4) - smooth_step((u - 0.45) / 0.4));
  for (std::size_t i = 0; i < 2; ++i) {
    c.heel[i] += deg;
    c.dorsiflexion[i] -= 0.9 * deg;
  }
  c.hip_z += ankle_m_ * (std::cos(deg * kRad) - 1) + p_.mtp_y_m * std::sin(deg * kRad);
}

/// The knee goes to the wall: the ankle bends to the end of its room, then the heel rises and the shank goes on with
/// it, and all the way back; the hips come down as far as the legs need.
void Subject::lunge(const Instant& now, double dt, Course& c) const {
  const double u = (now.lunge_s + dt) / p_.lunge_period_s, bend = smooth_step(u / 0.35) - smooth_step((u - 0.6) / 0.3);
  c.dorsiflexion[now.lunge_side] += (role(p_.lunge_deg, now.lunge_side) - now.lunge_less_deg) * bend;
  c.heel[now.lunge_side] += p_.lunge_heel_deg * (smooth_step((u - 0.35) / 0.1) - smooth_step((u - 0.5) / 0.1));
  c.hip_z -= kLungeDrop * thigh_m_ * bend;
}

void Subject::leg_chain(const Course& c, std::size_t i, LegPose& leg) const {
  leg.dorsiflexion_deg = c.dorsiflexion[i];
  leg.eversion_deg = c.eversion[i];
  leg.heel_lift_deg = c.heel[i];
  leg.tibial_rotation_deg = p_.tibial_rotation_gain * c.eversion[i];
  leg.knee_in_deg = role(p_.knee_in_deg, i) * c.descent;
  leg.turn_deg = role(p_.tibial_turn_deg, i) * c.descent;
  leg.foot_x = side_sign(i) * (p_.stance_m - p_.eversion_shift_m_deg * c.eversion[i]);
  const double pitch = c.heel[i] * kRad;
  double ay = 0, az = ankle_m_;
  if (pitch != 0) {  // the foot turns about the line of the toes, the ankle follows
    ay = p_.mtp_y_m * (1 - std::cos(pitch)) + ankle_m_ * std::sin(pitch);
    az = ankle_m_ * std::cos(pitch) + p_.mtp_y_m * std::sin(pitch);
  }
  leg.shank_rad = (p_.standing_shank_deg + c.dorsiflexion[i]) * kRad + pitch;
  const double ky = ay + shank_m_ * std::sin(leg.shank_rad);
  leg.knee_z = az + shank_m_ * std::cos(leg.shank_rad);
  leg.thigh_cos = std::clamp((c.hip_z - leg.knee_z) / thigh_m_, -1.0, 1.0);
  leg.thigh_sin = std::sqrt(1 - leg.thigh_cos * leg.thigh_cos);
  leg.ankle_y = ay * toe_cos_;
  leg.ankle_z = az;
  leg.knee_y = ky * toe_cos_;
  leg.hip_y = ky * toe_cos_ - thigh_m_ * leg.thigh_sin * toe_cos_;
}

SubjectPose Subject::pose(double t_s) const { return pose(instant(t_s), 0); }

SubjectPose Subject::pose(const Instant& now, double dt) const {
  const Course c = course(now, dt, 3);
  SubjectPose o;
  o.descent = c.descent;
  o.fall_back = c.fall_back;
  o.hip_z = c.hip_z;
  o.com_y = p_.com_y_m + p_.com_forward_m * c.descent - p_.fall_back_m * c.fall_back + c.sway_y;
  double known_y = 0, known_z = 0;
  o.feasible = true;
  for (std::size_t i = 0; i < 2; ++i) {
    LegPose& l = o.leg[i];
    leg_chain(c, i, l);
    o.feasible = o.feasible && std::abs(l.thigh_cos) < 1;
    known_y += kFootMass * (l.ankle_y + 0.04) + kShankMass * (l.knee_y + kCom * (l.ankle_y - l.knee_y)) +
               kThighMass * (l.hip_y + kCom * (l.knee_y - l.hip_y));
    known_z += kFootMass * (0.5 * l.ankle_z) + kShankMass * (l.knee_z + kCom * (l.ankle_z - l.knee_z)) +
               kThighMass * (c.hip_z + kCom * (l.knee_z - c.hip_z));
  }
  const double hip_y = 0.5 * (o.leg[0].hip_y + o.leg[1].hip_y);
  const double lean = (o.com_y - known_y - hip_y * kTrunkMass) / (kTrunkMass * trunk_m_);
  o.feasible = o.feasible && std::abs(lean) < 0.98;
  o.trunk_sin = std::clamp(lean, -1.0, 1.0);
  o.trunk_cos = std::sqrt(1 - o.trunk_sin * o.trunk_sin);
  o.com_z = known_z + kTrunkMass * (c.hip_z + trunk_m_ * o.trunk_cos);
  o.pelvis_y = hip_y - 0.09;
  o.pelvis_yaw_rad = std::atan2(o.leg[1].hip_y - o.leg[0].hip_y, 0.17);
  const double index = (p_.bai_stand_percent + (p_.bai_bottom_percent - p_.bai_stand_percent) * c.descent) / 100;
  const std::size_t d = static_cast<std::size_t>(p_.dominant);
  o.share[d] = 0.5 * (1 + index);
  o.share[1 - d] = 0.5 * (1 - index);
  o.com_x = o.share[0] * o.leg[0].foot_x + o.share[1] * o.leg[1].foot_x + c.sway_x;
  return o;
}

}  // namespace grfd
