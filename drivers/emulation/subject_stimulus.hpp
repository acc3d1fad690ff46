// The synthetic squatter in front of the emulated devices.
#pragma once
#include "drivers/emulation/subject_repetition.hpp"

namespace grfd {

/// Each plate carries the foot of its side. Not thread-safe, like every Stimulus.
class SubjectStimulus : public Stimulus {
 public:
  /// @throws std::invalid_argument when the subject's motion, a plate's corners or the name of an IMU's device are
  /// wrong
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

  double tap_n(const Plate& plate, double t_s) const;

  Subject subject_;
  RepetitionTruth repetitions_;
  std::vector<Plate> plates_;
  std::vector<Imu> imus_;
  bool joints_ = false;  ///< ankle_jcs/* is asked for
  bool pelvis_ = false;  ///< has a sensor
  std::array<bool, 2> thigh_{};
  double loads_t_s_;
  SubjectLoads loads_;
};

}  // namespace grfd
