// A device's sample counter of few bits -> sample numbers and epochs (science reference 3.1). The drivers so far do not
// need it: their devices count packets, which they watch themselves, or tell a time of 64 bits.
#pragma once
#include <array>
#include <cstdint>
#include <type_traits>

namespace grfd {

/// Unsigned counter of a device -> 64-bit sample number and epochs. The counter alone cannot tell a wrap or a loss from
/// a restart, so the arrival time decides: consecutive packets may be as late as they like (a stalled host) but not
/// more than max(0.1 s, 5 %) early; a larger jump must agree with the elapsed time to that tolerance, else a new epoch
/// begins.
class CounterUnwrap {
 public:
  /// `interval_s`: nominal time of one count; 0 when unknown (then half the counter's range decides).
  /// @throws std::invalid_argument unless 1 <= bits <= 62
  CounterUnwrap(int bits, double interval_s);

  struct Step {
    std::int64_t n;
    bool new_epoch;  ///< clock, filters and orientation of the device start again; n restarts at the counter's value
  };
  /// `arrival_s` NaN: no arrival time at hand.
  Step step(std::uint64_t counter, double arrival_s) noexcept;
  std::uint32_t epoch() const noexcept { return state_.epoch; }
  double late_s() const noexcept { return state_.late_s; }  ///< how far the stream is behind its samples
  void reset() noexcept { state_ = {}; }

  struct State {
    std::int64_t last = 0, base = 0, usual_jump = 1;
    double arrival_s = 0, late_s = 0;
    std::uint32_t epoch = 0;
    bool started = false;
    std::array<std::uint8_t, 3> reserved{};  // no padding: equal states are equal bytes
  };
  State& state() noexcept { return state_; }

 private:
  Step restart(std::int64_t counter, double arrival_s) noexcept;
  std::int64_t modulus_;
  double interval_s_;
  State state_;
};
static_assert(std::is_trivially_copyable_v<CounterUnwrap::State>);

}  // namespace grfd
