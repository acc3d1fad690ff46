// What the plates feel: Newton and Euler on the moving chain.
#include <algorithm>
#include <cmath>

#include "drivers/emulation/subject.hpp"

namespace grfd {

std::array<Subject::Link, 7> Subject::links(const SubjectPose& o) const {
  std::array<Link, 7> out;
  for (std::size_t i = 0; i < 2; ++i) {
    const LegPose& l = o.leg[i];
    out[3 * i] = {kFootMass, l.ankle_y + 0.04, 0.5 * l.ankle_z, 0.475 * p_.foot_length_m, l.heel_lift_deg * kRad};
    out[3 * i + 1] = {kShankMass, l.knee_y + kCom * (l.ankle_y - l.knee_y), l.knee_z + kCom * (l.ankle_z - l.knee_z),
                      0.302 * shank_m_, l.shank_rad};
    out[3 * i + 2] = {kThighMass, l.hip_y + kCom * (l.knee_y - l.hip_y), o.hip_z + kCom * (l.knee_z - o.hip_z),
                      0.323 * thigh_m_, -std::acos(l.thigh_cos)};
  }
  out[6] = {kTrunkMass, o.pelvis_y + 0.09 + trunk_m_ * o.trunk_sin, o.hip_z + trunk_m_ * o.trunk_cos,
            0.496 * 0.288 * p_.height_m * 0.9, std::asin(o.trunk_sin)};
  return out;
}

SubjectLoads Subject::loads(double t_s) const {
  const Instant now = instant(t_s);
  const SubjectPose before = pose(now, -kStep), c = pose(now, 0), after = pose(now, kStep);
  const double m = jump_.in_air(t_s) ? 0 : mass_kg(t_s);  // nothing carries what is in the air
  const double ax = second_difference(before.com_x, c.com_x, after.com_x);
  const double ay = second_difference(before.com_y, c.com_y, after.com_y);
  const double jump = jump_.acceleration(t_s);  // of all links alike
  const double az = second_difference(before.com_z, c.com_z, after.com_z) + jump;
  const double fz = m * (az + kStandardGravity_m_s2);
  // Feet that leave the ground or come down hardly press on it, and push aside and tilt as little.
  const double grip = jump == 0 || m == 0 ? 1 : std::clamp(fz / (0.1 * m * kStandardGravity_m_s2), 0.0, 1.0);
  const double fx = grip * m * ax, fy = grip * m * ay;

  double cop_y = c.com_y;
  if (p_.cop_mode == "lipm") {
    if (m > 0) cop_y = c.com_y - c.com_z * fy / fz;
  } else if (p_.cop_mode == "links") {  // rate of the angular momentum about X of all links
    const auto a = links(before), b = links(c), e = links(after);
    double rate = 0;
    for (std::size_t k = 0; k < b.size(); ++k) {
      const double mass = b[k].mass * m;
      rate += mass * (b[k].y * second_difference(a[k].z, b[k].z, e[k].z) -
                      b[k].z * second_difference(a[k].y, b[k].y, e[k].y)) -
              mass * b[k].radius * b[k].radius * second_difference(a[k].angle, b[k].angle, e[k].angle);
    }
    if (m > 0) cop_y += grip * ((rate + m * (kStandardGravity_m_s2 + jump) * c.com_y) / fz - cop_y);
  }

  SubjectLoads w;
  const std::size_t d = static_cast<std::size_t>(p_.dominant), n = 1 - d;
  const double difference = p_.cop_dy_m * c.descent;
  w.cop_y[d] = cop_y + c.share[n] * difference;
  w.cop_y[n] = cop_y - c.share[d] * difference;
  const double middle = c.share[0] * c.leg[0].foot_x + c.share[1] * c.leg[1].foot_x, sway = c.com_x - middle;
  w.total_cop_x = middle + sway;
  w.total_cop_y = cop_y;
  const double yaw = second_difference(before.pelvis_yaw_rad, c.pelvis_yaw_rad, after.pelvis_yaw_rad);
  const double mz = m > 0 ? m * (c.com_x * ay - c.com_y * ax) + 1.2 * yaw : 0;
  double pair = 0;
  std::array<double, 2> side_fx;
  for (std::size_t i = 0; i < 2; ++i) {
    w.cop_x[i] = c.leg[i].foot_x + sway;
    side_fx[i] = c.share[i] * fx - side_sign(i) * p_.spread * m * kStandardGravity_m_s2;
    pair += w.cop_x[i] * c.share[i] * fy - w.cop_y[i] * side_fx[i];
  }
  for (std::size_t i = 0; i < 2; ++i) {
    const double x = w.cop_x[i], y = w.cop_y[i], foot_fy = c.share[i] * fy, foot_fz = c.share[i] * fz;
    w.free_moment[i] = c.share[i] * (mz - pair);
    w.foot[i] = {side_fx[i],  foot_fy,      foot_fz,
                 y * foot_fz, -x * foot_fz, x * foot_fy - y * side_fx[i] + w.free_moment[i]};
  }
  return w;
}

}  // namespace grfd
