// The streams of the ankles: that they tell what they were computed with.
#include <boost/test/unit_test.hpp>

#include "dsp/metric.hpp"

BOOST_AUTO_TEST_SUITE(ankle_metric)

using namespace grfd;

BOOST_AUTO_TEST_CASE(what_was_set_stands_in_the_stream) {
  const auto parameters = [](double standing_shank_deg, FilterSettings filter) {
    Settings settings;
    settings.participant.standing_shank_deg = standing_shank_deg;
    settings.filter = filter;
    for (const Segment segment : {Segment::shank, Segment::foot}) {
      ImuSettings imu;
      imu.segment = segment;
      imu.side = Side::right;
      settings.imus.push_back(imu);
    }
    StreamTable table;
    std::uint64_t event_seq = 0;
    const MetricSetup setup{settings, table, kNoStream, event_seq, 0.01, 1, {}, {}};
    make_ankle_metric(setup);
    BOOST_TEST(!table.find("ankle/left"));
    return table[table.id("ankle/right")].parameters;
  };
  const std::string usual = parameters(0, {}), other = parameters(4.5, {4, 12.5});
  BOOST_TEST((usual.find("standing_shank (0 deg); rate Butterworth 2 / 20 Hz;") != std::string::npos), usual);
  BOOST_TEST((other.find("standing_shank (4.5 deg); rate Butterworth 4 / 12.5 Hz;") != std::string::npos), other);
}

BOOST_AUTO_TEST_SUITE_END()
