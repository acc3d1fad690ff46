// What goes wrong on a bus: stalls, errors, silence, nonsense, a plug pulled in the middle of an answer.
#include <random>

#include "tests/simulated_usb/usb_rig.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#else
static void __lsan_disable() {}
static void __lsan_enable() {}
#endif

namespace grfd::simulated_usb {
namespace {

std::uint64_t counter(const UsbContext& usb, std::string_view name) {
  for (const Counter* c : usb.counters())
    if (name == c->name) return c->get();
  BOOST_FAIL("no counter " << name);
  return 0;
}

/// Passes everything on, but what comes in is nonsense.
struct Hostile final : EmulatedDevice {
  explicit Hostile(EmulatedDevice& d) : device(d) {}
  const LinkInfo& info() const override { return device.info(); }
  std::vector<std::uint8_t> device_descriptor() const override { return device.device_descriptor(); }
  int control(TimeNs now, std::uint8_t t, std::uint8_t r, std::uint16_t v, std::uint16_t i,
              std::span<std::byte> d) override {
    return device.control(now, t, r, v, i, d);
  }
  void out(TimeNs now, std::uint8_t e, std::span<const std::byte> d) override { device.out(now, e, d); }
  void advance(TimeNs now) override { device.advance(now); }
  TimeNs ready(TimeNs now, std::uint8_t e, std::size_t n) override {
    return random ? std::max(now, due) : device.ready(now, e, n);
  }
  int in(TimeNs now, std::uint8_t e, std::span<std::byte> d) override {
    if (!random) return device.in(now, e, d);
    due = now + 200'000;
    return fill(d);
  }
  int partial(TimeNs now, std::uint8_t e, std::span<std::byte> d) override {
    return random ? fill(d) : device.partial(now, e, d);
  }
  void power_cycle(TimeNs now) override { device.power_cycle(now); }
  int fill(std::span<std::byte> d) {
    const std::size_t n = bits() % 5 == 0 ? 0 : bits() % (d.size() + 1);
    for (std::byte& b : d.first(n)) b = static_cast<std::byte>(bits());
    for (std::size_t i = 0; i + 4 < n; i += 1 + bits() % 60) {  // what both protocols look for, with wild lengths
      d[i] = std::byte{0x75}, d[i + 1] = std::byte{0x65}, d[i + 2] = std::byte{0x80};
      if (i + 8 < n) d[i + 5] = std::byte{0xf9}, d[i + 6] = std::byte{0x1d}, d[i + 7] = std::byte{0xc0};
    }
    return static_cast<int>(n);
  }
  EmulatedDevice& device;
  std::atomic<bool> random{false};
  TimeNs due = 0;
  std::mt19937 bits{7};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(simulated_usb_faults)

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

BOOST_AUTO_TEST_CASE(nonsense_on_the_wire_breaks_nothing) {
  std::optional<UsbContext> usb;
  U6 u6(1);
  Mip mip(2);
  Hostile bad_u6(u6.device), bad_mip(mip.device);
  Port u6_port(bus(), 5, bad_u6), mip_port(bus(), 6, bad_mip);
  u6_port.plug();
  mip_port.plug();
  usb.emplace();
  u6.host.open(*usb);
  mip.host.open(*usb);
  u6.host.start();
  mip.host.start();
  BOOST_REQUIRE(wait_for([&] { return u6.host.sink.count > 50 && mip.host.sink.count > 50; }));
  bad_u6.random = bad_mip.random = true;
  BOOST_REQUIRE(wait_for([&] { return u6.host.sink.transfers > 2000 && mip.host.sink.transfers > 2000; }, 60));
  BOOST_CHECK_THROW(u6.host.driver->identify(*u6.host.link), std::exception);  // answers are nonsense too
  u6.host.stop();
  mip.host.stop();
  BOOST_TEST(u6.host.counter("resync_bytes") > 10000u);
  BOOST_TEST(mip.host.counter("resync_bytes") > 10000u);
  BOOST_CHECK_THROW(mip.host.driver->identify(*mip.host.link), std::exception);
  BOOST_TEST_MESSAGE("nonsense: U6 " << u6.host.sink.moved << " bytes, MIP " << mip.host.sink.moved << " bytes");
  bad_u6.random = bad_mip.random = false;
  BOOST_TEST(u6.host.driver->identify(*u6.host.link).serial == "360012345");
  BOOST_TEST(mip.host.driver->identify(*mip.host.link).serial == "6286.123456");
}

BOOST_AUTO_TEST_CASE(nonsense_in_descriptors_breaks_nothing) {
  std::optional<UsbContext> usb;
  usb.emplace();
  Mip mip(2);
  const auto device = mip.device.device_descriptor();
  const auto configuration = mip.device.info().configuration;
  std::mt19937 bits(11);
  int opened = 0, refused = 0, unseen = 0;
  for (int round = 0; round < 40; ++round) {
    auto bytes = device;
    bytes.insert(bytes.end(), configuration.begin(), configuration.end());
    if (round % 2)
      bytes.resize(18 + bits() % configuration.size());
    else
      for (int n = 0; n < 3; ++n) bytes[18 + bits() % configuration.size()] = static_cast<std::uint8_t>(bits());
    mip.port.descriptors = bytes;
    const std::uint64_t changes = usb->changes();
    mip.plug();
    if (!wait_for([&] { return usb->changes() > changes; }, 0.2)) ++unseen;
    __lsan_disable();  // libusb 1.0.26 leaks what it had parsed of a damaged configuration
    for (const UsbDevice& d : usb->find(mip.host.entry.match())) {
      try {
        const auto link = usb->open(d);
        mip.host.driver->identify(*link);
        ++opened;
      } catch (const std::exception&) { ++refused; }
    }
    __lsan_enable();
    mip.port.unplug();
    BOOST_REQUIRE(wait_for([&] { return usb->find({{{0x199b, 0}}, false}).empty(); }));
  }
  BOOST_TEST_MESSAGE("damaged descriptors: " << opened << " opened, " << refused << " refused, " << unseen
                                             << " not seen");
  mip.port.descriptors.clear();
  mip.plug();
  mip.host.open(*usb);
  BOOST_TEST(mip.host.driver->identify(*mip.host.link).serial == "6286.123456");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace grfd::simulated_usb
