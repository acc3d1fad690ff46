// The calibration command: axes that a functional calibration found, computed elsewhere, are in use from here on.
#pragma once
#include <memory>
#include <vector>

#include "dsp/command_text.hpp"
#include "dsp/inertial_sensor.hpp"

namespace grfd {

/// calibration {"id":N,"imus":{"IMU":[jx,jy,jz],...}}: axes to the left, sensor axes; or six numbers, the axis and the
/// specific force of the still pose, which then is the zero of the angles.
/// @return true when a pose was taken
inline bool use_calibration(const CommandText& command, const Sample& cause,
                            std::vector<std::unique_ptr<InertialSensor>>& imus, const TextWriter& events,
                            std::uint64_t& seq, SampleBatch& out) noexcept {
  int used = 0;
  bool posed = false;
  for (auto& imu : imus) {
    std::array<double, 6> v{};
    const std::size_t n = command.numbers(imu->name(), v);
    if ((n != 3 && n != 6) || !imu->set_axis({v[0], v[1], v[2]})) continue;
    ++used;
    posed |= n == 6 && imu->set_pose({v[3], v[4], v[5]});
  }
  events.write(out, row_time(cause), seq, "calibration_result {\"id\":%lld,\"accepted\":%s,\"sensors\":%d}",
               static_cast<long long>(command.id()), used > 0 ? "true" : "false", used);
  return posed;
}

}  // namespace grfd
