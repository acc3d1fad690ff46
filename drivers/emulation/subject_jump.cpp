#include "drivers/emulation/subject_jump.hpp"

#include <cmath>

#include "drivers/emulation/smooth_step.hpp"
#include "schemas/gravity.hpp"

namespace grfd {
namespace {
constexpr double kBendDeg = 20, kHipsM = 0.06, kToesDownDeg = 25, kFeetUpM = 0.15, kLandBendS = 0.7, kMoment = 0.005;

/// Area 1/2 over u = 0..1.
double pulse(double u) {
  if (u <= 0 || u >= 1) return 0;
  const double s = std::sin(M_PI * u);
  return s * s;
}
/// To 1 and back.
double there_and_back(double t, double there_s, double back_s) {
  return smooth_step(t / there_s) - smooth_step((t - there_s) / back_s);
}
}  // namespace

SubjectJump::SubjectJump(double begin_s, double speed_m_s)
    : begin_(begin_s), speed_(speed_m_s), leaves_(begin_s), lands_(begin_s) {
  if (speed_ <= 0) return;
  leaves_ = begin_ + kDipS + kPushS + kReleaseS;
  lands_ = leaves_ + 2 * speed_ / kStandardGravity_m_s2;
  push_ = (speed_ + kStandardGravity_m_s2 * kReleaseS / 2 - kDip_m_s2 * kDipS / 2) / (kPushS / 2);
  set_drift(0, 0);
}

void SubjectJump::set_drift(double drift_m_s, double drift_m) {
  if (speed_ <= 0) return;
  absorb_ = (speed_ + drift_m_s + kStandardGravity_m_s2 * kTouchS / 2) / (kLandS / 2);
  // where the landing ends: what has been pushed, twice integrated; the flight gives no height
  constexpr double step = 1e-5;
  double v = 0, z = 0;
  const auto add = [&](double from_s, double to_s) {
    for (double t = from_s + step / 2; t < to_s; t += step) {
      const double a = before_rise(t);
      z += (v + a * step / 2) * step;
      v += a * step;
    }
  };
  add(begin_, leaves_);
  v = -speed_ - drift_m_s;
  z -= drift_m;
  add(lands_, lands_ + kLandS);
  low_ = z;
}

double SubjectJump::before_rise(double t_s) const {
  const double t = t_s - begin_, after = t_s - lands_;
  if (after < 0)
    return kDip_m_s2 * pulse(t / kDipS) + push_ * pulse((t - kDipS) / kPushS) -
           kStandardGravity_m_s2 * smooth_step((t - kDipS - kPushS) / kReleaseS);
  return absorb_ * pulse(after / kLandS) -
         (after < kTouchS ? kStandardGravity_m_s2 * (1 - smooth_step(after / kTouchS)) : 0);
}

double SubjectJump::acceleration(double t_s) const {
  if (speed_ <= 0 || t_s <= begin_ || t_s >= end_s()) return 0;
  return before_rise(t_s) - low_ * smooth_step_bend((t_s - lands_ - kLandS) / kRiseS) / (kRiseS * kRiseS);
}

/// They bend for the push and in the landing; in the air the toes hang down, the feet come up and are down again in
/// time.
SubjectJump::Legs SubjectJump::legs(double t_s) const {
  if (speed_ <= 0 || t_s <= begin_ || t_s >= end_s()) return {};
  const double air = lands_ - leaves_;
  // the landing's as slow as the ground allows: it can only push
  const double bend = there_and_back(t_s - begin_, kDipS, kPushS) +
                      there_and_back(t_s - lands_, kLandBendS, kLandS + kRiseS - kLandBendS);
  // a moment later and sooner, for who takes differences across the take-off
  const double hang = there_and_back(t_s - leaves_ - kMoment, air / 2 - kMoment, air / 2 - kMoment);
  return {kBendDeg * bend - kToesDownDeg * hang, kToesDownDeg * hang, -kHipsM * bend, kFeetUpM * hang};
}

}  // namespace grfd
