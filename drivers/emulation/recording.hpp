// A real recording in front of the emulated devices.
#pragma once
#include "drivers/emulation/stimulus.hpp"

namespace grfd {

/// Samples of the plates of a session, in the order of Settings::plates.
struct PlateRecording {
  struct Plate {
    std::string name;
    PlateGeometry geometry;
    std::vector<Wrench> sensor;  ///< about the sensor's origin, plate axes, the plate's own sense
  };
  std::string file;
  double rate_hz = 0, lead_in_s = 0;
  std::vector<Plate> plates;  ///< all with equally many samples, at least 1
};

/// Sample k is felt at lead_in_s + k / rate: exactly (to 1 ns) there, by a cubic through four samples between them, and
/// nothing before the first or after the last. IMUs lie still, level in their mountings.
class RecordingStimulus : public Stimulus {
 public:
  /// `mountings`: of the devices of Settings::imus, in their order
  RecordingStimulus(PlateRecording recording, std::vector<Mat3> mountings);
  Wrench plate(std::size_t plate, double t_s) override;
  void imu(std::size_t imu, double t_s, Vec3& gyro_rad_s, Vec3& specific_force_m_s2) override;
  std::vector<StreamInfo> truth_streams() const override;
  void truth(TimeNs session_start, TimeNs t, StreamId first, SampleBatch& out) override;
  std::size_t samples() const { return samples_; }
  double end_s() const override;  ///< time of the last sample

 private:
  PlateRecording recording_;
  std::vector<Mat3> mountings_;
  std::size_t samples_ = 0;
};

}  // namespace grfd
