// Known answers: a circle, a line, normally distributed points, and published figures of quiet standing.
#include "dsp/stance.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <numbers>
#include <sstream>

#include "tests/dsp/test_data.hpp"
#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(quiet_stance)

using namespace grfd;

namespace {

constexpr double kPi = std::numbers::pi;

/// Words of a text table, separated by tabs; the first row is the heading.
std::vector<std::vector<std::string>> rows(const std::filesystem::path& file) {
  std::vector<std::vector<std::string>> out;
  for (const std::string& line : test_data::lines(file)) {
    out.emplace_back();
    std::istringstream in(line);
    for (std::string word; std::getline(in, word, '\t');) out.back().push_back(word);
  }
  return out;
}
std::size_t column(const std::vector<std::string>& heading, const std::string& name) {
  const auto at = std::find(heading.begin(), heading.end(), name);
  BOOST_REQUIRE_MESSAGE(at != heading.end(), name);
  return static_cast<std::size_t>(at - heading.begin());
}

}  // namespace

BOOST_AUTO_TEST_CASE(stance_on_a_circle) {
  // 30 whole turns of 200 samples: every sum has a closed form.
  const std::size_t n = 6000;
  const double rate = 100, f = 0.5, r = 0.010, step = 2 * kPi * f / rate;
  std::vector<double> ml, ap;
  for (std::size_t k = 0; k < n; ++k) {
    ml.push_back(0.3 + r * std::sin(step * double(k)));
    ap.push_back(-0.2 + r * std::cos(step * double(k)));
  }
  const Stance s = stance(ml, ap, rate);
  const double chord = 2 * r * std::sin(step / 2), steps = double(n) - 1;
  BOOST_TEST(std::abs(s.mean_distance - r) < 1e-15);
  BOOST_TEST(std::abs(s.rms_distance - r) < 1e-15);
  BOOST_TEST(std::abs(s.rms_ml - r / std::sqrt(2)) < 1e-15);
  BOOST_TEST(std::abs(s.path - chord * steps) < 1e-12);
  BOOST_TEST(std::abs(s.mean_velocity - chord * rate) < 1e-13);
  BOOST_TEST(std::abs(s.mean_velocity_n / (chord * rate) - steps / double(n)) < 1e-12);
  BOOST_TEST(std::abs(s.sway_area_rate - r * r * std::sin(step) * rate / 2) < 1e-15);
  BOOST_TEST(std::abs(s.area_circle - kPi * r * r) < 1e-9);  // the scatter of r is the root of a rounding error
  BOOST_TEST(std::abs(s.mean_frequency_hz - chord * rate / (2 * kPi * r)) < 1e-12);
  BOOST_TEST(std::abs(s.range_ml - 2 * r) < 1e-15);
  // round covariance r^2 n / (2 (n - 1))
  const double variance = r * r * double(n) / (2 * (double(n) - 1)), quantile = f_quantile_2(0.95, double(n) - 2);
  BOOST_TEST(std::abs(s.area_confidence / (2 * kPi * quantile * variance) - 1) < 1e-12);
  BOOST_TEST(std::abs(s.area_prediction / s.area_confidence -
                      (double(n) - 1) * (double(n) + 1) / (double(n) * (double(n) - 2))) < 1e-15);
}

BOOST_AUTO_TEST_CASE(stance_on_a_line) {
  // A line 30 deg from AP towards ML: no area, the major axis along it.
  const std::size_t n = 4000;
  const double a = 0.010, f = 0.5, rate = 100, angle = kPi / 6;
  std::vector<double> ml, ap;
  for (std::size_t k = 0; k < n; ++k) {
    const double d = a * std::sin(2 * kPi * f * (double(k) + 0.5) / rate);
    ml.push_back(d * std::sin(angle));
    ap.push_back(d * std::cos(angle));
  }
  const Stance s = stance(ml, ap, rate);
  BOOST_TEST(std::abs(s.rms_distance - a / std::sqrt(2)) < 1e-14);
  BOOST_TEST(std::abs(s.mean_distance - 2 * a / kPi) < 1e-6);  // the mean of a sampled |sine|
  BOOST_TEST(std::abs(s.major_axis_rad - angle) < 1e-12);
  BOOST_TEST(std::abs(s.path_ml / s.path - std::sin(angle)) < 1e-12);
  BOOST_TEST(s.semi_minor < 1e-8);
  BOOST_TEST(s.area_prediction < 1e-10);
  BOOST_TEST(std::abs(s.semi_major -
                      std::sqrt(f_quantile_2(0.95, double(n) - 2) * a * a * double(n) / (double(n) - 1))) < 1e-14);
}

BOOST_AUTO_TEST_CASE(the_prediction_ellipse_holds_95_percent) {
  grfd_test::Random random(7);
  std::vector<double> ml, ap;
  for (int k = 0; k < 200000; ++k) {
    ml.push_back(0.004 * random.normal());
    ap.push_back(0.006 * random.normal());
  }
  const Stance s = stance(ml, ap, 100);
  const double chi2 = -2 * std::log(0.05);  // quantile 0.95 of chi-square with 2 degrees of freedom
  BOOST_TEST(std::abs(s.area_prediction / (kPi * chi2 * 0.004 * 0.006) - 1) < 0.01);
  BOOST_TEST(std::abs(s.semi_major / (0.006 * std::sqrt(chi2)) - 1) < 0.01);
  BOOST_TEST(std::abs(s.semi_minor / (0.004 * std::sqrt(chi2)) - 1) < 0.01);
  int inside = 0;
  for (std::size_t k = 0; k < ml.size(); ++k)
    inside += std::pow(ap[k] / s.semi_major, 2) + std::pow(ml[k] / s.semi_minor, 2) < 1;
  BOOST_TEST(std::abs(inside / 200000.0 - 0.95) < 0.003);
}

BOOST_AUTO_TEST_CASE(f_quantiles_of_the_tables) {
  // F 0.95 with 2 and d degrees of freedom, as printed in statistical tables
  for (const auto& [d, f] : {std::pair{1.0, 199.5}, {2.0, 19.00}, {10.0, 4.10}, {30.0, 3.32}, {120.0, 3.07}})
    BOOST_TEST(std::abs(f_quantile_2(0.95, d) / f - 1) < 0.003);
  BOOST_TEST(std::abs(f_quantile_2(0.95, 1e9) + std::log(0.05)) < 1e-6);
}

BOOST_AUTO_TEST_CASE(stance_refuses_what_it_cannot_judge) {
  const std::vector<double> three{0, 1, 2}, two{0, 1}, hole{0, std::nan(""), 2};
  BOOST_CHECK_THROW(stance(three, two, 100), std::invalid_argument);
  BOOST_CHECK_THROW(stance(two, two, 100), std::invalid_argument);
  BOOST_CHECK_THROW(stance(three, hole, 100), std::invalid_argument);
  BOOST_CHECK_THROW(stance(three, three, 0), std::invalid_argument);
}

// Quiet standing, published per trial: COParea (cm^2), COPvelo (cm/s) of the unfiltered centre of pressure.
BOOST_AUTO_TEST_CASE(stance_equals_the_published_figures) {
  struct Set {
    const char *folder, *info, *suffix, *ml, *ap;
    double to_cm;
    std::size_t trials;
  };
  for (const Set& set :
       {Set{"02_standing_dual_100Hz_PDS", "PDSinfoCOP.excerpt.txt", "grf.txt", "COPNET_Z", "COPNET_X", 100, 8},
        Set{"03_standing_raw6_100Hz_BDS", "BDSinfoCOP.excerpt.txt", ".txt", "COPy[cm]", "COPx[cm]", 1, 6}}) {
    const auto folder = test_data::set(set.folder);
    if (folder.empty()) continue;
    const auto info = rows(folder / set.info);
    const std::size_t area = column(info[0], "COParea"), velocity = column(info[0], "COPvelo");
    std::size_t trials = 0;
    double worst = 0;
    for (std::size_t i = 1; i < info.size(); ++i) {
      const auto table = rows(folder / (info[i][0] + set.suffix));
      const std::size_t x = column(table[0], set.ml), y = column(table[0], set.ap);
      std::vector<double> ml, ap;
      for (std::size_t k = 1; k < table.size(); ++k) {
        ml.push_back(set.to_cm * std::stod(table[k][x]));
        ap.push_back(set.to_cm * std::stod(table[k][y]));
      }
      const Stance s = stance(ml, ap, 100);
      worst = std::max({worst, std::abs(s.area_prediction / std::stod(info[i][area]) - 1),
                        std::abs(s.mean_velocity_n / std::stod(info[i][velocity]) - 1)});
      ++trials;
    }
    BOOST_TEST_MESSAGE(set.folder << ": " << trials << " trials, area and velocity within " << worst
                                  << " of the published ones");
    BOOST_TEST(trials == set.trials);
    BOOST_TEST(worst < 1e-6);
  }
}

BOOST_AUTO_TEST_SUITE_END()
