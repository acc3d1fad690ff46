// A jump with a counter-movement, out of standing and back into it, and what the legs do in it.
#pragma once

namespace grfd {

/// Closed form in time. The plates feel it whole; inertial sensors feel what the legs do and gravity, not the push and
/// the fall of the whole body.
/// The ground pushes by the acceleration of the centre of mass beside what the legs' chain moves;
/// nothing pushes in the air.
class SubjectJump {
 public:
  struct Legs {
    double dorsiflexion_deg = 0, heel_deg = 0;
    double hips_m = 0;  ///< up
    double lift_m = 0;  ///< of the feet above the floor
  };
  /// @param speed_m_s at take-off; 0: no jump
  SubjectJump(double begin_s, double speed_m_s);

  /// The legs' chain has its own velocity and height, which nothing can change in the air: by how much more it moved
  /// than a body that falls freely. The landing makes up for it. Before anything is asked about a time after
  /// `leaves_s`.
  void set_drift(double speed_m_s, double height_m);
  double leaves_s() const { return leaves_; }
  double lands_s() const { return lands_; }

  bool in_air(double t_s) const { return t_s >= leaves_ && t_s < lands_; }
  /// On the ground, m/s^2, + up; 0 outside the jump.
  double acceleration(double t_s) const;
  Legs legs(double t_s) const;
  double end_s() const { return lands_ + kLandS + kRiseS; }

 private:
  static constexpr double kDipS = 0.5, kDip_m_s2 = -5, kPushS = 0.5, kReleaseS = 0.06, kTouchS = 0.04, kLandS = 0.3,
                          kRiseS = 0.8;
  double before_rise(double t_s) const;

  double begin_, speed_, push_ = 0, leaves_, lands_, absorb_ = 0;
  double low_ = 0;  ///< height at the end of the landing, from standing
};

}  // namespace grfd
