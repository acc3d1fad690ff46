// A sensor on the wrong segment or side shows in what moves while only one segment, or only one leg, should.
#include <algorithm>

#include "dsp/calibration_text.hpp"
#include "dsp/functional_calibration.hpp"

namespace grfd {
namespace {

using namespace rot;
using calibration_text::advice, calibration_text::hinge_refused, calibration_text::say;

}  // namespace

std::optional<std::size_t> FunctionalCalibration::opposite(std::size_t i) const {
  for (std::size_t k = 0; k < places_.size(); ++k)
    if (places_[k].segment == places_[i].segment && places_[k].side != places_[i].side) return k;
  return std::nullopt;
}

/// RMS; NaN when too much is lost to tell what moved.
double FunctionalCalibration::moves_deg_s(std::size_t i, const std::vector<MotionTrack>& tracks) const {
  double sum = 0, n = 0;
  for (const Vec3& w : tracks[i].gyro_rad_s)
    if (finite(w)) sum += dot(sub(w, sensors_[i].bias), sub(w, sensors_[i].bias)), n += 1;
  if (!(n > (1 - params_.lost_max) * static_cast<double>(tracks[i].size()))) return CalibrationFigures::kUnknown;
  return std::sqrt(sum / n) * kDegPerRad;
}

/// Heel raises turn the foot more than its shank, knee bends the shank more than its foot.
void FunctionalCalibration::check_segments(CalibrationStep step, const std::vector<MotionTrack>& tracks,
                                           CalibrationAnswer& a) const {
  const bool heel = step == CalibrationStep::heel_raises;
  for (std::size_t i = 0; i < places_.size(); ++i)
    for (std::size_t k = 0; k < places_.size(); ++k) {
      if (places_[i].segment != (heel ? Segment::foot : Segment::shank) || places_[i].side != places_[k].side ||
          places_[k].segment != (heel ? Segment::shank : Segment::foot))  // a thigh turns more than a shank
        continue;
      const double its = moves_deg_s(k, tracks);
      if (its >= params_.other_deg_s && its > moves_deg_s(i, tracks))
        a.sensors[i].reason = std::string("the ") + to_string(places_[k].segment) + "'s sensor turns more in " +
                              (heel ? "heel raises" : "knee bends") + "; are the two swapped?";
    }
}

/// One leg moves, the other rests: each sensor of the moving one against the same segment's of the other.
void FunctionalCalibration::check_sides(CalibrationStep step, Side side, const std::vector<MotionTrack>& tracks,
                                        std::vector<Sensor>& now, CalibrationAnswer& a) const {
  const bool raises = step == CalibrationStep::leg_raises;
  const Side across = side == Side::left ? Side::right : Side::left;
  bool moved = false;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Segment segment = places_[i].segment;
    if (segment == Segment::pelvis || places_[i].side != side) continue;
    CalibrationFigures& f = a.sensors[i];
    const auto k = opposite(i);
    const double mine = moves_deg_s(i, tracks), its = k ? moves_deg_s(*k, tracks) : 0;
    if (concerned(step, side, places_[i])) f.turning_deg_s = mine;
    moved = moved || mine >= params_.side_deg_s;
    if (std::isnan(mine)) continue;  // its samples were lost, which it says
    const std::string its_sensor = std::string("the ") + to_string(across) + " " + to_string(segment) + "'s sensor";
    const std::string asked = std::string("; the ") + to_string(side) + " leg alone should move";
    if (its >= params_.side_deg_s && its >= params_.side_ratio * mine) {
      f.reason = its_sensor + say(" turns in its place (%.0f against %.0f deg/s)", its, mine) + asked +
                 ". Are left and right swapped?";
    } else if (mine >= params_.side_deg_s && mine >= params_.side_ratio * its) {
      now[i].side_told = true;
      if (k) now[*k].side_told = true;
    } else if ((raises ? its >= params_.side_deg_s
                       : segment == Segment::foot && its >= params_.other_deg_s && its * params_.side_ratio > mine)) {
      f.reason = its_sensor + " turns, too" + asked + ". Are left and right swapped?";
    }
  }
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (!concerned(step, side, places_[i])) continue;
    CalibrationFigures& f = a.sensors[i];
    if (raises && !moved && places_[i].side == side && f.reason.empty())
      f.reason = advice(AxisVerdict::too_little_motion);
    f.side_checked = now[i].side_told;
  }
}

/// The hinge of the ankle belongs to a foot and the shank of the same leg.
void FunctionalCalibration::check_hinges(Side side, const std::vector<MotionTrack>& tracks,
                                         const std::vector<Sensor>& now, CalibrationAnswer& a) const {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].side != side || places_[i].segment != Segment::foot) continue;
    CalibrationFigures& f = a.sensors[i];
    for (std::size_t k = 0; k < places_.size(); ++k) {
      if (places_[k].side != side || places_[k].segment != Segment::shank) continue;
      const auto own = hinge(now[k], now[i], f);
      if (own && hinge_accepted(f.hinge_ratio, *own, params_.hinge)) continue;
      if (const auto cross = opposite(k)) {
        Sensor shank = now[*cross];
        shank.pump = tracks[*cross];
        CalibrationFigures fit;
        const auto crossed = hinge(shank, now[i], fit);
        if (crossed && hinge_accepted(fit.hinge_ratio, *crossed, params_.hinge)) {
          f.reason = say("its hinge fits the other leg's shank (ratio %.3f), not its own; ", fit.hinge_ratio) +
                     "are the shanks' sensors swapped?";
          continue;
        }
      }
      a.warnings.push_back(f.imu + ": " + hinge_refused(f.hinge_ratio, f.hinge_singular_rad_s, params_.hinge) +
                           ". Repeat, the leg moving in all directions, the ankle about one axis");
    }
  }
}

void FunctionalCalibration::tell_sides(const std::vector<Sensor>& sensors, CalibrationAnswer& a) const {
  std::string unknown;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].segment == Segment::pelvis) continue;
    a.sensors[i].side_checked = sensors[i].side_told;
    if (!sensors[i].side_told) unknown += (unknown.empty() ? "" : ", ") + places_[i].imu;
  }
  a.sides_checked = unknown.empty();
  if (!unknown.empty())
    a.warnings.push_back("no movement of one leg has told left from right of " + unknown +
                         ": a swap would not be seen. leg_raises tells it");
}

}  // namespace grfd
