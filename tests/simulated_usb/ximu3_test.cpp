// The x-IMU3 on the real USB link: its ids are those of many devices, and it has a mass storage interface beside.
#include "tests/simulated_usb/usb_rig.hpp"

namespace grfd::simulated_usb {

BOOST_AUTO_TEST_SUITE(simulated_usb_ximu3)

BOOST_AUTO_TEST_CASE(streams_both_sensors_and_is_pulled_out_and_plugged_in_again) {
  std::optional<UsbContext> usb;  // outlives the links
  Ximu3 x(1);
  x.plug();
  usb.emplace();
  for (int interface = 0; interface < 3; ++interface) x.port.bind_kernel_driver(interface);
  for (int round = 0; round < 2; ++round) {
    const std::size_t first = x.host.sink.samples.size();
    x.host.open(*usb);
    x.host.start();
    BOOST_TEST((x.host.link->info().speed == LinkSpeed::high));  // so its bus has frames of 0.125 ms
    BOOST_TEST(frame_s(x.host.link->info().speed) == 125e-6);
    BOOST_TEST(x.host.identity.serial == "01234567");
    BOOST_TEST(x.port.claimed().size() == 2u);
    if (round == 0) BOOST_TEST(x.port.kernel_driver(2));  // the mass storage stays the kernel's
    BOOST_REQUIRE(wait_for([&] { return x.host.sink.count > first + 6000; }));
    BOOST_WARN(x.host.driver->check(*x.host.link, monotonic()) == nullptr);
    x.port.unplug();
    BOOST_REQUIRE(wait_for([&] { return x.host.sink.gone > round; }));
    x.host.stop();
    x.host.close();
    x.check(first);
    BOOST_TEST(x.host.sink.after_gone == 0u);
    BOOST_TEST(wait_for([&] { return usb->find(x.host.entry.match()).empty(); }));
    x.plug();
  }
  x.host.open(*usb);
  x.host.start();
  BOOST_REQUIRE(wait_for([&, before = x.host.sink.count.load()] { return x.host.sink.count > before + 500; }));
  x.host.stop();
  BOOST_TEST(x.device.server().active().inertial == 8);  // as it was
  x.host.close();
  BOOST_TEST(x.port.claimed().empty());
  BOOST_TEST(x.port.figures().unclaimed == 0u);
}

BOOST_AUTO_TEST_CASE(devices_of_others_with_its_ids_are_let_go_at_once) {
  std::optional<UsbContext> usb;  // outlives the links
  Ximu3 demo(1, "1", 1), silent(2, "2", 2), odd(3, "3", 3), twin(4, "7"), other_twin(5, "7");
  for (Ximu3* x : {&demo, &silent, &odd, &twin, &other_twin}) x->plug();
  usb.emplace();
  const UsbMatch match = demo.host.entry.match();
  BOOST_REQUIRE(
      wait_for([&] { return usb->changes() >= 5 && usb->find(match).size() == 4; }));  // the demo's strings are others
  std::vector<std::string> serials;
  for (const UsbDevice& d : usb->find(match)) {
    const auto link = usb->open(d);
    const TimeNs begin = monotonic();
    try {
      serials.push_back(demo.host.driver->identify(*link).serial);
    } catch (const std::exception& e) {
      serials.push_back("none");
      BOOST_TEST_MESSAGE(e.what() << ", after " << (monotonic() - begin) / 1'000'000 << " ms");
    }
    BOOST_WARN(monotonic() - begin < 3'000'000'000);
  }
  BOOST_TEST(serials == (std::vector<std::string>{"none", "none", "7", "7"}), boost::test_tools::per_element());
  for (Ximu3* x : {&demo, &silent, &odd, &twin, &other_twin}) BOOST_TEST(x->port.claimed().empty());
  // Two with one serial number: whoever is open is left alone.
  const auto all = usb->find(match);
  const auto first = usb->open(all[2]);
  BOOST_CHECK_THROW(usb->open(all[2]), LinkError);
  BOOST_TEST(demo.host.driver->identify(*usb->open(all[3])).serial == "7");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace grfd::simulated_usb
