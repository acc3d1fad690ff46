#include "daemon/plate_zeros.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(plate_zeros)

using namespace grfd;
using Json = nlohmann::ordered_json;

BOOST_AUTO_TEST_CASE(a_plate_is_zeroed_by_an_accepted_tare_or_by_following_its_drift_and_by_nothing_else) {
  std::vector<PlateSettings> plates(2);
  plates[0].name = "left";
  plates[1].name = "right";
  PlateZeros zeros(plates);
  BOOST_TEST(zeros.never() == (std::vector<std::string>{"left", "right"}), boost::test_tools::per_element());
  BOOST_TEST(zeros.to_json() == Json::parse(R"([{"plate":"left","zeroed_s":null},{"plate":"right","zeroed_s":null}])"));

  zeros.note("tare_result", Json::parse(R"({"accepted":false,"plates":[
      {"plate":"left","accepted":true,"offset_fz_n":12.5},{"plate":"right","accepted":false,"offset_fz_n":700}]})"),
             2.4, "2026-11-25T20:30:02Z");
  BOOST_TEST(zeros.never() == std::vector<std::string>{"right"}, boost::test_tools::per_element());
  BOOST_TEST(zeros.to_json()[0] ==
             Json::parse(R"({"plate":"left","zeroed_s":2.4,"zeroed_utc":"2026-11-25T20:30:02Z","by":"tare",
                             "offset_fz_n":12.5})"));

  zeros.note("drift_zero", Json::parse(R"({"plate":"right","state":"held"})"), 3, "x");
  zeros.note("tare_result", Json::parse(R"({"accepted":false,"plates":[],"reason":"another tare is running"})"), 3,
             "x");
  zeros.note("mark", Json::parse(R"({"plate":"right"})"), 3, "x");
  zeros.note("tare_result", Json::parse(R"({"plates":[{"plate":"middle","accepted":true}]})"), 3, "x");
  BOOST_TEST(zeros.never().size() == 1u);
  zeros.note("drift_zero", Json::parse(R"({"plate":"right","state":"following"})"), 4, "x");
  BOOST_TEST(zeros.never().empty());
  BOOST_TEST(zeros.to_json()[1] == Json::parse(R"({"plate":"right","zeroed_s":4.0,"zeroed_utc":"x","by":"drift"})"));
}

BOOST_AUTO_TEST_SUITE_END()
