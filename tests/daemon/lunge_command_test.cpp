// The knee-to-wall test on the demonstration rig: its trials, what is no trial, another zero, a room from before.
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "rig.hpp"

BOOST_AUTO_TEST_SUITE(lunge_command)

using namespace rig_test;
using Json = nlohmann::json;

namespace {

/// The subject lunges from 8 s on, every 4 s: three times left to 34, 35 and 36 deg, then as often right, 38 to 40 deg.
struct Run {
  Rig rig;
  Collector out;
  explicit Run(std::vector<std::string> more = {}, std::size_t absent = 99)
      : rig(demo_settings([&] {
          for (const char* s : {"lunge_count=3", "lunge_first_s=8", "lunge_spread_deg=1", "first_descent_s=60"})
            more.push_back(std::string("stimulus.subject.") + s);
          return more;
        }())) {
    rig.assembly.engine->add_outlet(out);
    for (std::size_t i = 0; i < rig.devices(); ++i)
      if (i != absent) rig.assembly.ports[i]->start(*rig.emulation.link(i), rig.clock.t);
  }
  void until(double s) {
    rig.run_until(kStart + static_cast<TimeNs>(s * 1e9), [&] { rig.assembly.engine->poll(rig.clock.t); });
  }
  void command(const std::string& text) { BOOST_REQUIRE(rig.assembly.command(rig.clock.t, text)); }
  void trial(int id, const char* side, double from_s, double seconds = 3.5) {
    until(from_s);
    command("lunge {\"id\":" + std::to_string(id) + ",\"side\":\"" + side +
            "\",\"seconds\":" + std::to_string(seconds) + "}");
  }
  std::vector<Json> events(const std::string& name) const {
    std::vector<Json> all;
    for (const std::string& text : out.texts(rig.assembly.session.streams, "events"))
      if (text.rfind(name + " ", 0) == 0) all.push_back(Json::parse(text.substr(name.size() + 1)));
    return all;
  }
};

bool says(const Json& event, const std::string& part) {
  return event["accepted"] == false && event["reason"].get<std::string>().find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(three_trials_of_a_side_and_the_best_of_them) {
  Run run;
  for (int k = 0; k < 3; ++k) run.trial(k + 1, "left", 8.05 + 4 * k);
  run.trial(4, "right", 20.05);
  run.until(24.2);
  const auto all = run.events("lunge_result");
  BOOST_TEST_REQUIRE(all.size() == 4u);
  double mean = 0;
  for (int k = 0; k < 3; ++k) {
    const Json& r = all[static_cast<std::size_t>(k)];
    BOOST_TEST_CONTEXT(r.dump()) {
      BOOST_TEST(r["id"] == k + 1);
      BOOST_TEST(r["accepted"] == true);
      BOOST_TEST(r["trials"] == k + 1);
      BOOST_TEST(std::abs(r["angle_deg"].get<double>() - (34 + k)) < 0.3);
      BOOST_TEST(std::abs(r["best_deg"].get<double>() - (34 + k)) < 0.3);
      BOOST_TEST(std::abs(r["cm"].get<double>() - r["angle_deg"].get<double>() / 3.6) < 0.01);
      BOOST_TEST(r["lost"] == 0);
      // Up 2 deg soon after 0.35 of the 4 s, and again below them soon before 0.6.
      BOOST_TEST(std::abs(r["heel_down"].get<double>() - (1 - 4 * 0.2 / 3.5)) < 0.05);
      mean += r["angle_deg"].get<double>() / 3;
    }
  }
  BOOST_TEST(all[0]["sd_deg"].is_null());
  double squares = 0;
  for (std::size_t k = 0; k < 3; ++k) squares += std::pow(all[k]["angle_deg"].get<double>() - mean, 2);
  BOOST_TEST(std::abs(all[2]["sd_deg"].get<double>() - std::sqrt(squares / 2)) < 1e-3);
  BOOST_TEST(all[3]["side"] == "right");
  BOOST_TEST(all[3]["trials"] == 1);
  BOOST_TEST(std::abs(all[3]["angle_deg"].get<double>() - 38) < 0.3);
}

BOOST_AUTO_TEST_CASE(a_movement_of_a_trial_is_no_squat) {
  Run run;
  for (int k = 0; k < 3; ++k) run.trial(k + 1, "left", 7.95 + 4 * k, 3.9);
  run.until(21);
  const StreamTable& table = run.rig.streams();
  const auto rows = run.out.rows(table, "reps/pair");
  for (const Row& row : rows) BOOST_TEST(column<double>(row, 1) != 0);  // reason
  BOOST_TEST(std::count_if(rows.begin(), rows.end(), [](const Row& r) { return column<double>(r, 1) == 11; }) > 0);
}

BOOST_AUTO_TEST_CASE(what_is_no_trial_says_why) {
  Run run;
  run.trial(1, "left", 1);  // nobody has stood there yet
  run.trial(2, "right", 8.05);
  run.until(8.5);
  run.command("lunge {\"id\":3,\"side\":\"left\",\"seconds\":3}");
  run.trial(4, "left", 13.6, 1);  // the knee is at the wall, the heel up
  run.until(15);
  const auto all = run.events("lunge_result");
  BOOST_TEST_REQUIRE(all.size() == 4u);
  BOOST_TEST(says(all[0], "imu_shank_left has no standing zero"));
  BOOST_TEST(all[0]["id"] == 1);
  BOOST_TEST(says(all[1], "another trial is running"));
  BOOST_TEST(all[1]["id"] == 3);
  BOOST_TEST(says(all[2], "the ankle bent by only 0.0 deg with the heel down") == true, all[2].dump());
  BOOST_TEST(all[2]["id"] == 2);
  BOOST_TEST(says(all[3], "the heel is up from the start"), all[3].dump());
  BOOST_TEST(all[3]["trials"] == 0);
  BOOST_TEST(run.events("lunge_cleared").empty());
}

BOOST_AUTO_TEST_CASE(a_sensor_that_is_not_there_is_named) {
  Run run({}, 2);  // imu_foot_left
  run.trial(1, "left", 8.05);
  run.until(8.2);
  const auto all = run.events("lunge_result");
  BOOST_TEST_REQUIRE(all.size() == 1u);
  BOOST_TEST(says(all[0], "imu_foot_left is without data"), all[0].dump());
}

BOOST_AUTO_TEST_CASE(another_zero_forgets_the_trials) {
  Run run;
  run.trial(1, "left", 8.05);
  run.trial(2, "left", 12.05);
  run.until(15.9);
  run.command("pose {\"id\":3}");  // the subject moves: refused, and the trials stay
  run.trial(4, "left", 16.05);
  run.until(35);  // all trials are over
  run.command("pose {\"id\":5}");
  run.until(36);
  const auto all = run.events("lunge_result");
  BOOST_TEST_REQUIRE(all.size() == 3u);
  BOOST_TEST(all[2]["trials"] == 3);
  const auto cleared = run.events("lunge_cleared");
  BOOST_TEST_REQUIRE(cleared.size() == 1u);
  BOOST_TEST(cleared[0]["side"] == "left");
  BOOST_TEST(cleared[0]["trials"] == 3);
  BOOST_TEST(std::abs(cleared[0]["room_deg"].get<double>() - 36) < 0.3);
}

BOOST_AUTO_TEST_CASE(the_room_is_that_of_the_settings_until_there_is_another) {
  Run run({"stimulus.subject.lunge_count=0"});
  run.until(1);  // nobody stands there yet
  run.command("lunges {\"id\":1,\"left\":33,\"right\":41}");
  run.until(6);
  run.command("lunges {\"id\":2,\"left\":33}");
  run.until(6.1);
  const auto all = run.events("lunges_result");
  BOOST_TEST_REQUIRE(all.size() == 2u);
  BOOST_TEST(says(all[0], "no standing zero"), all[0].dump());
  BOOST_TEST(all[1]["accepted"] == true);
  BOOST_TEST(all[1]["left_deg"] == 33);
  BOOST_TEST(all[1]["right_deg"].is_null());
}

BOOST_AUTO_TEST_CASE(a_kept_room_is_not_lost_to_a_trial_nor_trials_to_a_kept_room) {
  Run run;
  run.until(7.5);
  run.command("lunges {\"id\":1,\"left\":35.5,\"right\":80}");
  run.trial(2, "left", 8.05);   // 34 deg
  run.trial(3, "left", 12.05);  // 35
  run.trial(4, "left", 16.05);  // 36
  run.until(20);
  run.command("lunges {\"id\":5,\"left\":20}");
  run.until(20.1);
  const auto given = run.events("lunges_result"), all = run.events("lunge_result");
  BOOST_TEST_REQUIRE(given.size() == 2u);
  BOOST_TEST(given[0]["left_deg"] == 35.5);
  BOOST_TEST(given[0]["reason"] == "right: 80 deg is more than an ankle can");
  BOOST_TEST(says(given[1], "left: trials of this session are in use"), given[1].dump());
  BOOST_TEST_REQUIRE(all.size() == 3u);
  BOOST_TEST(all[0]["trials"] == 1);
  BOOST_TEST(all[0]["best_deg"] == 35.5);
  BOOST_TEST(all[1]["best_deg"] == 35.5);
  BOOST_TEST(std::abs(all[2]["best_deg"].get<double>() - 36) < 0.3);
  BOOST_TEST(all[2]["trials"] == 3);
}

BOOST_AUTO_TEST_CASE(a_copy_of_the_state_goes_on_in_the_middle_of_a_trial) {
  Run run;
  run.trial(1, "left", 8.05);
  run.trial(2, "left", 12.05);
  run.until(16);
  const auto told = told_from_a_copy(demo_settings(), run.out.samples, kStart, 13 * kSecond);
  BOOST_TEST(std::count_if(told.begin(), told.end(), [](const std::string& text) {
               return text.rfind(
                          "lunge_result {\"id\":2,\"side\":\"left\",\"accepted\":true,\"reason\":\"\",\"trials\":2,",
                          0) == 0;
             }) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
