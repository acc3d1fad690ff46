// Functional calibration of sensors on the pelvis and on a thigh, beside those of the legs.
#include <boost/test/unit_test.hpp>

#include "calibration_movements.hpp"
#include "dsp/functional_calibration.hpp"

BOOST_AUTO_TEST_SUITE(posture_calibration)

using namespace grfd;
using namespace grfd::calibration_movements;

namespace {

using Step = CalibrationStep;

/// The legs' sensors do as in calibration_movements.hpp; pelvis and left thigh have their own movements.
struct Person5 {
  Subject legs{{.toe_line_deg = 15, .seed = 5}};
  std::array<Mat3, 2> mounting{chain(rz(0.4), ry(-0.2), rx(1.4)), chain(rz(-1.2), ry(0.3), rx(-0.6))};
  double bow_deg = 40;
  std::uint64_t seed = 7;

  Vec3 left(std::size_t i) const { return rot::matvec(rot::transpose(mounting[i]), {-1, 0, 0}); }
  static double bout(double t) {  // five, from 1 s on, every 2.5 s
    const double k = std::floor((t - 1) / 2.5), u = (t - 1) / 2.5 - k;
    return k < 0 || k >= 5 ? 0 : smooth(u / 0.4) - smooth((u - 0.45) / 0.4);
  }
  std::vector<MotionTrack> tracks(Movement m, bool bows, double seconds) {
    std::vector<MotionTrack> all = legs.tracks(m, seconds);
    for (std::size_t i = 0; i < 2; ++i) {
      Imu imu;
      imu.turn = [=, this](double t) {
        const double b = bout(t);
        if (i == 0) return rx(-(bows ? bow_deg * b : m == Movement::knee_bends ? 12 * b : 0) * kRadPerDeg);
        return rx((m == Movement::knee_bends ? 60 * b : 0) * kRadPerDeg);  // the top of a thigh goes back
      };
      imu.mounting = mounting[i];
      imu.gyro_bias = {0.4 * kRadPerDeg, -0.3 * kRadPerDeg, 0.25 * kRadPerDeg};
      imu.force_bias = {0.03, -0.02, 0.03};
      imu.gyro_noise = 0.1 * kRadPerDeg;
      imu.force_noise = 0.015;
      imu.random.seed(++seed);
      MotionTrack& track = all.emplace_back();
      for (int k = 0; k < static_cast<int>(seconds / MotionTrack::kIntervalS); ++k) {
        const auto r = imu.at(k * MotionTrack::kIntervalS);
        track.gyro_rad_s.push_back(r.gyro);
        track.force_m_s2.push_back(r.force);
      }
    }
    return all;
  }
};

std::vector<FunctionalCalibration::Place> places() {
  return {{"shank_left", Segment::shank, Side::left},   {"foot_left", Segment::foot, Side::left},
          {"shank_right", Segment::shank, Side::right}, {"foot_right", Segment::foot, Side::right},
          {"pelvis", Segment::pelvis, Side::left},      {"thigh_left", Segment::thigh, Side::left}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_axis_of_the_pelvis_comes_from_bows_and_that_of_a_thigh_from_knee_bends) {
  Person5 person;
  FunctionalCalibration c(places());
  const auto take = [&](Step step, Movement m, double s) {
    return c.take(step, Side::left, person.tracks(m, step == Step::bows, s));
  };
  BOOST_TEST(take(Step::still, Movement::still, 5).reason == "");
  BOOST_TEST(take(Step::heel_raises, Movement::heel_raises, 12).reason == "");
  BOOST_TEST(c.missing_before(Step::bows) == "do knee_bends first");
  BOOST_TEST(take(Step::knee_bends, Movement::knee_bends, 15).reason == "");
  BOOST_TEST(c.missing_before(Step::finish) == "do bows first");
  person.bow_deg = 4;
  BOOST_TEST(take(Step::bows, Movement::still, 15).reason.find("pelvis: it hardly moved") == 0);
  person.bow_deg = 40;
  const CalibrationAnswer bows = take(Step::bows, Movement::still, 15);
  BOOST_TEST(bows.reason == "");
  BOOST_REQUIRE(bows.sensors.size() == 1U);  // nobody else is asked
  BOOST_TEST(bows.sensors[0].turns_for == 5);
  const CalibrationAnswer end = take(Step::finish, Movement::still, 3);
  BOOST_TEST(end.reason == "");
  BOOST_REQUIRE(end.sensors.size() == 6U);
  // Both turn about one axis only; the sign of the thigh's is that of an axis to the left, though its top goes back.
  for (std::size_t i = 0; i < 2; ++i) {
    const double error = rot::angle(end.sensors[4 + i].ml_left, person.left(i)) * kDegPerRad;
    BOOST_TEST_MESSAGE("  " << end.sensors[4 + i].imu << ": axis off by " << error << " deg");
    BOOST_TEST(error < 0.5);
    BOOST_TEST(end.sensors[4 + i].source == "main_axis");
  }
}

BOOST_AUTO_TEST_CASE(bows_need_a_pelvis_sensor) {
  std::vector<FunctionalCalibration::Place> legs = places();
  legs.resize(4);
  Subject subject({.seed = 3});
  FunctionalCalibration c(legs);
  BOOST_TEST(c.take(Step::still, Side::left, subject.tracks(Movement::still, 5)).reason == "");
  BOOST_TEST(c.take(Step::heel_raises, Side::left, subject.tracks(Movement::heel_raises, 12)).reason == "");
  BOOST_TEST(c.missing_before(Step::bows) == "no sensor is on the pelvis");
  BOOST_TEST(c.take(Step::knee_bends, Side::left, subject.tracks(Movement::knee_bends, 15)).reason == "");
  BOOST_TEST(c.missing_before(Step::finish) == "");  // bows are not asked for
}

BOOST_AUTO_TEST_CASE(a_first_turn_backward_gives_a_thigh_its_sign) {
  const Vec3 left{0, 0.6, 0.8}, up{0, 0.8, -0.6};
  for (const double first : {1.0, -1.0}) {
    MainAxisParams p;
    p.first_turn = first;
    const MainAxisEstimator estimator(p);
    MainAxisEstimator::State s;
    for (int k = 0; k < 100; ++k) estimator.add(s, {}, 0.01, true);
    for (int k = 0; k < 400; ++k)  // backward first
      estimator.add(s, rot::scale(left, k < 200 ? -0.5 : 0.5), 0.01, false);
    const MainAxis found = estimator.evaluate(s, up);
    BOOST_TEST((found.verdict == AxisVerdict::accepted));
    BOOST_TEST(rot::angle(found.axis, rot::scale(left, -first)) < 1e-6);
  }
}

BOOST_AUTO_TEST_SUITE_END()
