// Taring one plate: the mean of an unloaded window, refused with evidence when it cannot be trusted.
#pragma once
#include "dsp/calibration.hpp"

namespace grfd {

enum class TareRefusal : std::uint8_t {
  none,
  not_finite,
  gap,
  clipped,
  person_on_plate,
  noisy,
  drifting,
  too_few_samples
};
constexpr const char* to_string(TareRefusal r) {
  constexpr const char* names[] = {"none",     "not_finite",     "gap", "clipped", "person_on_plate", "noisy",
                                   "drifting", "too_few_samples"};
  return names[static_cast<std::size_t>(r)];
}

struct TareResult {
  TareRefusal refusal = TareRefusal::none;
  int channel = -1;  ///< 0..5 = Fx..Mz that refused (noisy, drifting), or the raw channel (not_finite)
  std::uint32_t samples = 0;
  double duration_s = 0;
  Wrench6 offset{};       ///< mean above the reference, N and N.m at the sensor; NaN without a reference
  Wrench6 sd{}, slope{};  ///< N, N.m; per second
  PlateZero zero;         ///< valid when refusal is none
  bool accepted() const noexcept { return refusal == TareRefusal::none; }
};

struct TareParams {
  double duration_s = 2.0;
  double interval_s = 1e-3;  ///< of the samples; a step of more than 1.5 intervals is a gap
  double person_n = 50;      ///< |Fz above the reference|
  double noise_factor = 3;   ///< times the factory noise of the plate
  double slope_n_s = 0.5;    ///< of the three forces
};

/// Collects raw codes of one plate. Statistics are of the codes; the limits are checked after the matrix, in N and N.m,
/// with the slope of the converter at the mean code.
class Tare {
 public:
  /// @param channels of the plate
  explicit Tare(const TareParams& params = {}, std::size_t channels = 6) noexcept
      : params_(params), channels_(channels) {}

  /// `reference`: the codes of the last accepted tare of this plate, or of 0 V. A load of more than person_n above it
  /// is a person. NaN: unknown (first tare of an amplifier with a large offset): only noise and drift can then tell a
  /// person.
  void start(const PlateCodes& reference) noexcept {
    state_ = {};
    state_.reference = reference;
    state_.active = true;
  }
  void cancel() noexcept { state_.active = false; }
  bool active() const noexcept { return state_.active; }

  /// `t_s`: time of the sample. Codes that are NaN, samples marked clipped and gaps are remembered as reasons to
  /// refuse.
  /// @return true when the window is complete: call finish().
  bool push(double t_s, const PlateCodes& codes, bool clipped = false, bool gap_before = false) noexcept;
  /// Ends the window (also early, e.g. when the device stopped: too_few_samples).
  TareResult finish(const PlateAdc& adc, const PlateModel& plate) noexcept;

  struct State {
    PlateCodes reference{}, first{}, sum{}, sum_t{};  // sums of code - first code
    std::array<PlateCodes, kMaxPlateChannels> products{};
    double t_first = 0, t_last = 0, sum_time = 0, sum_time2 = 0;
    std::uint32_t n = 0;
    int not_finite = -1;
    bool active = false, gap = false, clipped = false;
    std::array<std::uint8_t, 5> reserved{};  // no padding at the end: equal states are equal bytes
  };
  State& state() noexcept { return state_; }

 private:
  TareParams params_;
  std::size_t channels_;
  State state_;
};
static_assert(std::is_trivially_copyable_v<Tare::State>);

}  // namespace grfd
