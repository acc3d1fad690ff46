// What metrics see every millisecond: all plates and IMUs at one instant of the lab clock.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "dsp/aligner.hpp"
#include "dsp/unknown.hpp"
#include "schemas/sample.hpp"
#include "schemas/settings.hpp"

namespace grfd {

inline constexpr std::size_t kMaxPlates = 4, kMaxImus = 16;

/// Flags of a grid value: those of the samples it comes from, but the hole itself belongs to the raw stream.
inline std::uint16_t grid_flags(const Aligned& a) {
  return static_cast<std::uint16_t>((a.flags & (kClipped | kClockUnsettled)) |
                                    (a.quality == Quality::bridged ? kBridged : 0));
}

/// One plate. Wrenches in N and N.m, lab axes, the force on the subject; NaN where unknown.
struct PlateFrame {
  std::array<double, 6> wrench{};    ///< unfiltered, about the surface centre
  std::array<double, 6> filtered{};  ///< low-passed, about the lab origin
  std::uint16_t flags = 0;
  bool known = false;
  bool zeroed = false;  ///< between a sample above the old zero and one above a tare's: no change of force
};

/// One IMU, segment axes (x right, y anterior, z up in the standing pose).
struct ImuFrame {
  double inclination_rad = kNaN;         ///< sagittal, + = top leans forward (foot: heel up)
  double frontal_rad = kNaN;             ///< + = top leans to the subject's left
  double inclination_rate_rad_s = kNaN;  ///< exact derivative of inclination, from the gyro
  double axial_rate_rad_s = kNaN;        ///< about the segment's long axis
  double heading_rate_rad_s = kNaN;      ///< of the medio-lateral axis about the vertical, + = to the left
  double frontal_rate_rad_s = kNaN;      ///< exact derivative of frontal, from the gyro
  std::uint16_t flags = 0;
  bool rest = false;    ///< the sensor has been still for 1.5 s
  bool zeroed = false;  ///< between a sample of an old zero or axis and one of a new: its angles mix both
};

/// Filled by earlier metrics for later ones.
struct Derived {
  std::array<double, 2> fz_n{kNaN, kNaN};                     ///< filtered, per side
  std::array<double, 2> dorsiflexion_deg{kNaN, kNaN};         ///< no delay
  std::array<double, 2> dorsiflexion_rate_deg_s{kNaN, kNaN};  ///< filtered
  std::array<double, 2> shank_deg{kNaN, kNaN}, foot_pitch_deg{kNaN, kNaN}, eversion_deg{kNaN, kNaN};  ///< no delay
  double cop_ap_m = kNaN, fz_total_n = kNaN;                                                          ///< filtered
  bool cop_total_valid = false;
  // one foot, lab axes
  std::array<double, 2> fz_unfiltered_n{kNaN, kNaN}, force_rate_n_s{kNaN, kNaN};  ///< rate: of the unfiltered force
  std::array<double, 2> fx_n{kNaN, kNaN}, fy_n{kNaN, kNaN};                       ///< filtered
  std::array<double, 2> foot_cop_ml_m{kNaN, kNaN}, foot_cop_ap_m{kNaN, kNaN}, tz_nm{kNaN, kNaN};  ///< filtered
  // no delay; NaN without such sensors
  double pelvis_tilt_deg = kNaN, pelvis_obliquity_deg = kNaN;
  double pelvis_turned_deg = kNaN;              ///< to the left since the last quiet standing
  std::array<double, 2> thigh_deg{kNaN, kNaN};  ///< from the vertical, + = hip behind the knee
};

/// What the squat metric tells the ones before it, at the next frame.
struct SquatFeedback {
  bool looks_for_repetitions = false;  ///< else nothing below is known
  bool standing_quiet = false;  ///< outside a repetition and still: integrals within a repetition start from zero
  bool weighed = false;         ///< the subject has just been weighed: the standing pose may be taken now
  bool standing = false;        ///< upright, weighed and still
  std::array<std::uint8_t, 4> reserved{};
  double turn_before_s = kNaN;  ///< a repetition has just been seen to begin at a turn, that long before the last frame
};

struct Frame {
  TimeNs t = 0;
  double t_s = 0;                      ///< since the session's start
  TimeNs t_arrival = 0;                ///< of the sample that completed the frame
  std::uint64_t order = 0;             ///< of that sample
  std::uint64_t index = 0;             ///< milliseconds since the session's start
  std::span<const PlateFrame> plates;  ///< as Settings::plates
  std::span<const ImuFrame> imus;      ///< as Settings::imus
  Derived derived;
  std::array<double, 2> measured_room_deg{kNaN, kNaN};  ///< of a knee-to-wall test; NaN: as the settings say
  bool knee_to_wall = false;                            ///< a trial of it runs: what moves now is no squat
  SquatFeedback* squat = nullptr;
};

/// Some angle of this frame mixes two zeros.
inline bool has_new_zero(const Frame& frame) noexcept {
  return std::any_of(frame.imus.begin(), frame.imus.end(), [](const ImuFrame& i) { return i.zeroed; });
}

}  // namespace grfd
