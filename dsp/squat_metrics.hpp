// The metrics of one closed repetition, worked out a few thousand ticks of history at a time.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "dsp/squat_history.hpp"
#include "dsp/squat_line.hpp"
#include "dsp/squat_segmenter.hpp"

namespace grfd {

/// A job in steps: movement of the centre of mass, left ankle, right ankle, loads and CoP. Every sum and search is one
/// pass.
class SquatMetrics {
 public:
  enum class Step : std::uint8_t {
    idle,
    velocity,
    height,
    height_corrected,
    turning_point,
    extremes,
    levels,
    plateau,
    plateau_level,
    plateau_median,
    posture,
    eversion_forward,
    eversion_backward,
    eversion_peak,
    eversion_onset,
    loads,
    fall_back
  };
  struct State {
    Step step = Step::idle;
    std::array<std::uint8_t, 3> reserved{};  // no padding: equal states are equal bytes
    int side = 0;
    std::int64_t k = 0;  ///< next tick of the running pass
    SquatSpan span{};
    Repetition out{};
    double t_start_s = 0;
    std::int64_t last = 0;          ///< newest tick when the job began
    std::int64_t from = 0, to = 0;  ///< integration window
    bool finite = true;             ///< of the side at hand
    bool moved = false;             ///< the movement of the centre of mass is known
    std::array<std::uint8_t, 6> reserved_too{};
    double v_end = 0, z_end = 0, z_max = 0, integral = 0, accel = 0;  ///< accel: of the tick before
    std::int64_t lowest = 0, bottom_first = 0, bottom_last = 0, bottom_mid = 0;
    // one side
    double base = 0, peak = 0, rate_peak = 0;
    std::int64_t peak_at = 0, i10 = -1, i50 = -1, i70 = -1, i90 = -1;
    LineSums line{}, onset_line{}, rate_line{};
    std::int64_t slow = 0, down = 0, plateau_at = -1, plateau_end = 0;
    // eversion filter
    std::int64_t filter_from = 0, filter_to = 0, filter_end = 0, base_from = 0, search_from = 0, k10 = -1, k20 = -1;
    PairSums coupling{};  ///< dorsiflexion, eversion
    double z0 = 0, z1 = 0, amplitude = 0;
    double shank_max = 0, pitch_max = 0;
    // loads
    double descent_sum = 0, ascent_sum = 0, impulse[2]{};
    std::int64_t plateau_first = 0;
    double rearmost = 0;
    double v[SquatHistory::size]{};       ///< velocity over the window
    double z[SquatHistory::size]{};       ///< height over the window; later the work space of the sides
    double height[SquatHistory::size]{};  ///< the height, kept
  };

  SquatMetrics(const SquatParams& params, State& state) noexcept;

  bool idle() const noexcept { return s_->step == Step::idle; }
  /// @param t_last_s time of the newest tick of `h`. @pre idle(), span.reason is none
  void start(const SquatHistory& h, const SquatSpan& span, std::int32_t index, double t_last_s) noexcept;
  /// Visits about `budget` ticks. @return true when result() is complete; then idle again.
  bool advance(const SquatHistory& h, std::int64_t budget) noexcept;
  const Repetition& result() const noexcept { return s_->out; }
  const State& state() const noexcept { return *s_; }

  /// What is known of a rejected repetition.
  static Repetition rejected(const SquatSpan& span, std::int32_t index, std::int64_t last, double t_last_s) noexcept;

 private:
  /// Visits the ticks up to `to` as far as the budget reaches. @return true when all are visited.
  template <class F>
  bool pass(std::int64_t to, std::int64_t& budget, F visit) noexcept {
    const std::int64_t end = std::min(to + 1, s_->k + std::max<std::int64_t>(budget, 0));
    budget -= std::max<std::int64_t>(end - s_->k, 0);
    while (s_->k < end) visit(s_->k++);
    return s_->k > to;
  }
  /// The same for a search: `visit` returns true where it ends. @return true when it ended.
  template <class F>
  bool search(std::int64_t to, std::int64_t& budget, F visit) noexcept {
    while (s_->k <= to) {
      if (budget-- <= 0) return false;
      if (visit(s_->k++)) return true;
    }
    return true;
  }
  bool run(const SquatHistory& h, std::int64_t& budget) noexcept;
  void enter(Step step, std::int64_t k) noexcept {
    s_->step = step;
    s_->k = k;
  }
  double time_s(double tick) const noexcept;
  double median_before(const SquatHistory& h, int channel, std::int64_t tick) const noexcept {
    return h.median_before(channel, tick, squat::ticks(p_->baseline_s));
  }

  bool velocity(const SquatHistory& h, std::int64_t& budget) noexcept;
  bool height(std::int64_t& budget) noexcept;
  bool height_corrected(std::int64_t& budget) noexcept;
  void turning_point() noexcept;
  void turning_point_of_ankles() noexcept;  ///< without plates
  double pause_s(double raw_s, double own_s) const noexcept;
  /// Up to where the eversion of the descent is looked for: the bottom, of which ankles alone only show the end.
  std::int64_t eversion_end() const noexcept { return p_->plates ? s_->bottom_first : s_->bottom_last; }
  void begin_side(const SquatHistory& h) noexcept;
  void end_course() noexcept;
  bool extremes(const SquatHistory& h, std::int64_t& budget) noexcept;
  bool levels(const SquatHistory& h, std::int64_t& budget) noexcept;
  bool plateau(const SquatHistory& h, std::int64_t& budget) noexcept;
  bool plateau_level(const SquatHistory& h, std::int64_t& budget) noexcept;
  void plateau_median() noexcept;
  bool posture(const SquatHistory& h, std::int64_t& budget) noexcept;
  void begin_eversion(const SquatHistory& h) noexcept;
  bool eversion_forward(const SquatHistory& h, std::int64_t& budget) noexcept;
  bool eversion_backward(std::int64_t& budget) noexcept;
  bool eversion_peak(const SquatHistory& h, std::int64_t& budget) noexcept;
  bool eversion_onset(std::int64_t& budget) noexcept;
  void end_side() noexcept;
  bool loads(const SquatHistory& h, std::int64_t& budget) noexcept;
  void first_out() noexcept;
  bool fall_back(const SquatHistory& h, std::int64_t& budget) noexcept;

  double filter(double x) noexcept;
  RepetitionSide& side() noexcept { return s_->out.side[static_cast<std::size_t>(s_->side)]; }

  const SquatParams* p_;
  State* s_;
  double b0_, b1_, b2_, a1_, a2_;  ///< low-pass of the eversion
};

}  // namespace grfd
