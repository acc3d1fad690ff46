// A known mass: what two seconds of it say, and what is said about it.
#include "dsp/known_mass.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(known_mass)

using namespace grfd;
using grfd_test::Random;

namespace {

/// 2 s of a load of `newton` at (0.1, -0.05) m with white noise and a slope.
KnownMassResult reading(double newton, double sd_n = .3, double slope_n_s = 0, std::uint64_t seed = 1) {
  KnownMass m;
  Random random(seed);
  for (int k = 0;; ++k) {
    const double fz = newton + slope_n_s * (k - 999.5) * 1e-3 + sd_n * random.normal();
    if (m.push({0, 0, fz, -.05 * newton, -.1 * newton, 0})) break;
  }
  return m.result();
}
std::string hint(double factor) { return judge_mass(reading(factor * 20 * 9.80665), 20, 1, .5).hint; }
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_CASE(mean_noise_slope_and_point_of_a_load) {
  const KnownMassResult r = reading(200, .3, .2, 7);
  BOOST_TEST(r.samples == 2000u);
  BOOST_TEST(std::abs(r.mean[2] - 200) < 4 * .3 / std::sqrt(2000.));
  // noise and slope: variances of 0.3^2 and of a line of 0.4 N over its length, 0.4^2 / 12
  BOOST_TEST(std::abs(r.sd[2] / std::sqrt(.09 + .16 / 12) - 1) < 4 / std::sqrt(4000.));
  BOOST_TEST(std::abs(r.slope_n_s - .2) < 4 * .3 / std::sqrt(2000. * 4 / 12));
  BOOST_TEST(std::abs(reading(200, .3, 0, 7).scatter_n / (.3 / std::sqrt(2000.)) - 1) < 4 / std::sqrt(38.));
  BOOST_TEST(std::abs(r.cop.x - .1) < 1e-4);
  BOOST_TEST(std::abs(r.cop.y + .05) < 1e-4);
}

BOOST_AUTO_TEST_CASE(half_a_percent_of_m_g_is_the_limit) {
  for (const double percent : {-.6, -.4, .4, .6}) {
    const MassVerdict v = judge_mass(reading(196.133 * (1 + percent / 100), .1), 20, 1, .5);
    BOOST_TEST(v.refusal == std::string());
    BOOST_TEST(v.expected_n == 196.133, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(std::abs(v.error_percent - percent) < .01);
    BOOST_TEST(v.within == (std::abs(percent) < .5));
    BOOST_TEST((v.hint[0] == 0) == v.within);
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_judged_says_why) {
  BOOST_TEST(has(judge_mass(reading(196, .3, .8), 20, 1, .5).refusal, "its weight changes"));
  BOOST_TEST(has(judge_mass(reading(196, 3.5), 20, 1, .5).refusal, "it rocks, or the plate is not quiet"));
  // 0.2 N of a plate of 1 N are 0.5 % of 40 N, of 4.08 kg
  BOOST_TEST(has(judge_mass(reading(39, .1), 39 / 9.80665, 1, .5).refusal, "the mass is too small"));
  BOOST_TEST(judge_mass(reading(41, .1), 41 / 9.80665, 1, .5).refusal == std::string());
  // and a noise of 2.5 N leaves a mean unsure by 2 sqrt(2) 2.5 / sqrt(2000) = 0.16 N, 0.5 % of 32 N
  BOOST_TEST(std::abs(judge_mass(reading(200, 2.5), 20, 1, .5).uncertain_n - .2) < .08);
}

BOOST_AUTO_TEST_CASE(a_factor_with_a_usual_cause_is_named) {
  BOOST_TEST(has(hint(-1), "sense in the calibration file"));
  BOOST_TEST(has(hint(-1.03), "sense in the calibration file"));
  BOOST_TEST(has(hint(.001), "hardly any load arrives"));
  BOOST_TEST(has(hint(1 / 9.80665), "kilograms"));
  BOOST_TEST(has(hint(9.80665), "m g times g"));
  BOOST_TEST(has(hint(4.448), "lbf"));
  BOOST_TEST(has(hint(2.01), "twice the load"));
  BOOST_TEST(has(hint(.495), "half the load"));
  BOOST_TEST(has(hint(1.3), "already applied one"));
  BOOST_TEST(has(hint(1.02), "tare the empty plate and repeat it"));
}

BOOST_AUTO_TEST_SUITE_END()
