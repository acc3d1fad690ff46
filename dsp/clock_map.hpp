// A device's sample number -> lab time.  t(n) = t0 + T (1 + e) n, seen through arrivals that are late by an unknown,
// one-sided delay: the earliest packets tell the truth, so the line is the lower hull of the block minima.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace grfd {

struct ClockParams {
  double interval_s = 1e-3;  ///< T, nominal, per count
  double block_s = 1;        ///< one minimum is kept per block
  double window_s = 120;     ///< the window is max(this, 1.2 frame / |e|), at most window_max_s
  double window_max_s = 900;
  double frame_s = 1e-3;  ///< until set_frame: of full-speed USB
  double slew_s = 5;      ///< time constant towards a new line
  double step_s = 0.05;   ///< a block later than this is dropped ...
  int step_blocks = 5;    ///< ... and so many in a row open a new epoch
  double drop_s = 0;      ///< a block earlier than this means that the delay fell; 0: max(2 ms, half a frame)
  double skip_s = 3;      ///< not used for the fit after opening (start-up backlog)
  double settle_s = 20;
  double max_drift_ppm = 50000;
};

/// Times are seconds since the start of the session. push() is O(1) except once per block, when it is O(points).
class ClockMap {
 public:
  static constexpr std::size_t kMaxPoints = 1024;
  /// @throws std::invalid_argument when a parameter is not positive or the longest window has more than 1024 blocks.
  explicit ClockMap(const ClockParams& params = {});

  /// Sample n (or the last one of a packet) arrived. A number that does not rise starts again; an arrival that is not
  /// finite is ignored.
  void push(std::int64_t n, double arrival_s) noexcept;
  /// The line. Valid after the first push.
  double predict(std::int64_t n) const noexcept {
    return state_.ref_t + static_cast<double>(n - state_.ref_n) * params_.interval_s * (1 + state_.drift);
  }
  /// Published time of sample n: the line, but at least a tenth of the nominal interval per sample after the one
  /// before.
  double stamp(std::int64_t n) noexcept;
  /// Frame of the link: 1 ms of full-speed USB, 0.125 ms of high speed, the connection interval of a radio. Holds from
  /// the next fit on; what is not above 0 and at most 1 s is ignored.
  void set_frame(double frame_s) noexcept {
    if (frame_s > 0 && frame_s <= 1) state_.frame_s = frame_s;
  }
  double frame_s() const noexcept { return state_.frame_s; }
  /// After a new epoch of the counter: everything is forgotten, counted in resets().
  void restart() noexcept;

  bool open() const noexcept { return state_.open; }
  /// How much faster than nominal the device's clock runs; - = slower. e of the formula above has the other sign.
  double drift_ppm() const noexcept { return 1e6 * (1 / (1 + state_.drift) - 1); }
  double measured_interval_s() const noexcept { return params_.interval_s * (1 + state_.drift); }
  /// RMS distance of the window's block minima from the fitted line (s); NaN before the first fit.
  double residual_s() const noexcept { return state_.residual_s; }
  double window_s() const noexcept { return state_.window_s; }
  bool settling() const noexcept { return state_.settling; }  ///< less than settle_s of data behind the line
  bool full() const noexcept { return state_.full; }          ///< a whole window: full accuracy
  /// +-max_drift_ppm when the line is held there and the arrivals lie beyond, + = fast; 0: they do not. Once it has
  /// settled, or as soon as the difference makes half a step.
  double held_at_ppm() const noexcept { return state_.held ? std::copysign(params_.max_drift_ppm, -state_.drift) : 0; }
  std::uint32_t resets() const noexcept { return state_.resets; }
  /// How often arrivals that stayed late opened a new line by themselves; counted in resets(), too.
  std::uint32_t steps() const noexcept { return state_.steps; }
  double jump_s() const noexcept { return state_.jump_s; }  ///< of the newest step: new line minus old one, above 0
  /// The newest step happened after this time of the old line, that of the last block minimum that was in time.
  double in_time_until_s() const noexcept { return state_.in_time_until_s; }
  std::int64_t first() const noexcept { return state_.open_n; }  ///< number of the sample that opened the line

  struct Point {
    std::int64_t n;
    double arrival_s;
  };
  struct State {
    std::array<Point, kMaxPoints> points{};
    std::size_t count = 0;
    std::int64_t ref_n = 0, block_n = 0, open_n = 0, last_n = 0, best_n = 0, published_n = 0;
    double ref_t = 0, drift = 0, best_arrival_s = 0, best_distance_s = 0, published_s = 0;
    double window_s = 0, residual_s = 0, frame_s = 0, jump_s = 0, in_time_until_s = 0;
    int late_blocks = 0;
    std::uint32_t resets = 0, steps = 0;
    bool open = false, has_best = false, published = false, settling = true, full = false, held = false;
    bool after_drop = false;                 // the delay fell in this epoch
    std::array<std::uint8_t, 5> reserved{};  // no padding at the end: equal states are equal bytes
  };
  State& state() noexcept { return state_; }

 private:
  void open_at(std::int64_t n, double arrival_s) noexcept;
  void close_block(std::int64_t n) noexcept;
  void fit(std::int64_t n) noexcept;
  double drop_s() const noexcept { return params_.drop_s > 0 ? params_.drop_s : std::max(2e-3, 0.5 * state_.frame_s); }
  double span_s(std::int64_t from, std::int64_t to) const noexcept {
    return static_cast<double>(to - from) * params_.interval_s;
  }

  ClockParams params_;
  double slew_gain_, max_drift_;
  State state_;
};
static_assert(std::is_trivially_copyable_v<ClockMap::State>);

}  // namespace grfd
