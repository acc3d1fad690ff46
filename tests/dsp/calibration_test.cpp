#include "dsp/calibration.hpp"

#include <boost/test/unit_test.hpp>

#include "dsp/tare.hpp"
#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(calibration)

using namespace grfd;
using grfd_test::Random;
using grfd_test::worst;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

PlateModel strain_plate() {
  PlateSettings p;
  p.name = "left";
  p.calibration.sensitivity = grfd_test::vectors("plate.json")["strain"]["S"].get<std::vector<Wrench6>>();
  p.calibration.gain.assign(6, 1000);
  p.calibration.origin_m = {0, 0, .041};
  p.corners_m = {{{.2, .3, 0}, {-.2, .3, 0}, {-.2, -.3, 0}, {.2, -.3, 0}}};
  return PlateModel(p);
}

/// Codes of a plate with a zero offset under a wrench, as a converter would give them.
struct Source {
  PlateModel plate = strain_plate();
  AdcCalibration adc{3.16e-4, -3.15e-4, 33510.5};
  PlateCodes zero_codes{33510 + 120, 33510 - 45, 33510 + 900, 33510 + 33, 33510 - 210, 33510 + 5};
  PlateCodes codes(const Wrench6& w, bool rounded = true) const {
    const PlateVolts v = plate.volts(w);
    PlateCodes c{};
    for (std::size_t i = 0; i < 6; ++i) {
      c[i] = adc.code(adc.volts(zero_codes[i]) + v[i]);
      if (rounded) c[i] = std::round(c[i]);
    }
    return c;
  }
};

struct Disturbance {
  double fz = 0, sd_force = .4, sd_moment = .25, fz_slope = 0;
  int nan_at = -1, gap_at = -1, clip_at = -1;
};
TareResult run_tare(const Source& s, const Disturbance& d, const PlateCodes& reference) {
  Tare tare;
  Random random(9);
  tare.start(reference);
  for (int k = 0; k < 4000; ++k) {
    if (k == d.gap_at) continue;
    Wrench6 w{};
    for (std::size_t i = 0; i < 6; ++i) w[i] = (i < 3 ? d.sd_force : d.sd_moment) * random.normal();
    w[2] += d.fz + d.fz_slope * 1e-3 * k;
    auto c = s.codes(w);
    if (k == d.nan_at) c[4] = kNaN;
    if (tare.push(7 + 1e-3 * k, c, k == d.clip_at)) return tare.finish(s.adc, s.plate);
  }
  return tare.finish(s.adc, s.plate);
}

}  // namespace

BOOST_AUTO_TEST_CASE(codes_become_volts_with_two_slopes) {
  const AdcCalibration adc;  // published check points of the nominal constants
  BOOST_TEST(adc.volts(33523) == 0.0);
  BOOST_TEST(std::abs(adc.volts(36690) - 1.000157) < 5e-7);
  BOOST_TEST(std::abs(adc.volts(30356) + 1.000157) < 5e-7);
  BOOST_TEST(std::abs(adc.volts(0) + 10.58676) < 5e-6);
  BOOST_TEST(std::abs(adc.volts(65535) - 10.109575) < 5e-7);
  const AdcCalibration other{3.17e-4, -3.14e-4, 33500.25};
  for (double v : {-9.5, -0.001, 0.0, 0.002, 8.0}) BOOST_TEST(std::abs(other.volts(other.code(v)) - v) < 1e-12);
  BOOST_TEST(other.plausible());
  BOOST_TEST((!AdcCalibration{3e-4, 3e-4, 33500}.plausible()));
  BOOST_TEST((!AdcCalibration{kNaN, -3e-4, 33500}.plausible()));
}

BOOST_AUTO_TEST_CASE(three_samples_at_full_scale_are_clipping) {
  ClipDetector clip;
  const auto push = [&](std::int32_t a, std::int32_t b) { return clip.push(std::array<std::int32_t, 2>{a, b}); };
  BOOST_TEST(push(65533, 2) == 0u);
  BOOST_TEST(push(65535, 0) == 0u);
  BOOST_TEST(push(65534, 3) == 1u);  // channel 1 left the edge at its third sample
  BOOST_TEST(push(65535, 0) == 1u);
  BOOST_TEST(push(65532, 1) == 0u);
  BOOST_TEST(push(100, 2) == 2u);
  clip.reset();
  BOOST_TEST(push(100, 2) == 0u);
}

BOOST_AUTO_TEST_CASE(counts_go_round_trip_with_a_zero_offset) {
  const Source s;
  const Wrench6 load{25, -40, 700, 60, -35, 4};
  PlateZero zero;
  zero.codes = s.zero_codes;
  BOOST_TEST(worst(s.plate.sensor(tared_volts(s.adc, s.codes(load, false), zero)), load, 6) < 1e-9);
  const Wrench6 got = s.plate.sensor(tared_volts(s.adc, s.codes(load), zero));
  BOOST_TEST(std::abs(got[2] - 700) < 0.3);  // one code is 0.36 N of Fz
  const PressurePoint a = center_of_pressure(got, .041), b = center_of_pressure(load, .041);
  BOOST_TEST(std::abs(a.x - b.x) < 3e-4);
  BOOST_TEST(std::abs(a.y - b.y) < 3e-4);
}

BOOST_AUTO_TEST_CASE(a_quiet_plate_is_tared_with_evidence) {
  const Source s;
  const TareResult r = run_tare(s, {}, s.zero_codes);
  BOOST_TEST(to_string(r.refusal) == "none");
  BOOST_TEST(r.samples == 2000u);
  BOOST_TEST(worst(r.offset, Wrench6{}, 6) < 4 * .42 / std::sqrt(2000.0));  // four standard errors of the largest noise
  PlateZero truth;
  truth.codes = s.zero_codes;
  BOOST_TEST(worst(s.plate.sensor(tared_volts(s.adc, r.zero.codes, truth)), r.offset, 6) < 1e-9);
  // the noise put in, plus the rounding of the converter (0.36 N of Fz per code -> 0.1 N)
  BOOST_TEST(std::abs(r.sd[0] - .4) < .03);
  BOOST_TEST(std::abs(r.sd[2] - std::hypot(.4, .36 / std::sqrt(12.0))) < .03);
  BOOST_TEST(std::abs(r.sd[4] - .25) < .02);
  BOOST_TEST(std::abs(std::sqrt(r.zero.covariance[4][4]) - r.sd[4]) < 1e-12);
  BOOST_TEST(std::abs(r.slope[2]) < .1);
}

BOOST_AUTO_TEST_CASE(a_tare_that_cannot_be_trusted_is_refused_with_its_reason) {
  const Source s;
  const auto why = [&](const Disturbance& d) { return std::string(to_string(run_tare(s, d, s.zero_codes).refusal)); };
  Disturbance d;
  d.fz = 55;
  BOOST_TEST(why(d) == "person_on_plate");
  BOOST_TEST(std::abs(run_tare(s, d, s.zero_codes).offset[2] - 55) < 1);
  d.fz = -55;
  BOOST_TEST(why(d) == "person_on_plate");
  d.fz = 45;
  BOOST_TEST(why(d) == "none");
  d = {};
  d.sd_force = 3.3;
  BOOST_TEST(why(d) == "noisy");
  d.sd_force = 2.7;
  BOOST_TEST(why(d) == "none");
  d = {};
  d.sd_moment = 1.7;
  BOOST_TEST(run_tare(s, d, s.zero_codes).channel >= 3);
  d = {};
  d.fz_slope = .7;
  BOOST_TEST(why(d) == "drifting");
  BOOST_TEST(std::abs(run_tare(s, d, s.zero_codes).slope[2] - .7) < .1);
  d.fz_slope = 15;  // drifts by 30 N
  BOOST_TEST(why(d) == "drifting");
  d.fz_slope = .3;
  BOOST_TEST(why(d) == "none");
  d = {};
  d.nan_at = 3;
  BOOST_TEST(why(d) == "not_finite");
  BOOST_TEST(run_tare(s, d, s.zero_codes).channel == 4);
  d = {};
  d.gap_at = 900;
  BOOST_TEST(why(d) == "gap");
  d = {};
  d.clip_at = 5;
  BOOST_TEST(why(d) == "clipped");
}

BOOST_AUTO_TEST_CASE(a_large_offset_needs_no_reference_but_then_no_level_is_known) {
  const Source s;
  PlateCodes unknown{};
  unknown.fill(kNaN);
  const TareResult r = run_tare(s, {}, unknown);
  BOOST_TEST(r.accepted());
  BOOST_TEST(std::isnan(r.offset[2]));
  PlateCodes zero_volts{};
  zero_volts.fill(s.adc.center);
  BOOST_TEST(to_string(run_tare(s, {}, zero_volts).refusal) == "person_on_plate");  // 900 codes are 320 N
}

BOOST_AUTO_TEST_CASE(a_thresholded_plate_keeps_the_factory_noise) {
  BOOST_TEST(noise_from_tare(0, .8) == .8);
  BOOST_TEST(noise_from_tare(.01, .8) == .2 * .8);
  BOOST_TEST(noise_from_tare(.5, .8) == .5);
  const Source s;
  Disturbance d;
  d.sd_force = d.sd_moment = 0;
  const TareResult r = run_tare(s, d, s.zero_codes);
  BOOST_TEST(r.accepted());
  BOOST_TEST(worst(r.sd, Wrench6{}, 6) < 1e-12);
  BOOST_TEST(std::abs(r.zero.covariance[2][2] - 1.0) < 1e-12);
  BOOST_TEST(std::abs(r.zero.covariance[3][3] - .25) < 1e-12);
}

BOOST_AUTO_TEST_CASE(a_tare_ended_early_is_refused) {
  const Source s;
  Tare tare;
  BOOST_TEST(!tare.push(0, s.codes({})));  // not started
  tare.start(s.zero_codes);
  for (int k = 0; k < 500; ++k) BOOST_TEST(!tare.push(1e-3 * k, s.codes({})));
  BOOST_TEST(tare.active());
  BOOST_TEST(to_string(tare.finish(s.adc, s.plate).refusal) == "too_few_samples");
  BOOST_TEST(!tare.active());
}

BOOST_AUTO_TEST_SUITE_END()
