#include "dsp/inertial_sensor.hpp"

#include <algorithm>
#include <cmath>

namespace grfd {
namespace {
ImuChainParams chain_params(Segment segment) {
  ImuChainParams p;
  if (segment == Segment::thigh) p.axis.first_turn = -1;  // its top goes back in a squat
  return p;
}
}  // namespace

InertialSensor::InertialSensor(const ImuSettings& settings, const StreamInfo& stream, double nominal_interval_s)
    : name_(settings.name),
      columns_(stream),
      estimate_(settings.estimate_axis),
      chain_(nominal_interval_s, chain_params(settings.segment)) {
  if (!estimate_) chain_.set_axis(settings.ml_axis_left);
}

void InertialSensor::take(const Sample& s, double interval_s, std::uint64_t lost, bool restarted) noexcept {
  InertialInput in;
  in.force_m_s2 = columns_.force_m_s2(s);
  in.gyro_rad_s = columns_.gyro_rad_s(s);
  in.interval_s = interval_s;
  in.lost = static_cast<std::uint32_t>(std::min<std::uint64_t>(lost, 1'000'000));
  in.restarted = restarted;
  const SegmentMotion m = chain_.step(in);
  newest_rate_rad_s_ = m.theta_rate_rad_s;
  // VQF turns with the newest rate over the interval before it, half an interval ahead: this makes it the trapezoid.
  const double ahead_s = 0.5 * interval_s;
  angles_.push(s.t,
               {m.theta_rad - ahead_s * m.theta_rate_rad_s, m.frontal_rad - ahead_s * m.frontal_rate_rad_s,
                m.heading_rate_rad_s, m.frontal_rate_rad_s},
               s.flags);
  rates_.push(s.t, {m.theta_rate_rad_s, m.gyro_z_rad_s}, s.flags);
  const auto& f = in.force_m_s2;
  force_.push(s.t, {std::sqrt(f[0] * f[0] + f[1] * f[1] + f[2] * f[2])}, s.flags);
}

void InertialSensor::at(TimeNs t, double interval_s, ImuFrame& frame) const noexcept {
  std::array<double, 4> angles;
  std::array<double, 2> rates;
  const Aligned a = angles_.at(t, interval_s, angles), r = rates_.at(t, interval_s, rates);
  frame.inclination_rad = angles[0];
  frame.frontal_rad = angles[1];
  frame.heading_rate_rad_s = angles[2];
  frame.frontal_rate_rad_s = angles[3];
  frame.inclination_rate_rad_s = rates[0];
  frame.axial_rate_rad_s = rates[1];
  frame.flags = static_cast<std::uint16_t>(grid_flags(a) | grid_flags(r));
  frame.rest = at_rest();
}

void InertialSensor::capture_pose() noexcept {
  chain_.capture_pose();
  if (estimate_) chain_.start_axis_estimation();
}

void InertialSensor::estimate_axis(const RowTime& now, const TextWriter& events, std::uint64_t& seq,
                                   SampleBatch& out) noexcept {
  if (!estimate_ || chain_.segment().source != AxisSource::none) return;
  if (chain_.axis_estimate().verdict != AxisVerdict::accepted) return;
  const MainAxis found = chain_.finish_axis_estimation();
  events.write(out, now, seq,
               "axis_result "
               "{\"imu\":\"%s\",\"accepted\":true,\"ml_axis_left\":[%.6f,%.6f,%.6f],\"share\":%.4f,\"halves_deg\":%.2f,"
               "\"tilt_deg\":%.2f}",
               name_.c_str(), found.axis[0], found.axis[1], found.axis[2], found.share, found.halves_deg,
               found.tilt_deg);
}

void InertialSensor::states(StatePieces& pieces) {
  add_state(pieces, newest_rate_rad_s_);
  add_state(pieces, chain_.state());
  add_state(pieces, angles_.state());
  add_state(pieces, rates_.state());
  add_state(pieces, force_.state());
}

}  // namespace grfd
