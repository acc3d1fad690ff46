#include "dsp/imu_chain.hpp"

#include <algorithm>

#include "dsp/dorsiflexion.hpp"

namespace grfd {
namespace {
using namespace rot;
constexpr std::uint32_t kManyLost = 1'000'000;  // far more than may be held; keeps the count from wrapping

// No sensor on a leg reads more; a wilder value would stay in the low-passes for minutes. False for NaN.
bool within(const Vec3& v, double limit) {
  return std::fabs(v[0]) < limit && std::fabs(v[1]) < limit && std::fabs(v[2]) < limit;
}
bool plausible(const InertialInput& in) { return within(in.gyro_rad_s, 1e3) && within(in.force_m_s2, 1e4); }
}  // namespace

ImuChain::ImuChain(double interval_s, const Params& params)
    : vqf_(interval_s, params.vqf), gate_(params.max_hold_s), axis_(params.axis) {
  reset();
}

void ImuChain::reset() noexcept {
  state_ = {};
  state_.vqf = vqf_.start();
}

SegmentMotion ImuChain::step(const InertialInput& in) noexcept {
  State& s = state_;
  SegmentMotion out;
  if (in.restarted) {
    vqf_.restart(s.vqf);
    s.lost = 0;
    MainAxisEstimator::interrupt(s.axis);
  } else {
    s.lost = std::min(kManyLost, s.lost + std::min(kManyLost, in.lost));
  }
  if (!plausible(in)) {
    s.lost = std::min(kManyLost, s.lost + 1);
    return out;
  }
  vqf_.set_interval(s.vqf, in.interval_s);
  if (!gate_.bridges(s.lost, s.vqf)) MainAxisEstimator::interrupt(s.axis);
  out.angle_valid = gate_.step(vqf_, s.vqf, in.gyro_rad_s, in.force_m_s2, s.lost);
  s.lost = 0;
  out.rest = s.vqf.rest;

  const Vec3 gyro = sub(in.gyro_rad_s, s.vqf.bias);
  if (s.estimating) axis_.add(s.axis, gyro, s.vqf.interval_s, s.vqf.rest);
  if (!s.segment.has_frame) return out;
  out.gyro_rad_s = matvec(s.segment.frame, gyro);
  out.gyro_z_rad_s = out.gyro_rad_s[2];
  if (!out.angle_valid) {
    out.theta_rate_rad_s = inclination_rate_scalar(out.gyro_rad_s);
    return out;
  }
  out.up = segment_up(s.vqf.orientation(), s.segment.frame);
  out.theta_rad = sagittal_inclination(out.up);
  out.frontal_rad = frontal_inclination(out.up);
  out.heading_rate_rad_s = heading_rate(out.gyro_rad_s, out.up);
  out.frontal_rate_rad_s = frontal_rate(out.gyro_rad_s, out.up);
  out.theta_rate_rad_s = inclination_rate(out.gyro_rad_s, out.up, out.heading_rate_rad_s);
  return out;
}

bool ImuChain::capture_pose() noexcept { return state_.vqf.rest && set_pose(state_.vqf.rest_force_mean); }

void ImuChain::start_axis_estimation() noexcept {
  state_.axis = {};
  state_.estimating = 1;
}

MainAxis ImuChain::axis_estimate() const noexcept {
  MainAxis r = axis_.evaluate(state_.axis, state_.segment.up);
  if (r.verdict == AxisVerdict::accepted && !state_.segment.has_pose) r.verdict = AxisVerdict::not_horizontal;
  return r;
}

MainAxis ImuChain::finish_axis_estimation() noexcept {
  const MainAxis r = axis_estimate();
  state_.estimating = 0;
  state_.segment.set_axis(r);
  return r;
}

}  // namespace grfd
