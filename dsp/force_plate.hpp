// One force plate of a device: counts -> volts -> tare -> wrench in the lab, unfiltered and filtered,
// ready to be read on the grid.
#pragma once
#include <memory>
#include <vector>

#include "dsp/aligner.hpp"
#include "dsp/calibration.hpp"
#include "dsp/drift_report.hpp"
#include "dsp/filters.hpp"
#include "dsp/frame.hpp"
#include "dsp/plate_model.hpp"
#include "dsp/stage.hpp"
#include "dsp/tare.hpp"

namespace grfd {

class ForcePlate {
 public:
  /// @throws std::invalid_argument naming the plate
  ForcePlate(const PlateSettings& settings, const FilterSettings& filter, const ThresholdSettings& thresholds,
             double rate_hz);

  /// One scan of the device; bit i of `clipped_columns`: column i is clipped. One clipped channel, of the converter or
  /// of the plate's amplifier, makes the wrench unknown.
  void take(TimeNs t, double t_s, std::span<const std::int32_t> codes, std::uint32_t clipped_columns,
            std::uint16_t flags, const ScanAdc& adc) noexcept;
  /// Reads the plate at grid time `t`. `interval_s`: measured, of the device.
  void at(TimeNs t, double interval_s, PlateFrame& frame) const noexcept;
  bool covers(TimeNs t, double interval_s) const noexcept { return resampler_.covers(t, interval_s); }
  bool passed(TimeNs t) const noexcept { return resampler_.passed(t); }      ///< as Resampler says
  bool short_of(TimeNs t) const noexcept { return resampler_.short_of(t); }  ///< likewise

  void start_tare(const ScanAdc& adc) noexcept;
  bool tare_complete() const noexcept { return tare_complete_; }
  bool taring() const noexcept { return tare_.active(); }
  /// Has it a zero: by a tare, an earlier session's, or one that follows its drift?
  bool zeroed() const noexcept { return state_.tared || drift_.moved(); }
  /// Ends the tare; an accepted one is used from the next scan on.
  TareResult finish_tare(const ScanAdc& adc) noexcept;
  /// What a tare found earlier, per channel: codes at zero load, and the volts they were. The volts tell whether the
  /// converter and its range are still the same.
  struct KeptZero {
    std::span<const double> codes, volts;
  };
  struct KeptZeroTaken {
    const char* refusal = "";   ///< empty: in use from the next scan on, with the factory noise for cop_sigma
    double offset_fz_n = kNaN;  ///< at the sensor, above the zero before
  };
  KeptZeroTaken use_zero(const KeptZero& zero, const ScanAdc& adc) noexcept;
  PlateVolts zero_volts(const ScanAdc& adc) const noexcept;

  /// After take(), of the same scan: what the zero does by itself (drift_report.hpp).
  void tell_drift(double t_s, const ScanAdc& adc, const Sample& cause, const TextWriter& events,
                  std::uint64_t& event_seq, SampleBatch& out) noexcept {
    if (follows_drift_)
      report_.tell(name_, model_, drift_, own(adc), state_.zero.codes, state_.newest[2], t_s, cause, events, event_seq,
                   out);
  }

  /// Of the last scan: unfiltered, about the centre of the surface, lab axes; NaN when clipped.
  const Wrench6& newest() const noexcept { return state_.newest; }
  bool clipped() const noexcept { return state_.clipped; }

  const PlateModel& model() const noexcept { return model_; }
  const std::string& name() const noexcept { return name_; }
  const Mat6& lab_covariance() const noexcept { return state_.lab_covariance; }
  void states(StatePieces& pieces);

 private:
  PlateAdc own(const ScanAdc& scan) const noexcept;
  PlateCodes own_zero_codes(const PlateAdc& adc) const noexcept;
  static PlateCodes codes_at_0_v(const PlateAdc& adc) noexcept;
  void follow_tare(TimeNs t) noexcept;
  void use(const PlateZero& zero) noexcept;
  struct State {
    PlateZero zero{};
    Mat6 lab_covariance{};
    Wrench6 newest{};
    TimeNs newest_t = 0, before_t = 0;         // of the last two scans
    TimeNs zeroed_from = 0, zeroed_until = 0;  // the grid in between mixes scans above two zeros
    std::uint32_t scans_to_zero = 0;           // of the next two scans, those that a tare is waiting for
    bool tared = false, clipped = false;
    std::array<std::uint8_t, 2> reserved{};  // no padding at the end: equal states are equal bytes
  };
  std::string name_;
  std::vector<int> columns_;
  PlateModel model_;
  Tare tare_;
  bool tare_complete_ = false;
  bool follows_drift_;
  DriftZero drift_;
  DriftReport report_;
  AmplifierLimit limit_;
  ChannelFilter<6> filter_;
  TimeNs bridged_;  ///< longest time between two scans over which the grid and the filter go on
  Resampler<12> resampler_;
  State state_;
};

}  // namespace grfd
