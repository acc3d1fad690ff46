// pelvis: tilt, obliquity and turn of the pelvis from one sensor on the sacrum.
#include <algorithm>

#include "dsp/metric.hpp"
#include "dsp/quaternion.hpp"

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
    if (imu_ >= 0) add_state(pieces, state_);
  }

  void update(Frame& frame, SampleBatch& out) noexcept override {
    if (imu_ < 0) return;
    State& s = state_;
    const ImuFrame& imu = frame.imus[static_cast<std::size_t>(imu_)];
    const double rate = imu.heading_rate_rad_s / kRadPerDeg;
    if (double& before_s = frame.squat->turn_before_s; !std::isnan(before_s)) {
      const auto ms = static_cast<std::uint64_t>(std::max(0.0, before_s * 1e3) + 0.5);
      if (s.seq > 0) s.zero = s.past[(s.seq - 1 - std::min({ms, s.seq - 1, kPast - 1})) % kPast];
      before_s = kNaN;
    }
    if (frame.squat->standing_quiet)
      s.turned = s.zero = std::isnan(rate) ? kNaN : 0;
    else
      s.turned += 0.5 * (s.rate + rate) * 1e-3;  // NaN stays until the next quiet standing
    s.rate = rate;
    s.past[s.seq % kPast] = s.turned;
    Derived& d = frame.derived;
    d.pelvis_tilt_deg = imu.inclination_rad / kRadPerDeg;
    d.pelvis_obliquity_deg = imu.frontal_rad / kRadPerDeg;
    d.pelvis_turned_deg = s.turned;
    writer_.write(out, row_time(frame, imu.flags), {d.pelvis_tilt_deg, d.pelvis_obliquity_deg, s.turned - s.zero},
                  s.seq);
  }

 private:
  static constexpr std::uint64_t kPast = 1024;  ///< ms within which a turn is noticed
  struct State {
    double turned = kNaN, rate = kNaN;  ///< deg since quiet standing, deg/s
    double zero = 0;                    ///< of `turned`, where the repetition began
    std::uint64_t seq = 0;
    std::array<double, kPast> past{};  ///< `turned` of the last frames
  } state_;
  int imu_;
  RowWriter writer_;
};

}  // namespace

std::unique_ptr<Metric> make_pelvis_metric(const MetricSetup& setup) { return std::make_unique<PelvisMetric>(setup); }

}  // namespace grfd
