// What the operator asks of the running pipeline: zero, tap, standing pose, knee-to-wall test, known mass, calibration.
#pragma once
#include <memory>
#include <vector>

#include "dsp/command_text.hpp"
#include "dsp/device_input.hpp"
#include "dsp/force_plate.hpp"
#include "dsp/inertial_sensor.hpp"
#include "dsp/lunge_command.hpp"
#include "dsp/mass_command.hpp"
#include "dsp/pose_command.hpp"
#include "dsp/tap_command.hpp"
#include "dsp/tare_command.hpp"

namespace grfd {

/// Each command collects while it runs and answers by an event. All memory is allocated in the constructor.
class LabCommands {
 public:
  /// One entry per plate and IMU of the settings, in their order; everything outlives this. Events go out through
  /// `events`, numbered by `seq`.
  LabCommands(const Settings& settings, const std::vector<std::unique_ptr<ForcePlate>>& plates,
              const std::vector<DeviceInput*>& plate_device, std::vector<std::unique_ptr<InertialSensor>>& imus,
              const std::vector<DeviceInput*>& imu_device, const TextWriter& events, std::uint64_t& seq);

  /// Nothing when its verb is none of these.
  void take(const CommandText& command, const Sample& cause, SampleBatch& out) noexcept;
  /// After each scan of a converter.
  void scan(const Sample& scan, SampleBatch& out) noexcept { tare_.check(scan, out); }
  /// At least every 10 ms, also without data: an operator is not kept waiting.
  void tick(const Sample& tick, SampleBatch& out) noexcept;
  /// On the grid, before the metrics and after them.
  void before_metrics(Frame& frame, SampleBatch& out) noexcept { lunge_.prepare(frame, out); }
  void after_metrics(Frame& frame, SampleBatch& out) noexcept;
  void states(StatePieces& pieces);

 private:
  std::vector<std::unique_ptr<InertialSensor>>& imus_;
  const TextWriter& events_;
  std::uint64_t& seq_;
  TareCommand tare_;
  TapCommand tap_;
  PoseCommand pose_;
  LungeCommand lunge_;
  MassCommand mass_;
};

}  // namespace grfd
