// The axes of a functional calibration take the place of the configured ones, from the command on.
#include <boost/test/unit_test.hpp>

#include "rig.hpp"

BOOST_AUTO_TEST_SUITE(calibration_command)

using namespace rig_test;

namespace {

struct Run {
  std::vector<double> dorsiflexion_deg;  ///< of the left ankle
  std::vector<std::string> events;
};

/// A squat of the demonstration rig; `command` at 1 s.
Run run(const Vec3& shank_left, std::string_view command) {
  const std::vector<std::string> overrides{"stimulus.subject.step_on_s=0.5", "stimulus.subject.first_descent_s=6",
                                           "record.at_start=false", "record.tare_at_start=false"};
  Settings settings = demo_settings(overrides);
  for (ImuSettings& i : settings.imus)
    if (i.name == "imu_shank_left") i.ml_axis_left = shank_left;
  Rig rig(std::move(settings));
  Collector all;
  rig.assembly.engine->add_outlet(all);
  rig.start_all();
  const auto poll = [&] { rig.assembly.engine->poll(rig.clock.t); };
  rig.run_until(kStart + kSecond, poll);
  if (!command.empty()) BOOST_REQUIRE(rig.assembly.command(rig.clock.t, command));
  rig.run_until(kStart + 10 * kSecond, poll);
  Run r;
  for (const Row& row : all.rows(rig.streams(), "ankle/left")) r.dorsiflexion_deg.push_back(column<float>(row, 0));
  r.events = all.texts(rig.streams(), "events");
  return r;
}

double largest(const std::vector<double>& v) {
  double most = -1e9;
  for (const double x : v)
    if (std::isfinite(x)) most = std::max(most, x);
  return most;
}

bool holds(const std::vector<std::string>& events, std::string_view text) {
  return std::find(events.begin(), events.end(), text) != events.end();
}

}  // namespace

BOOST_AUTO_TEST_CASE(axes_by_command_measure_as_configured_ones_do) {
  const Vec3 right{0.0792, -0.9838, -0.1606}, wrong{-0.0792, 0.9838, 0.1606};  // of the demonstration; its opposite
  const Run configured = run(right, ""), bad = run(wrong, "");
  const Run commanded =
      run(wrong, "calibration {\"id\":9,\"imus\":{\"imu_shank_left\":[0.0792,-0.9838,-0.1606],\"nobody\":[1,0,0]}}");
  BOOST_TEST(holds(commanded.events, "calibration_result {\"id\":9,\"accepted\":true,\"sensors\":1}"));
  const double peak = largest(configured.dorsiflexion_deg);
  BOOST_TEST(std::fabs(peak - 26) < 1);  // the range that the demonstration sets
  BOOST_TEST(std::fabs(largest(commanded.dorsiflexion_deg) - peak) < 1e-4);
  BOOST_TEST(largest(bad.dorsiflexion_deg) < 5);
}

BOOST_AUTO_TEST_CASE(what_is_no_axis_is_not_taken) {
  const Vec3 right{0.0792, -0.9838, -0.1606};
  const Run r = run(right, "calibration {\"id\":4,\"imus\":{\"imu_shank_left\":[0,0,0],\"imu_foot_left\":[1,2]}}");
  BOOST_TEST(holds(r.events, "calibration_result {\"id\":4,\"accepted\":false,\"sensors\":0}"));
  BOOST_TEST(std::fabs(largest(r.dorsiflexion_deg) - largest(run(right, "").dorsiflexion_deg)) < 1e-4);
}

BOOST_AUTO_TEST_SUITE_END()
