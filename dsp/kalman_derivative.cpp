#include "dsp/kalman_derivative.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace grfd {
namespace {

using Matrix = std::array<std::array<double, 3>, 3>;

bool above_zero(double v) { return v > 0 && std::isfinite(v); }

void check(const KalmanModel& model) {
  if (!above_zero(model.jerk_density) || !above_zero(model.noise_variance))
    throw std::invalid_argument("a Kalman derivative needs a jerk density and a noise variance above 0");
}

KalmanEstimate predicted(const KalmanEstimate& s, double dt) {
  return {s.value + dt * (s.rate + 0.5 * dt * s.acceleration), s.rate + dt * s.acceleration, s.acceleration};
}
KalmanEstimate corrected(const KalmanEstimate& s, const std::array<double, 3>& gain, double x) {
  const double e = x - s.value;
  return {s.value + gain[0] * e, s.rate + gain[1] * e, s.acceleration + gain[2] * e};
}
KalmanEstimate unknown_estimate() {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  return {kNaN, kNaN, kNaN};
}

/// F P F' + Q
Matrix predicted(const Matrix& p, double dt, double q) {
  const Matrix f{{{1, dt, 0.5 * dt * dt}, {0, 1, dt}, {0, 0, 1}}};
  const double t2 = dt * dt, t3 = t2 * dt, t4 = t3 * dt, t5 = t4 * dt;
  Matrix out{
      {{q * t5 / 20, q * t4 / 8, q * t3 / 6}, {q * t4 / 8, q * t3 / 3, q * t2 / 2}, {q * t3 / 6, q * t2 / 2, q * dt}}};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = i; j < 3; ++j) {
      for (std::size_t k = i; k < 3; ++k)
        for (std::size_t l = j; l < 3; ++l) out[i][j] += f[i][k] * p[k][l] * f[j][l];
      out[j][i] = out[i][j];  // stays symmetric, whatever the rounding
    }
  return out;
}
std::array<double, 3> gain(const Matrix& p, double r) {
  const double s = p[0][0] + r;
  return {p[0][0] / s, p[1][0] / s, p[2][0] / s};
}
/// After a sample.
Matrix corrected(const Matrix& p, double r) {
  const double s = p[0][0] + r;
  Matrix out{};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      out[i][j] =
          i == 0 || j == 0 ? p[i][j] * r / s : p[i][j] - p[i][0] * p[j][0] / s;  // no difference of like numbers
  return out;
}

}  // namespace

std::array<double, 3> kalman_steady_gain(const KalmanModel& model, double rate_hz) {
  check(model);
  if (!above_zero(rate_hz)) throw std::invalid_argument("a Kalman derivative needs a sampling rate above 0");
  constexpr int kMostSteps = 10'000'000;
  const double r = model.noise_variance, f2 = rate_hz * rate_hz;
  Matrix p{{{r, 0, 0}, {0, r * f2, 0}, {0, 0, r * f2 * f2}}};
  std::array<double, 3> before{};
  for (int quiet = 0, k = 0; k < kMostSteps; ++k) {
    p = predicted(p, 1 / rate_hz, model.jerk_density);
    const std::array<double, 3> now = gain(p, r);
    double change = 0;
    for (std::size_t i = 0; i < 3; ++i) change = std::max(change, std::abs(now[i] - before[i]) / now[i]);
    quiet = change < 1e-14 ? quiet + 1 : 0;
    if (quiet > 100) return now;
    before = now;
    p = corrected(p, r);
  }
  throw std::invalid_argument(
      "a Kalman derivative does not settle: its jerk density is too small for this noise and rate");
}

SteadyKalmanDerivative::SteadyKalmanDerivative(const KalmanModel& model, double rate_hz)
    : dt_(1 / rate_hz), gain_(kalman_steady_gain(model, rate_hz)) {}

KalmanEstimate SteadyKalmanDerivative::step(double x) noexcept {
  if (!running_) {
    if (!std::isfinite(x)) return unknown_estimate();
    running_ = true;
    return now_ = {x, 0, 0};
  }
  now_ = predicted(now_, dt_);
  if (std::isfinite(x)) now_ = corrected(now_, gain_, x);
  return now_;
}

KalmanDerivative::KalmanDerivative(const KalmanModel& model, const Start& start) : model_(model), start_(start) {
  check(model);
  if (!above_zero(start.rate_sd) || !above_zero(start.acceleration_sd))
    throw std::invalid_argument("a Kalman derivative needs a rate_sd and an acceleration_sd above 0 for its start");
}

KalmanEstimate KalmanDerivative::step(double t_s, double x) {
  if (!std::isfinite(t_s) || (timed_ && !(t_s > t_s_)))
    throw std::invalid_argument("the times of a Kalman derivative must be known and rise");
  const double dt = t_s - t_s_, r = model_.noise_variance;
  t_s_ = t_s;
  timed_ = true;
  if (!running_) {
    if (!std::isfinite(x)) return unknown_estimate();
    running_ = true;
    covariance_ = {};
    covariance_[0][0] = r;
    covariance_[1][1] = start_.rate_sd * start_.rate_sd;
    covariance_[2][2] = start_.acceleration_sd * start_.acceleration_sd;
    return now_ = {x, 0, 0};
  }
  now_ = predicted(now_, dt);
  covariance_ = predicted(covariance_, dt, model_.jerk_density);
  if (std::isfinite(x)) {
    now_ = corrected(now_, gain(covariance_, r), x);
    covariance_ = corrected(covariance_, r);
  }
  return now_;
}

double KalmanDerivative::rate_sd() const noexcept {
  return running_ ? std::sqrt(covariance_[1][1]) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace grfd
