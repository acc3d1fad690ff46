// How many samples are missing between two time stamps of a sensor that does not count, by the steps before.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace grfd::ximu3 {

/// The period of one kind of message: the running median of the last 64 steps of its time stamps, which a loss cannot
/// move, refined to the mean of those near it, because the stamps are whole microseconds; after them, to the mean of
/// all steps of the last few thousand samples. So a hole of `n` samples is counted exactly while n (1/64 us) / period <
/// 1/2, some 10 000 samples at 3200 Hz, 80 000 at 400 Hz; once the stream has run for some seconds a hundred times
/// more, as far as the sensor's own clock keeps its pace.
class StepMeter {
 public:
  static constexpr std::size_t kSteps = 64, kEnough = 8;
  static constexpr double kSpan = 8192;  ///< samples; from there on half of the past is forgotten

  /// @param nominal_is_true until there are enough steps the nominal period is used; else the shortest step so far
  void reset(double nominal_us, bool nominal_is_true) noexcept {
    nominal_us_ = nominal_us;
    nominal_is_true_ = nominal_is_true;
    count_ = 0;
    span_us_ = span_n_ = 0;
  }
  /// The step to the newest stamp, in whole periods, at least 1. The step is remembered.
  std::uint64_t periods(std::uint64_t step_us) noexcept {
    const auto step = static_cast<double>(step_us);
    std::uint64_t n = 1;
    if (step > 1.5 * typical_us(step)) n = static_cast<std::uint64_t>(std::max(1LL, std::llround(step / period_us())));
    if (count_ >= kSteps) span(step, static_cast<double>(n));
    add(static_cast<std::uint32_t>(std::min<std::uint64_t>(step_us, UINT32_MAX)));
    return n;
  }
  /// The number of periods in such a step is certain, by a factor of two.
  bool can_count(std::uint64_t step_us) const noexcept {
    const double known = std::max(span_n_, static_cast<double>(size())), period = period_us();
    return count_ >= kEnough && static_cast<double>(step_us) / period / known < 0.25 * period;
  }
  double period_us() const noexcept {
    if (span_n_ >= kSteps) return span_us_ / span_n_;
    const double m = typical_us(HUGE_VAL);
    double sum = 0;
    int n = 0;
    for (std::size_t i = 0; i < size(); ++i) {
      if (std::abs(sorted_[i] - m) > 0.25 * m) continue;
      sum += sorted_[i];
      ++n;
    }
    return n ? sum / n : m;
  }

 private:
  void span(double step_us, double n) noexcept {
    if (!can_count(static_cast<std::uint64_t>(step_us))) {
      span_us_ = span_n_ = 0;
      return;
    }
    span_us_ += step_us;
    span_n_ += n;
    if (span_n_ <= kSpan) return;
    span_us_ /= 2;
    span_n_ /= 2;
  }
  std::size_t size() const noexcept { return std::min(count_, kSteps); }
  double typical_us(double candidate) const noexcept {
    if (count_ >= kEnough) return sorted_[size() / 2];
    if (nominal_is_true_) return nominal_us_;
    return count_ > 0 ? sorted_[0] : candidate;
  }
  void add(std::uint32_t step) noexcept {
    const std::size_t n = size();
    auto* const begin = sorted_.data();
    auto* end = begin + n;
    std::uint32_t& slot = ring_[count_ % kSteps];
    if (n == kSteps) {
      auto* const old = std::lower_bound(begin, end, slot);
      std::copy(old + 1, end, old);
      --end;
    }
    auto* const place = std::upper_bound(begin, end, step);
    std::copy_backward(place, end, end + 1);
    *place = step;
    slot = step;
    ++count_;
  }
  std::array<std::uint32_t, kSteps> ring_{}, sorted_{};
  std::size_t count_ = 0;
  double span_us_ = 0, span_n_ = 0;  ///< steps since the first 64, and the samples they count
  double nominal_us_ = 1;
  bool nominal_is_true_ = true;
};

}  // namespace grfd::ximu3
