// The knee-to-wall test: collects one ankle for some seconds, keeps the best of its trials, and makes it the room that
// the squat metric reckons with.
#pragma once
#include <memory>
#include <vector>

#include "dsp/command_text.hpp"
#include "dsp/device_input.hpp"
#include "dsp/frame.hpp"
#include "dsp/inertial_sensor.hpp"
#include "dsp/lunge.hpp"

namespace grfd {

/// Trials of one side belong to one zero: as soon as the standing pose or an axis of that side is another, they are
/// forgotten, and the event lunge_cleared says so.
class LungeCommand {
 public:
  /// `devices`: where the samples of each sensor come from, in their order. Events go out through `events`, numbered by
  /// `seq`; all outlive this.
  LungeCommand(const Settings& settings, std::vector<std::unique_ptr<InertialSensor>>& imus,
               const std::vector<DeviceInput*>& devices, const TextWriter& events, std::uint64_t& seq,
               const LungeParams& params = {});

  /// lunge {"id":N,"side":"left","seconds":10}
  void start(const CommandText& command, const Sample& cause, SampleBatch& out) noexcept;
  /// lunges {"id":N,"left":38.2,"right":40.1}: what earlier trials found, deg; one side or both
  void use(const CommandText& command, const Sample& cause, SampleBatch& out) noexcept;
  /// Before the metrics of a frame: puts the room into it.
  void prepare(Frame& frame, SampleBatch& out) noexcept;
  /// After the metrics of a frame.
  void frame(const Frame& frame, SampleBatch& out) noexcept;
  /// An ankle without data must not keep the operator waiting.
  void tick(const Sample& tick, SampleBatch& out) noexcept;
  void states(StatePieces& pieces) {
    add_state(pieces, state_);
    add_state(pieces, trial_.state());
  }

 private:
  struct Trials {
    std::array<Mat3, 2> zero{};             ///< of shank and foot: segment <- sensor
    double mean_deg = 0, squares_deg2 = 0;  ///< of the trials, and the sum of their squared deviations
    double room_deg = kNaN;                 ///< in use; NaN: as configured
    std::uint64_t count = 0;
  };
  struct State {
    std::int64_t id = 0;
    TimeNs started = 0;
    std::uint64_t steps_wanted = 0, steps = 0, side = 0;
    std::array<Mat3, 2> zero{};  ///< of the trial that runs
    std::array<Trials, 2> trials{};
    bool running = false;
    std::array<std::uint8_t, 7> reserved{};  // no padding: equal states are equal bytes
  } state_;
  struct Reason {
    std::array<char, 256> text{};
  };
  static constexpr std::size_t kNone = ~std::size_t{0};
  struct Place {
    std::size_t shank = kNone, foot = kNone;
    bool known() const { return shank != kNone && foot != kNone; }
  };

  bool has_zero(std::size_t side) const noexcept;
  std::array<Mat3, 2> zero(std::size_t side) const noexcept;
  Reason why_unknown(std::size_t side) const noexcept;
  Reason why_none(const LungeResult& r) const noexcept;
  void watch_zero(std::size_t side, const RowTime& now, SampleBatch& out) noexcept;
  void refuse(std::int64_t id, std::size_t side, const RowTime& now, const char* reason, SampleBatch& out) noexcept;
  void finish(const RowTime& now, SampleBatch& out) noexcept;
  void accept(const LungeResult& r, const RowTime& now, SampleBatch& out) noexcept;

  LungeParams params_;
  std::array<Place, 2> places_;
  std::vector<std::unique_ptr<InertialSensor>>& imus_;
  const std::vector<DeviceInput*>& devices_;
  const TextWriter& events_;
  std::uint64_t& seq_;
  LungeTrial trial_;
};

}  // namespace grfd
