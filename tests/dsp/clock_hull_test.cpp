#include "dsp/clock_hull.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(clock_hull)

using namespace grfd;

namespace {

/// What makes a line the best one below all points (conditions of the linear program): it lies below each, and touches
/// one on either side of the mean abscissa. @return largest violation, s
double not_optimal(const ClockHull::Line& line, const std::vector<double>& n, const std::vector<double>& arrival) {
  double mean = 0, below = 1e9, left = 1e9, right = 1e9;
  for (const double k : n) mean += (k - n[0]) / static_cast<double>(n.size());
  for (std::size_t k = 0; k < n.size(); ++k) {
    const double x = n[k] - n[0], slack = arrival[k] - line.at_first_s - line.interval_s * x;
    below = std::min(below, slack);
    if (x <= mean) left = std::min(left, slack);
    if (x >= mean) right = std::min(right, slack);
  }
  return std::max({-below, left, right});
}

/// Drift of a clock whose true interval is this share of the nominal one: shorter intervals are a fast clock.
double fast_ppm(double share) { return 1e6 * (1 / share - 1); }

}  // namespace

// expected: gp_clock.hull_fit of the science reference, equal to the linear program solved by scipy.optimize.linprog
BOOST_AUTO_TEST_CASE(the_exact_line_of_a_whole_record_equals_the_reference) {
  const auto v = grfd_test::vectors("clock.json");
  ClockHull hull(v["T"]);
  std::vector<double> n, arrival;
  for (std::size_t k = 0; k < v["n"].size(); ++k) {
    n.push_back(v["n"][k]);
    arrival.push_back(v["arrival"][k]);
    BOOST_REQUIRE(hull.add(v["n"][k], arrival.back()));
  }
  const ClockHull::Line line = hull.line();
  BOOST_TEST(hull.count() == n.size());
  BOOST_TEST(hull.first() == 9);
  BOOST_TEST(std::abs(line.at_first_s - 100.01027520205002) < 1e-12);
  BOOST_TEST(std::abs(line.drift_ppm - fast_ppm(1 + 34.38151494106201e-6)) < 1e-6);
  BOOST_TEST(not_optimal(line, n, arrival) < 1e-12);
  // against the truth: late by the shortest delay of the link (1.2 ms), and never by more than that scatters
  double sum = 0, squares = 0;
  for (std::size_t k = 0; k < n.size(); ++k) {
    const double e = line.at_first_s + line.interval_s * (n[k] - n[0]) - double(v["truth"][k]);
    sum += e;
    squares += e * e;
  }
  const double mean = sum / static_cast<double>(n.size()),
               sd = std::sqrt(squares / static_cast<double>(n.size()) - mean * mean);
  BOOST_TEST_MESSAGE("exact line of clock.json: late by " << 1e3 * mean << " ms, SD " << 1e6 * sd << " us");
  BOOST_TEST(std::abs(mean - 1.2e-3) < 1e-4);
  BOOST_TEST(sd < 25e-6);
}

BOOST_AUTO_TEST_CASE(each_epoch_of_a_restarted_clock_has_its_own_exact_line) {
  const auto v = grfd_test::vectors("clock_restart.json");
  // hull_fit of the two parts: where the counter goes back a new line begins
  const double at_first[] = {100.00123157730769, 140.6062981142857}, slope[] = {1.0150005384615384, 1.0150001587301594};
  std::vector<ClockHull> parts(1, ClockHull(v["T"]));
  for (std::size_t k = 0; k < v["n"].size(); ++k)
    if (!parts.back().add(v["n"][k], v["arrival"][k])) {
      parts.emplace_back(v["T"]);
      BOOST_REQUIRE(parts.back().add(v["n"][k], v["arrival"][k]));
    }
  BOOST_REQUIRE(parts.size() == 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const ClockHull::Line line = parts[i].line();
    BOOST_TEST(std::abs(line.at_first_s - at_first[i]) < 1e-12 * at_first[i]);
    BOOST_TEST(std::abs(line.drift_ppm - fast_ppm(slope[i])) < 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(lateness_that_is_never_negative_leaves_the_true_line) {
  // late by 0 at the first, the middle and the last sample, by up to 5 ms otherwise
  grfd_test::Random random(7);
  ClockHull hull(1e-3);
  const double start = 12, interval = 1e-3 * (1 - 250e-6);
  for (std::int64_t n = 0; n <= 100000; ++n) {
    const double late = n % 50000 == 0 ? 0 : random.uniform(0, 5e-3);
    BOOST_REQUIRE(hull.add(1000 + n, start + interval * static_cast<double>(n) + late));
  }
  const ClockHull::Line line = hull.line();
  BOOST_TEST(std::abs(line.at_first_s - start) < 1e-12);
  BOOST_TEST(std::abs(line.drift_ppm - fast_ppm(1 - 250e-6)) < 1e-6);
  BOOST_TEST(std::abs(line.interval_s - interval) < 1e-15);
}

BOOST_AUTO_TEST_CASE(a_hull_refuses_what_is_no_next_sample) {
  ClockHull hull(1e-3);
  BOOST_TEST(std::isnan(hull.line().interval_s));
  BOOST_TEST(!hull.add(1, std::nan("")));
  BOOST_TEST(hull.add(5, 1.0));
  BOOST_TEST(!hull.add(5, 1.1));
  BOOST_TEST(!hull.add(4, 1.1));
  BOOST_TEST(std::isnan(hull.line().at_first_s));
  BOOST_TEST(hull.add(6, 1.002));
  BOOST_TEST(hull.count() == 2u);
  BOOST_TEST(std::abs(hull.line().drift_ppm - fast_ppm(2)) < 1e-3);
  BOOST_CHECK_THROW(ClockHull(0), std::invalid_argument);
  BOOST_CHECK_THROW(ClockHull(std::nan("")), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
