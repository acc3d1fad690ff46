// One trial of the knee-to-wall test (weight-bearing lunge): how far an ankle bends while the heel stays down.
#pragma once
#include <array>
#include <cstdint>
#include <type_traits>

#include "dsp/unknown.hpp"

namespace grfd {

/// Defaults and source: science reference 5.7, where nothing else is said. One step is 1 ms.
struct LungeParams {
  static constexpr std::size_t kStart = 300;  ///< steps; the start of foot and ankle is their median
  double heel_tolerance_deg = 2;              ///< foot pitch above its start: the heel is still down
  double deg_per_cm = 3.6;                    ///< of the distance between toe and wall
  // when a trial is none [assumptions]
  double lost_max = 0.1;     ///< share of the time without data
  double tilt_max_deg = 5;   ///< foot pitch at the start, from standing
  double moved_min_deg = 5;  ///< from the ankle's start
  double possible_deg = 75;  ///< no ankle bends further
};

/// Angles deg, from the standing pose; NaN where unknown.
struct LungeResult {
  double angle_deg = kNaN;        ///< largest dorsiflexion (shank minus foot) with the heel down
  double start_deg = kNaN;        ///< dorsiflexion at the start
  double start_pitch_deg = kNaN;  ///< of the foot
  double heel_down = 0;           ///< share of the whole time, 0 to 1
  double lost = 1;                ///< share of the time in which the ankle was unknown
  double seconds = 0;
};

class LungeTrial {
 public:
  explicit LungeTrial(const LungeParams& params = {}) : params_(params) {}
  /// One step. Dorsiflexion: shank minus foot inclination; pitch of the foot, + = heel up; both from standing, NaN:
  /// unknown.
  void push(double dorsiflexion_deg, double pitch_deg) noexcept;
  LungeResult result() const noexcept;
  void reset() noexcept { state_ = {}; }

  struct State {
    std::array<double, LungeParams::kStart> dorsiflexion_deg{}, pitch_deg{};
    double best_deg = kNaN, start_deg = kNaN, start_pitch_deg = kNaN;
    std::uint64_t steps = 0, heel_down = 0, unknown = 0;
  };
  State& state() noexcept { return state_; }

 private:
  void settle(State& s) const noexcept;
  void look(State& s, double dorsiflexion_deg, double pitch_deg) const noexcept;
  LungeParams params_;
  State state_;
};
static_assert(std::is_trivially_copyable_v<LungeTrial::State>);

}  // namespace grfd
