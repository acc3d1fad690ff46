// Which devices a computed stream comes from: StreamInfo::device of the metrics.
#pragma once
#include <string>
#include <vector>

#include "schemas/settings.hpp"

namespace grfd {

/// Names of the devices of these raw streams, each once, in this order, joined by ", ". Empty streams are passed over.
std::string source_devices(const std::vector<std::string>& raw_streams);
/// Of all plates.
std::string plate_devices(const Settings& settings);
/// Of all plates and inertial sensors.
std::string rig_devices(const Settings& settings);

}  // namespace grfd
