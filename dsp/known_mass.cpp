#include "dsp/known_mass.hpp"

#include <algorithm>
#include <cmath>

#include "schemas/gravity.hpp"

namespace grfd {
namespace {

/// Readings that are off by a factor which has a usual cause; within 2 %.
struct UsualFactor {
  double times;
  const char* hint;
};
constexpr UsualFactor kUsualFactors[] = {
    {1 / kStandardGravity_m_s2, "it reads the kilograms: is the matrix for kgf instead of N?"},
    {kStandardGravity_m_s2, "it reads m g times g: was a matrix for N taken for one for kgf?"},
    {1 / 4.4482216, "it reads pounds of force: is the matrix for lbf instead of N?"},
    {4.4482216, "it reads 4.45 times too much: was a matrix for N taken for one for lbf?"},
    {1000, "it reads a thousand times too much: mV for V, or kN for N?"},
    {2, "it reads twice the load: is a gain, an excitation or an input range (+-5 for +-10 V) wrong by two?"},
    {0.5, "it reads half the load: is a gain, an excitation or an input range (+-10 for +-5 V) wrong by two?"}};

const char* hint_for(double measured_n, double expected_n, double uncertain_n, const KnownMassParams& p) noexcept {
  const double ratio = measured_n / expected_n;
  if (std::abs(measured_n) < std::max(3 * uncertain_n, p.least_arrived * expected_n))
    return "hardly any load arrives: does it lie on this plate, and are its channels those of this plate?";
  if (ratio < 0)
    return "the sign is turned over: sense in the calibration file says the opposite of what the plate does";
  for (const UsualFactor& f : kUsualFactors)
    if (std::abs(ratio / f.times - 1) < 0.02) return f.hint;
  if (std::abs(ratio - 1) > 0.1)
    return "such a factor is no crosstalk: look at gain, excitation, units of the matrix, and whether the device has "
           "already applied one";
  return "tare the empty plate and repeat it; if it stays, excitation and gain are the first to look at, then "
         "recalibrate "
         "in place (mass PLATE fit)";
}

}  // namespace

bool KnownMass::push(const Wrench6& w) noexcept {
  State& s = state_;
  if (s.n == 0) s.first = w;
  for (std::size_t i = 0; i < 6; ++i) {
    const double d = w[i] - s.first[i];
    s.sum[i] += d;
    s.squares[i] += d * d;
  }
  const double fz = w[2] - s.first[2];
  s.sum_t += fz * s.n;
  s.block += fz;
  if (++s.n % params_.block == 0) {
    const double mean = s.block / params_.block;
    s.block_sum += mean;
    s.block_squares += mean * mean;
    s.block = 0;
    ++s.blocks;
  }
  return s.n >= params_.samples;
}

KnownMassResult KnownMass::result() const noexcept {
  const State& s = state_;
  KnownMassResult r;
  r.samples = s.n;
  if (s.n < 2) return r;
  const double n = s.n;
  for (std::size_t i = 0; i < 6; ++i) {
    r.mean[i] = s.first[i] + s.sum[i] / n;
    r.sd[i] = std::sqrt(std::max(0.0, (s.squares[i] - s.sum[i] * s.sum[i] / n) / (n - 1)));
  }
  r.slope_n_s = 1e3 * (s.sum_t - (n - 1) / 2 * s.sum[2]) / (n * (n * n - 1) / 12);
  if (const double b = s.blocks; b > 1)
    r.scatter_n = std::sqrt(std::max(0.0, (s.block_squares - s.block_sum * s.block_sum / b) / (b - 1) / b));
  r.cop = center_of_pressure(r.mean);
  return r;
}

MassVerdict judge_mass(const KnownMassResult& r, double kg, double noise_force_n, double noise_moment_nm,
                       const KnownMassParams& p) noexcept {
  MassVerdict v;
  v.expected_n = kg * kStandardGravity_m_s2;
  v.error_percent = 100 * (r.mean[2] / v.expected_n - 1);
  v.uncertain_n = std::max(2 * std::sqrt(2.0) * r.scatter_n, p.least_uncertain * noise_force_n);
  bool noisy = false;
  for (std::size_t i = 0; i < 6; ++i) noisy |= r.sd[i] > p.noise_factor * (i < 3 ? noise_force_n : noise_moment_nm);
  if (std::abs(r.slope_n_s) > p.slope_n_s)
    v.refusal = "the load is not at rest: its weight changes; let go of it, wait and repeat";
  else if (noisy)
    v.refusal = "the load is not at rest: it rocks, or the plate is not quiet; wait and repeat";
  else if (v.uncertain_n > p.within * v.expected_n)
    v.refusal = "the mass is too small: 0.5 % of its weight cannot be told from the plate's noise and its zero";
  if (v.refusal[0]) return v;
  v.within = std::abs(v.error_percent) <= 100 * p.within;
  if (!v.within) v.hint = hint_for(r.mean[2], v.expected_n, v.uncertain_n, p);
  return v;
}

}  // namespace grfd
