#include "dsp/cop.hpp"

#include <algorithm>
#include <cmath>

#include <stdexcept>

#include "dsp/unknown.hpp"

namespace grfd {

CopParams CopParams::from(const ThresholdSettings& t, double rate_hz, double noise_gain) noexcept {
  const int n = std::max(1, static_cast<int>(std::lround(t.debounce_s * rate_hz)));
  CopParams p;
  p.contact = {t.contact_on_n, t.contact_off_n, n, n};
  p.plate = {t.cop_on_n, t.cop_off_n, n, n};
  p.total = {t.cop_total_on_n, t.cop_total_off_n, n, n};
  p.sigma_ok_m = 1e-3 * t.cop_sigma_ok_mm;
  p.sigma_bad_m = 1e-3 * t.cop_sigma_bad_mm;
  p.noise_gain = noise_gain;
  return p;
}

CopCalculator::CopCalculator(const CopParams& params, std::span<const double> surface_z_m)
    : params_(params), n_(surface_z_m.size()) {
  if (n_ < 1 || n_ > kMaxPlates) throw std::invalid_argument("a centre of pressure needs one to four plates");
  std::copy(surface_z_m.begin(), surface_z_m.end(), surface_z_m_.begin());
}

/// All of `out` but the contact. Where a point exists, `correction` (or none) is applied to `w`, which the total
/// counts.
void CopCalculator::correct_and_judge(Wrench6& w, double z, const CopCorrection* correction, const Mat6& covariance,
                                      const ContactParams& limits, Gate& gate, CopValue& out) const noexcept {
  double known = 0;
  for (double v : w) known += v * 0.0;
  out.fz = known == 0 ? w[2] : kNaN;
  out.cop_ml = out.cop_ap = out.tz = out.sigma = kNaN;
  out.valid = out.quality_ok = false;
  // while the state is on but the force is already at or below the off threshold there is nothing to divide by
  if (!Contact::step(limits, gate.valid, out.fz) || !(out.fz > limits.off_n)) return;
  if (correction) w = correction->apply(w);
  const PressurePoint p = center_of_pressure(w, z);
  const PressureSigma s = cop_sigma(p, w, z, covariance);
  out.valid = true;
  out.cop_ml = p.x;
  out.cop_ap = p.y;
  out.tz = p.tz;
  out.sigma = params_.noise_gain * std::max(s.x, s.y);
  if (out.sigma <= params_.sigma_ok_m) gate.quality_ok = true;
  if (out.sigma > params_.sigma_bad_m) gate.quality_ok = false;
  out.quality_ok = gate.quality_ok;
}

void CopCalculator::update(std::span<const Wrench6> lab) noexcept {
  Wrench6& sum = total_wrench_;
  sum.fill(0);
  static constexpr Mat6 kNobody{};
  const Mat6* covariance = &kNobody;
  Mat6 several;
  bool any_contact = false;
  for (std::size_t i = 0; i < n_; ++i) {
    PlateState& s = state_.plates[i];
    CopValue& v = plate_values_[i];
    Wrench6 w = lab[i];
    correct_and_judge(w, surface_z_m_[i], corrections_[i] ? &*corrections_[i] : nullptr, s.covariance, params_.plate,
                      s.gate, v);
    v.contact = Contact::step(params_.contact, s.contact, v.fz);
    any_contact |= v.contact;
    if (!v.contact && std::isfinite(v.fz)) continue;
    for (std::size_t j = 0; j < 6; ++j) sum[j] += w[j];
    if (covariance == &kNobody) {
      covariance = &s.covariance;
    } else {
      add(several, *covariance, s.covariance);
      covariance = &several;
    }
  }
  correct_and_judge(sum, 0, nullptr, *covariance, params_.total, state_.total, total_value_);
  total_value_.contact = any_contact;
}

void CopCalculator::reset() noexcept {
  for (PlateState& s : state_.plates) {
    s.contact = {};
    s.gate = {};
  }
  state_.total = {};
}

}  // namespace grfd
