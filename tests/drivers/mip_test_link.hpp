// A synchronous link in virtual time between the driver and the emulated device.
#pragma once
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cctype>
#include <string>
#include <vector>

#include "drivers/driver.hpp"
#include "drivers/emulation/microstrain_mip_device.hpp"

namespace grfd::test {

inline constexpr TimeNs kMs = 1'000'000, kSecond = 1'000'000'000;

inline std::vector<std::byte> hex(std::string_view text) {
  std::vector<std::byte> bytes;
  int high = -1;
  for (const char c : text) {
    if (!std::isxdigit(static_cast<unsigned char>(c))) continue;
    const int v = c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
    if (high < 0)
      high = v;
    else
      bytes.push_back(static_cast<std::byte>(high << 4 | v)), high = -1;
  }
  return bytes;
}
inline std::string to_hex(std::span<const std::byte> bytes) {
  std::string s;
  for (const std::byte b : bytes) {
    const char* digits = "0123456789ABCDEF";
    if (!s.empty()) s += ' ';
    s += digits[std::to_integer<int>(b) >> 4];
    s += digits[std::to_integer<int>(b) & 15];
  }
  return s;
}
inline std::string spaced(std::string_view text) { return to_hex(hex(text)); }

class MipLink final : public Link {
 public:
  explicit MipLink(EmulatedDevice& d) : device(d) {}
  const LinkInfo& info() const override { return device.info(); }
  void claim(std::span<const int> interfaces) override { claimed.assign(interfaces.begin(), interfaces.end()); }
  std::size_t control(std::uint8_t type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
                      std::span<std::byte> data, int) override {
    const int n = device.control(now, type, request, value, index, data);
    if (n < 0) throw LinkError(LinkError::Kind::stall, "control: stall");
    return static_cast<std::size_t>(n);
  }
  void write(std::uint8_t endpoint, std::span<const std::byte> data, int) override {
    written.emplace_back(data.begin(), data.end());
    device.out(now, endpoint, data);
  }
  std::size_t read(std::uint8_t endpoint, std::span<std::byte> data, int timeout_ms) override {
    if (!backlog.empty()) {
      const std::size_t n = std::min(data.size(), backlog.size());
      std::copy_n(backlog.begin(), n, data.begin());
      backlog.erase(backlog.begin(), backlog.begin() + static_cast<std::ptrdiff_t>(n));
      return n;
    }
    const TimeNs end = now + timeout_ms * kMs;
    for (;;) {
      const TimeNs t = device.ready(now, endpoint, data.size());
      if (t > end) {
        now = end;
        return 0;
      }
      now = std::max(now, t);
      if (const int n = device.in(now, endpoint, data); n >= 0) return static_cast<std::size_t>(n);
    }
  }
  void start_stream(std::uint8_t endpoint, std::size_t bytes, int) override { stream = endpoint, buffer.resize(bytes); }
  void stop_stream(std::uint8_t, int drain_ms) noexcept override {
    run_until(now + drain_ms * kMs);
    stream = 0;
  }
  void set_receiver(Receiver* r) override { receiver = r; }
  void run_until(TimeNs end) {
    for (;;) {
      const TimeNs t = device.ready(now, stream, buffer.size());
      if (stream == 0 || t > end) break;
      now = std::max(now, t);
      const int n = device.in(now, stream, buffer);
      if (n < 0) continue;
      ++transfers;
      if (receiver) receiver->bytes(std::span(buffer).first(static_cast<std::size_t>(n)), now);
    }
    now = std::max(now, end);
  }

  EmulatedDevice& device;
  TimeNs now = 0;
  std::uint8_t stream = 0;
  std::vector<std::byte> buffer;
  std::vector<std::byte> backlog;  ///< waits in front of everything that the device says
  Receiver* receiver = nullptr;
  std::vector<int> claimed;
  std::vector<std::vector<std::byte>> written;
  int transfers = 0;
};

/// The stream's bytes as they came, and what the driver made of them.
struct MipRig final : Link::Receiver {
  explicit MipRig(DeviceSettings s = {}, InertialSource* source = nullptr) : settings(with_name(std::move(s))) {
    entry = find_driver("microstrain_mip");
    device.emplace(settings.emulation, source);
    link.emplace(*device);
    link->set_receiver(this);
    driver = entry->make(settings, 0);
  }
  static DeviceSettings with_name(DeviceSettings s) {
    s.name = "imu";
    s.driver = "microstrain_mip";
    return s;
  }
  void bytes(std::span<const std::byte> data, TimeNs arrival) noexcept override {
    recorded.emplace_back(std::vector<std::byte>(data.begin(), data.end()), arrival);
    decode(*driver, data, arrival);
  }
  void lost(const char*) noexcept override {}
  void decode(Driver& d, std::span<const std::byte> data, TimeNs arrival) {
    FixedBatch<64> batch(
        [](void* self, std::span<const Sample> samples) noexcept {
          auto& rig = *static_cast<MipRig*>(self);
          for (const Sample& s : samples)
            (s.stream == 0 ? rig.inertial : s.stream == 1 ? rig.facts : rig.loss).push_back(s);
        },
        this);
    d.decode(data, arrival, batch);
    batch.flush();
  }
  void start() {
    FixedBatch<8> batch;
    driver->start(*link, batch);
    facts.insert(facts.end(), batch.samples().begin(), batch.samples().end());
  }
  std::uint64_t counter(std::string_view name) const {
    for (const Counter* c : driver->counters())
      if (name == c->name) return c->get();
    throw std::out_of_range(std::string(name));
  }
  std::int64_t lost_samples() const {
    std::int64_t n = 0;
    for (const Sample& s : loss) n += value<std::int64_t>(s, 1);
    return n;
  }

  DeviceSettings settings;
  const DriverEntry* entry = nullptr;
  std::optional<MicrostrainMipDevice> device;
  std::optional<MipLink> link;
  std::unique_ptr<Driver> driver;
  std::vector<std::pair<std::vector<std::byte>, TimeNs>> recorded;
  std::vector<Sample> inertial, facts, loss;
};

inline DeviceSettings mip_settings(double noise = 0, std::map<std::string, double> faults = {}) {
  DeviceSettings s;
  s.emulation.noise = noise;
  s.emulation.faults = std::move(faults);
  return s;
}

inline std::vector<std::byte> sample_packet(std::uint64_t t_ns, std::uint32_t ticks = 1, float x = 0.25F) {
  mip::Writer w(0x80);
  w.field(0xD5).u64(t_ns).field(0xD2).u32(ticks).field(0x04).f32(x).f32(0).f32(-1).field(0x05).f32(0).f32(0).f32(0);
  const auto bytes = w.finish();
  return {bytes.begin(), bytes.end()};
}

inline bool equal(const Sample& a, const Sample& b) {
  return a.seq == b.seq && a.t_device == b.t_device && a.flags == b.flags && a.epoch == b.epoch && a.data == b.data;
}

/// Hole before each flagged sample is what the loss rows say, and nothing else is missing.
inline void check_bookkeeping(const MipRig& rig) {
  std::size_t row = 0;
  for (std::size_t i = 1; i < rig.inertial.size(); ++i) {
    const Sample &a = rig.inertial[i - 1], &b = rig.inertial[i];
    BOOST_REQUIRE(b.seq > a.seq);
    BOOST_REQUIRE((b.seq - a.seq > 1 || (b.flags & kNewEpoch)) == ((b.flags & kGapBefore) != 0));
    if (!(b.flags & kGapBefore)) continue;
    BOOST_REQUIRE(row < rig.loss.size());
    const Sample& loss = rig.loss[row];
    BOOST_REQUIRE(loss.seq == row++);
    BOOST_REQUIRE(value<std::int64_t>(loss, 0) == static_cast<std::int64_t>(a.seq) + 1);
    if (!(b.flags & kNewEpoch))
      BOOST_REQUIRE(value<std::int64_t>(loss, 1) == static_cast<std::int64_t>(b.seq - a.seq) - 1);
  }
  BOOST_TEST(row == rig.loss.size());
}

}  // namespace grfd::test
