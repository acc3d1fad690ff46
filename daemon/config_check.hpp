// Shared by the cross checks (config_check.cpp and config_check_rig.cpp).
#pragma once
#include <span>
#include <string>

#include "daemon/config_reader.hpp"
#include "drivers/driver.hpp"
#include "schemas/settings.hpp"

namespace grfd {

/// Reports cross errors, but only about keys that could be read.
class Check {
 public:
  Check(const Settings& settings, Findings& findings) : s(settings), findings_(findings) {}
  void report(const std::string& path, const std::string& what) {
    if (!findings_.has_error(path)) findings_.report(path, what);
  }
  void warn(const std::string& path, const std::string& what) { findings_.warn(path, what); }
  bool given(const std::string& path) const { return findings_.given(path); }
  bool anything_wrong() const { return !findings_.empty(); }
  bool good(const std::string& path) const { return !findings_.has_error(path); }
  const Settings& s;

 private:
  Findings& findings_;
};

/// The device a stream "raw/<device>/<part>" belongs to; null when there is none of that name.
const DeviceSettings* device_of(const Check& c, const std::string& stream);

/// Devices, plates and inertial sensors, against each other and against the drivers.
void check_rig(Check& c, std::span<const DriverEntry> drivers);
/// Where plates and feet are, and what a plate's signals are at full scale.
void check_places(Check& c);

}  // namespace grfd
