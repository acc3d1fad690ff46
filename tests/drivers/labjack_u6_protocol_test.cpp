#include "tests/drivers/labjack_u6_rig.hpp"

BOOST_AUTO_TEST_SUITE(labjack_u6_protocol)

using namespace grfd;
using namespace grfd::u6_test;
using u6::Bytes;

BOOST_AUTO_TEST_CASE(volts_at_the_nominal_check_points) {
  const auto volts = [](int code) { return labjack_u6_volts(code, 3.1580578e-4, -3.158058e-4, 33523); };
  BOOST_TEST(volts(33523) == 0);
  BOOST_TEST(std::abs(volts(36690) - 1.000157) < 5e-7);
  BOOST_TEST(std::abs(volts(30356) + 1.000157) < 5e-7);
  BOOST_TEST(std::abs(volts(0) + 10.58676) < 5e-6);
  BOOST_TEST(std::abs(volts(65535) - 10.109575) < 5e-7);
  for (int code = 0; code < 65536; code += 7)
    BOOST_REQUIRE(labjack_u6_count(volts(code), 3.1580578e-4, -3.158058e-4, 33523) == code);
  BOOST_TEST(labjack_u6_count(11, 3.1580578e-4, -3.158058e-4, 33523) == 65535);
  BOOST_TEST(labjack_u6_count(-11, 3.1580578e-4, -3.158058e-4, 33523) == 0);
}

BOOST_AUTO_TEST_CASE(fixed_point_and_checksums) {
  const Bytes minus = unhex("A6 37 BD 69 F5 FF FF FF");
  BOOST_TEST(std::abs(u6::read_fixed(minus.data()) + 10.5869565220) < 0x1p-32);
  for (double v : {0.0, 33523.0, -1.0, 0.5, -10.5, 3.1580578e-4}) {
    std::array<std::uint8_t, 8> b;
    u6::write_fixed(b.data(), v);
    BOOST_TEST(std::abs(u6::read_fixed(b.data()) - v) <= 0x1p-33);
  }
  BOOST_TEST(u6::checksum8(unhex("F9 1D C0 35 14")) == 0x21);
  BOOST_TEST(u6::checksum8(Bytes(300, 0xff)) == 0xfe);  // 76500 mod 65536 = 2AD4; 2A + D4 = FE
}

BOOST_AUTO_TEST_CASE(the_nearest_clock_is_chosen) {
  const auto thousand = u6::choose_clock(1000);
  BOOST_TEST(thousand->clock_hz == 4'000'000u);
  BOOST_TEST(thousand->interval == 4000);
  BOOST_TEST(u6::choose_clock(900)->clock_hz == 48'000'000u);  // 53333 is nearer than 4444
  BOOST_TEST(u6::choose_clock(900)->interval == 53333);
  BOOST_TEST(u6::choose_clock(10)->scan_config == 0x0a);
  BOOST_TEST(u6::choose_clock(10)->interval == 18750);
  BOOST_TEST(u6::choose_clock(0.25)->scan_config == 0x02);
  BOOST_TEST(u6::choose_clock(0.25)->interval == 62500);
  BOOST_TEST(!u6::choose_clock(0.2));
  BOOST_TEST(!u6::choose_clock(0));
  BOOST_TEST(!u6::choose_clock(std::nan("")));
}

BOOST_AUTO_TEST_SUITE_END()
