#include "dsp/dorsiflexion.hpp"
#include "dsp/turn_in_repetition.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "imu_simulation.hpp"

BOOST_AUTO_TEST_SUITE(ankle_dorsiflexion)

using namespace grfd;
using namespace grfd::imu_simulation;

namespace {
constexpr double kDeg = kRadPerDeg;
Vec3 up_of(const Mat3& turn) { return rot::matvec(rot::transpose(turn), {0, 0, 1}); }
double rate_of(const Vec3& w, const Vec3& u) { return inclination_rate(w, u, heading_rate(w, u)); }
// As ankle/<side> has them: of the shank minus of the foot.
double dorsiflexion(const Vec3& us, const Vec3& uf) { return sagittal_inclination(us) - sagittal_inclination(uf); }
double exact_rate(const Vec3& ws, const Vec3& us, const Vec3& wf, const Vec3& uf) {
  return rate_of(ws, us) - rate_of(wf, uf);
}
double scalar_rate(const Vec3& ws, const Vec3& wf) { return inclination_rate_scalar(ws) - inclination_rate_scalar(wf); }
void near(double got, double want, double tolerance) {
  BOOST_TEST(std::fabs(got - want) <= tolerance, got << " != " << want);
}
}  // namespace

BOOST_AUTO_TEST_CASE(signs_are_those_of_the_body) {
  near(sagittal_inclination(up_of(rx(-20 * kDeg))), 20 * kDeg, 1e-12);  // shank forward
  near(sagittal_inclination(up_of(rx(-7 * kDeg))), 7 * kDeg, 1e-12);    // heel up
  near(jcs_angles(rx(-20 * kDeg), rot::kIdentity, Side::right).dorsiflexion, 20 * kDeg, 1e-12);
  const Mat3 rolled = ry(-6 * kDeg);
  BOOST_TEST(rot::matvec(rolled, {0, 0, 1})[0] < 0);  // the top of the foot goes to the left: eversion of a right foot
  near(frontal_inclination(up_of(rolled)), 6 * kDeg, 1e-12);  // top to the left
  near(total_tilt(up_of(chain(rz(1), rx(.3)))), .3, 1e-12);
  near(total_tilt(up_of(chain(ry(-.2), rx(-.3)))), std::acos(std::cos(.2) * std::cos(.3)), 1e-12);
  // towards the midline is internal on both sides
  near(jcs_angles(rz(5 * kDeg), rot::kIdentity, Side::right).tibial_internal_rotation, 5 * kDeg, 1e-12);
  near(jcs_angles(rz(-5 * kDeg), rot::kIdentity, Side::left).tibial_internal_rotation, 5 * kDeg, 1e-12);
  BOOST_TEST(tibial_rotation_rate(.1, 0, Side::right) > 0);
  BOOST_TEST(tibial_rotation_rate(-.1, 0, Side::left) > 0);
  // forward lean, turning to the left
  near(rate_of(body_rate([](double t) { return rx(-t); }, .2, 1e-4), up_of(rx(-.2))), 1, 1e-8);
  near(heading_rate(body_rate([](double t) { return chain(rz(t), rx(-.4)); }, 0, 1e-4), up_of(rx(-.4))), 1, 1e-8);
  BOOST_TEST(std::isnan(heading_rate({0, 0, 1}, {1, 0, 0})));
}

BOOST_AUTO_TEST_CASE(a_quaternion_that_tilts_by_25_deg_tilts_by_25_deg_whatever_its_heading) {
  // A turn by 25 deg about a horizontal axis that points `about` to the left of the subject's right, then by any
  // heading.
  for (const double about : {0., 30., 90., 200.})
    for (const double heading : {0., 77., -140.}) {
      const double half = 12.5 * kDeg, a = about * kDeg, h = heading * kDeg / 2;
      const Quat tilt{std::cos(half), std::sin(half) * std::cos(a), std::sin(half) * std::sin(a), 0};
      const Quat turned = rot::mul(Quat{std::cos(h), 0, 0, std::sin(h)}, tilt);
      const Vec3 u = segment_up(turned, rot::kIdentity);
      near(total_tilt(u), 25 * kDeg, 1e-12);
      // u = (-sin 25 sin about, sin 25 cos about, cos 25): back over the right axis, to the right over the forward one
      near(std::sin(frontal_inclination(u)), -std::sin(25 * kDeg) * std::sin(a), 1e-12);
      const Vec3 again = up_direction(sagittal_inclination(u), frontal_inclination(u));
      for (std::size_t k = 0; k < 3; ++k) near(again[k], u[k], 1e-12);
    }
}

BOOST_AUTO_TEST_CASE(joint_angles_of_a_constructed_ankle) {
  const double a = .5, b = -.08, c = .06;
  const Mat3 shank = chain(rz(.2), rx(-.35)), foot = chain(shank, chain(rx(a), ry(b), rz(c)));
  for (const Side side : {Side::left, Side::right}) {
    const double s = side == Side::right ? 1 : -1;
    const JcsAngles j = jcs_angles(shank, foot, side);
    near(j.dorsiflexion, a, 1e-12);
    near(j.eversion, -s * b, 1e-12);
    near(j.tibial_internal_rotation, -s * c, 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(the_exact_rate_equals_its_vectors) {
  const auto json = nlohmann::json::parse(std::ifstream(GRFD_FIXTURES "/incl_rate.json"));
  double angle = 0, exact = 0, scalar = 0, apart = 0;
  for (const std::vector<double> r : json["rows"]) {
    const Vec3 ws{r[1], r[2], r[3]}, us{r[4], r[5], r[6]}, wf{r[7], r[8], r[9]}, uf{r[10], r[11], r[12]};
    angle = std::max(angle, std::fabs(dorsiflexion(us, uf) - r[13]));
    exact = std::max(exact, std::fabs(exact_rate(ws, us, wf, uf) - r[14]));
    scalar = std::max(scalar, std::fabs(scalar_rate(ws, wf) - r[15]));
    apart = std::max(apart, std::fabs(scalar_rate(ws, wf) - r[14]));
  }
  std::printf(
      "incl_rate.json: angle %.1e rad, exact rate %.1e rad/s, scalar %.1e rad/s; the scalar is up to %.2f deg/s off "
      "the exact rate\n",
      angle, exact, scalar, apart * kDegPerRad);
  BOOST_TEST(angle < 1e-11);
  BOOST_TEST(exact < 1e-11);
  BOOST_TEST(scalar < 1e-11);
  BOOST_TEST(apart * kDegPerRad > .5);
}

BOOST_AUTO_TEST_CASE(rates_are_derivatives_of_angles) {
  const double turn = 2 * std::numbers::pi;
  const auto wave = [=](double t, double f, double p) { return .5 * (1 - std::cos(turn * t * f + p)); };
  // knee-in squat: both segments tilt sideways and turn, the foot lifts its heel
  const Turn shank = [=](double t) {
    const double lean = (3 + 28 * wave(t, 1 / 3., 0)) * kDeg, in = (2 + 6 * wave(t, 1 / 3., .1)) * kDeg;
    return chain(rz(.3 + 8 * kDeg * wave(t, 1 / 3., -.1)), ry(-in), rx(-lean));
  };
  const Turn foot = [=](double t) {
    const double in = (2 + 6 * wave(t, 1 / 3., .1)) * kDeg;
    return chain(rz(.3 - .4 * 8 * kDeg * wave(t, 1 / 3., -.1)), ry(-.8 * in), rx(-5 * kDeg * wave(t, 2 / 3., .2)));
  };
  const double h = 1e-5;
  double incl = 0, jcs = 0, scalar = 0, aside = 0, back = 0;
  for (double t = .1; t < 2.9; t += .035) {
    const Vec3 ws = body_rate(shank, t, h), wf = body_rate(foot, t, h);
    const auto df = [&](double x) { return dorsiflexion(up_of(shank(x)), up_of(foot(x))); };
    const auto joint = [&](double x) { return jcs_angles(shank(x), foot(x), Side::right).dorsiflexion; };
    const double want = (df(t + h) - df(t - h)) / (2 * h);
    const auto roll = [&](double x) { return frontal_inclination(up_of(shank(x))); };
    const Vec3 us = up_of(shank(t));
    aside = std::max(aside, std::fabs(frontal_rate(ws, us) - (roll(t + h) - roll(t - h)) / (2 * h)));
    const Vec3 w =
        angular_rate(sagittal_inclination(us), roll(t), rate_of(ws, us), frontal_rate(ws, us), heading_rate(ws, us));
    for (std::size_t k = 0; k < 3; ++k) back = std::max(back, std::fabs(w[k] - ws[k]));
    incl = std::max(incl, std::fabs(exact_rate(ws, up_of(shank(t)), wf, up_of(foot(t))) - want));
    scalar = std::max(scalar, std::fabs(scalar_rate(ws, wf) - want));
    jcs = std::max(
        jcs, std::fabs(jcs_dorsiflexion_rate(shank(t), foot(t), ws, wf) - (joint(t + h) - joint(t - h)) / (2 * h)));
  }
  std::printf(
      "against numeric derivatives: inclination rate %.1e rad/s, JCS rate %.1e rad/s (scalar difference %.2f deg/s)\n",
      incl, jcs, scalar * kDegPerRad);
  BOOST_TEST(incl < 1e-8);
  BOOST_TEST(jcs < 1e-8);
  BOOST_TEST(aside < 1e-8);
  BOOST_TEST(back < 1e-12);  // the three rates hold the whole turn
  BOOST_TEST(scalar * kDegPerRad > .5);
}

BOOST_AUTO_TEST_CASE(within_a_repetition_rotation_is_integrated_from_zero) {
  TurnInRepetition r;
  SquatFeedback squat;
  squat.standing_quiet = true;
  const double w = 2 * std::numbers::pi;  // 0.1 sin(w t): back at zero after one turn
  const auto step = [&](int k) {
    return r.step(tibial_rotation_rate(0, .1 * w * std::cos(w * k * 1e-3), Side::left), squat);
  };
  BOOST_TEST(step(0) == 0);
  squat.standing_quiet = false;
  for (int k = 1; k <= 250; ++k) step(k);
  near(r.since_standing_deg(), .1, 1e-6);  // the foot turns to the left under a left tibia: internal
  squat.turn_before_s = .1;
  near(step(251), .1 * (std::sin(w * .251) - std::sin(w * .15)), 1e-6);
  squat.turn_before_s = kNaN;
  for (int k = 252; k < 1000; ++k) step(k);
  near(step(1000), -.1 * std::sin(w * .15), 1e-6);
  near(r.since_standing_deg(), 0, 1e-6);
  r.step(std::nan(""), squat);
  BOOST_TEST(std::isnan(step(0)));
  squat.standing_quiet = true;
  BOOST_TEST(step(0) == 0);
  BOOST_TEST(std::isnan(r.step(std::nan(""), squat)));
}

BOOST_AUTO_TEST_CASE(a_tilted_pelvis_turns_about_the_vertical) {
  const auto c = [](double t) { return smooth((t - 4) / 2); };
  const Turn turn = [=](double t) { return chain(rz(9 * kDeg * c(t)), ry(-4 * kDeg * c(t)), rx(-35 * kDeg * c(t))); };
  TurnInRepetition axial, z_alone;
  SquatFeedback squat;
  squat.standing_quiet = true;
  for (int k = 4000; k <= 6500; ++k) {
    const Vec3 w = body_rate(turn, k * 1e-3, 1e-4), u = up_of(turn(k * 1e-3));
    axial.step(heading_rate(w, u), squat);
    z_alone.step(w[2], squat);
    squat.standing_quiet = false;
  }
  near(axial.since_standing_deg(), 9 * kDeg, 1e-5);
  BOOST_TEST(std::fabs(z_alone.since_standing_deg() - 9 * kDeg) > 1 * kDeg);
  const Vec3 u = up_of(turn(6.5));
  near(sagittal_inclination(u), 35 * kDeg, 1e-9);
  near(frontal_inclination(u), std::asin(std::sin(4 * kDeg)), 1e-9);  // right side up
}

BOOST_AUTO_TEST_SUITE_END()
