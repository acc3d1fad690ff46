// pelvis: tilt, obliquity and turn of the pelvis from one sensor on the sacrum.
#include "dsp/metric.hpp"
#include "dsp/quaternion.hpp"
#include "dsp/turn_in_repetition.hpp"

namespace grfd {
namespace {

class PelvisMetric final : public Metric {
 public:
  explicit PelvisMetric(const MetricSetup& setup) : imu_(imu_on(setup.settings, Segment::pelvis, Side::left)) {
    if (imu_ < 0) return;
    StreamInfo info;
    info.name = "pelvis";
    info.type = ValueType::f32;
    info.columns = {{"tilt", "deg"}, {"obliquity", "deg"}, {"axial", "deg"}};
    info.device = setup.settings.imus[static_cast<std::size_t>(imu_)].name;
    info.rate_hz = 1000;
    info.frame = kSegmentFrame;
    info.sign = "+ = tilted forward (anterior), right side higher, turned to the left";
    info.formula = "pelvis-inclination, turn-exact-gyro";
    info.parameters =
        "zero = standing pose; tilt atan2(-u_y, u_z) and obliquity asin(u_x) from gravity; axial: integral of (w_y u_y "
        "+ w_z u_z) / (1 - u_x^2) from 0 in quiet standing or at the turn where a repetition begins, within a "
        "repetition only";
    info.exploratory = true;
    info.description = "pelvis, from the inertial sensor on the sacrum";
    writer_ = RowWriter(setup.streams.add(info), info);
  }
  void states(StatePieces& pieces) override {
    if (imu_ < 0) return;
    add_state(pieces, state_);
    add_state(pieces, turn_.state());
  }

  void update(Frame& frame, SampleBatch& out) noexcept override {
    if (imu_ < 0) return;
    const ImuFrame& imu = frame.imus[static_cast<std::size_t>(imu_)];
    const double axial_deg = turn_.step(imu.heading_rate_rad_s / kRadPerDeg, *frame.squat);
    Derived& d = frame.derived;
    d.pelvis_tilt_deg = imu.inclination_rad / kRadPerDeg;
    d.pelvis_obliquity_deg = imu.frontal_rad / kRadPerDeg;
    d.pelvis_turned_deg = turn_.since_standing_deg();
    writer_.write(out, row_time(frame, imu.flags), {d.pelvis_tilt_deg, d.pelvis_obliquity_deg, axial_deg}, state_.seq);
  }

 private:
  struct State {
    std::uint64_t seq = 0;
  } state_;
  TurnInRepetition turn_;
  int imu_;
  RowWriter writer_;
};

}  // namespace

std::unique_ptr<Metric> make_pelvis_metric(const MetricSetup& setup) { return std::make_unique<PelvisMetric>(setup); }

}  // namespace grfd
