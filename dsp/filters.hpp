// Low-pass filters and derivatives: design (may allocate and throw) and the running forms (neither).
#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace grfd {

struct Biquad {
  double b0 = 1, b1 = 0, b2 = 0, a1 = 0, a2 = 0;  ///< a0 = 1
};
/// Up to four second-order sections, each with unit gain at 0 Hz.
struct Cascade {
  std::array<Biquad, 4> sections{};
  std::size_t count = 0;
};

/// Butterworth low-pass by bilinear transform with pre-warping: -3 dB exactly at the cut-off. Order 1 to 8.
/// @throws std::invalid_argument unless 0 < cutoff_hz < rate_hz / 2
Cascade butterworth(int order, double cutoff_hz, double rate_hz);
/// Group delay of butterworth() at 0 Hz (s), in closed form: the delay_s of every filtered column.
double butterworth_delay_s(int order, double cutoff_hz, double rate_hz);
/// Group delay at a frequency (s).
double group_delay_s(const Cascade& c, double frequency_hz, double rate_hz);
/// |H| at a frequency.
double magnitude(const Cascade& c, double frequency_hz, double rate_hz);
/// RMS of filtered white noise over RMS of the noise.
double noise_gain(const Cascade& c);

/// One filter over several channels that belong together (a wrench), so that their mutual lags stay true.
/// Starts in the steady state of its first sample: no start transient. A sample with a NaN or infinite channel comes
/// out as NaN on all channels and restarts the filter with the next one.
template <std::size_t Channels>
class ChannelFilter {
  static_assert(Channels >= 1 && Channels <= 8);

 public:
  explicit ChannelFilter(const Cascade& cascade = {}) noexcept : cascade_(cascade) {}

  void step(std::array<double, Channels>& x) noexcept {
    double known = 0;
    for (double v : x) known += v * 0.0;  // NaN when any channel is not finite
    if (!(known == 0)) {
      state_.running = false;
      x.fill(std::numeric_limits<double>::quiet_NaN());
      return;
    }
    if (!state_.running) settle(x);
    // Copies, because `x` might otherwise lie in the state for all the compiler knows, and nothing would be vectorised.
    std::array<double, Channels> v = x;
    for (std::size_t k = 0; k < cascade_.count; ++k) {
      const Biquad s = cascade_.sections[k];
      auto z1 = state_.z[k][0], z2 = state_.z[k][1];
      for (std::size_t c = 0; c < Channels; ++c) {  // direct form II transposed
        const double in = v[c], y = s.b0 * in + z1[c];
        z1[c] = s.b1 * in - s.a1 * y + z2[c];
        z2[c] = s.b2 * in - s.a2 * y;
        v[c] = y;
      }
      state_.z[k] = {z1, z2};
    }
    x = v;
  }
  void reset() noexcept { state_ = {}; }

  struct State {
    std::array<std::array<std::array<double, Channels>, 2>, 4> z{};
    bool running = false;
    std::array<std::uint8_t, 7> reserved{};  // no padding at the end: equal states are equal bytes
  };
  State& state() noexcept { return state_; }

 private:
  void settle(const std::array<double, Channels>& x) noexcept {
    for (std::size_t k = 0; k < cascade_.count; ++k) {
      const Biquad& s = cascade_.sections[k];
      for (std::size_t c = 0; c < Channels; ++c) {
        state_.z[k][0][c] = x[c] * (1 - s.b0);
        state_.z[k][1][c] = x[c] * (s.b2 - s.a2);
      }
    }
    state_.running = true;
  }
  Cascade cascade_;
  State state_{};
};
static_assert(std::is_trivially_copyable_v<ChannelFilter<6>::State>);

/// Offline: forward and backward, with odd reflection of `pad` samples at both ends and steady-state starts (9 samples
/// per section is customary). Makes onsets appear earlier: never for onset times of forces.
std::vector<double> zero_phase(std::span<const double> x, const Cascade& c, std::size_t pad);
/// Cut-off to design with so that two passes have -3 dB at `cutoff_hz`; exact for butterworth() at this rate.
double zero_phase_cutoff_hz(double cutoff_hz, int order, double rate_hz);
/// Quiet stance: second order at 10 Hz without correction, forward and backward, pad 9. Of wrenches, never of a CoP.
/// Each stretch of known samples by itself. @throws std::invalid_argument as butterworth()
std::vector<double> sway_filter(std::span<const double> x, double rate_hz, double cutoff_hz = 10);

/// Offline twin of a low-pass: butterworth() forward and backward, designed so that both passes together have -3 dB at
/// `cutoff_hz`, 9 samples of odd reflection per section. No delay; each stretch of known samples by itself, the unknown
/// stays NaN. The same caution as zero_phase(). @throws std::invalid_argument as butterworth(), for the corrected
/// cut-off too
std::vector<double> zero_phase_low_pass(std::span<const double> x, int order, double cutoff_hz, double rate_hz);

/// Least-squares polynomial of `degree` over the last n samples, its derivative taken `at` samples before the newest
/// (0: causal end point, (n-1)/2: centred). y'[k] = sum h[i] x[k-i].
/// @throws std::invalid_argument unless 1 <= degree < n, degree <= 8 and 0 <= at <= n-1
std::vector<double> polynomial_derivative(std::size_t n, int degree, double rate_hz, double at = 0);

/// Offline twin of a derivative: the window lies about each sample, so there is no delay; in the first and last (n-1)/2
/// samples the polynomial of the first and last window is used. Stretches of known samples shorter than n, and the
/// unknown, are NaN.
/// @throws std::invalid_argument as polynomial_derivative(), and for an even n
std::vector<double> centred_derivative(std::span<const double> x, std::size_t n, int degree, double rate_hz);

/// Running derivative of one channel with up to 128 taps; NaN until its window is full of known samples.
class RunningDerivative {
 public:
  static constexpr std::size_t kMaxTaps = 128;
  /// @throws std::invalid_argument when there are no taps or too many.
  explicit RunningDerivative(std::span<const double> taps) : n_(taps.size()) {
    if (taps.empty() || taps.size() > kMaxTaps) throw std::invalid_argument("a derivative needs 1 to 128 taps");
    for (std::size_t i = 0; i < n_; ++i) oldest_first_[i] = taps[n_ - 1 - i];
  }
  static constexpr double kForceRateDelay_s = 0.010;  ///< of the next one at 1 kHz: 10 samples
  /// The default rate of force development: quadratic over 61 samples, 10 samples before the newest; of unfiltered
  /// force.
  static RunningDerivative rate_of_force_development(double rate_hz) {
    return RunningDerivative(polynomial_derivative(61, 2, rate_hz, 10));
  }

  double step(double x) noexcept {
    if (!std::isfinite(x)) {
      state_.filled = 0;
      return std::numeric_limits<double>::quiet_NaN();
    }
    // written twice so that the last n are always in one piece
    state_.next = state_.next + 1 < n_ ? state_.next + 1 : 0;
    state_.x[state_.next] = state_.x[state_.next + n_] = x;
    if (state_.filled < n_) ++state_.filled;
    if (state_.filled < n_) return std::numeric_limits<double>::quiet_NaN();
    const double* window = state_.x.data() + state_.next + 1;
    std::array<double, 4> part{};
    std::size_t i = 0;
    for (; i + 4 <= n_; i += 4)
      for (std::size_t j = 0; j < 4; ++j) part[j] += oldest_first_[i + j] * window[i + j];
    for (; i < n_; ++i) part[0] += oldest_first_[i] * window[i];
    return (part[0] + part[1]) + (part[2] + part[3]);
  }
  void reset() noexcept { state_.filled = 0; }
  std::size_t taps() const noexcept { return n_; }
  bool empty() const noexcept { return state_.filled == 0; }  ///< the last sample was not known

  struct State {
    std::array<double, 2 * kMaxTaps> x{};
    std::size_t next = 0, filled = 0;
  };
  State& state() noexcept { return state_; }

 private:
  std::size_t n_;
  std::array<double, kMaxTaps> oldest_first_{};
  State state_{};
};
static_assert(std::is_trivially_copyable_v<RunningDerivative::State>);

}  // namespace grfd
