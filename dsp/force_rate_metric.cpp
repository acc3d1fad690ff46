// force_rate/<plate>: rate of the vertical force, from the unfiltered wrench: a filter before it would add its delay.
#include "dsp/filters.hpp"
#include "dsp/metric.hpp"

namespace grfd {
namespace {

class ForceRateMetric final : public Metric {
 public:
  explicit ForceRateMetric(const MetricSetup& setup) {
    for (const PlateSettings& plate : setup.settings.plates) {
      foot_.push_back(plate_on(setup.settings, plate.side) == static_cast<int>(foot_.size()));
      sides_.push_back(plate.side);
      StreamInfo info;
      info.name = "force_rate/" + plate.name;
      info.type = ValueType::f32;
      info.columns = {{"rate", "N/s", RunningDerivative::kForceRateDelay_s}};
      info.serial = plate.calibration.serial;
      info.rate_hz = 1000;
      info.frame = kLabFrame;
      info.sign = "+ = fz grows";
      info.formula = "polynomial-derivative";
      info.parameters =
          "of unfiltered fz; quadratic over the last 61 samples, taken 10 samples before the newest; white noise of 1 "
          "N becomes 20 N/s";
      info.description = "rate of the vertical force of plate/" + plate.name;
      writers_.emplace_back(setup.streams.add(info), info);
      rates_.push_back(RunningDerivative::rate_of_force_development(1000));
    }
  }
  void states(StatePieces& pieces) override {
    add_state(pieces, state_);
    for (RunningDerivative& rate : rates_) add_state(pieces, rate.state());
  }

  void update(Frame& frame, SampleBatch& out) noexcept override {
    for (std::size_t i = 0; i < writers_.size(); ++i) {
      const double rate = rates_[i].step(frame.plates[i].wrench[2]);
      if (foot_[i]) frame.derived.force_rate_n_s[static_cast<std::size_t>(sides_[i])] = rate;
      writers_[i].write(out, row_time(frame, frame.plates[i].flags), {rate}, state_.seq[i]);
    }
  }

 private:
  struct State {
    std::array<std::uint64_t, kMaxPlates> seq{};
  } state_;
  std::vector<char> foot_;  ///< plate i is the one of its side
  std::vector<Side> sides_;
  std::vector<RowWriter> writers_;
  std::vector<RunningDerivative> rates_;
};

}  // namespace

std::unique_ptr<Metric> make_force_rate_metric(const MetricSetup& setup) {
  return std::make_unique<ForceRateMetric>(setup);
}

}  // namespace grfd
