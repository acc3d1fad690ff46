// plate/<name>: the unfiltered wrench of each plate on the common grid; and a word when one is pulled, which no foot
// can.
#include "dsp/metric.hpp"
#include "dsp/plate_model.hpp"

namespace grfd {
namespace {

constexpr double kPulledN = -50, kPulledNoMoreN = -20;
constexpr std::int64_t kPulledTicks = 1000;

class PlateMetric final : public Metric {
 public:
  explicit PlateMetric(const MetricSetup& setup) : event_seq_(setup.event_seq), events_(setup.events) {
    for (const PlateSettings& plate : setup.settings.plates) {
      StreamInfo info;
      info.name = "plate/" + plate.name;
      info.kind = StreamKind::calibrated;
      info.type = ValueType::f32;
      info.columns = {{"fx", "N"}, {"fy", "N"}, {"fz", "N"}, {"mx", "N.m"}, {"my", "N.m"}, {"mz", "N.m"}};
      info.device = device_in(plate.stream);
      info.serial = plate.calibration.serial;
      info.rate_hz = 1000;
      info.frame = kLabFrame;
      info.point = "moments about the centre of the plate's top surface";
      info.sign = "force of the plate on the subject, fz > 0 in standing";
      info.formula = wrench_formula(plate.calibration);
      info.parameters = "unfiltered; " + wrench_parameters(plate.calibration) + "; 4-point cubic to the grid";
      info.description = "ground reaction of the plate under the " + std::string(to_string(plate.side)) + " foot";
      const StreamId id = setup.streams.add(info);
      writers_.emplace_back(id, info);
      names_.push_back(plate.name);
    }
  }
  void states(StatePieces& pieces) override { add_state(pieces, state_); }

  void update(Frame& frame, SampleBatch& out) noexcept override {
    for (std::size_t i = 0; i < writers_.size(); ++i) {
      writers_[i].write(out, row_time(frame, frame.plates[i].flags), frame.plates[i].wrench, state_.seq[i]);
      watch_pull(i, frame, out);
    }
  }

 private:
  /// Once a spell: its `sense` is wrong, or it was zeroed with something on it.
  void watch_pull(std::size_t i, const Frame& frame, SampleBatch& out) noexcept {
    std::int64_t& pulled = state_.pulled[i];
    const double fz = frame.plates[i].filtered[2];
    if (fz < kPulledN && pulled <= kPulledTicks) {
      if (++pulled > kPulledTicks)
        events_.write(out, row_time(frame), event_seq_, "negative_force {\"plate\":\"%s\",\"fz_n\":%s}",
                      names_[i].c_str(), JsonNumber(fz).text);
    } else if (fz > kPulledNoMoreN) {
      pulled = 0;
    }
  }
  struct State {
    std::array<std::uint64_t, kMaxPlates> seq{};
    std::array<std::int64_t, kMaxPlates> pulled{};  ///< ticks below the limit
  } state_;
  std::uint64_t& event_seq_;
  TextWriter events_;
  std::vector<RowWriter> writers_;
  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<Metric> make_plate_metric(const MetricSetup& setup) { return std::make_unique<PlateMetric>(setup); }

}  // namespace grfd
