#include "dsp/filters.hpp"

#include <algorithm>
#include <complex>
#include <numbers>

#include "dsp/known_stretches.hpp"

namespace grfd {
namespace {

constexpr double kPi = std::numbers::pi;

void check(int order, double cutoff_hz, double rate_hz) {
  if (order < 1 || order > 8) throw std::invalid_argument("the order of a low-pass must be 1 to 8");
  if (!(cutoff_hz > 0 && cutoff_hz < 0.5 * rate_hz))
    throw std::invalid_argument("the cut-off of a low-pass must lie between 0 and half the sampling rate");
}
/// 1/Q of the k-th pair of poles
double damping(int order, int k) { return 2 * std::sin(kPi * (2 * k + 1) / (2 * order)); }

struct Response {
  std::complex<double> num, den, num_slope, den_slope;  // slopes: sum k c_k z^k
};
Response response(const Biquad& s, double w) {
  const std::complex<double> z = std::polar(1.0, -w);
  return {s.b0 + s.b1 * z + s.b2 * z * z, 1.0 + s.a1 * z + s.a2 * z * z, s.b1 * z + 2.0 * s.b2 * z * z,
          s.a1 * z + 2.0 * s.a2 * z * z};
}

std::vector<double> zero_phase_stretches(std::span<const double> x, const Cascade& c, std::size_t pad) {
  std::vector<double> out(x.size(), std::numeric_limits<double>::quiet_NaN());
  known_stretches(x, [&](std::size_t begin, std::size_t end) {
    const std::vector<double> y = zero_phase(x.subspan(begin, end - begin), c, pad);
    std::copy(y.begin(), y.end(), out.begin() + static_cast<std::ptrdiff_t>(begin));
  });
  return out;
}

}  // namespace

Cascade butterworth(int order, double cutoff_hz, double rate_hz) {
  check(order, cutoff_hz, rate_hz);
  const double c = std::tan(kPi * cutoff_hz / rate_hz), c2 = c * c;
  Cascade out;
  for (int k = 0; k < order / 2; ++k) {
    const double cq = c * damping(order, k), d = 1 + cq + c2;
    out.sections[out.count++] = {c2 / d, 2 * c2 / d, c2 / d, 2 * (c2 - 1) / d, (1 - cq + c2) / d};
  }
  if (order % 2) out.sections[out.count++] = {c / (1 + c), c / (1 + c), 0, (c - 1) / (1 + c), 0};
  return out;
}

double butterworth_delay_s(int order, double cutoff_hz, double rate_hz) {
  check(order, cutoff_hz, rate_hz);
  double sum = order % 2;
  for (int k = 0; k < order / 2; ++k) sum += damping(order, k);
  return sum / (2 * rate_hz * std::tan(kPi * cutoff_hz / rate_hz));
}

double group_delay_s(const Cascade& c, double frequency_hz, double rate_hz) {
  double samples = 0;
  for (std::size_t k = 0; k < c.count; ++k) {
    const Response r = response(c.sections[k], 2 * kPi * frequency_hz / rate_hz);
    samples += (r.num_slope / r.num).real() - (r.den_slope / r.den).real();
  }
  return samples / rate_hz;
}

double magnitude(const Cascade& c, double frequency_hz, double rate_hz) {
  double m = 1;
  for (std::size_t k = 0; k < c.count; ++k) {
    const Response r = response(c.sections[k], 2 * kPi * frequency_hz / rate_hz);
    m *= std::abs(r.num / r.den);
  }
  return m;
}

double noise_gain(const Cascade& c) {
  // energy of the impulse response; each section started at rest
  ChannelFilter<1> f(c);
  f.state().running = true;
  double energy = 0;
  std::array<double, 1> x{1};
  for (int quiet = 0, k = 0; quiet < 1000 && k < 10'000'000; ++k) {
    f.step(x);
    energy += x[0] * x[0];
    quiet = x[0] * x[0] < 1e-24 * energy ? quiet + 1 : 0;
    x[0] = 0;
  }
  return std::sqrt(energy);
}

std::vector<double> zero_phase(std::span<const double> x, const Cascade& c, std::size_t pad) {
  if (x.size() < 2) return {x.begin(), x.end()};
  pad = std::min(pad, x.size() - 1);
  std::vector<double> e;
  e.reserve(x.size() + 2 * pad);
  for (std::size_t i = pad; i > 0; --i) e.push_back(2 * x.front() - x[i]);
  e.insert(e.end(), x.begin(), x.end());
  for (std::size_t i = 1; i <= pad; ++i) e.push_back(2 * x.back() - x[x.size() - 1 - i]);
  for (int pass = 0; pass < 2; ++pass) {
    ChannelFilter<1> f(c);
    for (double& v : e) {
      std::array<double, 1> a{v};
      f.step(a);
      v = a[0];
    }
    std::reverse(e.begin(), e.end());
  }
  return {e.begin() + static_cast<std::ptrdiff_t>(pad), e.end() - static_cast<std::ptrdiff_t>(pad)};
}

double zero_phase_cutoff_hz(double cutoff_hz, int order, double rate_hz) {
  check(order, cutoff_hz, rate_hz);
  const double k = std::pow(std::sqrt(2.0) - 1, 1.0 / (2 * order));
  return rate_hz / kPi * std::atan(std::tan(kPi * cutoff_hz / rate_hz) / k);
}

std::vector<double> zero_phase_low_pass(std::span<const double> x, int order, double cutoff_hz, double rate_hz) {
  const Cascade c = butterworth(order, zero_phase_cutoff_hz(cutoff_hz, order, rate_hz), rate_hz);
  return zero_phase_stretches(x, c, 9 * c.count);
}

std::vector<double> sway_filter(std::span<const double> x, double rate_hz, double cutoff_hz) {
  return zero_phase_stretches(x, butterworth(2, cutoff_hz, rate_hz), 9);
}

std::vector<double> polynomial_derivative(std::size_t n, int degree, double rate_hz, double at) {
  if (degree < 1 || degree > 8 || static_cast<std::size_t>(degree) >= n)
    throw std::invalid_argument("a polynomial derivative needs a degree of 1 to 8 and more samples than that");
  if (!(at >= 0 && at <= double(n - 1)))
    throw std::invalid_argument("a polynomial derivative is taken inside its window");
  // polynomials orthogonal on the samples (three-term recurrence), so that no ill-conditioned system is solved
  const double half = 0.5 * double(n - 1);
  const auto abscissa = [half](double samples_ago) { return (half - samples_ago) / half; };  // newest at +1
  std::vector<double> p(n, 1.0), before(n, 0.0), h(n, 0.0);
  double value = 1, value_before = 0, slope = 0, slope_before = 0, norm_before = 1;  // of p and p' at the point
  for (int k = 0; k <= degree; ++k) {
    double norm = 0, mean = 0;
    for (std::size_t i = 0; i < n; ++i) norm += p[i] * p[i], mean += p[i] * p[i] * abscissa(double(i));
    for (std::size_t i = 0; i < n; ++i) h[i] += p[i] * slope / norm;
    const double a = mean / norm, b = k ? norm / norm_before : 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double next = (abscissa(double(i)) - a) * p[i] - b * before[i];
      before[i] = p[i];
      p[i] = next;
    }
    const double next_slope = value + (abscissa(at) - a) * slope - b * slope_before;
    const double next_value = (abscissa(at) - a) * value - b * value_before;
    slope_before = slope, slope = next_slope, value_before = value, value = next_value, norm_before = norm;
  }
  for (double& v : h) v *= rate_hz / half;
  return h;
}

std::vector<double> centred_derivative(std::span<const double> x, std::size_t n, int degree, double rate_hz) {
  if (n % 2 == 0) throw std::invalid_argument("a centred derivative needs an odd number of samples");
  const std::size_t half = (n - 1) / 2;
  std::vector<std::vector<double>> taps;  // [at]: `at` samples before the window's last
  for (std::size_t at = 0; at < n; ++at) taps.push_back(polynomial_derivative(n, degree, rate_hz, double(at)));
  std::vector<double> out(x.size(), std::numeric_limits<double>::quiet_NaN());
  known_stretches(x, [&](std::size_t begin, std::size_t end) {
    if (end - begin < n) return;
    for (std::size_t k = begin; k < end; ++k) {
      const std::size_t last = std::clamp(k + half, begin + n - 1, end - 1);
      double sum = 0;
      for (std::size_t i = 0; i < n; ++i) sum += taps[last - k][i] * x[last - i];
      out[k] = sum;
    }
  });
  return out;
}

}  // namespace grfd
