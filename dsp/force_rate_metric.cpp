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
      info.device = device_in(plate.stream);
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
      const PlateFrame& plate = frame.plates[i];
      // A tare's jump is no change of force: the window begins anew behind it, as behind the unknown.
      const double rate = rates_[i].step(plate.zeroed ? kNaN : plate.wrench[2]);
      const std::uint16_t flags = over_window(i, plate.flags, rates_[i].empty());
      if (foot_[i]) frame.derived.force_rate_n_s[static_cast<std::size_t>(sides_[i])] = rate;
      writers_[i].write(out, row_time(frame, flags), {rate}, state_.seq[i]);
    }
  }

 private:
  static constexpr std::size_t kFlags = 16;
  /// Of all the samples in the window of plate i.
  std::uint16_t over_window(std::size_t i, std::uint16_t newest, bool anew) noexcept {
    static constexpr std::array<std::uint8_t, kFlags> kNone{};
    auto& left = state_.left[i];
    if (newest == 0 && left == kNone) return 0;  // nearly always
    unsigned flags = newest;
    for (std::size_t bit = 0; bit < kFlags; ++bit) {
      if (anew) left[bit] = 0;
      if (newest >> bit & 1u) left[bit] = static_cast<std::uint8_t>(rates_[i].taps());
      if (left[bit] == 0) continue;
      --left[bit];
      flags |= 1u << bit;
    }
    return static_cast<std::uint16_t>(flags);
  }
  struct State {
    std::array<std::uint64_t, kMaxPlates> seq{};
    std::array<std::array<std::uint8_t, kFlags>, kMaxPlates> left{};  // ticks for which a flag stays in the window
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
