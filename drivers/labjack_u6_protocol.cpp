#include "drivers/labjack_u6_protocol.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "drivers/driver.hpp"

namespace grfd {

double labjack_u6_volts(std::int32_t count, double positive_slope, double negative_slope, double center) {
  const double above = count - center;
  return above < 0 ? -above * negative_slope : above * positive_slope;
}

std::int32_t labjack_u6_count(double volts, double positive_slope, double negative_slope, double center) {
  const double code = volts < 0 ? center - volts / negative_slope : center + volts / positive_slope;
  return static_cast<std::int32_t>(std::floor(std::clamp(code, 0.0, 65535.0) + 0.5));
}

namespace u6 {

const char* error_name(std::uint8_t code) noexcept {
  switch (code) {
    case 1:
      return "scratch_write_fail";
    case 2:
      return "scratch_erase_fail";
    case 3:
      return "data_buffer_overflow";
    case 4:
      return "adc0_buffer_overflow";
    case 5:
      return "function_invalid";
    case 6:
      return "swdt_time_invalid";
    case 7:
      return "xbr_config_error";
    case 48:
      return "stream_is_active";
    case 49:
      return "stream_table_invalid";
    case 50:
      return "stream_config_invalid";
    case 52:
      return "stream_not_running";
    case 53:
      return "stream_invalid_trigger";
    case 54:
      return "stream_adc0_buffer_overflow";
    case 55:
      return "stream_scan_overlap";
    case 56:
      return "stream_sample_num_invalid";
    case 57:
      return "stream_bipolar_gain_invalid";
    case 58:
      return "stream_scan_rate_invalid";
    case 59:
      return "stream_autorecover_active";
    case 60:
      return "stream_autorecover_report";
    case 63:
      return "stream_autorecover_overflow";
    case 68:
      return "timer_stream_active";
    case 96:
      return "invalid_pin";
    case 97:
      return "pin_configured_for_analog";
    case 98:
      return "pin_configured_for_digital";
    case 99:
      return "iotype_synch_error";
    case 100:
      return "invalid_offset";
    case 101:
      return "iotype_not_valid";
    case 102:
      return "tc_pin_offset_must_be_4_8";
    default:
      break;
  }
  if (code >= 16 && code <= 29) return "flash_error";
  if (code >= 64 && code <= 72) return "timer_error";
  if (code >= 80 && code <= 82) return "clock_or_power_error";
  return "error";
}

std::uint16_t checksum16(View bytes) noexcept {
  unsigned sum = 0;
  for (std::uint8_t b : bytes) sum += b;
  return static_cast<std::uint16_t>(sum);
}

std::uint8_t checksum8(View bytes) noexcept {
  unsigned sum = checksum16(bytes);
  sum = (sum & 0xff) + (sum >> 8);
  sum = (sum & 0xff) + (sum >> 8);
  return static_cast<std::uint8_t>(sum);
}

Bytes extended_frame(std::uint8_t number, View data, std::uint8_t kind) {
  const std::uint16_t sum = checksum16(data);
  Bytes frame(6 + data.size());
  frame[1] = kind;
  frame[2] = static_cast<std::uint8_t>(data.size() / 2);
  frame[3] = number;
  frame[4] = static_cast<std::uint8_t>(sum);
  frame[5] = static_cast<std::uint8_t>(sum >> 8);
  frame[0] = checksum8(View(frame).subspan(1, 5));
  std::copy(data.begin(), data.end(), frame.begin() + 6);
  return frame;
}

Bytes normal_frame(View rest) {
  Bytes frame(1 + rest.size());
  frame[0] = checksum8(rest);
  std::copy(rest.begin(), rest.end(), frame.begin() + 1);
  return frame;
}

std::uint8_t check_answer(View answer, std::uint8_t command, std::optional<std::uint8_t> number,
                          const std::string& what) {
  const auto wrong = [&](const std::string& why) -> DeviceError { return DeviceError(what + ": " + why); };
  if (answer.size() < 2) throw wrong("answer of " + std::to_string(answer.size()) + " bytes, at least 2 expected");
  if (answer[0] == 0xb8 && answer[1] == 0xb8) throw wrong("the device found a wrong checksum in the command (B8 B8)");
  if (answer[1] != command) throw wrong("answer to another command");
  if (!number) {
    if (answer.size() != 4) throw wrong("answer of " + std::to_string(answer.size()) + " bytes, 4 expected");
    if (answer[0] != checksum8(answer.subspan(1))) throw wrong("wrong checksum in the answer");
    return answer[2];
  }
  if (answer.size() < 8) throw wrong("answer of " + std::to_string(answer.size()) + " bytes, at least 8 expected");
  if (answer[3] != *number) throw wrong("answer to another extended command");
  if (answer.size() != 6u + 2u * answer[2]) throw wrong("the answer's length does not fit its word count");
  if (answer[0] != checksum8(answer.subspan(1, 5))) throw wrong("wrong 8-bit checksum in the answer");
  if (read16(&answer[4]) != checksum16(answer.subspan(6))) throw wrong("wrong 16-bit checksum in the answer");
  return answer[6];
}

double read_fixed(const std::uint8_t* p) noexcept {
  std::uint64_t bits = 0;
  for (int i = 7; i >= 0; --i) bits = bits << 8 | p[i];
  return static_cast<double>(static_cast<std::int64_t>(bits)) * 0x1p-32;
}

void write_fixed(std::uint8_t* p, double value) noexcept {
  const auto bits = static_cast<std::uint64_t>(std::llround(value * 0x1p32));
  for (int i = 0; i < 8; ++i) p[i] = static_cast<std::uint8_t>(bits >> (8 * i));
}

Calibration nominal_calibration() {
  Calibration c{};
  for (std::size_t gain = 0; gain < 4; ++gain) {
    const double scale = std::pow(10.0, -static_cast<double>(gain));
    const std::size_t block = gain / 2, at = 2 * (gain % 2);
    for (std::size_t base : {std::size_t{0}, std::size_t{6}}) {  // normal and high-resolution converter
      c[base + block][at] = 3.1580578e-4 * scale;
      c[base + block][at + 1] = -10.5869565220 * scale;
      c[base + block + 2][at] = -3.158058e-4 * scale;
      c[base + block + 2][at + 1] = 33523.0;
    }
  }
  c[4] = {13200.0, 0.0, 13200.0, 0.0};
  c[5] = {0.00001, 0.0002, -92.379, 465.129};
  return c;
}

std::uint32_t clock_of(std::uint8_t scan_config) noexcept {
  const std::uint32_t clock = scan_config & 0x08 ? 48'000'000 : 4'000'000;
  return scan_config & 0x02 ? clock / 256 : clock;
}

std::optional<ScanClock> choose_clock(double rate_hz) {
  std::optional<ScanClock> best;
  if (!(rate_hz > 0)) return best;
  for (std::uint8_t config : {0x00, 0x08, 0x02, 0x0a}) {
    const double exact = clock_of(config) / rate_hz;
    if (!(exact >= 0.5 && exact < 65535.5)) continue;
    for (double interval : {std::floor(exact), std::ceil(exact)}) {
      if (interval < 1 || interval > 65535) continue;
      const ScanClock c{clock_of(config), static_cast<std::uint16_t>(interval), config};
      if (!best || std::abs(c.rate_hz() - rate_hz) < std::abs(best->rate_hz() - rate_hz)) best = c;
    }
  }
  return best;
}

double sample_time_s(double base_s, int resolution_index, int settling_factor, double step) noexcept {
  return base_s * std::pow(step, std::clamp(resolution_index, 1, 8) - 1) + settling_factor * 10e-6;
}

}  // namespace u6
}  // namespace grfd
