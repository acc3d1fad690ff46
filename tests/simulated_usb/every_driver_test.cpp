// What every driver must bear on the real USB link: stalls, stops, nonsense on the wire and in descriptors.
#include <random>

#include "tests/simulated_usb/mcc_rig.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#else
static void __lsan_disable() {}
static void __lsan_enable() {}
#endif

namespace grfd::simulated_usb {
BOOST_AUTO_TEST_SUITE(simulated_usb_every_driver)

namespace {

struct Rigs {
  U6 u6{1};
  Mip mip{2};
  Ximu3 ximu3{3};
  Mcc mcc{4};
  struct Line {
    EmulatedDevice& device;
    Port& port;
    Host& host;
    std::uint8_t in;
    std::string serial;
  };
  std::vector<Line> all{{u6.device, u6.port, u6.host, 0x83, "360012345"},
                        {mip.device, mip.port, mip.host, 0x81, "6286.123456"},
                        {ximu3.device, ximu3.port, ximu3.host, 0x82, "01234567"},
                        {mcc.device, mcc.port, mcc.host, 0x81, "01A2B3C4"}};
  Rigs() { BOOST_TEST(all.size() == driver_registry().size()); }  // a new driver belongs here, too
  void plug() {
    u6.plug();
    mip.plug();
    ximu3.plug();
    mcc.plug();
  }
  bool grow(std::size_t samples, double seconds_at_most = 30) {
    std::vector<std::size_t> before;
    for (const Line& line : all) before.push_back(line.host.sink.count);
    return wait_for(
        [&] {
          for (std::size_t i = 0; i < all.size(); ++i)
            if (all[i].host.sink.count < before[i] + samples) return false;
          return true;
        },
        seconds_at_most);
  }
};

/// Passes everything on, but what comes in is nonsense.
struct Hostile final : Through {
  using Through::Through;
  int control(TimeNs now, std::uint8_t t, std::uint8_t r, std::uint16_t v, std::uint16_t i,
              std::span<std::byte> d) override {
    const int n = device.control(now, t, r, v, i, d);
    if (random && (t & 0xe0) == 0xc0)  // a vendor's answer
      for (std::byte& b : d) b = static_cast<std::byte>(bits());
    return n;
  }
  TimeNs ready(TimeNs now, std::uint8_t e, std::size_t n) override {
    return random ? std::max(now, due) : device.ready(now, e, n);
  }
  int in(TimeNs now, std::uint8_t e, std::span<std::byte> d) override {
    if (!random) return device.in(now, e, d);
    due = now + 400'000;
    return fill(d);
  }
  int partial(TimeNs now, std::uint8_t e, std::span<std::byte> d) override {
    return random ? fill(d) : device.partial(now, e, d);
  }
  int fill(std::span<std::byte> d) {
    const std::size_t n = bits() % 5 == 0 ? 0 : bits() % (d.size() + 1);
    for (std::byte& b : d.first(n)) b = static_cast<std::byte>(bits());
    for (std::size_t i = 0; i + 4 < n; i += 1 + bits() % 60) {  // what the protocols look for, with wild lengths
      d[i] = std::byte{0x75}, d[i + 1] = std::byte{0x65}, d[i + 2] = std::byte{0x80};
      if (i + 8 < n) d[i + 5] = std::byte{0xf9}, d[i + 6] = std::byte{0x1d}, d[i + 7] = std::byte{0xc0};
      if (i + 9 < n) d[i + 8] = std::byte{0x0a}, d[i + 9] = std::byte{0xc9};
    }
    return static_cast<int>(n);
  }
  std::atomic<bool> random{false};
  TimeNs due = 0;
  std::mt19937 bits{7};
};

}  // namespace

BOOST_AUTO_TEST_CASE(stalls_are_cleared_and_nothing_is_lost) {
  std::optional<UsbContext> usb;  // outlives the links
  Rigs rigs;
  rigs.plug();
  usb.emplace();
  for (auto& line : rigs.all) line.host.open(*usb);
  for (auto& line : rigs.all) line.host.start();
  for (unsigned round = 1; round <= 3; ++round) {
    BOOST_REQUIRE(rigs.grow(30));
    for (auto& line : rigs.all) line.port.stall(line.in);
    for (auto& line : rigs.all) BOOST_REQUIRE(wait_for([&] { return line.port.figures().halts_cleared == round; }));
  }
  BOOST_REQUIRE(rigs.grow(200));
  for (auto& line : rigs.all) {
    line.host.stop();
    BOOST_TEST(line.host.sink.gone == 0, line.host.entry.name);
    BOOST_TEST(line.port.figures().stalled == 3u, line.host.entry.name);
  }
  rigs.u6.check(0);
  rigs.mip.check(0);
  rigs.ximu3.check(0);
  rigs.mcc.check(0);
}

BOOST_AUTO_TEST_CASE(stopped_started_again_and_destroyed_in_mid_stream) {
  std::optional<UsbContext> usb;  // outlives the links
  Rigs rigs;
  rigs.plug();
  usb.emplace();
  for (auto& line : rigs.all) line.host.open(*usb);
  for (int round = 0; round < 3; ++round) {
    for (auto& line : rigs.all) line.host.start();
    BOOST_REQUIRE(rigs.grow(50));
    std::vector<std::uint64_t> then;
    for (auto& line : rigs.all) {
      line.host.stop();
      then.push_back(line.host.sink.transfers);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    for (std::size_t i = 0; i < rigs.all.size(); ++i)  // no callback runs any more
      BOOST_TEST(rigs.all[i].host.sink.transfers == then[i], rigs.all[i].host.entry.name);
  }
  for (auto& line : rigs.all) {
    BOOST_TEST(line.port.figures().cancelled >= 3u, line.host.entry.name);
    BOOST_TEST(line.host.sink.gone == 0, line.host.entry.name);
    line.host.start();
  }
  BOOST_REQUIRE(rigs.grow(50));
  for (auto& line : rigs.all) {
    line.host.close();
    BOOST_TEST(line.port.claimed().empty(), line.host.entry.name);
  }
}

BOOST_AUTO_TEST_CASE(nonsense_on_the_wire_breaks_nothing) {
  std::optional<UsbContext> usb;  // outlives the links
  Rigs rigs;
  std::vector<std::unique_ptr<Hostile>> bad;
  std::vector<std::unique_ptr<Port>> ports;
  for (auto& line : rigs.all) {
    bad.push_back(std::make_unique<Hostile>(line.device));
    ports.push_back(std::make_unique<Port>(bus(), 4 + static_cast<int>(bad.size()), *bad.back()));
    ports.back()->plug();
  }
  usb.emplace();
  for (auto& line : rigs.all) line.host.open(*usb);
  for (auto& line : rigs.all) line.host.start();
  BOOST_REQUIRE(rigs.grow(50));
  for (auto& device : bad) device->random = true;
  for (auto& line : rigs.all)
    BOOST_REQUIRE(
        wait_for([&, then = line.host.sink.transfers.load()] { return line.host.sink.transfers > then + 1000; }, 60));
  for (auto& line : rigs.all) {
    const std::string name = line.host.entry.name;
    line.host.stop();
    BOOST_TEST_MESSAGE("nonsense: " << name << " " << line.host.sink.moved << " bytes");
    if (name == "mcc_usb1608fs_plus") {  // any bytes are codes, and its answers carry no check
      BOOST_CHECK_NO_THROW(line.host.driver->identify(*line.host.link));
    } else {
      BOOST_CHECK_THROW(line.host.driver->identify(*line.host.link), std::exception);
    }
  }
  BOOST_TEST(rigs.u6.host.counter("resync_bytes") > 10000u);
  BOOST_TEST(rigs.mip.host.counter("resync_bytes") > 10000u);
  BOOST_TEST(rigs.ximu3.host.counter("unknown_message") + rigs.ximu3.host.counter("wrong_length") > 1000u);
  for (auto& device : bad) device->random = false;
  for (auto& line : rigs.all) {  // and afterwards each of them works
    line.host.sink.samples.clear();
    line.host.sink.count = 0;
    // What a device queued meanwhile comes before its answer: who looks for devices asks again, too.
    BOOST_REQUIRE(wait_for([&] {
      try {
        return !line.host.driver->identify(*line.host.link).serial.empty();
      } catch (const LinkError&) { return false; }
    }));
    line.host.start();
    BOOST_TEST(line.host.identity.serial == line.serial);
  }
  BOOST_TEST(rigs.grow(50));
  for (auto& line : rigs.all) line.host.stop();
}

BOOST_AUTO_TEST_CASE(nonsense_in_descriptors_breaks_nothing) {
  std::optional<UsbContext> usb;  // outlives the links
  usb.emplace();
  Rigs rigs;
  std::mt19937 bits(11);
  for (auto& line : rigs.all) {
    const auto device = line.device.device_descriptor();
    const auto configuration = line.device.info().configuration;
    const UsbMatch any{{{static_cast<std::uint16_t>(device[8] | device[9] << 8), 0}}, false};
    int opened = 0, refused = 0, unseen = 0;
    for (int round = 0; round < 30; ++round) {
      auto bytes = device;
      bytes.insert(bytes.end(), configuration.begin(), configuration.end());
      if (round % 2)
        bytes.resize(18 + bits() % configuration.size());
      else
        for (int n = 0; n < 3; ++n) bytes[18 + bits() % configuration.size()] = static_cast<std::uint8_t>(bits());
      line.port.descriptors = bytes;
      const std::uint64_t changes = usb->changes();
      line.port.plug();
      if (!wait_for([&] { return usb->changes() > changes; }, 0.2)) ++unseen;
      __lsan_disable();  // libusb 1.0.26 leaks what it had parsed of a damaged configuration
      for (const UsbDevice& d : usb->find(line.host.entry.match())) {
        try {
          const auto link = usb->open(d);
          line.host.driver->identify(*link);
          ++opened;
        } catch (const std::exception&) { ++refused; }
      }
      __lsan_enable();
      line.port.unplug();
      BOOST_REQUIRE(wait_for([&] { return usb->find(any).empty(); }));
    }
    BOOST_TEST_MESSAGE("damaged descriptors of " << line.host.entry.name << ": " << opened << " opened, " << refused
                                                 << " refused, " << unseen << " not seen");
    line.port.descriptors.clear();
    line.port.plug();
    line.host.open(*usb);
    BOOST_TEST(line.host.driver->identify(*line.host.link).serial == line.serial);
    line.host.close();
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace grfd::simulated_usb
