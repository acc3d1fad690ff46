// The live angles of pelvis, thighs and of the joint coordinate system, from frames.
#include <boost/test/unit_test.hpp>

#include "dsp/dorsiflexion.hpp"
#include "dsp/metric.hpp"
#include "schemas/row.hpp"

BOOST_AUTO_TEST_SUITE(pelvis_metric)

using namespace grfd;

namespace {

constexpr double kRad = 3.14159265358979323846 / 180;

struct Rig {
  Settings settings;
  StreamTable table;
  std::uint64_t event_seq = 0;
  std::unique_ptr<Metric> metric;
  std::vector<ImuFrame> imus;
  SquatFeedback feedback;
  Derived derived;
  std::uint64_t ms = 0;
  std::uint16_t flags = 0;  ///< of the last row

  Rig(MetricMaker make, std::vector<ImuSettings> sensors, bool joint_angles = false) : imus(sensors.size()) {
    settings.imus = std::move(sensors);
    settings.participant.standing_thigh_deg = 11;
    settings.ankle.joint_angles = joint_angles;
    feedback.standing_quiet = true;
    const MetricSetup setup{settings, table, kNoStream, event_seq, 0.01124, 0.21, {}, {}};
    metric = make(setup);
    for (ImuFrame& i : imus)
      i.inclination_rad = i.frontal_rad = i.inclination_rate_rad_s = i.heading_rate_rad_s = i.frontal_rate_rad_s = 0;
  }
  /// The last of `n` frames.
  std::vector<float> step(int n = 1) {
    std::vector<float> values;
    for (; n > 0; --n) {
      FixedBatch<8> out;
      Frame frame;
      frame.index = ms++;
      frame.imus = imus;
      frame.squat = &feedback;
      frame.derived = derived;
      metric->update(frame, out);
      derived = frame.derived;
      values.clear();
      if (out.samples().empty()) continue;
      const Sample& s = out.samples()[0];
      flags = s.flags;
      for (std::size_t i = 0; i < table[s.stream].columns.size(); ++i) values.push_back(value<float>(s, i));
    }
    return values;
  }
};

std::vector<ImuSettings> on(std::initializer_list<std::pair<Segment, Side>> places) {
  std::vector<ImuSettings> out;
  for (const auto& [segment, side] : places) {
    ImuSettings i;
    i.segment = segment;
    i.side = side;
    out.push_back(i);
  }
  return out;
}

bool near(double a, double b, double tolerance = 1e-4) { return std::abs(a - b) <= tolerance; }

}  // namespace

BOOST_AUTO_TEST_CASE(the_turn_of_the_pelvis_is_zero_in_standing_and_at_a_turn) {
  // The side of a pelvis sensor says nothing.
  Rig r(make_pelvis_metric, on({{Segment::foot, Side::left}, {Segment::pelvis, Side::right}}));
  BOOST_TEST(r.table[0].exploratory);
  ImuFrame& imu = r.imus[1];
  imu.inclination_rad = 20 * kRad;
  imu.frontal_rad = 3 * kRad;
  imu.heading_rate_rad_s = 10 * kRad;
  std::vector<float> v = r.step(500);
  BOOST_TEST((near(v[0], 20) && near(v[1], 3) && v[2] == 0));
  BOOST_TEST(near(r.derived.pelvis_tilt_deg, 20));
  r.feedback.standing_quiet = false;
  v = r.step(1000);
  BOOST_TEST(near(v[2], 10));
  // It was seen now that 0.3 s before the last frame a repetition began at a turn.
  r.feedback.turn_before_s = 0.3;
  v = r.step();
  BOOST_TEST(near(v[2], 3.01));
  r.feedback.turn_before_s = kNaN;
  BOOST_TEST(near(r.derived.pelvis_turned_deg, 10.01));  // repetitions are computed from this one, which does not jump
  v = r.step(100);
  BOOST_TEST(near(v[2], 4.01));
  imu.heading_rate_rad_s = kNaN;
  BOOST_TEST(std::isnan(r.step()[2]));
  imu.heading_rate_rad_s = 0;
  BOOST_TEST(std::isnan(r.step(200)[2]));  // nobody knows how far it turned meanwhile
  r.feedback.standing_quiet = true;
  BOOST_TEST(r.step(2)[2] == 0);
}

BOOST_AUTO_TEST_CASE(where_nobody_looks_for_repetitions_the_turn_within_one_is_unknown) {
  Rig r(make_pelvis_metric, on({{Segment::pelvis, Side::left}}));
  r.feedback = {};  // as it begins, and stays without a metric that looks for repetitions
  r.imus[0].heading_rate_rad_s = 10 * kRad;
  for (const int frames : {1, 500}) {
    const std::vector<float> v = r.step(frames);
    BOOST_TEST((near(v[0], 0) && near(v[1], 0) && std::isnan(v[2])));
    BOOST_TEST((r.flags & kInvalid) != 0);
    BOOST_TEST(std::isnan(r.derived.pelvis_turned_deg));
  }
  // The metric that would do so says nothing without plates and ankles, and at once that it does with one ankle.
  for (const bool ankle : {false, true}) {
    Rig squats(make_squat_metric, ankle ? on({{Segment::shank, Side::left}, {Segment::foot, Side::left}})
                                        : on({{Segment::shank, Side::left}, {Segment::pelvis, Side::left}}));
    squats.feedback = {};
    squats.step();
    BOOST_TEST(squats.feedback.looks_for_repetitions == ankle);
    BOOST_TEST(squats.feedback.standing_quiet == ankle);
  }
}

BOOST_AUTO_TEST_CASE(a_thigh_is_measured_from_the_vertical_and_from_the_parallel) {
  Rig r(make_thigh_metric, on({{Segment::thigh, Side::right}}));
  BOOST_TEST(r.table[0].name == "thigh/right");
  BOOST_TEST(near(r.step()[0], 11));       // as it stands
  r.imus[0].inclination_rad = -85 * kRad;  // the top has gone back by 85 deg
  const std::vector<float> v = r.step();
  BOOST_TEST((near(v[0], 96) && near(v[1], -6)));  // below the parallel
  BOOST_TEST(near(r.derived.thigh_deg[1], 96));
  BOOST_TEST(std::isnan(r.derived.thigh_deg[0]));
}

BOOST_AUTO_TEST_CASE(nothing_is_computed_without_a_sensor) {
  for (const MetricMaker make : {make_pelvis_metric, make_thigh_metric, make_joint_angle_metric}) {
    Rig r(make, on({{Segment::shank, Side::left}, {Segment::foot, Side::left}}));
    BOOST_TEST(r.table.size() == 0U);
    BOOST_TEST(r.step().empty());
    StatePieces pieces;
    r.metric->states(pieces);
    BOOST_TEST(pieces.empty());
  }
}

BOOST_AUTO_TEST_CASE(the_heading_of_shank_and_foot_is_one_in_standing_rest_and_held_elsewhere) {
  Rig r(make_joint_angle_metric, on({{Segment::shank, Side::left}, {Segment::foot, Side::left}}), true);
  BOOST_TEST(r.table[0].name == "ankle_jcs/left");
  ImuFrame &shank = r.imus[0], &foot = r.imus[1];
  shank.heading_rate_rad_s = 10 * kRad;
  BOOST_TEST(std::isnan(r.step(100)[3]));  // no rest so far
  shank.rest = foot.rest = true;
  BOOST_TEST(r.step()[3] == 0);
  r.feedback.standing_quiet = false;  // a pause at the bottom is no standing
  std::vector<float> v = r.step(1000);
  BOOST_TEST(near(v[3], 10));
  // Turning of the shank to the left, on the left side: inward is to the right.
  BOOST_TEST((near(v[0], 0) && near(v[1], 0) && near(v[2], -10)));
  shank.rest = foot.rest = false;
  shank.heading_rate_rad_s = 0;
  foot.heading_rate_rad_s = 10 * kRad;
  r.derived.fz_n[0] = 400;                       // flat, loaded, steady: what its gyroscope says is not believed
  BOOST_TEST(near(r.step(1000)[3], 10, 0.006));  // half of the first tick
  r.derived.fz_n[0] = 5;
  BOOST_TEST(near(r.step(1000)[3], 0, 0.02));
  r.derived.fz_n[0] = kNaN;  // nobody knows of a load
  BOOST_TEST(near(r.step(1000)[3], -10, 0.02));
  r.derived.fz_n[0] = 400;
  foot.inclination_rad = 3 * kRad;  // the heel is up
  BOOST_TEST(near(r.step(1000)[3], -20, 0.02));
  // The heel is up: no standing rest either.
  shank.rest = foot.rest = r.feedback.standing_quiet = true;
  BOOST_TEST(near(r.step(500)[3], -25, 0.02));
  foot.inclination_rad = 0;
  BOOST_TEST(r.step()[3] == 0);
}

BOOST_AUTO_TEST_CASE(joint_angles_of_known_rotations) {
  for (const Side side : {Side::left, Side::right}) {
    Rig r(make_joint_angle_metric, on({{Segment::shank, side}, {Segment::foot, side}}), true);
    ImuFrame &shank = r.imus[0], &foot = r.imus[1];
    shank.rest = foot.rest = true;
    const double s = side == Side::right ? 1 : -1;
    shank.inclination_rad = 25 * kRad;
    std::vector<float> v = r.step();
    BOOST_TEST((near(v[0], 25) && near(v[1], 0) && near(v[2], 0)));
    // A foot that rolls by asin(u_x) under a shank that only leans: u_x of the foot in shank axes is that roll.
    foot.frontal_rad = s * 4 * kRad;
    shank.inclination_rad = 0;
    v = r.step();
    BOOST_TEST((near(v[0], 0) && near(v[1], 4) && near(v[2], 0)));
  }
}

BOOST_AUTO_TEST_CASE(the_rate_of_the_joint_is_the_derivative_of_its_angle) {
  // A squat whose knee falls in and turns over a foot that rolls; the headings are what the gyroscopes hold.
  Rig r(make_joint_angle_metric, on({{Segment::shank, Side::right}, {Segment::foot, Side::right}}), true);
  BOOST_TEST(r.table[0].columns[4].name == "dorsiflexion_rate");
  BOOST_TEST(r.table[0].columns[4].delay_s == 0.01124);
  constexpr double w = 2 * 3.14159265358979323846 / 3, h = 1e-4;
  const auto wave = [=](double t) { return 0.5 * (1 - std::cos(w * t)); };
  const auto put = [&](ImuFrame& f, double t, double lean_deg, double roll_deg, double turn_deg) {
    const auto rate = [&](double size) { return size * kRad * 0.5 * w * std::sin(w * t); };
    f.inclination_rad = lean_deg * kRad * wave(t);
    f.frontal_rad = roll_deg * kRad * wave(t);
    f.inclination_rate_rad_s = rate(lean_deg);
    f.frontal_rate_rad_s = rate(roll_deg);
    f.heading_rate_rad_s = rate(turn_deg);
  };
  r.imus[0].rest = r.imus[1].rest = true;
  r.step();
  r.imus[0].rest = r.imus[1].rest = r.feedback.standing_quiet = false;
  const auto turned = [](double heading, double roll, double lean) {  // Rz Ry(-roll) Rx(-lean)
    const double ch = std::cos(heading), sh = std::sin(heading), cr = std::cos(roll), sr = std::sin(roll),
                 cl = std::cos(lean), sl = std::sin(lean);
    return rot::mul(
        rot::mul(Mat3{{{ch, -sh, 0}, {sh, ch, 0}, {0, 0, 1}}}, Mat3{{{cr, 0, -sr}, {0, 1, 0}, {sr, 0, cr}}}),
        Mat3{{{1, 0, 0}, {0, cl, sl}, {0, -sl, cl}}});
  };
  const auto joint_deg = [&](double t) {
    const double u = kRad * wave(t);
    return jcs_angles(turned(12 * u, 9 * u, 28 * u), turned(0, 5 * u, 6 * u), Side::right).dorsiflexion / kRad;
  };
  double worst = 0, segments = 0;
  for (int k = 1; k < 2900; ++k) {
    const double t = 1e-3 * k;
    put(r.imus[0], t, 28, 9, 12);
    put(r.imus[1], t, 6, 5, 0);
    const std::vector<float> v = r.step();
    if (k < 300) continue;               // the low-pass has settled
    const double before = t - 0.011254;  // 0.2251 / 20 Hz
    const double want = (joint_deg(before + h) - joint_deg(before - h)) / (2 * h);
    worst = std::max(worst, std::abs(static_cast<double>(v[4]) - want));
    segments = std::max(segments, std::abs(22 * 0.5 * w * std::sin(w * before) - want));
  }
  BOOST_TEST(worst < 0.03);    // heading by trapezoids, the low-pass
  BOOST_TEST(segments > 0.2);  // the difference of the leans is another angle
}

BOOST_AUTO_TEST_SUITE_END()
