// Front ends as no document excludes them, on the real USB link: other descriptors, transfers that end early, units
// that restart by themselves and come back at another address, and a unit that streams for somebody else.
#include "daemon/usb_finder.hpp"
#include "tests/simulated_usb/mcc_rig.hpp"

namespace grfd::simulated_usb {
BOOST_AUTO_TEST_SUITE(simulated_usb_doubts)

namespace {

std::string ask_u6(U6& u6, const u6::Bytes& command) {
  return u6.port.with_device([&] {
    const TimeNs now = u6.port.powered_at();  // the device's time does not go back
    u6.device.out(now, 0x01, std::as_bytes(std::span(command)));
    u6::Bytes answer(64);
    const int n = u6.device.in(now, 0x82, std::as_writable_bytes(std::span(answer)));
    std::string text;
    for (int i = 0; i < n; ++i) {
      char two[4];
      std::snprintf(two, sizeof two, "%02X ", answer[static_cast<std::size_t>(i)]);
      text += two;
    }
    return text;
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_u6_with_other_descriptors_whose_transfers_end_early) {
  for (const std::map<std::string, double>& faults :
       {std::map<std::string, double>{{"short_read", 0.3}, {"interface_class", 0}, {"no_strings", 1}},
        std::map<std::string, double>{{"short_read", 0.05}, {"interface_class", 3}, {"serial_string", 1}}}) {
    std::optional<UsbContext> usb;  // outlives the link
    U6 u6(1, "360012345", faults);
    u6.plug();
    usb.emplace();
    u6.host.open(*usb);
    BOOST_TEST(u6.host.found.serial_string == (faults.count("serial_string") ? "360012345" : ""));
    u6.host.start();
    BOOST_TEST(u6.host.identity.serial == "360012345");
    const TimeNs begin = monotonic();
    BOOST_REQUIRE(wait_for([&] { return u6.host.sink.count > 1500; }));
    u6.host.stop();
    u6.check(0);
    std::uint64_t ended_early = 0;
    for (const Counter* c : usb->counters())
      if (std::string_view(c->name) == "short") ended_early = c->get();
    print("U6 with short transfers", u6.port, u6.host.sink, seconds(monotonic() - begin));
    BOOST_TEST_MESSAGE(ended_early << " transfers ended early");
    BOOST_TEST(ended_early > (faults.at("short_read") > 0.1 ? 100u : 20u));
    BOOST_TEST(u6.host.counter("resync_bytes") == 0u);
  }
}

// The reset command of another program: the unit leaves the bus and comes back at another address.
BOOST_AUTO_TEST_CASE(units_that_restart_in_mid_stream_come_back_in_a_new_epoch) {
  std::optional<UsbContext> usb;
  U6 u6(1);
  Mcc mcc(2);
  u6.plug();
  mcc.plug();
  usb.emplace();
  const auto again = [&](auto& unit, auto reset) {
    unit.host.open(*usb);
    unit.host.start();
    BOOST_REQUIRE(wait_for([&] { return unit.host.sink.count > 300; }));
    reset();
    unit.port.unplug();
    BOOST_REQUIRE(wait_for([&] { return unit.host.sink.gone > 0; }));
    unit.host.stop();
    unit.host.close();
    const std::size_t first = unit.host.sink.samples.size();
    BOOST_REQUIRE(wait_for([&] { return usb->find(unit.host.entry.match()).empty(); }));
    unit.plug();
    unit.host.open(*usb);
    unit.host.start();
    BOOST_REQUIRE(wait_for([&] { return unit.host.sink.count > first + 300; }));
    unit.host.stop();
    const Sample &last = unit.host.sink.samples[first - 1], &loss = unit.host.sink.samples[first],
                 &next = unit.host.sink.samples[first + 1];
    BOOST_TEST(loss.stream == 2);
    BOOST_TEST(value<std::int64_t>(loss, 0) == static_cast<std::int64_t>(last.seq + 1));
    BOOST_TEST(value<std::int64_t>(loss, 1) == -1);
    BOOST_TEST(next.seq == last.seq + 1);
    BOOST_TEST(next.epoch == last.epoch + 1);
    BOOST_TEST(next.t_device == 0u);
    BOOST_TEST(next.flags == (kGapBefore | kNewEpoch));
    return value<std::int64_t>(loss, 2);
  };
  const auto cause = again(u6, [&] {
    const u6::Bytes command{0x9c, 0x99, 0x03, 0x00};
    u6.host.link->write(0x01, std::as_bytes(std::span(command)), 1000);
    std::array<std::byte, 64> answer{};
    BOOST_TEST(u6.host.link->read(0x82, answer, 1000) == 4u);
    BOOST_TEST((answer[1] == std::byte{0x99} && answer[3] == std::byte{0}));
  });
  BOOST_TEST(cause == 5);  // restart
  BOOST_TEST(u6.host.counter("stop_failed") == 1u);
  BOOST_TEST(again(mcc, [&] { mcc.host.link->control(0x40, 0x42, 0, 0, {}, 1000); }) == 1);
  BOOST_TEST(mcc.port.with_device([&] { return mcc.device.resets(); }) == 1u);
}

BOOST_AUTO_TEST_CASE(units_of_others_stream_on_while_ours_is_looked_for) {
  std::optional<UsbFinder> finder;  // outlives the links
  U6 u6(1, "360000001");
  Mcc mcc(2, "0BADCAFE");
  u6.plug();
  mcc.plug();
  // Two channels at 1 kHz for the U6, all eight for the other: started by somebody else.
  BOOST_TEST(ask_u6(u6, u6::extended_frame(0x11, u6::Bytes{2, 1, 25, 0, 0, 0, 0xa0, 0x0f, 0, 0, 1, 0})) ==
             "0B F8 01 11 00 00 00 00 ");
  BOOST_TEST(ask_u6(u6, {0xa8, 0xa8}) == "A9 A9 00 00 ");
  mcc.port.with_device([&] {
    auto start = mcc::encode({0, 39999, 0xff, mcc::kNoStall});
    BOOST_TEST(mcc.device.control(mcc.port.powered_at(), 0x40, 0x11, 0, 0, start) == 10);
  });
  finder.emplace(false);
  for (DeviceSettings settings : {u6.settings, mcc.settings}) {
    settings.serial = settings.driver == "labjack_u6" ? "360000002" : "01A2B3C4";
    const auto driver = find_driver(settings.driver)->make(settings, 0);
    BOOST_REQUIRE(wait_for([&] { return finder->changes() == 2; }));
    const std::uint64_t asked = finder->identified();
    for (int i = 0; i < 50 && finder->identified() == asked; ++i) {
      BOOST_TEST(!finder->open(settings, *driver));
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    BOOST_TEST(finder->identified() == asked + 1);
  }
  BOOST_TEST(u6.port.claimed().empty());
  BOOST_TEST(mcc.port.claimed().empty());
  BOOST_TEST(u6.port.figures().out == 1u);                 // one command: who are you
  BOOST_TEST(ask_u6(u6, {0xa8, 0xa8}) == "D9 A9 30 00 ");  // streams already
  BOOST_TEST(mcc.port.with_device([&] { return mcc.device.scanner().running(); }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace grfd::simulated_usb
