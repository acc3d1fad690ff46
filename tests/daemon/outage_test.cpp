// Every stream of a device says why it has a hole, and for how long the device was away.
#include <boost/test/unit_test.hpp>

#include <nlohmann/json.hpp>

#include "tests/daemon/rig.hpp"

BOOST_AUTO_TEST_SUITE(outage)

using namespace rig_test;
using nlohmann::json;

namespace {

constexpr const char* kImu = "imu_shank_left";

Settings with_high_g() {
  const std::string device = std::string("device.") + kImu;
  return demo_settings({device + ".driver=\"xio_ximu3\"", device + ".rate_hz=400", device + ".high_g_rate_hz=1600",
                        device + ".sync_box=true", "stimulus.sync.period_s=0.5"});
}

struct Scene {
  Rig rig{with_high_g()};
  Collector out;
  std::size_t index = 0;

  Scene() {
    rig.assembly.engine->add_outlet(out);
    while (rig.assembly.ports[index]->settings().name != kImu) ++index;
    rig.start_all();
  }
  EmulatedLink& link() { return *rig.emulation.link(index); }
  DevicePort& port() { return *rig.assembly.ports[index]; }
  void until(double t_s) {
    rig.run_until(kStart + static_cast<TimeNs>(t_s * 1e9), [this] { rig.assembly.engine->poll(rig.clock.t); });
  }
  void say(const char* state, const std::string& trouble) {  // as the devices thread does
    json detail{{"device", kImu}, {"state", state}};
    if (!trouble.empty()) detail["trouble"] = trouble;
    BOOST_REQUIRE(rig.assembly.command(rig.clock.t, "device " + detail.dump()));
  }
  /// What `gaps` says of one stream of the device, from `from` of these rows on.
  std::vector<json> gaps(const std::string& stream) {
    std::vector<json> all;
    for (const std::string& text : out.texts(rig.streams(), "gaps")) {
      if (!text.starts_with("lost ")) continue;
      json row = json::parse(text.substr(5));
      if (row.at("stream") == "raw/" + std::string(kImu) + "/" + stream) all.push_back(std::move(row));
    }
    return all;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(both_accelerometers_of_a_sensor_that_was_unplugged_say_so) {
  Scene s;
  s.until(12);
  for (const double at_s : {12.0, 25.0}) {  // twice: the second outage is told like the first
    s.link().unplug();
    s.port().stop(s.link());
    s.say("lost", at_s < 20 ? "unplugged" : "unplugged again");
    s.until(at_s + 3);
    s.say("lost", "not found");
    s.until(at_s + 6);
    s.link().plug_in();
    s.port().start(s.link(), s.rig.clock.t);
    s.say("streaming", "");
    s.until(at_s + 13);
  }
  for (const char* stream : {"inertial", "highg"}) {
    const auto gaps = s.gaps(stream);
    BOOST_TEST_REQUIRE(gaps.size() == 2u, stream);
    BOOST_TEST(gaps[0].at("cause") == "unplugged", stream);
    BOOST_TEST(gaps[1].at("cause") == "unplugged again", stream);
    for (const json& gap : gaps) {
      BOOST_TEST_REQUIRE(gap.contains("seconds"), stream);
      BOOST_TEST(gap.at("seconds").get<double>() > 5.9);
      BOOST_TEST(gap.at("seconds").get<double>() < 7);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_sensor_whose_clock_ran_on_counts_samples_and_edges_of_one_outage) {
  Scene s;
  s.until(20);
  s.port().stop(s.link());
  s.say("lost", "starved");
  s.until(23.2);
  s.port().start(s.link(), s.rig.clock.t);
  s.say("streaming", "");
  s.until(26);
  const auto only = [&](const char* stream) {
    const auto gaps = s.gaps(stream);
    BOOST_TEST_REQUIRE(gaps.size() == 1u, stream);
    BOOST_TEST(gaps[0].at("cause") == "starved", stream);
    BOOST_TEST_REQUIRE(gaps[0].contains("seconds"), stream);
    BOOST_TEST(gaps[0].at("seconds").get<double>() > 3.1);
    BOOST_TEST(gaps[0].at("seconds").get<double>() < 4);
    return gaps[0];
  };
  const json inertial = only("inertial"), highg = only("highg"), edges = only("sync");
  // 400 and 1600 per second of the sensors' own clocks, which are 1200 ppm slow and 21000 ppm fast.
  const double away_s = inertial.at("seconds").get<double>();
  BOOST_TEST(std::abs(inertial.at("count").get<double>() - away_s * 400 / 1.0012) < 2);
  BOOST_TEST(std::abs(highg.at("count").get<double>() - away_s * 1600 / 0.979) < 8);
  BOOST_TEST(std::abs(edges.at("count").get<double>() - away_s * 4) <= 2);  // two each half second
}

BOOST_AUTO_TEST_CASE(a_trial_tells_what_no_later_sample_can) {
  Scene s;
  s.until(3);
  s.link().unplug();
  s.port().stop(s.link());
  s.say("lost", "unplugged");
  s.until(5);
  BOOST_REQUIRE(s.rig.assembly.command(s.rig.clock.t, "record_start {\"id\":1,\"name\":\"x\"}"));
  s.until(9);
  BOOST_TEST(s.gaps("inertial").empty());
  BOOST_REQUIRE(s.rig.assembly.command(s.rig.clock.t, "record_stop {\"id\":2}"));
  s.until(10);
  for (const char* stream : {"inertial", "sync"}) {
    const auto gaps = s.gaps(stream);
    BOOST_TEST_REQUIRE(gaps.size() == 1u, stream);
    BOOST_TEST(gaps[0].at("open") == true);
    BOOST_TEST(gaps[0].at("cause") == "unplugged");
    BOOST_TEST(gaps[0].at("count") == -1);
    BOOST_TEST(std::abs(gaps[0].at("seconds").get<double>() - 4) < 0.02);  // of the trial
  }
  // It is back before the next trial: nothing of that one is missing.
  s.link().plug_in();
  s.port().start(s.link(), s.rig.clock.t);
  s.say("streaming", "");
  s.until(12);
  const std::size_t told = s.gaps("inertial").size();
  BOOST_REQUIRE(s.rig.assembly.command(s.rig.clock.t, "record_start {\"id\":3,\"name\":\"y\"}"));
  s.until(15);
  BOOST_REQUIRE(s.rig.assembly.command(s.rig.clock.t, "record_stop {\"id\":4}"));
  s.until(16);
  BOOST_TEST(s.gaps("inertial").size() == told);
}

BOOST_AUTO_TEST_CASE(a_device_that_joins_a_trial_late_says_what_is_missing_before_it) {
  Scene s;
  s.port().stop(s.link());  // it never streamed
  s.say("absent", "not found on USB");
  BOOST_REQUIRE(s.rig.assembly.command(s.rig.clock.t, "record_start {\"id\":1,\"name\":\"x\"}"));
  s.until(6);
  s.port().start(s.link(), s.rig.clock.t);
  s.say("streaming", "");
  s.until(9);
  const auto gaps = s.gaps("inertial");
  BOOST_TEST_REQUIRE(gaps.size() == 1u);
  BOOST_TEST(gaps[0].at("cause") == "absent");
  BOOST_TEST(!gaps[0].contains("open"));
  BOOST_TEST(gaps[0].at("seconds").get<double>() > 5.9);
  BOOST_TEST(gaps[0].at("seconds").get<double>() < 7);
}

BOOST_AUTO_TEST_CASE(what_a_device_said_about_itself_and_had_no_room_is_counted) {
  Scene s;
  const auto lost = [&] {
    for (const auto& line : s.rig.assembly.engine->counters())
      if (line.name == std::string(kImu) + ".facts_lost") return line.counter->get();
    throw std::runtime_error("no such counter");
  };
  BOOST_TEST(lost() == 0u);
  std::uint64_t before = 0;
  for (int i = 0; i < 300 && before == 0; ++i) {  // nobody takes them out
    s.port().stop(s.link());
    s.port().start(s.link(), s.rig.clock.t);
    before = lost();
  }
  BOOST_TEST(before > 0u);
  s.port().stop(s.link());
  s.port().start(s.link(), s.rig.clock.t);
  BOOST_TEST(lost() > before);
}

BOOST_AUTO_TEST_SUITE_END()
