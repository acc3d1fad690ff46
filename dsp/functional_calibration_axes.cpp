// The last step of a functional calibration: axes from all movements.
#include <algorithm>

#include "dsp/calibration_text.hpp"
#include "dsp/functional_calibration.hpp"

namespace grfd {
namespace {

using namespace rot;
using calibration_text::advice, calibration_text::hinge_refused, calibration_text::say;

bool passes(const MainAxis& a) { return a.verdict == AxisVerdict::accepted || a.verdict == AxisVerdict::no_sign; }

}  // namespace

/// Signed fit; the ratio and the singular value go into the figures. Nothing when one of the two hardly moved.
std::optional<HingeAxes> FunctionalCalibration::hinge(const Sensor& shank, const Sensor& foot,
                                                      CalibrationFigures& f) const {
  std::vector<Vec3> w1, w2;
  const double moving = params_.axis.moving_deg_s * kRadPerDeg;
  for (std::size_t k = 0; k < std::min(shank.pump.size(), foot.pump.size()); ++k) {
    const Vec3 a = sub(shank.pump.gyro_rad_s[k], shank.bias), b = sub(foot.pump.gyro_rad_s[k], foot.bias);
    if (!finite(a) || !finite(b) || (norm(a) < moving && norm(b) < moving)) continue;
    w1.push_back(a);
    w2.push_back(b);
  }
  if (static_cast<double>(w1.size()) * MotionTrack::kIntervalS < params_.axis.moving_min_s) return std::nullopt;
  HingeAxes h = hinge_axes(w1, w2, params_.hinge);
  if (dot(h.j1, shank.bend_axis) < 0) h.j1 = scale(h.j1, -1);
  if (dot(h.j2, foot.heel_axis) < 0) h.j2 = scale(h.j2, -1);
  f.hinge_ratio = hinge_ratio(w1, w2, h);
  f.hinge_singular_rad_s = h.singular_rad_s;
  return h;
}

void FunctionalCalibration::axes(CalibrationAnswer& a, const std::vector<Sensor>& sensors) const {
  std::optional<double> toe[2];
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Sensor& s = sensors[i];
    CalibrationFigures& f = a.sensors[i];
    const bool foot = places_[i].segment == Segment::foot;
    const bool shank = places_[i].segment == Segment::shank;
    // Not the pumps: the free leg that a hinge fit needs spoils the share.
    const MainAxis found = foot    ? main_axis(s, {&s.heel})
                           : shank ? main_axis(s, {&s.heel, &s.bend})
                                   : main_axis(s, {&s.bend});
    const Vec3& sign = foot ? s.heel_axis : s.bend_axis;
    f.moving_s = found.moving_s;
    f.share = found.share;
    f.halves_deg = found.halves_deg;
    f.tilt_deg = found.tilt_deg;
    f.up_m_s2 = s.up;
    const Vec3 main = dot(found.axis, sign) < 0 ? scale(found.axis, -1) : found.axis;
    if (const Sensor* above = foot ? other(sensors, i, Segment::shank) : nullptr) {
      const auto h = hinge(*above, s, f);
      const double tilt_deg = h ? std::fabs(90 - angle(h->j2, s.up) * kDegPerRad) : 90;
      if (h && hinge_accepted(f.hinge_ratio, *h, params_.hinge) && tilt_deg < params_.axis.tilt_max_deg &&
          angle(h->j2, sign) < params_.hinge_to_heel_deg * kRadPerDeg) {
        f.source = "hinge";
        f.ml_left = h->j2;
        f.tilt_deg = tilt_deg;
        const Vec3 z = normalized(s.up);
        f.toe_deg = std::atan2(dot(z, cross(h->j2, sign)), dot(h->j2, sign)) * kDegPerRad;
        toe[static_cast<std::size_t>(places_[i].side)] = f.toe_deg;
        continue;
      }
      if (s.pump.size() > 0)
        a.warnings.push_back(f.imu + ": " + hinge_refused(f.hinge_ratio, f.hinge_singular_rad_s, params_.hinge));
    }
    if (!passes(found)) {
      f.reason = advice(found.verdict);
      continue;
    }
    f.source = "main_axis";
    f.ml_left = main;
  }
  // The line of the toes is oblique, mirrored: a heel raise turns about an axis yawed outwards on both sides.
  if (toe[0] && toe[1] && std::fabs(*toe[0]) > params_.toe_min_deg && std::fabs(*toe[1]) > params_.toe_min_deg &&
      !(*toe[0] > 0 && *toe[1] < 0))
    a.warnings.push_back(
        say("the toe lines are not mirrored (%.0f deg left, %.0f deg right): are the feet's sensors "
            "on the sides they are set to?",
            *toe[0], *toe[1]));
}

}  // namespace grfd
