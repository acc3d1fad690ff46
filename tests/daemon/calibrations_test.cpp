// Calibrations are kept by serial number and by where the sensor sat; a broken file is named.
#include "daemon/calibrations.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>

BOOST_AUTO_TEST_SUITE(calibrations)

using namespace grfd;
namespace fs = std::filesystem;
using Json = CalibrationStore::Json;

namespace {
struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "grfd_calibrations_XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
};
ImuSettings imu(Segment segment, Side side) {
  ImuSettings i;
  i.name = "a";
  i.segment = segment;
  i.side = side;
  return i;
}
Json figures(double x) {
  return {{"imu", "a"}, {"accepted", true}, {"reason", ""}, {"share", 0.99}, {"ml_axis_left", {x, 0.6, 0.0}}};
}
}  // namespace

BOOST_AUTO_TEST_CASE(a_calibration_is_found_by_serial_where_the_sensor_sat) {
  const Folder folder;
  const ImuSettings left = imu(Segment::foot, Side::left);
  {
    CalibrationStore store(folder.path / "new");
    BOOST_TEST(store.to_json().empty());
    store.put(left, "6286.1", figures(0.8), "2026-01-02T03:04:05Z", "s1");
    store.put(left, "6286.1", figures(-0.8), "2026-01-03T00:00:00Z", "s2");
    store.write();
  }
  const CalibrationStore again(folder.path / "new");
  BOOST_TEST(again.to_json().size() == 1u);
  const Json* found = again.find(left, "6286.1");
  BOOST_REQUIRE(found);
  BOOST_TEST((*found)["ml_axis_left"][0].get<double>() == -0.8);
  BOOST_TEST((*found)["session"] == "s2");
  BOOST_TEST((*found)["share"].get<double>() == 0.99);
  BOOST_TEST(!again.find(left, "6286.2"));
  BOOST_TEST(!again.find(imu(Segment::foot, Side::right), "6286.1"));
  BOOST_TEST(!again.find(imu(Segment::shank, Side::left), "6286.1"));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_none_is_named_and_left_alone) {
  const Folder folder;
  for (const char* text :
       {"{\"calibrations\": 3", "{\"calibrations\":[{\"serial\":\"1\"}]}",
        "{\"calibrations\":[{\"device\":\"a\",\"serial\":\"1\",\"segment\":\"foot\",\"side\":\"left\",\"measured_utc\":"
        "\"\",\"session\":\"\",\"ml_axis_left\":[1,null,0]}]}"}) {
    std::ofstream(folder.path / "calibrations.json") << text;
    BOOST_CHECK_EXCEPTION(CalibrationStore{folder.path}, std::runtime_error, [](const std::exception& e) {
      return std::string(e.what()).find("calibrations.json") != std::string::npos;
    });
    BOOST_TEST(fs::file_size(folder.path / "calibrations.json") == std::string(text).size());
  }
}

BOOST_AUTO_TEST_SUITE_END()
