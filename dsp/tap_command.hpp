// The tap command: listens to one plate and all inertial sensors for some seconds, measures how much later each sensor
// shows the taps, and takes that off its time from then on.
#pragma once
#include <vector>

#include "dsp/command_text.hpp"
#include "dsp/device_input.hpp"
#include "dsp/force_plate.hpp"
#include "dsp/inertial_sensor.hpp"
#include "dsp/tap.hpp"

namespace grfd {

class TapCommand {
 public:
  struct Plate {
    const ForcePlate* plate;
    const DeviceInput* device;
  };
  struct Imu {
    const InertialSensor* imu;
    DeviceInput* device;
  };
  /// Events go out through `events`, numbered by `seq`; both outlive this. All memory is allocated here.
  TapCommand(std::vector<Plate> plates, std::vector<Imu> imus, const TextWriter& events, std::uint64_t& seq,
             const TapParams& params = {});

  /// tap {"id":N,"plate":"left","seconds":15}
  void start(const CommandText& command, const Sample& cause, SampleBatch& out) noexcept;
  /// delays {"id":N,"delays":{"DEVICE":0.0123,...}}: what a tap of an earlier session found; the next tap of these
  /// sensors is then no repetition.
  void use(const CommandText& command, const Sample& cause, SampleBatch& out) noexcept;
  /// Every millisecond. At most one cross-correlation, about 50 us.
  void frame(const Frame& frame, SampleBatch& out) noexcept;
  /// A plate without data must not keep the operator waiting.
  void tick(const Sample& tick, SampleBatch& out) noexcept;
  void states(StatePieces& pieces);

 private:
  static constexpr std::size_t kMostTaps = TapSeries::kMost;
  struct State {
    std::int64_t id = 0;
    TimeNs started = 0;
    std::uint64_t frames = 0, frames_wanted = 0;
    std::array<std::uint64_t, kMostTaps> tap{};  ///< frame at which it was seen
    std::uint32_t plate = 0, taps = 0, done = 0, next_imu = 0;
    std::uint32_t too_many = 0;
    bool running = false;
    std::array<std::uint8_t, 3> reserved{};  // no padding at the end: equal states are equal bytes
  } state_;
  /// The newest accepted test of a sensor in this session.
  struct Earlier {
    std::uint32_t known = 0, settling = 0;  ///< 0 or 1; settling: a clock was, so that a change may be its settling
    std::uint32_t plate = 0;                ///< another converter has a least delay of its own
  };
  struct Channel {
    TapTrack track;
    TapSeries series;
    Earlier earlier;
  };
  void refuse(std::int64_t id, const Sample& cause, const char* reason, SampleBatch& out) noexcept;
  void evaluate() noexcept;
  void finish(const RowTime& now, SampleBatch& out) noexcept;

  TapParams params_;
  std::vector<Plate> plates_;
  std::vector<Imu> imus_;
  std::vector<Channel> channels_;  ///< as imus
  TapTrack plate_track_;
  TapDetector detector_;
  const TextWriter& events_;
  std::uint64_t& seq_;
};

}  // namespace grfd
