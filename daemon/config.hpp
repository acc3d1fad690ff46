// The configuration: the only reader of settings files. Everything that is wrong is said at once, with file and line.
#pragma once
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "drivers/driver.hpp"
#include "schemas/settings.hpp"

namespace grfd {

/// what() holds one line per error: "file:line: key: what is wrong, what would be right"; for a value that came with
/// --set "--set key: ...".
struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What settings are read for. Only who opens the feed and the commands needs keys for them.
enum class Use { live, offline };

/// Reads a TOML file and the calibration files it names. Relative paths in it are relative to it, except
/// `record.folder`.
/// @param overrides "dotted.path=TOML value" (bare words are strings); an element of [[device]], [[plate]], [[imu]] is
///        reached by its name, side or device (device.u6.rate_hz) or by its index (device[0].rate_hz)
/// @param drivers what the devices are checked against
/// @throws ConfigError with every error that was found
Settings load_config(const std::string& path, const std::vector<std::string>& overrides = {},
                     std::span<const DriverEntry> drivers = driver_registry(), Use use = Use::live);

/// What a person wants to see before a session, on one screen.
std::string describe(const Settings& settings);

/// JSON Schema of the settings file and, under $defs, of a calibration file: the content of schemas/config.schema.json.
std::string config_schema();

/// From the effective settings in a recording.
struct RecordedLimits {
  FilterSettings filter;
  double cop_off_n = ThresholdSettings{}.cop_off_n, cop_total_off_n = ThresholdSettings{}.cop_total_off_n;
};
/// @throws std::runtime_error when they cannot be read
RecordedLimits recorded_limits(const std::string& effective);

}  // namespace grfd
