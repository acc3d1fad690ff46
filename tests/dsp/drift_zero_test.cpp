// A zero that follows the drift of a charge amplifier, and never a person.
#include "dsp/drift_zero.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "dsp/drift_report.hpp"
#include "schemas/sample_batch.hpp"
#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(drift_zero)

using namespace grfd;
using grfd_test::Random;

namespace {

constexpr double kTick = 1e-3;

/// A plate on which one code is one volt and one newton.
PlateModel plain_plate() {
  PlateSettings p;
  p.name = "left";
  p.calibration.kind = PlateKind::matrix;
  p.calibration.load_per_v.assign(6, {});
  for (std::size_t i = 0; i < 6; ++i) p.calibration.load_per_v[i][i] = 1;
  p.corners_m = {{{.2, .3, 0}, {-.2, .3, 0}, {-.2, -.3, 0}, {.2, -.3, 0}}};
  return PlateModel(p);
}

struct Rig {
  PlateModel model = plain_plate();
  PlateAdc adc = PlateAdc(AdcCalibration{1, -1, 0});
  DriftZero drift{DriftZeroParams{}};
  DriftReport report;
  PlateCodes zero{};
  std::vector<Sample> storage = std::vector<Sample>(64);
  std::vector<std::string> events;
  std::uint64_t seq = 0;
  long k = 0;

  double t() const { return kTick * double(k); }
  /// One sample; @return the force that is seen
  double step(double true_fz, double drifted, bool gap = false) {
    PlateCodes codes{};
    codes[2] = true_fz + drifted;
    const double seen = codes[2] - zero[2];
    drift.step(t(), seen, gap, codes, zero);
    SampleBatch out(storage);
    Sample cause;
    report.tell("left", model, drift, adc, zero, seen, t(), cause, TextWriter(7), seq, out);
    std::string all;
    for (const Sample& s : out.samples()) {
      all += text(s);
      if (s.part + 1 == s.parts) events.push_back(all), all.clear();
    }
    ++k;
    return seen;
  }
};

int count(const Rig& rig, const char* part) {
  int n = 0;
  for (const std::string& e : rig.events) n += e.find(part) != std::string::npos;
  return n;
}
double moved_fz(const std::string& event) {
  const std::string key = "\"moved_fz_n\":";
  return std::stod(event.substr(event.find(key) + key.size()));
}
bool has(const std::string& event, const char* part) { return event.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_CASE(the_zero_follows_a_steady_drift_with_the_lag_of_its_low_pass) {
  Rig rig;
  const double slope = .1;
  double seen = 0;
  for (; rig.k < 30000;) {
    const bool before = rig.drift.following();
    seen = rig.step(0, slope * rig.t());
    if (!before && rig.drift.following()) BOOST_TEST(rig.k == 1000);  // after 1.0 s, not sooner
  }
  BOOST_TEST(rig.drift.following());
  // before the update the zero is slope * tau behind, to one sample: T e^(-T/tau) / (1 - e^(-T/tau)) + T
  const double lag = kTick / -std::expm1(-kTick / 2);
  BOOST_TEST(std::abs(seen - slope * lag) < 1e-5);
  BOOST_TEST(std::abs(seen - .2) < 1e-3);
  BOOST_REQUIRE(!rig.events.empty());
  BOOST_TEST(has(rig.events[0], "\"state\":\"following\",\"reason\":\"unloaded\""));
  // at most one event per second, and together they tell all of the movement
  BOOST_TEST(rig.events.size() <= 30u);
  BOOST_TEST(rig.events.size() >= 27u);
}

BOOST_AUTO_TEST_CASE(never_while_a_foot_is_there) {
  Rig rig;
  Random random(3);
  const double slope = .05;
  const auto noise = [&] { return .4 * random.normal(); };
  while (rig.k < 10000) rig.step(noise(), slope * rig.t());
  BOOST_TEST(rig.drift.following());
  while (rig.k < 10030)
    rig.step(noise() + 25.0 * double(rig.k - 10000), slope * rig.t());  // a foot comes down in 30 ms
  const double held = rig.zero[2];
  BOOST_TEST(!rig.drift.following());
  BOOST_TEST(std::abs(held - slope * 10) < .2);
  while (rig.k < 40000) rig.step(750 + noise(), slope * rig.t());
  BOOST_TEST(rig.zero[2] == held);
  while (rig.k < 60000) rig.step(noise(), slope * rig.t());  // 1.5 N have gathered
  BOOST_TEST(rig.drift.following());
  BOOST_TEST(std::abs(rig.zero[2] - slope * 60 + slope * 2) <
             .05);  // 4 standard errors: .4 sqrt(T / 2 tau) = .006, and the wait

  double told = 0;
  int changes = 0;
  for (const std::string& e : rig.events) {
    told += moved_fz(e);
    changes += has(e, "held") || has(e, "unloaded") ? has(e, "\"state\":\"held\"") : 0;
  }
  BOOST_TEST(changes == 1);
  BOOST_TEST(std::abs(told - rig.zero[2]) < .1);  // what has not been told yet is below 0.05 N, the first samples aside
}

// The gate of 5 N alone never opens again once 5 N have leaked under a foot.
BOOST_AUTO_TEST_CASE(what_leaked_under_a_foot_is_found_when_it_has_gone) {
  struct Case {
    double slope, foot_s;
  };
  for (const auto [slope, foot_s] : {Case{.1, 60}, Case{-.1, 60}, Case{.1, 80}, Case{.01, 700}}) {
    Rig rig;
    Random random(4);
    const auto noise = [&] { return .2 * random.normal(); };
    while (rig.t() < 10) rig.step(noise(), slope * rig.t());
    BOOST_TEST(rig.drift.following());
    while (rig.t() < 10 + foot_s) rig.step(750 + noise(), slope * rig.t());
    BOOST_TEST(std::abs(slope * rig.t() - rig.zero[2]) > 5);  // the lockout
    BOOST_TEST(std::abs(slope * rig.t() - rig.zero[2]) < 9);
    while (rig.t() < 11.2 + foot_s) rig.step(noise(), slope * rig.t());  // blocks of 0.1 s, 1 s of them
    BOOST_TEST(rig.drift.following());
    double seen = 0;
    int samples = 0;
    for (const double end = rig.t() + 20; rig.t() < end;) {
      const double now = rig.step(noise(), slope * rig.t());
      if (rig.t() > end - 1) seen += now, ++samples;
    }
    BOOST_TEST(rig.drift.following());
    BOOST_TEST(std::abs(seen / samples - slope * 2) < .06);  // its lag, 9 e^(-19/2) and four standard errors
    BOOST_TEST(count(rig, "drift_zero_off") == 0);
    BOOST_TEST(count(rig, "\"state\":\"held\"") == 1);
  }
}

BOOST_AUTO_TEST_CASE(more_than_that_is_told_within_seconds_and_mended_by_a_tare) {
  Rig rig;
  Random random(8);
  const auto noise = [&] { return .2 * random.normal(); };
  while (rig.t() < 10) rig.step(noise(), .1 * rig.t());
  while (rig.t() < 130) rig.step(750 + noise(), .1 * rig.t());
  const double held = rig.zero[2];
  BOOST_TEST(count(rig, "drift_zero_off") == 0);
  while (rig.t() < 133.3) rig.step(noise(), .1 * rig.t());  // 12 N have leaked
  BOOST_TEST(count(rig, "drift_zero_off {\"plate\":\"left\",\"fz_n\":12.") +
                 count(rig, "drift_zero_off {\"plate\":\"left\",\"fz_n\":13.") ==
             1);
  BOOST_TEST(rig.zero[2] == held);
  while (rig.t() < 150) rig.step(noise(), .1 * rig.t());
  BOOST_TEST(count(rig, "drift_zero_off") == 1);  // once
  rig.zero[2] = .1 * rig.t();
  rig.drift.tared();
  rig.report.tared(rig.zero);
  while (rig.t() < 151.2) rig.step(noise(), .1 * rig.t());
  BOOST_TEST(rig.drift.following());
  while (rig.t() < 161) rig.step(noise(), .1 * rig.t());
  BOOST_TEST(std::abs(rig.zero[2] - .1 * (161 - 2)) < .1);
  BOOST_TEST(count(rig, "drift_zero_off") == 1);
}

BOOST_AUTO_TEST_CASE(a_load_that_grows_slowly_is_no_drift) {
  {
    Rig rig;  // 2 N/s for 35 s
    while (rig.t() < 5) rig.step(0, 0);
    BOOST_TEST(rig.drift.following());
    while (rig.t() < 40) rig.step(2 * (rig.t() - 5), 0);
    // The line through the last second reaches 0.5 N/s when 0.33 s of it are ramp (2 f^2 (3 - 2 f) = 0.5); up to the
    // block's end, 0.4 s, the zero goes integral of 2 t / tau = 0.08 N.
    BOOST_TEST(std::abs(rig.zero[2]) < .09);
    BOOST_TEST(count(rig, "\"state\":\"held\",\"reason\":\"slope\"") == 1);
  }
  {
    Rig rig;  // 0.4 N/s, slow enough for the slope: 5 N more than 0.2 N/s explain are reached after 25 s
    double worst = -5;
    while (rig.t() < 100) {
      rig.step(.4 * rig.t(), 0);
      worst = std::max(worst, rig.zero[2] - 5 - .2 * rig.t());
    }
    BOOST_TEST(worst < 0);
    BOOST_TEST(rig.zero[2] < 10);
    BOOST_TEST(count(rig, "\"state\":\"held\",\"reason\":\"total\"") == 1);
  }
  {
    Rig rig;  // as fast as drift may be, for an hour: followed all the way
    while (rig.t() < 3600) rig.step(0, .15 * rig.t());
    BOOST_TEST(std::abs(rig.zero[2] - .15 * (rig.t() - 2)) < .01);
    BOOST_TEST(count(rig, "held") == 0);
  }
}

BOOST_AUTO_TEST_CASE(a_tare_is_no_noise) {
  Rig rig;
  while (rig.t() < 1.5) rig.step(0, 3);
  BOOST_TEST(rig.drift.following());
  rig.zero[2] = 3;  // 2.3 N less are seen from here on
  rig.drift.tared();
  rig.report.tared(rig.zero);
  while (rig.t() < 5) rig.step(0, 3);
  BOOST_TEST(rig.drift.following());
  BOOST_TEST(count(rig, "held") == 0);
  BOOST_TEST(std::abs(rig.zero[2] - 3) < 1e-9);
}

BOOST_AUTO_TEST_CASE(what_is_no_empty_plate_stops_it) {
  {
    Rig rig;  // a bag of 6 N: no foot was there that could hide a drift
    while (rig.k < 60000) rig.step(rig.k < 3000 ? 0 : 6, 0);
    BOOST_TEST(rig.zero[2] == 0.0);
    BOOST_TEST(count(rig, "drift_zero_off") == 1);
    BOOST_TEST(has(rig.events.back(), "drift_zero_off {\"plate\":\"left\",\"fz_n\":6,"));
  }
  {
    Rig rig;  // somebody touches it: 4 N at most, but never still
    while (rig.k < 5000) rig.step(2.5 * std::sin(.02 * double(rig.k)), 0);
    BOOST_TEST(!rig.drift.moved());
  }
  {
    Rig rig;  // half a second of load every second
    while (rig.k < 20000) rig.step(rig.k % 1000 < 500 ? 600 : 0, 0);
    BOOST_TEST(!rig.drift.moved());
  }
  {
    Rig rig;  // a hole, or an unknown sample, begins the second anew
    while (rig.k < 900) rig.step(0, .1);
    rig.step(0, .1, true);
    while (rig.k < 1800) rig.step(0, .1);
    BOOST_TEST(!rig.drift.moved());
    rig.step(std::nan(""), .1);
    while (rig.k < 2700) rig.step(0, .1);
    BOOST_TEST(!rig.drift.moved());
    while (rig.k < 3000) rig.step(0, .1);
    BOOST_TEST(rig.drift.following());
  }
}

BOOST_AUTO_TEST_CASE(ten_minutes_without_an_unloaded_second_are_a_warning) {
  Rig rig;
  while (rig.k < 3000) rig.step(0, 0);
  const auto warnings = [&] {
    int n = 0;
    for (const std::string& e : rig.events) n += has(e, "drift_zero_overdue {\"plate\":\"left\"");
    return n;
  };
  while (rig.t() < 602.9) rig.step(700, 0);
  BOOST_TEST(warnings() == 0);
  while (rig.t() < 604) rig.step(700, 0);
  BOOST_TEST(warnings() == 1);
  while (rig.t() < 1190) rig.step(700, 0);
  BOOST_TEST(warnings() == 1);
  while (rig.t() < 1206) rig.step(700, 0);
  BOOST_TEST(warnings() == 2);
  while (rig.t() < 1208) rig.step(0, 0);
  while (rig.t() < 1300) rig.step(700, 0);
  BOOST_TEST(warnings() == 2);
  BOOST_TEST(rig.events.back().find("\"reason\":\"contact\"") == std::string::npos);
  BOOST_TEST(has(rig.events.back(), "\"state\":\"held\",\"reason\":\"load\""));  // 5 N come before 20 N and 5 ms
}

BOOST_AUTO_TEST_SUITE_END()
