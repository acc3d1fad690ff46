// What the events stream says about a zero that follows its drift.
#pragma once
#include "dsp/drift_zero.hpp"
#include "dsp/row_writer.hpp"

namespace grfd {

/// At every change between following and held; while it follows at most once a second, when the zero has moved on by
/// 0.05 N in any direction; a warning whenever there was no unloaded second for another overdue_s, and one when the
/// plate is found off zero.
class DriftReport {
 public:
  /// `adc`: of the plate's channels; `fz_n`: as in DriftZero::step(). After every one.
  void tell(const std::string& plate, const PlateModel& model, const DriftZero& drift, const PlateAdc& adc,
            const PlateCodes& zero, double fz_n, double t_s, const Sample& cause, const TextWriter& events,
            std::uint64_t& event_seq, SampleBatch& out) noexcept;

  /// A tare has set the zero: that is told elsewhere.
  void tared(const PlateCodes& zero) noexcept { state_.told_zero = zero; }

  struct State {
    PlateCodes told_zero{};
    double told_at_s = 0, warned_at_s = 0;
    bool started = false, told_following = false, told_off = false;
    std::array<std::uint8_t, 5> reserved{};  // no padding at the end: equal states are equal bytes
  };
  State& state() noexcept { return state_; }

 private:
  State state_{};
};
static_assert(std::is_trivially_copyable_v<DriftReport::State>);

}  // namespace grfd
