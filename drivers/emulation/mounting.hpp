// How an emulated IMU sits on its segment.
#pragma once
#include <stdexcept>

#include "schemas/settings.hpp"

namespace grfd {

/// Mounting of the emulated device of an IMU (columns = sensor axes in the segment). @throws std::invalid_argument when
/// no device has its name
inline const Mat3& mounting_of(const Settings& settings, const ImuSettings& imu) {
  for (const DeviceSettings& d : settings.devices)
    if (d.name == imu.name) return d.emulation.mounting;
  throw std::invalid_argument("imu '" + imu.name + "': no device has this name");
}

/// A vector of the segment seen in the sensor: M^T v.
inline Vec3 in_sensor(const Mat3& m, const Vec3& v) {
  Vec3 out;
  for (std::size_t j = 0; j < 3; ++j) out[j] = m[0][j] * v[0] + m[1][j] * v[1] + m[2][j] * v[2];
  return out;
}

}  // namespace grfd
