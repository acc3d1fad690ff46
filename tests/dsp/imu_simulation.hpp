// An ideal inertial sensor on a moving segment, by central differences of a closed-form pose; noise of our own seed.
#pragma once
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "dsp/quaternion.hpp"

namespace grfd::imu_simulation {

inline Mat3 rx(double a) { return {{{1, 0, 0}, {0, std::cos(a), -std::sin(a)}, {0, std::sin(a), std::cos(a)}}}; }
inline Mat3 ry(double a) { return {{{std::cos(a), 0, std::sin(a)}, {0, 1, 0}, {-std::sin(a), 0, std::cos(a)}}}; }
inline Mat3 rz(double a) { return {{{std::cos(a), -std::sin(a), 0}, {std::sin(a), std::cos(a), 0}, {0, 0, 1}}}; }
inline Mat3 chain(const Mat3& a, const Mat3& b) { return rot::mul(a, b); }
inline Mat3 chain(const Mat3& a, const Mat3& b, const Mat3& c) { return rot::mul(rot::mul(a, b), c); }

using Turn = std::function<Mat3(double)>;   ///< segment -> earth at time t
using Place = std::function<Vec3(double)>;  ///< sensor in earth, m; empty: fixed

/// Angular rate in body axes.
inline Vec3 body_rate(const Turn& turn, double t, double h) {
  const Mat3 d = rot::mul(rot::transpose(turn(t - h)), turn(t + h));
  return rot::scale({d[2][1] - d[1][2], d[0][2] - d[2][0], d[1][0] - d[0][1]}, 1 / (4 * h));
}

struct Imu {
  Turn turn;
  Place place;
  Mat3 mounting = rot::kIdentity;  ///< columns = sensor axes written in the segment
  Vec3 gyro_bias{}, force_bias{};
  double gyro_noise = 0, force_noise = 0, step_s = 1e-3;
  std::mt19937_64 random{4};

  struct Reading {
    Vec3 gyro, force;
  };
  Reading at(double t) {
    std::normal_distribution<double> normal;
    const double h = step_s;
    Vec3 acceleration{0, 0, 9.80665};
    if (place) {
      const Vec3 second = rot::sub(rot::add(place(t + h), place(t - h)), rot::scale(place(t), 2));
      acceleration = rot::add(acceleration, rot::scale(second, 1 / (h * h)));
    }
    const Mat3 to_sensor = rot::transpose(mounting);
    Reading r{rot::matvec(to_sensor, body_rate(turn, t, h)),
              rot::matvec(to_sensor, rot::matvec(rot::transpose(turn(t)), acceleration))};
    for (std::size_t i = 0; i < 3; ++i) {
      r.gyro[i] += gyro_bias[i] + (gyro_noise > 0 ? gyro_noise * normal(random) : 0);
      r.force[i] += force_bias[i] + (force_noise > 0 ? force_noise * normal(random) : 0);
    }
    return r;
  }
};

/// 0 -> 1 with zero rate and acceleration at both ends.
inline double smooth(double v) {
  v = std::fmin(1, std::fmax(0, v));
  return v * v * v * (10 - 15 * v + 6 * v * v);
}

}  // namespace grfd::imu_simulation
