// fast/plate/* and fast/ankle/*: for biofeedback, as soon as a sample is there: the device's own clock, no grid, no
// filter.
#pragma once
#include <array>
#include <vector>

#include "dsp/row_writer.hpp"
#include "dsp/stage.hpp"
#include "dsp/wrench.hpp"
#include "schemas/settings.hpp"

namespace grfd {

class FastLane {
 public:
  /// Adds the streams. An ankle needs a shank and a foot sensor on its side.
  FastLane(const Settings& settings, StreamTable& streams);

  /// Plate i (as Settings::plates) from this scan: wrench about the centre of its surface, lab axes.
  void plate(std::size_t i, const Sample& scan, const Wrench6& surface, bool clipped, SampleBatch& out) noexcept;
  /// Sensor i (as Settings::imus): exact inclination rate of its segment, NaN = unknown.
  void imu(std::size_t i, const Sample& sample, double rate_rad_s, SampleBatch& out) noexcept;
  void states(StatePieces& pieces) { add_state(pieces, state_); }

 private:
  struct Plate {
    RowWriter writer;
  };
  struct Ankle {
    int shank, foot;
    RowWriter writer;
  };
  struct State {
    std::array<std::uint64_t, kMaxPlates> plate_seq{};
    std::array<std::uint64_t, 2> ankle_seq{};
    std::array<double, 2> shank_rate_rad_s{};
    std::array<TimeNs, 2> shank_t{};  ///< 0: none yet
  } state_;
  std::vector<Plate> plates_;
  std::vector<Ankle> ankles_;
};

}  // namespace grfd
