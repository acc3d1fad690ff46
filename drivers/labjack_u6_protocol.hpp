// What driver, emulated device and tests of the LabJack U6 agree on: framing, checksums, constants, error names.
// Source: LabJack U6 datasheet (ConfigU6, StreamConfig, StreamData, calibration) and the MIT-licensed exodriver.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace grfd {

/// Volts at an input from a 16-bit stream sample. Slopes in V per count (the negative one is below 0), centre in
/// counts.
double labjack_u6_volts(std::int32_t count, double positive_slope, double negative_slope, double center);
/// The inverse, rounded to the nearest code and clamped to 0..65535.
std::int32_t labjack_u6_count(double volts, double positive_slope, double negative_slope, double center);

namespace u6 {

using Bytes = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;

inline constexpr std::uint16_t kVendor = 0x0cd5, kProduct = 0x0006;
inline constexpr std::uint8_t kCommandPipe = 0x01, kResponsePipe = 0x82, kStreamPipe = 0x83;

inline constexpr std::uint8_t kExtended = 0xf8, kStreamData = 0xf9, kStreamStart = 0xa8, kStreamStop = 0xb0,
                              kReset = 0x99;
inline constexpr std::uint8_t kFeedback = 0x00, kConfigU6 = 0x08, kConfigIo = 0x0b, kStreamConfig = 0x11,
                              kReadUserMem = 0x2a, kReadCalMem = 0x2d;
inline constexpr std::uint8_t kDigitalPort = 193;  ///< FIO in the low byte, EIO in the high byte

inline constexpr std::size_t kPacket = 64;  ///< a StreamData packet of 25 samples
inline constexpr int kSamplesPerPacket = 25;

enum Error : std::uint8_t {
  kFunctionInvalid = 5,
  kFlashError = 16,
  kStreamIsActive = 48,
  kStreamTableInvalid = 49,
  kStreamConfigInvalid = 50,
  kStreamNotRunning = 52,
  kScanOverlap = 55,
  kScanRateInvalid = 58,
  kRecoverActive = 59,
  kRecoverReport = 60,
  kRecoverOverflow = 63,
  kTimerStreamActive = 68,
  kInvalidOffset = 100,
  kIoTypeInvalid = 101,
};
/// The vendor's name of an error code in lower case; "error" when it has none. A literal.
const char* error_name(std::uint8_t code) noexcept;

/// Sum of the bytes, folded twice into 8 bits with the carry added.
std::uint8_t checksum8(View bytes) noexcept;
/// Plain sum modulo 65536.
std::uint16_t checksum16(View bytes) noexcept;
inline std::uint16_t read16(const std::uint8_t* p) noexcept { return static_cast<std::uint16_t>(p[0] | p[1] << 8); }

/// A frame `cs8 F8 words number cs16 data`: a command as well as an answer. `data.size()` must be even.
Bytes extended_frame(std::uint8_t number, View data, std::uint8_t kind = kExtended);
/// A frame `cs8 rest`.
Bytes normal_frame(View rest);

/// Checks an answer's frame in the order: length, refusal (B8 B8), command bytes, word count, checksums.
/// `number` is the extended command, or nothing for the four-byte answers of StreamStart and StreamStop.
/// @return the error code in the answer. @throws DeviceError naming `what` and the first check that failed
std::uint8_t check_answer(View answer, std::uint8_t command, std::optional<std::uint8_t> number,
                          const std::string& what);

/// Signed 32.32 fixed point, little endian.
double read_fixed(const std::uint8_t* p) noexcept;
void write_fixed(std::uint8_t* p, double value) noexcept;

/// The ten calibration blocks of four constants each; block 0 holds positive slopes, block 2 negative slopes and
/// centres.
using Calibration = std::array<std::array<double, 4>, 10>;
Calibration nominal_calibration();

/// Scan rate = clock_hz / interval exactly.
struct ScanClock {
  std::uint32_t clock_hz = 0;
  std::uint16_t interval = 0;
  std::uint8_t scan_config = 0;  ///< bit 3: 48 MHz instead of 4 MHz, bit 1: divided by 256
  double rate_hz() const { return static_cast<double>(clock_hz) / interval; }
};
/// The clock and interval nearest to the wanted rate; 4 MHz on a tie. Nothing when no clock reaches it.
std::optional<ScanClock> choose_clock(double rate_hz);
/// The clock that a ScanConfig byte selects, in Hz.
std::uint32_t clock_of(std::uint8_t scan_config) noexcept;

/// Time from one channel of a scan to the next. `base_s` is that of resolution index 1; each step of the index
/// multiplies it by `step` and settling adds 10 us per unit. Only 20 us at index 1 follows from the datasheet's 50
/// kS/s; the rest is an assumption.
double sample_time_s(double base_s, int resolution_index, int settling_factor, double step = 2) noexcept;

}  // namespace u6
}  // namespace grfd
