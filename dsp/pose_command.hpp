// The pose command: the present standing becomes the zero of all angles; by itself when the subject is weighed first.
#pragma once
#include <memory>
#include <vector>

#include "dsp/command_text.hpp"
#include "dsp/frame.hpp"
#include "dsp/inertial_sensor.hpp"

namespace grfd {

class PoseCommand {
 public:
  /// Events go out through `events`, numbered by `seq`; all three outlive this.
  PoseCommand(std::vector<std::unique_ptr<InertialSensor>>& imus, const TextWriter& events, std::uint64_t& seq)
      : imus_(imus), events_(events), seq_(seq) {}

  /// pose {"id":N}: at the next frame
  void start(const CommandText& command) noexcept;
  /// There is a pose from elsewhere: none is taken any more without being asked for.
  void given() noexcept { state_.posed = true; }
  /// After the metrics of a frame. `weighed`: the subject has just been.
  void frame(const Frame& frame, bool weighed, SampleBatch& out) noexcept;
  void states(StatePieces& pieces) { add_state(pieces, state_); }

 private:
  /// @return why it cannot be; null: it is
  const char* take(const Frame& frame, bool asked) noexcept;
  struct State {
    std::int64_t id = 0;
    bool wanted = false, posed = false;
    std::array<std::uint8_t, 6> reserved{};
  } state_;
  std::vector<std::unique_ptr<InertialSensor>>& imus_;
  const TextWriter& events_;
  std::uint64_t& seq_;
};

}  // namespace grfd
