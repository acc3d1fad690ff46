#include "dsp/segments.hpp"

#include <algorithm>

#include "dsp/symmetric.hpp"
#include "schemas/gravity.hpp"

namespace grfd {
namespace {

using namespace rot;

SquareMatrix<3> full(const std::array<double, 6>& s) {
  return {{{s[0], s[1], s[2]}, {s[1], s[3], s[4]}, {s[2], s[4], s[5]}}};
}
void accumulate(std::array<double, 6>& to, const std::array<double, 6>& from) {
  for (std::size_t i = 0; i < 6; ++i) to[i] += from[i];
}
double tilt_rad(const Vec3& axis, const Vec3& up) {
  return std::asin(std::clamp(dot(rot::normalized(axis), rot::normalized(up)), -1.0, 1.0));
}

}  // namespace

std::optional<Mat3> segment_frame(const Vec3& up, const Vec3& ml_left) noexcept {
  if (!finite(up) || !finite(ml_left) || !(norm(up) > 0) || !(norm(ml_left) > 0)) return std::nullopt;
  const Vec3 z = rot::normalized(up), right = rot::normalized(scale(ml_left, -1));
  const Vec3 across = sub(right, scale(z, dot(right, z)));
  if (norm(across) < std::sin(10 * kRadPerDeg)) return std::nullopt;
  const Vec3 x = rot::normalized(across);
  return Mat3{x, cross(z, x), z};
}

const char* to_string(AxisVerdict v) {
  switch (v) {
    case AxisVerdict::accepted:
      return "accepted";
    case AxisVerdict::too_little_motion:
      return "too_little_motion";
    case AxisVerdict::low_share:
      return "low_share";
    case AxisVerdict::unsteady:
      return "unsteady";
    case AxisVerdict::not_horizontal:
      return "not_horizontal";
    case AxisVerdict::no_sign:
      return "no_sign";
  }
  return "?";
}

void MainAxisEstimator::interrupt(State& s) noexcept {
  if (s.turned) return;
  s.turn = {};
  s.from_rest = false;
}

void MainAxisEstimator::add(State& s, const Vec3& w, double interval_s, bool rest) const noexcept {
  if (!s.turned) {
    if (rest) {
      s.turn = {};
      s.from_rest = true;
    } else if (s.from_rest) {
      s.turn = rot::add(s.turn, scale(w, interval_s));
      s.turned = norm(s.turn) >= params_.first_turn_deg * kRadPerDeg;
    }
  }
  if (rest || norm(w) < params_.moving_deg_s * kRadPerDeg) return;
  if (s.used == 0 || s.blocks[s.used - 1].time_s >= s.block_s * (1 - 1e-9)) {
    if (s.used == kBlocks) {  // full: join neighbours, blocks are twice as long from here
      for (std::size_t i = 0; i < kBlocks / 2; ++i) {
        Block b = s.blocks[2 * i];
        accumulate(b.sum, s.blocks[2 * i + 1].sum);
        b.time_s += s.blocks[2 * i + 1].time_s;
        s.blocks[i] = b;
      }
      s.used = kBlocks / 2;
      s.block_s *= 2;
    }
    s.blocks[s.used++] = {};
  }
  Block& b = s.blocks[s.used - 1];
  accumulate(b.sum, {w[0] * w[0], w[0] * w[1], w[0] * w[2], w[1] * w[1], w[1] * w[2], w[2] * w[2]});
  b.time_s += interval_s;
}

MainAxis MainAxisEstimator::evaluate(const State& s, const Vec3& up) const noexcept {
  MainAxis r;
  for (std::size_t i = 0; i < s.used; ++i) r.moving_s += s.blocks[i].time_s;
  if (r.moving_s < params_.moving_min_s || s.used < 2) return r;

  std::array<std::array<double, 6>, 2> half{};
  double before = 0;
  for (std::size_t i = 0; i < s.used; ++i) {
    const Block& b = s.blocks[i];
    accumulate(half[before + b.time_s / 2 > r.moving_s / 2], b.sum);
    before += b.time_s;
  }
  const Vec3 first = symmetric_eigen(full(half[0])).vectors[2], second = symmetric_eigen(full(half[1])).vectors[2];
  std::array<double, 6> whole = half[0];
  accumulate(whole, half[1]);
  const auto e = symmetric_eigen(full(whole));
  r.axis = e.vectors[2];
  r.share = e.values[2] / (e.values[0] + e.values[1] + e.values[2]);
  r.halves_deg = line_angle(first, second) * kDegPerRad;
  r.tilt_deg = std::fabs(tilt_rad(r.axis, up)) * kDegPerRad;
  if (s.turned) {
    const double along = params_.first_turn * dot(r.axis, s.turn);
    r.sign_known = std::fabs(along) > 0.7 * norm(s.turn);  // a first turn about another axis says nothing
    if (r.sign_known && along < 0) r.axis = scale(r.axis, -1);
  }
  r.verdict = !(r.share > params_.share_min)             ? AxisVerdict::low_share
              : !(r.halves_deg < params_.halves_max_deg) ? AxisVerdict::unsteady
              : !(r.tilt_deg < params_.tilt_max_deg)     ? AxisVerdict::not_horizontal
              : !r.sign_known                            ? AxisVerdict::no_sign
                                                         : AxisVerdict::accepted;
  return r;
}

bool SegmentCalibration::set_pose(const Vec3& force) noexcept {
  if (!finite(force) || !(norm(force) > 0)) return false;
  pose_change_deg = has_pose ? angle(up, force) * kDegPerRad : 0;
  force_error_m_s2 = norm(force) - kStandardGravity_m_s2;
  up = force;
  has_pose = true;
  rebuild();
  return true;
}

bool SegmentCalibration::set_axis(const Vec3& axis, AxisSource from) noexcept {
  if (!finite(axis) || !(norm(axis) > 0)) return false;
  ml_left = rot::normalized(axis);
  source = from;
  axis_share = axis_halves_deg = 0;
  rebuild();
  return true;
}

bool SegmentCalibration::set_axis(const MainAxis& estimate) noexcept {
  if (estimate.verdict != AxisVerdict::accepted || !set_axis(estimate.axis, AxisSource::main_axis)) return false;
  axis_share = estimate.share;
  axis_halves_deg = estimate.halves_deg;
  return true;
}

void SegmentCalibration::rebuild() noexcept {
  has_frame = false;
  if (!has_pose || source == AxisSource::none) return;
  axis_tilt_deg = tilt_rad(ml_left, up) * kDegPerRad;
  if (const auto f = segment_frame(up, ml_left)) {
    frame = *f;
    has_frame = true;
  }
}

}  // namespace grfd
