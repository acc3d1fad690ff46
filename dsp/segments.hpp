// From sensor axes to segment axes: the pose in quiet standing and a functional medio-lateral axis.
// Segment axes in neutral stance: x right, y anterior, z up. The axis j points to the subject's LEFT, so that a
// positive turn about it is forward lean of the shank or heel rise of the foot. Rates are rad/s without bias, in sensor
// axes.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

#include "dsp/quaternion.hpp"

namespace grfd {

/// Rows: x, y, z of the segment written in sensor axes (so rows * sensor vector = segment vector).
/// @param up specific force of the still pose, any length; @param ml_left axis to the subject's left, any length.
/// Nothing if one of them is zero, not finite, or if they lie within 10 deg of one line.
std::optional<Mat3> segment_frame(const Vec3& up, const Vec3& ml_left) noexcept;

// ---- principal axis of rotation --------------------------------------------------------------------------------

struct MainAxisParams {
  double share_min = 0.95;    ///< of the energy of the angular rate
  double halves_max_deg = 5;  ///< between the axes of the two halves of the movement
  double tilt_max_deg = 15;   ///< out of the horizontal in the still pose
  double moving_deg_s = 10;   ///< slower samples do not count
  double moving_min_s = 2;    ///< of movement, for a verdict
  double first_turn_deg = 8;  ///< the first movement from rest decides the sign once it has turned that far
  double first_turn = 1;      ///< its sign about the axis to the left: -1 where the top of the segment goes back
};

enum class AxisVerdict : std::uint8_t { accepted, too_little_motion, low_share, unsteady, not_horizontal, no_sign };
const char* to_string(AxisVerdict v);

struct MainAxis {
  Vec3 axis{};       ///< unit, pointing left if sign_known
  double share = 0;  ///< largest eigenvalue / trace of sum w w'
  double halves_deg = 180, tilt_deg = 90;
  double moving_s = 0;  ///< time that went into it
  bool sign_known = false;
  AxisVerdict verdict = AxisVerdict::too_little_motion;
};

/// Accumulates sum w w' while somebody moves about one axis (heel raises, ankle pumps, squats). Constant memory: the
/// movement is kept as up to 32 blocks, so that it can be cut near its middle at any time. It cannot see an oblique toe
/// line: an axis yawed in the horizontal plane passes.
class MainAxisEstimator {
 public:
  using Params = MainAxisParams;
  static constexpr std::size_t kBlocks = 32;
  struct Block {
    std::array<double, 6> sum{};  ///< xx xy xz yy yz zz
    double time_s = 0;
  };
  struct State {
    std::array<Block, kBlocks> blocks{};
    double block_s = 0.05;   ///< length of a full block
    Vec3 turn{};             ///< rotation vector since rest, rad
    std::uint32_t used = 0;  ///< blocks, the last one may be filling
    bool from_rest = false, turned = false;
    std::array<std::uint8_t, 2> reserved{};
  };
  static_assert(std::is_trivially_copyable_v<State>);

  explicit MainAxisEstimator(const Params& params = {}) : params_(params) {}
  void add(State& s, const Vec3& gyro_rad_s, double interval_s, bool rest) const noexcept;
  /// Samples were lost: a turn that is not finished cannot tell the sign.
  static void interrupt(State& s) noexcept;
  /// @param up specific force of the still pose, sensor axes.
  MainAxis evaluate(const State& s, const Vec3& up) const noexcept;

 private:
  Params params_;
};

// ---- hinge axes of two segments, on collected samples ------------------------------------------------------------

struct HingeParams {
  double ratio_max = 0.05;           ///< axis error is about 90 deg x ratio
  double singular_min_rad_s = 0.05;  ///< below: an axis was not excited (a planted foot)
  int iterations = 60;
};

struct HingeAxes {
  Vec3 j1{}, j2{};            ///< unit, BOTH SIGNS ARBITRARY: see signed_left
  double rms_rad_s = 0;       ///< of |w1 x j1| - |w2 x j2|
  double singular_rad_s = 0;  ///< smallest singular value of the Jacobian / sqrt(samples), tangent plane coordinates
  double condition = 0;       ///< smallest / largest
};

/// Seel et al.: the axes for which sum (|w1 x j1| - |w2 x j2|)^2 is smallest; damped Gauss-Newton on the two unit
/// spheres from six fixed starts. Needs equally many samples of both (throws std::invalid_argument otherwise or below
/// 8).
HingeAxes hinge_axes(const std::vector<Vec3>& w1, const std::vector<Vec3>& w2, const HingeParams& params = {});
/// The axis or its opposite, so that the samples [first, last) known to be forward lean or heel rise turn positively.
Vec3 signed_left(const Vec3& axis, const std::vector<Vec3>& w, std::size_t first, std::size_t last);
/// rms / rms hinge rate, for axes with fixed signs; 0 for an ideal hinge.
double hinge_ratio(const std::vector<Vec3>& w1, const std::vector<Vec3>& w2, const HingeAxes& signed_axes);
bool hinge_accepted(double ratio, const HingeAxes& axes, const HingeParams& params = {});

// ---- the calibration of one segment ------------------------------------------------------------------------------

enum class AxisSource : std::uint8_t { none, configured, main_axis, calibrated };

/// Value type; the frame exists once pose and axis are known and not parallel.
struct SegmentCalibration {
  Vec3 up{};                                   ///< specific force of the still pose, sensor axes, m/s^2
  Vec3 ml_left{};                              ///< unit, sensor axes
  Mat3 frame{};                                ///< rows, segment <- sensor
  double pose_change_deg = 0;                  ///< between the last two captured poses: should stay below 1.5
  double force_error_m_s2 = 0;                 ///< |up| - standard gravity
  double axis_tilt_deg = 0;                    ///< of the axis out of the horizontal in the still pose, + = left end up
  double axis_share = 0, axis_halves_deg = 0;  ///< of the estimate, 0 if configured
  AxisSource source = AxisSource::none;
  bool has_pose = false, has_frame = false;
  std::array<std::uint8_t, 5> reserved{};

  /// False, and nothing changed, if the vector is zero or not finite.
  bool set_pose(const Vec3& force_m_s2) noexcept;
  bool set_axis(const Vec3& ml_left_axis, AxisSource from) noexcept;
  /// Takes an accepted estimate only.
  bool set_axis(const MainAxis& estimate) noexcept;

 private:
  void rebuild() noexcept;
};
static_assert(std::is_trivially_copyable_v<SegmentCalibration>);

}  // namespace grfd
