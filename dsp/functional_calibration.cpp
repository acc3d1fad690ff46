#include "dsp/functional_calibration.hpp"

#include <algorithm>
#include <stdexcept>

#include "dsp/calibration_text.hpp"

namespace grfd {
namespace {

using namespace rot;
using calibration_text::advice, calibration_text::say;
constexpr const char* kSteps[] = {"still", "leg_raises", "heel_raises", "knee_bends", "ankle_pumps", "bows", "finish"};
constexpr double kStartS = 0.3, kRestDegS = 3, kRestS = 0.2;

struct Mean {
  Vec3 sum{}, square{};
  double n = 0;
  void add(const Vec3& v) {
    sum = rot::add(sum, v);
    square = rot::add(square, {v[0] * v[0], v[1] * v[1], v[2] * v[2]});
    n += 1;
  }
  Vec3 mean() const { return scale(sum, 1 / n); }
  double rms_about_mean() const {
    const Vec3 m = mean();
    return std::sqrt(std::max(0.0, (square[0] + square[1] + square[2]) / n - dot(m, m)));
  }
};

Mean mean_of(const std::vector<Vec3>& values, std::size_t from, std::size_t to) {
  Mean m;
  for (std::size_t k = from; k < std::min(to, values.size()); ++k)
    if (finite(values[k])) m.add(values[k]);
  return m;
}

}  // namespace

const char* to_string(CalibrationStep step) { return kSteps[static_cast<std::size_t>(step)]; }

std::optional<CalibrationStep> calibration_step(const std::string& name) {
  for (std::size_t i = 0; i < std::size(kSteps); ++i)
    if (name == kSteps[i]) return static_cast<CalibrationStep>(i);
  return std::nullopt;
}

FunctionalCalibration::FunctionalCalibration(std::vector<Place> places, const CalibrationParams& params)
    : places_(std::move(places)), params_(params), sensors_(places_.size()) {}

bool FunctionalCalibration::has_pelvis() const {
  return std::any_of(places_.begin(), places_.end(), [](const Place& p) { return p.segment == Segment::pelvis; });
}

std::string FunctionalCalibration::missing_before(CalibrationStep step) const {
  const auto need = [](bool done, const char* what) {
    return done ? std::string() : std::string("do ") + what + " first";
  };
  if (step == CalibrationStep::still) return "";
  if (!still_) return need(false, "still");
  if (step == CalibrationStep::leg_raises || step == CalibrationStep::heel_raises) return "";
  if (!heel_) return need(false, "heel_raises");
  if (step == CalibrationStep::knee_bends) return "";
  if (step == CalibrationStep::bows && !has_pelvis()) return "no sensor is on the pelvis";
  if (!bend_ || step != CalibrationStep::finish || !has_pelvis()) return need(bend_, "knee_bends");
  return need(bow_, "bows");
}

bool FunctionalCalibration::concerned(CalibrationStep step, Side side, const Place& place) const {
  const bool pelvis = place.segment == Segment::pelvis,
             lower = place.segment == Segment::foot || place.segment == Segment::shank;
  switch (step) {
    case CalibrationStep::leg_raises:
    case CalibrationStep::knee_bends:
      return !pelvis;
    case CalibrationStep::ankle_pumps:
      return lower && place.side == side;
    case CalibrationStep::bows:
      return pelvis;
    default:
      return true;
  }
}

const FunctionalCalibration::Sensor* FunctionalCalibration::other(const std::vector<Sensor>& all, std::size_t i,
                                                                  Segment segment) const {
  for (std::size_t k = 0; k < all.size(); ++k)
    if (places_[k].side == places_[i].side && places_[k].segment == segment) return &all[k];
  return nullptr;
}

void FunctionalCalibration::still(const MotionTrack& track, CalibrationFigures& f, Sensor& s) const {
  const Mean gyro = mean_of(track.gyro_rad_s, 0, track.size()), force = mean_of(track.force_m_s2, 0, track.size());
  f.still_deg_s = gyro.rms_about_mean() * kDegPerRad;
  f.still_m_s2 = force.rms_about_mean();
  const Mean first = mean_of(track.force_m_s2, 0, track.size() / 2),
             second = mean_of(track.force_m_s2, track.size() / 2, track.size());
  f.halves_deg = first.n > 0 && second.n > 0 ? angle(first.mean(), second.mean()) * kDegPerRad : 180;
  const double turning = norm(gyro.mean()) * kDegPerRad;
  if (!(f.still_deg_s < params_.still_deg_s && f.still_m_s2 < params_.still_m_s2 &&
        f.halves_deg < params_.pose_max_deg))
    f.reason = say("it is not still (%.1f deg/s, %.2f m/s^2); stand still and repeat", f.still_deg_s, f.still_m_s2);
  else if (!(turning < 2 * params_.still_deg_s))
    f.reason = say("it turns at %.1f deg/s, or its gyroscope is off by that; stand still and repeat", turning);
  if (!f.reason.empty()) return;
  s = {};
  s.up = force.mean();
  s.bias = gyro.mean();
}

bool FunctionalCalibration::begins_still(const Sensor& s, const MotionTrack& track) const {
  const Mean m = mean_of(track.force_m_s2, 0, static_cast<std::size_t>(kStartS / MotionTrack::kIntervalS));
  return m.n > 0 && angle(m.mean(), s.up) < params_.start_max_deg * kRadPerDeg;
}

MainAxis FunctionalCalibration::main_axis(const Sensor& s, std::initializer_list<const MotionTrack*> tracks) const {
  const MainAxisEstimator estimator(params_.axis);
  MainAxisEstimator::State state;
  for (const MotionTrack* track : tracks)
    for (const Vec3& w : track->gyro_rad_s)
      if (finite(w)) estimator.add(state, sub(w, s.bias), MotionTrack::kIntervalS, false);
  return estimator.evaluate(state, s.up);
}

/// Excursions from the still pose about `axis`, by the direction in which they begin.
FunctionalCalibration::Turns FunctionalCalibration::turns(const Sensor& s, const MotionTrack& track,
                                                          const Vec3& axis) const {
  Turns n;
  double turned = 0, rest_s = 0;
  bool away = false;
  const double limit = params_.turn_deg * kRadPerDeg;
  for (const Vec3& raw : track.gyro_rad_s) {
    if (!finite(raw)) continue;
    const Vec3 w = sub(raw, s.bias);
    turned += dot(w, axis) * MotionTrack::kIntervalS;
    rest_s = norm(w) < kRestDegS * kRadPerDeg ? rest_s + MotionTrack::kIntervalS : 0;
    if (!away && std::fabs(turned) > limit) {
      away = true;
      ++(turned > 0 ? n.up : n.down);
    } else if (away && std::fabs(turned) < limit / 2) {
      away = false;
    }
    if (!away && rest_s > kRestS) turned = 0;  // so that the bias cannot add up
  }
  return n;
}

Vec3 FunctionalCalibration::movement(const Sensor& s, const MotionTrack& track, const char* what, bool signs,
                                     CalibrationFigures& f) const {
  const MainAxis found = main_axis(s, {&track});
  f.moving_s = found.moving_s;
  if (found.verdict == AxisVerdict::too_little_motion) {
    if (signs) f.reason = advice(found.verdict);
    return {};
  }
  f.share = found.share;
  f.halves_deg = found.halves_deg;
  f.tilt_deg = found.tilt_deg;
  const Turns n = turns(s, track, found.axis);
  f.turns_for = std::max(n.up, n.down);
  f.turns_against = std::min(n.up, n.down);
  if (!signs) return {};
  if (f.turns_for < params_.turns_min)
    f.reason = say("only %.0f of %d %s; repeat", f.turns_for, params_.turns_min, what);
  else if (f.turns_for < params_.turns_agree * (f.turns_for + f.turns_against))
    f.reason = say("its turns go both ways (%.0f and %.0f); begin from standing and return to it", f.turns_for,
                   f.turns_against);
  return n.up >= n.down ? found.axis : scale(found.axis, -1);
}

CalibrationAnswer FunctionalCalibration::take(CalibrationStep step, Side side, const std::vector<MotionTrack>& tracks) {
  if (tracks.size() != places_.size()) throw std::invalid_argument("functional calibration: one track per sensor");
  CalibrationAnswer a;
  if (a.reason = missing_before(step); !a.reason.empty()) return a;
  std::vector<Sensor> now = sensors_;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    CalibrationFigures& f = a.sensors.emplace_back();
    f.imu = places_[i].imu;
    if (!concerned(step, side, places_[i])) continue;
    const MotionTrack& track = tracks[i];
    Sensor& s = now[i];
    const Segment segment = places_[i].segment;
    const bool foot = segment == Segment::foot;
    const auto known = static_cast<double>(std::count_if(track.gyro_rad_s.begin(), track.gyro_rad_s.end(), finite));
    f.seconds = known * MotionTrack::kIntervalS;
    f.lost = track.size() > 0 ? 1 - known / static_cast<double>(track.size()) : 1;
    if (!(f.lost < params_.lost_max)) {
      f.reason = known > 0 ? say("%.0f %% of its samples were lost; repeat", 100 * f.lost) : "it sends no samples";
      continue;
    }
    switch (step) {
      case CalibrationStep::still:
        still(track, f, s);
        break;
      case CalibrationStep::leg_raises:
        break;  // nothing but the sides
      case CalibrationStep::heel_raises:
      case CalibrationStep::bows:
      case CalibrationStep::knee_bends: {
        const bool heel = step == CalibrationStep::heel_raises;
        const char* what = heel ? "heel raises" : step == CalibrationStep::bows ? "bows" : "knee bends";
        if (!begins_still(s, track)) {
          f.reason = "begin from standing as in the still pose; repeat";
          break;
        }
        (heel ? s.heel : s.bend) = track;
        (heel ? s.heel_axis : s.bend_axis) = movement(s, track, what, foot == heel, f);
        if (segment == Segment::thigh && !heel) s.bend_axis = scale(s.bend_axis, -1);  // its top goes back
        break;
      }
      case CalibrationStep::ankle_pumps:
        s.pump = track;
        movement(s, track, "pumps", false, f);
        if (foot && f.moving_s < params_.axis.moving_min_s) f.reason = advice(AxisVerdict::too_little_motion);
        break;
      case CalibrationStep::finish: {
        Sensor end = s;
        still(track, f, end);
        if (!f.reason.empty()) break;
        f.pose_change_deg = angle(s.up, end.up) * kDegPerRad;
        if (!(f.pose_change_deg < params_.pose_max_deg))
          f.reason =
              say("its still pose has changed by %.1f deg; if it slipped begin again with still, else stand as "
                  "at the beginning and repeat finish",
                  f.pose_change_deg);
        s.up = end.up;
        break;
      }
    }
  }
  const auto refused = [&] {
    return std::any_of(a.sensors.begin(), a.sensors.end(), [](const auto& f) { return !f.reason.empty(); });
  };
  const bool one_leg = step == CalibrationStep::leg_raises || step == CalibrationStep::ankle_pumps;
  if (step == CalibrationStep::heel_raises || step == CalibrationStep::knee_bends) check_segments(step, tracks, a);
  if (one_leg) check_sides(step, side, tracks, now, a);
  if (!refused() && step == CalibrationStep::ankle_pumps) check_hinges(side, tracks, now, a);
  if (!refused() && step == CalibrationStep::finish) axes(a, now);
  if (!refused() && step == CalibrationStep::finish) tell_sides(now, a);
  for (std::size_t i = 0; i < places_.size(); ++i) {
    CalibrationFigures& f = a.sensors[i];
    f.accepted = f.reason.empty() && concerned(step, side, places_[i]);
    if (!f.reason.empty() && a.reason.empty()) a.reason = f.imu + ": " + f.reason;
  }
  std::erase_if(a.sensors, [](const auto& f) { return !f.accepted && f.reason.empty(); });
  a.accepted = a.reason.empty();
  if (!a.accepted || step == CalibrationStep::finish) return a;
  sensors_ = std::move(now);
  if (step == CalibrationStep::still) heel_ = bend_ = bow_ = false, still_ = true;
  if (step == CalibrationStep::heel_raises) heel_ = true;
  if (step == CalibrationStep::knee_bends) bend_ = true;
  if (step == CalibrationStep::bows) bow_ = true;
  return a;
}

}  // namespace grfd
