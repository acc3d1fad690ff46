// Repetitions without plates. The ankles move in minimum-jerk segments, so that every answer has a closed form:
// d = D (10 u^3 - 15 u^4 + 6 u^5), rate = 30 D / T u^2 (1 - u)^2.
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <functional>

#include "squat_feed.hpp"

BOOST_AUTO_TEST_SUITE(squat_by_ankles)

using namespace grfd;
using namespace grfd::test;

namespace {

/// Dorsiflexion changes by that much, from that time on, within that time.
struct Bend {
  double t_s, seconds, deg;
};
using Bends = std::vector<Bend>;

double clip(double u) { return u < 0 ? 0 : u > 1 ? 1 : u; }

/// Both ankles, 1 kHz; the right one moves `right` times as far.
SquatCourses courses(const Bends& bends, double seconds, double right = 1) {
  SquatCourses c;
  for (std::size_t k = 0; k < static_cast<std::size_t>(seconds * 1000); ++k) {
    double d = 0, r = 0;
    for (const Bend& b : bends) {
      const double u = clip((static_cast<double>(k) * 1e-3 - b.t_s) / b.seconds);
      d += b.deg * u * u * u * (10 - 15 * u + 6 * u * u);
      r += b.deg / b.seconds * 30 * u * u * (1 - u) * (1 - u);
    }
    for (std::size_t i = 0; i < 2; ++i) {
      const double far = i == 0 ? 1 : right;
      c.fz[i].push_back(unknown);
      c.df[i].push_back(far * d);
      c.rate[i].push_back(far * r);
      c.shank[i].push_back(far * d + 3);
      c.pitch[i].push_back(0);
      c.eversion[i].push_back(0.2 * far * d);
    }
    c.cop.push_back(unknown);
  }
  return c;
}

/// One squat of `deg` down and up again.
Bends squat(double t_s, double down_s, double pause_s, double up_s, double deg) {
  return {{t_s, down_s, deg}, {t_s + down_s + pause_s, up_s, -deg}};
}
Bends operator+(Bends a, const Bends& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Seconds from the start of a bend, or to its end, within which it is slower than 1.5 deg/s.
double slow_s(double seconds, double deg) {
  double low = 0, high = 0.5;
  for (int i = 0; i < 60; ++i) {
    const double u = (low + high) / 2;
    (30 * deg / seconds * u * u * (1 - u) * (1 - u) < 1.5 ? low : high) = u;
  }
  return low * seconds;
}

SquatParams no_plates() {
  SquatParams p;
  p.plates = false;
  return p;
}
SquatRun run(const SquatCourses& c, const SquatParams& p = no_plates()) {
  SquatDetector detector(p);
  return feed(detector, c);
}
std::vector<RejectReason> reasons(const SquatRun& run) {
  std::vector<RejectReason> all;
  for (const Repetition& r : run.repetitions) all.push_back(r.reason);
  return all;
}
void hole(Course& x, double from_s, double seconds) {
  for (auto k = static_cast<std::size_t>(from_s * 1000); k < static_cast<std::size_t>((from_s + seconds) * 1000); ++k)
    x.at(k) = unknown;
}
void hole(SquatCourses& c, std::size_t side, double from_s, double seconds) {
  for (auto* x : {&c.df, &c.rate, &c.shank, &c.pitch, &c.eversion}) hole((*x)[side], from_s, seconds);
}
void near(double x, double to, double bound) { BOOST_TEST(std::abs(x - to) <= bound, x << " is not " << to); }
using Reasons = std::vector<RejectReason>;

/// Of the unit minimum-jerk course: least-squares lines through its 10-50 % and 10-70 %, times of its levels
/// (numpy.polyfit over two million points).
constexpr double onset_u = 0.197636, fit_slope = 1.708689, finish_u = 0.792018, mean_slope = 1.578758, t90_u = 0.753364;

}  // namespace

BOOST_AUTO_TEST_CASE(a_squat_has_the_figures_of_its_course) {
  const double down = 2, pause = 1, up = 1.6, deg = 28, s = 4;
  const SquatRun found = run(courses(squat(s, down, pause, up, deg) + squat(s + 8, down, pause, up, deg), 20, 0.5));
  BOOST_TEST_REQUIRE((reasons(found) == Reasons(2)));
  for (std::size_t k = 0; k < 2; ++k) {
    const Repetition& r = found.repetitions[k];
    const double t = s + 8 * static_cast<double>(k), mean = 0.75 * deg;  // of both sides
    near(r.t_start_s, t + slow_s(down, mean), 0.002);
    const double stop = t + down - slow_s(down, mean), stretch = t + down + pause + slow_s(up, mean);
    near(r.t_bottom_s, (stop + stretch) / 2, 0.002);
    near(r.t_bottom_first_s, stop, 0.002);
    near(r.pause_raw_s, stretch - stop, 0.003);
    near(r.pause_s, pause, 0.005);
    near(r.t_end_s, t + down + pause + up - slow_s(up, mean), 0.002);
    BOOST_TEST(!r.incomplete);
    for (std::size_t i = 0; i < 2; ++i) {
      const RepetitionSide& side = r.side[i];
      const double range = i == 0 ? deg : deg / 2;
      BOOST_TEST(side.valid);
      near(side.baseline_deg, 0, 0.05);
      near(side.range_deg, range, 0.05);
      near(side.peak_deg, range, 1e-6);
      near(side.rate_fit_deg_s, fit_slope * range / down, 0.05);
      near(side.rate_mean_deg_s, mean_slope * range / down, 0.05);
      near(side.rate_peak_deg_s, 1.875 * range / down, 0.01);
      near(side.onset_s, t + onset_u * down, 0.01);
      near(side.finish_s, t + finish_u * down, 0.01);
      near(side.time_to_90_s, (t90_u - onset_u) * down, 0.01);
      near(side.shank_max_deg, range + 3, 1e-6);
      near(side.heel_lift_deg, 0, 1e-9);
      near(side.eversion_amplitude_deg, 0.2 * range, 0.02);
      BOOST_TEST(std::isnan(side.plateau_s));
    }
    BOOST_TEST((r.first_out == FirstOut::unknown));
    for (const double x : {r.drop_m, r.v_descent_peak_m_s, r.v_ascent_peak_m_s, r.bodyweight_n, r.finish_lag_s,
                           r.load.standing, r.load.bottom, r.fall_back_m, r.foot[0].fz_n.bottom})
      BOOST_TEST(std::isnan(x));
    near(r.both.descent_s, stop - r.t_start_s, 0.003);
    near(r.both.ascent_s, r.t_end_s - stretch, 0.003);
  }
}

BOOST_AUTO_TEST_CASE(what_is_told_while_it_goes_on) {
  SquatDetector detector(no_plates());
  const SquatRun found = feed(detector, courses(squat(4, 2, 0.3, 1.6, 28), 10));
  BOOST_TEST(detector.standing());
  BOOST_TEST(std::isnan(detector.bodyweight_n()));
  BOOST_TEST_REQUIRE(found.events.size() == 3U);
  BOOST_TEST((found.events[0].kind == SquatEventKind::status));
  BOOST_TEST(found.events[0].value == static_cast<double>(SquatStatus::standing));
  near(found.events[0].t_s, 1, 0.002);  // after one second of rest
  BOOST_TEST((found.events[1].kind == SquatEventKind::repetition_started));
  BOOST_TEST((found.events[2].kind == SquatEventKind::bottom));
  BOOST_TEST(std::isnan(found.events[2].value));
  near(found.events[2].t_s, 6 - slow_s(2, 28) + 0.08, 0.002);
  BOOST_TEST(to_string(SquatStatus::waiting_without_plates) == "waiting: stand still for 1 s");
}

BOOST_AUTO_TEST_CASE(slow_and_fast_ones) {
  struct Case {
    double down_s, deg;
    RejectReason reason;
  };
  for (const Case& c :
       {Case{0.5, 28, RejectReason::none}, Case{1, 12, RejectReason::none}, Case{5.5, 28, RejectReason::none},
        Case{0.3, 28, RejectReason::descent_too_fast}, Case{12, 40, RejectReason::descent_too_long}}) {
    const SquatRun found = run(courses(squat(4, c.down_s, 0, 1.5, c.deg), c.down_s + 12));
    BOOST_TEST_CONTEXT(c.down_s << " s, " << c.deg << " deg") {
      BOOST_TEST_REQUIRE(found.repetitions.size() == 1U);
      BOOST_TEST((found.repetitions[0].reason == c.reason));
      near(found.repetitions[0].t_start_s, 4 + slow_s(c.down_s, c.deg), 0.002);
      if (c.reason != RejectReason::none) continue;
      near(found.repetitions[0].side[0].rate_fit_deg_s, fit_slope * c.deg / c.down_s, 0.02 * c.deg / c.down_s);
      near(found.repetitions[0].side[1].range_deg, c.deg, 0.15);
      BOOST_TEST(found.repetitions[0].pause_s == 0);  // a turn takes its time, too
    }
  }
  // An ankle that never bends at 5 deg/s: nothing is found, nor is the way up taken for one.
  BOOST_TEST(run(courses(squat(4, 12, 1, 2, 28), 25)).repetitions.empty());
}

BOOST_AUTO_TEST_CASE(a_long_stay_below) {
  const SquatRun found = run(courses(squat(4, 2, 5, 1.6, 28), 20));
  BOOST_TEST_REQUIRE((reasons(found) == Reasons(1)));
  near(found.repetitions[0].pause_s, 5, 0.005);
  near(found.repetitions[0].t_bottom_s, 8.5, 0.02);
}

BOOST_AUTO_TEST_CASE(touch_and_go) {
  // Up again to 4 of 28 deg, without rest.
  Bends bends{{4, 1.5, 28}};
  for (int k = 0; k < 3; ++k) bends = bends + Bends{{5.5 + 3.0 * k, 1.5, -24}, {7.0 + 3.0 * k, 1.5, 24}};
  bends.push_back({14.5, 1.5, -28});
  const SquatRun found = run(courses(bends, 20));
  BOOST_TEST_REQUIRE((reasons(found) == Reasons(4)));
  for (std::size_t k = 0; k < 4; ++k) {
    const Repetition& r = found.repetitions[k];
    const double t = static_cast<double>(k);
    near(r.t_start_s, k == 0 ? 4 + slow_s(1.5, 28) : 4 + 3 * t, 0.002);  // at a turn: where the rate is 0
    near(r.t_end_s, k == 3 ? 16 - slow_s(1.5, 28) : 7 + 3 * t, 0.002);
    near(r.t_bottom_s, 5.5 + 3 * t, 0.01);
    BOOST_TEST((r.start_kind == (k == 0 ? RepetitionEdge::quiet : RepetitionEdge::turn)));
    BOOST_TEST((r.end_kind == (k == 3 ? RepetitionEdge::quiet : RepetitionEdge::turn)));
    BOOST_TEST(r.pause_s == 0);
    near(r.side[0].baseline_deg, 0, 0.05);  // the angle of the last standing
    near(r.side[0].range_deg, 28, 0.05);
  }
}

BOOST_AUTO_TEST_CASE(a_rest_on_the_way_down_and_half_a_way_up_are_within_one_repetition) {
  const SquatRun rest = run(courses({{4, 1, 20}, {5.4, 1, 8}, {7, 1.5, -28}}, 14));
  BOOST_TEST_REQUIRE((reasons(rest) == Reasons(1)));
  near(rest.repetitions[0].side[0].range_deg, 28, 0.05);
  near(rest.repetitions[0].t_bottom_first_s, 6.4 - slow_s(1, 8), 0.002);
  const SquatRun half = run(courses({{4, 1.5, 28}, {5.5, 1, -10}, {6.5, 1, 12}, {7.6, 1.5, -30}}, 15));
  BOOST_TEST_REQUIRE((reasons(half) == Reasons(1)));
  near(half.repetitions[0].t_bottom_first_s, 7.5 - slow_s(1, 12), 0.002);
  near(half.repetitions[0].side[0].range_deg, 30, 0.05);
  near(half.repetitions[0].t_end_s, 9.1 - slow_s(1.5, 30), 0.002);
}

BOOST_AUTO_TEST_CASE(too_little_motion) {
  const SquatRun found = run(courses(squat(4, 1, 0.3, 1, 7.8) + squat(10, 1, 0.3, 1, 8.4), 15));
  BOOST_TEST((reasons(found) == Reasons{RejectReason::no_ankle_motion, RejectReason::none}));
  // Leaning forward by 6 deg for good: no squat, and the next one counts from the new standing.
  const SquatRun leans = run(courses(Bends{{4, 1, 6}} + squat(18, 2, 0.3, 1.6, 28), 26));
  BOOST_TEST_REQUIRE((reasons(leans) == Reasons{RejectReason::no_ankle_motion, RejectReason::none}));
  near(leans.repetitions[0].t_end_s, 5 - slow_s(1, 6), 0.002);
  near(leans.repetitions[1].side[0].baseline_deg, 6, 0.05);
  near(leans.repetitions[1].side[0].range_deg, 28, 0.05);
  // Leaning and standing up again before a second is over is a repetition without motion.
  BOOST_TEST((reasons(run(courses(squat(4, 1, 0.5, 1, 6), 12))) == Reasons{RejectReason::no_ankle_motion}));
}

BOOST_AUTO_TEST_CASE(one_ankle_alone) {
  SquatCourses c = courses(squat(4, 2, 0.3, 1.6, 28) + squat(12, 2, 0.3, 1.6, 28), 20, 0.8);
  hole(c, 0, 0, 20);
  const SquatRun found = run(c);
  BOOST_TEST_REQUIRE((reasons(found) == Reasons(2)));
  for (const Repetition& r : found.repetitions) {
    BOOST_TEST((r.side[0].reason == SideReason::gap));
    BOOST_TEST(r.side[1].valid);
    near(r.side[1].range_deg, 0.8 * 28, 0.05);
    BOOST_TEST(!r.incomplete);
  }
  near(found.repetitions[1].t_start_s, 12 + slow_s(2, 0.8 * 28), 0.002);
}

BOOST_AUTO_TEST_CASE(an_ankle_that_is_lost_costs_its_own_rows) {
  SquatCourses c = courses(squat(4, 2, 0.3, 1.6, 28) + squat(12, 2, 0.3, 1.6, 28), 20);
  hole(c, 0, 5, 4);
  const SquatRun found = run(c);
  BOOST_TEST_REQUIRE((reasons(found) == Reasons(2)));
  BOOST_TEST((found.repetitions[0].side[0].reason == SideReason::gap));
  BOOST_TEST(found.repetitions[0].side[1].valid);
  BOOST_TEST(found.repetitions[0].incomplete);
  near(found.repetitions[0].t_end_s, 7.9 - slow_s(1.6, 28), 0.002);
  BOOST_TEST(found.repetitions[1].side[0].valid);
  BOOST_TEST(!found.repetitions[1].incomplete);
}

BOOST_AUTO_TEST_CASE(holes_of_both_ankles) {
  const auto with_hole = [](double from_s, double seconds) {
    SquatCourses c = courses(squat(4, 2, 0.3, 1.6, 28) + squat(12, 2, 0.3, 1.6, 28), 20);
    for (std::size_t i = 0; i < 2; ++i) hole(c, i, from_s, seconds);
    return run(c);
  };
  for (const double from_s : {4.5, 6.1, 7.0}) {
    BOOST_TEST((reasons(with_hole(from_s, 0.3)) == Reasons{RejectReason::gap, RejectReason::none}));
    const SquatRun marked = with_hole(from_s, 0.2), whole = with_hole(from_s, 0.04);
    BOOST_TEST_REQUIRE((reasons(marked) == Reasons(2)));
    BOOST_TEST_REQUIRE((reasons(whole) == Reasons(2)));
    BOOST_TEST(marked.repetitions[0].incomplete);
    BOOST_TEST(marked.repetitions[0].side[0].valid);
    BOOST_TEST(!whole.repetitions[0].incomplete);
  }
  // In standing, longer than the history of a rest: it still stands there.
  BOOST_TEST((reasons(with_hole(9.5, 2)) == Reasons(2)));
  // Nobody saw how it began: no repetition, and its ascent is none. It could not be dated.
  for (const double seconds : {0.5, 2.0, 4.0}) {
    const SquatRun unseen = with_hole(12.4 - seconds, seconds);
    BOOST_TEST((reasons(unseen) == Reasons(1)), seconds);
    BOOST_TEST(unseen.events.back().value == static_cast<double>(SquatStatus::standing));  // again, at the end
  }
  BOOST_TEST((reasons(with_hole(3.9, 4.2)) == Reasons(1)));  // a whole squat in it; the next one counts
  // A shorter one over the start moves it by as much at most, and is marked.
  const SquatRun late = with_hole(11.95, 0.24);
  BOOST_TEST_REQUIRE((reasons(late) == Reasons(2)));
  near(late.repetitions[1].t_start_s, 12, 0.1);
  BOOST_TEST(late.repetitions[1].incomplete);
}

BOOST_AUTO_TEST_CASE(a_short_hole_does_not_move_the_edges) {
  const SquatRun whole = run(courses(squat(4, 2, 1, 1.6, 28), 12));
  for (double from_s = 3.9; from_s < 9; from_s += 0.013) {
    SquatCourses c = courses(squat(4, 2, 1, 1.6, 28), 12);
    for (std::size_t i = 0; i < 2; ++i) hole(c, i, from_s, 0.045);
    const SquatRun found = run(c);
    BOOST_TEST_CONTEXT("45 ms from " << from_s << " s") {
      BOOST_TEST_REQUIRE((reasons(found) == Reasons(1)));
      for (auto m : {&Repetition::t_start_s, &Repetition::t_bottom_s, &Repetition::t_end_s})
        near(found.repetitions[0].*m, whole.repetitions[0].*m, 0.047);  // an edge within it moves to its end
      const auto outside = [&](double t) { return t < from_s - 0.002 || t > from_s + 0.047; };
      if (outside(whole.repetitions[0].t_end_s))
        near(found.repetitions[0].t_end_s, whole.repetitions[0].t_end_s, 0.002);
      if (outside(whole.repetitions[0].t_start_s))
        near(found.repetitions[0].t_start_s, whole.repetitions[0].t_start_s, 0.002);
    }
  }
}

BOOST_AUTO_TEST_CASE(an_ankle_that_is_lost_below_ends_nothing) {
  SquatCourses c = courses(squat(4, 2, 2, 1.6, 28), 14, 5.0 / 28);
  hole(c, 0, 6.2, 6);
  const SquatRun found = run(c);
  BOOST_TEST_REQUIRE((reasons(found) == Reasons(1)));
  near(found.repetitions[0].t_end_s, 9.6 - slow_s(1.6, 5), 0.002);  // of the ankle that is left
}

BOOST_AUTO_TEST_CASE(a_tick_that_is_unknown_changes_no_state) {
  SquatCourses c = courses(squat(4, 2, 0.3, 1.6, 28) + squat(12, 2, 0.3, 1.6, 28), 20);
  const SquatRun whole = run(c);
  for (std::size_t k = 0; k < c.size(); k += 7)
    for (std::size_t i = 0; i < 2; ++i) hole(c, i, static_cast<double>(k) * 1e-3 + 1e-6, 1e-3);
  const SquatRun found = run(c);
  BOOST_TEST_REQUIRE((reasons(found) == Reasons(2)));
  for (std::size_t k = 0; k < 2; ++k) {
    const Repetition &a = found.repetitions[k], &b = whole.repetitions[k];
    for (auto m : {&Repetition::t_start_s, &Repetition::t_bottom_s, &Repetition::t_end_s}) near(a.*m, b.*m, 0.002);
    near(a.side[0].rate_fit_deg_s, b.side[0].rate_fit_deg_s, 0.02);
    near(a.side[0].range_deg, b.side[0].range_deg, 0.02);
  }
}

BOOST_AUTO_TEST_CASE(who_stays_down_too_long_is_seen_again_after_standing_up) {
  const SquatRun found = run(courses(squat(4, 2, 25, 1.6, 28) + squat(42, 2, 0.3, 1.6, 28), 50));
  BOOST_TEST_REQUIRE((reasons(found) == Reasons{RejectReason::timeout, RejectReason::none}));
  near(found.repetitions[1].side[0].range_deg, 28, 0.05);
  near(found.repetitions[1].side[0].baseline_deg, 0, 0.05);
}

BOOST_AUTO_TEST_CASE(heels_that_come_down_are_no_squat) {
  // Heels up by 20 deg turn the ankle by as much, and back.
  SquatCourses c = courses(Bends{{3, 0.5, -20}, {4, 0.5, 20}} + squat(8, 2, 0.3, 1.6, 28), 16);
  for (std::size_t k = 3000; k < 4500; ++k)
    for (std::size_t i = 0; i < 2; ++i) c.pitch[i][k] = -c.df[i][k];
  const SquatRun found = run(c);
  BOOST_TEST_REQUIRE((reasons(found) == Reasons(1)));
  near(found.repetitions[0].t_start_s, 8 + slow_s(2, 28), 0.002);
}

BOOST_AUTO_TEST_CASE(a_knee_to_wall_trial_and_a_jump_of_the_time) {
  const SquatCourses c = courses(squat(4, 2, 0.3, 1.6, 28), 12);
  SquatDetector trial(no_plates());
  SquatRun found;
  for (std::size_t k = 0; k < c.size(); ++k) {
    SquatInput in = c.at(k);
    in.knee_to_wall = k == 5000;
    trial.step(in);
    found.take(trial);
  }
  BOOST_TEST((reasons(found) == Reasons{RejectReason::knee_to_wall}));
  SquatDetector jumps(no_plates());
  SquatRun cut;
  for (std::size_t k = 0; k < c.size(); ++k) {
    jumps.step(c.at(k, k < 5500 ? 0 : 1));
    cut.take(jumps);
  }
  BOOST_TEST((reasons(cut) == Reasons{RejectReason::gap}));
  BOOST_TEST(jumps.standing());  // after a second of rest again
  bool waited = false;
  for (const SquatEvent& e : cut.events)
    waited |= e.kind == SquatEventKind::status && e.value == static_cast<double>(SquatStatus::waiting_without_plates);
  BOOST_TEST(waited);
}

namespace {
/// The angles from that time on are smaller by `deg`; the detector is told so.
SquatRun run_with_new_zero(SquatDetector& detector, SquatCourses c, double at_s, double deg) {
  const auto at = static_cast<std::size_t>(at_s * 1000);
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t k = at; k < c.size(); ++k) c.df[i][k] -= deg;
  SquatRun found;
  for (std::size_t k = 0; k < c.size(); ++k) {
    SquatInput in = c.at(k);
    in.new_zero = k == at;
    detector.step(in);
    found.take(detector);
  }
  return found;
}
}  // namespace

BOOST_AUTO_TEST_CASE(the_first_squat_after_a_new_zero_counts_from_it) {
  // Stood at 20 (10, -20) deg of the old zero for 8 s; 0.2 to 10 s after the new one comes a squat.
  for (const bool plates : {false, true})
    for (const double deg : {20.0, 10.0, -20.0})
      for (const double after_s : {0.2, 1.0, 3.0, 10.0}) {
        MinimumJerk body;
        body.repetitions = 2;
        body.first_s = 8 + after_s;
        SquatCourses c = body.make();
        for (Course& df : c.df)
          for (double& x : df) x += deg;
        SquatParams p;
        p.plates = plates;
        SquatDetector detector(p);
        const SquatRun found = run_with_new_zero(detector, c, 8, deg);
        BOOST_TEST_CONTEXT((plates ? "plates, " : "ankles, ") << deg << " deg, " << after_s << " s") {
          BOOST_TEST_REQUIRE((reasons(found) == Reasons(2)));
          for (const Repetition& r : found.repetitions)
            for (const RepetitionSide& side : r.side) {
              BOOST_TEST(side.valid);
              near(side.baseline_deg, 0, 0.1);
              near(side.range_deg, body.df_deg, 0.3);
            }
          for (const SquatEvent& e : found.events)  // it stood all the time
            BOOST_TEST((e.kind != SquatEventKind::status || e.value == double(SquatStatus::standing)));
        }
      }
}

BOOST_AUTO_TEST_CASE(a_new_zero_within_a_repetition_ends_it) {
  for (const bool plates : {false, true}) {
    MinimumJerk body;
    body.bottom_s = 1;
    body.rest_s = 4;
    body.repetitions = 3;
    SquatParams p;
    p.plates = plates;
    SquatDetector detector(p);
    const double at_s = body.middle_s(1);
    const SquatRun found = run_with_new_zero(detector, body.make(), at_s, body.df_deg);
    BOOST_TEST_CONTEXT((plates ? "plates" : "ankles")) {
      BOOST_TEST_REQUIRE((reasons(found) == Reasons{RejectReason::none, RejectReason::gap, RejectReason::none}));
      BOOST_TEST((found.repetitions[1].end_kind == RepetitionEdge::gap));
      near(found.repetitions[1].t_end_s, at_s - 1e-3, 1e-6);
      near(found.repetitions[1].side[0].baseline_deg, 0, 0.1);  // of the zero it began with
      for (const std::size_t k : {0, 2})
        for (const RepetitionSide& side : found.repetitions[k].side) near(side.range_deg, body.df_deg, 0.3);
    }
  }
}

BOOST_AUTO_TEST_CASE(without_a_least_dorsiflexion_any_bend_counts) {
  SquatParams p = no_plates();
  p.df_min_deg = 0;
  BOOST_TEST((reasons(run(courses(squat(4, 1, 0.3, 1, 5), 12), p)) == Reasons(1)));
}

BOOST_AUTO_TEST_CASE(forces_are_not_looked_at) {
  SquatCourses c = courses(squat(4, 2, 0.3, 1.6, 28), 12);
  for (Course& fz : c.fz) fz.assign(c.size(), 0);  // nobody on the plates, where nobody asks
  BOOST_TEST((reasons(run(c)) == Reasons(1)));
}

BOOST_AUTO_TEST_SUITE_END()
