#include "dsp/orientation.hpp"

#include <algorithm>
#include <stdexcept>

namespace grfd {
namespace {

using namespace rot;

/// Cut-off sqrt(2) / (2 pi tau), pre-warped.
LowPassGains gains(double tau_s, double interval_s) {
  const double g = std::tan(std::numbers::sqrt2 * interval_s / (2 * tau_s));
  LowPassGains k;
  k.a1 = 1 / (1 + g * (g + std::numbers::sqrt2));
  k.a2 = g * k.a1;
  k.a3 = g * k.a2;
  return k;
}

template <std::size_t N>
std::array<double, N> running_mean(LowPassState<N>& s, double tau_s, double interval_s,
                                   const std::array<double, N>& x) noexcept {
  std::array<double, N> y;
  ++s.averaged;
  for (std::size_t i = 0; i < N; ++i) y[i] = (s.level[i] += x[i]) / s.averaged;
  if (s.averaged * interval_s >= tau_s) s = {y, {}, s.averaged, true};
  return y;
}

/// By value, because `x` and `k` might otherwise lie in the state for all the compiler knows, and nothing would be
/// vectorised.
template <std::size_t N>
inline std::array<double, N> low_pass(LowPassState<N>& s, const LowPassGains k, double tau_s, double interval_s,
                                      const std::array<double, N> x) noexcept {
  if (!s.filtering) return running_mean(s, tau_s, interval_s, x);
  std::array<double, N> y, level = s.level, slope = s.slope;
  for (std::size_t i = 0; i < N; ++i) {
    const double d = x[i] - level[i];
    const double band = k.a1 * slope[i] + k.a2 * d;
    y[i] = level[i] + k.a2 * slope[i] + k.a3 * d;
    slope[i] = 2 * band - slope[i];
    level[i] = 2 * y[i] - level[i];
  }
  s.level = level;
  s.slope = slope;
  return y;
}

Vec3 clip(const Vec3& v, double bound) {
  return {std::clamp(v[0], -bound, bound), std::clamp(v[1], -bound, bound), std::clamp(v[2], -bound, bound)};
}

/// Inverse of a symmetric positive definite matrix, by cofactors.
Mat3 inverse_symmetric(const Mat3& m) {
  const double a = m[1][1] * m[2][2] - m[1][2] * m[1][2], b = m[0][2] * m[1][2] - m[0][1] * m[2][2],
               c = m[0][1] * m[1][2] - m[0][2] * m[1][1];
  const double k = 1 / (m[0][0] * a + m[0][1] * b + m[0][2] * c);
  const double d = (m[0][0] * m[2][2] - m[0][2] * m[0][2]) * k, e = (m[0][1] * m[0][2] - m[0][0] * m[1][2]) * k,
               f = (m[0][0] * m[1][1] - m[0][1] * m[0][1]) * k;
  return {{{a * k, b * k, c * k}, {b * k, d, e}, {c * k, e, f}}};
}

/// @param observed C P  @param innovation C P C'  @param noise diagonal of W
inline Mat3 kalman_gain(const Mat3& observed, Mat3 innovation, const Vec3& noise) {
  for (std::size_t i = 0; i < 3; ++i) innovation[i][i] += noise[i];
  return mul(transpose(observed), inverse_symmetric(innovation));
}

constexpr double square(double x) { return x * x; }
/// Measurement noise with which the stationary filter has the standard deviation p = sigma^2.
constexpr double noise(double p, double process) { return p * p / process + p; }

}  // namespace

Vqf6::Vqf6(double interval_s, const Params& params) : params_(params) {
  if (!(interval_s > 0) || !std::isfinite(interval_s)) throw std::invalid_argument("sample interval must be positive");
  refresh(interval_s);
  start_.interval_s = interval_s;
  for (std::size_t i = 0; i < 3; ++i) start_.covariance[i][i] = coef_.initial_variance;
}

void Vqf6::refresh(double interval_s) noexcept {
  const Params& p = params_;
  const double t = interval_s;
  Coefficients& c = coef_;
  c.interval_s = t;
  c.acc = gains(p.tau_acc_s, t);
  c.rest = gains(p.rest_tau_s, t);
  c.initial_variance = square(100 * p.bias_sigma_init_deg_s);
  c.process_noise = square(10.0) * t / p.bias_forgetting_s;
  c.clip_rad_s = p.bias_clip_deg_s * kRadPerDeg;
  c.rest_gyro2 = square(p.rest_gyro_deg_s * kRadPerDeg);
  c.rest_force2 = square(p.rest_acc_m_s2);
  const double motion = noise(square(100 * p.bias_sigma_motion_deg_s), c.process_noise);
  const double rest = noise(square(100 * p.bias_sigma_rest_deg_s), c.process_noise);
  c.motion_noise = {motion, motion, motion / p.bias_vertical_forgetting};
  c.rest_noise = {rest, rest, rest};
}

void Vqf6::restart(State& s) const noexcept {
  const Vec3 bias = s.bias;
  const double interval_s = s.interval_s;
  s = start_;
  s.bias = bias;
  s.interval_s = interval_s;
}

void Vqf6::set_interval(State& s, double interval_s) const noexcept {
  const double nominal = start_.interval_s;
  if (!(interval_s >= 0.5 * nominal && interval_s <= 2 * nominal)) return;
  if (std::fabs(interval_s - s.interval_s) > 1e-6 * s.interval_s) s.interval_s = interval_s;
}

void Vqf6::hold(State& s, std::uint32_t n) noexcept {
  if (!s.started) return;
  const Vec3 gyro = s.last_gyro, force = s.last_force;
  for (std::uint32_t i = 0; i < n; ++i) step(s, gyro, force);
}

void Vqf6::reinit(State& s) noexcept {
  const Vec3 force = rotate(s.gyro, s.rest_force_mean);
  if (!(norm(force) > 0)) return;
  const Vec3 up = rotate(s.correction, normalized(force));
  s.correction = rot::normalized(mul(level(up), s.correction));
  s.force.level = force;
  s.force.slope = {};
  s.force.filtering = true;
}

void Vqf6::detect_rest(State& s, const Vec3& gyro, const Vec3& force) const noexcept {
  const Coefficients& c = coef_;
  s.rest_gyro_mean = low_pass(s.rest_gyro, c.rest, params_.rest_tau_s, c.interval_s, gyro);
  s.rest_force_mean = low_pass(s.rest_force, c.rest, params_.rest_tau_s, c.interval_s, force);
  const Vec3 turn = sub(gyro, s.rest_gyro_mean), push = sub(force, s.rest_force_mean);
  const Vec3& m = s.rest_gyro_mean;
  const double fastest = std::max({std::fabs(m[0]), std::fabs(m[1]), std::fabs(m[2])});
  if (dot(turn, turn) >= c.rest_gyro2 || fastest > c.clip_rad_s || dot(push, push) >= c.rest_force2) forget_rest(s);
  if (dot(push, push) < c.rest_force2) {  // as published: a turning sample voids the time before it, not its own
    s.rest_time_s += c.interval_s;
    if (s.rest_time_s >= params_.rest_min_s) s.rest = true;
  }
}

void Vqf6::estimate_bias(State& s, double east, double north) const noexcept {
  const Coefficients& c = coef_;
  for (std::size_t i = 0; i < 3; ++i)
    if (s.covariance[i][i] < c.initial_variance) s.covariance[i][i] += c.process_noise;
  Mat3 observed, gain;  // C P and P C' (C P C' + W)^-1
  const bool resting = s.rest && params_.rest_bias;
  if (resting) {  // C = 1: needs no orientation, so it is worked out while that of this sample is still on its way
    observed = s.covariance;
    gain = kalman_gain(observed, observed, c.rest_noise);
  }
  const Mat3 r = matrix(s.orientation());
  const std::array<double, 9> flat{r[0][0], r[0][1], r[0][2], r[1][0], r[1][1], r[1][2], r[2][0], r[2][1], r[2][2]};
  const auto m = low_pass(s.rotation, c.acc, params_.tau_acc_s, c.interval_s, flat);
  const auto horizontal =
      low_pass<2>(s.rotated_bias, c.acc, params_.tau_acc_s, c.interval_s, {dot(r[0], s.bias), dot(r[1], s.bias)});
  Vec3 error;
  if (resting) {
    error = sub(s.rest_gyro_mean, s.bias);
  } else if (params_.motion_bias) {
    const Mat3 mean{{{m[0], m[1], m[2]}, {m[3], m[4], m[5]}, {m[6], m[7], m[8]}}};
    const Vec3 b = matvec(mean, s.bias);
    error = {-north / c.interval_s + horizontal[0] - b[0], east / c.interval_s + horizontal[1] - b[1], -b[2]};
    observed = mul(mean, s.covariance);
    gain = kalman_gain(observed, mul(observed, transpose(mean)), c.motion_noise);
  } else {
    return;
  }
  s.bias = clip(add(s.bias, matvec(gain, clip(error, c.clip_rad_s))), c.clip_rad_s);
  const Mat3 known = mul(gain, observed);
  for (std::size_t i = 0; i < 3; ++i) s.covariance[i] = sub(s.covariance[i], known[i]);
}

void Vqf6::step(State& s, const Vec3& gyro, const Vec3& force) noexcept {
  if (coef_.interval_s != s.interval_s) refresh(s.interval_s);  // also after a state was put back
  s.last_gyro = gyro;
  s.last_force = force;
  s.started = true;
  // Before the rest, which does not need it: one long chain of operations, beside which there is time for others.
  s.gyro = rot::normalized(mul(s.gyro, rot::exp(scale(sub(gyro, s.bias), coef_.interval_s))));
  detect_rest(s, gyro, force);
  const Vec3 inertial = low_pass(s.force, coef_.acc, params_.tau_acc_s, coef_.interval_s, rotate(s.gyro, force));
  const Vec3 up = rot::normalized(rotate(s.correction, inertial));
  s.correction = rot::normalized(mul(level(up), s.correction));
  if (params_.rest_bias || params_.motion_bias) estimate_bias(s, up[0], up[1]);
}

bool AngleGate::step(Vqf6& filter, Vqf6State& s, const Vec3& gyro, const Vec3& force,
                     std::uint32_t lost) const noexcept {
  if (lost > 0) {
    if (bridges(lost, s)) {
      filter.hold(s, lost);
    } else {
      s.angle_valid = false;
      Vqf6::forget_rest(s);
    }
  }
  filter.step(s, gyro, force);
  if (!s.angle_valid && s.rest) {
    Vqf6::reinit(s);
    s.angle_valid = true;
  }
  return s.angle_valid;
}

}  // namespace grfd
