// Angles have the times of their samples, however slow the sensor: none runs ahead of its rate.
#include <boost/test/unit_test.hpp>

#include "tests/daemon/rig.hpp"

BOOST_AUTO_TEST_SUITE(angle_time)

using namespace rig_test;

namespace {

/// How much earlier a column has the course of the truth, its published delay taken off: what is early by e differs by
/// e times its slope.
double early_ms(const Collector& out, const StreamTable& table, const std::string& stream, const char* name) {
  const auto course = [&](const std::string& of) {
    const auto& columns = table[table.id(of)].columns;
    const auto at = std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == name; });
    std::map<TimeNs, double> values;
    for (const Row& row : out.rows(table, of))
      values[row.header.t] = column<float>(row, static_cast<std::size_t>(at - columns.begin()));
    return std::pair{values, 1e3 * at->delay_s};
  };
  const auto [measured, delay_ms] = course(stream);
  const auto [truth, none_ms] = course("truth/" + stream);
  const TimeNs back = std::llround(delay_ms) * kMs;  // whole milliseconds; the rest is added below
  double cross = 0, square = 0, offset = 0, slopes = 0, n = 0;
  for (const auto& [t, v] : measured) {
    if (t < kStart + 8 * kSecond || !truth.count(t - back - kMs) || !truth.count(t - back + kMs)) continue;
    const double slope = (truth.at(t - back + kMs) - truth.at(t - back - kMs)) / 2, off = v - truth.at(t - back);
    cross += off * slope, square += slope * slope, offset += off, slopes += slope, n += 1;
  }
  BOOST_TEST(n > 10000);
  return (cross - offset * slopes / n) / (square - slopes * slopes / n) + delay_ms - std::round(delay_ms) - none_ms;
}

}  // namespace

BOOST_AUTO_TEST_CASE(angles_of_slow_sensors_are_not_ahead_of_their_rates) {
  for (const int rate_hz : {100, 1000}) {
    std::vector<std::string> settings;
    for (const char* sensor : {"shank_left", "foot_left", "shank_right", "foot_right"})
      settings.push_back("device.imu_" + std::string(sensor) + ".rate_hz=" + std::to_string(rate_hz));
    Rig rig(demo_settings(settings));
    Collector out;
    rig.assembly.engine->add_outlet(out);
    rig.start_all();
    rig.run_until(kStart + 19 * kSecond, [&] { rig.assembly.engine->poll(rig.clock.t); });
    for (const std::string stream : {"ankle/left", "ankle/right"}) {
      const double angle_ms = early_ms(out, rig.streams(), stream, "dorsiflexion"),
                   rate_ms = early_ms(out, rig.streams(), stream, "dorsiflexion_rate");
      // Half a sample at 100 Hz is 5 ms; up to 2 ms are the error of the orientation, which goes with the motion.
      BOOST_TEST(std::abs(angle_ms - rate_ms) < 2.5,
                 stream << " at " << rate_hz << " Hz: angle " << angle_ms << " ms early, rate " << rate_ms);
      BOOST_TEST_MESSAGE(stream << " at " << rate_hz << " Hz: angle " << angle_ms << " ms early, rate " << rate_ms);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
