// What the settings of a MicroStrain sensor mean: its streams, and what it cannot do.
#pragma once
#include <string>
#include <vector>

#include "schemas/settings.hpp"
#include "schemas/stream.hpp"

namespace grfd::mip {

/// Why samples are missing; the labels are those of raw/<device>/loss.
enum class MipLoss : std::int64_t { link = 0, device = 1, corrupt = 2, clock_back = 3, restart = 4, clock_jump = 5 };
inline constexpr const char* kMipLossLabels =
    "0 bytes lost on the way, 1 not sent by the device, 2 damaged bytes, 3 the device restarted, 4 the driver "
    "restarted, "
    "5 the device's clock was set";

/// raw/<device>/inertial, raw/<device>/facts, raw/<device>/loss, and raw/<device>/sync with a sync_pin.
std::vector<StreamInfo> streams(const DeviceSettings& settings);
std::vector<std::string> check_settings(const DeviceSettings& settings);

}  // namespace grfd::mip
