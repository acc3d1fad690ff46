// A synthetic squatter whose every metric has a known answer: closed form in time, no state, any start.
// Frame: X right, Y anterior, Z up, floor z = 0, both ankles at y = 0 in standing. Index 0 = left, 1 = right.
#pragma once
#include <array>
#include <numbers>

#include "drivers/emulation/stimulus.hpp"
#include "drivers/emulation/subject_jump.hpp"
#include "schemas/gravity.hpp"

namespace grfd {

/// Taps on a plate: force on it, and what a sensor that lies there feels beside gravity. sin^2 pulses.
struct SubjectTaps {
  static constexpr double kPulseS = 0.020, kAccelerationPerN = 20.0 / 300;  ///< science reference 3.5
  /// 0 to 1
  static double shape(const SubjectSettings& p, double t_s);
};

/// True event times of one repetition, seconds of lab time since the session's start.
struct Repetition {
  struct Foot {
    double on, plateau;          ///< start of the ankle's blend into its constant rate, and out of it
    double on_fit, plateau_fit;  ///< where a line through the constant-rate part meets zero and the full range
    double eversion_on;
  };
  double start, bottom, rise, end;
  std::array<Foot, 2> foot;
  bool has_plateau(std::size_t side, double slow_s) const { return foot[side].plateau_fit + 0.1 <= slow_s; }
};

/// One leg. Angles in the units of their names, relative to standing unless said; points in m.
struct LegPose {
  double dorsiflexion_deg, eversion_deg, heel_lift_deg, tibial_rotation_deg, knee_in_deg, turn_deg;
  double shank_rad;             ///< lean of the shank from vertical, + forward
  double thigh_sin, thigh_cos;  ///< of the thigh's lean from vertical, + hip behind the knee
  double ankle_y, ankle_z, knee_y, knee_z, hip_y;
  double foot_x;  ///< centre of pressure ML before sway
};

struct SubjectPose {
  double descent;    ///< 0 standing, 1 bottom
  double fall_back;  ///< 0..1
  std::array<LegPose, 2> leg;
  std::array<double, 2> share;  ///< of the load
  double hip_z, pelvis_y, pelvis_yaw_rad, trunk_sin, trunk_cos;
  double com_x, com_y, com_z;
  bool feasible;  ///< the chain could be closed
};

struct SubjectLoads {
  std::array<Wrench, 2> foot;                       ///< ground reaction about the lab origin, lab axes
  std::array<double, 2> cop_x, cop_y, free_moment;  ///< per foot
  double total_cop_x, total_cop_y;
};

/// What a perfect inclinometer on each segment shows, relative to standing. deg, deg/s.
struct AnkleTruth {
  double dorsiflexion, dorsiflexion_rate, shank_inclination, foot_pitch, eversion;
  double tibial_rotation;  ///< set axial rotation of the tibia over the foot, + inward (not an integral of gyroscopes)
  double shank_tilt;       ///< of the shank's long axis, in any direction, >= 0
  double shank_frontal;    ///< its sideways part, + = top to the subject's left
};

/// Of a shank and a foot that share their heading, relative to standing (joint coordinate system). deg.
struct JointTruth {
  double dorsiflexion, eversion, tibial_rotation;
  double heading;            ///< of the shank's medio-lateral axis from the foot's, + = to the left
  double dorsiflexion_rate;  ///< deg/s
};

/// What a perfect inclinometer shows of the pelvis, relative to standing, and its heading. deg.
struct PelvisTruth {
  double tilt, obliquity, axial;
};

class Subject {
 public:
  /// @throws std::invalid_argument "stimulus.subject.<key>: ..." when the motion is impossible
  explicit Subject(const SubjectSettings& settings);

  SubjectPose pose(double t_s) const;
  /// As if the subject stood on the plates all the time; `loaded` says how much of it the plates feel.
  SubjectLoads loads(double t_s) const;
  /// Body and, once it is taken, bar.
  double mass_kg(double t_s) const;
  /// 0 before the step on, 1 after it.
  double loaded(double t_s) const;
  /// Angular rate (rad/s) and specific force (m/s^2) in segment axes, of a sensor at the heel, mid-shank, mid-thigh or
  /// sacrum.
  void imu(double t_s, Segment segment, Side side, Vec3& gyro_rad_s, Vec3& specific_force_m_s2) const;
  AnkleTruth ankle(double t_s, Side side) const;
  JointTruth joint(double t_s, Side side) const;
  PelvisTruth pelvis(double t_s) const;
  /// Inclination of the thigh to the vertical, + = hip behind the knee, deg.
  double thigh(double t_s, Side side) const;

  /// k >= 0; the schedule goes on for ever when repetitions = -1. @throws nothing
  Repetition repetition(long k) const;
  double cycle_s() const { return cycle_; }
  /// When the descent becomes slower than 0.05 m/s: an ankle that stops later has no plateau of its own.
  double slow_s(const Repetition& r) const;
  const SubjectSettings& settings() const { return p_; }

 private:
  static constexpr double kRad = std::numbers::pi / 180;
  static constexpr double kStep = 1e-3;  ///< s, of the central differences
  static constexpr double kFootMass = 0.0145, kShankMass = 0.0465, kThighMass = 0.100,
                          kTrunkMass = 0.678;  ///< of the body's
  static constexpr double kCom = 0.433;        ///< of shank and thigh, from the proximal joint
  static double side_sign(std::size_t side) { return side == 0 ? -1 : 1; }
  static double second_difference(double before, double now, double after) {
    return (after - 2 * now + before) / (kStep * kStep);
  }

  /// Time as the repetitions see it: local, so that differences lose no digits after hours.
  struct Instant {
    double t_s = 0;
    double local_s = 0;  ///< since the start of the first repetition that moves anything now
    long count = 0;      ///< how many do
    bool raising = false;
    double raise_s = 0;  ///< since the present heel raise began
    bool bowing = false;
    double bow_s = 0;  ///< since the present bow began
    bool lunging = false;
    double lunge_s = 0;  ///< since the present trial of the knee-to-wall test began
    std::size_t lunge_side = 0;
    double lunge_less_deg = 0;  ///< than the room of that ankle
    std::array<double, 5> sway_cos, sway_sin;
  };
  /// The set courses, before the chain is solved.
  struct Course {
    double descent = 0, fall_back = 0, sway_y = 0, sway_x = 0, hip_z = 0;
    double bow_deg = 0, lift_m = 0;
    std::array<double, 2> dorsiflexion{}, eversion{}, heel{};
  };
  struct Link {
    double mass, y, z, radius, angle;
  };
  Instant instant(double t_s) const;
  std::array<Link, 7> links(const SubjectPose& o) const;
  Course course(const Instant& i, double dt, unsigned sides) const;
  void raise_heels(const Instant& i, double dt, Course& c) const;
  void lunge(const Instant& i, double dt, Course& c) const;
  void leg_chain(const Course& c, std::size_t side, LegPose& leg) const;
  SubjectPose pose(const Instant& i, double dt) const;
  Mat3 rotation(const Course& c, std::size_t side, Segment segment, const LegPose& leg) const;
  /// Its axes are those of the floor in the standing pose.
  Mat3 upright_shank(const Course& c, std::size_t side, const LegPose& leg) const;
  double role(const SubjectSettings::Pair& pair, std::size_t side) const {
    return side == static_cast<std::size_t>(p_.dominant) ? pair.dominant : pair.nondominant;
  }

  SubjectSettings p_;
  SubjectJump jump_;
  Repetition first_;  ///< relative to its own start
  double cycle_, active_from_, active_to_;
  double shank_m_, thigh_m_, ankle_m_, trunk_m_, hip_standing_m_, toe_cos_;
  std::array<Mat3, 2> toe_out_;
  std::array<double, 5> sway_step_cos_, sway_step_sin_;
};

}  // namespace grfd
