// What goes into the squat detector and what comes out.
// Index 0 = left, 1 = right. Times are those of the input (s). Angles deg, + = dorsiflexion, forward lean, eversion; z
// up.
#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include "dsp/squat_load_types.hpp"
#include "schemas/settings.hpp"

namespace grfd {

/// One tick of the 1 kHz grid. All delays are already removed. NaN = unknown.
struct SquatInput {
  double t_s = 0;
  double fz_n[2]{unknown, unknown};
  double dorsiflexion_deg[2]{unknown, unknown};
  double rate_deg_s[2]{unknown, unknown};
  double shank_deg[2]{unknown, unknown};
  double foot_pitch_deg[2]{unknown, unknown};
  double eversion_deg[2]{unknown, unknown};
  double cop_ap_m = unknown;  ///< of both plates together
  // one foot, lab axes
  double fz_unfiltered_n[2]{unknown, unknown};
  double force_rate_n_s[2]{unknown, unknown};  ///< of fz_unfiltered_n
  double fx_n[2]{unknown, unknown}, fy_n[2]{unknown, unknown};
  double foot_cop_ml_m[2]{unknown, unknown}, foot_cop_ap_m[2]{unknown, unknown};
  double tz_nm[2]{unknown, unknown};  ///< free moment at that point
  bool knee_to_wall = false;          ///< a trial of that test runs
  bool new_zero = false;              ///< from this tick on the angles have another zero, or other axes
};

enum class SquatPhase : std::uint8_t { lost, standing, descent, bottom, ascent };
enum class SquatStatus : std::uint8_t { waiting, standing, one_foot_unloaded, foot_off, waiting_without_plates };
enum class SquatEventKind : std::uint8_t {
  weighed,
  bodyweight_changed,
  bodyweight_forgotten,
  status,
  repetition_started,
  bottom,
  plateau
};
enum class RejectReason : std::uint8_t {
  none,
  too_shallow,
  no_ankle_motion,
  descent_too_fast,
  descent_too_long,
  flight,
  foot_unloaded,
  stepped_off,
  bodyweight_changed,
  timeout,
  gap,
  knee_to_wall
};
enum class RepetitionEdge : std::uint8_t { quiet, turn, off, bodyweight, timeout, gap };
/// no_sensor: known of the rig, not of the courses. not_standing: the baseline is not the angle of the last standing;
/// outside: onset or finish lie outside the repetition. Beside science.md 5.4: a number that cannot be that of this
/// squat is none.
enum class SideReason : std::uint8_t { none, gap, no_ankle_motion, rejected, no_sensor, not_standing, outside };
enum class FirstOut : std::uint8_t { none, both, left, right, unknown };

/// value: N for the weights (bodyweight_forgotten: the forgotten one), SquatStatus for status, the number of the
/// repetition for repetition_started, z in m for bottom (NaN without plates), DF from standing in deg for plateau.
/// `side` only for plateau.
struct SquatEvent {
  double t_s = 0, value = 0;
  SquatEventKind kind = SquatEventKind::weighed;
  Side side = Side::left;
  std::array<std::uint8_t, 6> reserved{};  // no padding: equal states are equal bytes
};

/// One ankle in one repetition. Unknown = NaN; `valid` false: no course metrics, `reason` says why.
struct RepetitionSide {
  bool valid = false;
  SideReason reason = SideReason::none;
  std::array<std::uint8_t, 6> reserved{};  // no padding: equal states are equal bytes
  double baseline_deg = unknown, peak_deg = unknown, range_deg = unknown;
  double onset_s = unknown;         ///< the line through the 10-50 % part, back to the baseline
  double rate_fit_deg_s = unknown;  ///< slope of the line through the 10-70 % part
  double rate_mean_deg_s = unknown, rate_peak_deg_s = unknown;
  double t10_s = unknown, t50_s = unknown, t90_s = unknown, time_to_90_s = unknown;
  double plateau_s = unknown;           ///< where the 10-70 % line meets the plateau; NaN = no plateau
  double plateau_level_deg = unknown;   ///< from the baseline
  double plateau_detected_s = unknown;  ///< first tick of the slow part
  double finish_s = unknown;            ///< plateau_s, or where the line meets the final level
  double creep_deg_s = unknown;         ///< slope after the plateau
  double shank_max_deg = unknown, heel_lift_deg = unknown;
  double eversion_amplitude_deg = unknown, eversion_onset_s = unknown;
  double eversion_lead_s = unknown;     ///< onset_s minus that of the eversion, + = eversion first; exploratory
  double eversion_lead_10_s = unknown;  ///< the same of the times at 10 %
  double eversion_slope = unknown;      ///< deg of eversion per deg of dorsiflexion in the descent; exploratory
};

/// Load asymmetry, % = 100 (right - left) / (right + left).
struct RepetitionLoad {
  double standing = unknown, descent = unknown, bottom = unknown, ascent = unknown, ascent_impulse = unknown;
};

/// A closed repetition. Rejected ones carry their reason, the times of the state machine and the raw drop; all else is
/// NaN.
struct Repetition {
  std::int32_t index = 0;  ///< counts all closed repetitions, the rejected ones too
  RejectReason reason = RejectReason::none;
  RepetitionEdge start_kind = RepetitionEdge::quiet, end_kind = RepetitionEdge::quiet;
  bool incomplete = false;                 ///< a gap of more than 50 ms inside, of a plate or an ankle
  FirstOut first_out = FirstOut::unknown;  ///< which ankle stopped first while the body still went down
  std::array<std::uint8_t, 7> reserved{};  // no padding: equal states are equal bytes
  double t_start_s = unknown, t_end_s = unknown;
  double t_bottom_s = unknown;        ///< middle of the bottom span
  double t_bottom_first_s = unknown;  ///< its first tick
  double pause_s = unknown, pause_raw_s = unknown;
  double drop_m = unknown, v_descent_peak_m_s = unknown, v_ascent_peak_m_s = unknown;
  double bodyweight_n = unknown;
  double finish_lag_s = unknown;  ///< right minus left; NaN when first_out is none or unknown
  std::array<RepetitionSide, 2> side{};
  RepetitionLoad load{};
  double cop_ap_standing_m = unknown, cop_ap_bottom_m = unknown;
  double cop_ap_plateau_m = unknown, fall_back_m = unknown;  ///< at the first plateau; from there back to the rearmost
  std::array<FootLoads, 2> foot{};
  BothLoads both{};
};

std::string_view to_string(SquatPhase) noexcept;
std::string_view to_string(SquatStatus) noexcept;  ///< a sentence for the operator
std::string_view to_string(SquatEventKind) noexcept;
std::string_view to_string(RejectReason) noexcept;
std::string_view to_string(RepetitionEdge) noexcept;
std::string_view to_string(SideReason) noexcept;
std::string_view to_string(FirstOut) noexcept;

/// First in, first out, without a heap. The oldest entry makes room for a new one, counted in lost().
template <class T, int N>
class SquatQueue {
 public:
  void push(const T& x) noexcept {
    if (count_ == N) {
      drop();
      ++lost_;
    }
    entry_[(head_ + count_++) % N] = x;
  }
  bool pop(T& x) noexcept {
    if (count_ == 0) return false;
    x = entry_[head_];
    drop();
    return true;
  }
  bool empty() const noexcept { return count_ == 0; }
  T& front() noexcept { return entry_[head_]; }
  T& back() noexcept { return entry_[(head_ + count_ - 1) % N]; }
  std::uint64_t lost() const noexcept { return lost_; }

 private:
  void drop() noexcept {
    head_ = (head_ + 1) % N;
    --count_;
  }
  T entry_[N]{};
  int head_ = 0, count_ = 0;
  std::uint64_t lost_ = 0;
};
using SquatEvents = SquatQueue<SquatEvent, 64>;

}  // namespace grfd
