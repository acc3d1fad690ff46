// The squat metric as a whole: its streams, and that each value lies in the column of its name.
#include "dsp/squat_rows.hpp"

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <map>
#include <set>

#include "schemas/row.hpp"
#include "squat_feed.hpp"

BOOST_AUTO_TEST_SUITE(squat_rows)

using namespace grfd;
using namespace grfd::test;

namespace {

using Values = std::map<std::string, double>;
using Rows = std::map<std::string, std::vector<Values>>;

Settings two_plates(Side larger) {
  Settings s;
  for (const Side side : {Side::left, Side::right}) {
    PlateSettings plate;
    plate.name = to_string(side);
    plate.side = side;
    s.plates.push_back(plate);
  }
  s.participant.dominance_method = "computed";
  s.participant.height_m = 1.8;
  s.participant.standing_shank_deg = 2;
  s.participant.available_deg = {40, 0};
  s.squat.asymmetry_index = larger == Side::left ? AsymmetryIndex::lsi : AsymmetryIndex::bai1;
  return s;
}

/// Courses of forces and ankles through the metric, as the grid would bring them.
Rows run(const Settings& settings, const SquatCourses& c, StreamTable& table) {
  std::uint64_t event_seq = 0;
  StreamInfo events;
  events.name = "events";
  events.type = ValueType::text;
  const StreamId id = table.add(events);
  const MetricSetup setup{settings, table, id, event_seq, 0.01124, 0.21, {}, {}};
  const auto metric = make_squat_metric(setup);
  std::vector<RowJoiner> joiners;
  for (const StreamInfo& info : table) joiners.emplace_back(info);
  Rows rows;
  SquatFeedback feedback;
  FixedBatch<256> out;
  for (std::size_t k = 0; k < c.size(); ++k) {
    Frame frame;
    frame.t = static_cast<TimeNs>(k) * 1'000'000;
    frame.t_s = static_cast<double>(k) * 1e-3;
    frame.squat = &feedback;
    for (std::size_t i = 0; i < 2; ++i) {
      Derived& d = frame.derived;
      d.fz_n[i] = d.fz_unfiltered_n[i] = c.fz[i][k];
      d.dorsiflexion_deg[i] = c.df[i][k];
      d.dorsiflexion_rate_deg_s[i] = c.rate[i][k];
      d.shank_deg[i] = c.shank[i][k];
      d.foot_pitch_deg[i] = c.pitch[i][k];
      d.eversion_deg[i] = c.eversion[i][k];
      d.force_rate_n_s[i] = i == 0 ? 100 : 200;
      d.fx_n[i] = i == 0 ? 25 : -15;
      d.fy_n[i] = 0;
      d.foot_cop_ml_m[i] = d.foot_cop_ap_m[i] = 0.05;
      d.tz_nm[i] = i == 0 ? 1 : 2;
    }
    frame.derived.cop_ap_m = 0.05;
    metric->update(frame, out);
    for (const Sample& s : out.samples()) {
      RowJoiner& joiner = joiners.at(s.stream);
      const StreamInfo& info = table[s.stream];
      if (!joiner.add(s) || info.type == ValueType::text) continue;
      Values values;
      for (std::size_t j = 0; j < info.columns.size(); ++j)
        std::memcpy(&values[info.columns[j].name], joiner.row().bytes.data() + 8 * j, 8);
      rows[info.name].push_back(values);
    }
    BOOST_REQUIRE(out.overflow() == 0U);
    out.clear();
  }
  return rows;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_value_of_a_repetition_has_its_column) {
  MinimumJerk subject;
  subject.bai_percent = 20;
  subject.sway_n = 0;
  StreamTable table;
  const Settings settings = two_plates(Side::right);
  Rows rows = run(settings, subject.make(), table);
  for (const StreamInfo& info : table) {
    if (info.type == ValueType::text) continue;
    BOOST_TEST(rows[info.name].size() == 3U, info.name);
    BOOST_TEST(!info.formula.empty(), info.name);
    BOOST_TEST(info.frame.find("x right") != std::string::npos, info.name);
    BOOST_TEST(!info.parameters.empty(), info.name);
    BOOST_TEST(info.exploratory == (info.name.rfind("reps_exploratory/", 0) == 0), info.name);
    std::set<std::string> names;
    for (const Column& column : info.columns) BOOST_TEST(names.insert(column.name).second, column.name);
  }
  for (std::size_t k = 0; k < 3; ++k) {
    for (const auto& [name, all] : rows) BOOST_TEST(all[k].at("rep") == static_cast<double>(k), name);
    const auto in = [&](const char* stream, const char* column) { return rows.at(stream)[k].at(column); };
    BOOST_TEST(std::abs(in("reps_load/left", "tz_ascent") - 1) < 1e-12);
    BOOST_TEST(std::abs(in("reps_load/right", "tz_standing") - 2) < 1e-12);
    BOOST_TEST(in("reps_load/left", "force_rate_peak") == 100);
    BOOST_TEST(in("reps_load/right", "force_rate_peak") == 200);
    BOOST_TEST(in("reps_load/pair", "force_rate_peak") == 300);
    BOOST_TEST(std::abs(in("reps_load/pair", "spread_bottom") - 20) < 1e-12);
    BOOST_TEST(std::abs(in("reps_load/pair", "bai_rl_descent_0") - 20) < 1e-9);
    BOOST_TEST(std::abs(in("reps_load/pair", "bai_rl_ascent_100") - 20) < 1e-9);
    BOOST_TEST(in("reps_load/left", "heel_lift_time") == 0);
    BOOST_TEST(std::isnan(in("reps_load/left", "cop_bottom")));  // the feet were not measured
    BOOST_TEST(in("reps_exploratory/pair", "depth") == in("reps/pair", "drop"));
    BOOST_TEST(std::abs(in("reps_exploratory/pair", "depth_height") - 100 * in("reps/pair", "drop") / 1.8) < 1e-9);
    // t_bottom is the middle between the end of the descent and the start of the ascent
    BOOST_TEST(std::abs(in("reps/pair", "t_start") + in("reps_exploratory/pair", "descent_time") +
                        in("reps/pair", "t_end") - in("reps_exploratory/pair", "ascent_time") -
                        2 * in("reps/pair", "t_bottom")) < 1e-9);
    BOOST_TEST(std::abs(in("reps_exploratory/left", "eversion_per_dorsiflexion") - 0.2) < 0.002);
    BOOST_TEST(in("reps_exploratory/left", "inversion_time") == 0);
    BOOST_TEST(std::abs(in("reps_exploratory/right", "power_concentric_peak") /
                            in("reps_exploratory/left", "power_concentric_peak") -
                        1.5) < 1e-9);
    BOOST_TEST(in("reps_exploratory/left", "power_eccentric") < 0);
    // used: 30 of 42 deg, both from the vertical; the right ankle's range was not measured
    BOOST_TEST(std::abs(in("reps/left", "used") - 100 * 30 / 42.0) < 0.1);
    BOOST_TEST(std::isnan(in("reps/right", "used")));
    BOOST_TEST(in("reps/left", "plateau_kind") == 0);
    // dominance computed: the right side carries more in the ascents
    BOOST_TEST(in("reps_asymmetry", "dominant") == 2);
    for (const char* what : {"fz_standing", "fz_descent", "fz_bottom", "fz_ascent", "impulse_ascent"}) {
      const std::string name = what;
      BOOST_TEST(std::abs(rows.at("reps_asymmetry")[k].at(name + "_rl") - 20) < 1e-9);
      BOOST_TEST(std::abs(rows.at("reps_asymmetry")[k].at(name + "_dn") - 20) < 1e-9);
    }
    // 200 / (d + n)^2 hypot(n s, d s) with 0.6 and 0.4 of the weight and 4 N
    const double weight = subject.mass_kg * 9.80665;
    BOOST_TEST(std::abs(in("reps_asymmetry", "fz_bottom_sigma") * in("reps_load/left", "fz_bottom") / (0.4 * weight) -
                        200 / weight * std::hypot(0.4, 0.6) * 4) < 0.01);
    BOOST_TEST(std::abs(in("reps_asymmetry", "range_rl")) < 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(the_index_and_the_dominance_are_those_of_the_settings) {
  MinimumJerk subject;
  subject.bai_percent = -20;  // the left side carries more
  subject.sway_n = 0;
  StreamTable table;
  Settings settings = two_plates(Side::left);
  Rows rows = run(settings, subject.make(), table);
  BOOST_TEST(table[table.id("reps_asymmetry")].formula == "asymmetry-lsi");
  const Values& first = rows.at("reps_asymmetry").front();
  BOOST_TEST(first.at("dominant") == 1);
  BOOST_TEST(std::abs(first.at("fz_bottom_rl") - 150) < 1e-9);        // left over right
  BOOST_TEST(std::abs(first.at("fz_bottom_dn") - 100 / 1.5) < 1e-9);  // right over left
  // The set dominance wins over what the forces say, and changes no raw value.
  StreamTable other;
  settings.participant.dominance_method = "kicking leg";
  settings.participant.dominant = Dominant::right;
  settings.squat.asymmetry_index = AsymmetryIndex::difference;
  Rows set = run(settings, subject.make(), other);
  BOOST_TEST(set.at("reps_asymmetry").front().at("dominant") == 2);
  BOOST_TEST(set.at("reps_asymmetry").front().at("fz_bottom_dn") < -100);
  BOOST_TEST(other[other.id("reps_asymmetry")].columns[2].unit == "N");
  for (const char* side : {"reps_load/left", "reps_load/right"})
    for (const auto& [name, value] : rows.at(side).front()) {
      const double again = set.at(side).front().at(name);
      BOOST_TEST((value == again || (std::isnan(value) && std::isnan(again))), name);
    }
}

BOOST_AUTO_TEST_CASE(a_rejected_repetition_knows_nothing_of_forces) {
  MinimumJerk subject;
  subject.depth_m = 0.07;  // too shallow
  subject.sway_n = 0;
  StreamTable table;
  const Rows rows = run(two_plates(Side::right), subject.make(), table);
  BOOST_REQUIRE(rows.count("reps/pair"));
  for (std::size_t k = 0; k < rows.at("reps/pair").size(); ++k) {
    BOOST_REQUIRE(rows.at("reps/pair")[k].at("reason") == 1);
    for (const char* stream : {"reps_load/left", "reps_load/right", "reps_load/pair", "reps_exploratory/pair"})
      for (const auto& [name, value] : rows.at(stream)[k])
        BOOST_TEST((name == "rep" || std::isnan(value)), stream << " " << name);
  }
}

BOOST_AUTO_TEST_SUITE_END()
