// What the forces of one closed repetition say, after its movement and its ankles are known.
#pragma once
#include <array>
#include <cstdint>

#include "dsp/squat_metrics.hpp"

namespace grfd {

/// A job in two passes: the whole course (means, events, extremes, movement), then the drive out of the bottom.
class SquatLoads {
 public:
  enum class Step : std::uint8_t { idle, course, drive };
  struct Mean {
    double sum = 0;
    std::int64_t n = 0;
    void add(double x) noexcept {
      sum += x;
      ++n;
    }
    double value() const noexcept { return n == 0 ? unknown : sum / static_cast<double>(n); }
  };
  /// Means of the four phases of a repetition.
  struct Phases {
    Mean standing, descent, bottom, ascent;
    PhaseMeans means() const noexcept { return {standing.value(), descent.value(), bottom.value(), ascent.value()}; }
  };
  /// A value beyond a limit with hysteresis; counts what lasts. Unknown changes no state.
  struct Excursion {
    std::int64_t since = -1, first = -1, total = 0;
  };
  struct Foot {
    Phases fz, tz, cop, knee;
    Mean power_descent, power_ascent;
    double pitch_standing = unknown, eversion_standing = unknown;
    double cop_front = 0, knee_peak = 0, inversion_peak = 0, power_low = 0, power_high = 0;
    Mean in_band;
    std::int64_t behind = 0, heel_unknown = 0, heel_light = -1;  ///< the last: first tick with too little on the heel
    Excursion heel, inversion;
  };
  struct State {
    Step step = Step::idle;
    std::array<std::uint8_t, 7> reserved{};  // no padding: equal states are equal bytes
    std::int64_t k = 0;                      ///< next tick of the running pass
    Repetition out{};
    Foot foot[2]{};
    Phases cop, spread;
    Mean in_band, cop_quiet, noise, noise_sq;  ///< standing; the last two of the unfiltered force above the weight
    double cop_front = 0, plateau_percent = unknown, com_plateau = unknown, com_rear = unknown;
    std::int64_t fallen = 0, falling = 0, fallen_run = 0, moving_at = -1;  ///< falling: the running run; its longest
    double v_low = 0, v_high = 0, v_top = 0, force_at_v_low = unknown, force_top = unknown, z_at_v_low = unknown;
    double jerk_descent = 0, jerk_ascent = 0;
    std::int64_t v_top_at = -1, drive_at = -1, first = 0;
    double drive_limit = unknown, rate_top[3]{}, gain_top[3]{};  ///< left, right, both; gain: of force
  };

  SquatLoads(const SquatParams& params, const SquatBody& body, State& state) noexcept
      : p_(&params), body_(&body), s_(&state) {}

  bool idle() const noexcept { return s_->step == Step::idle; }
  /// @pre idle(); `m` has just finished an accepted repetition and stays as it is until this is idle again
  void start(const SquatHistory& h, const SquatMetrics::State& m) noexcept;
  /// Visits about `budget` ticks. @return true when result() is complete; then idle again.
  bool advance(const SquatHistory& h, const SquatMetrics::State& m, std::int64_t budget) noexcept;
  const Repetition& result() const noexcept { return s_->out; }

 private:
  void visit(const SquatHistory& h, const SquatMetrics::State& m, std::int64_t k) noexcept;
  void visit_foot(const SquatHistory& h, const SquatMetrics::State& m, int side, std::int64_t k, double v) noexcept;
  void visit_movement(const SquatHistory& h, const SquatMetrics::State& m, std::int64_t k, double v, double z) noexcept;
  void before(const SquatHistory& h, const SquatMetrics::State& m, std::int64_t k, double v) noexcept;
  void end_course(const SquatHistory& h, const SquatMetrics::State& m) noexcept;
  void drive(const SquatHistory& h, const SquatMetrics::State& m, std::int64_t k) noexcept;
  void end_drive(const SquatHistory& h, const SquatMetrics::State& m) noexcept;
  double in_band(double cop_percent) const noexcept;
  double heel_share(double cop_percent) const noexcept;
  void excursion(Excursion& e, double x, std::int64_t k) const noexcept;
  void end_excursion(Excursion& e, std::int64_t k) const noexcept;
  double center_of_mass(const SquatHistory& h, const SquatMetrics::State& m, std::int64_t k) const noexcept;

  const SquatParams* p_;
  const SquatBody* body_;
  State* s_;
};

}  // namespace grfd
