// What goes wrong on a bus: stalls, errors, silence, a plug pulled in the middle of an answer.
#include "tests/simulated_usb/usb_rig.hpp"

namespace grfd::simulated_usb {
BOOST_AUTO_TEST_SUITE(simulated_usb_faults)

namespace {

std::uint64_t counter(const UsbContext& usb, std::string_view name) {
  for (const Counter* c : usb.counters())
    if (name == c->name) return c->get();
  BOOST_FAIL("no counter " << name);
  return 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_stall_is_cleared_and_nothing_is_lost) {
  std::optional<UsbContext> usb;
  U6 u6(1);
  Mip mip(2);
  u6.plug();
  mip.plug();
  usb.emplace();
  u6.host.open(*usb);
  mip.host.open(*usb);
  u6.host.start();
  mip.host.start();
  const TimeNs begin = monotonic();
  for (int round = 1; round <= 5; ++round) {
    const std::size_t u6_before = u6.host.sink.count, mip_before = mip.host.sink.count;
    BOOST_REQUIRE(
        wait_for([&] { return u6.host.sink.count > u6_before + 30 && mip.host.sink.count > mip_before + 30; }));
    u6.port.stall(0x83);
    mip.port.stall(0x81);
    BOOST_REQUIRE(
        wait_for([&] { return u6.port.figures().halts_cleared + mip.port.figures().halts_cleared == 2u * round; }));
  }
  const std::size_t before = u6.host.sink.count;
  u6.port.fail(0x83, -EPROTO);  // noise on the cable: repeated by hand
  BOOST_REQUIRE(wait_for([&] { return u6.host.sink.count > before + 500; }));
  u6.host.stop();
  mip.host.stop();
  BOOST_TEST(counter(*usb, "stalls") == 10u);
  BOOST_TEST(counter(*usb, "transfer_errors") == 1u);
  BOOST_TEST(u6.host.sink.harmed == 1u);  // and its receiver knows; a stall harms nothing
  BOOST_TEST(mip.host.sink.harmed == 0u);
  BOOST_TEST(u6.port.figures().stalled == 5u);
  BOOST_TEST(u6.host.sink.gone == 0);
  u6.check(0);
  mip.check(0);
  print("U6 with 5 stalls and an error", u6.port, u6.host.sink, seconds(monotonic() - begin));
}

BOOST_AUTO_TEST_CASE(a_device_that_never_recovers_is_given_up_once) {
  std::optional<UsbContext> usb;
  U6 u6(1);
  u6.plug();
  usb.emplace();
  u6.host.open(*usb);
  u6.host.start();
  BOOST_REQUIRE(wait_for([&] { return u6.host.sink.count > 100; }));
  u6.port.fail(0x83, -EPROTO, true);
  BOOST_TEST(wait_for([&] { return u6.host.sink.gone > 0; }));
  BOOST_TEST(std::string(u6.host.sink.reason) == "the stream fails again and again");
  u6.host.stop();
  u6.host.close();
  BOOST_TEST(u6.host.sink.gone == 1);
  BOOST_TEST(u6.host.sink.after_gone == 0u);
}

BOOST_AUTO_TEST_CASE(unplugged_while_an_answer_is_awaited) {
  std::optional<UsbContext> usb;
  Mip mip(2);
  mip.plug();
  usb.emplace();
  std::array<std::byte, 64> data{};
  const std::array<int, 2> interfaces{0, 1};
  enum { control, write, read };
  for (const int what : {control, write, read}) {
    mip.host.open(*usb);
    mip.host.link->claim(interfaces);
    mip.port.freeze(true);
    std::thread puller([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      mip.port.unplug();
    });
    const TimeNs begin = monotonic();
    try {
      if (what == control) mip.host.link->control(0x21, 0x22, 3, 0, {}, 20'000);
      if (what == write) mip.host.link->write(0x01, data, 20'000);
      if (what == read) mip.host.link->read(0x81, data, 20'000);
      BOOST_ERROR("there is nobody who could answer");
    } catch (const LinkError& e) {
      BOOST_CHECK(e.kind == LinkError::Kind::gone);
      BOOST_TEST_MESSAGE(e.what());
    }
    BOOST_TEST(seconds(monotonic() - begin) < 10);
    puller.join();
    mip.host.close();
    mip.port.freeze(false);
    BOOST_REQUIRE(wait_for([&] { return usb->find(mip.host.entry.match()).empty(); }));
    mip.plug();
  }
  // Unplugged between finding and opening.
  BOOST_REQUIRE(wait_for([&] { return usb->find(mip.host.entry.match()).size() == 1; }));
  const UsbDevice device = usb->find(mip.host.entry.match()).front();
  mip.port.unplug();
  try {
    usb->open(device);
    BOOST_ERROR("it is gone");
  } catch (const LinkError& e) { BOOST_CHECK(e.kind == LinkError::Kind::gone); }
}

BOOST_AUTO_TEST_CASE(silence_ends_in_a_timeout_and_the_link_goes_on) {
  std::optional<UsbContext> usb;
  U6 u6(1);
  u6.plug();
  usb.emplace();
  u6.host.open(*usb);
  const std::array<int, 1> interfaces{0};
  u6.host.link->claim(interfaces);
  std::array<std::byte, 64> data{};
  u6.port.freeze(true);
  BOOST_TEST(u6.host.link->read(0x82, data, 20) == 0u);
  for (const bool is_control : {true, false}) {
    try {
      if (is_control)
        u6.host.link->control(0x80, 0, 0, 0, std::span(data).first(2), 20);
      else
        u6.host.link->write(0x01, data, 20);
      BOOST_ERROR("nobody answered");
    } catch (const LinkError& e) { BOOST_CHECK(e.kind == LinkError::Kind::timeout); }
  }
  u6.port.freeze(false);
  try {
    u6.host.link->control(0xc0, 0x55, 0, 0, data, 1000);
    BOOST_ERROR("a U6 knows no vendor requests");
  } catch (const LinkError& e) { BOOST_CHECK(e.kind == LinkError::Kind::stall); }
  BOOST_TEST(u6.host.link->control(0x80, 0, 0, 0, std::span(data).first(2), 1000) == 2u);
  u6.port.stall(0x82);
  BOOST_CHECK_THROW(u6.host.link->read(0x82, data, 1000), LinkError);
  BOOST_TEST(u6.port.figures().halts_cleared == 1u);
  BOOST_CHECK_THROW(u6.host.link->start_stream(0x84, 128, 8), LinkError);  // no such endpoint
  BOOST_CHECK_THROW(u6.host.link->start_stream(0x83, 100, 8), LinkError);  // a packet more would not fit
  BOOST_TEST(u6.host.driver->identify(*u6.host.link).serial == "360012345");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace grfd::simulated_usb
