#include "drivers/microstrain_mip_settings.hpp"

#include "drivers/emulation/microstrain_mip_device.hpp"
#include "drivers/microstrain_mip_setup.hpp"
#include "drivers/sync_stream.hpp"

namespace grfd::mip {

std::vector<StreamInfo> streams(const DeviceSettings& d) {
  StreamInfo inertial, facts, loss;
  inertial.name = "raw/" + d.name + "/inertial";
  inertial.kind = facts.kind = loss.kind = StreamKind::raw;
  inertial.columns = {{"accel_x", "g"},    {"accel_y", "g"},    {"accel_z", "g"},
                      {"gyro_x", "rad/s"}, {"gyro_y", "rad/s"}, {"gyro_z", "rad/s"}};
  inertial.device = facts.device = loss.device = d.name;
  inertial.serial = facts.serial = loss.serial = d.serial;
  inertial.clock = loss.clock = d.name;
  inertial.clock_unit = loss.clock_unit = "ns";
  inertial.rate_hz = kMipNominalBaseHz / mip_decimation(d.rate_hz, kMipNominalBaseHz);
  inertial.frame = "axes of the sensor's case (x forward, y right, z down)";
  inertial.sign =
      "specific force; expected, not verified: a level unit at rest reads -1 g on z, the mounting calibration decides; "
      "right-handed rotation";
  inertial.description = "scaled accelerometer and gyroscope as the device sends them";
  facts.name = "raw/" + d.name + "/facts";
  facts.type = ValueType::f64;
  facts.columns = {{"accel_range_g", "g"},
                   {"gyro_range_deg_s", "deg/s"},
                   {"base_rate_hz", "Hz"},
                   {"decimation", "1"},
                   {"rate_hz", "Hz"},
                   {"firmware", "1"},
                   {"accel_bandwidth_hz", "Hz"},
                   {"gyro_bandwidth_hz", "Hz"}};
  facts.description =
      "what the device said when it was started; bandwidths: corner frequencies of its own low-pass filters, unknown "
      "when it has none or does not tell; firmware 1107 is 1.1.07";
  loss.name = "raw/" + d.name + "/loss";
  loss.type = ValueType::i64;
  loss.columns = {{"first_seq", "count"}, {"count", "count"}, {"cause", "code", 0, 0, kMipLossLabels}};
  loss.description = "samples that are missing before the next one of the inertial stream; count -1: unknown";
  std::vector<StreamInfo> all{inertial, facts, loss};
  if (d.sync_pin > 0) all.push_back(sync_stream(d, "ns"));
  return all;
}

std::vector<std::string> check_settings(const DeviceSettings& d) {
  std::vector<std::string> errors;
  if (d.clock != "own") errors.push_back("clock: this kind of device cannot be paced by another one, must be \"own\"");
  if (!(d.rate_hz >= 1 && d.rate_hz <= kMipNominalBaseHz))
    errors.push_back("rate_hz: " + std::to_string(d.rate_hz) + " is outside the device's 1 to 1000 Hz");
  if (!(d.accel_range_g >= 0)) errors.push_back("accel_range_g: must be positive, or 0 to keep the device's setting");
  if (!(d.gyro_range_deg_s >= 0))
    errors.push_back("gyro_range_deg_s: must be positive, or 0 to keep the device's setting");
  if (d.sync_pin < 0 || d.sync_pin > 4) errors.push_back("sync_pin: must be 1 to 4, or 0 for none");
  for (std::string& error : mip_fault_errors(d.emulation)) errors.push_back(std::move(error));
  return errors;
}

}  // namespace grfd::mip
