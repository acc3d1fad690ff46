// What sensors on the segments feel.
#include <algorithm>
#include <cmath>

#include "drivers/emulation/subject.hpp"

namespace grfd {
namespace {
/// m R, R about one axis: only two columns change.
void turn(Mat3& m, double angle, std::size_t first, std::size_t second) {
  if (angle == 0) return;
  const double c = std::cos(angle), s = std::sin(angle);
  for (auto& row : m) {
    const double a = row[first], b = row[second];
    row[first] = a * c + b * s;
    row[second] = b * c - a * s;
  }
}
void turn_x(Mat3& m, double a) { turn(m, a, 1, 2); }
void turn_y(Mat3& m, double a) { turn(m, a, 2, 0); }
void turn_z(Mat3& m, double a) { turn(m, a, 0, 1); }

/// Sagittal inclination, + forward, as gravity shows it in the segment.
double inclination_rad(const Mat3& r) { return std::atan2(-r[2][1], r[2][2]); }
}  // namespace

Mat3 Subject::rotation(const Course& c, std::size_t i, Segment segment, const LegPose& leg) const {
  const double s = side_sign(i);
  if (segment == Segment::pelvis) {
    Mat3 r{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
    turn_z(r, p_.pelvis_axial_deg * c.fall_back * kRad);
    turn_y(r, -p_.pelvis_obliquity_deg * c.fall_back * kRad);
    turn_x(r, -(p_.pelvis_tilt_deg * c.descent - p_.pelvis_tuck_deg * c.fall_back + c.bow_deg) * kRad);
    return r;
  }
  Mat3 r = toe_out_[i];
  if (segment == Segment::foot) {
    turn_y(r, -s * leg.eversion_deg * kRad);
    turn_x(r, -leg.heel_lift_deg * kRad);
  } else if (segment == Segment::thigh) {
    turn_x(r, std::atan2(leg.thigh_sin, leg.thigh_cos));
  } else {
    turn_z(r, s * leg.turn_deg * kRad);
    turn_y(r, -s * leg.knee_in_deg * kRad);
    turn_x(r, -leg.shank_rad);
    turn_z(r, s * leg.tibial_rotation_deg * kRad);
  }
  return r;
}

void Subject::imu(double t_s, Segment segment, Side side, Vec3& gyro, Vec3& force) const {
  const std::size_t i = static_cast<std::size_t>(side);
  const Instant now = instant(t_s);
  const unsigned sides = segment == Segment::pelvis ? 3u : 1u << i;
  std::array<Mat3, 3> r;
  std::array<Vec3, 3> q;
  for (std::size_t k = 0; k < 3; ++k) {
    const Course c = course(now, (static_cast<double>(k) - 1) * kStep, sides);
    LegPose leg;
    leg_chain(c, i, leg);
    r[k] = rotation(c, i, segment, leg);
    if (segment == Segment::pelvis) {
      LegPose other;
      leg_chain(c, 1 - i, other);
      q[k] = {0, 0.5 * (leg.hip_y + other.hip_y) - 0.09, c.hip_z + c.lift_m + 0.08};
      continue;
    }
    const Vec3 at = segment == Segment::foot    ? Vec3{0, 0.08, -0.01}
                    : segment == Segment::thigh ? Vec3{0, 0.06, 0.20}
                                                : Vec3{side_sign(i) * 0.03, 0.03, 0.20};
    q[k] = segment == Segment::thigh ? Vec3{side_sign(i) * p_.stance_m, leg.knee_y, leg.knee_z}
                                     : Vec3{side_sign(i) * p_.stance_m, leg.ankle_y, leg.ankle_z};
    q[k][2] += c.lift_m;
    for (std::size_t a = 0; a < 3; ++a) q[k][a] += r[k][a][0] * at[0] + r[k][a][1] * at[1] + r[k][a][2] * at[2];
  }
  const auto turned = [&](std::size_t a, std::size_t b) {  // (R before^T R after)[a][b]
    return r[0][0][a] * r[2][0][b] + r[0][1][a] * r[2][1][b] + r[0][2][a] * r[2][2][b];
  };
  gyro = {(turned(2, 1) - turned(1, 2)) / (4 * kStep), (turned(0, 2) - turned(2, 0)) / (4 * kStep),
          (turned(1, 0) - turned(0, 1)) / (4 * kStep)};
  Vec3 f;
  for (std::size_t a = 0; a < 3; ++a) f[a] = second_difference(q[0][a], q[1][a], q[2][a]);
  f[2] += kStandardGravity_m_s2;
  for (std::size_t a = 0; a < 3; ++a) force[a] = r[1][0][a] * f[0] + r[1][1][a] * f[1] + r[1][2][a] * f[2];
}

AnkleTruth Subject::ankle(double t_s, Side side) const {
  const std::size_t i = static_cast<std::size_t>(side);
  const Instant now = instant(t_s);
  AnkleTruth a{};
  std::array<double, 3> angle;
  for (std::size_t k = 0; k < 3; ++k) {
    const Course c = course(now, (static_cast<double>(k) - 1) * kStep, 1u << i);
    LegPose leg;
    leg_chain(c, i, leg);
    const Mat3 shank_r = upright_shank(c, i, leg);
    const double shank = inclination_rad(shank_r) / kRad;
    const Mat3 foot_r = rotation(c, i, Segment::foot, leg);
    const double foot = inclination_rad(foot_r) / kRad;
    angle[k] = shank - foot;
    if (k != 1) continue;
    a.dorsiflexion = angle[k];
    a.shank_inclination = shank;
    a.foot_pitch = foot;
    a.eversion = side_sign(i) * std::asin(std::clamp(foot_r[2][0], -1.0, 1.0)) / kRad;
    a.tibial_rotation = leg.tibial_rotation_deg + leg.turn_deg;
    a.shank_tilt = std::acos(std::clamp(shank_r[2][2], -1.0, 1.0)) / kRad;
    a.shank_frontal = std::asin(std::clamp(shank_r[2][0], -1.0, 1.0)) / kRad;
  }
  a.dorsiflexion_rate = (angle[2] - angle[0]) / (2 * kStep);
  return a;
}

Mat3 Subject::upright_shank(const Course& c, std::size_t i, const LegPose& leg) const {
  Mat3 shank = rotation(c, i, Segment::shank, leg);
  turn_x(shank, p_.standing_shank_deg * kRad);
  return shank;
}

JointTruth Subject::joint(double t_s, Side side) const {
  const std::size_t i = static_cast<std::size_t>(side);
  const Instant now = instant(t_s);
  const double s = side_sign(i);
  std::array<JointTruth, 3> at;
  for (std::size_t k = 0; k < 3; ++k) {
    const Course c = course(now, (static_cast<double>(k) - 1) * kStep, 1u << i);
    LegPose leg;
    leg_chain(c, i, leg);
    const Mat3 foot = rotation(c, i, Segment::foot, leg), shank = upright_shank(c, i, leg);
    const auto in = [&](std::size_t a, std::size_t b) {  // (shank^T foot)[a][b] = Rx Ry Rz
      return shank[0][a] * foot[0][b] + shank[1][a] * foot[1][b] + shank[2][a] * foot[2][b];
    };
    const double heading = std::atan2(shank[1][0], shank[0][0]) - std::atan2(foot[1][0], foot[0][0]);
    at[k] = {std::atan2(-in(1, 2), in(2, 2)) / kRad, -s * std::asin(std::clamp(in(0, 2), -1.0, 1.0)) / kRad,
             -s * std::atan2(-in(0, 1), in(0, 0)) / kRad, heading / kRad, 0};
  }
  at[1].dorsiflexion_rate = (at[2].dorsiflexion - at[0].dorsiflexion) / (2 * kStep);
  return at[1];
}

PelvisTruth Subject::pelvis(double t_s) const {
  const Mat3 r = rotation(course(instant(t_s), 0, 0), 0, Segment::pelvis, {});
  return {inclination_rad(r) / kRad, std::asin(std::clamp(r[2][0], -1.0, 1.0)) / kRad,
          std::atan2(r[1][0], r[0][0]) / kRad};
}

double Subject::thigh(double t_s, Side side) const {
  const std::size_t i = static_cast<std::size_t>(side);
  const Course c = course(instant(t_s), 0, 1u << i);
  LegPose leg;
  leg_chain(c, i, leg);
  return -inclination_rad(rotation(c, i, Segment::thigh, leg)) / kRad;
}

}  // namespace grfd
