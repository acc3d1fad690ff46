// Pelvis and thighs of a closed repetition, against the reference code on the same courses (make_squat_posture.py).
#include "dsp/squat_posture.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <cstring>

#include "schemas/row.hpp"
#include "squat_fixture.hpp"

BOOST_AUTO_TEST_SUITE(squat_posture)

using namespace grfd;
using namespace grfd::test;

namespace {

using Values = std::map<std::string, double>;

struct Rig {
  Settings settings;
  StreamTable table;
  std::uint64_t event_seq = 0;
  std::unique_ptr<SquatPosture> posture;
  SquatFeedback feedback;

  explicit Rig(std::initializer_list<ImuSettings> imus) {
    settings.imus = imus;
    settings.participant.standing_thigh_deg = 11;
    const MetricSetup setup{settings, table, kNoStream, event_seq, 0.01124, 0.21, {}, {}};
    posture = SquatPosture::make(setup);
  }
  void push(std::size_t ms, const Derived& d) {
    Frame frame;
    frame.index = ms;
    frame.derived = d;
    frame.squat = &feedback;
    posture->push(frame);
  }
  std::map<std::string, Values> write(const Repetition& r, Dominant dominant) {
    FixedBatch<64> out;
    posture->write(r, dominant, {}, out);
    std::vector<RowJoiner> joiners;
    for (const StreamInfo& info : table) joiners.emplace_back(info);
    std::map<std::string, Values> rows;
    for (const Sample& s : out.samples()) {
      if (!joiners.at(s.stream).add(s)) continue;
      const StreamInfo& info = table[s.stream];
      for (std::size_t j = 0; j < info.columns.size(); ++j)
        std::memcpy(&rows[info.name][info.columns[j].name], joiners[s.stream].row().bytes.data() + 8 * j, 8);
    }
    return rows;
  }
};

ImuSettings on(Segment segment, Side side = Side::left) {
  ImuSettings i;
  i.segment = segment;
  i.side = side;
  return i;
}

Repetition repetition(double start_s, double bottom_s, double plateau_s = kNaN) {
  Repetition r;
  r.t_start_s = start_s;
  r.t_bottom_s = bottom_s;
  r.side[0].plateau_s = plateau_s;
  return r;
}

/// 1 kHz from 0 s: tilt, obliquity, turned as given by `course` at t in s.
template <class F>
void run(Rig& rig, double seconds, F course) {
  for (std::size_t k = 0; k < static_cast<std::size_t>(seconds * 1e3); ++k) {
    Derived d;
    const auto [tilt, obliquity, turned] = course(static_cast<double>(k) * 1e-3);
    d.pelvis_tilt_deg = tilt;
    d.pelvis_obliquity_deg = obliquity;
    d.pelvis_turned_deg = turned;
    rig.push(k, d);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(pelvis_and_thighs_agree_with_the_reference) {
  const json all = read_gz("squat_posture.json.gz");
  Table t;
  for (const json& one : all["cases"]) {
    t.where = one["name"];
    Rig rig({on(Segment::pelvis), on(Segment::thigh, Side::left), on(Segment::thigh, Side::right)});
    const auto course = [&](const char* name) {
      return unpack(one["channels"][name], all["scale"][name], all["step"], one["n"]);
    };
    const Course tilt = course("tilt"), obliquity = course("obliquity"), axial = course("axial"),
                 left = course("thigh_left"), right = course("thigh_right");
    for (std::size_t k = 0; k < tilt.size(); ++k) {
      Derived d;
      d.pelvis_tilt_deg = tilt[k];
      d.pelvis_obliquity_deg = obliquity[k];
      d.pelvis_turned_deg = axial[k];
      d.thigh_deg = {left[k], right[k]};
      rig.push(k, d);
    }
    const bool right_leg = one["dominant"] == 1;
    for (const json& row : one["rows"]) {
      Repetition r = repetition(row["t_start"], row["t_bottom"]);
      for (std::size_t i = 0; i < 2; ++i)
        r.side[i].plateau_s = row["plateau"][i].is_null() ? unknown : row["plateau"][i].get<double>();
      auto got = rig.write(r, right_leg ? Dominant::right : Dominant::left);
      Values& p = got.at("reps_pelvis");
      const json& want = row["pelvis"];
      for (const char* name : {"tilt_bottom", "tilt_change", "tilt_before", "tuck"})
        t.add(name, p.at(name), number(want, name), 1e-9);
      for (const std::string angle : {"obliquity", "axial"})
        for (const char* what : {"_bottom", "_change", "_before"}) {
          t.add(angle + what + "_dn", p.at(angle + what + "_dn"), number(want, angle + what), 1e-9);
          t.add(angle + what, p.at(angle + what), (right_leg ? 1 : -1) * number(want, angle + what), 1e-9);
        }
      const double plateau = std::fmin(r.side[0].plateau_s, r.side[1].plateau_s);
      for (const std::string name : {"tuck_onset", "obliquity_onset", "axial_onset"}) {
        t.add(name, p.at(name), number(want, name), 1e-9);
        t.add(name + "_lag", p.at(name + "_lag"), number(want, name) - plateau, 1e-9);
      }
      for (std::size_t i = 0; i < 2; ++i) {
        const Values& thigh = got.at(i == 0 ? "reps_thigh/left" : "reps_thigh/right");
        t.add("thigh standing", thigh.at("inclination_standing"), number(row["thigh"][i], "standing"), 1e-9);
        t.add("thigh bottom", thigh.at("inclination_bottom"), number(row["thigh"][i], "bottom"), 1e-9);
        t.add("above parallel", thigh.at("above_parallel"), 90 - number(row["thigh"][i], "bottom"), 1e-9);
      }
    }
  }
  for (const auto& [metric, w] : t.worst) {
    std::printf("  %-24s %9.2e  %4d\n", metric.c_str(), w.first, w.second);
    BOOST_TEST(w.second > 0, metric << " was never known");
  }
}

BOOST_AUTO_TEST_CASE(without_such_sensors_there_is_nothing) {
  Rig rig({on(Segment::shank), on(Segment::foot)});
  BOOST_TEST(!rig.posture);
  BOOST_TEST(rig.table.size() == 0U);
  Rig thigh({on(Segment::thigh, Side::right)});
  BOOST_TEST(thigh.table.size() == 1U);
  BOOST_TEST(thigh.table[0].name == "reps_thigh/right");
  BOOST_TEST(thigh.table[0].exploratory);
}

BOOST_AUTO_TEST_CASE(lines_have_their_own_answers) {
  // From 2 s on obliquity -5 deg/s x t and turn +8 deg/s x t; the tilt rises at 20 deg/s and falls at 10 from 2.5 s on.
  Rig rig({on(Segment::pelvis)});
  run(rig, 4, [](double t) {
    const double s = t > 2 ? t - 2 : 0;
    return std::array{t < 2.5 ? 20 * t : 50 - 10 * (t - 2.5), -5 * s, 3 + 8 * s};
  });
  const Values p = rig.write(repetition(1, 3, 2.25), Dominant::unknown).at("reps_pelvis");
  const auto is = [&](const char* name, double want) { BOOST_TEST(std::abs(p.at(name) - want) < 1e-6, name); };
  is("tilt_bottom", 45 - 20 * 0.85);  // from the median of 0.7 to 1 s
  is("tilt_change", 0);
  is("tilt_before", 15);
  is("tuck", 5);
  is("tuck_onset", 2.5);
  is("tuck_onset_lag", 0.25);
  is("obliquity_bottom", -5);
  is("obliquity_change", -3.75);
  is("obliquity_before", -1.25);
  is("obliquity_onset", 2);
  is("obliquity_onset_lag", -0.25);
  is("axial_bottom", 8);
  is("axial_onset", 2);
  BOOST_TEST(std::isnan(p.at("axial_bottom_dn")));  // nobody said which leg is dominant
}

BOOST_AUTO_TEST_CASE(after_a_turn_the_level_is_that_of_standing_and_the_turn_starts_again) {
  Rig rig({on(Segment::pelvis)});
  run(rig, 8, [](double t) { return std::array{1 + 10 * (t - 1), 2.0, 5 * (t - 1)}; });
  rig.write(repetition(1, 2), Dominant::right);
  Repetition next = repetition(4, 6);
  next.start_kind = RepetitionEdge::turn;
  const Values p = rig.write(next, Dominant::right).at("reps_pelvis");
  BOOST_TEST(std::abs(p.at("tilt_bottom") - (51 - (1 - 1.5))) < 1e-6);  // from the median of 0.7 to 1 s
  BOOST_TEST(std::abs(p.at("axial_bottom") - 10) < 1e-6);
}

BOOST_AUTO_TEST_CASE(a_sensor_that_is_lost_in_a_repetition_makes_it_incomplete) {
  // The pelvis is known until 5 s but for the given ticks, the left thigh is lost from 6.98 s on, the right never came.
  const auto incomplete = [](std::size_t hole_from, std::size_t hole_to, double start_s, double end_s) {
    Rig rig({on(Segment::pelvis), on(Segment::thigh, Side::left), on(Segment::thigh, Side::right)});
    for (std::size_t k = 0; k < 8000; ++k) {
      Derived d;
      d.pelvis_tilt_deg = k >= hole_from && k < hole_to ? kNaN : 10;
      d.thigh_deg = {k >= 6980 ? kNaN : 5, kNaN};
      rig.push(k, d);
    }
    Repetition r = repetition(start_s, 0.5 * (start_s + end_s));
    r.t_end_s = end_s;
    return rig.posture->incomplete(r, 0.05);
  };
  BOOST_TEST(!incomplete(0, 0, 2, 4));        // the thigh that never came is not missed
  BOOST_TEST(!incomplete(3000, 3050, 2, 4));  // 50 ms
  BOOST_TEST(incomplete(3000, 3051, 2, 4));
  BOOST_TEST(incomplete(2970, 3021, 2, 4));
  BOOST_TEST(!incomplete(1000, 1900, 2, 4));  // before
  BOOST_TEST(!incomplete(4020, 4900, 2, 4));  // and after
  BOOST_TEST(incomplete(3000, 8000, 2, 4));   // unplugged for good
  BOOST_TEST(!incomplete(0, 0, 5, 7));        // 21 ms of the thigh
  BOOST_TEST(incomplete(0, 0, 5, 7.5));
}

BOOST_AUTO_TEST_CASE(the_unknown_stays_unknown) {
  Rig rig({on(Segment::pelvis)});
  run(rig, 4, [](double t) {
    return std::array{t > 2.5 && t < 2.6 ? kNaN : 10 * t, t > 0.9 && t < 0.91 ? kNaN : 3.0, 2 * t};
  });
  const Values p = rig.write(repetition(1, 3), Dominant::right).at("reps_pelvis");
  BOOST_TEST(std::isfinite(p.at("tilt_bottom")));
  BOOST_TEST(std::isnan(p.at("tuck")));              // its highest point may lie in the hole
  BOOST_TEST(std::isnan(p.at("obliquity_bottom")));  // the level of standing is not known
  BOOST_TEST(std::isnan(p.at("tilt_change")));       // no plateau
  BOOST_TEST(std::isnan(p.at("axial_onset_lag")));
  BOOST_TEST(std::isfinite(p.at("axial_onset")));
  Repetition rejected = repetition(1, 3, 2);
  rejected.reason = RejectReason::too_shallow;
  rejected.index = 7;
  const Values nothing = rig.write(rejected, Dominant::right).at("reps_pelvis");
  for (const auto& [name, value] : nothing) BOOST_TEST((name == "rep" ? value == 7 : std::isnan(value)), name);
  // Times before the first frame, and after a jump of the frames.
  BOOST_TEST(std::isnan(rig.write(repetition(0.1, 3), Dominant::right).at("reps_pelvis").at("tilt_bottom")));
  rig.push(9000, {});
  BOOST_TEST(std::isnan(rig.write(repetition(1, 3), Dominant::right).at("reps_pelvis").at("tilt_bottom")));
}

BOOST_AUTO_TEST_SUITE_END()
