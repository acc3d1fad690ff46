#include "dsp/force_plate.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace grfd {

namespace {
constexpr TimeNs kGrid = 1'000'000;

DriftZeroParams drift_params(const ThresholdSettings& t, double rate_hz) {
  DriftZeroParams p;
  p.interval_s = 1 / rate_hz;
  const int n = std::max(1, static_cast<int>(std::lround(t.debounce_s * rate_hz)));
  p.near_n = t.tare_person_n;
  p.slope_n_s = t.tare_slope_n_s;
  p.contact = {t.contact_on_n, t.contact_off_n, n, n};
  return p;
}
}  // namespace

ForcePlate::ForcePlate(const PlateSettings& settings, const FilterSettings& filter, const ThresholdSettings& thresholds,
                       double rate_hz)
    : name_(settings.name),
      columns_(settings.columns),
      model_(settings),
      tare_(TareParams{thresholds.tare_s, 1 / rate_hz, thresholds.tare_person_n, 3, thresholds.tare_slope_n_s},
            model_.channels()),
      follows_drift_(settings.calibration.drift_rezero),
      drift_(drift_params(thresholds, rate_hz)),
      limit_(settings.calibration.full_scale_v),
      filter_(butterworth(filter.order, filter.cutoff_hz, rate_hz)),
      bridged_(std::max<TimeNs>(5'000'000, std::llround(3e9 / rate_hz))) {
  if (columns_.size() != model_.channels())
    throw std::invalid_argument("plate '" + name_ + "': has " + std::to_string(columns_.size()) +
                                " channels, its calibration " + std::to_string(model_.channels()));
  state_.zero.codes = codes_at_0_v({});
  state_.lab_covariance = model_.lab_covariance(model_.factory_covariance());
}

PlateAdc ForcePlate::own(const ScanAdc& scan) const noexcept {
  PlateAdc adc;
  for (std::size_t i = 0; i < columns_.size(); ++i) adc[i] = scan[static_cast<std::size_t>(columns_[i])];
  return adc;
}

PlateCodes ForcePlate::codes_at_0_v(const PlateAdc& adc) noexcept {
  PlateCodes codes;
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = adc[i].center;
  return codes;
}

void ForcePlate::take(TimeNs t, double t_s, std::span<const std::int32_t> codes, std::uint32_t clipped_columns,
                      std::uint16_t flags, const ScanAdc& scan) noexcept {
  const PlateAdc adc = own(scan);
  if (!state_.tared && !drift_.moved()) state_.zero.codes = codes_at_0_v(adc);
  PlateCodes code;
  for (std::size_t i = 0; i < code.size(); ++i)
    code[i] = i < columns_.size() ? codes[static_cast<std::size_t>(columns_[i])] : 0;
  bool clipped = limit_.push(adc, code, columns_.size());
  for (const int column : columns_) clipped |= (clipped_columns >> column & 1u) != 0;
  follow_tare(t);
  if (tare_.active() && tare_.push(t_s, code, clipped, (flags & kGapBefore) != 0)) tare_complete_ = true;
  Wrench6 lab = model_.lab(model_.sensor(tared_volts(adc, code, state_.zero, columns_.size())));
  if (clipped) {
    lab.fill(kNaN);
    flags |= kClipped;
  }
  if (follows_drift_) drift_.step(t_s, lab[2], (flags & kGapBefore) != 0, code, state_.zero.codes);
  std::array<double, 12> values;
  const Wrench6 surface = shift(lab, model_.pose().center);
  state_.newest = surface;
  state_.clipped = clipped;
  std::copy(surface.begin(), surface.end(), values.begin());
  // After a hole it starts from rest: its memory is of another time.
  if ((flags & kNewEpoch) || state_.newest_t - state_.before_t > bridged_ + kGrid) filter_.reset();
  filter_.step(lab);
  std::copy(lab.begin(), lab.end(), values.begin() + 6);
  resampler_.push(t, values, flags);
}

/// The cubic of the grid takes two samples on each side: from after the last but one above the old zero until the
/// second above the new one it mixes them. At least one millisecond of the grid is marked.
void ForcePlate::follow_tare(TimeNs t) noexcept {
  State& s = state_;
  if (s.scans_to_zero == 2) {
    s.zeroed_from = s.before_t;
    s.zeroed_until = std::numeric_limits<TimeNs>::max();
  } else if (s.scans_to_zero == 1) {
    s.zeroed_until = std::max(t - 1, s.zeroed_from + kGrid);
  }
  if (s.scans_to_zero > 0) --s.scans_to_zero;
  s.before_t = s.newest_t;
  s.newest_t = t;
}

void ForcePlate::at(TimeNs t, double interval_s, PlateFrame& frame) const noexcept {
  std::array<double, 12> values;
  const Aligned r = resampler_.at(t, interval_s, values);
  frame.flags = grid_flags(r);
  frame.known = r.quality != Quality::missing;
  frame.zeroed = t > state_.zeroed_from && t <= state_.zeroed_until;
  std::copy(values.begin(), values.begin() + 6, frame.wrench.begin());
  std::copy(values.begin() + 6, values.end(), frame.filtered.begin());
}

/// Codes at the zero in use: 0 V as long as there was no other.
PlateCodes ForcePlate::own_zero_codes(const PlateAdc& adc) const noexcept {
  return state_.tared || drift_.moved() ? state_.zero.codes : codes_at_0_v(adc);
}

void ForcePlate::start_tare(const ScanAdc& adc) noexcept {
  tare_.start(own_zero_codes(own(adc)));
  tare_complete_ = false;
}

TareResult ForcePlate::finish_tare(const ScanAdc& adc) noexcept {
  const TareResult result = tare_.finish(own(adc), model_);
  tare_.cancel();
  tare_complete_ = false;
  if (result.accepted()) use(result.zero);
  return result;
}

PlateVolts ForcePlate::zero_volts(const ScanAdc& scan) const noexcept {
  const PlateAdc adc = own(scan);
  PlateVolts v{};
  for (std::size_t i = 0; i < columns_.size(); ++i) v[i] = adc[i].volts(state_.zero.codes[i]);
  return v;
}

ForcePlate::KeptZeroTaken ForcePlate::use_zero(const KeptZero& kept, const ScanAdc& scan) noexcept {
  constexpr double kSameVolts = 1e-5;  // a thirtieth of a step of +-10 V
  const PlateAdc adc = own(scan);
  if (follows_drift_) return {"its zero drifts; zero it again"};
  if (tare_.active()) return {"it is just being zeroed"};
  if (state_.newest_t == 0) return {"no data from the plate"};
  if (kept.codes.size() != columns_.size() || kept.volts.size() != columns_.size())
    return {"it has another number of channels now; zero it again"};
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (!(std::abs(adc[i].volts(kept.codes[i]) - kept.volts[i]) < kSameVolts))
      return {"the converter has another range or other constants now; zero it again"};
  PlateZero zero{{}, model_.factory_covariance()};
  std::copy(kept.codes.begin(), kept.codes.end(), zero.codes.begin());
  const double offset_n = model_.sensor(tared_volts(adc, zero.codes, {own_zero_codes(adc), {}}, columns_.size()))[2];
  use(zero);
  return {"", offset_n};
}

void ForcePlate::use(const PlateZero& zero) noexcept {
  state_.zero = zero;
  state_.lab_covariance = model_.lab_covariance(zero.covariance);
  report_.tared(zero.codes);
  drift_.tared();
  state_.tared = true;
  state_.scans_to_zero = 2;
  filter_.reset();
}

void ForcePlate::states(StatePieces& pieces) {
  add_state(pieces, state_);
  add_state(pieces, tare_.state());
  add_state(pieces, tare_complete_);
  add_state(pieces, drift_.state());
  add_state(pieces, report_.state());
  add_state(pieces, limit_.state());
  add_state(pieces, filter_.state());
  add_state(pieces, resampler_.state());
}

}  // namespace grfd
