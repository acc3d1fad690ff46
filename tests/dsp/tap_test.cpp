// Delays of taps: known pulses, fractions of a millisecond, noise, and taps that must not count.
#include "dsp/tap.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

BOOST_AUTO_TEST_SUITE(tap)

using namespace grfd;

namespace {
constexpr std::size_t kWindow = TapParams::kWindow, kLag = TapParams::kLongestLag;

double pulse(double t_s, double at_s) {  // sin^2, 20 ms: science reference 3.5
  const double u = (t_s - at_s) / 0.020;
  return u > 0 && u < 1 ? std::sin(M_PI * u) * std::sin(M_PI * u) : 0;
}

/// Both signals through the tracks, as in the pipeline; the tap is at 0.5 s.
TapMatch match(double delay_s, double force_noise, double accel_noise, unsigned seed, double accel = 20) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  TapTrack plate, sensor;
  for (int i = 0; i < 1000; ++i) {
    const double t = 1e-3 * i;
    plate.push(300 * pulse(t, 0.5) + force_noise * normal(random));
    sensor.push(9.8 + accel * pulse(t, 0.5 + delay_s) + accel_noise * normal(random));
  }
  std::array<float, 2 * kWindow + 1> p;
  std::array<float, 2 * (kWindow + kLag) + 1> s;
  BOOST_REQUIRE(plate.copy(505 - kWindow, p));
  BOOST_REQUIRE(sensor.copy(505 - kWindow - kLag, s));
  return match_tap(p, s);
}
}  // namespace

BOOST_AUTO_TEST_CASE(the_delay_is_found_to_a_fraction_of_a_millisecond) {
  for (const double delay : {0.0, 0.00025, 0.0021, 0.0123, 0.01975, 0.06, -0.0008}) {
    const TapMatch m = match(delay, 0, 0, 1);
    BOOST_TEST(std::abs(m.delay_s - delay) < 2e-5, "delay " << delay << " measured " << m.delay_s);
    BOOST_TEST(m.r > 0.999);
    BOOST_TEST(m.inside);
  }
}

BOOST_AUTO_TEST_CASE(
    noise_of_plate_and_sensor_costs_less_than_the_reference_allows) {  // < 0.3 ms (1 SD), science reference 3.5
  double worst = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const TapMatch m = match(0.0073, 0.8, 0.05, seed);
    worst = std::max(worst, std::abs(m.delay_s - 0.0073));
    BOOST_TEST(m.r > 0.8);
  }
  BOOST_TEST_MESSAGE("largest error of 20 single taps: " << 1e6 * worst << " us");
  BOOST_TEST(worst < 0.3e-3);
}

BOOST_AUTO_TEST_CASE(a_sensor_that_lies_elsewhere_does_not_match) {
  double best = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) best = std::max(best, match(0.005, 0.8, 0.05, seed, 0).r);
  BOOST_TEST_MESSAGE("largest r of noise alone: " << best);
  BOOST_TEST(best < 0.8);
}

BOOST_AUTO_TEST_CASE(the_detector_hears_taps_once_and_no_noise) {
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  TapDetector detector;
  int taps = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double t = 1e-3 * i;
    const bool heard =
        detector.push(1.0 * normal(random) + 300 * pulse(t, 2) + 300 * pulse(t, 2.2) + 300 * pulse(t, 5.0005));
    if (!heard) continue;
    ++taps;
    BOOST_TEST((std::abs(t - 2) < 0.015 || std::abs(t - 5) < 0.015), "heard at " << t);
  }
  BOOST_TEST(taps == 2);  // the one 0.2 s after another belongs to it
  BOOST_TEST(!detector.push(std::nan("")));
}

BOOST_AUTO_TEST_CASE(unknown_values_and_old_ones_are_not_copied) {
  TapTrack track;
  for (int i = 0; i < 1500; ++i) track.push(i == 1200 ? std::nan("") : 1.0);
  std::array<float, 100> to;
  BOOST_TEST(!track.copy(1150, to));
  BOOST_TEST(track.copy(1201, to));
  BOOST_TEST(!track.copy(400, to));   // overwritten
  BOOST_TEST(!track.copy(1450, to));  // not there yet
}

BOOST_AUTO_TEST_CASE(the_verdict_needs_three_clear_taps_that_agree) {
  using Reason = TapVerdict::Reason;
  const TapParams p;
  const auto verdict = [&](std::initializer_list<TapMatch> matches, int gaps = 0) {
    TapSeries series;
    for (const TapMatch& m : matches) series.add(m, p);
    for (int i = 0; i < gaps; ++i) series.add_gap();
    return series.verdict(p);
  };
  const TapVerdict good = verdict({{0.0050, 0.95, true}, {0.0054, 0.9, true}, {0.0051, 0.99, true}, {0.02, 0.5, true}});
  BOOST_TEST(good.accepted());
  BOOST_TEST(good.taps == 3u);
  BOOST_TEST(good.delay_s == 0.0051);
  BOOST_TEST(std::abs(good.spread_s - 0.0004) < 1e-12);
  BOOST_TEST(good.r == 0.95);
  BOOST_TEST((verdict({}).reason == Reason::no_taps));
  BOOST_TEST((verdict({{0.005, 0.7, true}, {0.005, 0.79, true}, {0.005, 0.8, true}}).reason == Reason::no_match));
  BOOST_TEST((verdict({{0.005, 0.9, true}, {0.005, 0.9, true}, {0.1, 0.9, false}}).reason == Reason::too_few));
  BOOST_TEST((verdict({{0.005, 0.9, true}, {0.005, 0.9, true}}, 1).reason == Reason::gap));
  BOOST_TEST((verdict({{0.005, 0.9, true}, {0.0065, 0.9, true}, {0.0071, 0.9, true}}).reason == Reason::spread));
}

BOOST_AUTO_TEST_SUITE_END()
