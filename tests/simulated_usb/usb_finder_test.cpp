// The right device among several, and nobody disturbed who is not meant.
#include "daemon/usb_finder.hpp"
#include "tests/simulated_usb/usb_rig.hpp"

namespace grfd::simulated_usb {
BOOST_AUTO_TEST_SUITE(simulated_usb_finder)

namespace {

std::unique_ptr<Link> find_within(UsbFinder& finder, const DeviceSettings& settings, Driver& driver, double seconds) {
  std::unique_ptr<Link> link;
  wait_for([&] { return (link = finder.open(settings, driver)) != nullptr; }, seconds);
  return link;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_unit_with_the_serial_is_opened_and_others_are_left_alone) {
  std::optional<UsbFinder> finder;  // outlives the links
  U6 other(1, "360000001"), wanted(2, "360000002");
  other.plug();
  wanted.plug();
  finder.emplace(false);
  DeviceSettings settings = wanted.settings;
  settings.serial = "360000002";
  const auto driver = wanted.host.entry.make(settings, 0);
  auto link = find_within(*finder, settings, *driver, 10);
  BOOST_REQUIRE(link);
  BOOST_TEST(driver->identify(*link).serial == "360000002");
  BOOST_TEST(other.port.claimed().empty());
  BOOST_TEST(wanted.port.claimed().size() == 1u);
  Sink sink(*driver);
  link->set_receiver(&sink);
  FixedBatch<16> facts;
  driver->start(*link, facts);
  BOOST_TEST(wait_for([&] { return sink.count > 100; }));

  // While it streams nobody else can have it, and the other one is not asked again.
  const std::uint64_t asked = finder->identified(), urbs = other.port.figures().urbs;
  for (int i = 0; i < 5; ++i) BOOST_TEST(!finder->open(settings, *driver));
  BOOST_TEST(finder->identified() == asked);
  BOOST_TEST(other.port.figures().urbs == urbs);

  // Unplugged, and in again: found by its serial, at another address.
  wanted.port.unplug();
  BOOST_REQUIRE(wait_for([&] { return sink.gone == 1; }));
  driver->stop(*link);
  link.reset();
  // At once, before udev's news: the node may still be listed, but cannot be opened. That is no trouble, it is absence.
  for (int i = 0; i < 20; ++i) BOOST_TEST(!finder->open(settings, *driver));
  wanted.plug();
  link = find_within(*finder, settings, *driver, 10);
  BOOST_REQUIRE(link);
  BOOST_TEST(driver->identify(*link).serial == "360000002");
  link.reset();

  // The other one goes and comes: it is asked once more, and a search for any unit takes it.
  other.port.unplug();
  wanted.port.unplug();
  BOOST_REQUIRE(wait_for([&] { return !finder->open(settings, *driver); }));
  other.plug();
  const std::uint64_t before = finder->identified();
  BOOST_TEST(!find_within(*finder, settings, *driver, 1));
  BOOST_TEST(finder->identified() == before + 1);
  settings.serial.clear();
  const auto any = wanted.host.entry.make(settings, 0);
  link = find_within(*finder, settings, *any, 10);
  BOOST_REQUIRE(link);
  BOOST_TEST(any->identify(*link).serial == "360000001");
}

// libusb tells of a device that arrives while it enumerates once or twice.
BOOST_AUTO_TEST_CASE(a_device_that_arrives_during_the_enumeration_is_one_device) {
  U6 unit(1, "360000001");
  for (int i = 0; i < 40; ++i) {
    std::thread plug([&] { unit.plug(); });
    {
      const UsbContext usb;
      plug.join();
      BOOST_REQUIRE(wait_for([&] { return usb.changes() > 0; }));
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      BOOST_TEST(usb.changes() == 1u);
    }
    unit.port.unplug();
  }
}

BOOST_AUTO_TEST_CASE(of_twins_one_is_taken_and_that_is_said) {
  std::optional<UsbFinder> finder;
  Mip one(1), other(2);  // both say the same serial
  one.port.plug();
  other.port.plug();
  finder.emplace(false);
  DeviceSettings settings = one.settings;
  settings.serial = "6286.123456";
  const auto driver = one.host.entry.make(settings, 0);
  BOOST_REQUIRE(wait_for([&] { return finder->changes() == 2; }));
  const auto link = find_within(*finder, settings, *driver, 10);
  BOOST_REQUIRE(link);
  BOOST_TEST(finder->twins() == std::set<std::string>{"microstrain_mip " + settings.serial},
             boost::test_tools::per_element());
  BOOST_TEST(one.port.claimed().size() + other.port.claimed().size() > 0u);
  BOOST_TEST((one.port.claimed().empty() || other.port.claimed().empty()));
}

BOOST_AUTO_TEST_CASE(the_auxiliary_port_of_a_unit_is_never_taken) {
  for (const bool aux_first : {true, false}) {
    std::optional<UsbFinder> finder;
    Mip main(1);
    EmulationSettings emulation = main.settings.emulation;
    emulation.faults["aux_port"] = 1;
    SineMotion source;
    MicrostrainMipDevice device(emulation, &source);
    Port aux(bus(), 2, device);
    if (aux_first) aux.plug();
    main.plug();
    if (!aux_first) aux.plug();
    finder.emplace(false);
    BOOST_REQUIRE(wait_for([&] { return finder->changes() == 2; }));
    const auto driver = main.host.entry.make(main.settings, 0);
    const auto link = find_within(*finder, main.settings, *driver, 10);
    BOOST_REQUIRE(link);
    BOOST_TEST(link->info().serial_string.starts_with("0000"));
    BOOST_TEST(aux.claimed().empty());
  }
}

BOOST_AUTO_TEST_CASE(a_device_that_does_not_answer_is_not_asked_all_the_time) {
  std::optional<UsbFinder> finder;
  Mip mip(1);
  // Answers enumeration, but nothing else comes in.
  struct Mute final : Through {
    using Through::Through;
    void out(TimeNs, std::uint8_t, std::span<const std::byte>) override {}
    void advance(TimeNs) override {}
    TimeNs ready(TimeNs, std::uint8_t, std::size_t) override { return kNever; }
    int in(TimeNs, std::uint8_t, std::span<std::byte>) override { return -1; }
    int partial(TimeNs, std::uint8_t, std::span<std::byte>) override { return 0; }
  } mute(mip.device);
  Port port(bus(), 2, mute);
  port.plug();
  finder.emplace(false);
  std::string trouble;
  const auto try_once = [&] {
    try {
      BOOST_TEST(!finder->open(mip.settings, *mip.host.driver));
    } catch (const LinkError& e) { trouble = e.what(); }
  };
  BOOST_REQUIRE(wait_for([&] { return try_once(), !trouble.empty(); }));
  BOOST_TEST_MESSAGE(trouble);
  BOOST_TEST(finder->identified() == 1u);
  trouble.clear();
  for (int i = 0; i < 10; ++i) try_once();
  BOOST_TEST(!trouble.empty());  // said each time, without asking the device
  BOOST_TEST(finder->identified() == 1u);
  BOOST_TEST(port.claimed().empty());
  BOOST_REQUIRE(wait_for([&] { return try_once(), finder->identified() == 2u; }));  // after a second
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace grfd::simulated_usb
