// thigh/<side>: inclination of the thigh, the depth of a squat against the parallel.
#include "dsp/metric.hpp"
#include "dsp/parameter_text.hpp"
#include "dsp/quaternion.hpp"

namespace grfd {
namespace {

class ThighMetric final : public Metric {
 public:
  explicit ThighMetric(const MetricSetup& setup) : standing_deg_(setup.settings.participant.standing_thigh_deg) {
    for (const Side side : {Side::left, Side::right}) {
      const int imu = imu_on(setup.settings, Segment::thigh, side);
      if (imu < 0) continue;
      StreamInfo info;
      info.name = std::string("thigh/") + to_string(side);
      info.type = ValueType::f32;
      info.columns = {{"inclination", "deg"}, {"above_parallel", "deg"}};
      info.device = setup.settings.imus[static_cast<std::size_t>(imu)].name;
      info.rate_hz = 1000;
      info.frame = kSegmentFrame;
      info.sign = "+ = hip behind the knee; + = above the parallel";
      info.formula = "thigh-inclination";
      info.parameters = "inclination to the vertical: standing_thigh (" + quantity(standing_deg_, "deg") +
                        ") - atan2(-u_y, u_z); above_parallel: 90 - inclination";
      info.exploratory = true;
      info.description = std::string("thigh of the ") + to_string(side) + " side from its inertial sensor";
      thighs_.push_back({side, imu, RowWriter(setup.streams.add(info), info)});
    }
  }
  void states(StatePieces& pieces) override {
    if (!thighs_.empty()) add_state(pieces, seq_);
  }

  void update(Frame& frame, SampleBatch& out) noexcept override {
    for (const Thigh& t : thighs_) {
      const auto k = static_cast<std::size_t>(t.side);
      const ImuFrame& imu = frame.imus[static_cast<std::size_t>(t.imu)];
      const double inclination = standing_deg_ - imu.inclination_rad / kRadPerDeg;
      frame.derived.thigh_deg[k] = inclination;
      t.writer.write(out, row_time(frame, imu.flags), {inclination, 90 - inclination}, seq_[k]);
    }
  }

 private:
  struct Thigh {
    Side side;
    int imu;
    RowWriter writer;
  };
  double standing_deg_;
  std::array<std::uint64_t, 2> seq_{};
  std::vector<Thigh> thighs_;
};

}  // namespace

std::unique_ptr<Metric> make_thigh_metric(const MetricSetup& setup) { return std::make_unique<ThighMetric>(setup); }

}  // namespace grfd
