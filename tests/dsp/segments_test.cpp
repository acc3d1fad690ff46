#include "dsp/segments.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <random>

#include "dsp/symmetric.hpp"
#include "imu_simulation.hpp"

BOOST_AUTO_TEST_SUITE(segments)

using namespace grfd;
using namespace grfd::imu_simulation;

namespace {

double line_deg(const Vec3& a, const Vec3& b) { return rot::line_angle(a, b) * kDegPerRad; }

/// Free leg: the shank turns about everything, the foot flexes about x of the shank and everts about y.
struct Leg {
  std::vector<Vec3> shank, foot;
  Vec3 shank_axis, foot_axis;  ///< to the right, sensor axes
};
Leg free_leg(double eversion_rad) {
  const Turn s = [](double t) {
    return chain(rz(.3 * std::sin(1.1 * t)), rx(.5 * std::sin(1.7 * t)), ry(.2 * std::sin(2.3 * t)));
  };
  const Turn f = [=](double t) {
    const double a = 2 * std::numbers::pi;
    const double flexion = .5 * std::sin(a * .6 * t);
    const double eversion = eversion_rad * (std::sin(a * .6 * t + .4) + .5 * std::sin(a * 1.1 * t));
    return chain(s(t), rx(flexion), ry(eversion));
  };
  Imu a{s, {}, chain(rz(.4), ry(1.1), rx(-.7))}, b{f, {}, chain(rz(-1.3), ry(.2), rx(.9))};
  a.gyro_noise = b.gyro_noise = .002;
  a.step_s = b.step_s = 1e-4;
  b.random.seed(5);
  Leg leg{
      {}, {}, rot::matvec(rot::transpose(a.mounting), {1, 0, 0}), rot::matvec(rot::transpose(b.mounting), {1, 0, 0})};
  for (int k = 0; k < 600; ++k) {
    leg.shank.push_back(a.at(k / 50.).gyro);
    leg.foot.push_back(b.at(k / 50.).gyro);
  }
  return leg;
}

HingeAxes with_true_signs(HingeAxes h, const Leg& leg) {
  if (rot::dot(h.j1, leg.shank_axis) < 0) h.j1 = rot::scale(h.j1, -1);
  if (rot::dot(h.j2, leg.foot_axis) < 0) h.j2 = rot::scale(h.j2, -1);
  return h;
}

}  // namespace

BOOST_AUTO_TEST_CASE(eigenvalues_and_solutions_of_small_matrices) {
  // Q diag(1, 2, 5, 9) Q' with Q from two plane rotations
  SquareMatrix<4> q{}, m{};
  const double c = std::cos(.7), s = std::sin(.7), d = std::cos(1.9), e = std::sin(1.9);
  q[0] = {c, s, 0, 0}, q[1] = {-s * d, c * d, e, 0}, q[2] = {s * e, -c * e, d, 0}, q[3] = {0, 0, 0, 1};
  const std::array<double, 4> values{1, 2, 5, 9};
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j)
      for (int k = 0; k < 4; ++k) m[i][j] += q[k][i] * values[k] * q[k][j];
  const auto pairs = symmetric_eigen(m);
  for (int k = 0; k < 4; ++k) {
    BOOST_TEST(pairs.values[k] == values[k], boost::test_tools::tolerance(1e-13));
    double along = 0;
    for (int i = 0; i < 4; ++i) along += pairs.vectors[k][i] * q[k][i];
    BOOST_TEST(std::fabs(along) == 1.0, boost::test_tools::tolerance(1e-13));
  }
  const std::array<double, 4> x{1, -2, 3, .5};
  std::array<double, 4> b{};
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j) b[i] += m[i][j] * x[j];
  const auto got = solve_positive(m, b);
  for (int i = 0; i < 4; ++i) BOOST_TEST(got[i] == x[i], boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(a_frame_from_gravity_and_the_axis_to_the_left) {
  const Mat3 mounting = chain(rz(.7), ry(.3), rx(-1.2));  // sensor axes in the segment
  const Mat3 to_sensor = rot::transpose(mounting);
  const auto frame =
      segment_frame(rot::scale(rot::matvec(to_sensor, {0, 0, 1}), 9.8), rot::matvec(to_sensor, {-1, 0, 0}));
  BOOST_REQUIRE(frame.has_value());
  for (int i = 0; i < 3; ++i) BOOST_TEST(rot::norm(rot::sub((*frame)[i], mounting[i])) < 1e-14);
  // gravity keeps its direction when the axis is not horizontal: only the part across counts
  const auto tilted = segment_frame({0, 0, 1}, {-std::cos(.2), 0, std::sin(.2)});
  BOOST_REQUIRE(tilted.has_value());
  BOOST_TEST(rot::norm(rot::sub((*tilted)[0], {1, 0, 0})) < 1e-15);
  BOOST_TEST(!segment_frame({0, 0, 1}, {.1, 0, -1}));
  BOOST_TEST(!segment_frame({0, 0, 0}, {1, 0, 0}));
  BOOST_TEST(!segment_frame({0, 0, 1}, {std::nan(""), 0, 0}));
}

BOOST_AUTO_TEST_CASE(the_principal_axis_passes_its_gates_only_when_it_should) {
  const Vec3 up{0, .05, 1};
  struct Case {
    const char* name;
    double off, drift;
    Mat3 turn;
    AxisVerdict want;
  };
  const Case cases[] = {
      {"clean pumps", .1, 0, rot::kIdentity, AxisVerdict::accepted},
      {"little share", .40, 0, rot::kIdentity, AxisVerdict::low_share},
      {"axis changes by 9 deg half way", .1, .16, rot::kIdentity, AxisVerdict::unsteady},
      {"axis 20 deg out of the horizontal", .1, 0, ry(20 * kRadPerDeg), AxisVerdict::not_horizontal},
      {"oblique toe line, 15 deg: no gate sees it", .1, 0, rz(15 * kRadPerDeg), AxisVerdict::accepted}};
  for (const Case& c : cases) {
    MainAxisEstimator estimator;
    MainAxisEstimator::State s;
    estimator.add(s, {}, .02, true);
    Mat3 sum{}, half[2]{};
    for (int k = 0; k < 800; ++k) {
      const double t = .02 * k, flexion = 2 * std::sin(2 * std::numbers::pi * .7 * t);
      const Vec3 w = rot::matvec(
          c.turn, {flexion, c.off * flexion * std::sin(.9 * t) + c.drift * flexion * (t > 8), .1 * std::sin(1.3 * t)});
      estimator.add(s, w, .02, false);
      for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) sum[i][j] += w[i] * w[j], half[k >= 400][i][j] += w[i] * w[j];
    }
    const MainAxis r = estimator.evaluate(s, up);
    const auto e = symmetric_eigen(sum);
    const double halves = line_deg(symmetric_eigen(half[0]).vectors[2], symmetric_eigen(half[1]).vectors[2]);
    std::printf("principal axis, %s: share %.3f, halves %.1f deg, tilt %.1f deg: %s\n", c.name, r.share, r.halves_deg,
                r.tilt_deg, to_string(r.verdict));
    BOOST_TEST(to_string(r.verdict) == to_string(c.want));
    BOOST_TEST(r.sign_known);
    BOOST_TEST(rot::dot(r.axis, rot::matvec(c.turn, {1, 0, 0})) > .9);  // the first turn was positive about x
    // slow samples are left out and the cut is to a block: close to, not equal to, the sums over everything
    BOOST_TEST(line_deg(r.axis, e.vectors[2]) < .2);
    BOOST_TEST(std::fabs(r.share - e.values[2] / (e.values[0] + e.values[1] + e.values[2])) < .005);
    BOOST_TEST(std::fabs(r.halves_deg - halves) < .5);
  }
}

BOOST_AUTO_TEST_CASE(the_sign_comes_from_the_first_movement_after_rest) {
  MainAxisEstimator estimator;
  for (const double first : {1.0, -1.0}) {
    MainAxisEstimator::State s;
    for (int k = 0; k < 100; ++k) estimator.add(s, {0, .5, 0}, .01, false);  // before any rest: says nothing
    estimator.add(s, {}, .01, true);
    for (int k = 0; k < 1000; ++k) {
      const Vec3 w{first * 2 * std::sin(2 * std::numbers::pi * .5 * .01 * k), .02, 0};
      estimator.add(s, w, .01, false);
    }
    const MainAxis r = estimator.evaluate(s, {0, 0, 9.8});
    BOOST_TEST(to_string(r.verdict) == "accepted");
    BOOST_TEST(r.axis[0] * first > .99);
  }
  MainAxisEstimator::State never;  // moving from the start: the axis is known, its sign is not
  for (int k = 0; k < 1000; ++k) estimator.add(never, {2 * std::sin(.03 * k), 0, 0}, .01, false);
  BOOST_TEST(to_string(estimator.evaluate(never, {0, 0, 9.8}).verdict) == "no_sign");
  MainAxisEstimator::State torn;  // samples lost in the first turn
  estimator.add(torn, {}, .01, true);
  for (int k = 0; k < 1000; ++k) {
    if (k == 3) MainAxisEstimator::interrupt(torn);
    estimator.add(torn, {2 * std::sin(.03 * k), 0, 0}, .01, false);
  }
  BOOST_TEST(to_string(estimator.evaluate(torn, {0, 0, 9.8}).verdict) == "no_sign");
  MainAxisEstimator::State little;
  estimator.add(little, {}, .01, true);
  for (int k = 0; k < 150; ++k) estimator.add(little, {1, 0, 0}, .01, false);
  BOOST_TEST(to_string(estimator.evaluate(little, {0, 0, 9.8}).verdict) == "too_little_motion");
}

BOOST_AUTO_TEST_CASE(hinge_axes_of_a_leg_that_also_everts) {
  // amplitude of eversion, and the bound of the axis error that the science text gives for it
  const std::array<std::array<double, 2>, 5> cases{{{0, .5}, {.015, 3}, {.03, 5}, {.06, 9.5}, {.1, 15}}};
  for (const auto& [eversion, bound_deg] : cases) {
    const Leg leg = free_leg(eversion);
    const HingeAxes h = with_true_signs(hinge_axes(leg.shank, leg.foot), leg);
    const double error = std::max(line_deg(h.j1, leg.shank_axis), line_deg(h.j2, leg.foot_axis));
    const double ratio = hinge_ratio(leg.shank, leg.foot, h);
    const bool accepted = hinge_accepted(ratio, h);
    std::printf(
        "hinge, eversion %.1f deg: axis error %.2f deg, residual %.3f rad/s, ratio %.3f, singular %.3f rad/s: %s\n",
        eversion * kDegPerRad, error, h.rms_rad_s, ratio, h.singular_rad_s, accepted ? "accepted" : "refused");
    BOOST_TEST(error < bound_deg);
    if (accepted) BOOST_TEST(error < 5);
    if (eversion == 0) BOOST_TEST(accepted);
    if (eversion > .05) BOOST_TEST(!accepted);
    BOOST_TEST(h.rms_rad_s < .3);  // the residual alone would accept them all
  }
}

BOOST_AUTO_TEST_CASE(hinge_signs_are_fixed_by_a_known_forward_turn) {
  const Leg leg = free_leg(0);
  HingeAxes h = hinge_axes(leg.shank, leg.foot);
  const Vec3 left = rot::scale(leg.shank_axis, -1);
  std::size_t first = 0;  // a stretch in which the shank leans forward
  while (rot::dot(leg.shank[first], left) < .3) ++first;
  for (const double flip : {1., -1.}) {
    const Vec3 j = signed_left(rot::scale(h.j1, flip), leg.shank, first, first + 5);
    BOOST_TEST(rot::dot(j, left) > .9999);
  }
  BOOST_CHECK_THROW(hinge_axes(leg.shank, {leg.foot.begin(), leg.foot.end() - 1}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_planted_foot_cannot_be_calibrated) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> noise(0, .001);
  std::vector<Vec3> shank, foot;
  for (int k = 0; k < 300; ++k) {
    const double rate = .42 * std::sin(2 * std::numbers::pi * k / 30.);
    shank.push_back({-.3 * rate, .9 * rate, .2 * rate});
    foot.push_back({noise(random), noise(random), noise(random)});
  }
  const HingeAxes h = hinge_axes(shank, foot);
  BOOST_TEST(h.singular_rad_s < .01);
  BOOST_TEST(!hinge_accepted(0, h));
  BOOST_TEST(hinge_axes(free_leg(0).shank, free_leg(0).foot).singular_rad_s > .1);
}

BOOST_AUTO_TEST_CASE(a_calibration_has_a_frame_once_it_has_both_parts) {
  SegmentCalibration c;
  BOOST_TEST(c.set_axis({0, -2, 0}, AxisSource::configured));
  BOOST_TEST(!c.has_frame);
  BOOST_TEST(c.set_pose({0, 0, 9.9}));
  BOOST_TEST(c.has_frame);
  BOOST_TEST(c.frame[0][1] == 1.0);
  BOOST_TEST(c.force_error_m_s2 == 9.9 - 9.80665, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(c.set_pose({0, 9.8 * std::sin(.03), 9.8 * std::cos(.03)}));
  BOOST_TEST(c.pose_change_deg == .03 * kDegPerRad, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(c.axis_tilt_deg == -.03 * kDegPerRad, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(!c.set_axis({0, 0, 0}, AxisSource::configured));
  BOOST_TEST(c.has_frame);
  BOOST_TEST(!c.set_axis(MainAxis{}));
  BOOST_TEST(c.set_axis({0, 0, 1}, AxisSource::configured));  // along gravity: an axis, but no frame
  BOOST_TEST(!c.has_frame);
}

BOOST_AUTO_TEST_SUITE_END()
