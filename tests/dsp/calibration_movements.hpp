// A person who does the movements of a functional calibration, with sensors mounted at random: closed form in time.
#pragma once
#include "dsp/motion_track.hpp"
#include "imu_simulation.hpp"

namespace grfd::calibration_movements {

using namespace grfd::imu_simulation;

struct Person {
  double toe_line_deg = 0;  ///< a heel raise turns the foot about an axis yawed outwards by that
  double eversion_deg = 0;  ///< amplitude of a true eversion in the pumps
  double shank_twist = 0;   ///< share of the turn about the long axis that knee bends have beside the lean, out of step
  double axis_change_deg = 0;  ///< between the first and the second half of a movement
  double axis_tilt_deg = 0;    ///< of the shank's axis out of the horizontal
  double standing_leg = 0;     ///< in the pumps the other shank turns that share of what the pumped one does
  bool toes_only = false;      ///< leg raises of the toes alone, the heel stays down
  std::uint64_t seed = 1;
};

enum class Movement {
  still,
  heel_raises,
  two_heel_raises,
  knee_bends,
  pumps_left,
  pumps_right,
  raise_left,
  raise_right
};

/// Sensors: shank left, foot left, shank right, foot right.
class Subject {
 public:
  explicit Subject(const Person& person) : person_(person), random_(person.seed) {
    for (Mat3& m : mounting_) m = any_rotation();
    std::uniform_real_distribution<double> u(-1, 1);
    for (Vec3& b : bias_)
      for (double& v : b) v = 0.4 * kRadPerDeg * u(random_);
  }
  /// Sensor axes.
  Vec3 left(std::size_t i) const { return rot::matvec(rot::transpose(mounting_[i]), {-1, 0, 0}); }
  Vec3 up(std::size_t i) const { return rot::matvec(rot::transpose(mounting_[i]), {0, 0, 1}); }
  void slip(std::size_t i, double deg) { mounting_[i] = rot::mul(ry(deg * kRadPerDeg), mounting_[i]); }

  /// 100 Hz; it begins `from_s` into the movement.
  std::vector<MotionTrack> tracks(Movement m, double seconds, double from_s = 0) {
    std::vector<MotionTrack> all;
    for (std::size_t i = 0; i < 4; ++i) {
      Imu imu;
      imu.turn = [this, m, i](double t) { return turn(m, i, t); };
      imu.mounting = mounting_[i];
      imu.gyro_bias = bias_[i];
      imu.force_bias = {0.03, -0.02, 0.03};
      imu.gyro_noise = 0.1 * kRadPerDeg;  // 0.01 deg/s/rtHz at 100 Hz
      imu.force_noise = 0.015;
      imu.random.seed(random_());
      MotionTrack& track = all.emplace_back();
      for (int k = 0; k < static_cast<int>(seconds / MotionTrack::kIntervalS); ++k) {
        const auto r = imu.at(from_s + k * MotionTrack::kIntervalS);
        track.gyro_rad_s.push_back(r.gyro);
        track.force_m_s2.push_back(r.force);
      }
    }
    return all;
  }

 private:
  Mat3 any_rotation() {
    std::normal_distribution<double> n;
    Quat q{n(random_), n(random_), n(random_), n(random_)};
    q = rot::normalized(q);
    return {rot::rotate(q, {1, 0, 0}), rot::rotate(q, {0, 1, 0}), rot::rotate(q, {0, 0, 1})};
  }
  /// Up and down again every `period_s`, from 1 s on: 0..1
  static double bout(double t, double period_s, int most) {
    const double k = std::floor((t - 1) / period_s);
    if (k < 0 || k >= most) return 0;
    const double u = (t - 1) / period_s - k;
    return smooth(u / 0.4) - smooth((u - 0.45) / 0.4);
  }
  /// Segment -> earth, the heading of the segment aside.
  Mat3 turn(Movement m, std::size_t i, double t) const {
    const bool foot = i % 2 == 1, left = i < 2;
    const double sway = foot ? 0 : 0.2 * kRadPerDeg * std::sin(2 * std::numbers::pi * 0.4 * t);
    switch (m) {
      case Movement::still:
        return rx(-sway);
      case Movement::heel_raises:
      case Movement::two_heel_raises: {
        const double b = bout(t, 2, m == Movement::heel_raises ? 5 : 2);
        const double yaw = (left ? 1 : -1) * person_.toe_line_deg * kRadPerDeg;
        return foot ? chain(rz(yaw), rx(-35 * kRadPerDeg * b), rz(-yaw)) : rx(-4 * kRadPerDeg * b - sway);
      }
      case Movement::knee_bends: {
        if (foot) return rot::kIdentity;
        const double b = bout(t, 2.5, 5), lean = 28 * kRadPerDeg * b + sway;
        const double late = bout(t - 0.5, 2.5, 5), change = t > 5.8 ? person_.axis_change_deg * kRadPerDeg : 0;
        const Mat3 axis = chain(rz(change), ry(person_.axis_tilt_deg * kRadPerDeg));
        return chain(rz(person_.shank_twist * 28 * kRadPerDeg * late), chain(axis, rx(-lean), rot::transpose(axis)));
      }
      case Movement::pumps_left:
      case Movement::pumps_right: {
        if (left != (m == Movement::pumps_left)) {
          const double a = person_.standing_leg * .7;
          return foot ? rot::kIdentity : chain(rx(a * std::sin(1.9 * t) - sway), ry(a * .5 * std::sin(1.3 * t)));
        }
        const Mat3 shank = chain(rz(.3 * std::sin(1.1 * t)), rx(.5 * std::sin(1.7 * t)), ry(.2 * std::sin(2.3 * t)));
        if (!foot) return shank;
        const double a = 2 * std::numbers::pi, e = person_.eversion_deg * kRadPerDeg;
        return chain(shank, rx(.5 * std::sin(a * .6 * t)),
                     ry(e * (std::sin(a * .6 * t + .4) + .5 * std::sin(a * 1.1 * t))));
      }
      case Movement::raise_left:
      case Movement::raise_right: {
        if (left == (m == Movement::raise_left) && (foot || !person_.toes_only))
          return rx((person_.toes_only ? 20 : 28) * kRadPerDeg * bout(t, 3, 3) - sway);
        // who stands on one leg sways
        return foot ? rx(.4 * kRadPerDeg * std::sin(3 * t))
                    : chain(rx(2 * kRadPerDeg * std::sin(2.6 * t)), ry(2 * kRadPerDeg * std::sin(3.4 * t)));
      }
    }
    return rot::kIdentity;
  }

  Person person_;
  std::mt19937_64 random_;
  std::array<Mat3, 4> mounting_{};
  std::array<Vec3, 4> bias_{};
};

}  // namespace grfd::calibration_movements
