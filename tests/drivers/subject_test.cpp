#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>

#include "drivers/emulation/mounting.hpp"
#include "drivers/emulation/plate_geometry.hpp"
#include "drivers/emulation/subject_stimulus.hpp"
#include "schemas/row.hpp"
#include "tests/drivers/stimulus_helpers.hpp"

BOOST_AUTO_TEST_SUITE(subject)

using namespace grfd;
using grfd::test::fixture;

namespace {
SubjectSettings::Pair pair_of(const nlohmann::json& j) { return {j.at("D"), j.at("N")}; }

SubjectSettings settings_of(const nlohmann::json& p) {
  SubjectSettings s;
  s.mass_kg = p.at("m"), s.height_m = p.at("H"), s.stance_m = p.at("stance"), s.toe_out_deg = p.at("toe_out");
  s.foot_length_m = p.at("foot_len"), s.heel_y_m = p.at("heel_y"), s.mtp_y_m = p.at("mtp_y");
  s.dominant = p.at("dom").get<int>() ? Side::right : Side::left;
  s.step_on_s = 0;
  s.first_descent_s = p.at("t_first"), s.repetitions = p.at("reps");
  s.descent_s = p.at("Td"), s.bottom_s = p.at("Tb"), s.ascent_s = p.at("Ta"), s.rest_s = p.at("Tr"),
  s.depth_m = p.at("depth");
  s.rate_deg_s = pair_of(p.at("rate")), s.range_deg = pair_of(p.at("rng")), s.lag_s = pair_of(p.at("lag"));
  s.eversion_deg = pair_of(p.at("ev")), s.eversion_lead_s = pair_of(p.at("ev_lead")),
  s.eversion_duration_s = p.at("ev_dur");
  s.tibial_rotation_gain = p.at("tir_gain"), s.heel_lift_deg = pair_of(p.at("heel_lift"));
  s.heel_lift_delay_s = p.at("heel_lift_delay"), s.knee_in_deg = pair_of(p.at("knee_in")),
  s.tibial_turn_deg = pair_of(p.at("tib_turn"));
  const auto& q = p.at("pelvis");
  s.pelvis_tilt_deg = q.at("tilt"), s.pelvis_tuck_deg = q.at("tuck"), s.pelvis_obliquity_deg = q.at("obliquity"),
  s.pelvis_axial_deg = q.at("axial");
  s.standing_shank_deg = p.at("shank0"), s.blend_s = p.at("tb");
  s.bai_stand_percent = p.at("bai_stand"), s.bai_bottom_percent = p.at("bai_bottom");
  s.com_y_m = p.at("com_y"), s.com_forward_m = p.at("com_fwd"), s.fall_back_m = p.at("fall_back");
  s.fall_back_delay_s = p.at("fb_delay"), s.fall_back_duration_s = p.at("fb_dur");
  s.cop_mode = p.at("cop_mode"), s.cop_dy_m = p.at("cop_dy"), s.spread = p.at("spread");
  s.eversion_shift_m_deg = p.at("ev_shift"), s.sway_m = p.at("sway");
  return s;
}

Settings two_plates(const SubjectSettings& subject) {
  Settings s;
  s.stimulus.kind = StimulusSettings::Kind::subject;
  s.stimulus.subject = subject;
  s.plates = {test::rectangle_plate("left", Side::left, -0.26, 0.05, true),
              test::rectangle_plate("right", Side::right, 0.26, 0.05, false)};
  s.plates[0].calibration.origin_m = {0.001, -0.002, 0.041};
  s.plates[0].pad_m = 0.012;
  s.plates[1].calibration.origin_m = {0, 0, -0.055};
  s.plates[1].calibration.sense = Sense::action;
  return s;
}

template <class T>
std::vector<std::vector<double>> rows(std::span<const Sample> samples, StreamId id, std::size_t columns) {
  std::vector<std::vector<double>> out;
  for (const Sample& s : samples)
    if (s.stream == id) {
      auto& row = out.emplace_back();
      for (std::size_t i = 0; i < columns; ++i) row.push_back(value<T>(s, i));
    }
  return out;
}
}  // namespace

BOOST_AUTO_TEST_CASE(the_subject_equals_the_published_vector) {
  const auto truth = fixture("squat_truth.json");
  const Subject subject(settings_of(truth["params"]));
  const test::Table table = test::read_table(std::string(GRFD_FIXTURES) + "/squat_100hz.csv");
  BOOST_TEST(table.rows.size() == 1400);
  double force = 0, moment = 0, angle = 0, com = 0;
  for (const auto& r : table.rows) {  // written with six digits
    const SubjectLoads w = subject.loads(r[0]);
    const SubjectPose o = subject.pose(r[0]);
    for (std::size_t i = 0; i < 2; ++i) {
      for (std::size_t k = 0; k < 3; ++k) {
        force = std::max(force, std::abs(w.foot[i][k] - r[1 + 6 * i + k]));
        moment = std::max(moment, std::abs(w.foot[i][3 + k] - r[4 + 6 * i + k]));
      }
      angle = std::max(angle, std::abs(o.leg[i].dorsiflexion_deg - r[13 + i]));
      angle = std::max(angle, std::abs(o.leg[i].eversion_deg - r[19 + i]));
    }
    com = std::max({com, std::abs(w.total_cop_y - r[21]), std::abs(o.com_y - r[22]), std::abs(o.com_z - r[23])});
  }
  BOOST_TEST_MESSAGE("vector: force " << force << " N, moment " << moment << " N.m, angle " << angle
                                      << " deg, CoP and CoM " << com << " m");
  BOOST_TEST(force < 6e-4);  // half a unit of the sixth digit of 500 N
  BOOST_TEST(moment < 6e-5);
  BOOST_TEST(angle < 6e-5);
  BOOST_TEST(com < 6e-6);
  for (long k = 0; k < 3; ++k) {
    const auto& e = truth["schedule"][static_cast<std::size_t>(k)];
    const Repetition r = subject.repetition(k);
    for (const auto& [got, name] :
         {std::pair{r.start, "start"}, {r.bottom, "bottom"}, {r.rise, "rise"}, {r.end, "end"}})
      BOOST_TEST(std::abs(got - e[name].get<double>()) < 1e-12);
    for (std::size_t i = 0; i < 2; ++i) {
      const auto& f = r.foot[i];
      const auto& s = e["side"][i];
      for (const auto& [got, name] : {std::pair{f.on, "on"},
                                      {f.plateau, "plateau"},
                                      {f.on_fit, "on_fit"},
                                      {f.plateau_fit, "plateau_fit"},
                                      {f.eversion_on, "ev_on"}})
        BOOST_TEST(std::abs(got - s[name].get<double>()) < 1e-12);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_case_of_the_reference_is_reproduced) {
  const auto all = fixture("subject_cases.json");
  Mat3 mounting;
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) mounting[i][j] = all["mounting"][i][j];
  for (const auto& [name, c] : all["cases"].items()) {
    const Subject subject(settings_of(c["params"]));
    double wrench = 0, cop = 0, com = 0, angle = 0, incl = 0, gyro = 0, force = 0;
    const double standing = subject.settings().standing_shank_deg;
    for (const auto& r : c["rows"]) {
      const std::vector<double> v = r;
      const SubjectLoads w = subject.loads(v[0]);
      const SubjectPose o = subject.pose(v[0]);
      for (std::size_t i = 0; i < 2; ++i) {
        for (std::size_t k = 0; k < 6; ++k) wrench = std::max(wrench, std::abs(w.foot[i][k] - v[1 + 6 * i + k]));
        cop = std::max({cop, std::abs(w.cop_x[i] - v[13 + 2 * i]), std::abs(w.cop_y[i] - v[14 + 2 * i])});
        angle = std::max(
            {angle, std::abs(o.leg[i].dorsiflexion_deg - v[21 + i]), std::abs(o.leg[i].eversion_deg - v[23 + i])});
        const AnkleTruth a = subject.ankle(v[0], i ? Side::right : Side::left);
        incl = std::max({incl, std::abs(a.shank_inclination - (v[25 + 2 * i] - standing)),
                         std::abs(a.foot_pitch - v[26 + 2 * i]),
                         std::abs(a.dorsiflexion - (v[25 + 2 * i] - v[26 + 2 * i] - standing))});
      }
      cop = std::max({cop, std::abs(w.total_cop_x - v[17]), std::abs(w.total_cop_y - v[18])});
      com = std::max({com, std::abs(o.com_y - v[19]), std::abs(o.com_z - v[20])});
    }
    for (std::size_t s = 0; s < all["sensors"].size(); ++s) {
      const std::string seg = all["sensors"][s][0];
      const Side side = all["sensors"][s][1].get<int>() ? Side::right : Side::left;
      for (std::size_t k = 0; k < c["rows"].size(); ++k) {
        Vec3 g, f;
        subject.imu(c["rows"][k][0],
                    seg == "shank"  ? Segment::shank
                    : seg == "foot" ? Segment::foot
                                    : Segment::pelvis,
                    side, g, f);
        g = in_sensor(mounting, g), f = in_sensor(mounting, f);
        for (std::size_t a = 0; a < 3; ++a) {
          gyro = std::max(gyro, std::abs(g[a] - c["imu"][s][k][a].get<double>()));
          force = std::max(force, std::abs(f[a] - c["imu"][s][k][3 + a].get<double>()));
        }
      }
    }
    BOOST_TEST_MESSAGE(name << ": wrench " << wrench << ", CoP " << cop << " m, CoM " << com << " m, angle " << angle
                            << " deg, inclination " << incl << " deg, gyro " << gyro << " rad/s, specific force "
                            << force << " m/s^2");
    // Both sides take second differences over 1 ms: 1e-16 becomes 1e-10 m/s^2, times 80 kg.
    BOOST_TEST(wrench < 4e-7);
    BOOST_TEST(cop < 1e-9);
    BOOST_TEST(com < 1e-12);
    BOOST_TEST(angle < 1e-10);
    BOOST_TEST(incl < 1e-10);
    BOOST_TEST(gyro < 1e-11);
    BOOST_TEST(force < 5e-9);
  }
}

BOOST_AUTO_TEST_CASE(repetitions_without_end_begin_like_the_finite_ones_and_repeat_for_ever) {
  SubjectSettings s;
  s.repetitions = 3;
  const Subject finite(s);
  s.repetitions = -1;
  const Subject endless(s);
  for (double t = 0; t < s.first_descent_s + 2.9 * endless.cycle_s(); t += 0.0137)
    for (std::size_t k = 0; k < 6; ++k) BOOST_REQUIRE(finite.loads(t).foot[1][k] == endless.loads(t).foot[1][k]);
  // After the last repetition the finite subject stands.
  const double late = s.first_descent_s + 3 * endless.cycle_s() + 0.5;
  BOOST_TEST(finite.pose(late).leg[0].dorsiflexion_deg == 0);
  BOOST_TEST(endless.pose(late).leg[0].dorsiflexion_deg > 1);
  // A day later a repetition is still the same movement (time has 1.5e-11 s of resolution there).
  const double shift = 13500 * endless.cycle_s();
  double angle = 0, gyro = 0, vertical = 0;
  for (double t = s.first_descent_s; t < s.first_descent_s + endless.cycle_s(); t += 0.011) {
    angle = std::max(
        angle, std::abs(endless.pose(t).leg[1].dorsiflexion_deg - endless.pose(t + shift).leg[1].dorsiflexion_deg));
    Vec3 g1, f1, g2, f2;
    endless.imu(t, Segment::shank, Side::right, g1, f1);
    endless.imu(t + shift, Segment::shank, Side::right, g2, f2);
    for (std::size_t a = 0; a < 3; ++a) gyro = std::max(gyro, std::abs(g1[a] - g2[a]));
    vertical = std::max(vertical, std::abs(f1[2] - f2[2]));
  }
  BOOST_TEST(angle < 1e-8);
  BOOST_TEST(gyro < 1e-8);
  BOOST_TEST(vertical < 1e-6);
}

BOOST_AUTO_TEST_CASE(repetitions_without_a_rest_overlap_as_the_sum_of_all) {
  SubjectSettings s;
  s.rest_s = 0;  // the eversion of the next one starts before the end of this one
  s.repetitions = 4;
  const Subject many(s);
  const Repetition second = many.repetition(1);
  BOOST_TEST(second.foot[0].eversion_on < second.start);
  BOOST_TEST(many.pose(second.start - 1e-4).leg[0].eversion_deg > 0);
  SubjectSettings one = s;
  one.repetitions = 1;
  const Subject first(one);
  one.first_descent_s = second.start;
  const Subject later(one);
  for (double t = second.start - 0.3; t < second.start + 0.3; t += 0.003)
    BOOST_TEST(std::abs(many.pose(t).leg[0].eversion_deg - first.pose(t).leg[0].eversion_deg -
                        later.pose(t).leg[0].eversion_deg) < 1e-12);
}

BOOST_AUTO_TEST_CASE(a_plate_feels_its_foot_through_its_own_geometry) {
  SubjectSettings subject;
  subject.step_on_s = 3, subject.step_on_duration_s = 0.6;
  SubjectStimulus stimulus(two_plates(subject));
  for (double t : {0.0, 1.7, 3.0}) {
    for (double v : stimulus.plate(0, t)) BOOST_TEST(v == 0);
    for (double v : stimulus.plate(1, t)) BOOST_TEST(v == 0);
  }
  // Half way through the blend the smooth step is 1/2.
  const SubjectLoads half = stimulus.subject().loads(3.3), whole = stimulus.subject().loads(9.5);
  BOOST_TEST(std::abs(stimulus.plate(0, 3.3)[2] - 0.5 * half.foot[0][2]) < 1e-9);
  BOOST_TEST(std::abs(stimulus.plate(0, 9.5)[2] - whole.foot[0][2]) < 1e-9);
  // Right plate: z down, action, so its own Fz is + under load; its CoP formula gives back the foot's CoP.
  const Wrench w = stimulus.plate(1, 9.5);
  BOOST_TEST(w[2] > 300);
  const double oz = -0.055, x = (oz * w[0] - w[4]) / w[2], y = (w[3] + oz * w[1]) / w[2];
  BOOST_TEST(std::abs(0.26 + x - whole.cop_x[1]) < 1e-12);
  BOOST_TEST(std::abs(0.05 - y - whole.cop_y[1]) < 1e-12);
  // Left plate: z up, 41 mm and a pad of 12 mm, sensor off the middle.
  const Wrench l = stimulus.plate(0, 9.5);
  const double oz_l = 0.053, xl = (oz_l * l[0] - l[4]) / l[2] - 0.001, yl = (l[3] + oz_l * l[1]) / l[2] + 0.002;
  BOOST_TEST(std::abs(-0.26 + xl - whole.cop_x[0]) < 1e-12);
  BOOST_TEST(std::abs(0.05 + yl - whole.cop_y[0]) < 1e-12);
}

BOOST_AUTO_TEST_CASE(an_imu_stands_still_before_the_first_descent) {
  Settings s = two_plates({});
  DeviceSettings d;
  d.name = "imu_foot_left";
  d.emulation.mounting = {{{0, 0.6, -0.8}, {1, 0, 0}, {0, -0.8, -0.6}}};
  s.devices = {d};
  s.imus = {{"imu_foot_left", "raw/imu_foot_left/inertial", Segment::foot, Side::left}};
  SubjectStimulus stimulus(s);
  for (double t : {0.0, 2.9, 3.3, 7.5}) {
    Vec3 g, f;
    stimulus.imu(0, t, g, f);
    for (double v : g) BOOST_TEST(v == 0);
    // The foot is level in standing: the sensor sees +g along the third row of its mounting.
    BOOST_TEST(std::abs(f[1] + 0.8 * 9.80665) < 1e-12);
    BOOST_TEST(std::abs(f[2] + 0.6 * 9.80665) < 1e-12);
  }
  s.imus[0].name = "imu_nowhere";
  BOOST_CHECK_THROW(SubjectStimulus{s}, std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(truth_has_a_row_of_every_stream_and_agrees_with_the_subject) {
  SubjectSettings p;
  p.knee_in_deg = {2, 8};
  p.first_descent_s = 5;
  SubjectStimulus stimulus(two_plates(p));
  const auto streams = stimulus.truth_streams();
  const auto id = [&](const std::string& name) {
    for (std::size_t i = 0; i < streams.size(); ++i)
      if (streams[i].name == name) return static_cast<StreamId>(40 + i);
    throw std::out_of_range(name);
  };
  BOOST_TEST(streams.size() == 11);
  std::vector<Sample> storage(200000);
  SampleBatch batch(storage);
  const TimeNs start = 123456789;
  for (TimeNs ms = 0; ms < 15500; ++ms) stimulus.truth(start, start + ms * 1000000, 40, batch);
  BOOST_TEST(batch.overflow() == 0);
  const auto all = batch.samples();

  const auto plate = rows<float>(all, id("truth/plate/left"), 6), cop = rows<float>(all, id("truth/cop/right"), 5),
             total = rows<float>(all, id("truth/cop/total"), 5), bai = rows<float>(all, id("truth/asymmetry"), 4),
             ankle = rows<float>(all, id("truth/ankle/left"), 8);
  for (const auto* r : {&plate, &cop, &total, &bai, &ankle}) BOOST_REQUIRE(r->size() == 15500);
  BOOST_TEST(plate[2999][2] == 0);
  BOOST_TEST(std::isnan(cop[2999][0]));
  BOOST_TEST(cop[2999][2] == 0);
  BOOST_TEST(std::isnan(bai[2999][0]));
  const SubjectLoads w = stimulus.subject().loads(6.9);
  BOOST_TEST(std::abs(plate[6900][2] - w.foot[0][2]) < 1e-4);
  BOOST_TEST(std::abs(plate[6900][4] - (w.foot[0][4] + (-0.26) * w.foot[0][2])) <
             1e-4);  // My about the centre: x = -0.26
  BOOST_TEST(std::abs(cop[6900][1] - w.cop_y[1]) < 1e-7);
  BOOST_TEST(std::abs(total[6900][1] - w.total_cop_y) < 1e-7);
  BOOST_TEST(std::abs(total[6900][2] - w.foot[0][2] - w.foot[1][2]) < 1e-3);
  // Set load asymmetry: 2 % standing, 8 % at the bottom, dominant = right.
  BOOST_TEST(std::abs(bai[4500][0] - 2) < 1e-5);
  BOOST_TEST(std::abs(bai[7100][1] - 8) < 1e-5);
  BOOST_TEST(std::abs(bai[7100][2] + bai[7100][3] - 100) < 1e-4);
  // The rate is the derivative of the angle, also with the knee falling in.
  double worst = 0;
  for (std::size_t k = 1; k + 1 < ankle.size(); ++k)
    worst = std::max(worst, std::abs((ankle[k + 1][0] - ankle[k - 1][0]) / 2e-3 - ankle[k][1]));
  BOOST_TEST_MESSAGE("dorsiflexion rate against the difference of f32 angles: " << worst << " deg/s");
  BOOST_TEST(worst < 3e-3);

  // cos tilt = cos lean cos sideways; at the bottom the knees have fallen in by what was set, and the left top goes to
  // the right. Standing is 0 for a tibia that leans by 3 deg there. (f32, and an arc cosine near 1: 0.03 deg.)
  BOOST_TEST(std::abs(ankle[4500][6]) < 0.03);
  BOOST_TEST(std::abs(ankle[4500][7]) < 1e-6);
  constexpr double rad = std::numbers::pi / 180;
  double tilts = 0;
  for (std::size_t k = 0; k < ankle.size(); k += 10)
    tilts = std::max(tilts,
                     std::abs(std::cos(rad * ankle[k][6]) - std::cos(rad * ankle[k][2]) * std::cos(rad * ankle[k][7])));
  BOOST_TEST(tilts < 1e-6);
  SubjectSettings still = p;
  still.eversion_deg = {0, 0};
  still.tibial_turn_deg = {0, 0};
  const Subject knees(still);
  BOOST_TEST(std::abs(knees.ankle(7.1, Side::left).shank_frontal + 8) < 1e-9);
  BOOST_TEST(std::abs(knees.ankle(7.1, Side::right).shank_frontal - 2) < 1e-9);
  BOOST_TEST(knees.ankle(7.1, Side::right).shank_tilt > knees.ankle(7.1, Side::right).shank_inclination);

  // Rows of more than eight columns come in parts.
  const auto joined = [&](const std::string& name) {
    const StreamInfo& info = streams[id(name) - 40];
    RowJoiner joiner(info);
    std::vector<std::map<std::string, double>> out;
    for (const Sample& s : all) {
      if (s.stream != id(name) || !joiner.add(s)) continue;
      BOOST_TEST(joiner.row().header.flags == 0);
      out.emplace_back();
      for (std::size_t c = 0; c < info.columns.size(); ++c)
        std::memcpy(&out.back()[info.columns[c].name], joiner.row().bytes.data() + 8 * c, 8);
    }
    return out;
  };
  auto left = joined("truth/reps/left"), pair = joined("truth/reps/pair");
  BOOST_REQUIRE(left.size() == 2);
  BOOST_REQUIRE(pair.size() == 2);
  BOOST_TEST(left[1]["rep"] == 1);
  BOOST_TEST(pair[1]["rep"] == 1);
  BOOST_TEST(std::abs(left[1]["onset"] - 11.65) < 1e-12);  // squat_truth.json: the same schedule
  BOOST_TEST(std::abs(left[1]["plateau"] - 12.516666666666667) < 1e-12);
  BOOST_TEST(left[1]["rate_fit"] == 30);
  BOOST_TEST(std::abs(pair[0]["t_end"] - 8.9) < 1e-12);
  BOOST_TEST(pair[0]["first_out"] == 2);  // the left (non-dominant) ankle stops first
  BOOST_TEST(std::abs(pair[0]["finish_lag_dn"] - (6.81 - 6.116666666666667)) < 1e-12);
  for (const Sample& s : all)
    if (s.stream == id("truth/reps/pair")) BOOST_TEST((s.t - start) % 1000000 == 0);
}

BOOST_AUTO_TEST_CASE(a_knee_goes_to_the_wall_until_the_ankle_has_no_room_left) {
  SubjectSettings p;
  p.first_descent_s = 60;
  p.lunge_count = 2;
  p.lunge_spread_deg = 3;
  const Subject subject(p);
  for (int trial = 0; trial < 4; ++trial) {
    const Side side = trial < 2 ? Side::left : Side::right, other = trial < 2 ? Side::right : Side::left;
    const double room = (side == p.dominant ? 40 : 36) - (trial % 2 == 0 ? 3 : 0);
    double most = 0, most_down = 0;
    for (int ms = 0; ms < 4000; ++ms) {
      const AnkleTruth a = subject.ankle(10 + 4 * trial + ms * 1e-3, side);
      most = std::max(most, a.foot_pitch);
      if (a.foot_pitch <= 2) most_down = std::max(most_down, a.dorsiflexion);
      BOOST_REQUIRE(std::abs(subject.ankle(10 + 4 * trial + ms * 1e-3, other).dorsiflexion) < 1e-9);
    }
    BOOST_TEST(std::abs(most - 10) < 1e-6);
    BOOST_TEST(std::abs(most_down - room) < 1e-6);
    BOOST_TEST(std::abs(subject.ankle(10 + 4 * trial + 3.99, side).dorsiflexion) < 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(a_bar_is_carried_from_when_it_is_taken) {
  SubjectSettings s;
  s.step_on_s = 0, s.first_descent_s = 2, s.rest_s = 6, s.sway_m = 0;
  s.mass_kg = 70, s.bar_kg = 20, s.bar_s = 8;
  const Subject subject(s);
  const auto fz = [&](double t) { return subject.loads(t).foot[0][2] + subject.loads(t).foot[1][2]; };
  BOOST_TEST(fz(1) == 70 * 9.80665, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(fz(8.4) == 80 * 9.80665, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(fz(9) == 90 * 9.80665, boost::test_tools::tolerance(1e-9));
  // the second squat is the first with all forces 9 / 7 as large
  for (double t = 2.1; t < 6; t += 0.35) BOOST_TEST(fz(t + 9.9) / fz(t) == 9.0 / 7, boost::test_tools::tolerance(1e-6));
  const RepetitionTruth truth(subject, {});
  const auto weight = [&](long k) {
    const auto& columns = truth.streams()[2].columns;
    const auto at =
        std::find_if(columns.begin(), columns.end(), [](const Column& c) { return c.name == "bodyweight"; });
    return truth.rows(k)[2][static_cast<std::size_t>(at - columns.begin())];
  };
  BOOST_TEST(weight(0) == 70 * 9.80665, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(weight(1) == 90 * 9.80665, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(a_jump_obeys_newton_and_ends_in_standing) {
  SubjectSettings s;
  s.step_on_s = 0, s.first_descent_s = 100, s.sway_m = 0.005;  // more than anybody: the body sways on in the air
  s.jump_m_s = 2.0, s.jump_s = 3;
  const Subject subject(s);
  const double up = 3 + 0.5 + 0.5 + 0.06, down = up + 2 * 2.0 / 9.80665;
  double v = 0, z = 0, speed_up = 0, highest = 0, low = 0;
  constexpr double step = 1e-4;
  const auto speed = [&](double t) { return (subject.pose(t + 1e-3).com_z - subject.pose(t - 1e-3).com_z) / 2e-3; };
  v = speed(2.5);
  for (double t = 2.5 + step / 2; t < 8; t += step) {
    const SubjectLoads w = subject.loads(t);
    const double fz = w.foot[0][2] + w.foot[1][2];
    if (t > up && t < down)
      for (const Wrench& foot : w.foot)
        for (const double x : foot) BOOST_TEST(x == 0);
    else
      BOOST_TEST(fz > -1.0);  // the ground does not pull, but for what such a sway needs while the push fades
    const double a = fz / s.mass_kg - 9.80665;
    z += v * step + a * step * step / 2;
    v += a * step;
    if (t < up) speed_up = v;
    highest = std::max(highest, z), low = std::min(low, z);
  }
  BOOST_TEST(std::abs(speed_up - 2.0 - speed(up)) < 2e-3);
  BOOST_TEST(std::abs(v - speed(8)) < 1e-3);
  BOOST_TEST(std::abs(z - (subject.pose(8).com_z - subject.pose(2.5).com_z)) < 2e-3);
  BOOST_TEST(highest > 0.15);  // v^2 / 2g is 0.204, out of a body that is not quite upright yet
  BOOST_TEST(low < -0.3);

  // the feet come up and are down again; gravity alone is felt in the air by what does not push itself
  Vec3 gyro, force;
  subject.imu(2.9, Segment::shank, Side::left, gyro, force);
  BOOST_TEST(std::hypot(force[0], force[1], force[2]) == 9.80665, boost::test_tools::tolerance(1e-3));
  BOOST_TEST(subject.ankle(3.5, Side::left).dorsiflexion == 20, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(subject.ankle((up + down) / 2, Side::left).foot_pitch == 25, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(std::abs(subject.ankle(7, Side::left).dorsiflexion) < 1e-9);
}

BOOST_AUTO_TEST_CASE(the_push_of_a_jump_goes_through_the_feet) {
  for (const char* mode : {"set", "lipm", "links"}) {
    SubjectSettings s;
    s.step_on_s = 0, s.first_descent_s = 100, s.jump_m_s = 2.0, s.jump_s = 3, s.cop_mode = mode;
    const Subject subject(s);
    double worst = 0, when = 0;
    for (double t = 2; t < 8; t += 1e-3) {
      const SubjectLoads w = subject.loads(t);
      const double fz = w.foot[0][2] + w.foot[1][2], mx = w.foot[0][3] + w.foot[1][3];
      const double beyond = std::abs(mx) - 0.3 * std::max(fz, 0.0);
      if (beyond > worst) worst = beyond, when = t;
    }
    BOOST_TEST(worst < 0.1, mode << ": " << worst << " N.m more than the feet can take at " << when << " s");
  }
}

BOOST_AUTO_TEST_CASE(an_impossible_subject_is_refused_by_name) {
  const auto refused = [](auto change) -> std::string {
    SubjectSettings s;
    change(s);
    try {
      Subject subject(s);
    } catch (const std::invalid_argument& e) { return e.what(); }
    return "";
  };
  BOOST_TEST(refused([](auto&) {}) == "");
  BOOST_TEST(refused([](auto& s) { s.depth_m = 2; }).find("stimulus.subject.depth_m") == 0);
  BOOST_TEST(refused([](auto& s) { s.ascent_s = 0.4; }).find("stimulus.subject.ascent_s") == 0);
  BOOST_TEST(refused([](auto& s) { s.rate_deg_s.dominant = 0; }).find("stimulus.subject.rate_deg_s") == 0);
  BOOST_TEST(refused([](auto& s) { s.cop_mode = "magic"; }).find("stimulus.subject.cop_mode") == 0);
  BOOST_TEST(
      refused([](auto& s) { s.lunge_count = 1, s.lunge_deg.dominant = 60; }).find("stimulus.subject.lunge_deg") == 0);
  BOOST_TEST(refused([](auto& s) { s.mass_kg = std::nan(""); }).find("stimulus.subject.mass_kg") == 0);
}

BOOST_AUTO_TEST_CASE(evaluation_is_fast) {
  Settings s = two_plates({});
  s.stimulus.subject.knee_in_deg = {2, 8};
  DeviceSettings d;
  d.name = "imu";
  s.devices = {d};
  s.imus = {{"imu", "raw/imu/inertial", Segment::shank, Side::left}};
  SubjectStimulus stimulus(s);
  double sum = 0;
  const auto time_us = [&](auto f) {
    constexpr int n = 20000;
    const auto t0 = std::chrono::steady_clock::now();
    for (int k = 0; k < n; ++k) f(5 + k * 1e-3);
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - t0).count() / n;
  };
  const double plates = time_us([&](double t) { sum += stimulus.plate(0, t)[2] + stimulus.plate(1, t)[2]; });
  const double imu = time_us([&](double t) {
    Vec3 g, f;
    stimulus.imu(0, t, g, f);
    sum += f[2];
  });
  FixedBatch<64> batch;
  const double truth = time_us([&](double t) {
    batch.clear();
    stimulus.truth(0, static_cast<TimeNs>(std::llround(t * 1e3)) * 1000000, 0, batch);
  });
  BOOST_TEST_MESSAGE("plate pair " << plates << " us, IMU " << imu << " us, truth row of a millisecond " << truth
                                   << " us");
  BOOST_TEST(std::isfinite(sum));
  BOOST_TEST(plates < 200);  // a guard against quadratic mistakes; the figure above is the result
}

BOOST_AUTO_TEST_SUITE_END()
