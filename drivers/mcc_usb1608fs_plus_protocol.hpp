// Requests, memory and payloads of the MCC USB-1608FS-Plus; the byte map is the head of mcc_usb1608fs_plus.cpp.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace grfd::mcc {

inline constexpr std::uint16_t kVendor = 0x09db, kProduct = 0x00ea;
inline constexpr std::uint8_t kIn = 0xc0, kOut = 0x40;  ///< vendor requests to the device
inline constexpr std::size_t kPacket = 64, kChannels = 8, kFifoSamples = 32768;
inline constexpr std::size_t kCalibrationBytes = 512, kDateAddress = 0x200, kMemoryBytes = 0x300;
inline constexpr double kPacerHz = 40e6;

enum Request : std::uint8_t {
  kDTristate = 0x00,
  kDPort = 0x01,
  kDLatch = 0x02,
  kAIn = 0x10,
  kAInScanStart = 0x11,
  kAInScanStop = 0x12,
  kAInScanConfig = 0x14,
  kAInClearFifo = 0x15,
  kCounter = 0x20,
  kCalMemory = 0x30,
  kUserMemory = 0x31,
  kMbdMemory = 0x32,
  kBlinkLed = 0x41,
  kReset = 0x42,
  kStatus = 0x44,
  kSerial = 0x48,
  kDfu = 0x50
};
inline constexpr std::uint16_t kScanRunning = 0x0002, kScanOverrun = 0x0004;  ///< of the status word; mask the rest
/// Bits of ScanStart::options. Bits 4-2 choose a trigger.
inline constexpr std::uint8_t kImmediate = 0x01, kPacerOut = 0x02, kDebug = 0x20, kNoStall = 0x80;

struct ScanStart {
  std::uint32_t scan_count = 0;    ///< 0: without end
  std::uint32_t pacer_period = 0;  ///< 40 MHz / rate - 1; 0: one scan for each rising edge on SYNC
  std::uint8_t mask = 0;           ///< bit n: channel n
  std::uint8_t options = 0;
};
/// With 1, 2, 4 or 8 inputs a packet holds whole scans, and one that is lost moves no column: what is scanned when
/// `asked` is wanted, filled up from the lowest input on.
constexpr std::uint8_t padded(std::uint8_t asked) {
  const auto full = static_cast<int>(std::bit_ceil(static_cast<unsigned>(std::popcount(asked))));
  unsigned mask = asked;
  for (unsigned bit = 1; std::popcount(mask) < full; bit <<= 1) mask |= bit;
  return static_cast<std::uint8_t>(mask);
}
std::array<std::byte, 10> encode(const ScanStart& start);
ScanStart decode(std::span<const std::byte, 10> payload);

/// @return null when no pacer reaches this rate
std::optional<std::uint32_t> pacer_period(double rate_hz);
constexpr double pacer_rate_hz(std::uint32_t period) { return kPacerHz / (static_cast<double>(period) + 1); }

/// @return null unless the range is +-10, 5, 2 or 1 V
constexpr std::optional<std::uint8_t> range_code(int full_scale_v) {
  switch (full_scale_v) {
    case 10:
      return std::uint8_t{0};
    case 5:
      return std::uint8_t{1};
    case 2:
      return std::uint8_t{3};
    case 1:
      return std::uint8_t{5};
    default:
      return std::nullopt;
  }
}
/// @return 0 when there is no such code
constexpr int full_scale_v(std::uint8_t range) {
  return range == 0 ? 10 : range == 1 ? 5 : range == 3 ? 2 : range == 5 ? 1 : 0;
}

/// Constants of one channel on one range: corrected code = slope * code + offset, not rounded, not clipped.
struct ChannelCalibration {
  double slope = 1, offset = 0;
  /// Finite, and a slope that a unit may have.
  bool plausible() const;
  double volts(double code, int range_v) const { return (slope * code + offset) * (2.0 * range_v / 65536) - range_v; }
  double code(double volts, int range_v) const {
    return ((volts + range_v) * 65536 / (2.0 * range_v) - offset) / slope;
  }
};
constexpr std::size_t calibration_address(std::uint8_t range, std::size_t channel) {
  return (std::size_t{range} * kChannels + channel) * 8;
}
/// @param memory the first 512 bytes at least
ChannelCalibration read_calibration(std::span<const std::byte> memory, std::uint8_t range, std::size_t channel);
void write_calibration(std::span<std::byte> memory, std::uint8_t range, std::size_t channel, float slope, float offset);

}  // namespace grfd::mcc
