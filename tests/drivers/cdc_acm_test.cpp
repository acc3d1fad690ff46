#include "drivers/cdc_acm.hpp"

#include <boost/test/unit_test.hpp>

#include "drivers/driver.hpp"
#include "tests/drivers/mip_test_link.hpp"

BOOST_AUTO_TEST_SUITE(cdc_acm)

using namespace grfd;
using grfd::test::hex;
using grfd::test::to_hex;

namespace {

std::vector<std::uint8_t> bytes(std::string_view text) {
  std::vector<std::uint8_t> out;
  for (const std::byte b : hex(text)) out.push_back(std::to_integer<std::uint8_t>(b));
  return out;
}

const std::string kControl = "09 04 00 00 01 02 02 01 00 05 24 00 10 01 05 24 01 00 01 04 24 02 02 ";
const std::string kUnion = "05 24 06 00 01 ", kNotify = "07 05 82 03 08 00 10 ";
const std::string kData = "09 04 01 00 02 0A 00 00 00 07 05 01 02 40 00 00 07 05 81 02 40 00 00 ";
const std::string kHead = "09 02 43 00 02 01 00 80 FA ";

/// Records what goes over endpoint 0.
struct SetupLink : Link {
  LinkInfo facts;
  std::vector<std::string> log;
  LinkError::Kind* fail = nullptr;
  const LinkInfo& info() const override { return facts; }
  void claim(std::span<const int> interfaces) override {
    for (const int i : interfaces) log.push_back("claim " + std::to_string(i));
  }
  std::size_t control(std::uint8_t type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
                      std::span<std::byte> data, int) override {
    if (fail) throw LinkError(*fail, "control");
    std::vector<std::byte> setup;
    for (const int v : {int{type}, int{request}, value & 0xff, value >> 8, index & 0xff, index >> 8,
                        static_cast<int>(data.size()), 0})
      setup.push_back(static_cast<std::byte>(v));
    log.push_back(to_hex(setup) + (data.empty() ? "" : " | " + to_hex(data)));
    return data.size();
  }
  void write(std::uint8_t endpoint, std::span<const std::byte> data, int) override {
    log.push_back("write " + std::to_string(endpoint) + ": " + std::to_string(data.size()));
  }
  std::size_t read(std::uint8_t, std::span<std::byte>, int) override { return 0; }
  void start_stream(std::uint8_t, std::size_t, int) override {}
  void stop_stream(std::uint8_t, int) noexcept override {}
  void set_receiver(Receiver*) override {}
};

}  // namespace

BOOST_AUTO_TEST_CASE(finds_the_function) {
  const CdcAcm port = find_cdc_acm(bytes(kHead + kControl + kUnion + kNotify + kData));
  BOOST_TEST(port.control_interface == 0);
  BOOST_TEST(port.data_interface == 1);
  BOOST_TEST(port.in == 0x81);
  BOOST_TEST(port.out == 0x01);
  BOOST_TEST(port.notify == 0x82);
  BOOST_TEST(port.max_packet == 64);
}

BOOST_AUTO_TEST_CASE(without_union_the_next_data_interface_is_taken) {
  const std::string storage = "09 04 05 00 02 08 06 50 00 07 05 83 02 40 00 00 07 05 03 02 40 00 00 ";
  const CdcAcm port = find_cdc_acm(bytes(kHead + storage + kControl + kNotify + storage + kData));
  BOOST_TEST(port.data_interface == 1);
  BOOST_TEST(port.in == 0x81);
}

BOOST_AUTO_TEST_CASE(of_two_functions_the_first_and_the_interface_that_the_union_names) {
  const std::string data2 = "09 04 02 00 02 0A 00 00 00 07 05 04 02 00 02 00 07 05 84 02 00 02 00 ";
  const CdcAcm port = find_cdc_acm(bytes(kHead + kData + kControl + "05 24 06 00 02 " + kNotify + data2 +
                                         "09 04 03 00 01 02 02 01 00 05 24 06 03 01 "));
  BOOST_TEST(port.control_interface == 0);
  BOOST_TEST(port.data_interface == 2);
  BOOST_TEST(port.in == 0x84);
  BOOST_TEST(port.out == 0x04);
  BOOST_TEST(port.max_packet == 512);
}

// A device that waits for a short packet would wait for ever.
BOOST_AUTO_TEST_CASE(an_empty_packet_ends_what_fills_its_packets) {
  const CdcAcm port = find_cdc_acm(bytes(kHead + kControl + kUnion + kNotify + kData));
  BOOST_TEST(port.out_packet == 64);
  const std::vector<std::byte> data(192);
  const auto written = [&](std::size_t n) {
    SetupLink link;
    write_cdc_acm(link, port, std::span(data).first(n), 1000);
    return link.log;
  };
  using Log = std::vector<std::string>;
  BOOST_TEST((written(1) == Log{"write 1: 1"}));
  BOOST_TEST((written(63) == Log{"write 1: 63"}));
  BOOST_TEST((written(64) == Log{"write 1: 64", "write 1: 0"}));
  BOOST_TEST((written(65) == Log{"write 1: 65"}));
  BOOST_TEST((written(192) == Log{"write 1: 192", "write 1: 0"}));
}

BOOST_AUTO_TEST_CASE(broken_descriptors_are_refused) {
  for (const std::string& text :
       {std::string(), kHead, kHead + kData, kHead + kControl + kUnion, kHead + kControl + kUnion + "00 04",
        kHead + kControl + kUnion + "09 04 01 00 01 0A 00 00 00 07 05 81 02 40 00 00"})
    BOOST_CHECK_THROW(find_cdc_acm(bytes(text)), DeviceError);
  const auto whole = bytes(kHead + kControl + kUnion + kNotify + kData);
  for (std::size_t n = 0; n < whole.size(); ++n)
    BOOST_CHECK_THROW(find_cdc_acm(std::span(whole).first(n)), DeviceError);
}

BOOST_AUTO_TEST_CASE(set_up_packets_of_the_standard) {
  SetupLink link;
  const CdcAcm port = find_cdc_acm(bytes(kHead + kControl + kUnion + kNotify + kData));
  open_cdc_acm(link, port);
  close_cdc_acm(link, port);
  const std::vector<std::string> expected{"claim 0", "claim 1", "21 20 00 00 00 00 07 00 | 00 C2 01 00 00 00 08",
                                          "21 22 03 00 00 00 00 00", "21 22 00 00 00 00 00 00"};
  BOOST_TEST(link.log == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_stalled_class_request_is_no_error_but_a_lost_device_is) {
  SetupLink link;
  const CdcAcm port = find_cdc_acm(bytes(kHead + kControl + kUnion + kNotify + kData));
  auto kind = LinkError::Kind::stall;
  link.fail = &kind;
  BOOST_CHECK_NO_THROW(open_cdc_acm(link, port));
  kind = LinkError::Kind::gone;
  BOOST_CHECK_THROW(open_cdc_acm(link, port), LinkError);
  BOOST_CHECK_NO_THROW(close_cdc_acm(link, port));
}

BOOST_AUTO_TEST_SUITE_END()
