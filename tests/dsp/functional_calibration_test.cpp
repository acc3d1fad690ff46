// Functional calibration on legs whose axes are known: random mountings, MEMS noise and bias, an oblique toe line, true
// eversion of the ankle.
#include "dsp/functional_calibration.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdio>

#include "calibration_movements.hpp"

BOOST_AUTO_TEST_SUITE(functional_calibration)

using namespace grfd;
using namespace grfd::calibration_movements;

namespace {

using Step = CalibrationStep;
constexpr std::uint64_t kSeeds = 6;

double line_deg(const Vec3& a, const Vec3& b) { return rot::line_angle(a, b) * kDegPerRad; }
double angle_deg(const Vec3& a, const Vec3& b) { return rot::angle(a, b) * kDegPerRad; }

std::vector<FunctionalCalibration::Place> places() {
  return {{"shank_left", Segment::shank, Side::left},
          {"foot_left", Segment::foot, Side::left},
          {"shank_right", Segment::shank, Side::right},
          {"foot_right", Segment::foot, Side::right}};
}

std::string spoken(const CalibrationAnswer& a) { return a.reason; }

/// All steps up to and with `finish`; a leg raise and pumps where asked for.
CalibrationAnswer all_steps(FunctionalCalibration& c, Subject& subject, bool pumps, bool raise = true) {
  const auto take = [&](Step step, Side side, Movement m, double s) {
    const CalibrationAnswer a = c.take(step, side, subject.tracks(m, s));
    BOOST_TEST_CONTEXT(to_string(step)) { BOOST_TEST(spoken(a) == ""); }
  };
  take(Step::still, Side::left, Movement::still, 5);
  if (raise) take(Step::leg_raises, Side::left, Movement::raise_left, 12);
  take(Step::heel_raises, Side::left, Movement::heel_raises, 12);
  take(Step::knee_bends, Side::left, Movement::knee_bends, 15);
  if (pumps) {
    take(Step::ankle_pumps, Side::left, Movement::pumps_left, 12);
    take(Step::ankle_pumps, Side::right, Movement::pumps_right, 12);
  }
  return c.take(Step::finish, Side::left, subject.tracks(Movement::still, 3));
}

const CalibrationFigures& of(const CalibrationAnswer& a, const std::string& imu) {
  for (const auto& f : a.sensors)
    if (f.imu == imu) return f;
  throw std::out_of_range(imu);
}

}  // namespace

BOOST_AUTO_TEST_CASE(axes_and_signs_of_hinge_and_principal_axis) {
  double shank = 0, foot = 0, heel = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed)
    for (const bool pumps : {true, false}) {
      Subject subject({.toe_line_deg = 15, .seed = seed});
      FunctionalCalibration c(places());
      const CalibrationAnswer a = all_steps(c, subject, pumps);
      BOOST_TEST(spoken(a) == "");
      BOOST_REQUIRE(a.accepted);
      BOOST_TEST(a.warnings.empty());
      BOOST_REQUIRE(a.sensors.size() == 4u);
      for (std::size_t i = 0; i < 4; ++i) {
        const CalibrationFigures& f = a.sensors[i];
        const double error = angle_deg(f.ml_left, subject.left(i));  // with its sign
        const bool is_foot = places()[i].segment == Segment::foot;
        BOOST_TEST(f.source == (is_foot && pumps ? "hinge" : "main_axis"));
        BOOST_TEST(angle_deg(f.up_m_s2, subject.up(i)) < 0.5);
        if (!is_foot)
          shank = std::max(shank, error);
        else if (pumps)
          foot = std::max(foot, error);
        else
          heel = std::max(heel, std::fabs(error - 15));  // the toe line stays in the axis
        if (is_foot && pumps) BOOST_TEST(std::fabs(f.toe_deg - (i == 1 ? 15 : -15)) < 2);
      }
    }
  std::printf(
      "functional calibration, %d subjects: axis off by at most %.2f deg (shank), %.2f deg (foot by hinge), "
      "%.2f deg (foot by heel raises, from the toe line)\n",
      static_cast<int>(kSeeds), shank, foot, heel);
  BOOST_TEST(shank < 1);
  BOOST_TEST(foot < 1);
  BOOST_TEST(heel < 1);
}

BOOST_AUTO_TEST_CASE(a_true_eversion_of_the_ankle_makes_the_hinge_fit_unusable_above_the_ratio) {
  // amplitudes of the table in the science text; about 90 deg x ratio is the error
  for (const double eversion_deg : {0., 0.9, 1.7, 3.4, 5.7}) {
    Subject subject({.toe_line_deg = 15, .eversion_deg = eversion_deg, .seed = 3});
    FunctionalCalibration c(places());
    const CalibrationAnswer a = all_steps(c, subject, true);
    BOOST_TEST(spoken(a) == "");
    const CalibrationFigures& f = of(a, "foot_left");
    const double error = line_deg(f.ml_left, subject.left(1));
    std::printf("calibration, true eversion %.1f deg: ratio %.3f, %s, foot axis off by %.1f deg\n", eversion_deg,
                f.hinge_ratio, f.source.c_str(), error);
    BOOST_TEST((f.source == "hinge") == (f.hinge_ratio < 0.05));
    for (const char* foot : {"foot_left", "foot_right"}) {
      const std::string says = std::string(foot) + ": the hinge fit of its ankle was refused";
      const auto told = [&](const std::string& w) { return w.starts_with(says); };
      BOOST_TEST(std::count_if(a.warnings.begin(), a.warnings.end(), told) == (of(a, foot).source == "hinge" ? 0 : 1));
    }
    if (f.source == "hinge") BOOST_TEST(error < 5);
    if (eversion_deg < 1) BOOST_TEST(f.source == "hinge");
    if (eversion_deg > 3) BOOST_TEST(f.source == "main_axis");
  }
}

BOOST_AUTO_TEST_CASE(gait_like_and_wobbly_movements_are_refused_by_the_gates) {
  struct Case {
    const char* what;
    Person person;
    const char* reason;
  };
  const Case cases[] = {{"turning shank", {.shank_twist = 0.5}, "more than one axis"},
                        {"axis moves half way", {.axis_change_deg = 12}, "changed on the way"},
                        {"axis 20 deg off the horizontal", {.axis_tilt_deg = 20}, "not horizontal"}};
  for (const Case& k : cases) BOOST_TEST_CONTEXT(k.what) {
      Subject subject(k.person);
      FunctionalCalibration c(places());
      const CalibrationAnswer a = all_steps(c, subject, false);
      BOOST_REQUIRE(!a.sensors.empty());
      BOOST_TEST(!a.accepted);
      BOOST_TEST(spoken(a).find(k.reason) != std::string::npos);
      std::printf("calibration, %s: %s (share %.3f, halves %.1f deg, tilt %.1f deg)\n", k.what, a.reason.c_str(),
                  a.sensors[0].share, a.sensors[0].halves_deg, a.sensors[0].tilt_deg);
      for (const CalibrationFigures& f : a.sensors)
        if (!f.reason.empty()) BOOST_TEST(!f.accepted);
    }
}

BOOST_AUTO_TEST_CASE(steps_come_in_order_and_a_refused_one_changes_nothing) {
  Subject subject({});
  FunctionalCalibration c(places());
  const auto still = subject.tracks(Movement::still, 5);
  BOOST_TEST(c.take(Step::heel_raises, Side::left, still).reason == "do still first");
  BOOST_TEST(!c.take(Step::still, Side::left, subject.tracks(Movement::heel_raises, 5)).accepted);  // not still
  BOOST_TEST(c.missing_before(Step::heel_raises) == "do still first");
  BOOST_TEST(c.take(Step::still, Side::left, still).accepted);
  BOOST_TEST(c.take(Step::knee_bends, Side::left, still).reason == "do heel_raises first");
  BOOST_TEST(c.take(Step::heel_raises, Side::left, still).reason.find("hardly moved") != std::string::npos);
  BOOST_TEST(
      c.take(Step::heel_raises, Side::left, subject.tracks(Movement::two_heel_raises, 6)).reason.find("only 2") !=
      std::string::npos);
  BOOST_TEST(c.take(Step::heel_raises, Side::left, subject.tracks(Movement::heel_raises, 12, 1.2))
                 .reason.find("begin from standing") != std::string::npos);  // begins on the toes
  BOOST_TEST(c.take(Step::heel_raises, Side::left, subject.tracks(Movement::heel_raises, 12)).accepted);
  BOOST_TEST(c.missing_before(Step::knee_bends) == "");
  auto torn = subject.tracks(Movement::knee_bends, 15);
  for (std::size_t k = 100; k < 200; ++k) torn[2].gyro_rad_s[k][1] = std::nan("");
  BOOST_TEST(c.take(Step::knee_bends, Side::left, torn).reason.find("samples were lost") != std::string::npos);
  BOOST_TEST(c.missing_before(Step::finish) == "do knee_bends first");
}

BOOST_AUTO_TEST_CASE(a_sensor_that_slipped_is_found_at_the_end) {
  for (const double slip_deg : {1., 2.}) {
    Subject subject({});
    FunctionalCalibration c(places());
    BOOST_TEST(all_steps(c, subject, false).accepted);
    subject.slip(3, slip_deg);
    const CalibrationAnswer a = c.take(Step::finish, Side::left, subject.tracks(Movement::still, 3));
    BOOST_TEST(a.accepted == (slip_deg < 1.5));
    if (a.accepted) continue;
    BOOST_TEST(spoken(a).find("foot_right: its still pose has changed by 2") == 0u);
    BOOST_TEST(of(a, "shank_left").reason == "");
  }
}

BOOST_AUTO_TEST_CASE(swapped_sensors_are_found) {
  const auto begin = [](FunctionalCalibration& c, Subject& s, bool bends) {
    BOOST_TEST(c.take(Step::still, Side::left, s.tracks(Movement::still, 5)).accepted);
    BOOST_TEST(c.take(Step::heel_raises, Side::left, s.tracks(Movement::heel_raises, 12)).accepted);
    if (bends) BOOST_TEST(c.take(Step::knee_bends, Side::left, s.tracks(Movement::knee_bends, 15)).accepted);
  };
  {  // left foot and right foot: the wrong one moves in the pumps
    Subject subject({});
    FunctionalCalibration c({{"shank_left", Segment::shank, Side::left},
                             {"foot_right", Segment::foot, Side::right},
                             {"shank_right", Segment::shank, Side::right},
                             {"foot_left", Segment::foot, Side::left}});
    begin(c, subject, true);
    const CalibrationAnswer a = c.take(Step::ankle_pumps, Side::left, subject.tracks(Movement::pumps_left, 12));
    BOOST_TEST(!a.accepted);
    BOOST_TEST(spoken(a).find("left and right swapped") != std::string::npos);
  }
  {  // foot and shank of one side: in a heel raise the one called foot hardly turns
    Subject subject({});
    FunctionalCalibration c({{"foot_left", Segment::foot, Side::left},
                             {"shank_left", Segment::shank, Side::left},
                             {"shank_right", Segment::shank, Side::right},
                             {"foot_right", Segment::foot, Side::right}});
    BOOST_TEST(c.take(Step::still, Side::left, subject.tracks(Movement::still, 5)).accepted);
    const CalibrationAnswer a = c.take(Step::heel_raises, Side::left, subject.tracks(Movement::heel_raises, 12));
    BOOST_TEST(!a.accepted);
    BOOST_TEST(spoken(a).find("foot_left: the shank's sensor turns more in heel raises") == 0u);
  }
  {  // both legs: only the toe lines tell, and the operator asks for the wrong leg, too
    Subject subject({.toe_line_deg = 15});
    FunctionalCalibration c({{"shank_right", Segment::shank, Side::right},
                             {"foot_right", Segment::foot, Side::right},
                             {"shank_left", Segment::shank, Side::left},
                             {"foot_left", Segment::foot, Side::left}});
    begin(c, subject, true);
    BOOST_TEST(c.take(Step::ankle_pumps, Side::right, subject.tracks(Movement::pumps_left, 12)).accepted);
    BOOST_TEST(c.take(Step::ankle_pumps, Side::left, subject.tracks(Movement::pumps_right, 12)).accepted);
    const CalibrationAnswer a = c.take(Step::finish, Side::left, subject.tracks(Movement::still, 3));
    BOOST_TEST(a.accepted);
    BOOST_REQUIRE(a.warnings.size() == 1u);
    BOOST_TEST(a.warnings[0].find("not mirrored") != std::string::npos);
  }
}

/// Sensors in the order of the subject's body: which names do they carry?
std::vector<FunctionalCalibration::Place> named(bool feet_swapped, bool shanks_swapped) {
  auto all = places();
  if (feet_swapped) std::swap(all[1], all[3]);
  if (shanks_swapped) std::swap(all[0], all[2]);
  return all;
}

/// Somebody whose legs are no hinges: axes 2 deg off, and moving; a bit of eversion.
Person somebody(std::uint64_t seed) {
  const double sign = seed % 2 ? 1 : -1;
  return {.toe_line_deg = 12, .eversion_deg = 0.9, .axis_change_deg = 2, .axis_tilt_deg = 2 * sign, .seed = seed};
}

BOOST_AUTO_TEST_CASE(the_right_order_is_never_called_swapped_and_its_sides_are_told) {
  for (std::uint64_t seed = 1; seed <= 24; ++seed)
    for (const bool pumps : {true, false})
      for (const bool raise : {true, false}) BOOST_TEST_CONTEXT(seed << ", pumps " << pumps << ", raise " << raise) {
          if (!(pumps && raise) && seed > 6) continue;
          Subject subject(somebody(seed));
          FunctionalCalibration c(places());
          const CalibrationAnswer a = all_steps(c, subject, pumps, raise);
          BOOST_TEST(spoken(a) == "");
          BOOST_REQUIRE(a.sides_checked.has_value());
          BOOST_TEST(*a.sides_checked == (pumps || raise));
          for (const CalibrationFigures& f : a.sensors) BOOST_TEST((f.side_checked == (pumps || raise)));
          BOOST_TEST(a.warnings.size() == (pumps || raise ? 0u : 1u));
          if (!pumps && !raise)
            BOOST_TEST(a.warnings[0].find("left from right of shank_left, foot_left, shank_right, foot_right") !=
                       std::string::npos);
        }
}

BOOST_AUTO_TEST_CASE(swapped_sides_are_named_in_the_first_movement_of_one_leg) {
  struct Case {
    Step step;
    Side side;
    Movement movement;
  };
  const Case cases[] = {{Step::leg_raises, Side::left, Movement::raise_left},
                        {Step::leg_raises, Side::right, Movement::raise_right},
                        {Step::ankle_pumps, Side::left, Movement::pumps_left},
                        {Step::ankle_pumps, Side::right, Movement::pumps_right}};
  for (std::uint64_t seed = 1; seed <= 24; ++seed)
    for (const int swapped : {1, 2, 3}) {
      const bool feet = swapped & 1, shanks = swapped & 2;
      Subject subject(somebody(seed));
      FunctionalCalibration c(named(feet, shanks));
      BOOST_REQUIRE(c.take(Step::still, Side::left, subject.tracks(Movement::still, 5)).accepted);
      BOOST_REQUIRE(c.take(Step::heel_raises, Side::left, subject.tracks(Movement::heel_raises, 12)).accepted);
      BOOST_REQUIRE(c.take(Step::knee_bends, Side::left, subject.tracks(Movement::knee_bends, 15)).accepted);
      for (const Case& k : cases) BOOST_TEST_CONTEXT(seed << ", swapped " << swapped << ", " << to_string(k.step)) {
          const CalibrationAnswer a = c.take(k.step, k.side, subject.tracks(k.movement, 12));
          BOOST_TEST(!a.accepted);
          BOOST_TEST(spoken(a).find("left and right swapped") != std::string::npos);
          const std::string side = to_string(k.side);
          for (const CalibrationFigures& f : a.sensors) {
            const bool says = f.reason.find("swapped") != std::string::npos;
            if (f.imu == "foot_" + side) BOOST_TEST(says == feet);
            if (f.imu == "shank_" + side) BOOST_TEST(says == shanks);
          }
        }
      // Whoever leaves these steps out is told that nothing could tell.
      const CalibrationAnswer end = c.take(Step::finish, Side::left, subject.tracks(Movement::still, 3));
      BOOST_TEST(end.accepted);
      BOOST_TEST((end.sides_checked == false));
      BOOST_REQUIRE(end.warnings.size() == 1u);
      BOOST_TEST(end.warnings[0].find("a swap would not be seen") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(swapped_shanks_fit_the_other_leg_s_hinge_when_both_shanks_move) {
  for (std::uint64_t seed = 1; seed <= 24; ++seed)
    for (const bool swapped : {false, true}) BOOST_TEST_CONTEXT(seed << (swapped ? ", swapped" : "")) {
        Person person = somebody(seed);
        person.standing_leg = 0.8;
        Subject subject(person);
        FunctionalCalibration c(named(false, swapped));
        BOOST_REQUIRE(c.take(Step::still, Side::left, subject.tracks(Movement::still, 5)).accepted);
        BOOST_REQUIRE(c.take(Step::heel_raises, Side::left, subject.tracks(Movement::heel_raises, 12)).accepted);
        BOOST_REQUIRE(c.take(Step::knee_bends, Side::left, subject.tracks(Movement::knee_bends, 15)).accepted);
        const CalibrationAnswer a = c.take(Step::ankle_pumps, Side::left, subject.tracks(Movement::pumps_left, 12));
        BOOST_TEST(a.accepted == !swapped);
        if (swapped) BOOST_TEST(spoken(a).find("are the shanks' sensors swapped") != std::string::npos);
        if (!swapped) BOOST_TEST((of(a, "shank_left").side_checked == false));  // both moved
        if (!swapped) BOOST_TEST((of(a, "foot_left").side_checked == true));
      }
}

BOOST_AUTO_TEST_CASE(a_leg_raise_that_tells_nothing_says_so) {
  Subject subject({.toes_only = true});
  FunctionalCalibration c(places());
  BOOST_TEST(c.take(Step::leg_raises, Side::left, subject.tracks(Movement::raise_left, 12)).reason == "do still first");
  BOOST_TEST(c.take(Step::still, Side::left, subject.tracks(Movement::still, 5)).accepted);
  BOOST_TEST(c.take(Step::leg_raises, Side::left, subject.tracks(Movement::still, 5)).reason.find("hardly moved") !=
             std::string::npos);
  const auto both = c.take(Step::leg_raises, Side::left, subject.tracks(Movement::heel_raises, 12));
  BOOST_TEST(spoken(both).find("the right foot's sensor turns, too; the left leg alone should move") !=
             std::string::npos);
  auto torn = subject.tracks(Movement::raise_left, 12);
  for (auto& w : torn[3].gyro_rad_s) w[0] = std::nan("");
  BOOST_TEST(spoken(c.take(Step::leg_raises, Side::left, torn)) == "foot_right: it sends no samples");
  // Toes tell the feet, not the shanks.
  const auto toes = c.take(Step::leg_raises, Side::left, subject.tracks(Movement::raise_left, 12));
  BOOST_TEST(spoken(toes) == "");
  BOOST_REQUIRE(toes.sensors.size() == 4u);
  for (const CalibrationFigures& f : toes.sensors) BOOST_TEST((f.side_checked == f.imu.starts_with("foot")));
  BOOST_TEST(of(toes, "foot_left").turning_deg_s > 10);
  BOOST_TEST(of(toes, "shank_left").turning_deg_s < 10);
  // A new beginning forgets.
  BOOST_TEST(c.take(Step::still, Side::left, subject.tracks(Movement::still, 5)).accepted);
  BOOST_TEST(c.take(Step::heel_raises, Side::left, subject.tracks(Movement::heel_raises, 12)).accepted);
  BOOST_TEST(c.take(Step::knee_bends, Side::left, subject.tracks(Movement::knee_bends, 15)).accepted);
  const auto end = c.take(Step::finish, Side::left, subject.tracks(Movement::still, 3));
  BOOST_TEST(end.accepted);
  BOOST_TEST((end.sides_checked == false));
}

BOOST_AUTO_TEST_CASE(one_leg_s_sensors_alone_are_told_by_that_leg) {
  const auto halves = [](std::vector<MotionTrack> all) { return std::vector<MotionTrack>{all[0], all[1]}; };
  for (const bool right_leg : {false, true}) {  // the sensors called left
    Subject subject({});
    FunctionalCalibration c({places()[0], places()[1]});
    BOOST_TEST(c.take(Step::still, Side::left, halves(subject.tracks(Movement::still, 5))).accepted);
    const auto a = c.take(Step::leg_raises, Side::left,
                          halves(subject.tracks(right_leg ? Movement::raise_right : Movement::raise_left, 12)));
    BOOST_TEST(a.accepted == !right_leg);
    for (const CalibrationFigures& f : a.sensors) BOOST_TEST((f.side_checked == !right_leg));
  }
}

BOOST_AUTO_TEST_CASE(a_track_is_read_between_samples_and_not_across_holes) {
  MotionCollector c;
  for (int k = 0; k < 200; ++k)
    if (k < 50 || k >= 60) {  // 195 Hz, 10 samples lost
      const double t = k / 195.;
      c.add(t, {t, 2 * t, 0}, {0, 0, 9.8});
    }
  const MotionTrack t = c.track(0, 1.2, 1 / 195.);
  BOOST_REQUIRE(t.size() == 120u);
  int known = 0;
  for (std::size_t k = 0; k < t.size(); ++k) {
    const double at = static_cast<double>(k) * 0.01;
    const bool hole = (at > 49 / 195. && at < 60 / 195.) || at > 199 / 195. || k == 0;
    BOOST_TEST(rot::finite(t.gyro_rad_s[k]) == !hole);
    if (hole) continue;
    ++known;
    BOOST_TEST(std::fabs(t.gyro_rad_s[k][1] - 2 * at) < 1e-12);
  }
  BOOST_TEST(known > 90);
}

BOOST_AUTO_TEST_SUITE_END()
