// Edges of digital lines: what becomes a row and with which time, against the sheets and the emulated line.
#include "drivers/sync_stream.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "tests/drivers/labjack_u6_rig.hpp"
#include "tests/drivers/mip_test_link.hpp"

BOOST_AUTO_TEST_SUITE(sync_stream_rows)

using namespace grfd;

namespace {

/// Keeps samples with their stream.
struct Receiver final : Link::Receiver {
  Driver* driver = nullptr;
  std::vector<Sample> samples;
  void bytes(std::span<const std::byte> data, TimeNs arrival) noexcept override {
    FixedBatch<256> batch;
    driver->decode(data, arrival, batch);
    BOOST_TEST(batch.overflow() == 0U);
    samples.insert(samples.end(), batch.samples().begin(), batch.samples().end());
  }
  void lost(const char*) noexcept override {}
  std::vector<Sample> of(StreamId id) const {
    std::vector<Sample> out;
    for (const Sample& s : samples)
      if (s.stream == id) out.push_back(s);
    return out;
  }
};

int line(const Sample& s) { return value<std::int32_t>(s, 0); }
int level(const Sample& s) { return value<std::int32_t>(s, 1); }

struct MipBench {
  DeviceSettings settings;
  SyncLine sync;
  MicrostrainMipDevice device;
  test::MipLink link{device};
  std::unique_ptr<Driver> driver;
  Receiver receiver;
  FixedBatch<8> facts;

  MipBench(DeviceSettings s, SyncLine l) : settings(std::move(s)), sync(l), device(settings.emulation, nullptr, sync) {
    driver = find_driver("microstrain_mip")->make(settings, 0);
    receiver.driver = driver.get();
    link.set_receiver(&receiver);
  }
  std::uint64_t counter(std::string_view name) const {
    for (const Counter* c : driver->counters())
      if (name == c->name) return c->get();
    return 0;
  }
};

DeviceSettings mip_settings(int pin, std::map<std::string, double> faults = {}) {
  DeviceSettings s;
  s.name = "imu";
  s.driver = "microstrain_mip";
  s.sync_pin = pin;
  s.emulation.drift_ppm = 50;
  s.emulation.faults = std::move(faults);
  return s;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_u6_sees_an_edge_in_the_first_scan_that_reads_the_new_level) {
  using namespace u6_test;
  DeviceSettings s = thirteen_channels();
  s.emulation.drift_ppm = 50;
  const SyncLine sync{0.1003, 0.0517, 0.0122};
  FunctionSource zero([](int, double) { return 0.0; });
  LabjackU6Device device(s, zero, sync);
  TestLink link(device);
  const auto driver = find_driver("labjack_u6")->make(s, 0);
  Receiver receiver;
  receiver.driver = driver.get();
  link.set_receiver(&receiver);
  FixedBatch<8> facts;
  driver->start(link, facts);
  const double start_s = 1e-3 * static_cast<double>(link.now / kMs + 2);
  link.run_until(link.now + 3'000 * kMs);
  const auto edges = receiver.of(3);
  BOOST_REQUIRE(edges.size() > 100u);
  SyncLine::Edge truth = sync.next(start_s);
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const double scan = std::ceil((truth.t_s - start_s - 12 * 20e-6 / 1.00005) / (1e-3 / 1.00005));
    BOOST_TEST(edges[i].t_device == static_cast<std::uint64_t>(scan));
    BOOST_TEST(edges[i].seq == i);
    BOOST_TEST(line(edges[i]) == 0);
    BOOST_TEST(level(edges[i]) == (truth.rising ? 1 : 0));
    BOOST_TEST(value<std::int32_t>(edges[i], 2) == -1);
    BOOST_TEST(edges[i].flags == 0);
    truth = sync.next(truth.t_s + 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(the_u6_tells_nothing_of_first_levels_and_of_lines_that_are_not_watched) {
  using namespace u6_test;
  DeviceSettings s = thirteen_channels();
  s.sync_lines = {1, 9};
  Rig rig(s, [](int, double) { return 0.0; });
  rig.device.set_digital(0x0002);
  rig.start();
  rig.link.run_until(rig.link.now + 100 * kMs);
  BOOST_TEST(rig.of(13).empty());
  rig.device.set_digital(0x0105);  // line 1 falls; 0, 2 and 8 are not watched
  rig.link.run_until(rig.link.now + 100 * kMs);
  rig.device.drop_packets(3);
  rig.device.set_digital(0x0300);  // line 9 rises in a hole
  rig.link.run_until(rig.link.now + 100 * kMs);
  const auto edges = rig.of(13);
  BOOST_REQUIRE(edges.size() == 2u);
  BOOST_TEST(line(edges[0]) == 1);
  BOOST_TEST(level(edges[0]) == 0);
  BOOST_TEST(edges[0].flags == 0);
  BOOST_TEST(line(edges[1]) == 9);
  BOOST_TEST(level(edges[1]) == 1);
  BOOST_TEST(edges[1].flags == kGapBefore);
  rig.driver->stop(rig.link);
  rig.device.set_digital(0x0002);
  rig.start();  // other levels than before, but nobody saw the edge
  rig.link.run_until(rig.link.now + 100 * kMs);
  BOOST_TEST(rig.of(13).size() == 2u);
  for (const std::string& e : find_driver("labjack_u6")->check_settings([&] {
         s.sync_lines = {16};
         return s;
       }()))
    BOOST_TEST(e.starts_with("sync_lines: "));
}

BOOST_AUTO_TEST_CASE(a_microstrain_sensor_is_set_up_as_the_sheet_says) {
  MipBench b(mip_settings(1), {});
  b.driver->start(b.link, b.facts);
  std::vector<std::string> sent;
  for (const auto& w : b.link.written) sent.push_back(test::to_hex(w));
  for (const char* frame : {"75 65 0C 07 07 41 01 01 04 01 02 3E 6D", "75 65 0C 07 07 2E 01 01 01 01 04 2A F4",
                            "75 65 0C 0C 0C 2F 01 01 01 02 A0 00 00 02 D0 D5 79 78", "75 65 0C 05 05 2B 01 01 01 1E 82",
                            "75 65 0C 05 05 11 01 A0 01 A3 58"})
    BOOST_TEST(std::count(sent.begin(), sent.end(), test::spaced(frame)) == 1, frame);
}

BOOST_AUTO_TEST_CASE(a_microstrain_sensor_stamps_edges_in_its_own_nanoseconds) {
  const SyncLine sync{0.5003, 0.0517, 0.0122};
  for (const bool levels : {false, true}) {
    MipBench b(mip_settings(2, {{"gpio_levels", levels ? 1.0 : 0.0}}), sync);
    b.driver->start(b.link, b.facts);
    const double start_s = seconds(b.link.now);
    b.link.run_until(b.link.now + 3 * test::kSecond);
    const auto edges = b.receiver.of(3);
    SyncLine::Edge truth = sync.next(std::max(start_s, 0.4));
    BOOST_REQUIRE(edges.size() > (levels ? 90u : 45u));
    for (const Sample& e : edges) {
      if (!levels && !truth.rising)
        truth = sync.next(truth.t_s + 1e-9);  // a packet does not say which way: rising only
      BOOST_TEST(std::abs(static_cast<double>(e.t_device) - truth.t_s * 1e9 * (1 + 50e-6)) < 2);
      BOOST_TEST(line(e) == 2);
      BOOST_TEST(level(e) == (truth.rising ? 1 : 0));
      truth = sync.next(truth.t_s + 1e-9);
    }
    BOOST_TEST(b.counter("other_set") == 0U);
    BOOST_TEST(b.counter("edge_without_sample") == 0U);
    const auto inertial = b.receiver.of(0);
    for (std::size_t i = 0; i < inertial.size(); ++i) BOOST_REQUIRE(inertial[i].seq == i);  // events disturb no sample
  }
}

BOOST_AUTO_TEST_CASE(edges_that_cannot_be_placed_are_counted) {
  MipBench b(mip_settings(1), {});
  mip::Writer edge(0xA0), other(0xA0);
  edge.field(0xD0).u8(1).field(0xD5).u64(5'000'123'456);  // no sample yet
  b.receiver.bytes(edge.finish(), 1);
  BOOST_TEST(b.counter("edge_without_sample") == 1U);
  other.field(0xD0).u8(2).field(0xD5).u64(5'000'123'456);  // another trigger
  b.receiver.bytes(other.finish(), 1);
  BOOST_TEST(b.counter("other_set") == 1U);
  BOOST_TEST(b.receiver.samples.empty());
}

BOOST_AUTO_TEST_CASE(a_generation_5_sensor_refuses_a_sync_pin) {
  MipBench b(mip_settings(1, {{"gen5", 1}}), {});
  BOOST_CHECK_EXCEPTION(b.driver->start(b.link, b.facts), DeviceError,
                        [](const DeviceError& e) { return std::string(e.what()).starts_with("sync_pin: "); });
  BOOST_TEST(find_driver("microstrain_mip")->check_settings(mip_settings(5)).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
