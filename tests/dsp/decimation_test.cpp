#include "dsp/decimation.hpp"

#include <boost/test/unit_test.hpp>
#include <complex>
#include <numeric>

#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(decimation)

using namespace grfd;
using grfd_test::worst;

namespace {

constexpr double kTurn = 6.283185307179586;

/// 3 Hz, and 60 Hz that would show as 40 Hz at 100 Hz.
std::vector<double> with_hazard() {
  std::vector<double> x(8000);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = std::sin(kTurn * 3 * double(i) / 1000) + std::sin(kTurn * 60 * double(i) / 1000 + 1);
  return x;
}
double response(const std::vector<double>& h, double cycles_per_sample) {
  std::complex<double> sum = 0;
  for (std::size_t i = 0; i < h.size(); ++i) sum += h[i] * std::polar(1.0, -kTurn * cycles_per_sample * double(i));
  return std::abs(sum);
}

}  // namespace

// expected: scipy.signal.firwin with numpy's convolution (make_derivatives.py)
BOOST_AUTO_TEST_CASE(equals_scipy) {
  const auto v = grfd_test::vectors("derivatives.json")["decimation"];
  const std::vector<double> x = with_hazard();
  BOOST_REQUIRE(x.size() == v["samples"]);
  for (const auto& c : v["cases"]) {
    const std::size_t m = c["divisor"];
    const auto h = decimation_filter(m);
    BOOST_REQUIRE(h.size() == 24 * m + 1);
    BOOST_TEST(worst(h, c["taps"], 12 * m + 1) < 1e-15);
    for (std::size_t i = 0; i < h.size(); ++i) BOOST_REQUIRE(std::abs(h[i] - h[h.size() - 1 - i]) < 1e-17);
    const auto y = decimate(x, m);
    BOOST_REQUIRE(y.size() == x.size() / m);
    BOOST_TEST(worst(std::span(y).subspan(12), c["y"], c["y"].size()) < 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(what_is_slow_stays_and_what_is_fast_is_not_folded) {
  const auto x = with_hazard();
  const auto y = decimate(x, 10);
  double error = 0, picked = 0;
  for (std::size_t k = 12; k + 12 < y.size(); ++k) {
    const double truth = std::sin(kTurn * 3 * double(k) / 100);
    error = std::max(error, std::abs(y[k] - truth));
    picked = std::max(picked, std::abs(x[10 * k] - truth));
  }
  BOOST_TEST_MESSAGE("3 Hz beside 60 Hz at 100 Hz: " << error << " off, picked " << picked);
  BOOST_TEST(error < 1e-4);
  BOOST_TEST(picked > 0.9);
  for (const std::size_t m : {2u, 3u, 10u, 20u, 100u}) {
    const auto h = decimation_filter(m);
    const double nyquist = 0.5 / double(m);
    BOOST_TEST(std::abs(std::accumulate(h.begin(), h.end(), 0.0) - 1) < 1e-14);
    for (double part = 0; part < 0.601; part += 0.05) BOOST_TEST(std::abs(response(h, part * nyquist) - 1) < 1.3e-3);
    BOOST_TEST(std::abs(response(h, 0.8 * nyquist) - 0.5) < 1e-3);
    for (double f = nyquist; f < 0.5; f += 0.037 * nyquist) BOOST_REQUIRE(response(h, f) < 1e-3);
  }
}

BOOST_AUTO_TEST_CASE(the_reported_delay_is_that_of_the_running_filter_and_offline_there_is_none) {
  BOOST_TEST(decimation_delay_s(10, 1000) == 0.120, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(decimation_delay_s(2, 400) == 0.060, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(decimation_delay_s(1, 1000) == 0.0);
  std::vector<double> ramp(1000);
  std::iota(ramp.begin(), ramp.end(), 0.0);
  const auto h = decimation_filter(5);
  double seen = 0;
  for (std::size_t i = 0; i < h.size(); ++i) seen += h[i] * ramp[700 - i];
  BOOST_TEST(std::abs(700 - seen - 1000 * decimation_delay_s(5, 1000)) < 1e-9);
  const auto y = decimate(ramp, 5, 3);
  BOOST_REQUIRE(y.size() == 200u);
  for (std::size_t k = 12; k + 12 < y.size(); ++k) BOOST_TEST(std::abs(y[k] - (3 + 5 * double(k))) < 1e-9);
}

BOOST_AUTO_TEST_CASE(a_sample_is_known_when_all_of_its_window_is) {
  std::vector<double> x(2001, 812.0);
  x[900] = std::nan("");
  x[1500] = std::numeric_limits<double>::infinity();
  for (const std::size_t first : {0u, 4u, 9u, 600u}) {
    const auto y = decimate(x, 10, first);
    BOOST_REQUIRE(y.size() == (2001 - first + 9) / 10);
    for (std::size_t k = 0; k < y.size(); ++k) {
      const std::size_t at = first + 10 * k;
      const auto inside = [at](std::size_t begin, std::size_t end) { return at >= begin + 120 && at + 120 < end; };
      const bool known = inside(0, 900) || inside(901, 1500) || inside(1501, 2001);
      BOOST_REQUIRE(std::isnan(y[k]) == !known);
      if (known) BOOST_REQUIRE(std::abs(y[k] - 812) < 1e-9);
    }
  }
  BOOST_TEST(decimate(x, 1).size() == x.size());
  BOOST_TEST(decimate(x, 1)[899] == 812.0);
  BOOST_TEST(std::isnan(decimate(x, 1)[1500]));
  BOOST_TEST(decimate({}, 10).empty());
  BOOST_TEST(decimate(x, 10, 2001).empty());
  for (const double v : decimate(std::vector<double>(240, 1.0), 10)) BOOST_TEST(std::isnan(v));
  BOOST_TEST(std::abs(decimate(std::vector<double>(241, 1.0), 10)[12] - 1) < 1e-12);
  BOOST_CHECK_THROW(decimation_filter(0), std::invalid_argument);
  BOOST_CHECK_THROW(decimate(x, 1001), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
