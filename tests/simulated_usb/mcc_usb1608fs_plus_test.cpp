// The USB-1608FS-Plus on the real USB link: streamed, overrun, stalled, pulled out, plugged in again.
#include "drivers/emulation/mcc_usb1608fs_plus_device.hpp"
#include "drivers/mcc_usb1608fs_plus_protocol.hpp"
#include "tests/simulated_usb/usb_rig.hpp"

namespace grfd::simulated_usb {
namespace {

DeviceSettings mcc_settings(const std::string& serial) {
  DeviceSettings s;
  s.name = "mcc";
  s.driver = "mcc_usb1608fs_plus";
  for (int i = 0; i < 8; ++i) s.analog_inputs.push_back(i);
  s.emulation.noise = 0;
  s.emulation.serial = serial;
  return s;
}

struct Mcc {
  explicit Mcc(int port_number, const std::string& serial = "01A2B3C4")
      : settings(mcc_settings(serial)), device(settings, {&source, nullptr, {}, nullptr}), port(bus(), port_number, device), host(settings) {}
  void plug() {
    port.plug();
    port.with_device([&] { source.given.clear(); });
  }
  /// Samples from `first` on belong to one start of the scan after `plug` (or clear): no hole, and every code is the one
  /// of the source's voltage in this unit's own calibration, within half a code.
  void check(std::size_t first) {
    std::size_t k = 0;
    for (std::size_t i = first; i < host.sink.samples.size(); ++i) {
      const Sample& s = host.sink.samples[i];
      if (s.stream == 2 && i == first) continue;  // the loss row of the restart
      BOOST_REQUIRE_EQUAL(s.stream, 0);
      BOOST_REQUIRE_EQUAL(s.t_device, k);
      if (k > 0) BOOST_REQUIRE_EQUAL(s.seq, host.sink.samples[i - 1].seq + 1);
      for (std::size_t n = 0; n < 8; ++n) {
        const mcc::ChannelCalibration c = mcc::read_calibration(device.memory(), 0, n);
        BOOST_REQUIRE_SMALL(value<std::int32_t>(s, n) - c.code(source.given.at(k * 8 + n), 10), 0.5 + 1e-6);
      }
      ++k;
    }
    BOOST_TEST(k > 100u);
  }
  DeviceSettings settings;
  SineVolts source;
  MccUsb1608fsPlusDevice device;
  Port port;
  Host host;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(simulated_usb_mcc)

BOOST_AUTO_TEST_CASE(eight_channels_at_1_khz) {
  std::optional<UsbContext> usb;  // outlives the link
  Mcc mcc(1);
  mcc.plug();
  usb.emplace();
  mcc.host.open(*usb);
  BOOST_TEST(mcc.host.found.serial_string == "01A2B3C4");
  mcc.host.start();
  BOOST_TEST(mcc.host.identity.serial == "01A2B3C4");
  BOOST_TEST(mcc.host.identity.firmware == "1.03");
  const TimeNs begin = monotonic();
  while (mcc.host.sink.count < 3000 && monotonic() < begin + 60'000'000'000) {
    BOOST_WARN(mcc.host.driver->check(*mcc.host.link, monotonic()) == nullptr);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  BOOST_TEST(mcc.host.driver->blink(*mcc.host.link));
  BOOST_TEST(mcc.port.with_device([&] { return mcc.device.blinks(); }) == 1u);
  // A stall is cleared by the link and costs nothing.
  mcc.port.stall(0x81);
  BOOST_REQUIRE(wait_for([&] { return mcc.port.figures().halts_cleared == 1u; }));
  const std::size_t then = mcc.host.sink.count;
  BOOST_REQUIRE(wait_for([&] { return mcc.host.sink.count > then + 200; }));
  const double took = seconds(monotonic() - begin);
  mcc.host.stop();
  print("USB-1608FS-Plus, 8 channels", mcc.port, mcc.host.sink, took);
  mcc.check(0);
  BOOST_TEST(mcc.port.figures().deepest >= 16u);
  BOOST_TEST(mcc.port.figures().unclaimed == 0u);
  BOOST_TEST(mcc.host.sink.misplaced == 0u);
  BOOST_TEST(mcc.host.counter("starved") == 0u);
}

BOOST_AUTO_TEST_CASE(unplugged_and_plugged_in_again) {
  std::optional<UsbContext> usb;
  Mcc mcc(1);
  mcc.plug();
  usb.emplace();
  for (int round = 0; round < 3; ++round) {
    const std::size_t first = mcc.host.sink.samples.size();
    mcc.host.open(*usb);
    mcc.host.start();
    BOOST_REQUIRE(wait_for([&] { return mcc.host.sink.count > first + 300; }));
    mcc.port.unplug();
    BOOST_REQUIRE(wait_for([&] { return mcc.host.sink.gone > round; }));
    BOOST_TEST(std::string(mcc.host.sink.reason) == "unplugged");
    mcc.host.stop();
    mcc.host.close();
    BOOST_TEST(mcc.host.sink.after_gone == 0u);
    mcc.check(first);
    BOOST_TEST(wait_for([&] { return usb->find(mcc.host.entry.match()).empty(); }));
    mcc.plug();
  }
}

BOOST_AUTO_TEST_CASE(an_overrun_is_read_from_the_status) {
  std::optional<UsbContext> usb;
  Mcc mcc(1);
  mcc.plug();
  usb.emplace();
  mcc.host.open(*usb);
  mcc.host.start();
  BOOST_REQUIRE(wait_for([&] { return mcc.host.sink.count > 300; }));
  mcc.port.with_device([&] { mcc.device.scanner().force_overrun(); });
  const char* cause = nullptr;
  BOOST_REQUIRE(wait_for([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return (cause = mcc.host.driver->check(*mcc.host.link, monotonic())) != nullptr;
  }));
  BOOST_TEST(std::string(cause) == "fifo_overrun");
  mcc.host.stop();
  mcc.check(0);
  const std::size_t first = mcc.host.sink.samples.size();
  mcc.port.with_device([&] { mcc.source.given.clear(); });
  mcc.host.start();
  BOOST_REQUIRE(wait_for([&] { return mcc.host.sink.count > first + 300; }));
  mcc.host.stop();
  const Sample& loss = mcc.host.sink.samples[first];
  BOOST_TEST(loss.stream == 2);
  BOOST_TEST(value<std::int64_t>(loss, 1) == -1);
  BOOST_TEST(value<std::int64_t>(loss, 2) == 2);  // fifo_overrun
  BOOST_TEST(mcc.host.sink.samples[first + 1].epoch == 1);
  mcc.check(first);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace grfd::simulated_usb
