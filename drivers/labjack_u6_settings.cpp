#include "drivers/labjack_u6_settings.hpp"

#include <charconv>
#include <set>

#include "drivers/emulation/labjack_u6_options.hpp"
#include "drivers/labjack_u6_protocol.hpp"
#include "drivers/labjack_u6_stream.hpp"
#include "drivers/sync_stream.hpp"

namespace grfd::u6 {

std::vector<StreamInfo> streams(const DeviceSettings& s) {
  const ScanClock clock = choose_clock(s.rate_hz).value_or(ScanClock{0, 1, 0});
  StreamInfo scan;
  scan.name = "raw/" + s.name + "/scan";
  scan.kind = StreamKind::raw;
  scan.type = ValueType::i32;
  scan.device = s.name;
  scan.serial = s.serial;
  scan.clock = s.name;
  scan.clock_unit = "scan";
  scan.rate_hz = clock.rate_hz();
  scan.parameters = "clock_hz=" + std::to_string(clock.clock_hz) + " interval=" + std::to_string(clock.interval);
  scan.description =
      "unsigned 16-bit codes of the +-10 V range, converted one after another; skew_s from channel_time_us, which is "
      "not "
      "verified on hardware";
  const double step = sample_time_s(s.channel_time_us / 1e6, s.resolution_index, s.settling_factor);
  for (int input : s.analog_inputs)
    scan.columns.push_back(
        {"ain" + std::to_string(input), "count", 0, static_cast<double>(scan.columns.size()) * step});
  if (s.digital_port)
    scan.columns.push_back({"digital", "code", 0, static_cast<double>(scan.columns.size()) * step,
                            "bits 0-7 FIO0-FIO7, bits 8-15 EIO0-EIO7; 1 is high or not connected"});

  StreamInfo calibration;
  calibration.name = "raw/" + s.name + "/calibration";
  calibration.kind = StreamKind::raw;
  calibration.type = ValueType::f64;
  calibration.device = s.name;
  calibration.serial = s.serial;
  calibration.columns = {{"positive_slope_v", "V/count"},
                         {"negative_slope_v", "V/count"},
                         {"center_count", "count"},
                         {"scan_rate_hz", "Hz"},
                         {"uncalibrated", "code", 0, 0, "0 read from the device, 1 nominal"},
                         {"firmware", "1"}};
  calibration.formula = "V = (code - center) * positive_slope, or (center - code) * negative_slope below the centre";
  calibration.description = "one row for each start of the device";

  StreamInfo loss;
  loss.name = "raw/" + s.name + "/loss";
  loss.kind = StreamKind::raw;
  loss.type = ValueType::i64;
  loss.device = s.name;
  loss.serial = s.serial;
  loss.clock = s.name;
  loss.clock_unit = "scan";
  loss.columns = {
      {"first_seq", "count"}, {"count", "count", 0, 0, "-1 unknown"}, {"cause", "code", 0, 0, kU6LossLabels}};
  loss.description = "scans that are missing, just before the first one after the hole, with that one's device time";
  std::vector<StreamInfo> all{scan, calibration, loss};
  if (sync_bits(s) != 0) all.push_back(sync_stream(s, "scan", scan.columns.back().skew_s));
  return all;
}

namespace {
bool is_serial(const std::string& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}
}  // namespace

std::vector<std::string> check_settings(const DeviceSettings& s) {
  std::vector<std::string> errors;
  if (s.clock != "own") errors.push_back("clock: this kind of device cannot be paced by another one, must be \"own\"");
  if (s.analog_inputs.empty()) errors.push_back("analog_inputs: empty, at least one AIN is needed");
  std::set<int> seen;
  for (int input : s.analog_inputs) {
    if (input < 0 || input > 13)
      errors.push_back("analog_inputs: AIN" + std::to_string(input) + " does not exist, 0 to 13 do");
    else if (!seen.insert(input).second)
      errors.push_back("analog_inputs: AIN" + std::to_string(input) + " is listed twice");
  }
  for (int line : s.sync_lines)
    if (line < 0 || line > 15)
      errors.push_back("sync_lines: line " + std::to_string(line) + " does not exist, 0-7 are FIO0-7 and 8-15 EIO0-7");
  const std::size_t channels = channel_count(s);
  if (channels > U6Stream::kMaxChannels)
    errors.push_back("analog_inputs: " + std::to_string(channels) +
                     " columns with the digital port, at most 16 fit a scan");
  if (s.resolution_index < 0 || s.resolution_index > 8)
    errors.push_back("resolution_index: " + std::to_string(s.resolution_index) + ", a stream allows 0 to 8");
  if (s.settling_factor < 0 || s.settling_factor > 255)
    errors.push_back("settling_factor: " + std::to_string(s.settling_factor) + ", 0 to 255 allowed");
  if (!choose_clock(s.rate_hz))
    errors.push_back("rate_hz: no clock of the U6 reaches " + std::to_string(s.rate_hz) +
                     " Hz, 0.24 Hz and more is possible");
  else if (static_cast<double>(channels) * s.rate_hz > 50e3)
    errors.push_back("rate_hz: " + std::to_string(channels) + " channels at " + std::to_string(s.rate_hz) +
                     " Hz are more than 50000 samples/s, at most " +
                     std::to_string(50e3 / static_cast<double>(channels)) + " Hz is possible");
  if (!s.serial.empty() && !is_serial(s.serial))
    errors.push_back("serial: '" + s.serial + "' is not a number as printed on the U6");
  if (!s.emulation.serial.empty() && !is_serial(s.emulation.serial))
    errors.push_back("emulation.serial: '" + s.emulation.serial + "' is not a number of at most 32 bits");
  for (std::string& error : u6_fault_errors(s.emulation)) errors.push_back(std::move(error));
  return errors;
}

}  // namespace grfd::u6
