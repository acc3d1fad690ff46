// The sink that collects a functional calibration: the whole procedure with ankle pumps, from samples to results.
#include "daemon/sinks/calibration_sink.hpp"

#include <boost/test/unit_test.hpp>

#include "rig.hpp"
#include "tests/dsp/calibration_movements.hpp"

BOOST_AUTO_TEST_SUITE(calibration_sink)

using namespace rig_test;
using namespace grfd::calibration_movements;
using Json = CalibrationSink::Json;

namespace {

/// The sensors of the demonstration on another person: shank and foot left, shank and foot right.
struct Procedure {
  Assembly assembly{demo_settings(), kStart, 0, true};
  Subject subject;
  std::vector<Json> results;
  CalibrationSink sink{[this](Json detail) { results.push_back(std::move(detail)); }};
  TimeNs now = kStart;
  std::uint64_t id = 0;

  explicit Procedure(const Person& person) : subject(person) { sink.open(assembly.session); }

  Json step(const std::string& text, Movement m, double s) {
    const StreamTable& table = assembly.session.streams;
    Sample head;
    head.stream = table.id("commands");
    head.t = now;
    std::array<Sample, 8> storage;
    SampleBatch batch(storage);
    push_text(batch, head,
              "calibrate {\"id\":" + std::to_string(++id) + "," + text + ",\"seconds\":" + std::to_string(s) + "}");
    sink.write(batch.samples());
    const auto tracks = subject.tracks(m, s + 1);
    for (std::size_t k = 0; k < tracks[0].size(); ++k, now += 10 * kMs) {
      for (std::size_t i = 0; i < 4; ++i) {
        const ImuSettings& imu = assembly.session.settings.imus[i];
        Sample sample;
        sample.stream = table.id(imu.stream);
        sample.t = now;
        const auto& columns = table[sample.stream].columns;
        for (std::size_t c = 0; c < columns.size(); ++c) {
          const std::size_t axis = static_cast<std::size_t>(columns[c].name.back() - 'x');
          const double si = columns[c].name.starts_with("gyro_")    ? tracks[i].gyro_rad_s[k][axis]
                            : columns[c].name.starts_with("accel_") ? tracks[i].force_m_s2[k][axis]
                                                                    : 0;
          const double unit = columns[c].unit == "g" ? 9.80665 : columns[c].unit == "deg/s" ? kRadPerDeg : 1;
          set_value(sample, c, static_cast<float>(si / unit));
        }
        sink.write({&sample, 1});
      }
      Sample tick;
      tick.stream = table.id("ticks");
      tick.t = now;
      sink.write({&tick, 1});
    }
    BOOST_REQUIRE(results.size() == id);
    BOOST_TEST(results.back()["id"] == id);
    return results.back();
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_whole_procedure_with_pumps) {
  Procedure p({.toe_line_deg = 15, .eversion_deg = 0.9, .seed = 8});
  const auto well = [](const Json& r) { BOOST_TEST(r["reason"] == "", r.dump()); };
  well(p.step("\"step\":\"still\"", Movement::still, 5));
  const Json other = p.step("\"step\":\"leg_raises\",\"side\":\"right\"", Movement::raise_left, 12);
  BOOST_TEST(!other["accepted"].get<bool>());
  BOOST_TEST(other["reason"].get<std::string>().find("left and right swapped") != std::string::npos);
  const Json raised = p.step("\"step\":\"leg_raises\",\"side\":\"left\"", Movement::raise_left, 12);
  well(raised);
  BOOST_TEST(raised["side"] == "left");
  BOOST_TEST(raised["imus"].size() == 4u);
  for (const Json& f : raised["imus"]) BOOST_TEST((f["side_checked"] == true));
  BOOST_TEST(raised["imus"][0]["turning_deg_s"].get<double>() > 10);
  well(p.step("\"step\":\"heel_raises\"", Movement::heel_raises, 12));
  well(p.step("\"step\":\"knee_bends\"", Movement::knee_bends, 15));
  const Json wrong = p.step("\"step\":\"ankle_pumps\",\"side\":\"right\"", Movement::pumps_left, 12);
  BOOST_TEST(!wrong["accepted"].get<bool>());
  const Json left = p.step("\"step\":\"ankle_pumps\",\"side\":\"left\"", Movement::pumps_left, 12);
  well(left);
  BOOST_TEST(left["side"] == "left");
  BOOST_TEST(left["imus"].size() == 2u);
  well(p.step("\"step\":\"ankle_pumps\",\"side\":\"right\"", Movement::pumps_right, 12));
  const Json end = p.step("\"step\":\"finish\"", Movement::still, 3);
  well(end);
  BOOST_REQUIRE(end["imus"].size() == 4u);
  BOOST_TEST((end["sides_checked"] == true));
  BOOST_TEST(end["warnings"].empty(), end.dump());
  for (std::size_t i = 0; i < 4; ++i) {
    const Json& f = end["imus"][i];
    const bool foot = i % 2 == 1;
    BOOST_TEST((f["side_checked"] == true));
    BOOST_TEST(f["source"] == (foot ? "hinge" : "main_axis"));
    // the bound of the science text for the foot: 90 deg x ratio
    const double bound = foot ? 90 * f["hinge_ratio"].get<double>() : 1;
    BOOST_TEST(rot::angle(f["ml_axis_left"].get<Vec3>(), p.subject.left(i)) * kDegPerRad < bound);
  }
  // What goes through the commands is held whole there.
  BOOST_TEST(end.dump().size() < 3000u);
}

BOOST_AUTO_TEST_SUITE_END()
