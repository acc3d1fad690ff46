// Decimation: fewer samples per second, with nothing folded into them. Picking samples is no substitute: what moves
// faster than the new rate can show would come back as something slow.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

namespace grfd {

struct Decimation {
  static constexpr double kBeta = 8;                 ///< of the Kaiser window
  static constexpr std::size_t kTapsPerPhase = 24;   ///< even: the delay is a whole number of new samples
  static constexpr double kCutoff = 0.8;             ///< in new Nyquist frequencies
  static constexpr std::size_t kMostDivisor = 1000;  ///< beyond that the window spans too much of any trial
};

/// Linear-phase low-pass for keeping every `divisor`-th sample: sinc under a Kaiser window, 24 divisor + 1 taps. In new
/// Nyquist frequencies: flat within 0.13 % up to 0.6, -6 dB at 0.8, below -60 dB from 1 on; gain 1 at 0 Hz. Divisor 1:
/// one tap. @throws std::invalid_argument unless 1 <= divisor <= 1000
std::vector<double> decimation_filter(std::size_t divisor);

/// Delay of that filter in a program that sees only the past, (n - 1) / 2 samples; `rate_hz` is that of its input.
double decimation_delay_s(std::size_t divisor, double rate_hz);

/// Offline, so without delay: filtered samples first, first + divisor, ... of x, each from a window about itself. A
/// sample is known when all of its window is, 12 divisor samples to both sides; at the ends and about a hole it is NaN,
/// because whatever the window were filled with would be invented. @throws std::invalid_argument as decimation_filter()
std::vector<double> decimate(std::span<const double> x, std::size_t divisor, std::size_t first = 0);

}  // namespace grfd
