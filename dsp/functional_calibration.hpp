// Functional calibration of the sensors on legs and pelvis: from a few guided movements to the axis that points to the
// subject's left, with its quality. Works on collected samples and allocates: not for the pipeline's thread.
// Gates: science reference 4.2.
#pragma once
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "dsp/motion_track.hpp"
#include "dsp/segments.hpp"

namespace grfd {

/// In this order; each may be repeated, which replaces what it gave before. `leg_raises` (one side is enough) and
/// `ankle_pumps` (per side) may be left out, `bows` without a pelvis sensor.
enum class CalibrationStep : std::uint8_t { still, leg_raises, heel_raises, knee_bends, ankle_pumps, bows, finish };
const char* to_string(CalibrationStep step);
std::optional<CalibrationStep> calibration_step(const std::string& name);

struct CalibrationParams {
  MainAxisParams axis;
  HingeParams hinge;
  double still_deg_s = 2, still_m_s2 = 0.5;  ///< RMS about the mean while standing still
  double pose_max_deg = 1.5;                 ///< between the still poses at the beginning and at the end
  double lost_max = 0.05;                    ///< share of the time without samples
  double turn_deg = 5;                       ///< a heel raise or knee bend turns its segment at least that far
  int turns_min = 3;
  double turns_agree = 0.8;                        ///< share of them that must go the same way
  double start_max_deg = 5;                        ///< a movement begins in the still pose
  double side_ratio = 2;                           ///< the leg that was asked to move turns that much more, RMS
  double side_deg_s = 10;                          ///< RMS; slower movement of one leg tells no sides
  double other_deg_s = 5;                          ///< RMS; slower, what should rest does rest
  double hinge_to_heel_deg = 45, toe_min_deg = 5;  ///< further apart: sign not clear; smaller toe angles say nothing
};

/// NaN: not part of this step. Angles deg, RMS figures in the unit of their names.
struct CalibrationFigures {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  std::string imu;
  bool accepted = false;
  std::string reason;            ///< empty, or what is wrong and what to do
  double seconds = 0, lost = 0;  ///< of data; share of the time without
  double still_deg_s = kUnknown, still_m_s2 = kUnknown, pose_change_deg = kUnknown;
  double moving_s = kUnknown, share = kUnknown, halves_deg = kUnknown, tilt_deg = kUnknown;
  double turns_for = kUnknown, turns_against = kUnknown;
  double turning_deg_s = kUnknown;   ///< RMS, of the leg that was asked to move alone
  std::optional<bool> side_checked;  ///< after such a step, and finish: a movement of one leg has told its side
  double hinge_ratio = kUnknown, hinge_singular_rad_s = kUnknown;
  double toe_deg =
      kUnknown;        ///< yaw of the heel raise's axis from the hinge's, about up: + on the left, - on the right
  std::string source;  ///< finish: "main_axis" or "hinge"
  Vec3 ml_left{}, up_m_s2{};  ///< finish, when accepted
};

struct CalibrationAnswer {
  bool accepted = false;
  std::string reason;                 ///< empty, or the first of what is wrong
  std::vector<std::string> warnings;  ///< worth a look, but no refusal
  std::optional<bool> sides_checked;  ///< finish: of all sensors on the legs
  std::vector<CalibrationFigures> sensors;
};

class FunctionalCalibration {
 public:
  struct Place {
    std::string imu;
    Segment segment = Segment::shank;
    Side side = Side::left;  ///< not of the pelvis
  };
  explicit FunctionalCalibration(std::vector<Place> places, const CalibrationParams& params = {});

  /// @param side of `leg_raises` and `ankle_pumps`. @param tracks one per place. A step that is refused changes
  /// nothing.
  CalibrationAnswer take(CalibrationStep step, Side side, const std::vector<MotionTrack>& tracks);
  /// What must have been done before; empty: it may begin.
  std::string missing_before(CalibrationStep step) const;
  const std::vector<Place>& places() const { return places_; }

 private:
  struct Turns {
    int up = 0, down = 0;
  };
  struct Sensor {
    Vec3 up{}, bias{};
    MotionTrack heel, bend, pump;
    Vec3 heel_axis{}, bend_axis{};  ///< signed: of the foot; of shank and thigh, and of the pelvis' bows; zero: unknown
    bool side_told = false;         ///< it moved, or rested, with the leg it is set to
  };
  bool concerned(CalibrationStep step, Side side, const Place& place) const;
  bool has_pelvis() const;
  bool begins_still(const Sensor& s, const MotionTrack& track) const;
  void still(const MotionTrack& track, CalibrationFigures& f, Sensor& s) const;
  MainAxis main_axis(const Sensor& s, std::initializer_list<const MotionTrack*> tracks) const;
  Turns turns(const Sensor& s, const MotionTrack& track, const Vec3& axis) const;
  /// @return the signed axis; zero when it is not to be told, or could not be
  Vec3 movement(const Sensor& s, const MotionTrack& track, const char* what, bool signs, CalibrationFigures& f) const;
  std::optional<HingeAxes> hinge(const Sensor& shank, const Sensor& foot, CalibrationFigures& f) const;
  double moves_deg_s(std::size_t i, const std::vector<MotionTrack>& tracks) const;
  void check_segments(CalibrationStep step, const std::vector<MotionTrack>& tracks, CalibrationAnswer& a) const;
  void check_sides(CalibrationStep step, Side side, const std::vector<MotionTrack>& tracks, std::vector<Sensor>& now,
                   CalibrationAnswer& a) const;
  void check_hinges(Side side, const std::vector<MotionTrack>& tracks, const std::vector<Sensor>& now,
                    CalibrationAnswer& a) const;
  void tell_sides(const std::vector<Sensor>& sensors, CalibrationAnswer& a) const;
  void axes(CalibrationAnswer& a, const std::vector<Sensor>& sensors) const;
  const Sensor* other(const std::vector<Sensor>& all, std::size_t i, Segment segment) const;
  /// The same segment of the other leg.
  std::optional<std::size_t> opposite(std::size_t i) const;

  std::vector<Place> places_;
  CalibrationParams params_;
  std::vector<Sensor> sensors_;
  bool still_ = false, heel_ = false, bend_ = false, bow_ = false;
};

}  // namespace grfd
