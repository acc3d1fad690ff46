// The USB-1608FS-Plus on the real USB link: streamed, overrun, stalled, pulled out, plugged in again.
#include "drivers/mcc_usb1608fs_plus_stream.hpp"
#include "tests/simulated_usb/mcc_rig.hpp"

namespace grfd::simulated_usb {

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

// Nothing in its bytes tells what a failed transfer held: no row is made any more, until a new start.
BOOST_AUTO_TEST_CASE(a_transfer_that_fails_ends_in_a_new_start) {
  std::optional<UsbContext> usb;
  Mcc mcc(1);
  mcc.plug();
  usb.emplace();
  mcc.host.open(*usb);
  mcc.host.start();
  std::size_t first = 0;
  unsigned epoch = 0;
  for (const auto& [error, why] : {std::pair{-EPROTO, "transfer_error"}, std::pair{-EOVERFLOW, "transfer_overflow"}}) {
    BOOST_REQUIRE(wait_for([&] { return mcc.host.sink.count > first + 300; }));
    BOOST_REQUIRE(mcc.host.driver->check(*mcc.host.link, monotonic()) == nullptr);
    mcc.port.fail(0x81, error);
    BOOST_REQUIRE(wait_for([&] { return mcc.host.sink.harmed == epoch + 1; }));
    const std::uint64_t moved = mcc.host.sink.moved;
    const std::size_t rows = mcc.host.sink.count;
    BOOST_REQUIRE(wait_for([&] { return mcc.host.sink.moved > moved + 1600; }));  // the stream itself goes on
    BOOST_TEST(mcc.host.sink.count == rows);
    const char* cause = mcc.host.driver->check(*mcc.host.link, monotonic());
    BOOST_REQUIRE(cause);
    BOOST_TEST(std::string(cause) == why);
    mcc.host.stop();
    BOOST_REQUIRE_EQUAL(mcc.host.sink.samples.size(), rows);
    mcc.check(first);
    first = rows;
    mcc.port.with_device([&] { mcc.source.given.clear(); });
    mcc.host.start();
    BOOST_REQUIRE(wait_for([&] { return mcc.host.sink.count > first + 300; }));
    ++epoch;
    const Sample loss = mcc.host.sink.samples[first], row = mcc.host.sink.samples[first + 1];
    BOOST_TEST(loss.stream == 2);
    BOOST_TEST(value<std::int64_t>(loss, 0) == static_cast<std::int64_t>(row.seq));
    BOOST_TEST(value<std::int64_t>(loss, 1) == -1);
    BOOST_TEST(value<std::int64_t>(loss, 2) == static_cast<std::int64_t>(MccLoss::link_error));
    BOOST_TEST(row.epoch == epoch);
  }
  mcc.host.stop();
  mcc.check(first);
  BOOST_TEST(mcc.host.sink.gone == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace grfd::simulated_usb
