#include "daemon/trial_troubles.hpp"

#include <boost/test/unit_test.hpp>

#include "schemas/sample.hpp"
#include "tests/daemon/recording_fixture.hpp"

BOOST_AUTO_TEST_SUITE(troubles_of_a_trial)

using namespace grfd;

namespace {

void write_stream(hid_t file, const std::string& name, const std::string& kind, double rate_hz,
                  const std::vector<std::uint16_t>& flags) {
  const h5::Id group = h5::create_group(file, "streams/" + name);
  h5::attribute(group, "kind", kind);
  h5::attribute(group, "device", name);
  h5::attribute(group, "rate_hz", rate_hz);
  h5::write_array(group, "flags", H5T_NATIVE_UINT16, {flags.size()}, flags.data());
}

}  // namespace

BOOST_AUTO_TEST_CASE(samples_at_the_end_of_a_range_are_counted_stream_by_stream) {
  const recording_test::Folder folder;
  const h5::Id file = h5::create_file(folder.path + "/trial.h5");
  h5::attribute(file, "clean_end", std::int64_t(1));
  std::vector<std::uint16_t> plate(70000, 0), imu(500, kGapBefore);
  std::fill(plate.begin() + 65400, plate.begin() + 65750, kClipped | kInvalid);  // over the border of a block
  imu[7] |= kClipped;
  write_stream(file, "plate/left", "calibrated", 1000, plate);
  write_stream(file, "plate/right", "calibrated", 1000, std::vector<std::uint16_t>(70000, kInvalid));
  write_stream(file, "raw/imu/inertial", "raw", 500, imu);
  write_stream(file, "cop/left", "derived", 1000, plate);  // follows from the plate, which is named
  const auto found = trial_troubles(file, {"cop/left", "plate/left", "plate/right", "raw/imu/inertial"});
  const std::vector<std::string> wanted = {"plate/left: 350 samples (0.35 s) at the end of the range",
                                           "raw/imu/inertial: 1 sample (0.002 s) at the end of the range"};
  BOOST_TEST(found == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_clock_that_stepped_is_named_and_a_counted_loss_is_not) {
  const recording_test::Folder folder;
  const h5::Id file = h5::create_file(folder.path + "/trial.h5");
  h5::attribute(file, "clean_end", std::int64_t(1));
  const h5::Id group = h5::create_group(file, "streams/gaps");
  const double t[] = {5, 47.25};
  h5::write_array(group, "t", H5T_NATIVE_DOUBLE, {2}, t);
  h5::write_texts(group, "name", {"lost", "lost"});
  h5::write_texts(
      group, "detail",
      {R"({"stream":"raw/u6/scan","cause":"scans_missing","first_seq":900,"count":4})",
       R"({"stream":"raw/u6/scan","cause":"clock_step","first_seq":9000,"count":-1,"jump_s":0.2,"doubtful_from_s":41.2})"});
  const auto found = trial_troubles(file, {});
  BOOST_REQUIRE_EQUAL(found.size(), 1u);
  BOOST_TEST(found[0].starts_with("at 47.2 s raw/u6/scan: its time jumped by +0.200 s, a new epoch begins"), found[0]);
}

BOOST_AUTO_TEST_CASE(a_delay_that_a_repeated_tap_finds_moved_is_named) {
  const recording_test::Folder folder;
  const h5::Id file = h5::create_file(folder.path + "/trial.h5");
  h5::attribute(file, "clean_end", std::int64_t(1));
  const h5::Id group = h5::create_group(file, "streams/events");
  const double t[] = {5, 61.25};
  h5::write_array(group, "t", H5T_NATIVE_DOUBLE, {2}, t);
  h5::write_texts(group, "name", {"tap_result", "tap_result"});
  h5::write_texts(
      group, "detail",
      {R"({"accepted":true,"moved":false,"imus":[{"imu":"foot","accepted":true,"change_s":0.007,"moved":false}]})",
       R"({"accepted":true,"moved":true,"moved_above_s":0.001,"imus":[)"
       R"({"imu":"shank","accepted":true,"change_s":0.0002,"repeated":true,"moved":false},)"
       R"({"imu":"foot","accepted":true,"change_s":-0.0024,"repeated":true,"moved":true}]})"});
  const auto found = trial_troubles(file, {});
  BOOST_REQUIRE_EQUAL(found.size(), 1u);
  BOOST_TEST(found[0].starts_with("tap at 61.2 s: foot moved by -2.40 ms (more than 1 ms) since the tap before"),
             found[0]);
}

BOOST_AUTO_TEST_SUITE_END()
