// Derivatives by a Kalman filter of constant acceleration: for samples that come irregularly or not at all. On a
// regular grid without holes a polynomial (filters.hpp) is as good; the rate of an ankle comes from its gyros and needs
// neither.
#pragma once
#include <array>

namespace grfd {

/// Of a signal in a unit of yours. Value, rate and acceleration change as they do when white noise is the jerk.
struct KalmanModel {
  double jerk_density =
      0;  ///< unit^2/s^5: two-sided spectral density of the jerk; more follows faster and smooths less
  double noise_variance = 0;  ///< unit^2: of a single sample
};
struct KalmanEstimate {
  double value = 0, rate = 0, acceleration = 0;  ///< unit, unit/s, unit/s^2
};

/// What a sample that differs by 1 from its prediction adds to value, rate and acceleration once the filter has
/// settled.
/// @throws std::invalid_argument unless density, variance and rate are above 0 and finite
std::array<double, 3> kalman_steady_gain(const KalmanModel& model, double rate_hz);

/// For regular samples. The gain is constant, computed once.
class SteadyKalmanDerivative {
 public:
  /// @throws std::invalid_argument as kalman_steady_gain()
  SteadyKalmanDerivative(const KalmanModel& model, double rate_hz);
  /// Estimate at this sample. Starts with its first known one, at rest; NaN until then. An unknown sample is predicted;
  /// after many of them the constant gain is no longer the best one: take KalmanDerivative.
  KalmanEstimate step(double x) noexcept;
  void reset() noexcept { running_ = false; }

 private:
  double dt_;
  std::array<double, 3> gain_;
  KalmanEstimate now_{};
  bool running_ = false;
};

/// For irregular samples and holes: the gain follows the time since the sample before and what was known then.
class KalmanDerivative {
 public:
  /// At the first sample the rate is 0 +- rate_sd and the acceleration 0 +- acceleration_sd, in unit/s and unit/s^2:
  /// how fast the signal may be moving then; too large does little harm.
  struct Start {
    double rate_sd = 0, acceleration_sd = 0;
  };
  /// @throws std::invalid_argument unless everything is above 0 and finite
  KalmanDerivative(const KalmanModel& model, const Start& start);
  /// Estimate at time t. An unknown x (NaN) is predicted from what came before: no hole in the answer, but rate_sd()
  /// grows. NaN before the first known sample. @throws std::invalid_argument unless t is finite and later than at the
  /// call before
  KalmanEstimate step(double t_s, double x);
  /// Standard deviation of the estimated rate, unit/s, as far as the model is right; NaN before the first known sample.
  double rate_sd() const noexcept;
  void reset() noexcept { running_ = timed_ = false; }

 private:
  using Covariance = std::array<std::array<double, 3>, 3>;
  KalmanModel model_;
  Start start_;
  KalmanEstimate now_{};
  Covariance covariance_{};
  double t_s_ = 0;
  bool running_ = false, timed_ = false;
};

}  // namespace grfd
