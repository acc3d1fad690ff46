// The zeros of tares are kept by plate, channels and serial number; a plate takes one back only from the same
// converter.
#include "daemon/zeros.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "tests/daemon/recording_fixture.hpp"

BOOST_AUTO_TEST_SUITE(zeros)

using namespace grfd;
using Json = nlohmann::ordered_json;

namespace {
PlateSettings plate(const std::string& name, std::vector<int> columns) {
  PlateSettings p;
  p.name = name;
  p.stream = "raw/u6/scan";
  p.columns = std::move(columns);
  return p;
}
Json result(const std::string& name, bool accepted, double first_code) {
  Json one{{"plate", name}, {"accepted", accepted}, {"offset_fz_n", 3.5}};
  if (accepted) one["zero_codes"] = {first_code, 2.0}, one["zero_v"] = {0.1, 0.2};
  return one;
}
}  // namespace

BOOST_AUTO_TEST_CASE(accepted_zeros_are_kept_and_read_back) {
  const recording_test::Folder folder;
  const std::vector<PlateSettings> plates = {plate("left", {0, 1}), plate("right", {2, 3})};
  std::string serial = "360012345";
  const auto serial_of = [&](const PlateSettings&) { return serial; };
  {
    ZeroStore store(folder.path + "/new");
    BOOST_TEST(store.all().empty());
    BOOST_TEST(store.keep({{"plates", {result("left", true, 1), result("right", false, 1)}}}, plates,
                          "2026-01-01T00:00:00Z", "s1", serial_of) == 1);
    BOOST_TEST(store.keep({{"plates", {result("left", true, 33523.25)}}}, plates, "2026-01-02T03:04:05Z", "s2",
                          serial_of) == 1);
    serial.clear();
    BOOST_TEST(store.keep({{"plates", {result("right", true, 1)}}}, plates, "x", "s3", serial_of) == 0);
  }
  const ZeroStore again(folder.path + "/new");
  BOOST_TEST(again.all().size() == 1u);
  const auto found = again.find(plates[0], "360012345");
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(found->codes == (std::vector<double>{33523.25, 2}), boost::test_tools::per_element());
  BOOST_TEST(found->volts == (std::vector<double>{0.1, 0.2}), boost::test_tools::per_element());
  BOOST_TEST(found->measured_utc == "2026-01-02T03:04:05Z");
  BOOST_TEST(!again.find(plates[0], "360099999").has_value());
  BOOST_TEST(!again.find(plate("left", {1, 0}), "360012345").has_value());
  BOOST_TEST(!again.find(plates[1], "360012345").has_value());
}

BOOST_AUTO_TEST_CASE(a_zero_that_drifts_is_not_kept) {
  const recording_test::Folder folder;
  std::vector<PlateSettings> plates = {plate("left", {0, 1})};
  plates[0].calibration.drift_rezero = true;
  ZeroStore store(folder.path);
  BOOST_TEST(store.keep({{"plates", {result("left", true, 1)}}}, plates, "x", "s",
                        [](const PlateSettings&) { return "1"; }) == 0);
  BOOST_TEST(folder.files().empty());
}

BOOST_AUTO_TEST_CASE(a_broken_file_is_named) {
  const recording_test::Folder folder;
  std::ofstream(folder.path + "/zeros.json") << R"({"zeros":[{"plate":"left"}]})";
  try {
    const ZeroStore store(folder.path);
    BOOST_ERROR("it was read");
  } catch (const std::runtime_error& e) {
    BOOST_TEST(std::string(e.what()).find("/zeros.json is no file of zeros") != std::string::npos, e.what());
  }
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_opened_is_not_called_a_wrong_one) {
  const recording_test::Folder folder;
  std::filesystem::create_symlink("zeros.json", folder.path + "/zeros.json");  // to itself
  try {
    const ZeroStore store(folder.path);
    BOOST_ERROR("it was read");
  } catch (const std::runtime_error& e) {
    const std::string text = e.what();
    BOOST_TEST(text.find("cannot be opened: Too many levels of symbolic links; let grfd read it") != std::string::npos,
               text);
  }
}

BOOST_AUTO_TEST_SUITE_END()
