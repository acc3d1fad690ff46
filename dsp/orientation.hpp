// Orientation of one inertial sensor without a magnetometer, and when its inclination may be believed.
// Equations: Laidig & Seel 2023, VQF (doi 10.1016/j.inffus.2022.10.014), 6D part, default parameters of that paper.
#pragma once
#include <array>
#include <cstdint>
#include <type_traits>

#include "dsp/quaternion.hpp"

namespace grfd {

/// Second-order Butterworth low-pass of N channels; during its first time constant it gives the running mean. The state
/// is that of two trapezoidal integrators (level and scaled slope), which do not depend on the sample interval: a new
/// interval only needs new gains and leaves no step.
struct LowPassGains {
  double a1 = 1, a2 = 0, a3 = 0;
};
template <std::size_t N>
struct LowPassState {
  std::array<double, N> level{}, slope{};  ///< level holds the sum while averaging
  std::uint32_t averaged = 0, filtering = 0;
};

struct Vqf6Params {
  double tau_acc_s = 3.0;                     ///< low-pass of the specific force in the almost-inertial frame
  bool rest_bias = true, motion_bias = true;  ///< learn the bias at rest, in motion
  double bias_sigma_init_deg_s = 0.5;         ///< standard deviation of the gyro bias at the start
  double bias_forgetting_s = 100;             ///< time in which its uncertainty grows by 0.1 deg/s
  double bias_clip_deg_s = 2;                 ///< bound of bias, of the innovation and of the mean rate at rest
  double bias_sigma_motion_deg_s = 0.1, bias_vertical_forgetting = 1e-4;
  double bias_sigma_rest_deg_s = 0.03;
  double rest_min_s = 1.5, rest_tau_s = 0.5, rest_gyro_deg_s = 2, rest_acc_m_s2 = 0.5;
};

/// No padding: the bytes of equal states are equal.
struct Vqf6State {
  double interval_s = 0;
  Quat gyro, correction;  ///< orientation = correction (x) gyro
  Vec3 bias{};            ///< of the gyro, rad/s, sensor axes
  Mat3 covariance{};      ///< of the bias, (0.01 deg/s)^2
  LowPassState<3> force, rest_gyro, rest_force;
  LowPassState<9> rotation;
  LowPassState<2> rotated_bias;
  Vec3 rest_gyro_mean{};   ///< low-passed (0.5 s), rad/s
  Vec3 rest_force_mean{};  ///< likewise, m/s^2; the resting mean of the specific force while `rest` holds
  double rest_time_s = 0;
  Vec3 last_gyro{}, last_force{};
  bool rest = false;     ///< still for 1.5 s
  bool started = false;  ///< there is a last sample
  bool angle_valid = false;
  std::array<std::uint8_t, 5> reserved{};

  /// Sensor -> earth (z up, heading arbitrary).
  Quat orientation() const noexcept { return rot::mul(correction, gyro); }
};
static_assert(std::is_trivially_copyable_v<Vqf6State>);

/// The filter is parameters and coefficients; the state is the caller's, so that it can lie with the rest of a chain's.
class Vqf6 {
 public:
  using Params = Vqf6Params;
  using State = Vqf6State;

  /// @param interval_s nominal sample interval > 0 (throws std::invalid_argument); refine it with set_interval.
  explicit Vqf6(double interval_s, const Params& params = {});

  /// The state at the start.
  State start() const noexcept { return start_; }
  /// From the beginning, but with the bias found so far as a first guess and the interval kept.
  void restart(State& s) const noexcept;
  /// The measured sample interval: 1 % of error costs 1.3 deg. Ignored: less than half or more than twice the nominal
  /// one, NaN, and changes of less than 1 ppm. The state is not disturbed.
  void set_interval(State& s, double interval_s) const noexcept;
  /// One sample: angular rate in rad/s and specific force in m/s^2 (+9.81 upwards at rest), both finite, sensor axes.
  void step(State& s, const Vec3& gyro_rad_s, const Vec3& force_m_s2) noexcept;
  /// n lost samples: the last sample is repeated so that time and low-pass states go on.
  void hold(State& s, std::uint32_t n) noexcept;
  /// Inclination straight from the resting mean of the specific force; old movement leaves the force low-pass.
  static void reinit(State& s) noexcept;
  /// Time was lost: whatever was said about rest is void.
  static void forget_rest(State& s) noexcept { s.rest = false, s.rest_time_s = 0; }

 private:
  void refresh(double interval_s) noexcept;
  void detect_rest(State& s, const Vec3& gyro, const Vec3& force) const noexcept;
  void estimate_bias(State& s, double east, double north) const noexcept;

  Params params_;
  struct Coefficients {
    double interval_s = 0;
    LowPassGains acc, rest;
    double initial_variance = 0, process_noise = 0, clip_rad_s = 0, rest_gyro2 = 0, rest_force2 = 0;
    Vec3 motion_noise{}, rest_noise{};
  } coef_;
  State start_;
};

/// An inclination is valid from the first rest after the start, or after a gap of more than max_hold_s; there the
/// filter is re-initialised. Rates need no gate.
class AngleGate {
 public:
  explicit AngleGate(double max_hold_s = 0.05) : max_hold_s_(max_hold_s) {}
  bool bridges(std::uint32_t lost, const Vqf6State& s) const noexcept {
    return lost * s.interval_s <= max_hold_s_ + 1e-9;
  }
  /// Feeds the filter one sample that follows `lost` lost ones; true (and s.angle_valid) if the inclination may be
  /// published.
  bool step(Vqf6& filter, Vqf6State& s, const Vec3& gyro_rad_s, const Vec3& force_m_s2,
            std::uint32_t lost = 0) const noexcept;

 private:
  double max_hold_s_;
};

}  // namespace grfd
