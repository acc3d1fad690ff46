// A USB-1608FS-Plus behind simulated usbfs, and what must come out of it.
#pragma once
#include "drivers/emulation/mcc_usb1608fs_plus_device.hpp"
#include "drivers/mcc_usb1608fs_plus_protocol.hpp"
#include "tests/simulated_usb/usb_rig.hpp"

namespace grfd::simulated_usb {

inline DeviceSettings mcc_settings(const std::string& serial) {
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
      : settings(mcc_settings(serial)),
        device(settings, {&source, nullptr, {}, nullptr}),
        port(bus(), port_number, device),
        host(settings) {}
  void plug() {
    port.plug();
    port.with_device([&] { source.given.clear(); });
  }
  /// Samples from `first` on belong to one start of the scan after `plug` (or clear): no hole, and every code is the
  /// one of the source's voltage in this unit's own calibration, within half a code.
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

}  // namespace grfd::simulated_usb
