// The answers of truth/reps/*: by hand where the subject's equations are closed.
#include "drivers/emulation/subject_repetition.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "schemas/repetition.hpp"

BOOST_AUTO_TEST_SUITE(subject_repetition)

using namespace grfd;

namespace {

using Named = std::map<std::string, double>;

/// Blends so short that the lines through 10 to 90 % of an ankle lie in its constant rate.
SubjectSettings sharp() {
  SubjectSettings p;
  p.blend_s = 0.05;
  p.eversion_duration_s = 0.6;
  return p;
}
ParticipantSettings measured() {
  ParticipantSettings who;
  who.standing_shank_deg = 3;
  who.available_deg = {27, 0};
  return who;
}
std::array<Named, 3> answers(const SubjectSettings& settings, long k = 0, bool all = true) {
  const Subject subject(settings);
  const RepetitionTruth truth(subject, measured());
  const auto rows = truth.rows(k);
  std::array<Named, 3> out;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& columns = truth.streams()[i].columns;
    BOOST_REQUIRE(columns.size() == rows[i].size());
    for (std::size_t c = 0; c < columns.size(); ++c) {
      out[i][columns[c].name] = rows[i][c];
      BOOST_TEST((!std::isnan(rows[i][c]) || columns[c].optional || !all), columns[c].name);
    }
  }
  return out;
}
void near(const Named& row, const char* name, double want, double bound) {
  BOOST_TEST(std::abs(row.at(name) - want) <= bound, name << " is " << row.at(name) << ", by hand " << want);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_columns_are_those_of_the_measured_streams) {
  const Subject subject{SubjectSettings{}};
  const RepetitionTruth truth(subject, {});
  const std::set<std::string> detector{"valid", "reason", "creep", "incomplete", "pause"};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto columns = i == 2 ? repetition_pair_columns() : repetition_side_columns();
    const StreamInfo& s = truth.streams()[i];
    BOOST_TEST((s.type == ValueType::f64));
    BOOST_TEST((s.kind == StreamKind::truth));
    BOOST_REQUIRE(s.columns.size() == columns.size());
    for (std::size_t c = 0; c < columns.size(); ++c) {
      BOOST_TEST(s.columns[c].name == columns[c].name);
      BOOST_TEST(s.columns[c].unit == columns[c].unit);
      BOOST_TEST(s.columns[c].labels == columns[c].labels);
      BOOST_TEST(s.columns[c].exploratory == columns[c].exploratory);
      const bool only_detector = detector.contains(columns[c].name);
      BOOST_TEST(s.columns[c].optional == (columns[c].optional || only_detector), columns[c].name);
      if (only_detector) BOOST_TEST(s.description.find(columns[c].name) != std::string::npos, columns[c].name);
    }
  }
}

BOOST_AUTO_TEST_CASE(closed_answers_of_one_repetition) {
  const auto rows = answers(sharp());
  const Named &left = rows[0], &right = rows[1], &pair = rows[2];
  near(left, "onset", 8.1 + 0.025, 1e-9);
  near(left, "rate_fit", 30, 0);
  near(left, "rate_mean", 30, 1e-6);
  near(left, "rate_peak", 30, 1e-6);
  near(left, "range", 26, 0);
  near(left, "peak", 26, 0);
  near(left, "baseline", 0, 0);
  near(left, "time_to_90", 0.9 * 26 / 30, 1e-6);
  near(left, "finish", 8.125 + 26.0 / 30, 1e-9);
  near(left, "plateau", 8.125 + 26.0 / 30, 1e-9);
  near(left, "plateau_level", 26, 0);
  near(left, "plateau_kind", 2, 0);  // 26 of 27 deg
  near(left, "used", 100 * 29.0 / 30, 1e-9);
  near(left, "available", 27, 1e-9);
  near(left, "heel_lift", 0, 1e-9);
  near(left, "shank_max", 29, 0.1);  // the foot's toe-out takes a little of what an inclinometer shows
  near(left, "eversion_amplitude", 5, 0.02);
  near(left, "eversion_onset", 8.1 - 0.18 + 0.025, 2e-3);
  near(right, "finish", 8.16 + 0.025 + 1.5, 1e-9);
  BOOST_TEST(std::isnan(right.at("plateau")));  // it stops less than 0.1 s before the body is down
  near(right, "plateau_kind", 0, 0);
  BOOST_TEST(std::isnan(right.at("used")));
  BOOST_TEST(std::isnan(right.at("available")));
  near(pair, "t_start", 8, 0);
  near(pair, "t_end", 8 + 2.0 + 0.3 + 1.6, 1e-9);
  near(pair, "bodyweight", 80 * 9.80665, 1e-9);
  near(pair, "first_out", 2, 0);
  near(pair, "finish_lag_rl", 0.06 + 1.5 - 26.0 / 30, 1e-9);
  near(pair, "finish_lag_dn", 0.06 + 1.5 - 26.0 / 30, 1e-9);
  near(pair, "onset_lag_rl", 0.06, 1e-9);
  near(pair, "rate_diff_rl", -10, 0);
  near(pair, "range_diff_rl", 4, 0);
  near(pair, "time_to_90_diff_rl", 0.9 * (30.0 / 20 - 26.0 / 30), 1e-6);
  near(pair, "bai_standing_rl", 2, 1e-9);
}

// Where the centre of mass goes has no closed form: its height from the force that the plates feel.
BOOST_AUTO_TEST_CASE(the_movement_is_the_one_that_the_plates_feel) {
  SubjectSettings p = sharp();
  const Subject subject(p);
  const auto rows = answers(p);
  std::vector<double> z, v, index;
  // It sways: at the start it is not quite at rest.
  double velocity = (subject.pose(8.001).com_z - subject.pose(7.999).com_z) / 2e-3, height = 0, impulse[2] = {0, 0};
  for (int ms = 0; ms <= 3900; ++ms) {
    const SubjectLoads w = subject.loads(8 + 1e-3 * ms);
    const double left = w.foot[0][2], right = w.foot[1][2];
    velocity += 1e-3 * ((left + right) / p.mass_kg - 9.80665);
    height += 1e-3 * velocity;
    v.push_back(velocity);
    z.push_back(height);
    index.push_back(100 * (right - left) / (right + left));
  }
  const auto low = std::min_element(z.begin(), z.end());
  near(rows[2], "drop", -*low, 1e-3);
  near(rows[2], "v_descent_peak", *std::min_element(v.begin(), v.end()), 1e-3);
  near(rows[2], "v_ascent_peak", *std::max_element(v.begin(), v.end()), 1e-3);
  const double limit = *low * 0.99;
  auto first = low, last = low;
  while (*first <= limit) --first;
  while (*last <= limit) ++last;
  near(rows[2], "t_bottom", 8 + 0.5e-3 * static_cast<double>((first - z.begin()) + (last - z.begin())), 5e-3);
  const auto mean = [&](std::ptrdiff_t from, std::ptrdiff_t to) {
    double sum = 0;
    for (std::ptrdiff_t k = from; k < to; ++k) sum += index[static_cast<std::size_t>(k)];
    return sum / static_cast<double>(to - from);
  };
  near(rows[2], "bai_descent_rl", mean(0, first - z.begin()), 0.02);
  near(rows[2], "bai_ascent_rl", mean(last - z.begin(), 3900), 0.02);
  for (std::ptrdiff_t k = last - z.begin(); k < 3900; ++k) {
    const SubjectLoads w = subject.loads(8 + 1e-3 * static_cast<double>(k));
    for (std::size_t i = 0; i < 2; ++i) impulse[i] += w.foot[i][2];
  }
  near(rows[2], "impulse_bai_ascent_rl", 100 * (impulse[1] - impulse[0]) / (impulse[1] + impulse[0]), 0.02);
}

BOOST_AUTO_TEST_CASE(a_left_leg_that_is_dominant_turns_the_signs) {
  SubjectSettings p = sharp();
  p.dominant = Side::left;
  p.first_descent_s = 4;
  const auto rows = answers(p, 1);
  const Named& pair = rows[2];
  near(rows[1], "rep", 1, 0);
  near(pair, "t_start", 4 + 6.4, 1e-9);
  near(pair, "first_out", 3, 0);  // the non-dominant one is the right one now
  near(pair, "rate_diff_rl", 10, 0);
  near(pair, "rate_diff_dn", -10, 0);
  near(pair, "range_diff_dn", 4, 0);
  near(pair, "finish_lag_rl", -(0.06 + 1.5 - 26.0 / 30), 1e-9);
  near(pair, "finish_lag_dn", 0.06 + 1.5 - 26.0 / 30, 1e-9);
  near(pair, "bai_standing_rl", -2, 1e-9);
}

BOOST_AUTO_TEST_CASE(a_heel_that_rises_and_an_ankle_that_never_arrives) {
  SubjectSettings p = sharp();
  p.heel_lift_deg = {0, 5};
  p.rate_deg_s = {10, 30};  // 30 deg at 10 deg/s take longer than the descent and the bottom
  const auto rows = answers(p, 0, false);
  near(rows[0], "heel_lift", 5, 0.05);
  near(rows[0], "shank_max", 3 + 26 + 5, 0.2);
  BOOST_TEST(std::isnan(rows[1].at("finish")));
  BOOST_TEST(rows[1].at("range") < 30 - 1);
  near(rows[1], "rate_fit", 10, 0);
}

BOOST_AUTO_TEST_CASE(without_a_plateau_there_is_no_lag_and_no_fall_back) {
  SubjectSettings p = sharp();
  p.depth_m = 0.28;
  p.rate_deg_s = {18, 16};
  p.range_deg = {28, 26};
  const auto rows = answers(p);
  near(rows[2], "first_out", 0, 0);
  for (const char* name : {"finish_lag_rl", "finish_lag_dn", "fall_back"})
    BOOST_TEST(std::isnan(rows[2].at(name)), name);
  near(rows[2], "rate_diff_rl", 2, 0);
}

BOOST_AUTO_TEST_SUITE_END()
