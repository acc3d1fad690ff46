// Finds squat repetitions tick by tick: lost -> standing -> descent -> bottom -> ascent -> standing.
#pragma once
#include <cstdint>

#include "dsp/squat_params.hpp"
#include "dsp/squat_types.hpp"

namespace grfd {

/// A repetition as the state machine saw it; times are tick numbers, -1 = not known.
struct SquatSpan {
  std::int64_t start = -1, hit = -1, bottom = -1, ascent = -1, end = -1;
  std::int64_t previous_end = -1, next_start = -1;
  std::int64_t plate_gap = 0, ankle_gap[2]{};  ///< longest, ticks
  double bodyweight_n = unknown;
  double df_flat_deg[2]{unknown, unknown};  ///< State::df_flat when it began
  double df_standing_deg[2]{unknown, unknown}, df_peak_deg[2]{unknown, unknown};
  double drop_raw_m = unknown;
  RejectReason reason = RejectReason::none;
  RepetitionEdge start_kind = RepetitionEdge::quiet, end_kind = RepetitionEdge::quiet;
  bool incomplete = false, ankle_gap_too_long[2]{};
  std::array<std::uint8_t, 2> reserved{};  // no padding: equal states are equal bytes
};

/// Causal, 1 kHz; NaN changes no state. The velocity v and the height z of the centre of mass come from the plates and
/// are set back to zero in quiet standing. A repetition begins at the last quiet tick, ends at the first quiet one (or
/// at the turn, without rest), and may have a reason to be rejected. Without plates the ankles stand for the body:
/// dorsiflexion for its depth, the rate for its velocity (squat_segmenter_ankles.cpp).
class SquatSegmenter {
 public:
  struct Ankles {
    bool known[2]{};
    double df_deg[2]{unknown, unknown}, pitch_deg[2]{unknown, unknown};
    bool any = false;
    double rate_deg_s = unknown, mean_df_deg = unknown;  ///< of the known sides
  };

  struct State {
    static constexpr int second = 1000, rewind = 3000, weights = 30;
    std::int64_t tick = -1, zeroed_at = -1, last_quiet = -1, previous_end = -1, turn_tick = 0;
    SquatPhase phase = SquatPhase::lost;
    SquatStatus status = SquatStatus::waiting;
    bool weighed = false, in_rep = false;
    std::uint32_t reserved = 0;  // no padding: equal states are equal bytes
    double bodyweight_n = unknown;
    double v = 0, z = 0, z_min = 0, v_min = 0, z_turn = 0, accel_bias = 0;
    std::int64_t hold = 0, quiet = 0, falling = 0, ankle_quiet = 0;
    std::int64_t foot_off[2]{}, plate_gap = 0, ankle_gap[2]{};
    double df_standing[2]{unknown, unknown}, df_peak[2]{unknown, unknown};
    // the flat foot: its pitch, and the standing angle followed so slowly that no short posture moves it
    double pitch_flat[2]{unknown, unknown}, df_flat[2]{unknown, unknown};
    std::int64_t foot_stood = -1;  ///< tick at which a raised foot stood again
    std::int64_t foot_moved = 0;  ///< ticks since a foot turned in standing and the body has not stood since; 0: it has
    // without plates: ticks that the ankles have bent no more, have stretched; longest gaps since last_quiet; mean DF
    // from standing at a turn
    std::int64_t slow = 0, rising = 0, start_gap[2]{};
    double df_turn = 0;
    SquatSpan rep{};
    // the last second of total force, with running sums
    double window[second]{};
    int window_head = 0, window_count = 0;
    double sum = 0, sum_sq = 0;
    double df_past[second / 10]{};  ///< mean DF of that second, every 10 ms
    // force and slowly followed weight in standing, to integrate again from a back-dated start
    double force[rewind]{};
    int force_head = 0, force_count = 0;
    double weight[weights]{};
    int weight_head = 0, weight_count = 0;
  };

  SquatSegmenter(const SquatParams& params, State& state) : p_(&params), s_(&state) {}

  /// @return true when a repetition was closed into `closed`. `began()` is true when one began in the same tick.
  bool step(const SquatInput& in, SquatSpan& closed, SquatEvents& events) noexcept;
  bool began() const noexcept { return began_; }
  /// The next input will not continue the last one: weigh again. @return as step().
  bool interrupt(SquatSpan& closed, SquatEvents& events) noexcept;
  /// The angles of the next input have another zero: a repetition ends here, and a body that stands and does not begin
  /// to move stands at its angles of then. @return as step().
  bool forget_angles(SquatSpan& closed, SquatEvents& events) noexcept;
  /// Mean of x - y over the sides where both are known; NaN: none.
  static double mean_difference(const double (&x)[2], const double (&y)[2]) noexcept;

 private:
  static double seconds(std::int64_t ticks) noexcept { return static_cast<double>(ticks) * squat::dt; }
  Ankles ankles(const SquatInput& in) const noexcept;

  void feed_window(double fz) noexcept;
  void clear_window() noexcept;
  void zero() noexcept;
  void set_status(SquatStatus status) noexcept;
  void watch_feet(const Ankles& a, bool resting) noexcept;
  void emit(SquatEventKind kind, double value) noexcept { events_->push({t_s_, value, kind, Side::left}); }
  void weigh(const Ankles& a, bool both_on, double mean, double sd, double df_change) noexcept;
  void stand(const Ankles& a, bool plate, double fz, bool both_on, bool resting) noexcept;
  bool move(const Ankles& a, bool both_on, double nobody_s, double quiet_s, double need_s, double from_standing,
            SquatSpan& closed) noexcept;
  void rewind(std::int64_t start) noexcept;
  void begin(std::int64_t start, RepetitionEdge kind, const Ankles& a) noexcept;
  void close(std::int64_t end, RepetitionEdge kind, RejectReason reason, SquatSpan& closed) noexcept;
  bool turned(const Ankles& a, SquatSpan& closed) noexcept;
  void start_standing(const Ankles& a) noexcept;
  void follow_ankles(const Ankles& a) noexcept;
  double df_range() const noexcept;                 ///< mean of all sides that were known, NaN: none
  double df_range(const Ankles& a) const noexcept;  ///< of those that are known now, as their angles are
  void suspect(RejectReason why) noexcept;
  bool timed_out(SquatSpan& closed) noexcept;
  void lose(SquatStatus status) noexcept;
  /// A repetition under way is closed as cut off. @return was there one?
  bool end_by_gap(SquatSpan& closed, SquatEvents& events) noexcept;
  void reach_bottom(std::int64_t tick, double height_m) noexcept;
  SquatStatus waiting() const noexcept {
    return p_->plates ? SquatStatus::waiting : SquatStatus::waiting_without_plates;
  }
  // without plates
  bool by_ankles(const Ankles& a, bool knee_to_wall, SquatSpan& closed) noexcept;
  void stand_by_ankles(const Ankles& a) noexcept;
  bool bend(const Ankles& a, SquatSpan& closed) noexcept;
  bool bent_again(const Ankles& a, double from_standing, double range, SquatSpan& closed) noexcept;

  const SquatParams* p_;
  State* s_;
  bool began_ = false;
  SquatEvents* events_ = nullptr;
  double t_s_ = 0;
};

}  // namespace grfd
