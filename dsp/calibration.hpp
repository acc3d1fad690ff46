// From raw counts to volts and to a trusted zero: converter constants, clipping, tare.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "dsp/plate_model.hpp"

namespace grfd {

/// Converter of 16-bit codes 0..65535: two slopes that meet at the centre (LabJack U6), or one straight line. The
/// defaults are the nominal constants of the U6's +/-10 V range; a device's own are read from its memory.
struct AdcCalibration {
  double positive_slope = 3.1580578e-4;  ///< V per code at and above the centre
  double negative_slope = -3.158058e-4;  ///< the sign of the device's memory: V = (center - code) * negative_slope
  double center = 33523.0;               ///< code at 0 V

  double volts(double code) const noexcept {
    return code < center ? (center - code) * negative_slope : (code - center) * positive_slope;
  }
  double volts_per_code(double code) const noexcept { return code < center ? -negative_slope : positive_slope; }
  /// Inverse of volts(), not rounded.
  double code(double v) const noexcept { return v < 0 ? center - v / negative_slope : center + v / positive_slope; }
  /// Finite constants of the right signs.
  bool plausible() const noexcept {
    return std::isfinite(center) && positive_slope > 0 && negative_slope < 0 && std::isfinite(positive_slope) &&
           std::isfinite(negative_slope);
  }
};

/// V = (slope * code + offset) * (2 FS / 65536) - FS, with the constants that the device keeps (MCC).
inline AdcCalibration straight_line(double slope, double offset_count, double full_scale_v) noexcept {
  const double v_per_code = slope * 2 * full_scale_v / 65536;
  return {v_per_code, -v_per_code, (32768 - offset_count) / slope};
}

/// The converter behind each of N channels; one for all when the device switches a single converter between them.
template <std::size_t N>
struct AdcChannels {
  std::array<AdcCalibration, N> channel{};
  AdcChannels() = default;
  AdcChannels(const AdcCalibration& all) noexcept { channel.fill(all); }
  AdcCalibration& operator[](std::size_t i) noexcept { return channel[i]; }
  const AdcCalibration& operator[](std::size_t i) const noexcept { return channel[i]; }
};
using ScanAdc = AdcChannels<16>;                           ///< by column of the scan
using PlateAdc = AdcChannels<kMaxPlateChannels>;           ///< by channel of the plate's calibration
using PlateCodes = std::array<double, kMaxPlateChannels>;  ///< raw codes; those beyond the last channel are 0

/// A channel is clipped from the third sample in a row that lies within two codes of full scale.
class ClipDetector {
 public:
  static constexpr std::size_t kChannels = 16;
  explicit ClipDetector(std::int32_t lowest = 0, std::int32_t highest = 65535) noexcept
      : lowest_(lowest + 2), highest_(highest - 2) {}
  /// @return bit i set when channel i is clipped. At most 16 channels are looked at.
  std::uint32_t push(std::span<const std::int32_t> codes) noexcept {
    const std::size_t channels = std::min(codes.size(), kChannels);
    std::uint32_t at_edge = 0, clipped = 0;
    for (std::size_t i = 0; i < channels; ++i)
      at_edge |= (static_cast<std::uint32_t>(codes[i] <= lowest_) | static_cast<std::uint32_t>(codes[i] >= highest_))
                 << i;
    for (std::size_t i = 0; at_edge != 0 && i < channels; ++i) {
      std::uint8_t& n = state_.run[i];
      n = at_edge >> i & 1u ? static_cast<std::uint8_t>(n < 3 ? n + 1 : 3) : std::uint8_t{0};
      clipped |= static_cast<std::uint32_t>(n == 3) << i;
    }
    if (at_edge == 0) std::fill_n(state_.run.begin(), channels, std::uint8_t{0});
    return clipped;
  }
  void reset() noexcept { state_ = {}; }

  struct State {
    std::array<std::uint8_t, kChannels> run{};
  };
  State& state() noexcept { return state_; }

 private:
  std::int32_t lowest_, highest_;
  State state_;
};
static_assert(std::is_trivially_copyable_v<ClipDetector::State>);

/// A channel whose amplifier is at the end of its range, from the third sample in a row on: the converter may reach
/// further and see nothing wrong. Within two codes, because the converter rounds.
class AmplifierLimit {
 public:
  /// @param full_scale_v of the amplifier's output; 0: unknown, nothing is ever clipped
  explicit AmplifierLimit(double full_scale_v = 0) noexcept : full_scale_v_(full_scale_v) {}
  /// @return true when one of the first `channels` is clipped
  bool push(const PlateAdc& adc, const PlateCodes& codes, std::size_t channels) noexcept {
    if (!(full_scale_v_ > 0)) return false;
    bool clipped = false;
    for (std::size_t i = 0; i < channels; ++i) {
      const double reach = std::abs(adc[i].volts(codes[i])) + 2 * adc[i].volts_per_code(codes[i]);
      std::uint8_t& n = state_.run[i];
      n = reach >= full_scale_v_ ? static_cast<std::uint8_t>(n < 3 ? n + 1 : 3) : std::uint8_t{0};
      clipped |= n == 3;
    }
    return clipped;
  }

  struct State {
    std::array<std::uint8_t, kMaxPlateChannels> run{};
  };
  State& state() noexcept { return state_; }

 private:
  double full_scale_v_;
  State state_;
};
static_assert(std::is_trivially_copyable_v<AmplifierLimit::State>);

/// Codes of a plate's channels at zero load, and the noise seen while they were taken.
struct PlateZero {
  PlateCodes codes{};  ///< mean raw codes (before the matrix: survives a change of gain or matrix)
  Mat6 covariance{};   ///< of the wrench at the sensor, plate axes (N, N.m); see Tare
};

/// Volts above zero load, of the first channels only.
inline PlateVolts tared_volts(const PlateAdc& adc, const PlateCodes& codes, const PlateZero& zero,
                              std::size_t channels = kMaxPlateChannels) noexcept {
  PlateVolts v;
  for (std::size_t i = 0; i < channels; ++i) v[i] = adc[i].volts(codes[i]) - adc[i].volts(zero.codes[i]);
  return v;
}

/// SD for cop_sigma: an SD of exactly 0 is a thresholded channel, not a perfect plate; a very small one is not
/// believed.
inline double noise_from_tare(double sd, double factory) noexcept {
  return sd > 0 ? (sd > 0.2 * factory ? sd : 0.2 * factory) : factory;
}

}  // namespace grfd
