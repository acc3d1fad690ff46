// What tap tests found is kept by serial number and read back; a broken file is named.
#include "daemon/delays.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>

BOOST_AUTO_TEST_SUITE(delays)

using namespace grfd;
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {
struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "grfd_delays_XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
};
Json imu(const char* name, bool accepted, double delay_s) {
  return {{"imu", name}, {"accepted", accepted}, {"delay_s", delay_s}, {"spread_s", 0.0002}, {"taps", 5}, {"r", 0.97}};
}
}  // namespace

BOOST_AUTO_TEST_CASE(accepted_delays_are_kept_by_serial_and_read_back) {
  const Folder folder;
  const auto serial = [](const std::string& name) { return name == "a" ? "6286.1" : name == "b" ? "6286.2" : ""; };
  {
    DelayStore store(folder.path / "new");
    BOOST_TEST(store.all().empty());
    const Json result{{"imus", {imu("a", true, 0.0123), imu("b", false, 0.5), imu("nameless", true, 0.1)}}};
    BOOST_TEST(store.keep(result, "2026-01-02T03:04:05Z", "s1", serial) == 1);
  }
  DelayStore again(folder.path / "new");
  BOOST_REQUIRE(again.find("6286.1").has_value());
  BOOST_TEST(again.find("6286.1")->delay_s == 0.0123);
  BOOST_TEST(again.find("6286.1")->measured_utc == "2026-01-02T03:04:05Z");
  BOOST_TEST(!again.find("6286.2").has_value());
  again.keep({{"imus", {imu("a", true, 0.0125), imu("b", true, 0.002)}}}, "2026-01-03T00:00:00Z", "s2", serial);
  const DelayStore third(folder.path / "new");
  BOOST_TEST(third.all().size() == 2u);
  BOOST_TEST(third.find("6286.1")->delay_s == 0.0125);
  BOOST_TEST(third.find("6286.1")->session == "s2");
}

BOOST_AUTO_TEST_CASE(a_file_that_is_none_is_named_and_left_alone) {
  const Folder folder;
  std::ofstream(folder.path / "delays.json") << "{\"delays\": 3";
  BOOST_CHECK_EXCEPTION(DelayStore{folder.path}, std::runtime_error, [](const std::exception& e) {
    return std::string(e.what()).find("delays.json") != std::string::npos;
  });
  BOOST_TEST(fs::file_size(folder.path / "delays.json") == 12u);
}

BOOST_AUTO_TEST_SUITE_END()
