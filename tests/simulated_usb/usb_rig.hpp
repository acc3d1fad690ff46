// A driver on a real UsbContext, its emulated device behind simulated usbfs, and what must come out.
#pragma once
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cmath>
#include <functional>
#include <optional>
#include <vector>

#include "drivers/emulation/labjack_u6_device.hpp"
#include "drivers/emulation/microstrain_mip_device.hpp"
#include "drivers/emulation/xio_ximu3_device.hpp"
#include "drivers/usb.hpp"
#include "tests/simulated_usb/simulated_usb.hpp"

namespace grfd::simulated_usb {

inline Bus& bus() {
  static Bus* the_bus = new Bus;  // for the life of the program: its threads may look at it to the end
  return *the_bus;
}

inline bool wait_for(const std::function<bool()>& condition, double seconds_at_most = 30) {
  const TimeNs end = monotonic() + static_cast<TimeNs>(seconds_at_most * 1e9);
  while (!condition()) {
    if (monotonic() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

/// Sines of different amplitude and frequency on every input; keeps what it has given.
struct SineVolts final : AnalogSource {
  double volts(int input, double t_s) override {
    const double v = (2 + 0.4 * input) * std::sin(2 * M_PI * (0.7 + 0.1 * input) * t_s + input);
    given.push_back(v);
    return v;
  }
  std::vector<double> given;
};

struct SineMotion final : InertialSource {
  void read(double t_s, Vec3& gyro_rad_s, Vec3& specific_force_m_s2) override {
    for (std::size_t i = 0; i < 3; ++i) {
      const double k = static_cast<double>(i);
      gyro_rad_s[i] = (1.5 + k) * std::sin(2 * M_PI * (0.9 + 0.2 * k) * t_s + k);
      specific_force_m_s2[i] = (6 + k) * std::cos(2 * M_PI * (1.1 + 0.2 * k) * t_s + k);
    }
  }
};

/// A device as it is; whoever needs an odd one overrides what is odd about it.
struct Through : EmulatedDevice {
  explicit Through(EmulatedDevice& d) : device(d) {}
  const LinkInfo& info() const override { return device.info(); }
  std::vector<std::uint8_t> device_descriptor() const override { return device.device_descriptor(); }
  int control(TimeNs now, std::uint8_t type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
              std::span<std::byte> data) override {
    return device.control(now, type, request, value, index, data);
  }
  void out(TimeNs now, std::uint8_t e, std::span<const std::byte> data) override { device.out(now, e, data); }
  void advance(TimeNs now) override { device.advance(now); }
  TimeNs ready(TimeNs now, std::uint8_t e, std::size_t bytes) override { return device.ready(now, e, bytes); }
  int in(TimeNs now, std::uint8_t e, std::span<std::byte> data) override { return device.in(now, e, data); }
  int partial(TimeNs now, std::uint8_t e, std::span<std::byte> data) override { return device.partial(now, e, data); }
  void power_cycle(TimeNs now) override { device.power_cycle(now); }
  EmulatedDevice& device;
};

/// As the daemon's port does: decodes on the event thread into memory that is there already.
struct Sink final : Link::Receiver {
  explicit Sink(Driver& d) : driver(d), batch(&Sink::keep, this) { samples.reserve(100'000); }
  void bytes(std::span<const std::byte> data, TimeNs arrival) noexcept override {
    after_gone += dead;
    const TimeNs now = monotonic();
    misplaced += arrival > now || arrival < last;
    last = arrival;
    driver.decode(data, arrival, batch);
    batch.flush();
    ++transfers;
    moved += data.size();
    thread = pthread_self();
  }
  void lost(const char* why) noexcept override {
    reason = why;
    dead = true;
    ++gone;
  }
  void damaged(const char* why) noexcept override {
    driver.bytes_lost(why);
    ++harmed;
  }
  static void keep(void* self, std::span<const Sample> all) noexcept {
    auto& s = *static_cast<Sink*>(self);
    for (const Sample& sample : all)
      if (s.samples.size() < s.samples.capacity()) s.samples.push_back(sample);
    s.count.store(s.samples.size());
  }
  Driver& driver;
  FixedBatch<512> batch;
  std::vector<Sample> samples;  ///< read them when the stream has been stopped
  std::atomic<std::size_t> count{0};
  std::atomic<std::uint64_t> transfers{0}, moved{0}, harmed{0};
  std::uint64_t after_gone = 0, misplaced = 0;  ///< bytes after lost(); arrivals that go back or lie in the future
  TimeNs last = 0;
  pthread_t thread{};
  std::atomic<bool> dead{false};
  std::atomic<int> gone{0};
  std::atomic<const char*> reason{nullptr};
};

inline DeviceSettings u6_settings(const std::string& serial = "360012345", std::map<std::string, double> faults = {}) {
  DeviceSettings s;
  s.name = "u6";
  s.driver = "labjack_u6";
  for (int i = 0; i < 12; ++i) s.analog_inputs.push_back(i);  // with the digital port 13 channels
  s.emulation.noise = 0;
  s.emulation.faults = std::move(faults);
  s.emulation.serial = serial;
  return s;
}

inline DeviceSettings mip_settings(const std::string& serial = "6286.123456") {
  DeviceSettings s;
  s.name = "imu";
  s.driver = "microstrain_mip";
  s.emulation.noise = 0;
  s.emulation.serial = serial;
  return s;
}

/// Host side of one device.
struct Host {
  Host(const DeviceSettings& s) : entry(*find_driver(s.driver)), driver(entry.make(s, 0)), sink(*driver) {}
  ~Host() { close(); }
  /// Opens the only device that matches, when it is there.
  void open(UsbContext& usb) {
    BOOST_REQUIRE(wait_for([&] { return usb.find(entry.match()).size() == 1; }));
    found = usb.find(entry.match()).front();
    link = usb.open(found);
  }
  void start() {
    link->set_receiver(nullptr);
    identity = driver->identify(*link);
    sink.dead = false;
    link->set_receiver(&sink);
    FixedBatch<16> facts;
    driver->start(*link, facts);
    BOOST_TEST(facts.size() > 0u);
  }
  void stop() {
    driver->stop(*link);
    link->set_receiver(nullptr);
  }
  void close() { link.reset(); }
  std::uint64_t counter(std::string_view name) const {
    for (const Counter* c : driver->counters())
      if (name == c->name) return c->get();
    BOOST_FAIL("no counter " << name);
    return 0;
  }
  const DriverEntry& entry;
  std::unique_ptr<Driver> driver;
  Sink sink;
  UsbDevice found;
  DeviceIdentity identity;
  std::unique_ptr<Link> link;
};

struct U6 {
  explicit U6(int port_number, const std::string& serial = "360012345", std::map<std::string, double> faults = {})
      : settings(u6_settings(serial, std::move(faults))),
        device(settings, source),
        port(bus(), port_number, device),
        host(settings) {}
  void plug() {
    port.plug();
    port.with_device([&] { source.given.clear(); });
  }
  /// Samples from `first` on belong to one start of the stream after `plug`: no hole, and every code is the one that
  /// the source's voltage gives in this unit's own calibration, within half a code.
  void check(std::size_t first) {
    const auto& c = device.calibration();
    const std::size_t inputs = settings.analog_inputs.size();
    std::size_t k = 0;
    for (std::size_t i = first; i < host.sink.samples.size(); ++i) {
      const Sample& s = host.sink.samples[i];
      if (s.stream == 2 && i == first) continue;  // the loss row of the restart
      BOOST_REQUIRE_EQUAL(s.stream, 0);
      BOOST_REQUIRE_EQUAL(s.t_device, k);
      if (k > 0) BOOST_REQUIRE_EQUAL(s.seq, host.sink.samples[i - 1].seq + 1);
      if (k > 0) BOOST_REQUIRE_EQUAL(s.flags, 0);
      for (std::size_t n = 0; n < inputs; ++n) {
        const double given = source.given.at(k * inputs + n);
        const double code = given < 0 ? c[2][1] - given / c[2][0] : c[2][1] + given / c[0][0];
        BOOST_REQUIRE_SMALL(value<std::int32_t>(s, n) - code, 0.5 + 1e-6);
      }
      BOOST_REQUIRE_EQUAL(value<std::int32_t>(s, inputs), 0xffff);
      ++k;
    }
    for (const char* name : {"bad_header", "bad_checksum", "packet_lost", "scans_lost", "auto_recovery_packets"})
      BOOST_TEST(host.counter(name) == 0u, name);
  }
  DeviceSettings settings;
  SineVolts source;
  LabjackU6Device device;
  Port port;
  Host host;
};

struct Mip {
  explicit Mip(int port_number, const std::string& serial = "6286.123456")
      : settings(mip_settings(serial)),
        device(settings.emulation, &source),
        port(bus(), port_number, device),
        host(settings) {}
  void plug() { port.plug(); }
  /// As for the U6: the device's own time steps by exactly 1 ms and the values are those of the motion at that time.
  void check(std::size_t first) {
    const TimeNs boot = (port.powered_at() + 999'999) / 1'000'000 * 1'000'000;
    const Sample* before = nullptr;
    for (std::size_t i = first; i < host.sink.samples.size(); ++i) {
      const Sample& s = host.sink.samples[i];
      if (s.stream == 2 && i == first) continue;
      BOOST_REQUIRE_EQUAL(s.stream, 0);
      if (before) {
        BOOST_REQUIRE_EQUAL(s.seq, before->seq + 1);
        BOOST_REQUIRE_EQUAL(s.t_device, before->t_device + 1'000'000);
        BOOST_REQUIRE_EQUAL(s.flags, 0);
      }
      before = &s;
      Vec3 gyro, force;
      source.read(seconds(boot + static_cast<TimeNs>(s.t_device)), gyro, force);
      for (std::size_t n = 0; n < 3; ++n) {
        BOOST_REQUIRE_EQUAL(value<float>(s, n), static_cast<float>(force[n] / 9.80665));
        BOOST_REQUIRE_EQUAL(value<float>(s, 3 + n), static_cast<float>(gyro[n]));
      }
    }
    for (const char* name : {"bad_checksum", "resync_bytes", "abandoned_packet", "samples_lost"})
      BOOST_TEST(host.counter(name) == 0u, name);
  }
  DeviceSettings settings;
  SineMotion source;
  MicrostrainMipDevice device;
  Port port;
  Host host;
};

struct Ximu3 {
  static DeviceSettings ximu3_settings(const std::string& serial, double foreign) {
    DeviceSettings s;
    s.name = "imu";
    s.driver = "xio_ximu3";
    s.rate_hz = 400;
    s.high_g_rate_hz = 1600;
    s.emulation.noise = 0;
    s.emulation.serial = serial;
    s.emulation.faults = {{"highg_ppm", 0}, {"foreign", foreign}};
    return s;
  }
  explicit Ximu3(int port_number, const std::string& serial = "01234567", double foreign = 0)
      : settings(ximu3_settings(serial, foreign)),
        device(settings.emulation, &source),
        port(bus(), port_number, device),
        host(settings) {}
  void plug() { port.plug(); }
  /// Samples from `first` on: no hole in either stream, stamps at the pace of each sensor's clock, and nothing refused.
  void check(std::size_t first) {
    const Sample* before[2] = {nullptr, nullptr};
    for (std::size_t i = first; i < host.sink.samples.size(); ++i) {
      const Sample& s = host.sink.samples[i];
      if (s.stream == 2) BOOST_REQUIRE_EQUAL(value<std::int64_t>(s, 1), -1);  // of the restart
      if (s.stream != 0 && s.stream != 6) continue;
      const bool high = s.stream == 6;
      if (before[high]) {
        const double step_us = static_cast<double>(s.t_device - before[high]->t_device);
        BOOST_REQUIRE_EQUAL(s.seq, before[high]->seq + 1);
        BOOST_REQUIRE_SMALL(step_us - (high ? 625 : 2503), 1.01);
        BOOST_REQUIRE_EQUAL(s.flags, 0);
      }
      before[high] = &s;
    }
    BOOST_TEST((before[0] && before[1]));
    for (const char* name : {"bad_escape", "wrong_length", "unknown_message", "bad_text", "too_long", "samples_lost"})
      BOOST_TEST(host.counter(name) == 0u, name);
  }
  DeviceSettings settings;
  SineMotion source;
  XioXimu3Device device;
  Port port;
  Host host;
};

inline void print(const char* what, Port& port, const Sink& sink, double seconds) {
  const Figures f = port.figures();
  BOOST_TEST_MESSAGE(what << ": " << f.urbs << " URBs (" << std::lround(static_cast<double>(f.urbs) / seconds)
                          << "/s), " << sink.transfers << " transfers, " << sink.moved << " bytes, " << sink.count
                          << " samples in " << seconds << " s; in flight at most " << f.deepest << ", at least "
                          << (f.shallowest == ~std::size_t{0} ? 0 : f.shallowest) << " left; device held " << f.holds
                          << " times, " << f.held / 1'000'000 << " ms");
}

}  // namespace grfd::simulated_usb
