// Standing on the demonstration rig: its pose, late, with a sensor missing, refused; raised heels; a plate of the wrong
// sense.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>

#include "tests/daemon/rig.hpp"

BOOST_AUTO_TEST_SUITE(pose)

using namespace rig_test;

namespace {

struct Run {
  Rig rig;
  Collector out;
  explicit Run(const std::vector<std::string>& overrides, const std::set<std::size_t>& absent = {})
      : Run(absent, demo_settings(overrides)) {}
  Run(const std::set<std::size_t>& absent, const Settings& settings) : rig(settings) {
    rig.assembly.engine->add_outlet(out);
    for (std::size_t i = 0; i < rig.devices(); ++i)
      if (!absent.count(i)) start(i);
  }
  void start(std::size_t i) { rig.assembly.ports[i]->start(*rig.emulation.link(i), rig.clock.t); }
  void until(double s) {
    rig.run_until(kStart + static_cast<TimeNs>(s * 1e9), [&] { rig.assembly.engine->poll(rig.clock.t); });
  }
  void command(const char* text) { BOOST_REQUIRE(rig.assembly.command(rig.clock.t, text)); }
  /// "name {...}" of all events that begin so
  std::vector<std::string> events(const std::string& name) const {
    std::vector<std::string> all;
    for (const std::string& text : out.texts(rig.assembly.session.streams, "events"))
      if (text.rfind(name + " ", 0) == 0) all.push_back(text);
    return all;
  }
  /// A column of a stream of results, by row.
  std::vector<double> column_of(const std::string& stream, const std::string& name) const {
    const StreamTable& table = rig.streams();
    const auto& columns = table[table.id(stream)].columns;
    std::vector<double> all;
    for (std::size_t c = 0; c < columns.size(); ++c)
      if (columns[c].name == name)
        for (const Row& row : out.rows(table, stream)) all.push_back(column<double>(row, c));
    return all;
  }
};
/// The demonstration rig, its sensors alone.
Settings without_plates(const std::vector<std::string>& overrides = {}) {
  Settings s = demo_settings(overrides);
  s.plates.clear();
  s.devices.erase(s.devices.begin());
  s.record.tare_at_start = false;
  return s;
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

constexpr std::size_t kFootLeft = 2;  // of the devices of demo.toml

}  // namespace

BOOST_AUTO_TEST_CASE(who_stands_there_from_the_beginning_gets_a_pose_when_the_sensors_have_been_still) {
  Run run({"stimulus.subject.step_on_s=0", "stimulus.subject.first_descent_s=4"});
  run.until(10);
  const auto poses = run.events("pose_result");
  BOOST_TEST_REQUIRE(poses.size() == 1u);
  BOOST_TEST(poses[0] == "pose_result {\"id\":0,\"accepted\":true,\"sensors\":4}");
  BOOST_TEST(run.events("pose_waiting").empty());
  for (const auto& [side, rate] : {std::pair{"reps/left", 30.0}, std::pair{"reps/right", 20.0}}) {
    const auto found = run.column_of(side, "rate_fit");
    BOOST_TEST_REQUIRE(found.size() == 1u);
    BOOST_TEST(std::abs(found[0] - rate) < 1);
  }
}

BOOST_AUTO_TEST_CASE(a_missing_sensor_costs_its_own_ankle_alone_until_it_comes) {
  Run run({}, {kFootLeft});
  run.until(13);
  auto poses = run.events("pose_result");
  BOOST_TEST_REQUIRE(poses.size() == 1u);
  BOOST_TEST(
      poses[0] ==
      "pose_result {\"id\":0,\"accepted\":true,\"sensors\":3,\"left_out\":[{\"imu\":\"imu_foot_left\",\"reason\":"
      "\"without data\"}]}");
  run.start(kFootLeft);
  run.until(27);
  poses = run.events("pose_result");
  BOOST_TEST_REQUIRE(poses.size() == 2u);
  BOOST_TEST(poses[1] == "pose_result {\"id\":0,\"accepted\":true,\"sensors\":1}");
  const auto left = run.column_of("reps/left", "rate_fit"), right = run.column_of("reps/right", "rate_fit");
  BOOST_TEST_REQUIRE(right.size() >= 2u);
  BOOST_TEST(left.size() == right.size());
  BOOST_TEST(std::isnan(left[0]));
  BOOST_TEST(std::abs(right[0] - 20) < 1);
  BOOST_TEST(std::abs(left.back() - 30) < 1);
  BOOST_TEST(run.column_of("reps/pair", "first_out")[0] == 4);  // nobody knows
  const auto lost = run.events("ankle_not_measured");
  BOOST_TEST_REQUIRE(lost.size() >= 1u);
  BOOST_TEST(has(lost[0], "\"rep\":0,\"side\":\"left\",\"reason\":\"gap\""));
}

BOOST_AUTO_TEST_CASE(without_any_sensor_it_is_said_once_why_there_is_no_pose) {
  Run run({"stimulus.subject.repetitions=0"}, {1, 2, 3, 4});
  run.until(20);
  BOOST_TEST(run.events("pose_result").empty());
  const auto waiting = run.events("pose_waiting");
  BOOST_TEST_REQUIRE(waiting.size() == 1u);
  for (const char* name : {"imu_shank_left", "imu_foot_left", "imu_shank_right", "imu_foot_right"})
    BOOST_TEST(has(waiting[0], std::string("{\"imu\":\"") + name + "\",\"reason\":\"without data\"}"));
  run.command("pose {\"id\":7}");
  run.until(20.1);
  const auto refused = run.events("pose_result");
  BOOST_TEST_REQUIRE(refused.size() == 1u);
  BOOST_TEST(has(refused[0], "\"id\":7,\"accepted\":false,\"reason\":\"imu_shank_left is without data, "));
}

BOOST_AUTO_TEST_CASE(where_nobody_is_weighed_the_first_common_rest_is_the_pose) {
  Run run(std::set<std::size_t>{}, without_plates({"stimulus.subject.repetitions=1"}));
  run.until(13);
  const auto poses = run.events("pose_result");
  BOOST_TEST_REQUIRE(poses.size() == 1u);
  BOOST_TEST(poses[0] == "pose_result {\"id\":0,\"accepted\":true,\"sensors\":4,\"unweighed\":true}");
  BOOST_TEST(run.events("pose_waiting").empty());
  BOOST_TEST(run.events("weighed").empty());
  for (const auto& [side, rate] : {std::pair{"reps/left", 30.0}, std::pair{"reps/right", 20.0}}) {
    const auto found = run.column_of(side, "rate_fit");
    BOOST_TEST_REQUIRE(found.size() == 1u);
    BOOST_TEST(std::abs(found[0] - rate) < 1);
  }
  run.until(16);  // at rest again
  run.command("pose {\"id\":5}");
  run.until(16.1);
  BOOST_TEST(run.events("pose_result").back() == "pose_result {\"id\":5,\"accepted\":true,\"sensors\":4}");
}

BOOST_AUTO_TEST_CASE(where_nobody_is_weighed_a_sensor_that_comes_late_is_waited_for_five_seconds) {
  Run run(std::set<std::size_t>{1}, without_plates());  // the left foot: there is no u6 before it
  run.until(4.9);
  BOOST_TEST(run.events("pose_result").empty());
  run.until(13);
  auto poses = run.events("pose_result");
  BOOST_TEST_REQUIRE(poses.size() == 1u);
  BOOST_TEST(poses[0] ==
             "pose_result "
             "{\"id\":0,\"accepted\":true,\"sensors\":3,\"unweighed\":true,\"left_out\":[{\"imu\":\"imu_foot_left\","
             "\"reason\":\"without data\"}]}");
  run.start(1);
  run.until(27);
  poses = run.events("pose_result");
  BOOST_TEST_REQUIRE(poses.size() == 2u);
  BOOST_TEST(poses[1] == "pose_result {\"id\":0,\"accepted\":true,\"sensors\":1,\"unweighed\":true}");
  const auto left = run.column_of("reps/left", "rate_fit"), right = run.column_of("reps/right", "rate_fit");
  BOOST_TEST_REQUIRE(right.size() == 3u);
  BOOST_TEST(std::isnan(left[0]));
  BOOST_TEST(std::abs(right[0] - 20) < 1);
  BOOST_TEST(std::abs(left.back() - 30) < 1);
}

BOOST_AUTO_TEST_CASE(where_nobody_is_weighed_it_is_said_why_there_is_no_pose) {
  Run run(std::set<std::size_t>{},
          without_plates({"stimulus.subject.first_descent_s=0.5", "stimulus.subject.step_on_s=0",
                          "stimulus.subject.rest_s=0.2", "stimulus.subject.bottom_s=0.1"}));
  run.until(8);
  BOOST_TEST(run.events("pose_result").empty());
  const auto waiting = run.events("pose_waiting");
  BOOST_TEST_REQUIRE(waiting.size() == 1u);
  BOOST_TEST(has(waiting[0], "imu_shank_left"));
}

BOOST_AUTO_TEST_CASE(after_a_wrong_zero_a_pose_in_standing_puts_the_next_squat_right) {
  // The first zero in standing, the next one down in the first squat, the third when the subject stands again.
  for (const bool plates : {true, false}) {
    const std::vector<std::string> slow{"stimulus.subject.repetitions=3", "stimulus.subject.bottom_s=4",
                                        "stimulus.subject.rest_s=6"};
    Run run(std::set<std::size_t>{}, plates ? demo_settings(slow) : without_plates(slow));
    double t = 0;
    while (run.events("bottom").empty() && t < 60) run.until(t += 0.1);
    run.until(t += 3.3);
    run.command("pose {\"id\":2}");
    run.until(t += 0.5);
    BOOST_TEST(run.events("pose_result").back() == "pose_result {\"id\":2,\"accepted\":true,\"sensors\":4}");
    run.until(t += 5);  // stands again
    run.command("pose {\"id\":3}");
    run.until(t += 0.5);
    BOOST_TEST(run.events("pose_result").back() == "pose_result {\"id\":3,\"accepted\":true,\"sensors\":4}");
    run.until(t + 28);
    BOOST_TEST_CONTEXT((plates ? "plates" : "no plates")) {
      const auto why = run.column_of("reps/pair", "reason");
      BOOST_TEST_REQUIRE(why.size() >= 3u);
      BOOST_TEST(why[0] == 10);
      for (const auto& [side, rate] : {std::pair{"reps/left", 30.0}, std::pair{"reps/right", 20.0}}) {
        const auto found = run.column_of(side, "rate_fit"), base = run.column_of(side, "baseline");
        for (std::size_t k = why.size() - 2; k < why.size(); ++k) {
          BOOST_TEST(why[k] == 0);
          BOOST_TEST(std::abs(found[k] - rate) < 1);
          BOOST_TEST(std::abs(base[k]) < 1);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_pose_that_an_offset_of_the_plates_brought_about_is_taken_anew_after_their_first_zero) {
  for (const bool allowed : {false, true}) {
    Run run({"device.u6.emulation.zero_offset_counts=600",
             "thresholds.tare_person_n=" + std::string(allowed ? "100" : "50")});
    run.until(0.4);
    run.command("tare {\"id\":2,\"plate\":\"all\"}");
    run.until(13);
    BOOST_TEST_REQUIRE(run.events("weighed").size() >= 1u);  // of nobody: 57 N a plate
    const auto poses = run.events("pose_result"), tares = run.events("tare_result");
    BOOST_TEST_REQUIRE(tares.size() == 1u);
    BOOST_TEST(has(tares[0], "if nobody does, raise thresholds.tare_person_n above its offset") == !allowed);
    BOOST_TEST(poses.size() == (allowed ? 2u : 1u));
    if (!allowed) continue;
    for (const auto& [side, rate] : {std::pair{"reps/left", 30.0}, std::pair{"reps/right", 20.0}}) {
      const auto found = run.column_of(side, "rate_fit");
      BOOST_TEST_REQUIRE(found.size() == 1u);
      BOOST_TEST(std::abs(found[0] - rate) < 1);
    }
  }
}

BOOST_AUTO_TEST_CASE(where_nobody_looks_for_repetitions_there_is_a_pose_all_the_same) {
  Settings settings = without_plates({"stimulus.subject.repetitions=1"});
  for (ImuSettings& imu : settings.imus) imu.segment = imu.segment == Segment::foot ? Segment::pelvis : imu.segment;
  Run run(std::set<std::size_t>{}, settings);
  run.until(6);
  const auto poses = run.events("pose_result");
  BOOST_TEST_REQUIRE(poses.size() == 1u);
  BOOST_TEST(poses[0] == "pose_result {\"id\":0,\"accepted\":true,\"sensors\":4,\"unweighed\":true}");
  const auto rows = run.out.rows(run.rig.streams(), "pelvis");
  BOOST_TEST_REQUIRE(rows.size() > 5000u);
  BOOST_TEST(std::abs(column<float>(rows.back(), 0)) < 1);
  for (const Row& row : rows) BOOST_TEST_REQUIRE(std::isnan(column<float>(row, 2)));
}

BOOST_AUTO_TEST_CASE(plates_that_are_away_do_not_say_that_nobody_stands_there) {
  Run run({"stimulus.subject.repetitions=0"}, {kFootLeft});
  run.until(2.5);  // nobody is there yet
  run.command("pose {\"id\":4}");
  run.until(2.6);
  BOOST_TEST(run.events("pose_result").back() ==
             "pose_result {\"id\":4,\"accepted\":false,\"reason\":\"nobody stands on the plates\"}");
  run.until(9);
  BOOST_TEST_REQUIRE(run.events("pose_result").size() == 2u);
  run.rig.emulation.link(0)->unplug();
  run.until(9.5);
  // A sensor that comes late gets no zero by itself: the subject may have stepped off.
  run.start(kFootLeft);
  run.until(16);
  BOOST_TEST(run.events("pose_result").size() == 2u);
  run.command("pose {\"id\":5}");
  run.until(16.1);
  BOOST_TEST(run.events("pose_result").back() == "pose_result {\"id\":5,\"accepted\":true,\"sensors\":4}");
}

BOOST_AUTO_TEST_CASE(an_asked_pose_names_the_sensor_that_moves) {
  Run run({"stimulus.subject.eversion_deg.dominant=0", "stimulus.subject.eversion_deg.nondominant=0"});
  run.until(8.8);  // the left ankle bends by 30 deg/s, the feet are still
  run.command("pose {\"id\":3}");
  run.until(9);
  const auto poses = run.events("pose_result");
  BOOST_TEST_REQUIRE(poses.size() == 2u);
  BOOST_TEST(
      poses[1] ==
      "pose_result {\"id\":3,\"accepted\":false,\"reason\":\"imu_shank_left is not still, imu_shank_right is not "
      "still; stand still for two seconds\"}");
}

BOOST_AUTO_TEST_CASE(raised_heels_before_the_first_squat_change_no_number) {
  for (const auto& [deg, at_s] : {std::pair{"27", "6"}, std::pair{"8", "6"}, std::pair{"15", "4.5"}}) {
    Run run({"stimulus.subject.heel_raise_count=1", std::string("stimulus.subject.heel_raise_deg=") + deg,
             std::string("stimulus.subject.heel_raise_first_s=") + at_s, "stimulus.subject.first_descent_s=11"});
    run.until(17);
    const auto left = run.column_of("reps/left", "rate_fit"), right = run.column_of("reps/right", "rate_fit");
    BOOST_TEST_REQUIRE(left.size() == 1u, deg << " deg at " << at_s << " s: " << left.size());
    BOOST_TEST(std::abs(left[0] - 30) < 1);
    BOOST_TEST(std::abs(right[0] - 20) < 1);
    BOOST_TEST(std::abs(run.column_of("reps/pair", "finish_lag_rl")[0] - 0.693) < 0.05);
    BOOST_TEST(std::abs(run.column_of("reps/pair", "t_start")[0] - 11) < 0.3);
  }
}

BOOST_AUTO_TEST_CASE(a_plate_that_is_pulled_is_pointed_out_and_shares_no_load) {
  Run right({"stimulus.subject.repetitions=0"});
  right.until(6);
  Settings turned = demo_settings({"stimulus.subject.repetitions=0"});
  turned.plates[0].calibration.sense = Sense::action;
  Assembly assembly(turned, kStart, 0, true);
  const StreamTable& table = assembly.session.streams;
  std::vector<Sample> in;
  for (const Sample& s : right.out.samples)
    if (const std::string& name = table[s.stream].name; name.rfind("raw/", 0) == 0 || name == "ticks") in.push_back(s);
  Collector out;
  out.samples = feed(*assembly.pipeline, in);
  std::size_t told = 0;
  for (const std::string& text : out.texts(table, "events")) {
    if (text.rfind("negative_force ", 0) != 0) continue;
    ++told;
    BOOST_TEST(has(text, "negative_force {\"plate\":\"left\",\"fz_n\":-3"));
  }
  BOOST_TEST(told == 1u);
  BOOST_TEST(right.events("negative_force").empty());
  const auto rows = out.rows(table, "asymmetry"), good = right.out.rows(table, "asymmetry");
  BOOST_TEST_REQUIRE((!rows.empty() && !good.empty()));
  BOOST_TEST(std::isnan(column<float>(rows.back(), 0)));
  BOOST_TEST(std::abs(column<float>(good.back(), 0) - 2) < 1);  // bai_stand_percent
}

BOOST_AUTO_TEST_SUITE_END()
