// White noise of an emulated IMU: deterministic from its seed.
#pragma once
#include <cmath>
#include <cstdint>

namespace grfd {

/// SplitMix64 (Steele, Lea and Flood, 2014).
class SplitMix {
 public:
  explicit SplitMix(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }
  /// In (0, 1).
  double uniform() { return (static_cast<double>(bits() >> 11) + 0.5) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

/// Standard normal numbers by the Box-Muller transform.
class Gaussian {
 public:
  explicit Gaussian(std::uint64_t seed) : random_(seed) {}
  double operator()() {
    if (has_second_) {
      has_second_ = false;
      return second_;
    }
    const double r = std::sqrt(-2 * std::log(random_.uniform())), a = 2 * M_PI * random_.uniform();
    second_ = r * std::sin(a);
    has_second_ = true;
    return r * std::cos(a);
  }

 private:
  SplitMix random_;
  double second_ = 0;
  bool has_second_ = false;
};

}  // namespace grfd
