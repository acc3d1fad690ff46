// What grfctl devices says about losses.
#include "daemon/losses.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(losses)

using namespace grfd;

BOOST_AUTO_TEST_CASE(losses_are_summed_by_device_and_cause) {
  Losses losses;
  losses.add(R"({"stream":"raw/u6/scan","cause":"packet_lost","first_seq":100,"count":25})");
  losses.add(R"({"stream":"raw/u6/scan","cause":"packet_lost","first_seq":900,"count":50})");
  losses.add(R"({"stream":"raw/u6/scan","cause":"unplugged","first_seq":950,"count":-1,"seconds":2.5})");
  losses.add(R"({"stream":"raw/imu/inertial","cause":"starved","first_seq":1,"count":3})");
  losses.add("no JSON");
  losses.add(R"({"stream":"cop/left","cause":"x","count":3})");
  const auto u6 = losses.of("u6");
  BOOST_TEST(u6.size() == 2u);
  BOOST_TEST(u6.at("packet_lost").at("gaps") == 2);
  BOOST_TEST(u6.at("packet_lost").at("samples") == 75);
  BOOST_TEST(u6.at("packet_lost").at("of_unknown_length") == 0);
  BOOST_TEST(u6.at("unplugged").at("of_unknown_length") == 1);
  BOOST_TEST(u6.at("unplugged").at("samples") == 0);
  BOOST_TEST(u6.at("unplugged").at("seconds") == 2.5);
  BOOST_TEST(losses.of("imu").at("starved").at("samples") == 3);
  BOOST_TEST(losses.of("cop").empty());
}

BOOST_AUTO_TEST_SUITE_END()
