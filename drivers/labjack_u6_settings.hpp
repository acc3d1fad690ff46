// What the settings of a LabJack U6 mean: its streams, and what it cannot do.
#pragma once
#include <string>
#include <vector>

#include "schemas/settings.hpp"
#include "schemas/stream.hpp"

namespace grfd::u6 {

/// Columns of a scan: the analogue inputs, then the digital port if wanted.
inline std::size_t channel_count(const DeviceSettings& s) { return s.analog_inputs.size() + (s.digital_port ? 1 : 0); }

/// Bits of the digital port whose edges are wanted; 0 without a digital port.
inline std::uint16_t sync_bits(const DeviceSettings& s) {
  std::uint16_t bits = 0;
  if (s.digital_port)
    for (int line : s.sync_lines) bits = static_cast<std::uint16_t>(bits | 1u << (line & 15));
  return bits;
}

/// raw/<device>/scan, raw/<device>/calibration, raw/<device>/loss and, with lines to watch, raw/<device>/sync, in this
/// order.
std::vector<StreamInfo> streams(const DeviceSettings& settings);
/// Empty when the device can do what is asked. Only the +-10 V range exists in the settings: the others are too slow
/// for more than one channel at 1 kHz.
std::vector<std::string> check_settings(const DeviceSettings& settings);

}  // namespace grfd::u6
