// What an emulated device senses. Times are seconds of true lab time since the session's start; any order is allowed.
#pragma once
#include <array>
#include <span>
#include <vector>

#include "drivers/emulation/pacer_wire.hpp"
#include "drivers/emulation/sync_line.hpp"
#include "schemas/sample_batch.hpp"
#include "schemas/settings.hpp"
#include "schemas/stream.hpp"

namespace grfd {

/// Voltages at the inputs of an analogue front end.
struct AnalogSource {
  virtual ~AnalogSource() = default;
  /// Volts at AIN `input` at time t_s.
  virtual double volts(int input, double t_s) = 0;
};

/// Angular rate (rad/s) and specific force (m/s^2, +g upward at rest) in sensor axes, without noise and bias.
struct InertialSource {
  virtual ~InertialSource() = default;
  virtual void read(double t_s, Vec3& gyro_rad_s, Vec3& specific_force_m_s2) = 0;
};

/// What is wired to an emulated device: it takes what it has inputs for.
struct Senses {
  AnalogSource* analog = nullptr;
  InertialSource* inertial = nullptr;
  SyncLine sync = {};
  PacerWire* pacer = nullptr;  ///< the terminal over which front ends share one pacer; null: nothing is wired to it
};

using Wrench = std::array<double, 6>;  ///< Fx Fy Fz (N) Mx My Mz (N.m)

/// Sensor geometry of a plate as the pipeline sees it; a stimulus turns lab truth into what the transducer feels.
struct PlateGeometry {
  Mat3 rotation{};  ///< columns = plate axes written in the lab
  Vec3 center_m{};  ///< surface centre in the lab
  Vec3 origin_m{};  ///< sensor origin -> surface centre incl. pad, plate axes
  Sense sense = Sense::reaction;
};

class Stimulus {
 public:
  virtual ~Stimulus() = default;
  /// Wrench about the sensor's origin, in plate axes and in the plate's own sense. `plate`: index in Settings::plates.
  virtual Wrench plate(std::size_t plate, double t_s) = 0;
  /// `imu`: index in Settings::imus. Sensor axes (EmulationSettings::mounting of its device).
  virtual void imu(std::size_t imu, double t_s, Vec3& gyro_rad_s, Vec3& specific_force_m_s2) = 0;
  /// Streams this stimulus knows the truth of ("truth/cop/left", with the columns of the stream they answer, and
  /// "events"-like texts in "truth/events").
  virtual std::vector<StreamInfo> truth_streams() const = 0;
  /// Truth at grid time t (an integer millisecond of lab time since `session_start`); sample.t = lab time.
  /// Called for every millisecond in order. Ids follow each other from `first`.
  virtual void truth(TimeNs session_start, TimeNs t, StreamId first, SampleBatch& out) = 0;
  /// When nothing more will happen, in seconds; 0 = never.
  virtual double end_s() const { return 0; }
};

}  // namespace grfd
