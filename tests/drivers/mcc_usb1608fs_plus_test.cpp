// The USB-1608FS-Plus: published bytes, every split of them, calibration, faults, and two units on one pacer.
#include <cmath>

#include "tests/drivers/mcc_usb1608fs_plus_rig.hpp"

namespace grfd {
BOOST_AUTO_TEST_SUITE(mcc_usb1608fs_plus)

using namespace mcc_test;

BOOST_AUTO_TEST_CASE(published_payloads) {
  BOOST_TEST(pacer_period(1000).value() == 39999u);
  BOOST_TEST(pacer_rate_hz(39999) == 1000.0);
  BOOST_TEST(!pacer_period(0));
  BOOST_TEST(!pacer_period(40e6));  // a period of 0 is the external clock
  BOOST_TEST(pacer_period(0.0094).has_value());
  BOOST_TEST(!pacer_period(0.0093));
  BOOST_TEST((payload({0, 39999, 0xff, 0x82}) == bytes_of({0, 0, 0, 0, 0x3f, 0x9c, 0, 0, 0xff, 0x82})));
  BOOST_TEST((payload({0, 0, 0xff, 0x80}) == bytes_of({0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x80})));
  BOOST_TEST((payload({2048, 39999, 0xff, 0x80}) == bytes_of({0, 8, 0, 0, 0x3f, 0x9c, 0, 0, 0xff, 0x80})));
  const auto back = decode(encode({2048, 39999, 0x3f, 0x86}));
  BOOST_TEST((back.scan_count == 2048 && back.pacer_period == 39999 && back.mask == 0x3f && back.options == 0x86));
}

BOOST_AUTO_TEST_CASE(published_calibration) {
  BOOST_TEST(calibration_address(0, 3) == 0x018u);
  BOOST_TEST(calibration_address(1, 0) == 0x040u);
  BOOST_TEST(calibration_address(5, 7) == 0x178u);
  std::vector<std::byte> memory(kMemoryBytes);
  const auto pair = bytes_of({0x52, 0x27, 0x80, 0x3f, 0x00, 0x00, 0x50, 0xc0});
  std::copy(pair.begin(), pair.end(), memory.begin() + 0x018);
  const ChannelCalibration c = read_calibration(memory, 0, 3);
  BOOST_TEST(c.plausible());
  BOOST_TEST(std::abs(c.slope - 1.0012) < 1e-7);
  BOOST_TEST(c.offset == -3.25);
  BOOST_TEST(std::abs(c.slope * 40000 + c.offset - 40044.75) < 2e-3);
  BOOST_TEST(std::abs(c.volts(40000, 10) - 2.22069) < 5e-6);
  BOOST_TEST(std::abs(c.code(c.volts(12345, 10), 10) - 12345) < 1e-9);
  const ChannelCalibration none;
  BOOST_TEST(none.volts(0x8000, 10) == 0.0);
  BOOST_TEST(none.volts(0, 5) == -5.0);
  BOOST_TEST(std::abs(none.volts(65535, 2) - (2 - 4.0 / 65536)) < 1e-15);
  BOOST_TEST((!ChannelCalibration{std::nan(""), 0}.plausible()));
  BOOST_TEST((!ChannelCalibration{1.6, 0}.plausible()));
  BOOST_TEST((!ChannelCalibration{0.4, 0}.plausible()));
}

BOOST_AUTO_TEST_CASE(a_scan_is_found_wherever_its_bytes_are_split) {
  const auto scan =
      bytes_of({0x00, 0x80, 0x01, 0x80, 0xff, 0x7f, 0x40, 0x9c, 0xc0, 0x63, 0xff, 0xff, 0x00, 0x00, 0xe8, 0x80});
  constexpr int kCodes[] = {32768, 32769, 32767, 40000, 25536, 65535, 0, 33000};
  constexpr double kVolts[] = {0, 0.000305, -0.000305, 2.2070, -2.2070, 9.99969, -10, 0.0708};
  for (std::size_t i = 0; i < 8; ++i)
    BOOST_TEST(std::abs(ChannelCalibration{}.volts(kCodes[i], 10) - kVolts[i]) < 5e-5);
  auto two = scan;
  two.insert(two.end(), scan.begin(), scan.end());
  for (std::size_t a = 0; a <= two.size(); ++a)
    for (std::size_t b = a; b <= two.size(); ++b) {
      MccStream stream(0xff, 1000, 300, {0, 1, 2}, -1, -1);
      stream.restart(MccLoss::restart);
      FixedBatch<8> out;
      const std::span<const std::byte> all(two);
      stream.decode(all.first(a), 10, out);
      stream.decode(all.subspan(a, b - a), 20, out);
      stream.decode(all.subspan(b), 30, out);
      BOOST_REQUIRE_EQUAL(out.size(), 2u);
      for (std::size_t k = 0; k < 2; ++k) {
        BOOST_REQUIRE_EQUAL(out.samples()[k].seq, k);
        BOOST_REQUIRE_EQUAL(out.samples()[k].t_device, k);
        for (std::size_t i = 0; i < 8; ++i) BOOST_REQUIRE_EQUAL(value<std::int32_t>(out.samples()[k], i), kCodes[i]);
      }
    }
}

BOOST_AUTO_TEST_CASE(three_five_six_and_seven_inputs_are_filled_up) {
  for (const unsigned whole : {0x01u, 0x80u, 0x03u, 0x81u, 0x0fu, 0xb1u, 0xffu})
    BOOST_TEST(unsigned{padded(static_cast<std::uint8_t>(whole))} == whole);
  BOOST_TEST(unsigned{padded(0b0000'0111)} == 0b0000'1111u);
  BOOST_TEST(unsigned{padded(0b1011'0000)} == 0b1011'0001u);
  BOOST_TEST(unsigned{padded(0b0000'1101)} == 0b0000'1111u);
  for (const unsigned many : {0x1fu, 0xf8u, 0x3fu, 0xb7u, 0x7fu, 0xfeu})
    BOOST_TEST(unsigned{padded(static_cast<std::uint8_t>(many))} == 0xffu);

  // Inputs 1, 4 and 6 are columns, 0 is not.
  MccStream stream(0b0101'0010, 1000, 300, {0, 1, 2}, -1, -1);
  stream.restart(MccLoss::restart);
  FixedBatch<8> out;
  stream.decode(bytes_of({9, 9, 1, 0, 4, 0, 6, 0, 8, 8, 0x11, 0, 0x44, 0, 0x66, 0}), 10, out);
  const auto rows = out.samples();
  BOOST_REQUIRE_EQUAL(rows.size(), 2u);
  for (std::size_t k = 0; k < 2; ++k) {
    const int times = k == 0 ? 1 : 17;
    BOOST_TEST(value<std::int32_t>(rows[k], 0) == 1 * times);
    BOOST_TEST(value<std::int32_t>(rows[k], 1) == 4 * times);
    BOOST_TEST(value<std::int32_t>(rows[k], 2) == 6 * times);
    BOOST_TEST(value<std::int32_t>(rows[k], 3) == 0);
  }
}

BOOST_AUTO_TEST_CASE(half_a_scan_is_dropped_and_counted_and_the_hole_is_told) {
  MccStream stream(0x03, 1000, 300, {0, 1, 2}, -1, -1);
  stream.restart(MccLoss::restart);
  FixedBatch<8> out;
  stream.decode(bytes_of({1, 0, 2, 0, 3}), 10, out);  // unplugged in the middle
  stream.restart(MccLoss::fifo_overrun);
  stream.decode(bytes_of({4, 0, 5, 0}), 20, out);
  BOOST_REQUIRE_EQUAL(out.size(), 3u);
  const auto rows = out.samples();
  BOOST_TEST(rows[1].stream == 1);  // the loss comes before the scan after it
  BOOST_TEST(value<std::int64_t>(rows[1], 0) == 1);
  BOOST_TEST(value<std::int64_t>(rows[1], 1) == -1);
  BOOST_TEST(value<std::int64_t>(rows[1], 2) == 2);
  BOOST_TEST(rows[2].seq == 1u);
  BOOST_TEST(rows[2].t_device == 0u);
  BOOST_TEST(rows[2].epoch == 1u);
  BOOST_TEST(rows[2].flags == (kGapBefore | kNewEpoch));
  BOOST_TEST(value<std::int32_t>(rows[2], 1) == 5);
  BOOST_TEST(stream.counters()[1]->get() == 1u);  // incomplete_scans
}

BOOST_AUTO_TEST_CASE(scans_that_never_came_show_in_time) {
  // Of every `every` scans from `lose_at` on `lost` do not come; 0: once.
  const auto run = [](double drift, std::int64_t lose_at, std::int64_t lost, std::int64_t every = 0) {
    MccStream stream(0xff, 1000, 300, {0, 1, 2}, -1, -1);
    stream.restart(MccLoss::restart);
    const std::vector<std::byte> one(16);
    for (std::int64_t k = 0; k < 400'000; ++k) {
      if (k >= lose_at && (every ? (k - lose_at) % every : k - lose_at) < lost) continue;
      FixedBatch<2> out;
      stream.decode(one, static_cast<TimeNs>(static_cast<double>(k * kMs) * (1 + drift)) + (k * 7919 % 1000) * 3000,
                    out);
      if (stream.fault()) return k;
    }
    return std::int64_t{-1};
  };
  for (const double drift : {0.0, 100e-6, -100e-6, 250e-6, -250e-6}) BOOST_TEST(run(drift, 0, 0) == -1);
  BOOST_TEST(run(500e-6, 0, 0) > 20'000);  // more than crystals are off
  for (const std::int64_t at : {500, 1500, 2000, 4000, 20'000, 300'000})
    for (const double drift : {0.0, 100e-6, -100e-6}) {
      const std::int64_t seen = run(drift, at, 80);
      BOOST_TEST(seen > at);
      BOOST_TEST(seen < at + 6'000);
    }
  for (const double drift : {0.0, 100e-6, -100e-6}) {  // a packet of 64 bytes at a time
    const std::int64_t in_a_hundred = run(drift, 3000, 4, 400), in_a_thousand = run(drift, 3000, 4, 4000),
                       rare = run(drift, 3000, 4, 25'000);
    BOOST_TEST_MESSAGE("steady losses of 1 %, 0.1 %, 0.016 % are noticed after "
                       << in_a_hundred - 3000 << ", " << in_a_thousand - 3000 << ", " << rare - 3000 << " ms");
    BOOST_TEST(in_a_hundred > 3000);
    BOOST_TEST(in_a_hundred < 3000 + 6'000);
    BOOST_TEST(in_a_thousand > 3000);
    BOOST_TEST(in_a_thousand < 3000 + 30'000);
    BOOST_TEST(rare > 3000);
    BOOST_TEST(rare < 3000 + 50 / 4 * 25'000);  // before 50 ms are lost
  }
}

BOOST_AUTO_TEST_CASE(the_device_answers_as_published) {
  Volts source;
  source.f = [](int input, double) { return input == 3 ? 1.0 : 0.0; };
  DeviceSettings s = unit();
  MccUsb1608fsPlusDevice d(s, {&source, nullptr, {}, nullptr});
  for (std::uint8_t r = 0; r < 8; ++r)
    for (std::size_t c = 0; c < 8; ++c) write_calibration(d.memory(), r, c, 1, 0);
  std::vector<std::byte> data(8);
  BOOST_TEST(ask(d, kSerial, 0, 0, data) == 8);
  BOOST_TEST(std::string(reinterpret_cast<const char*>(data.data()), 8) == "01A2B3C4");
  BOOST_TEST(tell(d, kAInScanConfig, bytes_of({0, 1, 3, 5, 0, 0, 0, 0})) == 8);
  BOOST_TEST(ask(d, kAInScanConfig, 0, 0, data) == 8);
  BOOST_TEST((data == bytes_of({0, 1, 3, 5, 0, 0, 0, 0})));
  BOOST_TEST(tell(d, kAInScanConfig, bytes_of({2, 0, 0, 0, 0, 0, 0, 0})) == -1);
  data.resize(2);
  BOOST_TEST(ask(d, kAIn, 3, 1, data) == 2);  // 1 V of +-5 V
  BOOST_TEST((std::to_integer<int>(data[0]) | std::to_integer<int>(data[1]) << 8) == 32768 + 6554);
  data.resize(256);
  BOOST_TEST(ask(d, kCalMemory, 0, 0, data) == 256);
  data.resize(6);
  BOOST_TEST(ask(d, kCalMemory, 0x2fa, 0, data) == 6);
  BOOST_TEST(ask(d, kCalMemory, 0x2fb, 0, data) == -1);  // past the end
  BOOST_TEST(tell(d, kCalMemory, bytes_of({0x55, 0xaa})) == -1);
  BOOST_TEST(tell(d, kDfu) == -1);
  BOOST_TEST(tell(d, kBlinkLed, bytes_of({3})) == 1);
  BOOST_TEST(d.blinks() == 3u);

  const auto start = payload({0, 39999, 0xff, kNoStall});
  BOOST_TEST(status_of(d, 0) == 0u);
  BOOST_TEST(tell(d, kAInScanStart, start) == 10);
  BOOST_TEST(status_of(d, kMs) == kScanRunning);
  BOOST_TEST(tell(d, kAInScanStart, start) == -1);  // refused while it runs, as these
  BOOST_TEST(tell(d, kAInScanConfig, bytes_of({0, 0, 0, 0, 0, 0, 0, 0})) == -1);
  data.resize(2);
  BOOST_TEST(ask(d, kAIn, 0, 0, data) == -1);
  BOOST_TEST(tell(d, kAInScanStop) == 0);
  BOOST_TEST(status_of(d, kMs) == 0u);
  d.count_event();
  data.resize(4);
  BOOST_TEST(ask(d, kCounter, 0, 0, data) == 4);
  BOOST_TEST(std::to_integer<int>(data[0]) == 1);
  BOOST_TEST(tell(d, kReset) == 0);
  BOOST_TEST(d.resets() == 1u);
}

BOOST_AUTO_TEST_CASE(finite_scans_end_with_a_short_packet) {
  for (const auto& [scans, mask, expected, last] :
       {std::tuple{8u, 0xff, 128, 0}, std::tuple{5u, 0xff, 80, 16}, std::tuple{3u, 0x01, 6, 6}}) {
    Volts source;
    MccUsb1608fsPlusDevice d(unit(), {&source, nullptr, {}, nullptr});
    tell(d, kAInScanStart, payload({scans, 39999, static_cast<std::uint8_t>(mask), kNoStall | kDebug}));
    std::vector<std::byte> buffer(64);
    int sum = 0, n = -1, code = 0;
    TimeNs now = 0;
    do {
      now = d.ready(now, 0x81, 64);
      BOOST_REQUIRE(now != EmulatedDevice::kNever);
      n = d.in(now, 0x81, buffer);
      for (int i = 0; i < n; i += 2, ++code)
        BOOST_REQUIRE_EQUAL(std::to_integer<int>(buffer[static_cast<std::size_t>(i)]), code & 0xff);
      sum += std::max(n, 0);
    } while (n == 64 || n == -1);
    BOOST_TEST(sum == expected);
    BOOST_TEST(n == last);
    BOOST_TEST(d.ready(now, 0x81, 64) == EmulatedDevice::kNever);
    BOOST_TEST(status_of(d, now) == 0u);
  }
}

BOOST_AUTO_TEST_CASE(immediate_mode_sends_a_packet_per_scan) {
  Volts source;
  MccUsb1608fsPlusDevice d(unit(), {&source, nullptr, {}, nullptr});
  tell(d, kAInScanStart, payload({0, 39999, 0xff, kNoStall | kImmediate}));
  std::vector<std::byte> buffer(64);
  TimeNs now = 0;
  for (int k = 0; k < 5; ++k) {
    now = d.ready(now, 0x81, 64);
    BOOST_TEST(now == (2 + k) * kMs);
    BOOST_TEST(d.in(now, 0x81, buffer) == 16);
  }
}

BOOST_AUTO_TEST_CASE(a_full_fifo_ends_the_scan_or_halts_the_pipe) {
  for (const std::uint8_t options : {kNoStall, std::uint8_t{0}}) {
    Volts source;
    MccUsb1608fsPlusDevice d(unit(), {&source, nullptr, {}, nullptr});
    tell(d, kAInScanStart, payload({0, 39999, 0xff, options}));
    const TimeNs full = (2 + 4096) * kMs;  // 32768 samples are 4096 scans; the next one does not fit
    BOOST_TEST(status_of(d, full - 1) == kScanRunning);
    BOOST_TEST(status_of(d, full) == kScanOverrun);
    std::vector<std::byte> buffer(16384);
    if (options == kNoStall) {
      int sum = 0;
      for (int n; (n = d.in(full, 0x81, buffer)) > 0;) sum += n;
      BOOST_TEST(sum == 65536);
    } else {
      BOOST_TEST(d.in(full, 0x81, buffer) == -1);
      std::vector<std::byte> halt(2), none;
      BOOST_TEST(d.control(full, 0x82, 0, 0, 0x81, halt) == 2);
      BOOST_TEST(std::to_integer<int>(halt[0]) == 1);
      BOOST_TEST(d.control(full, 0x02, 1, 0, 0x81, none) == 0);
      BOOST_TEST(d.control(full, 0x82, 0, 0, 0x81, halt) == 2);
      BOOST_TEST(std::to_integer<int>(halt[0]) == 0);
    }
    BOOST_TEST(d.ready(full, 0x81, 16384 * 8) == EmulatedDevice::kNever);
    tell(d, kAInClearFifo, {}, full);
    BOOST_TEST(status_of(d, full) == 0u);
  }
}

BOOST_AUTO_TEST_CASE(driver_and_device_agree_on_every_volt) {
  TestClock clock;
  for (const int inputs : {8, 6, 1}) {
    DeviceSettings s = unit("mcc", inputs);
    s.input_ranges_v.assign(static_cast<std::size_t>(inputs), 10);
    if (inputs == 8) s.input_ranges_v = {10, 5, 2, 1, 10, 10, 5, 10};
    if (inputs == 6) s.emulation.faults["short_packet"] = 0.3;
    Rig rig(s, clock);
    rig.source.f = [](int input, double t) { return (0.1 + 0.1 * input) * std::sin(2 * M_PI * (3 + input) * t); };
    const DeviceIdentity id = rig.driver->identify(rig.link);
    BOOST_TEST(id.serial == "01A2B3C4");
    BOOST_TEST(id.firmware == "1.03");
    rig.start();
    BOOST_REQUIRE_EQUAL(rig.facts.size(), static_cast<std::size_t>(inputs));
    const TimeNs began = clock.t;
    rig.run_to(began + 2000 * kMs);
    BOOST_REQUIRE(rig.scans().size() > 1950u);
    // When the first scan was taken follows from the device's rule: the next whole millisecond plus one.
    double worst = 0;
    const double lsb = 20.0 / 65536;
    for (int first_ms = 0; first_ms < 40; ++first_ms) {
      worst = 0;
      for (std::size_t k = 0; k < rig.scans().size() && worst < 1e3; k += 7) {
        const double t = seconds(began / kMs * kMs) + 1e-3 * (first_ms + static_cast<double>(k));
        for (std::size_t i = 0; i < static_cast<std::size_t>(inputs); ++i) {
          const Sample& f = rig.facts.samples()[i];
          const ChannelCalibration c{value<double>(f, 1), value<double>(f, 2)};
          const double v = c.volts(value<std::int32_t>(rig.scans()[k], i), static_cast<int>(value<double>(f, 3)));
          worst = std::max(worst, std::abs(v - rig.source.f(static_cast<int>(i), t)));
        }
      }
      if (worst < 0.6 * lsb) break;
    }
    BOOST_TEST_MESSAGE(inputs << " inputs: worst difference " << worst / lsb << " codes of +-10 V");
    BOOST_TEST(worst < 0.6 * lsb);
    BOOST_TEST(value<double>(rig.facts.samples()[0], 6) == 1.03);
    BOOST_TEST(value<double>(rig.facts.samples()[0], 7) == 20240315);
    BOOST_TEST(rig.driver->check(rig.link, clock.t) == nullptr);
    const unsigned blinks = rig.device.blinks();
    BOOST_TEST(rig.driver->blink(rig.link));
    BOOST_TEST(rig.device.blinks() == blinks + 1);
    rig.driver->stop(rig.link);
    for (std::size_t k = 0; k < rig.scans().size(); ++k) BOOST_REQUIRE_EQUAL(rig.scans()[k].seq, k);
  }
}

BOOST_AUTO_TEST_CASE(constants_that_cannot_be_believed_are_replaced_and_told) {
  TestClock clock;
  Rig rig(unit(), clock);
  write_calibration(rig.device.memory(), 0, 2, 1.7f, 0);
  write_calibration(rig.device.memory(), 0, 5, 1.0f, std::nanf(""));
  rig.start();
  for (std::size_t i = 0; i < 8; ++i)
    BOOST_TEST(value<double>(rig.facts.samples()[i], 5) == (i == 2 || i == 5 ? 1 : 0));
  BOOST_TEST(rig.counter("uncalibrated") == 2u);
  rig.driver->stop(rig.link);
  rig.device.set_memory_readable(false);
  rig.start();
  for (std::size_t i = 0; i < 8; ++i) {
    BOOST_TEST(value<double>(rig.facts.samples()[i], 1) == 1.0);
    BOOST_TEST(value<double>(rig.facts.samples()[i], 5) == 1.0);
  }
}

BOOST_AUTO_TEST_CASE(an_overrun_is_named_and_the_restart_is_a_new_epoch) {
  TestClock clock;
  Rig rig(unit(), clock);
  rig.start();
  rig.run_to(clock.t + 500 * kMs);
  BOOST_TEST(rig.driver->check(rig.link, clock.t) == nullptr);
  const std::size_t before = rig.scans().size();
  rig.device.scanner().force_overrun();
  rig.run_to(clock.t + 100 * kMs);
  BOOST_TEST(rig.driver->check(rig.link, clock.t) == nullptr);  // not silent long enough to ask
  rig.run_to(clock.t + 100 * kMs);
  BOOST_TEST(std::string(rig.driver->check(rig.link, clock.t)) == "fifo_overrun");
  rig.driver->stop(rig.link);
  rig.start();
  rig.run_to(clock.t + 100 * kMs);
  BOOST_REQUIRE_EQUAL(rig.rows[2].size(), 1u);
  const Sample& loss = rig.rows[2][0];
  BOOST_TEST(value<std::int64_t>(loss, 1) == -1);
  BOOST_TEST(value<std::int64_t>(loss, 2) == static_cast<std::int64_t>(MccLoss::fifo_overrun));
  BOOST_REQUIRE(rig.scans().size() > before);
  const auto first = static_cast<std::size_t>(value<std::int64_t>(loss, 0));
  BOOST_TEST(rig.scans().at(first).epoch == 1u);
  BOOST_TEST(rig.scans().at(first).t_device == 0u);
  BOOST_TEST(rig.counter("fifo_overruns") == 1u);
  // A unit that never clears its mark: it is not taken for a new overrun; silence still is a fault.
  rig.device.set_status_sticky(true);
  rig.driver->stop(rig.link);
  rig.start();
  BOOST_TEST(rig.counter("overrun_mark_stuck") == 1u);
  rig.run_to(clock.t + 100 * kMs);
  BOOST_TEST(rig.driver->check(rig.link, clock.t) == nullptr);
  rig.device.scanner().force_overrun();
  rig.run_to(clock.t + 700 * kMs);
  BOOST_TEST(std::string(rig.driver->check(rig.link, clock.t)) == "starved");
}

// Nothing in the stream tells of bytes that the host lost: only the wall clock does, when they are many. Of an odd
// number every byte behind is in the wrong half of its code, until the new start.
BOOST_AUTO_TEST_CASE(bytes_lost_on_the_way_are_found_by_the_clock_and_mended_by_the_restart) {
  for (const std::size_t lost : {std::size_t{16 * 100}, std::size_t{16 * 100 + 1}, std::size_t{16 * 100 + 7}}) {
    TestClock clock;
    Rig rig(unit(), clock);
    rig.source.f = [](int input, double) { return input - 3.3; };
    rig.start();
    rig.run_to(clock.t + 20'000 * kMs);
    const Sample good = rig.scans().back();
    rig.device.scanner().drop_bytes(lost);
    rig.run_to(clock.t + 1000 * kMs);
    BOOST_TEST(rig.driver->check(rig.link, clock.t) == nullptr);  // it cannot be sure yet
    BOOST_TEST((rig.scans().back().data == good.data) == (lost % 16 == 0));
    const char* fault = nullptr;
    for (int s = 0; s < 5 && !fault; ++s) {
      rig.run_to(clock.t + 1000 * kMs);
      fault = rig.driver->check(rig.link, clock.t);
    }
    BOOST_REQUIRE(fault);
    BOOST_TEST(std::string(fault) == "scans_missing");
    rig.driver->stop(rig.link);
    rig.start();
    rig.run_to(clock.t + 200 * kMs);
    BOOST_TEST(rig.counter("incomplete_scans") == (lost % 16 == 0 ? 0u : 1u));
    BOOST_REQUIRE_EQUAL(rig.rows[2].size(), 1u);
    BOOST_TEST(value<std::int64_t>(rig.rows[2][0], 2) == static_cast<std::int64_t>(MccLoss::scans_missing));
    const auto first = static_cast<std::size_t>(value<std::int64_t>(rig.rows[2][0], 0));
    BOOST_REQUIRE(rig.scans().size() > first + 100);
    for (std::size_t k = first; k < rig.scans().size(); ++k) {
      BOOST_REQUIRE_EQUAL(rig.scans()[k].epoch, 1u);
      BOOST_REQUIRE((rig.scans()[k].data == good.data));
    }
  }
}

/// Writes down every control transfer: set-up packet, and what is sent behind "|".
struct ControlLog final : Link {
  explicit ControlLog(Link& to) : link(to) {}
  std::size_t control(std::uint8_t type, std::uint8_t request, std::uint16_t value, std::uint16_t index,
                      std::span<std::byte> data, int timeout_ms) override {
    std::string line;
    const auto add = [&line](unsigned byte) {
      char text[8];
      std::snprintf(text, sizeof text, "%s%02X", line.empty() ? "" : " ", byte & 0xff);
      line += text;
    };
    for (const unsigned byte : {unsigned{type}, unsigned{request}}) add(byte);
    for (const std::size_t word : {std::size_t{value}, std::size_t{index}, data.size()}) {
      add(static_cast<unsigned>(word));
      add(static_cast<unsigned>(word >> 8));
    }
    if (!(type & 0x80) && !data.empty()) {
      line += " |";
      for (const std::byte b : data) add(std::to_integer<unsigned>(b));
    }
    lines.push_back(line);
    return link.control(type, request, value, index, data, timeout_ms);
  }
  const LinkInfo& info() const override { return link.info(); }
  void claim(std::span<const int> interfaces) override { link.claim(interfaces); }
  void write(std::uint8_t e, std::span<const std::byte> d, int ms) override { link.write(e, d, ms); }
  std::size_t read(std::uint8_t e, std::span<std::byte> d, int ms) override { return link.read(e, d, ms); }
  void start_stream(std::uint8_t e, std::size_t n, int k) override { link.start_stream(e, n, k); }
  void stop_stream(std::uint8_t e, int ms) noexcept override { link.stop_stream(e, ms); }
  void set_receiver(Receiver* r) override { link.set_receiver(r); }
  Link& link;
  std::vector<std::string> lines;
};

// The set-up packets of the sheet, in their order, for the unit that paces and for the one that is paced.
BOOST_AUTO_TEST_CASE(what_is_said_at_the_start_byte_for_byte) {
  for (const bool paced : {false, true}) {
    TestClock clock;
    PacerWire wire;
    DeviceSettings s = unit();
    s.clock_output = !paced;
    if (paced) s.clock = "left";
    Rig rig(s, clock, &wire);
    ControlLog log(rig.link);
    rig.driver->start(log, rig.facts);
    const std::vector<std::string> expected = {"80 06 00 01 00 00 12 00",
                                               "40 12 00 00 00 00 00 00",
                                               "C0 30 00 00 00 00 00 01",
                                               "C0 30 00 01 00 00 00 01",
                                               "C0 30 00 02 00 00 06 00",
                                               "40 15 00 00 00 00 00 00",
                                               "40 14 00 00 00 00 08 00 | 00 00 00 00 00 00 00 00",
                                               "C0 14 00 00 00 00 08 00",
                                               paced ? "40 11 00 00 00 00 0A 00 | 00 00 00 00 00 00 00 00 FF 80"
                                                     : "40 11 00 00 00 00 0A 00 | 00 00 00 00 3F 9C 00 00 FF 82",
                                               "C0 44 00 00 00 00 02 00"};
    BOOST_TEST(log.lines == expected, boost::test_tools::per_element());
    log.lines.clear();
    rig.driver->blink(log);
    rig.driver->stop(log);
    BOOST_TEST(log.lines == (std::vector<std::string>{"40 41 00 00 00 00 01 00 | 01", "40 12 00 00 00 00 00 00"}),
               boost::test_tools::per_element());
    rig.link.set_receiver(nullptr);
  }
}

BOOST_AUTO_TEST_CASE(descriptors_are_those_of_the_sheet) {
  TestClock clock;
  Rig rig(unit(), clock);
  const std::vector<std::uint8_t> device = {0x12, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x40, 0xDB,
                                            0x09, 0xEA, 0x00, 0x03, 0x01, 0x01, 0x02, 0x03, 0x01},
                                  configuration = {0x09, 0x02, 0x19, 0x00, 0x01, 0x01, 0x00, 0x80, 0xFA,
                                                   0x09, 0x04, 0x00, 0x00, 0x01, 0xFF, 0xFF, 0xFF, 0x00,
                                                   0x07, 0x05, 0x81, 0x02, 0x40, 0x00, 0x00};
  BOOST_TEST(rig.device.device_descriptor() == device, boost::test_tools::per_element());
  BOOST_TEST(rig.device.info().configuration == configuration, boost::test_tools::per_element());
  BOOST_TEST(rig.device.info().manufacturer == "MCC");
  BOOST_TEST(rig.device.info().product == "USB-1608FS-Plus");
}

BOOST_AUTO_TEST_CASE(bytes_lost_at_a_rate_cost_what_the_emulation_says) {
  TestClock clock;
  DeviceSettings s = unit();
  s.emulation.faults["drop_bytes"] = 0.05;
  Rig rig(s, clock);
  rig.start();
  rig.run_to(clock.t + 10'000 * kMs);
  // 10 s x 1000 scans x 16 bytes = 2500 packets of 64, of which 125 lose 32 bytes on average: 250 of 10,000 scans.
  const auto scans = static_cast<double>(rig.scans().size());
  BOOST_TEST(std::abs(10'000 - scans - 250) < 90, scans << " scans");
  const char* fault = rig.driver->check(rig.link, clock.t);
  BOOST_REQUIRE(fault);
  BOOST_TEST(std::string(fault) == "scans_missing");
}

BOOST_AUTO_TEST_CASE(a_unit_that_resets_itself_in_mid_stream_is_started_anew) {
  TestClock clock;
  Rig rig(unit(), clock);
  rig.start();
  rig.run_to(clock.t + 500 * kMs);
  BOOST_TEST(rig.driver->check(rig.link, clock.t) == nullptr);
  BOOST_TEST(tell(rig.device, kReset, {}, clock.t) == 0);
  rig.run_to(clock.t + 700 * kMs);
  BOOST_TEST(std::string(rig.driver->check(rig.link, clock.t)) == "starved");
  rig.driver->stop(rig.link);
  rig.start();
  rig.run_to(clock.t + 200 * kMs);
  BOOST_REQUIRE_EQUAL(rig.rows[2].size(), 1u);
  BOOST_TEST(value<std::int64_t>(rig.rows[2][0], 1) == -1);
  BOOST_TEST(value<std::int64_t>(rig.rows[2][0], 2) == static_cast<std::int64_t>(MccLoss::starved));
  BOOST_TEST(rig.scans().back().epoch == 1u);
  BOOST_TEST(rig.scans().back().t_device > 100u);
}

BOOST_AUTO_TEST_CASE(a_scan_waits_for_the_edge_on_trig_in) {
  Volts source;
  MccUsb1608fsPlusDevice d(unit(), {&source, nullptr, {}, nullptr});
  constexpr std::uint8_t kRisingEdge = 1 << 2;
  BOOST_TEST(tell(d, kAInScanStart, payload({0, 39999, 0xff, kNoStall | kRisingEdge})) == 10);
  std::vector<std::byte> data(64);
  BOOST_TEST(d.ready(500 * kMs, 0x81, 64) == EmulatedDevice::kNever);
  BOOST_TEST(d.in(500 * kMs, 0x81, data) == -1);
  BOOST_TEST(status_of(d, 500 * kMs) == kScanRunning);  // armed
  BOOST_TEST(d.scanner().scans() == 0u);
  d.scanner().trigger();
  d.advance(600 * kMs);
  BOOST_TEST(d.scanner().scans() >= 99u);
  BOOST_TEST(d.scanner().scans() <= 101u);
  BOOST_TEST(d.in(600 * kMs, 0x81, data) == 64);
}

BOOST_AUTO_TEST_CASE(a_pulled_plug_is_noticed_and_the_unit_starts_anew) {
  TestClock clock;
  Rig rig(unit(), clock);
  rig.start();
  rig.run_to(clock.t + 101 * kMs);
  rig.link.unplug();
  BOOST_TEST(std::string(rig.reason) == "unplugged");
  rig.driver->stop(rig.link);
  BOOST_TEST(rig.counter("stop_failed") == 1u);
  rig.clock.t += 1000 * kMs;
  BOOST_CHECK_THROW(rig.start(), LinkError);
  rig.link.plug_in();
  rig.start();
  rig.run_to(clock.t + 100 * kMs);
  BOOST_TEST(rig.scans().back().epoch == 1u);
  for (std::size_t k = 0; k < rig.scans().size(); ++k) BOOST_REQUIRE_EQUAL(rig.scans()[k].seq, k);
}

BOOST_AUTO_TEST_CASE(descriptors_are_read_not_assumed) {
  struct Other final : Link {
    LinkInfo facts;
    const LinkInfo& info() const override { return facts; }
    void claim(std::span<const int>) override {}
    std::size_t control(std::uint8_t, std::uint8_t, std::uint16_t, std::uint16_t, std::span<std::byte> d,
                        int) override {
      return d.size();
    }
    void write(std::uint8_t, std::span<const std::byte>, int) override {}
    std::size_t read(std::uint8_t, std::span<std::byte>, int) override { return 0; }
    void start_stream(std::uint8_t, std::size_t, int) override {}
    void stop_stream(std::uint8_t, int) noexcept override {}
    void set_receiver(Receiver*) override {}
  } link;
  const auto driver = find_driver("mcc_usb1608fs_plus")->make(unit(), 0);
  Volts source;
  const std::vector<std::uint8_t> good =
      MccUsb1608fsPlusDevice(unit(), {&source, nullptr, {}, nullptr}).info().configuration;
  const auto trouble = [&](std::size_t at, std::uint8_t byte) -> std::string {
    link.facts.configuration = good;
    link.facts.configuration[at] = byte;
    try {
      driver->identify(link);
    } catch (const DeviceError& e) { return e.what(); }
    return "";
  };
  BOOST_TEST(trouble(20, 0x86) == "");  // another address is as good
  BOOST_TEST(trouble(14, 0x03) == "interface 0 is a HID: not a USB-1608FS-Plus");
  BOOST_TEST(trouble(20, 0x01) == "the first endpoint of interface 0 is 1, must be a bulk IN pipe");
  BOOST_TEST(trouble(21, 0x03) == "the first endpoint of interface 0 is 129, must be a bulk IN pipe");
}

BOOST_AUTO_TEST_CASE(settings_that_the_unit_cannot_do) {
  const auto errors = [](auto change) {
    DeviceSettings s = unit();
    change(s);
    const auto all = check_settings(s);
    return all.empty() ? std::string() : all.front();
  };
  BOOST_TEST(errors([](auto&) {}) == "");
  BOOST_TEST(errors([](auto& s) { s.rate_hz = 50e3; }) == "");
  BOOST_TEST(errors([](auto& s) {
               s.rate_hz = 51e3;
             }).starts_with("rate_hz: 8 channels at 51000 Hz are more than 400000 samples/s"));
  BOOST_TEST(errors([](auto& s) { s.analog_inputs = {0}, s.rate_hz = 100e3; }) == "");
  BOOST_TEST(errors([](auto& s) { s.analog_inputs = {0, 1, 2, 3, 4, 5}, s.rate_hz = 50e3; }) == "");
  BOOST_TEST(errors([](auto& s) { s.analog_inputs = {0, 1, 2, 3, 4, 5}, s.rate_hz = 60e3; }) ==
             "rate_hz: 6 inputs are scanned as 8 so that a packet holds whole scans, and 8 at 60000 Hz are more than "
             "400000 samples/s, at most 50000 Hz is possible, or 100000 Hz with 4 inputs");
  BOOST_TEST(errors([](auto& s) { s.analog_inputs = {0}, s.rate_hz = 101e3; }).starts_with("rate_hz"));
  BOOST_TEST(errors([](auto& s) { s.analog_inputs = {}; }).starts_with("analog_inputs: empty"));
  BOOST_TEST(errors([](auto& s) { s.analog_inputs = {0, 8}; }).starts_with("analog_inputs: input 8 does not exist"));
  BOOST_TEST(errors([](auto& s) { s.analog_inputs = {1, 0}; }).starts_with("analog_inputs: 0 follows 1"));
  BOOST_TEST(errors([](auto& s) { s.input_ranges_v = {10, 5}; }).starts_with("input_ranges_v: 2 ranges for 8 inputs"));
  BOOST_TEST(errors([](auto& s) { s.input_ranges_v = {4}; }).starts_with("input_ranges_v: +-4 V does not exist"));
  BOOST_TEST(errors([](auto& s) { s.analog_inputs = {0, 1}, s.sync_input = 5; }).starts_with("sync_input"));
  BOOST_TEST(errors([](auto& s) { s.input_ranges_v = {1}, s.sync_input = 5; }).starts_with("sync_threshold_v"));
  BOOST_TEST(errors([](auto& s) { s.clock_offset_scans = 1; }).starts_with("clock_offset_scans"));
  BOOST_TEST(errors([](auto& s) { s.emulation.faults["nan"] = 0.1; }).starts_with("emulation.faults.nan"));
}

BOOST_AUTO_TEST_CASE(edges_of_a_ttl_line_are_rows_with_hysteresis) {
  TestClock clock;
  DeviceSettings s = unit();
  s.sync_input = 7;
  s.emulation.noise = 1;
  Rig rig(s, clock, nullptr, {0.3, 0.2, 0.0305});
  rig.start();
  rig.run_to(2000 * kMs);
  const auto& edges = rig.rows[3];
  BOOST_REQUIRE(edges.size() >= 16u);
  const double first_scan_s = [&] {  // from the first rising edge: it is seen by the first scan at or after it
    return std::round(1e3 * (0.3 - 1e-3 * static_cast<double>(edges[0].t_device))) * 1e-3;
  }();
  const SyncLine line{0.3, 0.2, 0.0305};
  double t = 0;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const SyncLine::Edge edge = line.next(t);
    t = edge.t_s;
    BOOST_REQUIRE_EQUAL(value<std::int32_t>(edges[i], 0), 7);
    BOOST_REQUIRE_EQUAL(value<std::int32_t>(edges[i], 1), edge.rising ? 1 : 0);
    BOOST_REQUIRE_EQUAL(value<std::int32_t>(edges[i], 2), -1);
    BOOST_REQUIRE_EQUAL(edges[i].seq, i);
    const double late_s = first_scan_s + 1e-3 * static_cast<double>(edges[i].t_device) - edge.t_s;
    BOOST_REQUIRE(late_s > -1e-9);
    BOOST_REQUIRE(late_s < 1e-3 + 1e-9);
  }
  // Slow edges between the two thresholds give none.
  MccStream stream(0x10, 1000, 300, {0, 1, 2}, 0, 4);
  stream.set_sync_codes(1000, 900);
  stream.restart(MccLoss::restart);
  FixedBatch<32> out;
  int rows = 0;
  for (const int code : {950, 999, 1000, 950, 901, 900, 950, 999}) {
    out.clear();
    stream.decode(bytes_of({code & 0xff, code >> 8}), 1, out);
    rows += out.size() == 2;
  }
  BOOST_TEST(rows == 2);
}

BOOST_AUTO_TEST_CASE(two_units_on_one_pacer_take_the_same_scans) {
  for (const bool skip : {false, true}) {
    TestClock clock;
    PacerWire wire;
    DeviceSettings m = unit("left"), s = unit("right", 6);
    m.clock_output = true;
    m.emulation.drift_ppm = 80;
    if (skip) m.emulation.faults["skip_first_pulse"] = 1;
    s.clock = "left";
    s.emulation.drift_ppm = -70;  // of no effect: it does not count by its own crystal
    s.emulation.latency_ms = 0.9;
    s.emulation.seed = 7;
    Rig left(m, clock, &wire), right(s, clock, &wire);
    left.source.f = right.source.f = [](int, double t) { return 4 * std::sin(2 * M_PI * 1.3 * t); };
    right.start();
    BOOST_TEST((status_of(right.device, clock.t) & kScanOverrun) == 0u);
    const auto both_to = [&](TimeNs end) {
      for (;;) {
        const TimeNs a = left.link.next(), b = right.link.next();
        if (std::min(a, b) > end) break;
        clock.t = std::max(clock.t, std::min(a, b));
        (a <= b ? left : right).link.complete(clock.t);
      }
      clock.t = std::max(clock.t, end);
    };
    both_to(1000 * kMs);
    BOOST_TEST(right.scans().empty());  // armed: it waits as long as it takes
    BOOST_TEST(right.driver->check(right.link, clock.t) == nullptr);
    clock.t += 2000 * kMs;
    BOOST_TEST(right.driver->check(right.link, clock.t) == nullptr);
    left.start();
    both_to(clock.t + 30'000 * kMs);
    BOOST_TEST(left.driver->check(left.link, clock.t) == nullptr);
    BOOST_TEST(right.driver->check(right.link, clock.t) == nullptr);
    left.driver->stop(left.link);
    right.driver->stop(right.link);
    const std::size_t taken = left.device.scanner().scans(), given = right.device.scanner().scans();
    BOOST_TEST(taken == given + (skip ? 1 : 0));
    BOOST_TEST(taken > 29'900u);
    // What did not fill a packet stays in the units: at most 3 scans of 8 and 5 of 6 inputs.
    BOOST_TEST(taken - left.scans().size() < 4u);
    BOOST_TEST(given - right.scans().size() < 6u);
    const auto cal = [](const Rig& r, std::size_t k) {
      const Sample& f = r.facts.samples()[0];
      return ChannelCalibration{value<double>(f, 1), value<double>(f, 2)}.volts(value<std::int32_t>(r.scans()[k], 0),
                                                                                10);
    };
    double worst = 0;
    for (std::size_t k = 0; k + 8 < right.scans().size(); ++k)
      worst = std::max(worst, std::abs(cal(right, k) - cal(left, k + (skip ? 1 : 0))));
    BOOST_TEST_MESSAGE(taken << " scans, worst difference between the units " << worst * 1e3 << " mV");
    BOOST_TEST(worst < 0.00031);  // one code: half of each unit's rounding
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace grfd
