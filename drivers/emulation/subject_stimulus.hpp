// The synthetic squatter in front of the emulated devices.
#pragma once
#include "drivers/emulation/subject.hpp"

namespace grfd {

/// Each plate carries the foot of its side. Not thread-safe, like every Stimulus.
class SubjectStimulus : public Stimulus {
 public:
  /// @throws std::invalid_argument when the subject's motion, a plate's corners or the name of an IMU's device are wrong
  explicit SubjectStimulus(const Settings& settings);
  Wrench plate(std::size_t plate, double t_s) override;
  void imu(std::size_t imu, double t_s, Vec3& gyro_rad_s, Vec3& specific_force_m_s2) override;
  std::vector<StreamInfo> truth_streams() const override;
  void truth(TimeNs session_start, TimeNs t, StreamId first, SampleBatch& out) override;
  const Subject& subject() const { return subject_; }

 private:
  struct Plate {
    std::string name;
    std::size_t side;
    PlateGeometry geometry;
  };
  struct Imu {
    Segment segment;
    Side side;
    Mat3 mounting;
  };
  const SubjectLoads& loads(double t_s);

  Subject subject_;
  std::vector<Plate> plates_;
  std::vector<Imu> imus_;
  double loads_t_s_;
  SubjectLoads loads_;
};

/// Mounting of the emulated device of an IMU (columns = sensor axes in the segment). @throws std::invalid_argument when no
/// device has its name
Mat3 mounting_of(const Settings& settings, const ImuSettings& imu);
/// A vector of the segment seen in the sensor: M^T v.
inline Vec3 in_sensor(const Mat3& m, const Vec3& v) {
  Vec3 out;
  for (std::size_t j = 0; j < 3; ++j) out[j] = m[0][j] * v[0] + m[1][j] * v[1] + m[2][j] * v[2];
  return out;
}

}  // namespace grfd
