// The dialogue that makes a MicroStrain sensor ready to stream: who it is, what it can do, what it shall send.
#pragma once
#include "drivers/mip_command.hpp"

namespace grfd {

inline constexpr std::uint16_t kMicrostrainVendor = 0x199B, kStmVendor = 0x0483;
inline constexpr double kMipNominalBaseHz =
    1000;  ///< of every model of these families; the device is asked all the same

inline constexpr std::uint8_t kSyncTrigger = 1;  ///< trigger and action that the sync pin uses

struct MipSetup {
  bool generation5 = false;
  double base_rate_hz = kMipNominalBaseHz;
  int decimation = 1;
  double accel_range_g = 0, gyro_range_deg_s = 0;        ///< 0 = the device does not say
  double accel_bandwidth_hz = 0, gyro_bandwidth_hz = 0;  ///< of its low-pass filters; 0 = none, or it does not say
  int firmware = 0;                                      ///< 1107 = 1.1.07
};

struct MipInfo {
  DeviceIdentity identity;
  int firmware = 0;
};

/// Nearest divisor of the base rate, at least 1.
int mip_decimation(double rate_hz, double base_rate_hz);
/// By the USB strings. @throws DeviceError for another maker's device and for the second port of a unit with two
void require_main_port(const LinkInfo& info);
/// Ping and device info; what streams goes on streaming and is passed over. @throws LinkError, DeviceError
MipInfo mip_identify(mip::Commander& commander);
/// From idle up to, not including, resume. `info`: what this device has answered, its serial number is the one asked
/// for. @throws LinkError; DeviceError for an unknown base rate, a rate or range that the device does not have, a sync
/// pin that cannot time-stamp
MipSetup mip_configure(mip::Commander& commander, const DeviceSettings& settings, const MipInfo& info);

}  // namespace grfd
