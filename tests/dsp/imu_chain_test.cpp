// The chain on sensors whose motion is known in closed form. Real gait: imu_chain_gait_test.cpp.
#include "dsp/imu_chain.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>

#include "imu_simulation.hpp"

BOOST_AUTO_TEST_SUITE(imu_chain)

using namespace grfd;
using namespace grfd::imu_simulation;

namespace {

constexpr double kT = 1 / 200.;
const Mat3 kMounting = chain(rz(.7), ry(.3), rx(-1.2));
const Vec3 kLeft = rot::scale(kMounting[0], -1);  // the segment's -x in sensor axes

using Lean = std::function<double(double)>;  ///< rad, forward, at time t

/// A shank that leans in the sagittal plane, its sensor 0.25 m up, with typical noise.
Imu shank(const Lean& lean, const Vec3& bias_deg_s = {.4, -.3, .5}, double length_m = .25) {
  Imu imu;
  imu.turn = [=](double t) { return chain(rz(.15), rx(-lean(t))); };
  imu.place = [=](double t) { return Vec3{0, length_m * std::sin(lean(t)), length_m * std::cos(lean(t))}; };
  imu.mounting = kMounting;
  imu.gyro_bias = rot::scale(bias_deg_s, kRadPerDeg);
  imu.gyro_noise = .0017;
  imu.force_noise = .015;
  return imu;
}

InertialInput input(const Imu::Reading& r, std::uint32_t lost = 0) { return {r.gyro, r.force, kT, lost, false}; }

double squats(double t) {
  const double p = std::fmod(std::max(0.0, t - 5), 5.0);
  return (2 + (t < 5 ? 0 : 14 * (1 - std::cos(2 * std::numbers::pi * std::min(p, 3.) / 3)))) * kRadPerDeg;
}
double one_squat(double t) {
  const double p = std::clamp(t - 3, 0., 3.);
  return (2 + 14 * (1 - std::cos(2 * std::numbers::pi * p / 3))) * kRadPerDeg;
}

/// A chain whose frame is known exactly: the zero is true vertical.
ImuChain aligned() {
  ImuChain chain(kT);
  chain.set_pose(rot::scale(kMounting[2], 9.81));
  chain.set_axis(kLeft);
  return chain;
}

double derivative(const Lean& f, double t) { return (f(t + 1e-4) - f(t - 1e-4)) / 2e-4; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_shank_that_squats_with_bias_and_noise) {
  Imu imu = shank(squats);
  imu.force_bias = {.03, -.02, .04};
  ImuChain chain(kT);
  chain.set_axis(kLeft);
  double angle = 0, worst = 0, mean = 0, rate = 0;
  int n = 0;
  for (int k = 0; k * kT < 60; ++k) {
    const double t = k * kT;
    const SegmentMotion m = chain.step(input(imu.at(t)));
    if (k == 600) {  // standing at 3 s
      BOOST_TEST(m.rest);
      BOOST_TEST(std::isnan(m.theta_rate_rad_s));  // no frame yet
      BOOST_REQUIRE(chain.capture_pose());
    }
    if (t <= 10) continue;
    BOOST_REQUIRE(m.angle_valid);
    const double e = (m.theta_rad - (squats(t) - 2 * kRadPerDeg)) * kDegPerRad;
    const double r = (m.theta_rate_rad_s - derivative(squats, t)) * kDegPerRad;
    mean += e, angle += e * e, rate += r * r, ++n;
    worst = std::max(worst, std::fabs(e));
  }
  std::printf(
      "squatting shank: inclination RMSE %.3f (mean %+.3f, max %.3f) deg, rate RMSE %.3f deg/s (gyro noise alone "
      "%.3f)\n",
      std::sqrt(angle / n), mean / n, worst, std::sqrt(rate / n), .0017 * kDegPerRad);
  BOOST_TEST(std::sqrt(angle / n) < .5);
  BOOST_TEST(std::sqrt(rate / n) < .2);
  BOOST_TEST(rot::norm(rot::sub(chain.filter().bias, imu.gyro_bias)) * kDegPerRad < .05);
}

BOOST_AUTO_TEST_CASE(started_while_moving_angles_wait_for_rest) {
  const auto fade = [](double t) { return 1 - smooth((t - 3.5) / .8); };
  const Lean walk = [=](double t) {
    const double w = 2 * std::numbers::pi * .9 * t;
    return (15 * std::sin(w) + 6 * std::sin(2 * w + 1)) * kRadPerDeg * fade(t) + 2 * kRadPerDeg;
  };
  Imu imu = shank(walk, {.4, -.3, .5}, .9);
  const Place turning = imu.place;
  imu.place = [=](double t) {
    return rot::add(turning(t), {0, .12 * std::sin(2 * std::numbers::pi * .9 * t) * fade(t), 0});
  };
  ImuChain chain = aligned();
  double before = 0, after = 0, rate_before = 0, first = -1;
  for (int k = 0; k * kT < 12; ++k) {
    const double t = k * kT;
    const SegmentMotion m = chain.step(input(imu.at(t)));
    const Mat3 frame = chain.segment().frame;
    const Vec3 u = rot::matvec(frame, rot::rotate(rot::conj(chain.filter().orientation()), {0, 0, 1}));
    const double e = std::fabs(std::atan2(-u[1], u[2]) - walk(t)) * kDegPerRad;
    if (!m.angle_valid) {
      BOOST_REQUIRE(std::isnan(m.theta_rad));
      BOOST_REQUIRE(std::isnan(m.heading_rate_rad_s));
      before = std::max(before, e);  // what would have been published
      rate_before = std::max(rate_before, std::fabs(m.theta_rate_rad_s - derivative(walk, t)) * kDegPerRad);
    } else {
      if (first < 0) first = t;
      after = std::max(after, std::fabs(m.theta_rad - walk(t)) * kDegPerRad);
    }
  }
  std::printf(
      "started while moving: %.1f deg wrong before the first rest (seen at %.1f s; still since 4.3 s), %.2f deg after; "
      "rate before %.2f deg/s\n",
      before, first, after, rate_before);
  BOOST_TEST(before > 3);
  BOOST_TEST(after < .5);
  BOOST_TEST(first > 4.3 + 1.4);
  BOOST_TEST(first < 7.5);
  BOOST_TEST(rate_before < 1.5);  // bias 0.7 deg/s + noise: rates are useful at once
}

BOOST_AUTO_TEST_CASE(a_short_gap_is_held_and_a_long_one_waits_for_rest) {
  // The hole is in the descent (3.75 s); told as a count, or seen as NaN samples, or both
  for (const auto& [samples, as_nan] : {std::pair{10, 0}, {10, 10}, {10, 4}, {11, 0}, {60, 0}, {60, 60}, {60, 30}}) {
    Imu imu = shank(one_squat, {});
    ImuChain chain = aligned();
    const bool longer = samples > 10;
    double valid = 0, hidden = 0, back = -1;
    bool valid_in_descent = true;
    for (int k = 0; k * kT < 12; ++k) {
      const double t = k * kT;
      InertialInput in = input(imu.at(t));
      if (k >= 750 && k < 750 + samples) {
        if (k >= 750 + as_nan) continue;
        (k % 2 ? in.gyro_rad_s : in.force_m_s2)[1] = std::nan("");
        const SegmentMotion m = chain.step(in);
        BOOST_TEST(!m.angle_valid);
        BOOST_TEST(std::isnan(m.theta_rate_rad_s));
        continue;
      }
      if (k == 750 + samples) in.lost = samples - as_nan;
      const SegmentMotion m = chain.step(in);
      const double e = std::fabs(m.theta_rad - one_squat(t)) * kDegPerRad;
      if (m.angle_valid) valid = std::max(valid, e);
      if (m.angle_valid && k > 750 && back < 0) back = t;
      if (k >= 750 + samples && k < 1100 && !m.angle_valid) {
        valid_in_descent = false;
        const Vec3 u =
            rot::matvec(chain.segment().frame, rot::rotate(rot::conj(chain.filter().orientation()), {0, 0, 1}));
        hidden = std::max(hidden, std::fabs(std::atan2(-u[1], u[2]) - one_squat(t)) * kDegPerRad);
        BOOST_REQUIRE(std::isfinite(m.theta_rate_rad_s));
      }
    }
    std::printf(
        "gap of %d ms (%d of %d samples as NaN): published error %.2f deg, withheld %.2f deg, angle back at %.2f s\n",
        samples * 5, as_nan, samples, valid, hidden, back);
    BOOST_TEST(valid < .5);
    BOOST_TEST(valid_in_descent == !longer);
    if (longer) BOOST_TEST(back > 6 + 1.4);  // standing again from 6 s, 1.5 s of rest
    if (longer) BOOST_TEST(back < 8.5);
    if (samples == 60) BOOST_TEST(hidden > 2);
  }
}

BOOST_AUTO_TEST_CASE(rest_and_pose_come_from_a_still_sensor_only) {
  Imu imu = shank(one_squat);
  ImuChain chain(kT);
  BOOST_TEST(!chain.capture_pose());
  bool in_squat = false;
  for (int k = 0; k < 1100; ++k) {
    chain.step(input(imu.at(k * kT)));
    if (k == 500) BOOST_TEST(chain.capture_pose());
    if (k > 700) in_squat |= chain.capture_pose();
  }
  BOOST_TEST(!in_squat);
  const SegmentCalibration& c = chain.segment();
  const Vec3 up = rot::matvec(rot::transpose(kMounting), {0, std::sin(-2 * kRadPerDeg), std::cos(2 * kRadPerDeg)});
  BOOST_TEST(rot::angle(c.up, up) * kDegPerRad < .05);
  BOOST_TEST(std::fabs(c.force_error_m_s2) < .01);
  BOOST_TEST(!chain.set_axis({0, 0, 0}));
  BOOST_TEST(!c.has_frame);
}

BOOST_AUTO_TEST_CASE(an_axis_found_from_movement_replaces_a_configured_one) {
  Imu imu = shank(squats);
  ImuChain chain(kT);
  MainAxis early;
  for (int k = 0; k * kT < 25; ++k) {
    chain.step(input(imu.at(k * kT)));
    if (k == 600) {
      BOOST_TEST(chain.capture_pose());
      chain.start_axis_estimation();
    }
    if (k == 1050) early = chain.axis_estimate();
  }
  BOOST_TEST(to_string(early.verdict) == "too_little_motion");
  const MainAxis found = chain.finish_axis_estimation();
  std::printf("axis from four squats: %.2f deg from the truth, share %.3f, halves %.2f deg, tilt %.1f deg: %s\n",
              rot::angle(found.axis, kLeft) * kDegPerRad, found.share, found.halves_deg, found.tilt_deg,
              to_string(found.verdict));
  BOOST_TEST(to_string(found.verdict) == "accepted");
  BOOST_TEST(rot::angle(found.axis, kLeft) * kDegPerRad < 1);  // with its sign: the first movement was forward lean
  BOOST_TEST((chain.segment().source == AxisSource::main_axis));
  BOOST_TEST(chain.segment().axis_share == found.share);
  const SegmentMotion m = chain.step(input(imu.at(25)));
  BOOST_TEST(std::isfinite(m.theta_rad));
  // a refused estimate leaves the axis as it is
  chain.start_axis_estimation();
  BOOST_TEST(to_string(chain.finish_axis_estimation().verdict) == "too_little_motion");
  BOOST_TEST((chain.segment().source == AxisSource::main_axis));
}

BOOST_AUTO_TEST_CASE(a_restarted_device_keeps_its_calibration_and_waits_for_rest) {
  Imu imu = shank([](double) { return .1; });
  ImuChain chain = aligned();
  SegmentMotion m;
  for (int k = 0; k < 1000; ++k) m = chain.step(input(imu.at(k * kT)));
  BOOST_TEST(m.angle_valid);
  const Vec3 bias = chain.filter().bias;
  InertialInput in = input(imu.at(5));
  in.restarted = true;
  in.lost = 12345;  // means nothing across a restart
  m = chain.step(in);
  BOOST_TEST(!m.angle_valid);
  BOOST_TEST(std::isfinite(m.theta_rate_rad_s));
  BOOST_TEST(rot::norm(rot::sub(chain.filter().bias, bias)) * kDegPerRad < .05);
  for (int k = 0; k < 320; ++k) m = chain.step(input(imu.at(k * kT)));
  BOOST_TEST(m.angle_valid);
  BOOST_TEST(std::fabs(m.theta_rad - .1) * kDegPerRad < .1);
  chain.reset();
  BOOST_TEST(!chain.segment().has_pose);
}

BOOST_AUTO_TEST_CASE(endless_loss_and_hostile_numbers_do_no_harm) {
  ImuChain chain = aligned();
  InertialInput in;
  in.gyro_rad_s[0] = std::nan("");
  in.lost = 0xffffffff;
  for (int k = 0; k < 10; ++k) BOOST_TEST(!chain.step(in).angle_valid);
  Imu imu = shank([](double) { return .1; });
  SegmentMotion m;
  for (int k = 0; k < 400; ++k) m = chain.step(input(imu.at(k * kT)));
  BOOST_TEST(m.angle_valid);
  for (const double wild : {1e30, -1e4, HUGE_VAL, 1e308}) {  // one such sample is a lost one
    in = input(imu.at(2));
    in.force_m_s2[2] = wild;
    in.interval_s = -1;
    BOOST_TEST(!chain.step(in).angle_valid);
    m = chain.step(input(imu.at(2)));
  }
  BOOST_TEST(m.angle_valid);
  BOOST_TEST(std::fabs(m.theta_rad - .1) * kDegPerRad < .1);
}

BOOST_AUTO_TEST_CASE(equal_histories_leave_equal_bytes_and_a_copied_state_goes_on_equally) {
  // Memory that was full of something else before: no padding may shine through.
  struct alignas(ImuChain) Room {
    std::byte bytes[sizeof(ImuChain)];
  };
  const auto zeros = std::make_unique<Room>(), ones = std::make_unique<Room>();
  std::memset(zeros->bytes, 0, sizeof(Room));
  std::memset(ones->bytes, 0xff, sizeof(Room));
  ImuChain& a = *new (zeros->bytes) ImuChain(kT);
  ImuChain& b = *new (ones->bytes) ImuChain(kT);
  Imu imu = shank(squats);
  for (int k = 0; k < 2000; ++k) {
    const auto in = input(imu.at(k * kT), k % 700 == 0 ? 5 : 0);
    for (ImuChain* c : {&a, &b}) {
      c->step(in);
      if (k == 600) c->capture_pose(), c->start_axis_estimation();
    }
  }
  a.finish_axis_estimation(), b.finish_axis_estimation();
  BOOST_TEST(std::memcmp(&a.state(), &b.state(), sizeof(ImuChain::State)) == 0);

  ImuChain c(1e-3);
  std::memcpy(static_cast<void*>(&c.state()), &a.state(), sizeof(ImuChain::State));
  for (int k = 2000; k < 3000; ++k) {
    const auto in = input(imu.at(k * kT));
    const SegmentMotion x = a.step(in), y = c.step(in);
    BOOST_REQUIRE(std::memcmp(&x.theta_rad, &y.theta_rad, sizeof(double)) == 0);
    BOOST_REQUIRE(x.theta_rate_rad_s == y.theta_rate_rad_s);
  }
}

BOOST_AUTO_TEST_CASE(cost_of_a_chain_step) {
  Imu imu = shank(squats);
  std::vector<InertialInput> in;
  for (int k = 0; k < 4000; ++k) {
    in.push_back(input(imu.at(k * kT)));
    in.back().interval_s *= 1 + 1e-5 * (k % 200 == 0);  // the clock map refines the interval now and then
  }
  ImuChain chain = aligned();
  double best = 1e9, sum = 0;
  for (int round = 0; round < 10; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (const auto& i : in) sum += chain.step(i).gyro_z_rad_s;
    const std::chrono::duration<double, std::nano> d = std::chrono::steady_clock::now() - begin;
    best = std::min(best, d.count() / double(in.size()));
  }
  std::printf("chain of one inertial sensor: %.0f ns per sample, state %zu bytes\n", best, sizeof(ImuChain::State));
  BOOST_TEST(std::isfinite(sum));
}

BOOST_AUTO_TEST_SUITE_END()
