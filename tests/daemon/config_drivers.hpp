// Two made-up drivers with the names and the shape of the real ones, so that the tests of the configuration need no
// driver.
#pragma once
#include <array>
#include <string>

#include "drivers/driver.hpp"
#include "drivers/emulation/emulated_device.hpp"

namespace grfd {

inline std::span<const DriverEntry> test_drivers() {
  static constexpr auto match = [] { return UsbMatch{}; };
  static constexpr auto make = [](const DeviceSettings&, StreamId) { return std::unique_ptr<Driver>(); };
  static constexpr auto emulate = [](const DeviceSettings&, const Senses&) {
    return std::unique_ptr<EmulatedDevice>();
  };
  static constexpr auto scan = [](const DeviceSettings& d) {
    StreamInfo info;
    info.name = "raw/" + d.name + "/scan";
    for (const int input : d.analog_inputs) info.columns.push_back({"ain" + std::to_string(input), "count"});
    if (d.digital_port) info.columns.push_back({"digital", "code"});
    return std::vector<StreamInfo>{info};
  };
  static constexpr auto inertial = [](const DeviceSettings& d) {
    StreamInfo info;
    info.name = "raw/" + d.name + "/inertial";
    info.columns = {{"accel_x", "m/s2"}, {"accel_y", "m/s2"}, {"accel_z", "m/s2"},
                    {"gyro_x", "rad/s"}, {"gyro_y", "rad/s"}, {"gyro_z", "rad/s"}};
    return std::vector<StreamInfo>{info};
  };
  static constexpr auto check_scan = [](const DeviceSettings& d) {
    std::vector<std::string> errors;
    if (d.analog_inputs.empty()) errors.push_back("analog_inputs: is empty, must name at least one input");
    return errors;
  };
  static constexpr auto check_inertial = [](const DeviceSettings& d) {
    std::vector<std::string> errors;
    if (d.rate_hz > 1000) errors.push_back("rate_hz: is above the fastest, must be at most 1000 Hz");
    if (d.accel_range_g == 3) errors.push_back("accel_range_g: is 3, must be 4 or 8");
    for (const auto& fault : d.emulation.faults)
      errors.push_back("emulation.faults." + fault.first + ": there is no such fault");
    if (d.rate_hz > 1000) errors.push_back("the whole device is impossible");
    return errors;
  };
  static const std::array<DriverEntry, 2> entries = {
      {{"labjack_u6", match, scan, check_scan, make, emulate},
       {"microstrain_mip", match, inertial, check_inertial, make, emulate}}};
  return entries;
}

}  // namespace grfd
