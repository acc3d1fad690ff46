// Where an inertial stream has its six values, and their SI scale.
#pragma once
#include <cmath>
#include <stdexcept>
#include <string>

#include "schemas/gravity.hpp"
#include "schemas/sample.hpp"
#include "schemas/settings.hpp"
#include "schemas/stream.hpp"

namespace grfd {

class InertialColumns {
 public:
  /// accel_x..z (g or m/s^2) and gyro_x..z (deg/s or rad/s), in any order.
  /// @throws std::invalid_argument when a column or its unit is missing
  explicit InertialColumns(const StreamInfo& stream)
      : accel_{input(stream, "accel_x"), input(stream, "accel_y"), input(stream, "accel_z")},
        gyro_{input(stream, "gyro_x"), input(stream, "gyro_y"), input(stream, "gyro_z")} {}

  Vec3 force_m_s2(const Sample& s) const noexcept { return read(s, accel_); }
  Vec3 gyro_rad_s(const Sample& s) const noexcept { return read(s, gyro_); }

 private:
  struct Input {
    std::size_t column = 0;
    double scale = 1;
  };
  using Three = std::array<Input, 3>;
  static Vec3 read(const Sample& s, const Three& from) noexcept {
    Vec3 v;
    for (std::size_t i = 0; i < 3; ++i) v[i] = static_cast<double>(value<float>(s, from[i].column)) * from[i].scale;
    return v;
  }
  static Input input(const StreamInfo& stream, const char* column) {
    for (std::size_t i = 0; i < stream.columns.size(); ++i) {
      const Column& c = stream.columns[i];
      if (c.name != column) continue;
      if (c.unit == "g") return {i, kStandardGravity_m_s2};
      if (c.unit == "deg/s") return {i, M_PI / 180};
      if (c.unit == "rad/s" || c.unit == "m/s^2") return {i, 1};
      throw std::invalid_argument(stream.name + ": column " + column + " has the unit '" + c.unit + "'");
    }
    throw std::invalid_argument(stream.name + " has no column " + column);
  }
  Three accel_, gyro_;
};

}  // namespace grfd
