// The C++ against the reference code on the same inputs (make_squat_cases.py), and against the closed-form truth.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "squat_fixture.hpp"

BOOST_AUTO_TEST_SUITE(squat_metrics)

using namespace grfd;
using namespace grfd::test;
using nlohmann::json;

namespace {

SquatCourses courses(const json& all, const json& one) {
  const json* channels = &one["channels"];
  if (channels->is_string()) {
    for (const json& c : all["cases"]) {
      if (c["name"] == one["channels"]) channels = &c["channels"];
    }
  }
  SquatCourses c;
  const std::map<std::string, std::array<Course, 2>*> pairs{
      {"fz", &c.fz}, {"df", &c.df}, {"rate", &c.rate}, {"shank", &c.shank}, {"pitch", &c.pitch}, {"ev", &c.eversion}};
  const std::size_t n = one["n"];
  const int step = all["step"];
  for (const std::string key : {"fz", "df", "rate", "shank", "pitch", "ev"}) {
    for (std::size_t i = 0; i < 2; ++i) {
      const json& stored = (*channels)[key][i];
      if (stored.is_string()) {
        const auto text = stored.get<std::string>();
        const auto space = text.find(' ');
        (*pairs.at(key))[i] = (*pairs.at(text.substr(0, space)))[static_cast<std::size_t>(text[space + 1] - '0')];
      } else {
        (*pairs.at(key))[i] = unpack(stored, all["scale"][key], step, n);
      }
    }
  }
  c.cop = unpack((*channels)["copy"], all["scale"]["copy"], step, n);
  for (const json& g : one["gaps"]) {
    Course& x = (*pairs.at(g[0]))[g[1].get<std::size_t>()];
    const std::size_t from = g[2], to = std::min(n, from + g[3].get<std::size_t>());
    std::fill(x.begin() + static_cast<std::ptrdiff_t>(from), x.begin() + static_cast<std::ptrdiff_t>(to), unknown);
  }
  return c;
}

std::string reference_reason(const Repetition& r) {
  return r.reason == RejectReason::none ? "" : std::string(to_string(r.reason));
}

void compare(Table& t, const Repetition& r, const json& rep, const json& m) {
  const double exact = 1e-9;  // s, deg, m: rounding of other orders of summation
  t.add("t_start", r.t_start_s, rep["start"].get<double>() * 1e-3, exact);
  t.add("t_end", r.t_end_s, rep["end"].get<double>() * 1e-3, exact);
  t.add("bodyweight", r.bodyweight_n, rep["bw"], 1e-8);
  BOOST_TEST(std::string(to_string(r.start_kind)) == rep["start_kind"].get<std::string>(), t.where);
  BOOST_TEST(std::string(to_string(r.end_kind)) == rep["end_kind"].get<std::string>(), t.where);
  BOOST_TEST(r.incomplete == rep["incomplete"].get<bool>(), t.where);
  if (m.is_null()) {
    t.add("t_bottom (rejected)", r.t_bottom_s, rep["bottom"].get<double>() * 1e-3, exact);
    t.add("drop (rejected)", r.drop_m, rep["drop_raw"], exact);
    for (std::size_t i = 0; i < 2; ++i) {
      BOOST_TEST(!r.side[i].valid);
      t.add("df_peak (rejected)", r.side[i].peak_deg,
            rep["df_peak"][i].is_null() ? unknown : rep["df_peak"][i].get<double>(), exact);
    }
    return;
  }
  t.add("t_bottom", r.t_bottom_s, number(m, "t_bottom"), exact);
  t.add("t_bottom_first", r.t_bottom_first_s, number(m, "t_bottom_first"), exact);
  t.add("pause", r.pause_s, number(m, "pause"), exact);
  t.add("pause_raw", r.pause_raw_s, number(m, "pause_raw"), exact);
  t.add("drop", r.drop_m, number(m, "drop"), exact);
  t.add("v_descent_peak", r.v_descent_peak_m_s, number(m, "v_desc_peak"), exact);
  t.add("v_ascent_peak", r.v_ascent_peak_m_s, number(m, "v_asc_peak"), exact);
  t.add("bai standing", r.load.standing, number(m, "bai_stand"), exact);
  t.add("bai descent", r.load.descent, number(m, "bai_mean_desc"), exact);
  t.add("bai bottom", r.load.bottom, number(m, "bai_bottom"), exact);
  t.add("bai ascent", r.load.ascent, number(m, "bai_mean_asc"), exact);
  t.add("bai ascent impulse", r.load.ascent_impulse, number(m, "impulse_bai_asc"), exact);
  t.add("cop standing", r.cop_ap_standing_m, number(m, "cop_ap_stand"), exact);
  t.add("cop bottom", r.cop_ap_bottom_m, number(m, "cop_ap_bottom"), exact);
  t.add("cop plateau", r.cop_ap_plateau_m, number(m, "cop_ap_plateau"), exact);
  t.add("fall_back", r.fall_back_m, number(m, "fall_back"), exact);
  t.add("finish lag", r.finish_lag_s, number(m, "plateau_lag"), exact);
  const std::map<FirstOut, std::string> names{{FirstOut::none, "none"},
                                              {FirstOut::both, "both"},
                                              {FirstOut::left, "N"},
                                              {FirstOut::right, "D"},
                                              {FirstOut::unknown, "unknown"}};
  // The reference calls it none when an ankle has no course; that is not known, and we say so.
  std::string first = m["first_plateau"].get<std::string>();
  if (first == "none" && (m["side_reason_D"] != "" || m["side_reason_N"] != "")) first = "unknown";
  BOOST_TEST(names.at(r.first_out) == first, t.where);
  t.add("rate difference D-N", r.side[1].rate_fit_deg_s - r.side[0].rate_fit_deg_s, number(m, "rate_diff"), 1e-8);
  t.add("time_to_90 difference D-N", r.side[1].time_to_90_s - r.side[0].time_to_90_s,
        number(m, "time_to_90_D") - number(m, "time_to_90_N"), exact);
  t.add("onset lag D-N", r.side[1].onset_s - r.side[0].onset_s, number(m, "onset_lag"), exact);
  for (std::size_t i = 0; i < 2; ++i) {
    const RepetitionSide& s = r.side[i];
    const std::string role = i == 1 ? "_D" : "_N";  // the reference was run with the right side dominant
    const auto flat = [&](const char* key) { return number(m, key + role); };
    BOOST_TEST((s.reason == SideReason::none ? "" : std::string(to_string(s.reason))) ==
                   m["side_reason" + role].get<std::string>(),
               t.where);
    t.add("shank_max", s.shank_max_deg, flat("shank_max"), exact);
    t.add("heel_lift", s.heel_lift_deg, flat("heel"), exact);
    if (r.start_kind != RepetitionEdge::turn) {  // there the reference takes a foot that still moves for its standing
      t.add("eversion amplitude", s.eversion_amplitude_deg, flat("ev_amp"), 1e-7);
      t.add("eversion lead", s.eversion_lead_s, flat("ev_lead"), 1e-6);
      if (s.valid) t.add("eversion onset", s.eversion_onset_s, flat("onset") - flat("ev_lead"), 1e-6);
    }
    t.add("peak", s.peak_deg, flat("peak"), exact);
    t.add("range", s.range_deg, flat("range"), exact);
    t.add("onset", s.onset_s, flat("onset"), exact);
    t.add("rate_fit", s.rate_fit_deg_s, flat("rate_fit"), 1e-8);
    t.add("rate_mean", s.rate_mean_deg_s, flat("rate_mean"), exact);
    t.add("rate_peak", s.rate_peak_deg_s, flat("rate_peak"), exact);
    t.add("time_to_90", s.time_to_90_s, flat("time_to_90"), exact);
    t.add("plateau", s.plateau_s, flat("plateau"), exact);
    t.add("plateau_level", s.plateau_level_deg, flat("plateau_level"), exact);
    t.add("finish", s.finish_s, flat("finish"), exact);
    if (m["side"][i].is_null()) {
      BOOST_TEST(!s.valid);
      continue;
    }
    const json& side = m["side"][i];
    BOOST_TEST(s.valid == side["valid"].get<bool>(), t.where);
    if (!s.valid) continue;
    t.add("baseline", s.baseline_deg, number(side, "base"), exact);
    t.add("t10", s.t10_s, number(side, "t10"), exact);
    t.add("t50", s.t50_s, number(side, "t50"), exact);
    t.add("t90", s.t90_s, number(side, "t90"), exact);
    t.add("plateau_detected", s.plateau_detected_s, number(side, "plateau_det"), exact);
    t.add("creep", s.creep_deg_s, number(side, "creep"), 1e-8);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_case_agrees_with_the_reference) {
  const json all = read_gz("squat_cases.json.gz");
  Table table;
  std::size_t repetitions = 0, rejected = 0;
  for (const json& one : all["cases"]) {
    table.where = one["name"];
    SquatParams params;
    if (one["cfg"].contains("df_min")) params.df_min_deg = one["cfg"]["df_min"];
    SquatDetector detector(params);
    const SquatRun run = feed(detector, courses(all, one));
    const json& reps = one["reps"];
    BOOST_TEST_REQUIRE(run.repetitions.size() == reps.size(), table.where);
    for (std::size_t k = 0; k < reps.size(); ++k) {
      const Repetition& r = run.repetitions[k];
      BOOST_TEST(static_cast<std::size_t>(r.index) == k);
      BOOST_TEST(reference_reason(r) == (reps[k]["reason"].is_null() ? "" : reps[k]["reason"].get<std::string>()),
                 table.where);
      compare(table, r, reps[k], one["metrics"][k]);
      ++repetitions;
      rejected += r.reason != RejectReason::none;
    }
    std::vector<std::string> weights;
    for (const SquatEvent& e : run.events) {
      if (e.kind != SquatEventKind::bodyweight_changed && e.kind != SquatEventKind::bodyweight_forgotten) continue;
      const json& want = one["events"][weights.size()];
      weights.emplace_back(to_string(e.kind));
      BOOST_TEST(weights.back() == want[1].get<std::string>(), table.where);
      table.add("weight event time", e.t_s, want[0].get<double>() * 1e-3, 1e-9);
      table.add("weight event value", e.value, want[2], 1e-8);
    }
    BOOST_TEST(weights.size() == one["events"].size(), table.where);
    table.add("bodyweight at the end", detector.bodyweight_n(), one["bw"].is_null() ? unknown : one["bw"].get<double>(),
              1e-8);
    BOOST_TEST(detector.lost() == 0U);
    if (one["name"] == "one plate") BOOST_TEST(to_string(detector.status()).starts_with("not supported"));
  }
  std::printf(
      "squat: %zu cases, %zu repetitions (%zu rejected) against the reference; largest difference and number of "
      "values:\n",
      all["cases"].size(), repetitions, rejected);
  for (const auto& [metric, w] : table.worst) std::printf("  %-24s %9.2e  %4d\n", metric.c_str(), w.first, w.second);
  BOOST_TEST(repetitions > 80U);
}

BOOST_AUTO_TEST_CASE(truth_of_the_synthetic_subject) {
  // 4 s to 18 s of two repetitions at 100 Hz, with a second of standing put before it for the weighing.
  std::ifstream file(std::string(GRFD_FIXTURES) + "/squat_100hz.csv");
  BOOST_REQUIRE(file.is_open());
  std::string line, cell;
  std::getline(file, line);
  std::vector<std::string> names;
  for (std::stringstream s(line); std::getline(s, cell, ',');) names.push_back(cell);
  std::map<std::string, Course> col;
  while (std::getline(file, line)) {
    std::stringstream s(line);
    for (const auto& n : names) {
      std::getline(s, cell, ',');
      col[n].push_back(std::stod(cell));
    }
  }
  const auto fine = [&](const std::string& name) {
    const Course& x = col.at(name);
    Course y(1500, x[0]);
    for (std::size_t k = 0; k + 1 < x.size(); ++k) {
      for (int j = 0; j < 10; ++j) y.push_back((x[k] * (10 - j) + x[k + 1] * j) / 10);
    }
    return y;
  };
  SquatCourses c;
  c.fz = {fine("FzL"), fine("FzR")};
  c.df = {fine("dfL"), fine("dfR")};
  c.rate = {fine("rateL"), fine("rateR")};
  c.shank = {fine("shankL"), fine("shankR")};
  c.eversion = {fine("evL"), fine("evR")};
  c.cop = fine("copy_y");
  c.pitch = {Course(c.size(), 0), Course(c.size(), 0)};
  const Course com = fine("com_z");
  std::ifstream truth_file(std::string(GRFD_FIXTURES) + "/squat_truth.json");
  std::string text((std::istreambuf_iterator<char>(truth_file)), {});
  for (std::size_t at; (at = text.find(": NaN")) != std::string::npos;) text.replace(at, 5, ": null");
  const json truth = json::parse(text);
  const json& p = truth["params"];
  const double t0 = 4 - 1.5;
  SquatDetector detector;
  const SquatRun run = feed(detector, c, t0);
  BOOST_TEST_REQUIRE(run.repetitions.size() == 2U);
  const auto index = [&](double t) { return static_cast<std::size_t>(std::lround((t - t0) * 1000)); };
  for (std::size_t k = 0; k < 2; ++k) {
    const Repetition& r = run.repetitions[k];
    const json &e = truth["schedule"][k], &n = e["side"][0], &d = e["side"][1];
    BOOST_TEST_REQUIRE(reference_reason(r) == "");
    const auto near = [&](const char* what, double got, double want, double tolerance) {
      std::printf("  rep %zu %-14s got %9.4f  truth %9.4f\n", k, what, got, want);
      BOOST_CHECK_MESSAGE(std::abs(got - want) <= tolerance, what << " got " << got << ", truth " << want);
    };
    const std::size_t i0 = index(e["start"]), i1 = index(e["end"]);
    const auto low =
        std::min_element(com.begin() + static_cast<std::ptrdiff_t>(i0), com.begin() + static_cast<std::ptrdiff_t>(i1));
    const double drop = com[i0] - *low;
    // the span around the lowest point, as the definition has it
    const double top =
        *std::max_element(com.begin() + static_cast<std::ptrdiff_t>(i0), com.begin() + static_cast<std::ptrdiff_t>(i1));
    const double limit = *low + std::max(0.002, 0.01 * (top - *low));
    auto a = low, b = low;
    while (*(a - 1) <= limit) --a;
    while (*(b + 1) <= limit) ++b;
    const double middle = t0 + 0.5e-3 * static_cast<double>((a - com.begin()) + (b - com.begin()));
    const std::size_t plateau = index(n["plateau_fit"]);
    const double rear =
        *std::min_element(c.cop.begin() + static_cast<std::ptrdiff_t>(plateau), c.cop.begin() + (b - com.begin()) + 1);
    const double foot = 100 / p["foot_len"].get<double>();
    const double rate_d = p["rate"]["D"], rate_n = p["rate"]["N"];
    near("bottom s", r.t_bottom_s, middle, .02);
    near("range D deg", r.side[1].range_deg, p["rng"]["D"], .05);
    near("range N deg", r.side[0].range_deg, p["rng"]["N"], .05);
    near("rate D deg/s", r.side[1].rate_fit_deg_s, rate_d, .4);
    near("rate N deg/s", r.side[0].rate_fit_deg_s, rate_n, .4);
    near("rate D-N", r.side[1].rate_fit_deg_s - r.side[0].rate_fit_deg_s, rate_d - rate_n, .4);
    near("onset D s", r.side[1].onset_s, d["on_fit"], .02);
    near("onset N s", r.side[0].onset_s, n["on_fit"], .02);
    near("onset lag s", r.side[1].onset_s - r.side[0].onset_s, d["on"].get<double>() - n["on"].get<double>(), .02);
    near("plateau N s", r.side[0].plateau_s, n["plateau_fit"], .02);
    near("ev lead D s", r.side[1].eversion_lead_s, p["ev_lead"]["D"], .03);
    near("ev onset D s", r.side[1].eversion_onset_s, d["on_fit"].get<double>() - p["ev_lead"]["D"].get<double>(), .03);
    near("ev onset N s", r.side[0].eversion_onset_s, n["on_fit"].get<double>() - p["ev_lead"]["N"].get<double>(), .03);
    near("ev lead N s", r.side[0].eversion_lead_s, p["ev_lead"]["N"], .03);
    near("BAI bottom %", r.load.bottom, p["bai_bottom"], .2);
    near("BAI stand %", r.load.standing, p["bai_stand"], .2);
    near("fall back %FL", r.fall_back_m * foot, (c.cop[plateau] - rear) * foot, .3);
    near("drop m", r.drop_m, drop, .01);
    BOOST_TEST((r.first_out == FirstOut::left));
    // and the metrics of the same repetition from the reference at 1 kHz; here at 100 Hz with six digits
    const json& m = truth["metrics"][k];
    BOOST_TEST(std::abs(r.side[0].rate_fit_deg_s - m["rate_fit_N"].get<double>()) < 0.01);
    BOOST_TEST(std::abs(r.finish_lag_s - m["plateau_lag"].get<double>()) < 0.002);
    BOOST_TEST(std::abs(r.load.ascent_impulse - m["impulse_bai_asc"].get<double>()) < 0.1);
  }
}

BOOST_AUTO_TEST_CASE(minimum_jerk_squats_have_the_drop_and_bottom_that_were_put_in) {
  struct Case {
    const char* name;
    MinimumJerk body;
  };
  std::vector<Case> cases(9);
  cases[0] = {"2 s + 0.3", {}};
  cases[1] = {"2 s", {}};
  cases[1].body.bottom_s = 0;
  cases[2] = {"0.5 s", {}};
  cases[2].body.descent_s = cases[2].body.ascent_s = .5, cases[2].body.bottom_s = 0;
  cases[3] = {"4 s, 0.45 m", {}};
  cases[3].body.descent_s = 4, cases[3].body.ascent_s = 3, cases[3].body.depth_m = .45, cases[3].body.bottom_s = 0;
  cases[4] = {"5 s, 0.30 m", {}};
  cases[4].body.descent_s = 5, cases[4].body.ascent_s = 4, cases[4].body.depth_m = .3, cases[4].body.df_deg = 24,
  cases[4].body.bottom_s = 0;
  cases[5] = {"4 s + 1", {}};
  cases[5].body.descent_s = 4, cases[5].body.ascent_s = 3, cases[5].body.bottom_s = 1;
  cases[6] = {"2 s + 5", {}};
  cases[6].body.bottom_s = 5;
  cases[7] = {"150 kg", {}};
  cases[7].body.mass_kg = 150;
  cases[8] = {"40 kg, load 80 %", {}};
  cases[8].body.mass_kg = 40, cases[8].body.bai_percent = 80;
  for (const Case& c : cases) {
    const MinimumJerk& body = c.body;
    SquatDetector detector;
    const SquatRun run = feed(detector, body.make());
    BOOST_TEST_REQUIRE(run.repetitions.size() == 3U, c.name);
    // The ankle may already have moved while its rate was below the quiet limit: rate = 30 R/T u^2, angle = 10 R u^3
    // for small u.
    const double u = std::sqrt(1.5 * body.descent_s / (30 * body.df_deg)),
                 unseen_deg = 10 * body.df_deg * u * u * u + 0.02;
    double drop = 0, bottom = 0, pause_low = 1e9, pause_high = 0, range = 0;
    for (int k = 0; k < 3; ++k) {
      const Repetition& r = run.repetitions[static_cast<std::size_t>(k)];
      BOOST_TEST(reference_reason(r) == "", c.name);
      drop = std::max(drop, std::abs(r.drop_m - body.depth_m));
      bottom = std::max(bottom, std::abs(r.t_bottom_s - body.middle_s(k)));
      pause_low = std::min(pause_low, r.pause_s);
      pause_high = std::max(pause_high, r.pause_s);
      BOOST_TEST(std::abs(r.load.bottom - body.bai_percent) < 1e-9, c.name);
      for (const RepetitionSide& s : r.side) range = std::max(range, std::abs(s.range_deg - body.df_deg));
      BOOST_TEST((r.first_out == FirstOut::none || r.first_out == FirstOut::both), c.name);
    }
    std::printf(
        "  minimum jerk %-17s drop error %4.1f mm, bottom %5.3f s, range %5.3f deg, pause %.2f..%.2f of %.1f s\n",
        c.name, 1e3 * drop, bottom, range, pause_low, pause_high, body.bottom_s);
    BOOST_TEST(drop < .010, c.name);
    BOOST_TEST(range < unseen_deg, c.name);
    BOOST_TEST(pause_high <= body.bottom_s + .2, c.name);
    if (body.bottom_s == 0) BOOST_TEST(pause_high == 0, c.name);
    if (body.bottom_s <= 2) {
      BOOST_TEST(pause_low >= body.bottom_s - .4, c.name);
      BOOST_TEST(bottom < .12, c.name);
    } else {
      // A limit of the method: in a long pause millimetres of drift decide where the lowest point is and where 10 mm
      // above it end. The bottom then lies somewhere in the pause, and up to a tenth of the pause is missed.
      BOOST_TEST(pause_low >= .9 * body.bottom_s - .4, c.name);
      BOOST_TEST(bottom < .12 + body.bottom_s / 2, c.name);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_course_of_an_ankle_that_still_bends_after_the_bottom) {
  // The body follows a minimum-jerk course without a pause. It leaves its lowest percent, where 10 u^3 = 1 %, 0.16 s
  // after its lowest point. The ankles turn in a straight line until `stop_s` after that.
  struct Case {
    const char* name;
    double rate, stop_s, again_s, again_deg, range_deg, finish_s;  // second bend: when, how far; what is to be found
  };
  const Case cases[] = {{"before the bottom", 20, -0.25, 0, 0, 30, -0.25},
                        {"0.25 s after it", 20, 0.25, 0, 0, 30, 0.25},
                        {"longer than the rule follows it", 12, 0.65, 0, 0, 28.2, 0.5},
                        {"stands, then bends again in the ascent", 20, -0.25, 0.2, 3, 30, -0.25},
                        {"as slow as a quiet ankle", 20, -0.25, 0.0, 0.1, 30, -0.25}};
  constexpr double range = 30;
  for (const Case& c : cases) {
    MinimumJerk body;
    body.bottom_s = 0;
    SquatCourses all = body.make();
    const double left_s = body.descent_s + 0.1 * body.ascent_s;  // the bottom's end, from the start of the descent
    for (std::size_t k = 0; k < all.size(); ++k) {
      double d = 0, r = 0;
      for (int rep = 0; rep < body.repetitions; ++rep) {
        const double t = static_cast<double>(k) * 1e-3 - body.start_s(rep), stop = left_s + c.stop_s,
                     on = stop - range / c.rate, back = left_s + 0.75, back_s = 0.6;
        const auto ramp = [&](double from, double slope, double deg) {
          if (t > from && t < from + deg / slope) r += slope;
          d += std::min(std::max(0.0, (t - from) * slope), deg);
        };
        ramp(on, c.rate, range);
        if (c.again_deg > 0) ramp(left_s + c.again_s, 10, c.again_deg);
        const double u = std::clamp((t - back) / back_s, 0.0, 1.0), all_deg = range + c.again_deg;
        d -= all_deg * u;
        if (u > 0 && u < 1) r -= all_deg / back_s;
      }
      for (std::size_t i = 0; i < 2; ++i) {
        all.df[i][k] = d;
        all.rate[i][k] = r;
      }
    }
    SquatDetector detector;
    const SquatRun run = feed(detector, all);
    BOOST_TEST_REQUIRE(run.repetitions.size() == 3U, c.name);
    for (int rep = 0; rep < 3; ++rep) {
      const Repetition& found = run.repetitions[static_cast<std::size_t>(rep)];
      BOOST_TEST(reference_reason(found) == "", c.name);
      for (const RepetitionSide& s : found.side) {
        BOOST_TEST(s.valid, c.name);
        const double finish = body.start_s(rep) + left_s + c.finish_s;
        // where the bottom ends, sway moves the end of a course that is cut: 10 ms are 0.2 deg
        const double cut_s = c.range_deg < range ? 0.01 : 0;
        BOOST_CHECK_SMALL(s.range_deg - c.range_deg, 0.11 + c.rate * cut_s);
        BOOST_CHECK_SMALL(s.peak_deg - c.range_deg, 0.11 + c.rate * cut_s);
        BOOST_CHECK_SMALL(s.finish_s - finish, 0.006 + cut_s);
        BOOST_CHECK_SMALL(s.rate_fit_deg_s - c.rate, 0.05);
        BOOST_CHECK_SMALL(s.onset_s - (body.start_s(rep) + left_s + c.stop_s - range / c.rate), 0.002);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
