#include "dsp/tare.hpp"

#include <limits>

namespace grfd {

bool Tare::push(double t_s, const PlateCodes& codes, bool clipped, bool gap_before) noexcept {
  State& s = state_;
  if (!s.active) return false;
  if (s.n == 0) {
    s.t_first = s.t_last = t_s;
    s.first = codes;
  } else {
    s.gap |= gap_before || !(t_s - s.t_last <= 1.5 * params_.interval_s);
    s.t_last = t_s;
  }
  s.clipped |= clipped;
  const double t = t_s - s.t_first;
  PlateCodes d{};
  for (std::size_t i = 0; i < channels_; ++i) {
    if (!std::isfinite(codes[i]) && s.not_finite < 0) s.not_finite = static_cast<int>(i);
    d[i] = codes[i] - s.first[i];
    s.sum[i] += d[i];
    s.sum_t[i] += d[i] * t;
  }
  for (std::size_t i = 0; i < channels_; ++i)
    for (std::size_t j = 0; j <= i; ++j) s.products[i][j] += d[i] * d[j];
  s.sum_time += t;
  s.sum_time2 += t * t;
  ++s.n;
  return t + params_.interval_s >= params_.duration_s - 1e-9;
}

TareResult Tare::finish(const PlateAdc& adc, const PlateModel& plate) noexcept {
  State& s = state_;
  s.active = false;
  TareResult r;
  r.samples = s.n;
  r.duration_s = s.t_last - s.t_first;
  const auto refuse = [&r](TareRefusal why, int channel = -1) {
    r.refusal = why;
    r.channel = channel;
    return r;
  };
  if (s.not_finite >= 0) return refuse(TareRefusal::not_finite, s.not_finite);
  if (s.n < 10 || r.duration_s < 0.5 * params_.duration_s) return refuse(TareRefusal::too_few_samples);

  const double n = s.n;
  PlateVolts offset_v{}, slope_v{}, per_code{};
  for (std::size_t i = 0; i < channels_; ++i) {
    r.zero.codes[i] = s.first[i] + s.sum[i] / n;
    per_code[i] = adc[i].volts_per_code(r.zero.codes[i]);
    offset_v[i] = adc[i].volts(r.zero.codes[i]) - adc[i].volts(s.reference[i]);
    slope_v[i] = per_code[i] * (s.sum_t[i] - s.sum_time * s.sum[i] / n) / (s.sum_time2 - s.sum_time * s.sum_time / n);
  }
  // covariance of the channels, through the plate's matrix
  for (std::size_t c = 0; c < channels_; ++c)
    for (std::size_t d = 0; d < channels_; ++d) {
      const double products = c < d ? s.products[d][c] : s.products[c][d];
      const double covariance = per_code[c] * per_code[d] * (products - s.sum[c] * s.sum[d] / n) / (n - 1);
      for (std::size_t i = 0; i < 6; ++i)
        for (std::size_t j = 0; j < 6; ++j)
          r.zero.covariance[i][j] += covariance * plate.load_per_v(c)[i] * plate.load_per_v(d)[j];
    }
  r.offset = plate.sensor(offset_v);
  r.slope = plate.sensor(slope_v);
  const Wrench6 factory = plate.factory_noise();
  for (std::size_t i = 0; i < 6; ++i) {
    // a larger diagonal keeps the matrix positive, so the measured correlations may stay
    r.sd[i] = std::sqrt(r.zero.covariance[i][i] > 0 ? r.zero.covariance[i][i] : 0);
    const double noise = noise_from_tare(r.sd[i], factory[i]);
    r.zero.covariance[i][i] = noise * noise;
  }

  if (s.gap) return refuse(TareRefusal::gap);
  if (s.clipped) return refuse(TareRefusal::clipped);
  if (std::abs(r.offset[2]) > params_.person_n) return refuse(TareRefusal::person_on_plate, 2);
  for (int i = 0; i < 3; ++i)
    if (std::abs(r.slope[static_cast<std::size_t>(i)]) > params_.slope_n_s) return refuse(TareRefusal::drifting, i);
  for (int i = 0; i < 6; ++i)
    if (r.sd[static_cast<std::size_t>(i)] > params_.noise_factor * factory[static_cast<std::size_t>(i)])
      return refuse(TareRefusal::noisy, i);
  return r;
}

}  // namespace grfd
