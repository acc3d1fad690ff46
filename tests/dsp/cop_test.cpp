#include "dsp/cop.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(cop)

using namespace grfd;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
Wrench6 load_at(double fx, double fy, double fz, double x, double y, double z, double tz) {
  return {fx, fy, fz, y * fz - z * fy, z * fx - x * fz, x * fy - y * fx + tz};
}
Mat6 diagonal(const Wrench6& sd) {
  Mat6 c{};
  for (std::size_t i = 0; i < 6; ++i) c[i][i] = sd[i] * sd[i];
  return c;
}
void hold(CopCalculator& c, const Wrench6& left, const Wrench6& right, int n = 20) {
  const std::array<Wrench6, 2> w{left, right};
  for (int k = 0; k < n; ++k) c.update(w);
}

}  // namespace

BOOST_AUTO_TEST_CASE(contact_switches_with_hysteresis_and_debounce) {
  Contact c;
  std::vector<double> f;
  for (double v : {0., 15., 25., 12., 5.}) f.insert(f.end(), 10, v);
  std::size_t on = 0, off = 0;
  for (std::size_t k = 0; k < f.size(); ++k) {
    const bool before = c.on(), now = c.step(f[k]);
    if (now && !before) on = k;
    if (!now && before) off = k;
  }
  BOOST_TEST(on == 24u);
  BOOST_TEST(off == 44u);
  // the unknown neither switches nor counts
  for (int k = 0; k < 4; ++k) c.step(30);
  c.step(kNaN);
  BOOST_TEST(!c.on());
  for (int k = 0; k < 4; ++k) BOOST_TEST(!c.step(30));
  BOOST_TEST(c.step(20));
  for (int k = 0; k < 100; ++k) BOOST_TEST(c.step(kNaN));
}

BOOST_AUTO_TEST_CASE(each_plate_on_its_own_surface_and_all_together) {
  const std::array<double, 2> z{0.0, 0.10};
  CopCalculator c(CopParams{}, z);
  const Wrench6 left = load_at(-20, 45, 420, -.15, .02, 0, -1), right = load_at(18, 33, 380, .16, .05, .10, .8);
  hold(c, left, right);
  BOOST_TEST(c.plate(0).valid);
  BOOST_TEST(std::abs(c.plate(0).cop_ml + .15) < 1e-12);
  BOOST_TEST(std::abs(c.plate(0).tz + 1) < 1e-12);
  BOOST_TEST(std::abs(c.plate(1).cop_ml - .16) < 1e-12);
  BOOST_TEST(std::abs(c.plate(1).cop_ap - .05) < 1e-12);
  BOOST_TEST(std::abs(c.plate(1).tz - .8) < 1e-12);
  BOOST_TEST(c.total().valid);
  BOOST_TEST(c.total().fz == 800.0);
  // only the wrench sum is right: projected to z = 0, the raised load acts at its point minus z F_h / F_z
  const double x = (420 * -.15 + 380 * (.16 - .10 * 18 / 380)) / 800,
               y = (420 * .02 + 380 * (.05 - .10 * 33 / 380)) / 800;
  BOOST_TEST(std::abs(c.total().cop_ml - x) < 1e-12);
  BOOST_TEST(std::abs(c.total().cop_ap - y) < 1e-12);
  BOOST_TEST(std::abs((420 * .02 + 380 * .05) / 800 - c.total().cop_ap) > .004);
  // and its free moment is not the sum of the two: the shear pair turns, too
  const double pair = (-.15 - x) * 45 - (.02 - y) * -20 + (.16 - x) * 33 - (.05 - y) * 18;
  BOOST_TEST(std::abs(c.total().tz - (-1 + .8 + pair)) < 1e-12);
  BOOST_TEST(std::abs(pair) > .5);
}

BOOST_AUTO_TEST_CASE(an_unloaded_plate_counts_as_zero_and_an_unknown_one_as_unknown) {
  const std::array<double, 2> z{0.0, 0.0};
  CopCalculator c(CopParams{}, z);
  const Wrench6 standing = load_at(3, 4, 700, .1, .05, 0, 1), drift{2, -1, 9, .5, -.4, .2};
  hold(c, standing, drift);
  BOOST_TEST(!c.plate(1).contact);
  BOOST_TEST(!c.plate(1).valid);
  BOOST_TEST(std::isnan(c.plate(1).cop_ml));
  BOOST_TEST(c.plate(1).fz == 9.0);
  BOOST_TEST(c.total().fz == 700.0);
  BOOST_TEST(std::abs(c.total().cop_ml - .1) < 1e-12);
  BOOST_TEST(std::abs(c.total().tz - 1) < 1e-12);
  Wrench6 unknown = drift;
  unknown[4] = kNaN;
  hold(c, standing, unknown, 1);
  BOOST_TEST(std::isnan(c.plate(1).fz));
  BOOST_TEST(std::isnan(c.total().fz));
  BOOST_TEST(!c.total().valid);
  BOOST_TEST(c.plate(0).valid);
  hold(c, standing, drift, 1);  // back at once: the unknown changed no state
  BOOST_TEST(c.total().valid);
}

BOOST_AUTO_TEST_CASE(validity_follows_force_with_hysteresis) {
  const std::array<double, 2> z{0.0, 0.0};
  CopCalculator c(CopParams{}, z);
  const auto at = [](double fz) { return load_at(0, 0, fz, .1, .1, 0, 0); };
  hold(c, at(45), {});
  BOOST_TEST(c.plate(0).contact);
  BOOST_TEST(!c.plate(0).valid);
  hold(c, at(55), {}, 4);
  BOOST_TEST(!c.plate(0).valid);
  hold(c, at(55), {}, 1);
  BOOST_TEST(c.plate(0).valid);
  hold(c, at(45), {});
  BOOST_TEST(c.plate(0).valid);
  BOOST_TEST(!c.total().valid);
  hold(c, at(39), {}, 1);  // not switched off yet, but nothing is published below the off threshold
  BOOST_TEST(!c.plate(0).valid);
  hold(c, at(45), {}, 1);
  BOOST_TEST(c.plate(0).valid);
  hold(c, at(39), {});
  hold(c, at(45), {});
  BOOST_TEST(!c.plate(0).valid);
  hold(c, at(60), at(45));
  BOOST_TEST(c.total().valid);
  hold(c, at(60), at(25));
  BOOST_TEST(c.total().valid);
  hold(c, at(50), at(25));
  BOOST_TEST(!c.total().valid);
  hold(c, at(800), at(0));
  BOOST_TEST(c.total().contact);
  c.reset();
  hold(c, at(800), at(0), 1);
  BOOST_TEST(!c.plate(0).valid);
}

BOOST_AUTO_TEST_CASE(sigma_is_the_larger_axis_scaled_by_the_filter_and_summed_over_loaded_plates) {
  const std::array<double, 2> z{0.0, 0.0};
  CopParams params;
  params.noise_gain = .5;
  CopCalculator c(params, z);
  const Mat6 cov = diagonal({.4, .4, .8, .25, .25, .1});
  c.set_covariance(0, cov);
  c.set_covariance(1, cov);
  const Wrench6 a = load_at(0, 0, 300, .1, .12, 0, 0), b = load_at(0, 0, 100, -.1, .12, 0, 0);
  hold(c, a, {});
  const double alone = .5 * std::hypot(.25, .12 * .8) / 300;
  BOOST_TEST(std::abs(c.plate(0).sigma - alone) < 1e-15);
  BOOST_TEST(std::abs(c.total().sigma - alone) < 1e-15);
  BOOST_TEST(c.total().quality_ok);
  hold(c, a, b);
  BOOST_TEST(std::abs(c.total().sigma - .5 * std::sqrt(2.0) * std::hypot(.25, .12 * .8) / 400) < 1e-15);
  // quality: ok at 2 mm, lost above 3 mm, regained at 2 mm
  params.noise_gain = 1;
  CopCalculator q(params, z);
  q.set_covariance(0, diagonal({0, 0, 0, .25, .25, 0}));
  const auto quality = [&](double mm) {
    hold(q, load_at(0, 0, 250 / mm, 0, 0, 0, 0), {});
    return q.plate(0).quality_ok;
  };
  BOOST_TEST(!quality(2.5));
  BOOST_TEST(quality(1.9));
  BOOST_TEST(quality(2.9));
  BOOST_TEST(!quality(3.1));
  BOOST_TEST(!quality(2.5));
}

BOOST_AUTO_TEST_CASE(parameters_come_from_the_settings) {
  ThresholdSettings t;
  t.debounce_s = .02;
  t.cop_sigma_bad_mm = 4;
  const CopParams p = CopParams::from(t, 1000, .211);
  BOOST_TEST(p.plate.on_samples == 20);
  BOOST_TEST(p.total.off_n == 80.0);
  BOOST_TEST(p.sigma_bad_m == .004, boost::test_tools::tolerance(1e-12));
  BOOST_CHECK_THROW(CopCalculator(p, {}), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
