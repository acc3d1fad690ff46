// The parts of the configuration that only daemon/config*.cpp share.
#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "daemon/config.hpp"
#include "daemon/config_reader.hpp"
#include "drivers/driver.hpp"
#include "schemas/settings.hpp"

namespace grfd {

/// The key by which an element of an array of tables is called: device -> name, plate -> side, imu -> device.
const char* identity_of(std::string_view array);

/// @throws toml::parse_error, std::system_error when the file cannot be read
std::string read_text(const std::filesystem::path& file);

// Each names the keys of its part, once. `folder`: what relative paths are relative to.
void read_settings(Reader& r, Settings& settings, const std::filesystem::path& folder);
void read_device(Reader& r, DeviceSettings& device);
void read_plate(Reader& r, PlateSettings& plate, const std::filesystem::path& folder);
void read_imu(Reader& r, ImuSettings& imu);
/// @return whether its channels are known: how many, if not all about them
bool read_calibration(Reader& r, PlateCalibration& calibration);
void read_stimulus(Reader& r, StimulusSettings& stimulus, const std::filesystem::path& folder);

/// Every key of a settings file (and of a calibration file) with its default, in the order of reading.
std::vector<ConfigKey> settings_keys();
std::vector<ConfigKey> calibration_keys();

/// "device.u6.rate_hz=500" into the document. Errors go to `findings`.
void apply_override(toml::table& document, const std::string& text, Findings& findings);

/// What no single key can know: names, references, order, what the drivers and the ports allow.
void check_settings(const Settings& settings, Findings& findings, std::span<const DriverEntry> drivers, Use use);

}  // namespace grfd
