// Forces of a repetition: against whole-array formulas on the same inputs (make_squat_loads.py), and in closed form.
#include <boost/test/unit_test.hpp>
#include <cstdio>

#include "squat_fixture.hpp"

BOOST_AUTO_TEST_SUITE(squat_loads)

using namespace grfd;
using namespace grfd::test;

namespace {

SquatCourses courses(const json& all, const json& one) {
  SquatCourses c;
  const std::map<std::string, std::array<Course, 2>*> pairs{{"fz", &c.fz},
                                                            {"df", &c.df},
                                                            {"rate", &c.rate},
                                                            {"shank", &c.shank},
                                                            {"pitch", &c.pitch},
                                                            {"ev", &c.eversion},
                                                            {"raw", &c.foot.raw},
                                                            {"fx", &c.foot.fx},
                                                            {"force_rate", &c.foot.force_rate},
                                                            {"fy", &c.foot.fy},
                                                            {"copx", &c.foot.cop_ml},
                                                            {"copy_side", &c.foot.cop_ap},
                                                            {"tz", &c.foot.tz}};
  for (const auto& [key, pair] : pairs)
    for (std::size_t i = 0; i < 2; ++i)
      (*pair)[i] = unpack(one["channels"][key][i], all["scale"][key], all["step"], one["n"]);
  c.cop = unpack(one["channels"]["copy"], all["scale"]["copy"], all["step"], one["n"]);
  return c;
}

SquatBody body(const json& one) {
  ParticipantSettings s;
  s.height_m = one["height"];
  s.foot_length_m = one["foot_length"];
  s.heel_to_ankle_m = one["ankle_ahead"];
  for (std::size_t i = 0; i < 2; ++i) {
    s.heel_m[i] = {one["heels"][i][0], one["heels"][i][1]};
    s.toe_out_deg[i] = one["toe_out"][i];
  }
  return SquatBody::from(s);
}

/// A body that needs no reference: heels at (-0.15, 0) and (0.15, 0), toes 30 deg outward, 0.25 m long.
SquatBody plain_body() {
  ParticipantSettings s;
  s.height_m = 1.8;
  s.foot_length_m = 0.25;
  s.heel_m = {{{-0.15, 0}, {0.15, 0}}};
  s.toe_out_deg = {30, 30};
  return SquatBody::from(s);
}

void add_foot(SquatCourses& c, double cop_along_m = 0.1) {
  const std::size_t n = c.size();
  const double sin30 = 0.5, cos30 = std::sqrt(3) / 2;
  for (std::size_t i = 0; i < 2; ++i) {
    const double out = i == 0 ? -1 : 1;
    c.foot.raw[i] = c.fz[i];
    c.foot.force_rate[i].resize(n);
    for (std::size_t k = 0; k < n; ++k)
      c.foot.force_rate[i][k] = k == 0 || k + 1 == n ? 0 : (c.fz[i][k + 1] - c.fz[i][k - 1]) / 2e-3;
    c.foot.fx[i] = Course(n, -out * 30);
    c.foot.fy[i] = Course(n, 0);
    c.foot.cop_ml[i] = Course(n, out * (0.15 + cop_along_m * sin30));
    c.foot.cop_ap[i] = Course(n, cop_along_m * cos30);
    c.foot.tz[i] = Course(n, out * 4);
  }
}

bool near(double got, double want, double relative) { return std::abs(got - want) <= relative * std::abs(want); }

}  // namespace

BOOST_AUTO_TEST_CASE(forces_of_a_repetition_agree_with_whole_array_formulas) {
  const json all = read_gz("squat_loads.json.gz");
  Table t;
  for (const json& one : all["cases"]) {
    t.where = one["name"];
    SquatParams params;
    params.band_low_percent = all["band"][0];
    params.band_high_percent = all["band"][1];
    SquatDetector detector(params, body(one));
    const SquatRun run = feed(detector, courses(all, one));
    BOOST_TEST_REQUIRE(run.repetitions.size() == one["loads"].size(), t.where);
    for (std::size_t k = 0; k < run.repetitions.size(); ++k) {
      const Repetition& r = run.repetitions[k];
      const json& want = one["loads"][k];
      const auto phases = [&](const std::string& name, const PhaseMeans& got, const json& m, double tolerance) {
        t.add(name, got.standing, number(m, "standing"), tolerance);
        t.add(name, got.descent, number(m, "descent"), tolerance);
        t.add(name, got.bottom, number(m, "bottom"), tolerance);
        t.add(name, got.ascent, number(m, "ascent"), tolerance);
      };
      const auto list = [&](const std::string& name, const auto& got, const json& m, double tolerance) {
        BOOST_TEST_REQUIRE(got.size() == m.size());
        for (std::size_t j = 0; j < got.size(); ++j)
          t.add(name, got[j], m[j].is_null() ? unknown : m[j].get<double>(), tolerance);
      };
      for (std::size_t i = 0; i < 2; ++i) {
        const FootLoads& f = r.foot[i];
        const json& w = want["foot"][i];
        phases("fz N", f.fz_n, w["fz"], 1e-8);
        phases("tz N.m", f.tz_nm, w["tz"], 1e-9);
        phases("foot cop %", f.cop_percent, w["cop"], 1e-9);
        list("rfd N/s", f.development_n_s, w["rfd"], 1e-6);
        const auto one_value = [&](const char* name, double got, double tolerance) {
          t.add(name, got, number(w, name), tolerance);
        };
        one_value("force_rate_peak", f.force_rate_peak_n_s, 1e-7);
        one_value("rfd_peak_20", f.development_peak_n_s, 1e-6);
        one_value("knee_standing", f.knee_standing_nm, 1e-8);
        one_value("knee_bottom", f.knee_bottom_nm, 1e-8);
        one_value("knee_peak", f.knee_peak_nm, 1e-8);
        one_value("heel_lift_onset", f.heel_lift_onset_s, 1e-9);
        one_value("heel_lift_time", f.heel_lift_time_s, 1e-9);
        one_value("inversion_onset", f.inversion_onset_s, 1e-9);
        one_value("inversion_time", f.inversion_time_s, 1e-9);
        one_value("inversion_peak", f.inversion_peak_deg, 1e-9);
        one_value("heel_share_standing", f.heel_share_standing, 1e-9);
        one_value("heel_share_bottom", f.heel_share_bottom, 1e-9);
        one_value("heel_share_min", f.heel_share_min, 1e-9);
        one_value("heel_contact", f.heel_contact, 0);
        one_value("heel_contact_lost", f.heel_contact_lost_s, 1e-9);
        one_value("in_band", f.in_band_percent, 1e-9);
        one_value("behind_40", f.behind_40_s, 1e-9);
        one_value("impulse_eccentric", f.impulse_eccentric_n_s, 1e-8);
        one_value("impulse_concentric", f.impulse_concentric_n_s, 1e-8);
        one_value("power_eccentric", f.power_eccentric_w, 1e-7);
        one_value("power_concentric", f.power_concentric_w, 1e-7);
        one_value("power_eccentric_peak", f.power_eccentric_peak_w, 1e-7);
        one_value("power_concentric_peak", f.power_concentric_peak_w, 1e-7);
        one_value("eversion_lead_10", r.side[i].eversion_lead_10_s, 1e-9);
        one_value("eversion_slope", r.side[i].eversion_slope, 1e-7);
      }
      const BothLoads& b = r.both;
      const json& w = want["both"];
      const auto one_value = [&](const char* name, double got, double tolerance) {
        t.add(name, got, number(w, name), tolerance);
      };
      t.add("in_band of both", b.in_band_percent, number(w, "in_band"), 1e-9);
      phases("cop %", b.cop_percent, w["cop"], 1e-9);
      phases("spread N", b.spread_n, w["spread"], 1e-9);
      one_value("drive_onset", b.drive_onset_s, 1e-9);
      list("rfd of both N/s", b.development_n_s, w["rfd"], 1e-6);
      t.add("force_rate_peak of both", b.force_rate_peak_n_s, number(w, "force_rate_peak"), 1e-7);
      t.add("rfd_peak_20 of both", b.development_peak_n_s, number(w, "rfd_peak_20"), 1e-6);
      one_value("fall_back_flag", b.fell_back, 0);
      list("bai course %", b.bai_descent, w["bai_descent"], 1e-9);
      list("bai course %", b.bai_ascent, w["bai_ascent"], 1e-9);
      t.add("fall_back_foot %", b.fall_back_percent, number(w, "fall_back"), 1e-9);
      one_value("fall_back_time", b.fall_back_time_s, 1e-9);
      one_value("com_fall_back", b.com_fall_back_m, 1e-9);
      one_value("depth_percent", b.depth_percent, 1e-8);
      one_value("descent_time", b.descent_s, 1e-9);
      one_value("ascent_time", b.ascent_s, 1e-9);
      one_value("forward_shift", b.forward_shift_m, 1e-9);
      one_value("stiffness", b.stiffness_n_m, 1e-4);
      one_value("smoothness_descent", b.smoothness_descent, 1e-9);
      one_value("smoothness_ascent", b.smoothness_ascent, 1e-9);
    }
  }
  for (const auto& [metric, w] : t.worst) {
    std::printf("  %-24s %9.2e  %4d\n", metric.c_str(), w.first, w.second);
    BOOST_TEST(w.second > 0, metric << " was never known");
  }
}

BOOST_AUTO_TEST_CASE(constant_loads_come_out_as_they_were_put_in) {
  MinimumJerk subject;
  subject.bai_percent = 20;
  subject.sway_n = 0;
  SquatCourses c = subject.make();
  add_foot(c);
  SquatDetector detector({}, plain_body());
  const SquatRun run = feed(detector, c);
  BOOST_TEST_REQUIRE(run.repetitions.size() == 3U);
  const double weight = subject.mass_kg * 9.80665;
  for (const Repetition& r : run.repetitions) {
    for (const double PhaseMeans::*phase :
         {&PhaseMeans::standing, &PhaseMeans::descent, &PhaseMeans::bottom, &PhaseMeans::ascent}) {
      BOOST_TEST(std::abs(r.both.spread_n.*phase - 30) < 1e-9);  // left 30 N to the right, right 30 N to the left
      for (std::size_t i = 0; i < 2; ++i) {
        BOOST_TEST(std::abs(r.foot[i].tz_nm.*phase - (i == 0 ? -4 : 4)) < 1e-9);
        BOOST_TEST(std::abs(r.foot[i].cop_percent.*phase - 40) < 1e-9);  // 0.1 of 0.25 m along the turned foot
      }
    }
    for (std::size_t j = 0; j < BothLoads::points; ++j) {
      BOOST_TEST(std::abs(r.both.bai_descent[j] - 20) < 1e-9);
      BOOST_TEST(std::abs(r.both.bai_ascent[j] - 20) < 1e-9);
    }
    BOOST_TEST(std::abs(r.both.cop_percent.bottom - 100 * 0.05 / 0.25) < 1e-9);
    BOOST_TEST(std::abs(r.both.forward_shift_m) < 1e-12);
    BOOST_TEST(std::abs(r.foot[0].heel_share_bottom - 32.0 / 60) < 1e-9);
    // Until the start the force may leave the weight by 2 %.
    BOOST_TEST(near(r.foot[0].fz_n.standing, 0.4 * weight, 0.02));
    BOOST_TEST(near(r.foot[1].fz_n.standing / r.foot[0].fz_n.standing, 1.5, 1e-9));
    BOOST_TEST(near(r.foot[1].impulse_concentric_n_s / r.foot[0].impulse_concentric_n_s, 1.5, 1e-9));
    BOOST_TEST(near(r.foot[1].power_concentric_w / r.foot[0].power_concentric_w, 1.5, 1e-9));
    // Work = mean power x time: m g depth on the way up, at rest at both ends.
    const double up = (r.foot[0].power_concentric_w + r.foot[1].power_concentric_w) * r.both.ascent_s;
    BOOST_TEST(near(up, weight * subject.depth_m, 0.02));
    BOOST_TEST(near(r.both.depth_percent, 100 * subject.depth_m / 1.8, 0.02));
    // -ln of the dimensionless jerk of a minimum-jerk course between the found start and bottom, as parts of it; jerk =
    // 60 D / T^3 (1 - 6 u + 6 u^2), largest velocity 1.875 D / T. The whole course has -ln(720 / 1.875^2) = -5.322.
    const auto smoothness = [](double a, double b) {
      const auto p = [](double u) { return u * (1 - u * (6 - u * (16 - u * (18 - 7.2 * u)))); };
      return -std::log(std::pow(b - a, 3) * 3600 / (1.875 * 1.875) * (p(b) - p(a)));
    };
    BOOST_TEST(std::abs(smoothness(0, 1) + 5.322) < 1e-3);
    const double began = subject.start_s(r.index), rose = began + subject.descent_s + subject.bottom_s,
                 last = r.t_end_s - r.both.ascent_s;
    BOOST_TEST(std::abs(r.both.smoothness_descent - smoothness((r.t_start_s - began) / subject.descent_s,
                                                               (r.t_bottom_first_s - began) / subject.descent_s)) <
               0.01);
    const auto part = [&](double t) { return (t - rose) / subject.ascent_s; };
    BOOST_TEST(std::abs(r.both.smoothness_ascent - smoothness(part(last), part(r.t_end_s))) < 0.01);
    // Largest at the start of the ascent: 20 ms of 60 D / T^2 u (1 - u) (1 - 2 u).
    const double part_20 = 0.02 / subject.ascent_s, rise = subject.mass_kg * 60 * subject.depth_m /
                                                           (subject.ascent_s * subject.ascent_s) * part_20 *
                                                           (1 - part_20) * (1 - 2 * part_20) / 0.02;
    BOOST_TEST(near(r.both.development_peak_n_s, rise, 1e-9));
    BOOST_TEST(near(r.foot[0].development_peak_n_s, 0.4 * rise, 1e-9));
    BOOST_TEST(near(r.foot[1].development_peak_n_s, 0.6 * rise, 1e-9));
    BOOST_TEST(std::isnan(r.both.fell_back));                      // no plateau
    BOOST_TEST(std::abs(r.side[0].eversion_slope - 0.2) < 0.002);  // the generator's ratio
    BOOST_TEST(r.foot[0].heel_lift_time_s == 0);
    BOOST_TEST(std::isnan(r.foot[0].heel_lift_onset_s));
    BOOST_TEST(r.foot[0].inversion_time_s == 0);
    std::printf("  minimum jerk: smoothness %.3f, %.3f (-5.322), work %.1f J (%.1f), stiffness %.0f N/m\n",
                r.both.smoothness_descent, r.both.smoothness_ascent, up, weight * subject.depth_m,
                r.both.stiffness_n_m);
  }
}

BOOST_AUTO_TEST_CASE(a_harmonic_squat_has_the_stiffness_of_its_oscillator) {
  // z = -D/2 (1 - cos w t): the braking half is that of a mass m on a spring m w^2.
  constexpr double m = 80, g = 9.80665, depth = 0.4, pi = 3.14159265358979323846;
  const double w = 2 * pi / 2.4;
  SquatCourses c;
  for (int k = 0; k < 9000; ++k) {
    const double t = k * 1e-3, s = t - 4;
    const bool on = s >= 0 && s <= 2.4;
    const double d = on ? 14 * (1 - std::cos(w * s)) : 0, r = on ? 14 * w * std::sin(w * s) : 0;
    const double f = m * (g - (on ? depth / 2 * w * w * std::cos(w * s) : 0));
    for (std::size_t i = 0; i < 2; ++i) {
      c.fz[i].push_back(f / 2), c.df[i].push_back(d), c.rate[i].push_back(r);
      c.shank[i].push_back(d), c.pitch[i].push_back(0), c.eversion[i].push_back(0);
    }
    c.cop.push_back(0.05), c.z.push_back(0);
  }
  SquatDetector detector({}, plain_body());
  const SquatRun run = feed(detector, c);
  BOOST_TEST_REQUIRE(run.repetitions.size() == 1U);
  const BothLoads& b = run.repetitions[0].both;
  std::printf("  harmonic squat: stiffness %.1f N/m, m w^2 = %.1f\n", b.stiffness_n_m, m * w * w);
  BOOST_TEST(near(b.stiffness_n_m, m * w * w, 0.03));
  BOOST_TEST(std::isnan(b.force_rate_peak_n_s));  // nothing is known of the feet
  BOOST_TEST(std::isnan(run.repetitions[0].foot[0].cop_percent.bottom));
  BOOST_TEST(std::isnan(run.repetitions[0].foot[0].knee_peak_nm));
}

BOOST_AUTO_TEST_CASE(a_fall_back_counts_from_five_percent_for_more_than_100_ms_in_one_run) {
  MinimumJerk subject;
  subject.ankle_share = 0.7;  // the ankles stop before the body
  subject.sway_n = 0;
  subject.repetitions = 1;
  struct Case {
    double percent;
    std::vector<int> runs_ms;  // with 60 ms between them
    double flag, time_s;
  };
  const Case cases[] = {{6, {100}, 0, 0.100},     {6, {101}, 1, 0.101}, {6, {80, 80}, 0, 0.160},
                        {6, {40, 150}, 1, 0.190}, {4, {200}, 0, 0},     {0, {}, 0, 0}};
  const double plateau_s = subject.start_s(0) + 1.45;  // 1.4 s is where the course ends, its line a little earlier
  for (const Case& one : cases) {
    SquatCourses c = subject.make();
    add_foot(c);
    auto k = static_cast<std::size_t>(plateau_s * 1000);
    for (const int ms : one.runs_ms) {
      std::fill_n(c.cop.begin() + static_cast<std::ptrdiff_t>(k), ms, 0.05 - one.percent / 100 * 0.25);
      k += static_cast<std::size_t>(ms) + 60;
    }
    SquatDetector detector({}, plain_body());
    const SquatRun run = feed(detector, c);
    BOOST_TEST_REQUIRE(run.repetitions.size() == 1U);
    const Repetition& r = run.repetitions[0];
    BOOST_TEST_REQUIRE(r.side[0].plateau_s < plateau_s);
    BOOST_TEST(std::abs(r.both.fall_back_percent - one.percent) < 1e-9);
    BOOST_TEST(r.both.fell_back == one.flag, one.percent << " %, " << one.time_s << " s");
    BOOST_TEST(std::abs(r.both.fall_back_time_s - one.time_s) < 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(the_target_band_is_a_share_of_the_time_and_its_edges_belong_to_it) {
  MinimumJerk subject;
  subject.sway_n = 0;
  subject.repetitions = 1;
  SquatParams params;
  struct Case {
    double low, high, cop_percent, foot, both;
  };
  // The common CoP is measured forward, the feet point 30 deg outward: 0.125 m along them is 43.3 % of both.
  const double forward = 100 * 0.125 * std::sqrt(3) / 2 / 0.25;
  for (const Case& one : {Case{55, 70, 50, 0, 0}, Case{45, 50 + 1e-9, 50, 100, 0}, Case{50 - 1e-9, 60, 50, 100, 0},
                          Case{40, forward + 1e-9, 50, 0, 100}, Case{55, 70, 60, 100, 0}}) {
    SquatCourses c = subject.make();
    add_foot(c, one.cop_percent / 100 * 0.25);
    c.cop = Course(c.size(), 0.125 * std::sqrt(3) / 2);
    params.band_low_percent = one.low;
    params.band_high_percent = one.high;
    SquatDetector detector(params, plain_body());
    const SquatRun run = feed(detector, c);
    BOOST_TEST_REQUIRE(run.repetitions.size() == 1U);
    BOOST_TEST(run.repetitions[0].foot[1].in_band_percent == one.foot);
    BOOST_TEST(run.repetitions[0].both.in_band_percent == one.both);
  }
  // 400 of the milliseconds from start to end, both of them included.
  SquatCourses c = subject.make();
  add_foot(c, 0.5 * 0.25);
  const double middle_s = subject.start_s(0) + subject.descent_s;
  for (std::size_t k = 0; k < 400; ++k) {
    c.foot.cop_ml[0][static_cast<std::size_t>(middle_s * 1000) + k] = -(0.15 + 0.15 * 0.5);
    c.foot.cop_ap[0][static_cast<std::size_t>(middle_s * 1000) + k] = 0.15 * std::sqrt(3) / 2;
  }
  SquatCourses hole = c;
  SquatDetector detector({}, plain_body()), holed({}, plain_body());
  SquatRun run = feed(detector, c);
  BOOST_TEST_REQUIRE(run.repetitions.size() == 1U);
  const Repetition& r = run.repetitions[0];
  BOOST_TEST(std::abs(r.foot[0].in_band_percent - 100 * 0.4 / (r.t_end_s - r.t_start_s + 1e-3)) < 1e-9);
  BOOST_TEST(r.foot[1].in_band_percent == 0);
  std::fill_n(hole.foot.cop_ap[0].begin() + static_cast<std::ptrdiff_t>(middle_s * 1000) - 700, 300, unknown);
  run = feed(holed, hole);
  BOOST_TEST_REQUIRE(run.repetitions.size() == 1U);
  BOOST_TEST(std::isnan(run.repetitions[0].foot[0].in_band_percent));
  BOOST_TEST(run.repetitions[0].foot[1].in_band_percent == 0);
}

BOOST_AUTO_TEST_CASE(a_heel_keeps_contact_while_it_is_loaded_and_down) {
  MinimumJerk subject;
  subject.sway_n = 0;
  subject.repetitions = 1;
  struct Case {
    const char* what;
    double cop_percent, pitch_deg;
    int ms, hole_ms;          // of the CoP and the pitch; then, 200 ms later, nothing is known of the pitch
    double contact, lost_ms;  // after the beginning
  };
  // (72 - CoP) / 60 is 0.1 at 66 %.
  const Case cases[] = {{"down", 50, 0, 0, 0, 1, NAN},
                        {"light for a tick", 66.001, 0, 1, 0, 0, 0},
                        {"just heavy enough", 65.999, 0, 400, 0, 1, NAN},
                        {"a heel that rises", 50, 4, 150, 0, 0, 0},
                        {"too short for a heel lift", 50, 4, 80, 0, 1, NAN},
                        {"too low for a heel lift", 50, 2.9, 400, 0, 1, NAN},
                        {"a hole", 50, 0, 0, 300, NAN, NAN},
                        {"a hole that is bridged", 50, 0, 0, 200, 1, NAN},
                        {"lost before the hole", 70, 0, 10, 300, 0, 0},
                        {"lifted before the hole", 50, 4, 150, 300, 0, 0}};
  for (const Case& one : cases) {
    BOOST_TEST_CONTEXT(one.what) {
      SquatCourses c = subject.make();
      add_foot(c, 0.5 * 0.25);
      const double begin_s = subject.start_s(0) + 0.8;
      const auto first = static_cast<std::ptrdiff_t>(begin_s * 1000);
      std::fill_n(c.foot.cop_ml[1].begin() + first, one.ms, 0.15 + one.cop_percent / 100 * 0.25 * 0.5);
      std::fill_n(c.foot.cop_ap[1].begin() + first, one.ms, one.cop_percent / 100 * 0.25 * std::sqrt(3) / 2);
      std::fill_n(c.pitch[1].begin() + first, one.ms, one.pitch_deg);
      std::fill_n(c.pitch[1].begin() + first + one.ms + 200, one.hole_ms, unknown);
      SquatDetector detector({}, plain_body());
      const SquatRun run = feed(detector, c);
      BOOST_TEST_REQUIRE(run.repetitions.size() == 1U);
      const FootLoads &right = run.repetitions[0].foot[1], &left = run.repetitions[0].foot[0];
      BOOST_TEST((std::isnan(one.contact) ? std::isnan(right.heel_contact) : right.heel_contact == one.contact),
                 right.heel_contact);
      BOOST_TEST((std::isnan(one.lost_ms) ? std::isnan(right.heel_contact_lost_s)
                                          : near(right.heel_contact_lost_s, begin_s, 1e-9)),
                 right.heel_contact_lost_s);
      BOOST_TEST((left.heel_contact == 1 && std::isnan(left.heel_contact_lost_s)));
    }
  }
}

BOOST_AUTO_TEST_CASE(unmeasured_people_and_rejected_repetitions_say_nothing) {
  MinimumJerk subject;
  subject.depth_m = 0.05;  // too shallow
  subject.df_deg = 20;
  SquatCourses c = subject.make();
  add_foot(c);
  SquatDetector shallow({}, plain_body());
  const SquatRun rejected = feed(shallow, c);
  BOOST_TEST_REQUIRE(!rejected.repetitions.empty());
  BOOST_TEST((rejected.repetitions[0].reason == RejectReason::too_shallow));
  BOOST_TEST(std::isnan(rejected.repetitions[0].foot[0].fz_n.standing));
  BOOST_TEST(std::isnan(rejected.repetitions[0].both.spread_n.bottom));

  c = MinimumJerk{}.make();
  add_foot(c);
  SquatDetector nobody;
  const SquatRun run = feed(nobody, c);
  BOOST_TEST_REQUIRE(run.repetitions.size() == 3U);
  const Repetition& r = run.repetitions[0];
  BOOST_TEST(std::isfinite(r.foot[0].fz_n.bottom));
  for (const double x :
       {r.foot[0].cop_percent.bottom, r.foot[0].knee_peak_nm, r.foot[0].behind_40_s, r.foot[0].heel_share_min,
        r.foot[0].heel_contact, r.foot[0].heel_contact_lost_s, r.foot[0].in_band_percent, r.both.in_band_percent,
        r.both.depth_percent, r.both.cop_percent.standing})
    BOOST_TEST(std::isnan(x));
}

BOOST_AUTO_TEST_SUITE_END()
