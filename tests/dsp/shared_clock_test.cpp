// One clock for several devices: equal scans at equal times, a common restart, and scans that one of them lacks.
#include "dsp/shared_clock.hpp"

#include <boost/test/unit_test.hpp>
#include <map>

#include "dsp/calibration.hpp"

BOOST_AUTO_TEST_SUITE(shared_clock)

using namespace grfd;

namespace {
/// Arrival of scan k: the clock's line, then packets of `packet` scans and a delay that depends on the scan.
double arrival(std::int64_t k, double start_s, int packet, double delay_s) {
  const std::int64_t last = (k / packet + 1) * packet - 1;
  return start_s + 1e-3 * (1 + 40e-6) * static_cast<double>(last) + delay_s +
         1e-4 * static_cast<double>(last * 7919 % 13) / 13;
}
}  // namespace

BOOST_AUTO_TEST_CASE(equal_scans_of_one_clock_get_equal_times) {
  ClockMap map;
  SharedClock clock(map);
  std::uint32_t left = 0, right = 0;
  double begin_s = 5;
  for (int epoch = 0; epoch < 3; ++epoch, begin_s += 80) {
    std::map<std::int64_t, double> stamps;
    struct Device {
      std::uint32_t& generation;
      int packet;
      double delay_s;
      std::int64_t next = 0;
    };
    Device devices[] = {{left, 4, 0.3e-3}, {right, 5, 1.1e-3}};
    double newest = 0;
    std::size_t twins = 0;
    while (devices[0].next < 60'000) {
      Device& a = devices[0];
      Device& b = devices[1];
      Device& d =
          arrival(a.next, begin_s, a.packet, a.delay_s) <= arrival(b.next, begin_s, b.packet, b.delay_s) ? a : b;
      const double t = arrival(d.next, begin_s, d.packet, d.delay_s);
      if (d.next == 0) clock.begin(d.generation, 0, t);
      const double stamp = clock.accept(d.next, t);
      const auto [other, fresh] = stamps.emplace(d.next, stamp);
      if (!fresh) {
        BOOST_REQUIRE_EQUAL(other->second, stamp);
        ++twins;
        stamps.erase(other);
      }
      // the line is at most late by the smallest delay, the packet's jitter and its own settling
      if (d.next > 30'000)
        newest = std::max(newest, std::abs(stamp - (begin_s + 1e-3 * (1 + 40e-6) * static_cast<double>(d.next))));
      ++d.next;
    }
    BOOST_TEST(twins > 59'900u);
    BOOST_TEST(newest < 0.5e-3);
    BOOST_TEST(left == right);
    BOOST_TEST(map.resets() == static_cast<std::uint32_t>(epoch));
  }
}

BOOST_AUTO_TEST_CASE(a_device_far_behind_or_with_a_hole_gets_times_of_the_line) {
  ClockMap map;
  SharedClock clock(map);
  std::uint32_t generation = 0;
  clock.begin(generation, 0, 1);
  for (std::int64_t k = 0; k < 3000; ++k) clock.accept(k, 1 + 1e-3 * static_cast<double>(k));
  clock.accept(3500, 4.5);                                      // 500 scans never came
  BOOST_TEST(std::abs(clock.accept(3250, 4.6) - 4.25) < 1e-6);  // the other one has them
  clock.accept(9000, 10);
  BOOST_TEST(std::abs(clock.accept(3600, 11) - 4.6) < 1e-6);  // more than is kept
}

BOOST_AUTO_TEST_CASE(missing_scans_are_found_and_counted) {
  // Packets of 4 scans at 1 kHz; the other device delivers `late_ms` earlier. Looks every 10 ms.
  const auto run = [](std::int64_t lost, double late_ms, std::int64_t from_look) {
    ScanDeficit deficit(ScanDeficit::tolerance_scans(8, 1e-3));
    for (std::int64_t look = 0; look < 3000; ++look) {
      const double ms = 10.0 * static_cast<double>(look) + 3.7;
      const auto delivered = [](double t) { return static_cast<std::int64_t>(t / 4) * 4; };
      const std::int64_t behind = delivered(ms) - delivered(ms - late_ms) + (look >= from_look ? lost : 0);
      if (const std::int64_t found = deficit.look(behind)) return std::pair(found, look - from_look);
    }
    return std::pair(std::int64_t{0}, std::int64_t{0});
  };
  BOOST_TEST(run(0, 0, 0).first == 0);
  BOOST_TEST(run(0, 2, 0).first == 0);
  BOOST_TEST(run(-8, 0, 0).first == 0);  // ahead: the other one lacks them
  for (const std::int64_t lost : {4, 12, 400}) {
    const auto [found, looks] = run(lost, 0.2, 1000);
    BOOST_TEST(found == lost);
    BOOST_TEST(looks <= 600);
  }
  // It only comes late: 300 looks without a scan at 10 scans a look, then all at once, or twice as fast as it should.
  for (const std::int64_t catch_up : {3000, 20}) {
    ScanDeficit stalled(3);
    std::int64_t behind = 0;
    for (std::int64_t look = 0; look < 4000; ++look) {
      behind = look % 1000 < 300 ? behind + 10 : std::max<std::int64_t>(behind - catch_up, 0);
      BOOST_REQUIRE_EQUAL(stalled.look(behind), 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(frequent_losses_are_found_and_counted) {
  // Looks every 10 ms, packets of 4 scans at 1 kHz; a packet is lost every so many looks.
  for (const std::int64_t every : {400, 200, 80, 40, 13}) {
    ScanDeficit deficit(ScanDeficit::tolerance_scans(8, 1e-3));
    std::int64_t told = 0, worst = 0;
    for (std::int64_t look = 0; look < 6000; ++look) {
      const std::int64_t lost = look / every * 4, phase = look * 7 % 4;
      told += deficit.look(lost - told + phase);
      worst = std::max(worst, lost - told);
    }
    BOOST_TEST_MESSAGE("4 scans of " << every * 10 << " are lost: of " << 6000 / every * 4 << " " << told
                                     << " are told, at most " << worst << " not yet");
    BOOST_TEST(told > 0);
    BOOST_TEST(told <= 6000 / every * 4 + 3);
    BOOST_TEST(worst <= 8 * 200 * 4 / every / 2 + 12);  // what four windows lose, and the tolerance
  }
}

BOOST_AUTO_TEST_CASE(a_straight_line_of_the_devices_own_constants) {
  // slope 1.0012 and offset -3.25 on +-10 V: code 40000 is 40044.75 corrected, +2.22069 V (data sheet of the protocol)
  const AdcCalibration adc = straight_line(1.0012, -3.25, 10);
  BOOST_TEST(adc.plausible());
  BOOST_TEST(std::abs(adc.volts(40000) - 2.22069) < 5e-6);
  for (const double code : {0.0, 32767.0, 32768.0, 65535.0})
    BOOST_TEST(std::abs(adc.volts(code) - ((1.0012 * code - 3.25) * 20 / 65536 - 10)) < 1e-12);
  PlateZero zero;
  PlateAdc six(adc);
  six[2] = straight_line(0.9988, 5, 5);
  PlateCodes codes{};
  codes.fill(40000);
  zero.codes.fill(30000);
  const PlateVolts v = tared_volts(six, codes, zero);
  BOOST_TEST(std::abs(v[0] - 10000 * 1.0012 * 20 / 65536) < 1e-12);
  BOOST_TEST(std::abs(v[2] - 10000 * 0.9988 * 10 / 65536) < 1e-12);
}

// Three columns come of four codes, five to seven of eight: a lost packet is 8 and 4 scans.
BOOST_AUTO_TEST_CASE(one_lost_packet_is_more_than_a_healthy_device_may_be_behind) {
  for (const auto& [columns, packet] : {std::pair{1, 32}, {2, 16}, {3, 8}, {4, 8}, {5, 4}, {6, 4}, {7, 4}, {8, 4}}) {
    const double tolerance = ScanDeficit::tolerance_scans(static_cast<std::size_t>(columns), 1e-3);
    BOOST_TEST(tolerance < packet);
    BOOST_TEST(tolerance >= 0.5 * packet);
  }
}

BOOST_AUTO_TEST_SUITE_END()
