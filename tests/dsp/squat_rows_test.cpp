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
/// `room_deg`: what a knee-to-wall test finds in the middle of them.
Rows run(const Settings& settings, const SquatCourses& c, StreamTable& table,
         const std::array<double, 2>& room_deg = {kNaN, kNaN}, const Course& pelvis_tilt_deg = {}) {
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
    frame.index = k;
    frame.t = static_cast<TimeNs>(k) * 1'000'000;
    frame.t_s = static_cast<double>(k) * 1e-3;
    frame.squat = &feedback;
    if (k > c.size() / 2) frame.measured_room_deg = room_deg;
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
    if (!pelvis_tilt_deg.empty()) frame.derived.pelvis_tilt_deg = pelvis_tilt_deg[k];
    frame.derived.cop_ap_m = c.cop[k] + (0.05 - c.cop[k]);  // NaN stays
    metric->update(frame, out);
    for (const Sample& s : out.samples()) {
      RowJoiner& joiner = joiners.at(s.stream);
      const StreamInfo& info = table[s.stream];
      if (!joiner.add(s) || info.type == ValueType::text) continue;
      Values values;
      for (std::size_t j = 0; j < info.columns.size(); ++j)
        std::memcpy(&values[info.columns[j].name], joiner.row().bytes.data() + 8 * j, 8);
      values["flags"] = joiner.row().header.flags;
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
    BOOST_TEST(in("reps/left", "available") == 40);
    BOOST_TEST(std::isnan(in("reps/right", "available")));
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

BOOST_AUTO_TEST_CASE(a_measured_room_takes_the_place_of_the_one_that_was_set) {
  StreamTable table;
  const Rows rows = run(two_plates(Side::right), MinimumJerk().make(), table, {33, 50});
  const auto first = [&](const char* stream, const char* column) { return rows.at(stream).front().at(column); };
  const auto last = [&](const char* stream, const char* column) { return rows.at(stream).back().at(column); };
  BOOST_TEST(first("reps/left", "available") == 40);
  BOOST_TEST(std::isnan(first("reps/right", "available")));
  BOOST_TEST(last("reps/left", "available") == 33);
  BOOST_TEST(last("reps/right", "available") == 50);
  for (const auto& [side, room] :
       {std::pair{"reps/left", 33.0}, std::pair{"reps/right", 50.0}})  // standing shank 2 deg
    BOOST_TEST(std::abs(last(side, "used") - 100 * (last(side, "peak") + 2) / (room + 2)) < 1e-9);
}

BOOST_AUTO_TEST_CASE(what_was_set_stands_in_the_streams) {
  const auto parameters = [](const Settings& settings) {
    StreamTable table;
    run(settings, SquatCourses{}, table);
    std::map<std::string, std::string> texts;
    for (const StreamInfo& info : table) texts[info.name] = info.parameters;
    return texts;
  };
  const auto has = [](const std::string& text, const char* part) {
    BOOST_TEST((text.find(part) != std::string::npos), "'" << part << "' is not in: " << text);
  };
  const Settings before = two_plates(Side::right);
  auto texts = parameters(before);
  for (const char* part :
       {"15 % of its peak, 4 deg/s) for 0.1 s", "velocity is below -0.05 m/s", "creep: ", "8 Hz second order",
        "Butterworth 2 / 20 Hz", "available 40 deg, standing shank 2 deg", "at least 90 %", "more than 0.25 s"})
    has(texts["reps/left"], part);
  has(texts["reps/right"], "available not measured");
  for (const char* part :
       {"drop below 0.1 m", "dorsiflexion below 8 deg", "shorter than 0.3 s or longer than 8 s", "slower than 0.03 m/s",
        "within 0.01 m", "t_bottom: middle of the span within max(0.002 m, 1 %", "0.1 s about its middle",
        "fall_back: cop_ap at the first plateau", "both when within 0.05 s", "dominant: computed"})
    has(texts["reps/pair"], part);
  has(texts["reps_load/pair"], "at or beyond 5 % behind");
  has(texts["reps_load/pair"], "more than 0.1 s in one run");
  has(texts["reps_load/left"], "foot not measured");
  has(texts["reps_exploratory/right"], "heel_contact: 1 when heel_share stays above 0.1 of the load");

  struct Change {
    const char *stream, *text;
    void (*set)(Settings&);
  };
  for (const Change& c :
       {Change{"reps/pair", "drop below 0.17 m", [](Settings& s) { s.squat.drop_min_m = 0.17; }},
        {"reps/pair", "dorsiflexion below 0 deg", [](Settings& s) { s.squat.dorsiflexion_min_deg = 0; }},
        {"reps/pair", "dominant: left by kicking leg",
         [](Settings& s) {
           s.participant.dominant = Dominant::left;
           s.participant.dominance_method = "kicking leg";
         }},
        {"reps_asymmetry", "dominant: unknown", [](Settings& s) { s.participant.dominance_method = ""; }},
        {"reps/left", "Butterworth 4 / 15.5 Hz",
         [](Settings& s) {
           s.filter = {4, 15.5};
         }},
        {"reps/left", "standing shank 4.5 deg", [](Settings& s) { s.participant.standing_shank_deg = 4.5; }},
        {"reps/left", "standing shank 0 deg, no inclinometer entry: absolute within 5 deg; shank_max: to the vertical",
         [](Settings& s) { s.participant.standing_shank_deg.reset(); }},
        {"reps_load/left", "standing shank 0 deg, no inclinometer entry: absolute within 5 deg; heel_lift",
         [](Settings& s) { s.participant.standing_shank_deg.reset(); }},
        {"reps_load/left", "standing shank 0 deg; heel_lift",
         [](Settings& s) { s.participant.standing_shank_deg = 0; }},
        {"reps_load/left", "0.07 m from the heel", [](Settings& s) { s.participant.heel_to_ankle_m = 0.07; }},
        {"reps_exploratory/left", "with the CoP from 47.5 % to 70 % of the foot",
         [](Settings& s) { s.thresholds.cop_band_low_percent = 47.5; }},
        {"reps_exploratory/pair", "with the CoP from 55 % to 62 % of the foot",
         [](Settings& s) { s.thresholds.cop_band_high_percent = 62; }},
        {"reps_exploratory/pair", "height (1.65 m)", [](Settings& s) { s.participant.height_m = 1.65; }}}) {
    Settings after = before;
    c.set(after);
    BOOST_TEST((texts[c.stream].find(c.text) == std::string::npos), c.text);
    has(parameters(after)[c.stream], c.text);
  }
}

BOOST_AUTO_TEST_CASE(a_side_without_sensors_says_so_and_not_that_there_is_a_gap) {
  MinimumJerk subject;
  subject.sway_n = 0;
  SquatCourses c = subject.make();
  for (std::size_t i = 0; i < 2; ++i) c.df[i] = c.rate[i] = Course(c.size(), kNaN);
  Settings settings = two_plates(Side::right);
  settings.squat.dorsiflexion_min_deg = 0;
  for (const Segment segment : {Segment::shank, Segment::foot}) {
    ImuSettings imu;
    imu.segment = segment;
    imu.side = Side::right;
    settings.imus.push_back(imu);
  }
  StreamTable table;
  Rows rows = run(settings, c, table);
  BOOST_TEST_REQUIRE(rows["reps/pair"].size() == 3U);
  for (std::size_t k = 0; k < 3; ++k) {
    BOOST_TEST(rows["reps/pair"][k]["reason"] == 0);
    BOOST_TEST(rows["reps/left"][k]["reason"] == 4);
    BOOST_TEST(rows["reps/right"][k]["reason"] == 1);
  }
  BOOST_TEST(table[table.id("reps/left")].columns[2].labels.find("4 no_sensor") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(without_plates_there_is_what_the_ankles_give) {
  MinimumJerk subject;
  SquatCourses c = subject.make();
  for (Course& fz : c.fz) fz = Course(c.size(), kNaN);
  Settings settings;
  settings.participant.dominance_method = "kicking leg";
  settings.participant.dominant = Dominant::left;
  settings.participant.available_deg = {40, 40};
  for (const Segment segment : {Segment::shank, Segment::foot})
    for (const Side side : {Side::left, Side::right}) {
      ImuSettings imu;
      imu.segment = segment;
      imu.side = side;
      settings.imus.push_back(imu);
    }
  const Settings both = settings;
  StreamTable table;
  Rows rows = run(settings, c, table);
  const std::map<std::string, std::vector<std::string>> some = {
      {"reps_load/left", {"rep", "heel_lift_onset", "heel_lift_time"}},
      {"reps_load/right", {"rep", "heel_lift_onset", "heel_lift_time"}},
      {"reps_exploratory/left",
       {"rep", "eversion_lead", "eversion_lead_10", "eversion_per_dorsiflexion", "inversion_onset", "inversion_time",
        "inversion_peak"}},
      {"reps_exploratory/pair", {"rep", "descent_time", "pause_time", "ascent_time"}},
      {"reps_asymmetry",
       {"rep", "dominant", "rate_fit_rl", "rate_fit_dn", "rate_fit_sigma", "range_rl", "range_dn", "range_sigma"}}};
  for (const auto& [stream, names] : some) {
    std::vector<std::string> found;
    for (const Column& column : table[table.id(stream)].columns) found.push_back(column.name);
    BOOST_TEST(found == names, boost::test_tools::per_element());
    BOOST_TEST(table[table.id(stream)].parameters.starts_with("without plates: only the columns that need no force"));
  }
  BOOST_TEST(!table.find("reps_load/pair"));
  BOOST_TEST(table.size() == 10U);  // with the events, and those of the right side
  BOOST_TEST(table[table.id("reps/left")].formula == "squat-side-5.4, squat-segment-ankle");
  BOOST_TEST(table[table.id("reps/pair")].formula == "squat-pair-5.4, squat-segment-ankle");
  BOOST_TEST(table[table.id("reps/left")].parameters.find("plateau: not looked for") != std::string::npos);
  for (const char* part :
       {"no plates: ", "slower than 1.5 deg/s for 1 s", "more than 5 deg/s for 0.08 s", "dorsiflexion below 8 deg",
        "not judged: too_shallow, flight", "dominant: left by kicking leg"})
    BOOST_TEST(table[table.id("reps/pair")].parameters.find(part) != std::string::npos, part);
  for (const char* stream :
       {"reps/left", "reps/right", "reps/pair", "reps_load/left", "reps_load/right", "reps_exploratory/left",
        "reps_exploratory/right", "reps_exploratory/pair", "reps_asymmetry"}) {
    BOOST_TEST_REQUIRE(rows[stream].size() == 3U, stream);
    for (const Values& row : rows[stream]) BOOST_TEST(row.at("flags") == 0, stream);  // all of it is known
  }
  for (const Values& row : rows["reps/pair"]) {
    BOOST_TEST(row.at("reason") == 0);
    BOOST_TEST(row.at("first_out") == 4);
    for (const char* name :
         {"drop", "v_descent_peak", "v_ascent_peak", "bodyweight", "finish_lag_rl", "bai_standing_rl", "bai_descent_rl",
          "bai_bottom_rl", "bai_ascent_rl", "impulse_bai_ascent_rl", "fall_back"})
      BOOST_TEST(std::isnan(row.at(name)), name);
    for (const char* name : {"t_start", "t_bottom", "t_end", "pause", "onset_lag_rl", "rate_diff_dn", "range_diff_dn"})
      BOOST_TEST(!std::isnan(row.at(name)), name);
  }
  for (const Values& row : rows["reps/left"]) {
    BOOST_TEST(row.at("valid") == 1);
    BOOST_TEST(std::abs(row.at("range") - 28) < 0.1);
    BOOST_TEST(std::abs(row.at("used") - 70) < 0.3);
    for (const char* name : {"plateau", "plateau_level", "creep", "plateau_kind"})
      BOOST_TEST(std::isnan(row.at(name)), name);
  }
  {  // a plate under one foot is none; an ankle on one side is enough; the other one has no sensor
    Settings one = two_plates(Side::right);
    one.participant.dominance_method = "computed";
    one.plates.erase(one.plates.begin());
    one.imus = {both.imus[1], both.imus[3]};
    SquatCourses right = c;
    right.df[0] = right.rate[0] = Course(c.size(), kNaN);
    StreamTable other;
    Rows found = run(one, right, other);
    BOOST_TEST_REQUIRE(found["reps/pair"].size() == 3U);
    for (std::size_t k = 0; k < 3; ++k) {
      BOOST_TEST(found["reps/pair"][k]["reason"] == 0);
      BOOST_TEST(found["reps/left"][k]["reason"] == 4);
      BOOST_TEST(found["reps/right"][k]["valid"] == 1);
      BOOST_TEST(found["reps_asymmetry"][k]["dominant"] == 0);
    }
    for (const char* stream : {"reps/pair", "reps_asymmetry"})
      BOOST_TEST(other[other.id(stream)].parameters.find("dominant: unknown (computed from repetitions)") !=
                 std::string::npos);
  }
  for (const bool plate : {false, true}) {  // one segment is no ankle
    Settings none = plate ? two_plates(Side::right) : both;
    if (plate)
      none.plates.pop_back();
    else
      none.imus = {both.imus[0], both.imus[3]};
    StreamTable other;
    BOOST_TEST(run(none, c, other).empty());
    BOOST_TEST(!other.find("reps/pair"));
  }
}

// Of three repetitions of a still body; the second one is the one that something happens to.
BOOST_AUTO_TEST_CASE(a_row_is_invalid_when_a_value_could_not_be_measured_not_when_there_was_none) {
  MinimumJerk subject;
  subject.sway_n = 0;
  const auto flags = [](Rows& rows, const char* stream, std::size_t k) {
    return static_cast<unsigned>(rows[stream][k]["flags"]);
  };
  Settings settings = two_plates(Side::right);
  settings.participant.dominance_method = "";
  settings.participant.available_deg = {0, 0};
  const auto hole = [&](Course& x, double from_s, double seconds) {
    const auto first = static_cast<std::size_t>(1000 * (subject.start_s(1) + from_s));
    for (std::size_t k = first; k < first + static_cast<std::size_t>(1000 * seconds); ++k) x[k] = kNaN;
  };
  {  // neither ankle stops early, nobody is dominant, no knee-to-wall test: nothing is unknown
    StreamTable table;
    Rows rows = run(settings, subject.make(), table);
    for (const char* stream :
         {"reps/left", "reps/right", "reps/pair", "reps_load/left", "reps_load/right", "reps_load/pair",
          "reps_exploratory/left", "reps_exploratory/right", "reps_exploratory/pair", "reps_asymmetry"})
      for (std::size_t k = 0; k < 3; ++k) BOOST_TEST(flags(rows, stream, k) == 0U, stream);
    BOOST_TEST(std::isnan(rows["reps_load/left"][1]["heel_lift_onset"]));
    BOOST_TEST(std::isnan(rows["reps_exploratory/left"][1]["inversion_onset"]));
    BOOST_TEST(std::isnan(rows["reps_load/pair"][1]["fall_back_foot"]));
    for (const char* name : {"plateau", "plateau_level", "creep", "used"})
      BOOST_TEST(std::isnan(rows["reps/left"][1][name]), name);
    for (const char* name : {"finish_lag_rl", "rate_diff_dn", "fall_back"})
      BOOST_TEST(std::isnan(rows["reps/pair"][1][name]), name);
    BOOST_TEST(rows["reps/pair"][1]["first_out"] == 0);
  }
  {  // an ankle that is unknown for 0.4 s of the second descent
    SquatCourses c = subject.make();
    hole(c.df[0], 0.8, 0.4);
    hole(c.rate[0], 0.8, 0.4);
    StreamTable table;
    Rows rows = run(settings, c, table);
    BOOST_TEST(flags(rows, "reps/left", 1) == kInvalid);
    BOOST_TEST(flags(rows, "reps/right", 1) == 0U);
    BOOST_TEST(flags(rows, "reps/pair", 1) == kInvalid);  // the lags
    BOOST_TEST(flags(rows, "reps/left", 2) == 0U);
  }
  {  // a rejected one
    MinimumJerk shallow = subject;
    shallow.depth_m = 0.06;
    StreamTable table;
    Rows rows = run(settings, shallow.make(), table);
    BOOST_TEST_REQUIRE(rows["reps/pair"].size() == 3U);
    BOOST_TEST(rows["reps/pair"][0]["reason"] == 1);
    for (const char* stream : {"reps/left", "reps/right", "reps/pair"})
      BOOST_TEST(flags(rows, stream, 0) == kInvalid, stream);
  }
  {  // 0.1 s without force are bridged: marked as incomplete, and known
    SquatCourses c = subject.make();
    for (Course& fz : c.fz) hole(fz, 1.2, 0.1);
    StreamTable table;
    Rows rows = run(settings, c, table);
    BOOST_TEST(rows["reps/pair"][1]["reason"] == 0);
    BOOST_TEST(rows["reps/pair"][1]["incomplete"] == 1);
    for (const char* stream : {"reps/left", "reps/right", "reps/pair"})
      BOOST_TEST(flags(rows, stream, 1) == 0U, stream);
  }
  {  // a sensor on the pelvis is away for 0.1 s of the second repetition; nobody rejects it for that
    Settings with = settings;
    with.imus.resize(1);
    with.imus[0].segment = Segment::pelvis;
    const SquatCourses c = subject.make();
    Course tilt(c.size(), 10);
    hole(tilt, 1.2, 0.1);
    StreamTable table;
    Rows rows = run(with, c, table, {kNaN, kNaN}, tilt);
    BOOST_TEST_REQUIRE(rows["reps/pair"].size() == 3U);
    for (std::size_t i = 0; i < 3; ++i) {
      BOOST_TEST(rows["reps/pair"][i]["reason"] == 0);
      BOOST_TEST(rows["reps/pair"][i]["incomplete"] == (i == 1 ? 1 : 0), "repetition " << i);
    }
  }
  {  // a hole over the start hides whether the body went down: a plateau is neither there nor not
    SquatCourses c = subject.make();
    for (Course& fz : c.fz) hole(fz, -0.1, 0.3);
    StreamTable table;
    Rows rows = run(settings, c, table);
    BOOST_TEST(rows["reps/pair"][1]["reason"] == 0);
    for (const char* stream : {"reps_load/left", "reps_load/pair", "reps_exploratory/right", "reps_exploratory/pair",
                               "reps_asymmetry"}) {  // what was standing, too
      BOOST_TEST(flags(rows, stream, 1) == kInvalid, stream);
      BOOST_TEST(flags(rows, stream, 2) == 0U, stream);
    }
    BOOST_TEST(std::isnan(rows["reps_load/left"][1]["fz_standing"]));
    BOOST_TEST(rows["reps/left"][1]["valid"] == 1);
    BOOST_TEST(std::isnan(rows["reps/left"][1]["plateau_kind"]));
    BOOST_TEST(rows["reps/pair"][1]["first_out"] == 4);
    for (const char* stream : {"reps/left", "reps/right", "reps/pair"})
      BOOST_TEST(flags(rows, stream, 1) == kInvalid, stream);
  }
  {  // a plateau, and then a hole in the centre of pressure: it may have fallen back
    subject.ankle_share = 0.6;
    SquatCourses c = subject.make();
    hole(c.cop, 1.5, 0.3);
    StreamTable table;
    Rows rows = run(settings, c, table);
    BOOST_TEST(!std::isnan(rows["reps/left"][1]["plateau"]));
    BOOST_TEST(flags(rows, "reps/left", 1) == 0U);
    BOOST_TEST(rows["reps/pair"][0]["fall_back"] == 0);
    BOOST_TEST(flags(rows, "reps/pair", 0) == 0U);
    BOOST_TEST(std::isnan(rows["reps/pair"][1]["fall_back"]));
    BOOST_TEST(flags(rows, "reps/pair", 1) == kInvalid);
  }
}

BOOST_AUTO_TEST_CASE(the_ankle_that_takes_longer_has_the_longer_time_to_90) {
  MinimumJerk slow, quick;
  slow.sway_n = quick.sway_n = 0;
  quick.ankle_share = 0.8;
  SquatCourses c = slow.make();
  const SquatCourses other = quick.make();
  c.df[1] = other.df[1], c.rate[1] = other.rate[1];
  Settings settings = two_plates(Side::right);
  settings.participant.dominance_method = "kicking leg";
  settings.participant.dominant = Dominant::left;
  StreamTable table;
  Rows rows = run(settings, c, table);
  // Of a minimum-jerk course of 1 s: from where the line through 10-50 % meets 0 to 90 %.
  const auto place = [](double u) { return u * u * u * (10 - 15 * u + 6 * u * u); };
  double s0 = 0, s1 = 0, s2 = 0, y0 = 0, y1 = 0, u90 = 0;
  for (double u = 0; u < 1; u += 1e-5) {
    const double y = place(u);
    if (y < 0.9) u90 = u;
    if (y < 0.1 || y > 0.5) continue;
    s0 += 1, s1 += u, s2 += u * u, y0 += y, y1 += u * y;
  }
  const double slope = (s0 * y1 - s1 * y0) / (s0 * s2 - s1 * s1), onset = (s1 - y0 / slope) / s0;
  const double want = (u90 - onset) * slow.descent_s * (0.8 - 1);  // right minus left
  for (std::size_t k = 0; k < 3; ++k) {
    const double got = rows["reps/pair"][k]["time_to_90_diff_rl"];
    BOOST_TEST(std::abs(got - want) < 2e-3, got << " s, expected " << want);
    BOOST_TEST(rows["reps/pair"][k]["time_to_90_diff_dn"] == -got);
    // eversion goes with the ankle: by 20-60 % of it instead of 10-50 % of dorsiflexion
    BOOST_TEST(std::abs(rows["reps/left"][k]["eversion_onset"] - rows["reps/left"][k]["onset"] +
                        rows["reps_exploratory/left"][k]["eversion_lead"]) < 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(hypotheses_carry_their_mark) {
  StreamTable table;
  run(two_plates(Side::right), SquatCourses{}, table);
  const std::map<std::string, std::set<std::string>> want{
      {"reps/left",
       {"plateau", "plateau_level", "finish", "creep", "plateau_kind", "used", "eversion_amplitude", "eversion_onset"}},
      {"reps/pair",
       {"first_out", "finish_lag_rl", "finish_lag_dn", "onset_lag_rl", "onset_lag_dn", "rate_diff_rl", "rate_diff_dn",
        "time_to_90_diff_rl", "time_to_90_diff_dn", "fall_back"}},
      {"reps_load/left", {}},
      {"reps_load/pair", {"fall_back_foot", "fall_back_time", "fall_back_flag"}},
      {"reps_asymmetry", {"rate_fit_rl", "rate_fit_dn", "rate_fit_sigma"}}};
  for (const auto& [stream, names] : want) {
    std::set<std::string> marked;
    for (const Column& c : table[table.id(stream)].columns)
      if (c.exploratory) marked.insert(c.name);
    BOOST_TEST(marked == names, stream);
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
        BOOST_TEST((name == "rep" || name == "flags" || std::isnan(value)), stream << " " << name);
  }
}

BOOST_AUTO_TEST_SUITE_END()
