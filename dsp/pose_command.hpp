// The pose command: the present standing becomes the zero of all angles; by itself when the subject is weighed first,
// or, where nobody is weighed, when all sensors are at rest for the first time.
#pragma once
#include <memory>
#include <vector>

#include "dsp/command_text.hpp"
#include "dsp/device_input.hpp"
#include "dsp/force_plate.hpp"
#include "dsp/frame.hpp"
#include "dsp/inertial_sensor.hpp"

namespace grfd {

/// By itself: in the first quiet standing after a weighing, of all sensors that stream, as soon as all of them are at
/// rest; after 3 s of it, of those that are. A sensor without a pose gets it in a later quiet standing.
/// Without plates under both feet nothing tells a standing subject from sensors on a table: as soon as all sensors of
/// the rig are at rest at once; after 5 s, all that stream. The event says so (`unweighed`). Later ones as above.
/// The first zero of a plate takes back what was taken by itself before: an offset may have weighed nobody.
class PoseCommand {
 public:
  /// `devices`: where the samples of each sensor come from, in their order. `weighs`: the plates weigh the subject.
  /// Events go out through `events`, numbered by `seq`; all outlive this.
  PoseCommand(std::vector<std::unique_ptr<InertialSensor>>& imus, const std::vector<DeviceInput*>& devices,
              const std::vector<std::unique_ptr<ForcePlate>>& plates, bool weighs, const TextWriter& events,
              std::uint64_t& seq)
      : imus_(imus), devices_(devices), plates_(plates), weighs_(weighs), events_(events), seq_(seq) {}

  /// pose {"id":N}: at the next frame
  void start(const CommandText& command) noexcept;
  /// There is a pose from elsewhere: none is taken any more without being asked for.
  void given() noexcept { state_.posed = all(), state_.by_itself = 0; }
  /// After the metrics of a frame.
  void frame(const Frame& frame, SampleBatch& out) noexcept;
  void states(StatePieces& pieces) { add_state(pieces, state_); }

 private:
  using Sensors = std::uint32_t;  ///< a bit for each
  static_assert(kMaxImus <= 32);
  struct State {
    std::int64_t id = 0;
    std::int64_t standing = 0,
                 waiting = 0;          ///< frames of quiet standing since the last pose; all frames until the first
    Sensors posed = 0, by_itself = 0;  ///< have a pose; that was taken by itself
    bool wanted = false, weighed = false, said = false;
    std::uint8_t plates_zeroed = 0;
    std::array<std::uint8_t, 4> reserved{};  // no padding: equal states are equal bytes
  } state_;

  Sensors all() const noexcept { return (Sensors{1} << imus_.size()) - 1; }
  /// Those of `which` that stream, or stream and are at rest.
  Sensors streaming(Sensors which) const noexcept;
  Sensors at_rest(Sensors which) const noexcept;
  void watch_zeros() noexcept;
  void asked(const Frame& frame, SampleBatch& out) noexcept;
  void by_itself(const Frame& frame, SampleBatch& out) noexcept;
  void at_first_rest(const Frame& frame, SampleBatch& out) noexcept;
  void take(Sensors which, std::int64_t id, Sensors left_out, const Frame& frame, SampleBatch& out) noexcept;
  struct Text {
    std::array<char, 4096> text{};
  };
  Text each(Sensors which, bool json) const noexcept;
  Text words(Sensors which) const noexcept { return each(which, false); }
  Text json(Sensors which) const noexcept { return each(which, true); }

  std::vector<std::unique_ptr<InertialSensor>>& imus_;
  const std::vector<DeviceInput*>& devices_;
  const std::vector<std::unique_ptr<ForcePlate>>& plates_;
  bool weighs_;
  const TextWriter& events_;
  std::uint64_t& seq_;
};

}  // namespace grfd
