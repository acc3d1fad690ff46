// What the settings of an MCC USB-1608FS-Plus mean: its streams, and what it cannot do.
#pragma once
#include <string>
#include <vector>

#include "drivers/mcc_usb1608fs_plus_protocol.hpp"
#include "schemas/settings.hpp"
#include "schemas/stream.hpp"

namespace grfd::mcc {

/// Full scale of the analogue input at `index` of the settings, in volts.
inline int range_v(const DeviceSettings& s, std::size_t index) {
  return s.input_ranges_v.empty()       ? 10
         : s.input_ranges_v.size() == 1 ? s.input_ranges_v[0]
                                        : s.input_ranges_v.at(index);
}
/// Column of the scan with the TTL line; -1: none.
int sync_column(const DeviceSettings& s);
/// Bit n: input n is one of analog_inputs; `padded` of it is what the unit scans.
std::uint8_t asked_inputs(const DeviceSettings& s);
/// Scans are paced by another unit over SYNC.
inline bool external_clock(const DeviceSettings& s) { return !s.clock.empty() && s.clock != "own"; }

/// raw/<device>/scan, raw/<device>/calibration, raw/<device>/loss, and raw/<device>/sync with a sync_input.
std::vector<StreamInfo> streams(const DeviceSettings& settings);
std::vector<std::string> check_settings(const DeviceSettings& settings);

}  // namespace grfd::mcc
