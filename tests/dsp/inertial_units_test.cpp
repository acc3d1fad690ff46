// One motion, told by two devices in their own units, axes and rates, must be one motion.
#include <boost/test/unit_test.hpp>

#include <cmath>

#include "dsp/device_input.hpp"
#include "dsp/inertial_sensor.hpp"

BOOST_AUTO_TEST_SUITE(inertial_units)

using namespace grfd;

namespace {

StreamInfo stream(std::vector<Column> columns) {
  StreamInfo s;
  s.name = "raw/imu/inertial";
  s.columns = std::move(columns);
  return s;
}

StreamInfo radians() {
  return stream({{"accel_x", "g"},
                 {"accel_y", "g"},
                 {"accel_z", "g"},
                 {"gyro_x", "rad/s"},
                 {"gyro_y", "rad/s"},
                 {"gyro_z", "rad/s"}});
}
StreamInfo degrees() {
  return stream({{"gyro_x", "deg/s"},
                 {"gyro_y", "deg/s"},
                 {"gyro_z", "deg/s"},
                 {"accel_x", "g"},
                 {"accel_y", "g"},
                 {"accel_z", "g"}});
}

/// Stands for 3 s, then leans forward by `amplitude` and back, about the axis that points to the left (+y of the
/// segment). z_down: the sensor's axes are x, -y, -z of the segment's, as of a MicroStrain unit; then gravity reads -1
/// g on z.
double largest_angle(const StreamInfo& info, bool deg, bool z_down, double rate_hz) {
  ImuSettings settings;
  settings.name = "imu";
  settings.ml_axis_left = {0, z_down ? -1.0 : 1.0, 0};
  InertialSensor sensor(settings, info, 1 / rate_hz);
  const double amplitude = 20 * M_PI / 180, sign = z_down ? -1 : 1;
  double largest = 0;
  for (int k = 0; k < static_cast<int>(5 * rate_hz); ++k) {
    const double t = k / rate_hz, u = t < 3 ? 0 : t - 3;
    const double lean = amplitude * (1 - std::cos(M_PI * u)) / 2, lean_rate = amplitude * M_PI * std::sin(M_PI * u) / 2;
    // right-handed about +y (left): z turns towards x (forward)
    const double force[3] = {-std::sin(lean), 0, sign * std::cos(lean)},
                 gyro[3] = {0, sign * (t < 3 ? 0 : lean_rate), 0};
    Sample s;
    s.t = static_cast<TimeNs>(t * 1e9) + 1;
    for (std::size_t i = 0; i < 3; ++i) {
      set_value(s, (deg ? 3 : 0) + i, static_cast<float>(force[i]));
      set_value(s, (deg ? 0 : 3) + i, static_cast<float>(deg ? gyro[i] * 180 / M_PI : gyro[i]));
    }
    sensor.take(s, 1 / rate_hz, 0, false);
    if (k == static_cast<int>(2.5 * rate_hz)) {
      BOOST_REQUIRE(sensor.at_rest());
      sensor.capture_pose();
    }
    ImuFrame frame;
    sensor.at(s.t, 1 / rate_hz, frame);
    if (std::isfinite(frame.inclination_rad)) largest = std::max(largest, std::abs(frame.inclination_rad));
  }
  return largest * 180 / M_PI;
}

}  // namespace

BOOST_AUTO_TEST_CASE(units_order_axes_and_rate_make_no_difference) {
  BOOST_TEST(std::abs(largest_angle(radians(), false, true, 1000) - 20) < 0.1);
  BOOST_TEST(std::abs(largest_angle(degrees(), true, false, 400) - 20) < 0.1);
  BOOST_TEST(std::abs(largest_angle(degrees(), true, true, 200) - 20) < 0.1);
}

BOOST_AUTO_TEST_CASE(grid_times_between_two_zeros_are_marked) {
  // Leans forward by 0.1 rad for good; the second pose makes that the zero.
  ImuSettings settings;
  settings.name = "imu";
  settings.ml_axis_left = {0, 1, 0};
  InertialSensor sensor(settings, radians(), 0.01);
  ImuFrame frame;
  int mixed = 0, marked = 0;
  const auto old_zero = [&] { return std::abs(frame.inclination_rad) < 1e-3; };
  for (int k = 0; k < 800; ++k) {
    const double lean = 0.1 * std::clamp((k - 300) * 0.01, 0.0, 1.0), rate = k >= 300 && k < 400 ? 0.1 : 0;
    Sample s;
    s.t = TimeNs{10'000'000} * k + 1;
    const double v[6] = {-std::sin(lean), 0, std::cos(lean), 0, rate, 0};
    for (std::size_t i = 0; i < 6; ++i) set_value(s, i, static_cast<float>(v[i]));
    sensor.take(s, 0.01, 0, false);
    if (k == 250 || k == 700) {
      BOOST_REQUIRE(sensor.at_rest());
      sensor.capture_pose();
    }
    if (k < 620) continue;
    for (int j = 0; j < 10; ++j) {  // as far back as two later samples cover
      const TimeNs t = s.t - 20'000'000 + j * 1'000'000;
      sensor.at(t, 0.01, frame);
      const bool of_old = std::abs(frame.inclination_rad - 0.1) < 1e-3, of_new = old_zero();
      mixed += !of_old && !of_new;
      marked += frame.zeroed;
      BOOST_TEST((frame.zeroed || of_old || of_new), "at " << t << " ns: " << frame.inclination_rad);
      if (!frame.zeroed) BOOST_TEST((t < 7'000'000'001 ? of_old : of_new), "at " << t << " ns");
    }
  }
  BOOST_TEST(mixed > 5);
  BOOST_TEST(marked >= mixed);
  BOOST_TEST(marked <= 41);  // a sample's interval, and one and a half to either side
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_no_inertial_sensor_is_refused_by_name) {
  const auto refused = [](std::vector<Column> columns, const std::string& why) {
    try {
      InertialSensor(ImuSettings{}, stream(std::move(columns)), 0.001);
      BOOST_FAIL("must be refused");
    } catch (const std::invalid_argument& e) { BOOST_TEST(std::string(e.what()) == why); }
  };
  refused({{"ain0", "count"}}, "raw/imu/inertial has no column accel_x");
  refused({{"accel_x", "furlong"}}, "raw/imu/inertial: column accel_x has the unit 'furlong'");
}

/// @param unit "us": the clock goes by the stamps; else by the number of samples
void map_another_sensor_and_edges(const char* unit) {
  StreamTable table;
  StreamInfo main = stream({{"accel_x", "g"}}), highg = main, loss = main, sync = main;
  main.rate_hz = 400;
  main.clock_unit = unit;
  highg.name = "raw/imu/highg";
  loss.name = "raw/imu/loss";
  loss.type = ValueType::i64;
  loss.columns = {{"first_seq", "count"},
                  {"count", "count"},
                  {"cause", "code", 0, 0, "0 missing, 4 the driver restarted"},
                  {"stream", "code", 0, 0, "0 inertial, 1 highg, 2 sync"}};
  sync.name = "raw/imu/sync";
  sync.clock_unit = "us";
  sync.columns = {{"line", "1"}, {"level", "code", 0, -0.001}, {"count", "count"}};
  const StreamId id = table.add(main);
  for (const StreamInfo& s : {highg, loss, sync}) table.add(s);
  StreamInfo text;
  text.name = "events";
  text.type = ValueType::text;
  const TextWriter events(table.add(text));
  text.name = "gaps";
  const TextWriter gaps(table.add(text));
  DeviceSettings settings;
  settings.name = "imu";
  DeviceInput device(settings, "inertial", id, table, 0);
  BOOST_REQUIRE(device.side() == *table.find("raw/imu/highg"));
  std::uint64_t gap_seq = 0, event_seq = 0;
  FixedBatch<64> out;
  // The sensor's interval is 2507.5 us of the counter, and the counter's us are lab us; the link takes 0.4 ms.
  const auto lab = [](double us) { return static_cast<TimeNs>(us * 1e3) + 1'000'000'000; };
  for (std::uint64_t k = 0; k < 40 * 400; ++k) {
    out.clear();
    Sample s;
    s.stream = id;
    s.seq = k;
    s.t_device = static_cast<std::uint64_t>(2507.5 * static_cast<double>(k));
    s.t_arrival = lab(2507.5 * static_cast<double>(k)) + 400'000;
    device.accept(s, gaps, gap_seq, out);
  }
  BOOST_TEST(std::abs(device.interval_s() - 2507.5e-6) < 1e-8);
  const std::uint64_t newest = static_cast<std::uint64_t>(2507.5 * (40 * 400 - 1));
  Sample h;
  h.stream = device.side();
  h.seq = 10;
  h.t_device = newest + 1700;
  device.take_side(h, gaps, gap_seq, out);
  BOOST_TEST(std::abs(static_cast<double>(out.samples()[0].t - lab(static_cast<double>(h.t_device)) - 400'000)) <
             20'000);
  Sample e = h;
  e.stream = device.sync();
  device.take_edge(e, events, event_seq, out);
  BOOST_TEST(std::abs(static_cast<double>(out.samples()[1].t - lab(static_cast<double>(h.t_device)) - 400'000 +
                                          1'000'000)) < 20'000);
  // An announced hole of the other sensor is told under its name and is no hole of the main stream.
  out.clear();
  Sample l;
  l.stream = device.loss();
  set_value<std::int64_t>(l, 0, 11);
  set_value<std::int64_t>(l, 1, 4);
  set_value<std::int64_t>(l, 3, 1);
  device.take_loss(l, gaps, gap_seq, out);
  BOOST_TEST(gap_seq == 1U);
  std::string said;
  for (const Sample& s : out.samples().subspan(1)) said += ::grfd::text(s);
  BOOST_TEST(said == "lost {\"stream\":\"raw/imu/highg\",\"cause\":\"missing\",\"first_seq\":11,\"count\":4}");
  h.seq = 15;
  h.t_device += 3000;
  device.take_side(h, gaps, gap_seq, out);
  BOOST_TEST(gap_seq == 1U);  // told already
  h.seq = 18;
  h.t_device += 2000;
  device.take_side(h, gaps, gap_seq, out);
  BOOST_TEST(gap_seq == 2U);  // two are missing that nobody spoke of

  // After an outage the device's clock ran on: the count is known, the cause is the outage's, once for each stream.
  device.take_state("lost", "starved");
  std::uint16_t epoch = 0;
  const auto told = [&](std::int64_t count, std::int64_t cause, std::int64_t which = 0) {
    out.clear();
    l.t_arrival = lab(static_cast<double>(newest)) + 400'000 + 1'500'000'000;
    set_value<std::int64_t>(l, 0, 16'000);
    set_value<std::int64_t>(l, 1, count);
    set_value<std::int64_t>(l, 2, cause);
    set_value<std::int64_t>(l, 3, which);
    l.epoch = epoch;
    device.take_loss(l, gaps, gap_seq, out);
    std::string row;
    for (const Sample& s : out.samples().subspan(1)) row += ::grfd::text(s);
    return row;
  };
  const std::string begin = "lost {\"stream\":\"raw/imu/inertial\",\"cause\":";
  BOOST_TEST(told(3, 0) == begin + "\"missing\",\"first_seq\":16000,\"count\":3}");
  BOOST_TEST(told(597, 4) == begin + "\"starved\",\"first_seq\":16000,\"count\":597,\"seconds\":1.5000}");
  Sample after;  // the main stream goes on before the others tell
  after.stream = id;
  after.seq = 16'597;
  after.t_device = newest + 1'500'000;
  after.t_arrival = l.t_arrival;
  device.accept(after, gaps, gap_seq, out);
  BOOST_TEST(told(20, 4) == begin + "\"the driver restarted\",\"first_seq\":16000,\"count\":20}");
  const auto of = [&](const char* stream, const char* cause, int count, const char* seconds = "") {
    return "lost {\"stream\":\"raw/imu/" + std::string(stream) + "\",\"cause\":\"" + cause +
           "\",\"first_seq\":16000,\"count\":" + std::to_string(count) + seconds + "}";
  };
  const char* const outage = ",\"seconds\":1.5000";
  BOOST_TEST(told(1194, 4, 1) == of("highg", "starved", 1194, outage));
  BOOST_TEST(told(5, 0, 2) == of("sync", "missing", 5));
  BOOST_TEST(told(3, 4, 2) == of("sync", "starved", 3, outage));
  BOOST_TEST(told(3, 4, 1) == of("highg", "the driver restarted", 3));
  // The next outage explains only what follows it, and a start of its own accord after that is none of it.
  device.take_state("lost", "unplugged");
  device.take_state("lost", "no answer");  // the same one still
  BOOST_TEST(told(-1, 4, 1) == of("highg", "unplugged", -1, ",\"seconds\":0.0000"));
  epoch = 1;
  const std::string both = told(-1, 0), first = of("inertial", "unplugged", -1, ",\"seconds\":0.0000");
  BOOST_TEST(both.substr(0, first.size()) == first);
  // Nobody counted the edges of that time: they are told with it.
  const std::string edges = both.substr(std::min(first.size(), both.size()));
  BOOST_TEST(edges.starts_with("lost {\"stream\":\"raw/imu/sync\",\"cause\":\"unplugged\",\"first_seq\":"));
  BOOST_TEST(edges.ends_with(",\"count\":-1,\"seconds\":0.0000}"));
  BOOST_TEST(told(-1, 0, 2) == of("sync", "missing", -1));
}

BOOST_AUTO_TEST_CASE(another_sensor_and_edges_are_mapped_by_the_counter_that_they_share) {
  map_another_sensor_and_edges("us");
  map_another_sensor_and_edges("ns");
}

BOOST_AUTO_TEST_SUITE_END()
