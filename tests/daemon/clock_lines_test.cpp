#include "daemon/clock_lines.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "daemon/h5.hpp"
#include "schemas/sample.hpp"
#include "tests/daemon/recording_fixture.hpp"

BOOST_AUTO_TEST_SUITE(clock_lines)

using namespace grfd;

namespace {

struct Stream {
  std::vector<std::uint64_t> seq, device;
  std::vector<double> t, arrival;
  std::vector<std::uint16_t> flags, epoch;
  void add(std::uint64_t n, std::uint64_t stamp, double when, double late, double stamped, int at_epoch,
           bool unsettled) {
    seq.push_back(n);
    device.push_back(stamp);
    arrival.push_back(when + late);
    t.push_back(stamped);
    flags.push_back(unsettled ? kClockUnsettled : 0);
    epoch.push_back(static_cast<std::uint16_t>(at_epoch));
  }
  void write(hid_t file, const std::string& name, const std::string& clock, const std::string& unit,
             double rate) const {
    const h5::Id group = h5::create_group(file, "streams/" + name);
    h5::attribute(group, "clock", clock);
    h5::attribute(group, "clock_unit", unit);
    h5::attribute(group, "rate_hz", rate);
    const h5::Shape shape{seq.size()};
    h5::write_array(group, "seq", H5T_NATIVE_UINT64, shape, seq.data());
    h5::write_array(group, "t_device", H5T_NATIVE_UINT64, shape, device.data());
    h5::write_array(group, "t", H5T_NATIVE_DOUBLE, shape, t.data());
    h5::write_array(group, "t_arrival", H5T_NATIVE_DOUBLE, shape, arrival.data());
    h5::write_array(group, "flags", H5T_NATIVE_UINT16, shape, flags.data());
    h5::write_array(group, "epoch", H5T_NATIVE_UINT16, shape, epoch.data());
  }
};

double late(std::uint64_t k) { return k % 1000 == 0 ? 0 : 1e-4 * static_cast<double>(1 + k % 7); }

}  // namespace

BOOST_AUTO_TEST_CASE(a_recording_tells_the_exact_lines_of_its_clocks) {
  recording_test::Folder folder;
  const std::string path = folder.path + "/clocks.h5";
  {
    const h5::Id file = h5::create_file(path);
    Stream scan, imu, other;
    // 40 ppm slow; stamped 20 us late, and 1 ms more while settling; begins anew after 100 000 scans
    for (std::uint64_t k = 0; k <= 70000; ++k) {
      const bool second = k > 40000;
      const std::uint64_t n = second ? k - 40001 : 500 + k;
      const double when = 3 + (second ? 50 : 0) + 1e-3 * (1 + 40e-6) * static_cast<double>(second ? n : k);
      const bool unsettled = !second && k < 20000;
      scan.add(n, n, when, late(n == k - 40001 ? n : k), when + 20e-6 + (unsettled ? 1e-3 : 0), second ? 1 : 0,
               unsettled);
    }
    scan.write(file, "raw/u6/scan", "u6", "scan", 1000);
    // a device that stamps microseconds, 2 % fast, and loses samples
    for (std::uint64_t k = 0; k <= 20000; ++k) {
      if (k % 1000 > 900) continue;
      const double when = 7 + 2.5e-3 * 0.98 * static_cast<double>(k);
      imu.add(k, 1000000 + 2500 * k, when, late(k), when, 0, false);
    }
    imu.write(file, "raw/shank/inertial", "shank", "us", 400);
    other.add(0, 0, 1, 0, 1, 0, false);
    other.add(1, 1, 2, 0, 2, 0, false);
    other.write(file, "raw/second/scan", "u6", "scan", 1000);  // follows another clock: no line of its own
  }
  const auto lines = exact_clock_lines(h5::open_file(path));
  BOOST_REQUIRE(lines.size() == 3u);
  const ClockLine &shank = lines[0], &first = lines[1], &second = lines[2];
  BOOST_TEST(shank.device == "shank");
  BOOST_TEST(shank.number == "t_device");
  BOOST_TEST(shank.first == 1000000);
  BOOST_TEST(std::abs(shank.at_first_s - 7) < 1e-9);
  BOOST_TEST(std::abs(shank.interval_s - 0.98e-6) < 1e-15);
  BOOST_TEST(std::abs(shank.drift_ppm - 1e6 * (1 / 0.98 - 1)) < 1e-3);
  BOOST_TEST(shank.worst_s < 1e-9);
  BOOST_TEST(std::isnan(shank.worst_unsettled_s));
  BOOST_TEST(first.device == "u6");
  BOOST_TEST(first.number == "seq");
  BOOST_TEST(first.first == 500);
  BOOST_TEST(first.rows == 40001u);
  BOOST_TEST(std::abs(first.at_first_s - 3) < 1e-9);
  BOOST_TEST(std::abs(first.drift_ppm - 1e6 * (1 / 1.00004 - 1)) < 1e-3);
  BOOST_TEST(std::abs(first.offset_s - 20e-6) < 1e-9);
  BOOST_TEST(first.worst_s < 1e-9);
  BOOST_TEST(std::abs(first.worst_unsettled_s - 1e-3) < 1e-9);
  BOOST_TEST(second.epoch == 1u);
  BOOST_TEST(second.first == 0);
  BOOST_TEST(second.rows == 30000u);
  BOOST_TEST(std::abs(second.at_first_s - 53) < 1e-9);
}

BOOST_AUTO_TEST_CASE(a_recording_without_devices_has_no_clock_lines) {
  recording_test::Folder folder;
  const std::string path = folder.path + "/none.h5";
  { const h5::Id group = h5::create_group(h5::create_file(path), "streams"); }
  BOOST_TEST(exact_clock_lines(h5::open_file(path)).empty());
}

BOOST_AUTO_TEST_SUITE_END()
