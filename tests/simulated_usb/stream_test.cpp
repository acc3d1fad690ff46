// The drivers on the real USB link: found, streamed, stopped, pulled out, plugged in again.
#include "tests/simulated_usb/usb_rig.hpp"

namespace grfd::simulated_usb {

BOOST_AUTO_TEST_SUITE(simulated_usb)

BOOST_AUTO_TEST_CASE(devices_are_found_and_told_apart) {
  std::optional<UsbContext> usb;  // outlives the links
  U6 u6(1);
  Mip mip(2), foreign(3), generic(4);
  // 0483:5740 is everybody's virtual serial port: foreign is another maker's, generic is MicroStrain's.
  struct Renamed final : Through {
    Renamed(EmulatedDevice& d, std::string maker) : Through(d), facts(d.info()) {
      facts.manufacturer = std::move(maker);
    }
    const LinkInfo& info() const override { return facts; }
    std::vector<std::uint8_t> device_descriptor() const override {
      auto d = device.device_descriptor();
      d[8] = 0x83, d[9] = 0x04, d[10] = 0x40, d[11] = 0x57;
      return d;
    }
    LinkInfo facts;
  };
  Renamed other(foreign.device, "STMicroelectronics"), microstrain(generic.device, "LORD MICROSTRAIN");
  Port port5(bus(), 5, other), port6(bus(), 6, microstrain);
  const UsbMatch imu = mip.host.entry.match(), plate = u6.host.entry.match();

  u6.plug();
  usb.emplace();  // one device is there already, the others come later
  mip.plug();
  port5.plug();
  port6.plug();
  BOOST_REQUIRE(wait_for([&] { return usb->changes() >= 4; }));
  const auto plates = usb->find(plate);
  BOOST_REQUIRE_EQUAL(plates.size(), 1u);
  BOOST_TEST(plates[0].manufacturer == "LabJack");
  BOOST_TEST(plates[0].product == "U6");
  BOOST_TEST(plates[0].vendor_id == 0x0cd5);
  BOOST_TEST(!plates[0].busy);
  const auto imus = usb->find(imu);
  BOOST_REQUIRE_EQUAL(imus.size(), 2u);
  BOOST_TEST(imus[0].serial_string == "0000__6286.123456");
  BOOST_TEST(imus[1].vendor_id == 0x0483);
  BOOST_TEST(imus[1].manufacturer == "LORD MICROSTRAIN");
  UsbMatch no_acm = plate;
  no_acm.cdc_acm = true;
  BOOST_TEST(usb->find(no_acm).empty());  // a U6 is no serial port

  mip.port.bind_kernel_driver(0);
  mip.port.bind_kernel_driver(1);
  {
    const auto link = usb->open(imus[0]);
    BOOST_TEST(link->info().configuration == mip.device.info().configuration);
    BOOST_TEST((link->info().speed == LinkSpeed::full));
    BOOST_TEST(usb->find(imu)[0].busy);
    BOOST_CHECK_THROW(usb->open(imus[0]), LinkError);
    BOOST_TEST(mip.host.driver->identify(*link).serial == "6286.123456");
    BOOST_TEST(!mip.port.kernel_driver(0));
    BOOST_TEST(mip.port.claimed().size() == 2u);
  }
  BOOST_TEST(mip.port.kernel_driver(0));  // given back
  BOOST_TEST(mip.port.kernel_driver(1));
  BOOST_TEST(mip.port.claimed().empty());
  BOOST_TEST(!usb->find(imu)[0].busy);

  u6.port.set_foreign_claim(0);
  const auto taken = usb->open(plates[0]);
  try {
    u6.host.driver->identify(*taken);
    BOOST_FAIL("another program has this interface");
  } catch (const LinkError& e) { BOOST_TEST(std::string(e.what()) == "interface 0 is in use by another program"); }
}

BOOST_AUTO_TEST_CASE(both_drivers_stream_at_once_and_nothing_is_lost) {
  std::optional<UsbContext> usb;  // outlives the links
  U6 u6(1);
  Mip mip(2);
  u6.plug();
  mip.plug();
  usb.emplace();
  u6.host.open(*usb);
  mip.host.open(*usb);
  u6.host.start();
  mip.host.start();
  BOOST_TEST(u6.host.identity.serial == "360012345");
  BOOST_TEST(mip.host.identity.serial == "6286.123456");
  const TimeNs begin = monotonic();
  const std::size_t enough = 5000;
  while ((u6.host.sink.count < enough || mip.host.sink.count < enough) && monotonic() < begin + 60'000'000'000) {
    for (Host* host : {&u6.host, &mip.host}) BOOST_WARN(host->driver->check(*host->link, monotonic()) == nullptr);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  const double took = seconds(monotonic() - begin);
  u6.host.stop();
  mip.host.stop();
  print("U6, 13 channels", u6.port, u6.host.sink, took);
  print("MIP", mip.port, mip.host.sink, took);
  BOOST_TEST(u6.host.sink.count >= enough);
  BOOST_TEST(mip.host.sink.count >= enough);
  u6.check(0);
  mip.check(0);
  for (Port* port : {&u6.port, &mip.port}) {
    BOOST_TEST(port->figures().deepest >= 8u);
    BOOST_TEST(port->figures().unclaimed == 0u);
  }
  for (const Host* host : {&u6.host, &mip.host}) {
    BOOST_TEST(host->sink.misplaced == 0u);
    BOOST_TEST(host->sink.gone == 0);
  }
  BOOST_TEST(pthread_equal(u6.host.sink.thread, mip.host.sink.thread));
  for (const Counter* c : usb->counters())
    if (std::string_view(c->name) != "transfers" && std::string_view(c->name) != "short")
      BOOST_TEST(c->get() == 0u, c->name);
}

BOOST_AUTO_TEST_CASE(unplugged_in_mid_stream_and_plugged_in_again) {
  std::optional<UsbContext> usb;  // outlives the links
  U6 u6(1);
  Mip mip(2);
  u6.plug();
  mip.plug();
  usb.emplace();
  std::uint64_t plug = 0;
  std::uint8_t address = 0;
  for (int round = 0; round < 3; ++round) {
    const std::size_t u6_first = u6.host.sink.samples.size(), mip_first = mip.host.sink.samples.size();
    u6.host.open(*usb);
    BOOST_TEST(u6.host.found.plug > plug);
    BOOST_TEST(int(u6.host.found.address) > int(address));
    plug = u6.host.found.plug;
    address = u6.host.found.address;
    mip.host.open(*usb);
    u6.host.start();
    mip.host.start();
    BOOST_REQUIRE(
        wait_for([&] { return u6.host.sink.count > u6_first + 300 && mip.host.sink.count > mip_first + 300; }));
    u6.port.unplug();
    mip.port.unplug();
    BOOST_REQUIRE(wait_for([&] { return u6.host.sink.gone > round && mip.host.sink.gone > round; }));
    BOOST_TEST(std::string(u6.host.sink.reason) == "unplugged");
    const TimeNs begin = monotonic();
    u6.host.stop();  // what the devices thread does then
    mip.host.stop();
    std::array<std::byte, 64> answer;
    try {
      u6.host.link->read(0x82, answer, 1000);
      BOOST_FAIL("there is no device");
    } catch (const LinkError& e) { BOOST_CHECK(e.kind == LinkError::Kind::gone); }
    u6.host.close();
    mip.host.close();
    BOOST_TEST(seconds(monotonic() - begin) < 5);
    BOOST_TEST(u6.host.sink.gone == round + 1);
    BOOST_TEST(mip.host.sink.gone == round + 1);
    BOOST_TEST(u6.host.sink.after_gone == 0u);
    u6.check(u6_first);
    mip.check(mip_first);
    BOOST_TEST(wait_for(
        [&] { return usb->find(u6.host.entry.match()).empty() && usb->find(mip.host.entry.match()).empty(); }));
    u6.plug();
    mip.plug();
  }
  u6.host.open(*usb);
  mip.host.open(*usb);
}

BOOST_AUTO_TEST_CASE(stopped_and_started_again) {
  std::optional<UsbContext> usb;  // outlives the links
  Mip mip(2);
  U6 u6(1);
  mip.plug();
  u6.plug();
  usb.emplace();
  mip.host.open(*usb);
  u6.host.open(*usb);
  for (int round = 0; round < 5; ++round) {
    const std::size_t before = mip.host.sink.count, u6_before = u6.host.sink.count;
    mip.host.start();
    u6.host.start();
    BOOST_REQUIRE(wait_for([&] { return mip.host.sink.count > before + 50 && u6.host.sink.count > u6_before + 50; }));
    mip.host.stop();
    u6.host.stop();
    const std::size_t then = mip.host.sink.transfers;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    BOOST_TEST(mip.host.sink.transfers == then);  // no callback runs any more
  }
  BOOST_TEST(u6.host.counter("packet_lost") == 0u);
  BOOST_TEST(mip.port.figures().cancelled >= 5u * 8u);
  // A cancelled transfer hands over what it had: without StreamStop the last, half-filled transfer arrives.
  const auto& entry = u6.host.entry;
  auto driver = entry.make(u6.settings, 0);
  Sink sink(*driver);
  u6.host.link->set_receiver(&sink);
  FixedBatch<16> facts;
  driver->start(*u6.host.link, facts);
  BOOST_REQUIRE(wait_for([&] { return sink.count > 100; }));
  std::uint64_t odd = 0;
  for (int i = 0; i < 20 && odd == 0; ++i) {
    u6.host.link->stop_stream(0x83, 0);
    odd = sink.moved % 128;
    u6.host.link->start_stream(0x83, 128, 12);
    std::this_thread::sleep_for(
        std::chrono::microseconds(2000 + 317 * i));  // at another phase of the transfers each time
  }
  BOOST_TEST(odd == 64u);
  BOOST_REQUIRE(wait_for([&, before = sink.count.load()] { return sink.count > before + 100; }));
  u6.host.link->stop_stream(0x83, 0);
  for (const Counter* c : driver->counters())
    for (const char* damage : {"packet_lost", "bad_header", "bad_checksum"})
      if (std::string_view(c->name) == damage) BOOST_TEST(c->get() == 0u, damage);
  // Destroyed while it streams, receiver and all.
  mip.host.start();
  mip.host.close();
  u6.host.close();
  BOOST_TEST(mip.port.claimed().empty());
}

BOOST_AUTO_TEST_CASE(another_unit_of_the_same_kind_is_released) {
  std::optional<UsbContext> usb;  // outlives the links
  U6 first(1, "360012345"), second(2, "360099999");
  first.plug();
  second.plug();
  usb.emplace();
  BOOST_REQUIRE(wait_for([&] { return usb->find(first.host.entry.match()).size() == 2; }));
  std::vector<std::string> serials;
  for (const UsbDevice& d : usb->find(first.host.entry.match())) {
    const auto link = usb->open(d);
    serials.push_back(first.host.driver->identify(*link).serial);
  }
  BOOST_TEST(serials == (std::vector<std::string>{"360012345", "360099999"}), boost::test_tools::per_element());
  BOOST_TEST(first.port.claimed().empty());
  BOOST_TEST(second.port.claimed().empty());
  DeviceSettings settings = first.settings;
  settings.serial = "360099999";
  const auto driver = first.host.entry.make(settings, 0);
  const auto wrong = usb->open(usb->find(first.host.entry.match())[0]);
  FixedBatch<16> facts;
  BOOST_CHECK_THROW(driver->start(*wrong, facts), DeviceError);
  const auto right = usb->open(usb->find(first.host.entry.match())[1]);
  Sink sink(*driver);
  right->set_receiver(&sink);
  driver->start(*right, facts);
  BOOST_TEST(wait_for([&] { return sink.count > 100; }));
  driver->stop(*right);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace grfd::simulated_usb
