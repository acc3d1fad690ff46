#include "dsp/kalman_derivative.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(kalman_derivatives)

using namespace grfd;

namespace {

constexpr double kPi = 3.141592653589793;
constexpr KalmanModel kAngle{3e5, 0.01};  // deg: 0.1 deg of noise

double squat_angle(double t_s) { return 15 * std::sin(kPi * t_s); }  // 0.5 Hz
double squat_rate(double t_s) { return 15 * kPi * std::cos(kPi * t_s); }
double with_ripple(double t_s, std::size_t k) { return squat_angle(t_s) + 0.1 * std::sin(37.0 * double(k)); }
std::array<double, 3> numbers(const KalmanEstimate& e) { return {e.value, e.rate, e.acceleration}; }

}  // namespace

// expected, here and in the next two: scipy's Riccati equation, a convolution, a Gaussian process (make_derivatives.py)
BOOST_AUTO_TEST_CASE(steady_gains_solve_the_riccati_equation) {
  const auto cases = grfd_test::vectors("derivatives.json")["gains"];
  BOOST_TEST(cases.size() == 4u);
  for (const auto& c : cases) {
    const auto gain = kalman_steady_gain({c["q"], c["r"]}, c["rate_hz"]);
    for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(std::abs(gain[i] / double(c["gain"][i]) - 1) < 1e-11);
  }
}

BOOST_AUTO_TEST_CASE(regular_samples_equal_the_reference) {
  const auto rows = grfd_test::vectors("derivatives.json")["regular"];
  SteadyKalmanDerivative filter(kAngle, 1000);
  BOOST_TEST(std::isnan(filter.step(std::nan("")).rate));  // nothing is known yet
  std::size_t row = 0;
  for (std::size_t k = 0; k < 3000; ++k) {
    const auto got = numbers(filter.step(with_ripple(double(k) / 1000, k)));
    if (row == rows.size() || k != rows[row]["k"]) continue;
    const auto& want = rows[row++]["estimate"];
    BOOST_TEST(std::abs(got[0] - double(want[0])) < 1e-11);
    BOOST_TEST(std::abs(got[1] - double(want[1])) < 1e-9);
    BOOST_TEST(std::abs(got[2] - double(want[2])) < 1e-7);
  }
  BOOST_TEST(row == rows.size());
}

BOOST_AUTO_TEST_CASE(irregular_samples_and_a_hole_equal_the_reference) {
  const auto v = grfd_test::vectors("derivatives.json")["irregular"];
  const std::size_t from = v["unknown"][0], to = v["unknown"][1];
  KalmanDerivative filter({v["q"], v["r"]}, {v["rate_sd"], v["acceleration_sd"]});
  const auto& rows = v["estimate_and_rate_sd"];
  BOOST_REQUIRE(rows.size() == 59u);
  double before = 0, sd_before_hole = 0;
  for (std::size_t k = 0; k < 60; ++k) {
    const double t = 0.005 * double(k) + 0.002 * std::sin(1.7 * double(k));
    const bool unknown = k >= from && k < to;
    const auto got = numbers(filter.step(t, unknown ? std::nan("") : with_ripple(t, k)));
    if (k == 0) continue;
    for (std::size_t i = 0; i < 3; ++i)
      BOOST_TEST(std::abs(got[i] - double(rows[k - 1][i])) < 1e-8 * std::pow(10, double(i)));
    BOOST_TEST(std::abs(filter.rate_sd() - double(rows[k - 1][3])) < 1e-8);
    if (unknown) BOOST_TEST(filter.rate_sd() > before);  // it knows that it guesses
    if (k == from - 1) sd_before_hole = filter.rate_sd();
    before = filter.rate_sd();
  }
  BOOST_TEST(filter.rate_sd() < 1.05 * sd_before_hole);  // and has found its way back
}

// 1.605 deg/s: noise gain and lag of the reference's gains at 0.5 Hz; the published 1.7 is one seed of 1.54 to 1.70
BOOST_AUTO_TEST_CASE(the_published_error_of_a_squat) {
  double worst_rms = 0, sum = 0, varying = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    grfd_test::Random random(seed);
    SteadyKalmanDerivative filter(kAngle, 1000);
    KalmanDerivative timed(kAngle, {100, 1000});
    double squares = 0, squares_timed = 0;
    for (std::size_t k = 0; k < 12000; ++k) {
      const double t = double(k) / 1000, x = squat_angle(t) + 0.1 * random.normal();
      const double e = filter.step(x).rate - squat_rate(t), f = timed.step(t, x).rate - squat_rate(t);
      if (k >= 2000) squares += e * e, squares_timed += f * f;
    }
    const double rms = std::sqrt(squares / 10000);
    worst_rms = std::max(worst_rms, rms);
    sum += squares / 10000 / 20;
    varying += squares_timed / 10000 / 20;
  }
  BOOST_TEST_MESSAGE("rate of a squat: " << std::sqrt(sum) << " deg/s RMS, at worst " << worst_rms);
  BOOST_TEST(std::abs(std::sqrt(sum) - 1.605) < 0.05);
  BOOST_TEST(worst_rms < 1.8);
  BOOST_TEST(std::abs(std::sqrt(varying / sum) - 1) < 1e-6);  // on a regular grid the gain of both is the same
}

BOOST_AUTO_TEST_CASE(a_hole_is_bridged) {
  KalmanDerivative timed(kAngle, {100, 1000});
  SteadyKalmanDerivative steady(kAngle, 1000);
  grfd_test::Random random(5);
  double sd = 0, error = 0;
  for (std::size_t k = 0; k < 2000; ++k) {
    const double t = double(k) / 1000;
    const bool hole = k >= 1000 && k < 1030;
    const double x = hole ? std::nan("") : squat_angle(t) + 0.1 * random.normal();
    const KalmanEstimate a = timed.step(t, x), b = steady.step(x);
    BOOST_REQUIRE(std::isfinite(a.rate));
    BOOST_REQUIRE(std::isfinite(b.rate));
    if (k == 999) sd = timed.rate_sd();
    if (hole) error = std::max(error, std::abs(a.rate - squat_rate(t)) / timed.rate_sd());
  }
  BOOST_TEST(std::abs(sd - 2.238) < 0.001);  // sqrt(P[1,1]) of the Riccati equation, after the sample
  BOOST_TEST(error < 3);
  // a program may also leave the unknown out
  KalmanDerivative told(kAngle, {100, 1000}), silent(kAngle, {100, 1000});
  for (std::size_t k = 0; k < 100; ++k) {
    const double t = double(k) / 1000;
    const bool hole = k >= 40 && k < 60;
    const KalmanEstimate a = told.step(t, hole ? std::nan("") : squat_angle(t));
    if (hole) continue;
    const KalmanEstimate b = silent.step(t, squat_angle(t));
    BOOST_TEST(std::abs(a.rate - b.rate) < 1e-9);
    BOOST_TEST(std::abs(told.rate_sd() - silent.rate_sd()) < 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(wrong_use_is_told) {
  const double nan = std::nan("");
  for (const KalmanModel& m : {KalmanModel{}, KalmanModel{3e5, 0}, KalmanModel{-1, 1}, KalmanModel{nan, 1}}) {
    BOOST_CHECK_THROW(kalman_steady_gain(m, 1000), std::invalid_argument);
    BOOST_CHECK_THROW(KalmanDerivative(m, {1, 1}), std::invalid_argument);
  }
  BOOST_CHECK_THROW(SteadyKalmanDerivative(kAngle, 0), std::invalid_argument);
  BOOST_CHECK_THROW(kalman_steady_gain({1e-30, 1}, 1000), std::invalid_argument);  // would settle in a lifetime
  BOOST_CHECK_THROW(KalmanDerivative(kAngle, {0, 1}), std::invalid_argument);
  KalmanDerivative filter(kAngle, {100, 1000});
  BOOST_TEST(std::isnan(filter.step(1, nan).rate));
  BOOST_TEST(std::isnan(filter.rate_sd()));
  BOOST_CHECK_THROW(filter.step(1, 3), std::invalid_argument);
  BOOST_CHECK_THROW(filter.step(nan, 3), std::invalid_argument);
  BOOST_TEST(filter.step(2, 3).value == 3.0);
  filter.reset();
  BOOST_TEST(std::isnan(filter.step(0, nan).value));  // time begins anew, too
  BOOST_TEST(filter.step(0.5, 7).value == 7.0);
}

BOOST_AUTO_TEST_SUITE_END()
