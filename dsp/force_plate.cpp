#include "dsp/force_plate.hpp"

namespace grfd {

ForcePlate::ForcePlate(const PlateSettings& settings, const FilterSettings& filter, const ThresholdSettings& thresholds,
                       double rate_hz)
    : name_(settings.name), columns_(settings.columns), model_(settings),
      tare_(TareParams{thresholds.tare_s, 1 / rate_hz, thresholds.tare_person_n, 3, thresholds.tare_slope_n_s}),
      filter_(butterworth(filter.order, filter.cutoff_hz, rate_hz)) {
  const AdcCalibration nominal;
  state_.zero.codes.fill(nominal.center);
  state_.lab_covariance = model_.lab_covariance(model_.factory_covariance());
}

void ForcePlate::take(TimeNs t, double t_s, std::span<const std::int32_t> codes, std::uint32_t clipped_columns,
                      std::uint16_t flags, const AdcCalibration& adc) noexcept {
  std::uint32_t clipped = 0;
  for (const int column : columns_) clipped |= clipped_columns >> column & 1u;
  if (!state_.tared) state_.zero.codes.fill(adc.center);
  std::array<double, 6> code;
  for (std::size_t i = 0; i < 6; ++i) code[i] = codes[static_cast<std::size_t>(columns_[i])];
  if (tare_.active() && tare_.push(t_s, code, clipped != 0, (flags & kGapBefore) != 0)) tare_complete_ = true;
  Wrench6 lab = model_.lab(model_.sensor(tared_volts(adc, code, state_.zero)));
  if (clipped) {
    lab.fill(kNaN);
    flags |= kClipped;
  }
  std::array<double, 12> values;
  const Wrench6 surface = shift(lab, model_.pose().center);
  state_.newest = surface;
  state_.clipped = clipped != 0;
  std::copy(surface.begin(), surface.end(), values.begin());
  filter_.step(lab);
  std::copy(lab.begin(), lab.end(), values.begin() + 6);
  resampler_.push(t, values, flags);
}

void ForcePlate::at(TimeNs t, double interval_s, PlateFrame& frame) const noexcept {
  std::array<double, 12> values;
  const Aligned r = resampler_.at(t, interval_s, values);
  frame.flags = grid_flags(r);
  frame.known = r.quality != Quality::missing;
  std::copy(values.begin(), values.begin() + 6, frame.wrench.begin());
  std::copy(values.begin() + 6, values.end(), frame.filtered.begin());
}

void ForcePlate::start_tare(const AdcCalibration& adc) noexcept {
  std::array<double, 6> reference = state_.zero.codes;
  if (!state_.tared) reference.fill(adc.center);
  tare_.start(reference);
  tare_complete_ = false;
}

TareResult ForcePlate::finish_tare(const AdcCalibration& adc) noexcept {
  const TareResult result = tare_.finish(adc, model_);
  tare_.cancel();
  tare_complete_ = false;
  if (result.accepted()) {
    state_.zero = result.zero;
    state_.lab_covariance = model_.lab_covariance(result.zero.covariance);
    state_.tared = true;
    filter_.reset();
  }
  return result;
}

void ForcePlate::states(StatePieces& pieces) {
  add_state(pieces, state_);
  add_state(pieces, tare_.state());
  add_state(pieces, tare_complete_);
  add_state(pieces, filter_.state());
  add_state(pieces, resampler_.state());
}

}  // namespace grfd
