// The x-IMU3 driver on its emulated device, in virtual time.
#pragma once
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "drivers/emulation/xio_ximu3_device.hpp"
#include "tests/drivers/mip_test_link.hpp"

namespace grfd::test {

struct Ximu3Rig final : Link::Receiver {
  explicit Ximu3Rig(DeviceSettings s, InertialSource* source = nullptr, const SyncLine& sync = {})
      : settings(with_name(std::move(s))) {
    entry = find_driver("xio_ximu3");
    device.emplace(settings.emulation, source, sync);
    link.emplace(*device);
    link->set_receiver(this);
    driver = entry->make(settings, 0);
  }
  static DeviceSettings with_name(DeviceSettings s) {
    s.name = "imu";
    s.driver = "xio_ximu3";
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
          auto& rig = *static_cast<Ximu3Rig*>(self);
          for (const Sample& s : samples) rig.streams.at(s.stream).push_back(s);
        },
        this);
    d.decode(data, arrival, batch);
    batch.flush();
  }
  void start() {
    FixedBatch<64> batch;
    driver->start(*link, batch);
    for (const Sample& s : batch.samples()) streams.at(s.stream).push_back(s);
  }
  void run(double s) { link->run_until(link->now + static_cast<TimeNs>(s * 1e9)); }
  std::vector<std::string> written() const {
    std::vector<std::string> lines;
    for (const auto& w : link->written) lines.emplace_back(reinterpret_cast<const char*>(w.data()), w.size());
    return lines;
  }
  std::uint64_t counter(std::string_view name) const {
    for (const Counter* c : driver->counters())
      if (name == c->name) return c->get();
    throw std::out_of_range(std::string(name));
  }
  /// Sum of the known losses of one stream: 0 inertial, 1 highg, 2 sync.
  std::int64_t lost_of(std::int64_t stream) const {
    std::int64_t n = 0;
    for (const Sample& s : loss())
      if (value<std::int64_t>(s, 3) == stream && value<std::int64_t>(s, 1) > 0) n += value<std::int64_t>(s, 1);
    return n;
  }
  const std::vector<Sample>& inertial() const { return streams[0]; }
  const std::vector<Sample>& facts() const { return streams[1]; }
  const std::vector<Sample>& loss() const { return streams[2]; }
  const std::vector<Sample>& sync() const { return streams[3]; }
  const std::vector<Sample>& messages() const { return streams[4]; }
  const std::vector<Sample>& about() const { return streams[5]; }
  const std::vector<Sample>& highg() const { return streams[6]; }
  /// The rows of a text stream, parts joined.
  static std::vector<std::string> texts(const std::vector<Sample>& samples) {
    std::vector<std::string> rows;
    for (const Sample& s : samples) {
      if (s.part == 0) rows.emplace_back();
      rows.back() += text(s);
    }
    return rows;
  }

  DeviceSettings settings;
  const DriverEntry* entry = nullptr;
  std::optional<XioXimu3Device> device;
  std::optional<MipLink> link;
  std::unique_ptr<Driver> driver;
  std::vector<std::pair<std::vector<std::byte>, TimeNs>> recorded;
  std::array<std::vector<Sample>, 7> streams;
};

inline DeviceSettings ximu3_settings(std::map<std::string, double> faults = {}, double highg_hz = 1600) {
  DeviceSettings s;
  s.rate_hz = 400;
  s.high_g_rate_hz = highg_hz;
  s.emulation.noise = 0;
  s.emulation.faults = std::move(faults);
  return s;
}

/// Every hole in the numbers of a stream is in the loss rows, and the other way round.
inline void check_bookkeeping(const Ximu3Rig& rig, const std::vector<Sample>& stream, std::int64_t code) {
  std::vector<Sample> rows;
  for (const Sample& s : rig.loss())
    if (value<std::int64_t>(s, 3) == code) rows.push_back(s);
  std::size_t row = 0;
  for (std::size_t i = 1; i < stream.size(); ++i) {
    const Sample &a = stream[i - 1], &b = stream[i];
    BOOST_REQUIRE(b.seq > a.seq);
    BOOST_REQUIRE((b.seq - a.seq > 1 || (b.flags & kNewEpoch)) == ((b.flags & kGapBefore) != 0));
    if (!(b.flags & kGapBefore)) continue;
    BOOST_REQUIRE(row < rows.size());
    BOOST_REQUIRE_EQUAL(value<std::int64_t>(rows[row], 0), static_cast<std::int64_t>(a.seq) + 1);
    if (!(b.flags & kNewEpoch))
      BOOST_REQUIRE_EQUAL(value<std::int64_t>(rows[row], 1), static_cast<std::int64_t>(b.seq - a.seq) - 1);
    if (b.flags & kNewEpoch) BOOST_REQUIRE_EQUAL(value<std::int64_t>(rows[row], 1), -1);
    ++row;
  }
  BOOST_TEST(row == rows.size());
}

inline std::vector<std::byte> line(std::string_view text) {
  const auto all = std::as_bytes(std::span(text));
  return {all.begin(), all.end()};
}
inline std::string inertial_line(std::uint64_t t_us) { return "I," + std::to_string(t_us) + ",1,2,3,0,0,1\n"; }

/// The emulated sensors' sample clocks, by the device's counter.
inline constexpr double kInertialUs = 2500 / (1 - 1200e-6), kHighGUs = 312.5 / (1 + 21'000e-6);

/// Every sample has the number that its stamp gives it, in one epoch from beginning to end.
inline void check_counted(const Ximu3Rig& rig, const std::vector<Sample>& stream, std::int64_t code, double period_us) {
  for (const Sample& s : stream) {
    BOOST_REQUIRE_EQUAL(s.epoch, 0);
    BOOST_REQUIRE_EQUAL(s.seq, static_cast<std::uint64_t>(
                                   std::llround(static_cast<double>(s.t_device - stream[0].t_device) / period_us)));
  }
  check_bookkeeping(rig, stream, code);
}

/// A driver that is fed by hand.
struct Fed {
  explicit Fed(DeviceSettings s = ximu3_settings()) : rig(std::move(s)) {}
  void feed(std::string_view text) { feed(line(text)); }
  void feed(const std::vector<std::byte>& bytes) { rig.decode(*rig.driver, bytes, now += kMs); }
  Ximu3Rig rig;
  TimeNs now = kSecond;
};

}  // namespace grfd::test
