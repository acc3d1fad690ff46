// Driver and emulated U6 tied together by a synchronous link in virtual time.
#pragma once
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "drivers/driver.hpp"
#include "drivers/emulation/labjack_u6_device.hpp"
#include "drivers/emulation/stimulus.hpp"
#include "drivers/labjack_u6_protocol.hpp"

namespace grfd::u6_test {

constexpr TimeNs kMs = 1'000'000;

inline std::string hex(std::span<const std::uint8_t> bytes) {
  std::string s;
  char two[4];
  for (std::uint8_t b : bytes) std::snprintf(two, sizeof two, "%02X ", b), s += two;
  if (!s.empty()) s.pop_back();
  return s;
}
inline u6::Bytes unhex(const std::string& text) {
  u6::Bytes b;
  for (std::size_t i = 0; i + 1 < text.size(); ++i)
    if (text[i] != ' ') b.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(i++, 2), nullptr, 16)));
  return b;
}
inline std::span<const std::byte> as_bytes(const u6::Bytes& b) { return std::as_bytes(std::span(b)); }

struct FunctionSource : AnalogSource {
  std::function<double(int, double)> volts_at;
  explicit FunctionSource(std::function<double(int, double)> f) : volts_at(std::move(f)) {}
  double volts(int input, double t_s) override { return volts_at(input, t_s); }
};

/// Everything is synchronous; `now` moves only in run_until, stall and reads that time out.
struct TestLink : Link {
  explicit TestLink(EmulatedDevice& d) : device(d) {}
  const LinkInfo& info() const override { return device.info(); }
  void claim(std::span<const int> interfaces) override { BOOST_TEST(interfaces.size() == 1u); }
  std::size_t control(std::uint8_t, std::uint8_t, std::uint16_t, std::uint16_t, std::span<std::byte>, int) override {
    throw LinkError(LinkError::Kind::stall, "no control transfer expected");
  }
  void write(std::uint8_t endpoint, std::span<const std::byte> data, int) override {
    u6::Bytes b(data.size());
    std::memcpy(b.data(), data.data(), data.size());
    written.push_back(hex(b));
    events.push_back(hex(b));
    device.advance(now);
    device.out(now, endpoint, data);
  }
  std::size_t read(std::uint8_t endpoint, std::span<std::byte> data, int timeout_ms) override {
    BOOST_TEST(!(streaming && endpoint == u6::kStreamPipe));
    const TimeNs end = now + timeout_ms * kMs;
    const TimeNs ready = device.ready(now, endpoint, data.size());
    now = std::max(now, std::min(ready, end));
    device.advance(now);
    int n = device.in(now, endpoint, data);
    if (n < 0) n = device.partial(now, endpoint, data);
    if (n > 0 && tamper) n = tamper(data.first(static_cast<std::size_t>(n)));
    return static_cast<std::size_t>(n);
  }
  void start_stream(std::uint8_t endpoint, std::size_t bytes, int transfers) override {
    events.push_back("start_stream " + std::to_string(endpoint) + " " + std::to_string(bytes) + " " +
                     std::to_string(transfers));
    buffer.resize(bytes);
    streaming = true;
  }
  void stop_stream(std::uint8_t endpoint, int drain_ms) noexcept override {
    events.push_back("stop_stream " + std::to_string(endpoint) + " " + std::to_string(drain_ms));
    if (!streaming) return;
    run_until(now + drain_ms * kMs);
    device.advance(now);
    if (const int n = device.partial(now, u6::kStreamPipe, buffer); n > 0 && receiver)
      receiver->bytes(std::span(buffer).first(static_cast<std::size_t>(n)), now);
    streaming = false;
  }
  void set_receiver(Receiver* r) override { receiver = r; }

  /// The host takes every transfer the moment it completes. `ready` must be exact.
  void run_until(TimeNs end) {
    while (streaming) {
      const TimeNs ready = device.ready(now, u6::kStreamPipe, buffer.size());
      if (ready > end) break;
      now = std::max(now, ready);
      device.advance(now);
      const int n = device.in(now, u6::kStreamPipe, buffer);
      if (n < 0) {  // only when more packets are lost in a row than the FIFO holds
        BOOST_REQUIRE(device.ready(now, u6::kStreamPipe, buffer.size()) > now);
        ++polls;
        continue;
      }
      BOOST_REQUIRE(n == static_cast<int>(buffer.size()) || may_be_short);
      short_reads += n < static_cast<int>(buffer.size());
      if (receiver) receiver->bytes(std::span(buffer).first(static_cast<std::size_t>(n)), now);
    }
    now = std::max(now, end);
    device.advance(now);
  }
  /// The host does not read.
  void stall(TimeNs ns) { device.advance(now += ns); }

  EmulatedDevice& device;
  TimeNs now = 5 * kMs + 123'456;
  bool streaming = false, may_be_short = false;
  int polls = 0, short_reads = 0;
  std::vector<std::byte> buffer;
  Receiver* receiver = nullptr;
  std::vector<std::string> written, events;
  std::function<int(std::span<std::byte>)> tamper;
};

inline DeviceSettings thirteen_channels() {
  DeviceSettings s;
  s.name = "u6";
  s.driver = "labjack_u6";
  for (int i = 0; i < 12; ++i) s.analog_inputs.push_back(i);
  s.emulation.noise = 0;
  return s;
}

/// A code that names channel and scan; different for 40 000 scans. `ms` is lab time in ms.
inline std::int32_t code_of(int input, std::int64_t ms) {
  return static_cast<std::int32_t>(10000 + (ms * 37 + input * 2003) % 40000);
}

/// Columns of a row of the loss stream.
inline std::int64_t first_of(const Sample& s) { return value<std::int64_t>(s, 0); }
inline std::int64_t count_of(const Sample& s) { return value<std::int64_t>(s, 1); }
inline std::int64_t cause_of(const Sample& s) { return value<std::int64_t>(s, 2); }

struct Rig : Link::Receiver {
  explicit Rig(DeviceSettings s, std::function<double(int, double)> volts = {})
      : settings(std::move(s)),
        source(volts ? std::move(volts) : [this](int input, double t) { return numbered(input, t); }),
        device(settings, source),
        link(device),
        entry(*find_driver("labjack_u6")),
        driver(entry.make(settings, 10)) {
    link.set_receiver(this);
  }
  double numbered(int input, double t) const {
    const auto& c = device.calibration();
    return labjack_u6_volts(code_of(input, static_cast<std::int64_t>(std::floor(t * 1000 + 1e-3))), c[0][0], c[2][0],
                            c[2][1]);
  }
  void start() {
    driver->start(link, facts);
    first_ms = link.now / kMs + 2;
  }
  void bytes(std::span<const std::byte> data, TimeNs arrival) noexcept override {
    wire.insert(wire.end(), data.begin(), data.end());
    FixedBatch<64> batch;
    driver->decode(data, arrival, batch);
    BOOST_TEST(batch.overflow() == 0u);
    samples.insert(samples.end(), batch.samples().begin(), batch.samples().end());
  }
  void lost(const char*) noexcept override {}
  std::uint64_t counter(const std::string& name) const {
    for (const Counter* c : driver->counters())
      if (name == c->name) return c->get();
    BOOST_FAIL("no counter " << name);
    return 0;
  }
  std::vector<Sample> scans() const { return of(10); }
  std::vector<Sample> losses() const { return of(12); }
  std::vector<Sample> of(StreamId id) const {
    std::vector<Sample> out;
    for (const Sample& s : samples)
      if (s.stream == id) out.push_back(s);
    return out;
  }
  /// Starts, and after a second, in the middle of a packet, the host does not read for that long; a second more
  /// follows.
  void stall_after_a_second(TimeNs stall) {
    start();
    link.run_until((first_ms + 1000) * kMs + kMs / 2);
    link.device.ready(link.now, 0x83, 128);
    link.stall(stall);
    link.run_until(link.now + 1000 * kMs);
    check_numbered();
  }
  /// Every scan carries the codes of its own instant, every hole has its loss row, and nothing else has one.
  void check_numbered() const {
    std::uint64_t next = 0;
    const Sample* loss = nullptr;
    for (const Sample& s : samples) {
      if (s.stream == 12) {
        BOOST_REQUIRE(!loss);
        loss = &s;
        continue;
      }
      BOOST_REQUIRE(s.stream == 10);
      const bool hole = s.seq != next;
      BOOST_REQUIRE(hole == (loss != nullptr));
      BOOST_REQUIRE(hole == bool(s.flags & kGapBefore));
      if (loss) {
        BOOST_REQUIRE_EQUAL(value<std::int64_t>(*loss, 0), std::int64_t(next));
        BOOST_REQUIRE_EQUAL(value<std::int64_t>(*loss, 1), std::int64_t(s.seq - next));
        BOOST_REQUIRE_EQUAL(loss->t_device, s.t_device);
        loss = nullptr;
      }
      next = s.seq + 1;
      for (std::size_t i = 0; i < settings.analog_inputs.size(); ++i)
        BOOST_REQUIRE_EQUAL(value<std::int32_t>(s, i),
                            code_of(settings.analog_inputs[i], first_ms + std::int64_t(s.t_device)));
      if (settings.digital_port) BOOST_REQUIRE_EQUAL(value<std::int32_t>(s, settings.analog_inputs.size()), 0xffff);
    }
    BOOST_REQUIRE(!loss);
  }

  DeviceSettings settings;
  FunctionSource source;
  LabjackU6Device device;
  TestLink link;
  const DriverEntry& entry;
  std::unique_ptr<Driver> driver;
  FixedBatch<8> facts;
  std::vector<Sample> samples;
  std::vector<std::byte> wire;
  std::int64_t first_ms = 0;
};

}  // namespace grfd::u6_test
