// The streams of the ankles: that they tell what they were computed with, and the tilt of the shank.
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "dsp/metric.hpp"
#include "schemas/row.hpp"

BOOST_AUTO_TEST_SUITE(ankle_metric)

using namespace grfd;

BOOST_AUTO_TEST_CASE(what_was_set_stands_in_the_stream) {
  const auto parameters = [](std::optional<double> standing_shank_deg, FilterSettings filter) {
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
  // An entered 0 is another thing than no entry.
  BOOST_TEST(
      (parameters(std::nullopt, {})
           .find("standing_shank (0 deg, no inclinometer entry: absolute within 5 deg); rate ") != std::string::npos));
  BOOST_TEST((usual.find("inclinometer") == std::string::npos), usual);
  BOOST_TEST((other.find("standing_shank (4.5 deg); rate Butterworth 4 / 12.5 Hz;") != std::string::npos), other);
}

BOOST_AUTO_TEST_CASE(the_shank_tilts_from_where_it_stood_and_sideways_to_the_left) {
  constexpr double deg = 3.14159265358979323846 / 180;
  Settings settings;
  settings.participant.standing_shank_deg = 3;
  for (const Side side : {Side::left, Side::right})
    for (const Segment segment : {Segment::shank, Segment::foot}) {
      ImuSettings imu;
      imu.segment = segment;
      imu.side = side;
      settings.imus.push_back(imu);
    }
  StreamTable table;
  std::uint64_t event_seq = 0;
  const MetricSetup setup{settings, table, kNoStream, event_seq, 0.01, 1, {}, {}};
  const auto metric = make_ankle_metric(setup);
  const StreamInfo& info = table[table.id("ankle/right")];
  const auto place = [&](std::string_view name) {
    std::size_t i = 0;
    while (info.columns.at(i).name != name) ++i;
    return i;
  };
  BOOST_TEST(info.columns[place("shank_tilt")].unit == "deg");
  BOOST_TEST((!info.columns[place("shank_tilt")].exploratory && info.columns[place("shank_frontal")].delay_s == 0));
  BOOST_TEST((info.formula.find("tilt-from-gravity") != std::string::npos));
  std::vector<ImuFrame> imus(4);
  for (ImuFrame& i : imus)
    i.inclination_rad = i.frontal_rad = i.inclination_rate_rad_s = i.axial_rate_rad_s = i.heading_rate_rad_s = 0;
  SquatFeedback feedback;
  const auto now = [&](const char* stream, const char* column) {
    FixedBatch<8> out;
    Frame frame;
    frame.imus = imus;
    frame.squat = &feedback;
    metric->update(frame, out);
    for (const Sample& s : out.samples())
      if (table[s.stream].name == stream) return static_cast<double>(value<float>(s, place(column)));
    return kNaN;
  };
  // As it stood: no tilt, although the tibia leaned by 3 deg then.
  BOOST_TEST(now("ankle/right", "shank_tilt") == 0);
  BOOST_TEST(now("ankle/right", "shank_inclination") == 3);
  // Knees that fall in while both lean by 20 deg: the right top goes to the left, the left one to the right.
  imus[0].inclination_rad = imus[2].inclination_rad = 20 * deg;
  imus[0].frontal_rad = -8 * deg;
  imus[2].frontal_rad = 8 * deg;
  const double tilt = std::acos(std::cos(20 * deg) * std::cos(8 * deg)) / deg;  // 21.47
  BOOST_TEST(std::abs(now("ankle/right", "shank_frontal") - 8) < 1e-5);
  BOOST_TEST(std::abs(now("ankle/left", "shank_frontal") + 8) < 1e-5);
  BOOST_TEST(std::abs(now("ankle/right", "shank_tilt") - tilt) < 1e-5);
  BOOST_TEST(std::abs(now("ankle/left", "shank_tilt") - tilt) < 1e-5);
  BOOST_TEST(std::abs(now("ankle/right", "shank_inclination") - 23) < 1e-5);
  imus[2].inclination_rad = -90 * deg;  // fallen back, beyond what an arc cosine of the lean alone would tell
  BOOST_TEST(std::abs(now("ankle/right", "shank_tilt") - 90) < 1e-5);
  // Unknown together with gravity; the other leg is another matter.
  imus[2].inclination_rad = imus[2].frontal_rad = kNaN;
  BOOST_TEST(std::isnan(now("ankle/right", "shank_tilt")));
  BOOST_TEST(std::isnan(now("ankle/right", "shank_frontal")));
  BOOST_TEST(std::abs(now("ankle/left", "shank_tilt") - tilt) < 1e-5);
}

BOOST_AUTO_TEST_SUITE_END()
