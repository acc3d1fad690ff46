// Squat repetitions from two plates and two ankles, or from the ankles alone: detection, metrics, events.
#pragma once
#include <memory>
#include <type_traits>

#include "dsp/squat_history.hpp"
#include "dsp/squat_loads.hpp"
#include "dsp/squat_metrics.hpp"
#include "dsp/squat_params.hpp"
#include "dsp/squat_segmenter.hpp"
#include "dsp/squat_types.hpp"

namespace grfd {

/// Called every 1 ms with what is known of that tick. Method and sources: science.md 5.1-5.5.
/// The metrics of a repetition arrive about 0.85 s after its end: they look past it, and their work is spread over
/// ticks. Not thread-safe; no heap after the constructor.
class SquatDetector {
 public:
  struct State {
    SquatHistory history{};
    SquatSegmenter::State segmenter{};
    SquatMetrics::State metrics{};
    SquatLoads::State loads{};
    struct Waiting {
      SquatSpan span;
      std::int32_t index, reserved;
    };
    SquatQueue<Waiting, 8> waiting{};
    SquatEvents events{};
    SquatQueue<Repetition, 8> repetitions{};
    struct Hold {
      double rate_peak;
      std::int64_t ticks;
      bool said;
      std::array<std::uint8_t, 7> reserved;
    } hold[2]{};
    double t_s = 0;
    std::int32_t count = 0, reserved = 0;
  };
  static_assert(std::is_trivially_copyable_v<State>);

  /// @throws std::invalid_argument when the longest repetition does not fit into the history.
  explicit SquatDetector(const SquatParams& params = {}, const SquatBody& body = {});
  SquatDetector(const SquatDetector&) = delete;
  SquatDetector& operator=(const SquatDetector&) = delete;

  /// A time that is not 1 ms after the last one ends what was going on (reason gap) and weighs again.
  void step(const SquatInput& in) noexcept;
  bool pop(SquatEvent& event) noexcept { return state_->events.pop(event); }
  bool pop(Repetition& repetition) noexcept { return state_->repetitions.pop(repetition); }
  /// Works out at once what still waits for its metrics, with what is known so far: for the end of a recording.
  void flush() noexcept;
  void reset() noexcept;

  SquatPhase phase() const noexcept { return state_->segmenter.phase; }
  SquatStatus status() const noexcept { return state_->segmenter.status; }
  bool standing() const noexcept {
    return phase() == SquatPhase::standing;
  }  ///< upright, and weighed where there are plates
  double bodyweight_n() const noexcept { return state_->segmenter.bodyweight_n; }  ///< NaN: not weighed
  std::uint64_t lost() const noexcept {
    return state_->events.lost() + state_->repetitions.lost() + state_->waiting.lost();
  }

  const SquatParams& params() const noexcept { return params_; }
  State& state() noexcept { return *state_; }
  const State& state() const noexcept { return *state_; }

 private:
  void interrupted() noexcept;
  void zeroed() noexcept;
  void closed(const SquatSpan& span) noexcept;
  bool ready(const SquatSpan& span) const noexcept;
  void work(bool at_once) noexcept;
  void watch_plateau(const SquatInput& in) noexcept;

  SquatParams params_;
  SquatBody body_;
  std::unique_ptr<State> state_;
  SquatSegmenter segmenter_;
  SquatMetrics metrics_;
  SquatLoads loads_;
  std::int64_t bridge_;  ///< longest hole of a channel that is bridged, ticks
};

}  // namespace grfd
