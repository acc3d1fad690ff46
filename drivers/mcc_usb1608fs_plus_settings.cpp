#include "drivers/mcc_usb1608fs_plus_settings.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>

#include "drivers/emulation/mcc_usb1608fs_plus_options.hpp"
#include "drivers/mcc_usb1608fs_plus_stream.hpp"
#include "drivers/sync_stream.hpp"

namespace grfd::mcc {
namespace {
std::string number(double v) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", v);
  return text;
}
}  // namespace

int sync_column(const DeviceSettings& s) {
  const auto at = std::find(s.analog_inputs.begin(), s.analog_inputs.end(), s.sync_input);
  return s.sync_input < 0 || at == s.analog_inputs.end() ? -1 : static_cast<int>(at - s.analog_inputs.begin());
}

std::uint8_t asked_inputs(const DeviceSettings& s) {
  unsigned mask = 0;
  for (const int input : s.analog_inputs)
    if (input >= 0 && input < static_cast<int>(kChannels)) mask |= 1u << input;
  return static_cast<std::uint8_t>(mask);
}

std::vector<StreamInfo> streams(const DeviceSettings& s) {
  const std::uint32_t period = pacer_period(s.rate_hz).value_or(39999);
  StreamInfo scan;
  scan.name = "raw/" + s.name + "/scan";
  scan.kind = StreamKind::raw;
  scan.type = ValueType::i32;
  scan.device = s.name;
  scan.serial = s.serial;
  scan.clock = external_clock(s) ? s.clock : s.name;
  scan.clock_unit = "scan";
  scan.rate_hz = pacer_rate_hz(period);
  scan.parameters = external_clock(s) ? "paced_by=" + s.clock
                                      : "clock_hz=40000000 interval=" + std::to_string(std::uint64_t{period} + 1);
  scan.description = "unsigned 16-bit codes, all channels converted at the same instant";
  for (std::size_t i = 0; i < s.analog_inputs.size(); ++i)
    scan.columns.push_back({"ain" + std::to_string(s.analog_inputs[i]), "count"});

  StreamInfo calibration;
  calibration.name = "raw/" + s.name + "/calibration";
  calibration.kind = StreamKind::raw;
  calibration.type = ValueType::f64;
  calibration.device = s.name;
  calibration.serial = s.serial;
  calibration.columns = {{"column", "1"},           {"slope", "1"},
                         {"offset_count", "count"}, {"full_scale_v", "V"},
                         {"scan_rate_hz", "Hz"},    {"uncalibrated", "code", 0, 0, "0 read from the device, 1 nominal"},
                         {"firmware", "1"},         {"calibration_date", "1"}};
  calibration.formula = "V = (slope * code + offset_count) * (2 full_scale_v / 65536) - full_scale_v";
  calibration.description =
      "one row per column of the scan for each start of the device; the date reads yyyymmdd, 0 is unknown";

  StreamInfo loss;
  loss.name = "raw/" + s.name + "/loss";
  loss.kind = StreamKind::raw;
  loss.type = ValueType::i64;
  loss.device = s.name;
  loss.serial = s.serial;
  loss.clock = scan.clock;
  loss.clock_unit = "scan";
  loss.columns = {
      {"first_seq", "count"}, {"count", "count", 0, 0, "-1 unknown"}, {"cause", "code", 0, 0, kMccLossLabels}};
  loss.description = "scans that are missing, just before the first one after the hole, with that one's device time";
  std::vector<StreamInfo> all{scan, calibration, loss};
  if (s.sync_input >= 0) {
    all.push_back(sync_stream(s, "scan"));
    all.back().clock = scan.clock;
  }
  return all;
}

std::vector<std::string> check_settings(const DeviceSettings& s) {
  std::vector<std::string> errors;
  const std::size_t n = s.analog_inputs.size();
  if (n == 0) errors.push_back("analog_inputs: empty, at least one of the inputs 0 to 7 is needed");
  for (std::size_t i = 0; i < n; ++i) {
    if (s.analog_inputs[i] < 0 || s.analog_inputs[i] > 7)
      errors.push_back("analog_inputs: input " + std::to_string(s.analog_inputs[i]) + " does not exist, 0 to 7 do");
    else if (i > 0 && s.analog_inputs[i] <= s.analog_inputs[i - 1])
      errors.push_back("analog_inputs: " + std::to_string(s.analog_inputs[i]) + " follows " +
                       std::to_string(s.analog_inputs[i - 1]) + ", but the device sends its inputs in rising order");
  }
  if (s.input_ranges_v.size() > 1 && s.input_ranges_v.size() != n)
    errors.push_back("input_ranges_v: " + std::to_string(s.input_ranges_v.size()) + " ranges for " + std::to_string(n) +
                     " inputs, one for each or one for all is needed");
  for (const int range : s.input_ranges_v)
    if (!range_code(range))
      errors.push_back("input_ranges_v: +-" + std::to_string(range) + " V does not exist, 10, 5, 2 and 1 do");
  if (!pacer_period(s.rate_hz))
    errors.push_back("rate_hz: no period of the 40 MHz pacer gives " + number(s.rate_hz) +
                     " Hz, 0.0094 Hz and more is possible");
  else if (s.rate_hz > 100e3)
    errors.push_back("rate_hz: " + number(s.rate_hz) + " Hz, each channel allows 100000 Hz at most");
  else if (const int scanned = std::popcount(padded(asked_inputs(s))); scanned * s.rate_hz > 400e3)
    errors.push_back("rate_hz: " +
                     (static_cast<std::size_t>(scanned) == n
                          ? std::to_string(n) + " channels at "
                          : std::to_string(n) + " inputs are scanned as " + std::to_string(scanned) +
                                " so that a packet holds whole scans, and " + std::to_string(scanned) + " at ") +
                     number(s.rate_hz) + " Hz are more than 400000 samples/s, at most " + number(400e3 / scanned) +
                     " Hz is possible" +
                     (static_cast<std::size_t>(scanned) == n
                          ? ""
                          : ", or " + number(800e3 / scanned) + " Hz with " + std::to_string(scanned / 2) + " inputs"));
  if (s.sync_input >= 0 && sync_column(s) < 0)
    errors.push_back("sync_input: input " + std::to_string(s.sync_input) +
                     " is not one of analog_inputs, so it is not scanned");
  else if (const int column = sync_column(s); column >= 0 && s.input_ranges_v.size() != 0 &&
                                              (s.input_ranges_v.size() == 1 || s.input_ranges_v.size() == n)) {
    const int full_scale = range_v(s, static_cast<std::size_t>(column));
    if (std::abs(s.sync_threshold_v) >= 0.9 * full_scale)
      errors.push_back("sync_threshold_v: " + number(s.sync_threshold_v) +
                       " V, must lie well inside the input's range of +-" + std::to_string(full_scale) + " V");
  }
  if (s.clock_offset_scans != 0 && !external_clock(s))
    errors.push_back("clock_offset_scans: only a unit that takes its clock from another one can be behind it");
  for (const auto& serial : {s.emulation.serial})
    if (!serial.empty() && serial.size() != 8)
      errors.push_back("emulation.serial: '" + serial + "', a unit's serial has 8 characters, e.g. 01A2B3C4");
  for (std::string& error : mcc_fault_errors(s.emulation)) errors.push_back(std::move(error));
  return errors;
}

}  // namespace grfd::mcc
