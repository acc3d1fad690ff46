// One device behind USB/IP in virtual time: transfers in flight, cancelled, stalled; the requests in front of the
// device.
#include "drivers/emulation/usbip_export.hpp"
#include "tests/drivers/usbip_rig.hpp"

BOOST_AUTO_TEST_SUITE(usbip_export)

using namespace grfd;
using namespace grfd::usbip_test;

namespace {

constexpr std::int32_t kStalled = -32, kUnlinked = -104;

struct Rig {
  Rig() { device.plug(0); }
  void send(TimeNs now, const Bytes& message) {
    const auto command = usbip::read_command(std::span(message).first<48>());
    if (command.kind == usbip::Command::Kind::submit && command.in) reads.push_back(command.seq);
    device.take(now, command, View(message).subspan(48), out);
  }
  std::vector<Answer> take() {
    const Bytes bytes = std::exchange(out, {});
    return answers(bytes,
                   [this](std::uint32_t of) { return std::find(reads.begin(), reads.end(), of) != reads.end(); });
  }
  /// One control transfer; its answer comes at once.
  Answer control(const Setup& setup, View data = {}) {
    send(0, submit(++seq, setup[0] & 0x80, 0,
                   setup[0] & 0x80 ? static_cast<std::uint32_t>(setup[6] | setup[7] << 8)
                                   : static_cast<std::uint32_t>(data.size()),
                   setup, data));
    auto all = take();
    BOOST_REQUIRE(all.size() == 1u);
    BOOST_TEST(all[0].seq == seq);
    return all[0];
  }
  Ticker ticker;
  UsbipExport device{ticker, 1};
  Bytes out;
  std::vector<std::uint32_t> reads;
  std::uint32_t seq = 1000;
};

}  // namespace

BOOST_AUTO_TEST_CASE(many_in_flight_end_in_order_each_at_its_own_time_however_late_we_are) {
  Rig rig;
  for (std::uint32_t i = 1; i <= 12; ++i) rig.send(0, submit(i, true, 1, 64));
  BOOST_TEST(rig.device.pending() == 12u);
  BOOST_TEST(rig.take().empty());
  BOOST_TEST(rig.device.run(kMs / 2, rig.out) == kMs);
  BOOST_TEST(rig.take().empty());
  BOOST_TEST(rig.device.run(8 * kMs + 1, rig.out) == 9 * kMs);
  const auto all = rig.take();
  BOOST_REQUIRE(all.size() == 8u);
  for (std::uint32_t i = 0; i < 8; ++i) {
    BOOST_TEST(all[i].command == 3u);
    BOOST_TEST(all[i].seq == i + 1);
    BOOST_TEST(all[i].status == 0);
    BOOST_TEST(word(all[i].data, 0) == i);
    BOOST_TEST(rig.ticker.times[i] == static_cast<TimeNs>(i + 1) * kMs);
  }
  BOOST_TEST(rig.device.pending() == 4u);
  BOOST_TEST(rig.device.urbs() == 12u);
}

BOOST_AUTO_TEST_CASE(other_endpoints_wait_without_disturbing) {
  Rig rig;
  rig.send(0, submit(1, true, 2, 8));  // notifications: none ever come
  rig.send(0, submit(2, true, 1, 64));
  const Bytes data = unhex("0102030405");
  rig.send(0, submit(3, false, 1, 5, {}, data));
  BOOST_TEST(rig.ticker.written_to == 0x01);
  BOOST_TEST(hex(rig.ticker.written) == hex(data));
  auto all = rig.take();
  BOOST_REQUIRE(all.size() == 1u);
  BOOST_TEST(all[0].seq == 3u);
  BOOST_TEST(all[0].length == 5u);
  rig.device.run(kMs, rig.out);
  all = rig.take();
  BOOST_REQUIRE(all.size() == 1u);
  BOOST_TEST(all[0].seq == 2u);
  BOOST_TEST(rig.device.run(10 * kMs, rig.out) == EmulatedDevice::kNever);
}

BOOST_AUTO_TEST_CASE(unlinking) {
  Rig rig;
  for (std::uint32_t i = 1; i <= 4; ++i) rig.send(0, submit(i, true, 1, 64));
  rig.send(0, unlink(5, 2));
  auto all = rig.take();
  BOOST_REQUIRE(all.size() == 1u);
  BOOST_TEST(all[0].command == 4u);
  BOOST_TEST(all[0].seq == 5u);
  BOOST_TEST(all[0].status == kUnlinked);
  rig.send(kMs, unlink(6, 1));  // it ends at this very moment: too late
  all = rig.take();
  BOOST_REQUIRE(all.size() == 2u);
  BOOST_TEST(all[0].seq == 1u);
  BOOST_TEST(all[0].command == 3u);
  BOOST_TEST(all[1].command == 4u);
  BOOST_TEST(all[1].status == 0);
  rig.send(kMs, unlink(7, 99));  // never heard of
  BOOST_TEST(rig.take().at(0).status == 0);
  rig.device.run(3 * kMs, rig.out);
  all = rig.take();
  BOOST_REQUIRE(all.size() == 2u);  // 3 and 4 take the next packets: none was lost with 2
  BOOST_TEST(word(all[0].data, 0) == 1u);
  BOOST_TEST(word(all[1].data, 0) == 2u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_transfer_hands_over_what_had_come_in) {
  Rig rig;
  rig.ticker.ticking = false;
  rig.ticker.half = true;
  rig.send(0, submit(1, true, 1, 64));
  rig.send(0, submit(2, true, 1, 64));
  rig.send(0, unlink(3, 2));  // not the one that is being filled
  BOOST_TEST(rig.take().at(0).status == kUnlinked);
  rig.send(0, unlink(4, 1));
  const auto all = rig.take();
  BOOST_REQUIRE(all.size() == 2u);
  BOOST_TEST(all[0].seq == 1u);
  BOOST_TEST(hex(all[0].data) == "55");
  BOOST_TEST(all[1].command == 4u);
  BOOST_TEST(all[1].status == 0);
}

BOOST_AUTO_TEST_CASE(a_halted_endpoint_stalls_until_it_is_cleared) {
  Rig rig;
  rig.control({0x00, 9, 1, 0, 0, 0, 0, 0});
  rig.send(0, submit(1, true, 1, 64));
  rig.device.stall(0x81);
  rig.device.run(0, rig.out);
  BOOST_TEST(rig.take().at(0).status == kStalled);
  rig.send(0, submit(2, true, 1, 64));
  BOOST_TEST(rig.take().at(0).status == kStalled);
  BOOST_TEST(hex(rig.control({0x82, 0, 0, 0, 0x81, 0, 2, 0}).data) == "0100");  // GET_STATUS: halted
  BOOST_TEST(rig.control({0x02, 1, 0, 0, 0x81, 0, 0, 0}).status == 0);          // CLEAR_FEATURE(ENDPOINT_HALT)
  BOOST_TEST(hex(rig.control({0x82, 0, 0, 0, 0x81, 0, 2, 0}).data) == "0000");
  rig.send(0, submit(3, true, 1, 64));
  rig.device.run(kMs, rig.out);
  BOOST_TEST(word(rig.take().at(0).data, 0) == 0u);
  rig.control({0x02, 3, 0, 0, 0x01, 0, 0, 0});  // SET_FEATURE on the OUT endpoint
  rig.send(kMs, submit(4, false, 1, 1, {}, unhex("00")));
  BOOST_TEST(rig.take().at(0).status == kStalled);
  BOOST_TEST(rig.control({0x02, 1, 0, 0, 0x85, 0, 0, 0}).status == kStalled);  // there is no such endpoint
  rig.send(kMs, submit(5, true, 5, 64));
  BOOST_TEST(rig.take().at(0).status == kStalled);
}

BOOST_AUTO_TEST_CASE(standard_requests_are_answered_in_front_of_the_device) {
  Rig rig;
  const Setup device{0x80, 6, 0, 1, 0, 0, 18, 0}, start{0x80, 6, 0, 1, 0, 0, 8, 0};
  BOOST_TEST(hex(rig.control(device).data) ==
             "120100020200004009120100"
             "340201020301");
  BOOST_TEST(hex(rig.control(start).data) == "1201000202000040");
  const Setup configuration{0x80, 6, 0, 2, 0, 0, 0xff, 0};
  const Answer c = rig.control(configuration);
  BOOST_TEST(c.length == rig.ticker.information.configuration.size());
  BOOST_TEST(c.data.size() == c.length);
  BOOST_TEST(hex(rig.control({0x80, 6, 0, 3, 0, 0, 255, 0}).data) == "04030904");
  BOOST_TEST(hex(rig.control({0x80, 6, 3, 3, 9, 4, 255, 0}).data) ==
             "0a03"
             "54002d0031003700");  // "T-17"
  BOOST_TEST(hex(rig.control({0x80, 6, 3, 3, 9, 4, 2, 0}).data) == "0a03");
  BOOST_TEST(rig.control({0x80, 6, 9, 3, 9, 4, 255, 0}).status == kStalled);  // no such string
  BOOST_TEST(rig.control({0x80, 6, 0, 6, 0, 0, 10, 0}).status == kStalled);   // qualifier: full speed only
  BOOST_TEST(rig.control({0x80, 6, 1, 2, 0, 0, 9, 0}).status == kStalled);    // no second configuration

  BOOST_TEST(hex(rig.control({0x80, 0, 0, 0, 0, 0, 2, 0}).data) == "0000");
  BOOST_TEST(hex(rig.control({0x80, 8, 0, 0, 0, 0, 1, 0}).data) == "00");
  BOOST_TEST(rig.control({0x81, 10, 0, 0, 1, 0, 1, 0}).status == kStalled);  // not configured yet
  BOOST_TEST(rig.control({0x00, 9, 2, 0, 0, 0, 0, 0}).status == kStalled);   // there is no configuration 2
  BOOST_TEST(rig.control({0x00, 9, 1, 0, 0, 0, 0, 0}).status == 0);
  BOOST_TEST(hex(rig.control({0x80, 8, 0, 0, 0, 0, 1, 0}).data) == "01");
  BOOST_TEST(rig.control({0x01, 11, 0, 0, 1, 0, 0, 0}).status == 0);
  BOOST_TEST(rig.control({0x01, 11, 1, 0, 1, 0, 0, 0}).status == kStalled);  // there is no such alternate setting
  BOOST_TEST(hex(rig.control({0x81, 10, 0, 0, 1, 0, 1, 0}).data) == "00");

  const Bytes coding = unhex("00c20100000008");
  const Answer set = rig.control({0x21, 0x20, 0, 0, 0, 0, 7, 0}, coding);  // of a class: the device's own matter
  BOOST_TEST(set.status == 0);
  BOOST_TEST(set.length == 7u);
  BOOST_TEST(hex(rig.ticker.coding) == hex(coding));
  BOOST_TEST(hex(rig.control({0xa1, 0x21, 0, 0, 0, 0, 7, 0}).data) == hex(coding));
  rig.control({0x21, 0x22, 3, 0, 0, 0, 0, 0});
  BOOST_TEST(rig.ticker.line_state == 3);
  BOOST_TEST(rig.control({0xc0, 0x77, 0, 0, 0, 0, 64, 0}).status == kStalled);
}

BOOST_AUTO_TEST_CASE(the_length_of_a_setup_packet_is_not_trusted) {
  Rig rig;
  rig.send(0, submit(1, true, 0, 4, {0x80, 6, 0, 1, 0, 0, 0xff, 0xff}));  // asks for 65535 into a buffer of 4
  const auto all = rig.take();
  BOOST_TEST(hex(all.at(0).data) == "12010002");
  rig.send(0, submit(2, false, 0, 2, {0x21, 0x20, 0, 0, 0, 0, 7, 0}, unhex("aabb")));  // announces 7, sends 2
  BOOST_TEST(rig.take().at(0).length == 2u);
  BOOST_TEST(hex(rig.ticker.coding) == "aabb");
}

BOOST_AUTO_TEST_CASE(plugging_in_again_forgets_all_and_cycles_the_power) {
  Rig rig;
  rig.control({0x00, 9, 1, 0, 0, 0, 0, 0});
  for (std::uint32_t i = 1; i <= 3; ++i) rig.send(0, submit(i, true, 1, 64));
  rig.device.stall(0x82);
  const int cycles = rig.ticker.cycles;
  rig.device.plug(50 * kMs);
  BOOST_TEST(rig.ticker.cycles == cycles + 1);
  BOOST_TEST(rig.device.pending() == 0u);
  BOOST_TEST(hex(rig.control({0x80, 8, 0, 0, 0, 0, 1, 0}).data) == "00");
  BOOST_TEST(hex(rig.control({0x82, 0, 0, 0, 0x82, 0, 2, 0}).data) == "0000");
  rig.send(50 * kMs, submit(9, true, 1, 64));
  rig.device.run(51 * kMs, rig.out);
  const auto all = rig.take();
  BOOST_REQUIRE(all.size() == 1u);
  BOOST_TEST(all[0].seq == 9u);
  BOOST_TEST(word(all[0].data, 0) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
