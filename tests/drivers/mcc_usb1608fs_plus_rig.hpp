// Driver and emulated USB-1608FS-Plus tied together in virtual time.
#pragma once
#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "drivers/driver.hpp"
#include "drivers/emulation/emulated_link.hpp"
#include "drivers/emulation/mcc_usb1608fs_plus_device.hpp"
#include "drivers/mcc_usb1608fs_plus_protocol.hpp"
#include "drivers/mcc_usb1608fs_plus_settings.hpp"
#include "drivers/mcc_usb1608fs_plus_stream.hpp"

namespace grfd::mcc_test {

using namespace mcc;
constexpr TimeNs kMs = 1'000'000;

inline std::vector<std::byte> bytes_of(std::initializer_list<int> list) {
  std::vector<std::byte> b;
  for (const int v : list) b.push_back(static_cast<std::byte>(v));
  return b;
}

struct Volts final : AnalogSource {
  std::function<double(int, double)> f = [](int, double) { return 0.0; };
  double volts(int input, double t_s) override { return f(input, t_s); }
};

struct TestClock final : LabClock {
  TimeNs t = 0;
  TimeNs now() const override { return t; }
  void sleep_until(TimeNs) override {}
};

inline DeviceSettings unit(const std::string& name = "mcc", int inputs = 8) {
  DeviceSettings s;
  s.name = name;
  s.driver = "mcc_usb1608fs_plus";
  for (int i = 0; i < inputs; ++i) s.analog_inputs.push_back(i);
  s.emulation.noise = 0;
  s.emulation.jitter_ms = 0;
  return s;
}

/// A unit, its link and its driver, in virtual time.
struct Rig : Link::Receiver {
  Rig(const DeviceSettings& s, TestClock& c, PacerWire* wire = nullptr, SyncLine sync = {})
      : settings(s),
        clock(c),
        senses{&source, nullptr, sync, wire},
        own(std::make_unique<MccUsb1608fsPlusDevice>(s, senses)),
        device(*own),
        link(std::move(own), s.emulation, c, 0),
        driver(find_driver("mcc_usb1608fs_plus")->make(s, 0)),
        batch(&Rig::keep, this) {
    link.set_receiver(this);
  }
  void bytes(std::span<const std::byte> data, TimeNs arrival) noexcept override {
    driver->decode(data, arrival, batch);
    batch.flush();
  }
  void lost(const char* why) noexcept override { reason = why; }
  static void keep(void* self, std::span<const Sample> all) noexcept {
    auto& rig = *static_cast<Rig*>(self);
    for (const Sample& s : all) rig.rows.at(s.stream).push_back(s);
  }
  void start() {
    facts.clear();
    driver->start(link, facts);
  }
  void run_to(TimeNs end) {
    for (TimeNs t; (t = link.next()) <= end;) {
      clock.t = std::max(clock.t, t);
      link.complete(clock.t);
    }
    clock.t = std::max(clock.t, end);
  }
  const std::vector<Sample>& scans() const { return rows[0]; }
  std::uint64_t counter(std::string_view name) const {
    for (const Counter* c : driver->counters())
      if (name == c->name) return c->get();
    BOOST_FAIL("no counter " << name);
    return 0;
  }
  DeviceSettings settings;
  TestClock& clock;
  Volts source;
  Senses senses;
  std::unique_ptr<MccUsb1608fsPlusDevice> own;
  MccUsb1608fsPlusDevice& device;
  EmulatedLink link;
  std::unique_ptr<Driver> driver;
  FixedBatch<256> batch;
  FixedBatch<16> facts;
  std::vector<std::vector<Sample>> rows{4};
  const char* reason = nullptr;
};

inline int ask(EmulatedDevice& d, Request request, std::uint16_t value, std::uint16_t index,
               std::vector<std::byte>& data, TimeNs now = 0) {
  return d.control(now, kIn, request, value, index, data);
}
inline int tell(EmulatedDevice& d, Request request, std::vector<std::byte> data = {}, TimeNs now = 0) {
  return d.control(now, kOut, request, 0, 0, data);
}
inline std::vector<std::byte> payload(const ScanStart& s) {
  const auto p = encode(s);
  return {p.begin(), p.end()};
}
inline unsigned status_of(EmulatedDevice& d, TimeNs now) {
  std::vector<std::byte> s(2);
  BOOST_REQUIRE_EQUAL(ask(d, kStatus, 0, 0, s, now), 2);
  return std::to_integer<unsigned>(s[0]) | std::to_integer<unsigned>(s[1]) << 8;
}

}  // namespace grfd::mcc_test
