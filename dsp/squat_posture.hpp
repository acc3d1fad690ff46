// Pelvis and thighs in a closed repetition: reps_pelvis, reps_thigh/<side>. Hypotheses, all of it.
#pragma once
#include <array>
#include <cstdint>
#include <memory>

#include "dsp/metric.hpp"
#include "dsp/squat_types.hpp"

namespace grfd {

/// Remembers the last half minute of angles, and looks into it when a repetition is closed. Times are those of the
/// repetition: seconds since the session's start, delays removed; the angles have none.
class SquatPosture {
 public:
  enum Channel : std::uint8_t { tilt, obliquity, turned, thigh_left, thigh_right, channels };
  /// Adds its streams. Null when the settings have neither a pelvis nor a thigh sensor.
  static std::unique_ptr<SquatPosture> make(const MetricSetup& setup);

  /// Every frame. Frames follow each other by 1 ms; a jump forgets what was before.
  void push(const Frame& frame) noexcept;
  /// Is one of its sensors unknown for longer than `most_s` in one piece, between start and end? One that was never
  /// known is not missed.
  bool incomplete(const Repetition& r, double most_s) const noexcept;
  /// One row into each stream.
  void write(const Repetition& r, Dominant dominant, const RowTime& now, SampleBatch& out) noexcept;
  void states(StatePieces& pieces) { add_state(pieces, state_); }

 private:
  static constexpr std::int64_t kSize = 32768;
  static constexpr double kOnsetMin_deg = 1;  ///< a smaller excursion has no onset
  /// One angle of the pelvis. deg from standing (turned: from the start), s.
  struct Excursion {
    double bottom = kNaN, change = kNaN, before = kNaN, onset = kNaN, onset_lag = kNaN;
  };
  struct Tuck {
    double deg = kNaN, onset = kNaN, onset_lag = kNaN;
  };
  explicit SquatPosture(const MetricSetup& setup);
  bool remembers(std::int64_t from_ms, std::int64_t to_ms) const noexcept;
  bool hole(Channel c, std::int64_t from_ms, std::int64_t to_ms, std::int64_t most_ms) const noexcept;
  double at(Channel c, std::int64_t ms) const noexcept;
  double at(Channel c, double t_s) const noexcept;
  double standing(Channel c, const Repetition& r) noexcept;
  Excursion excursion(Channel c, const Repetition& r, double plateau_s) noexcept;
  double onset(Channel c, const Repetition& r, double standing) const noexcept;
  Tuck tuck(const Repetition& r, double plateau_s) const noexcept;
  void write_pelvis(const Repetition& r, Dominant dominant, const RowTime& now, SampleBatch& out) noexcept;

  struct State {
    std::array<std::array<double, kSize>, channels> ring{};
    std::array<double, channels> standing{};      ///< before the last start out of standing
    std::int64_t first = 0, last = -1;            ///< ms since the session's start
    std::array<std::uint64_t, 3> seq{};           ///< pelvis, thighs
    std::array<std::uint64_t, channels> known{};  ///< 1: was known since the last jump
  } state_;
  std::array<bool, channels> active_{};
  RowWriter pelvis_;
  std::array<RowWriter, 2> thigh_;
};

}  // namespace grfd
