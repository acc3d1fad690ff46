#include "dsp/asymmetry.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(asymmetry)

using namespace grfd::asymmetry;

BOOST_AUTO_TEST_CASE(indices_of_440_and_360_newton) {
  BOOST_TEST(std::abs(bai1(440, 360) - 10) < 1e-12);
  BOOST_TEST(std::abs(bai2(440, 360) - 20) < 1e-12);
  BOOST_TEST(std::abs(share(440, 360) - 55) < 1e-12);
  BOOST_TEST(std::abs(percent_of_max(440, 360) - 100 * 80 / 440.0) < 1e-12);
  BOOST_TEST(std::abs(lsi(440, 360) - 100 * 360 / 440.0) < 1e-12);
  BOOST_TEST(std::abs(bsa(360, 440) - 100 * 80 / 440.0) < 1e-12);
  BOOST_TEST(std::abs(bsi(360, 440) - 10) < 1e-12);
  BOOST_TEST(std::abs(symmetry_angle(440, 360) - 6.3451) < 1e-4);  // (45 - atan(9/11) = 39.28941 deg) / 90
  BOOST_TEST(difference(440, 360) == 80.0);
}

BOOST_AUTO_TEST_CASE(swapping_the_sides_flips_the_sign) {
  for (auto [d, n] : {std::array{3.0, 5.0}, std::array{440.0, 12.0}, std::array{0.0, 7.0}}) {
    BOOST_TEST(std::abs(bai1(d, n) + bai1(n, d)) < 1e-12);
    BOOST_TEST(std::abs(percent_of_max(d, n) + percent_of_max(n, d)) < 1e-12);
    BOOST_TEST(std::abs(symmetry_angle(d, n) + symmetry_angle(n, d)) < 1e-12);
    BOOST_TEST(bsi(d, n) == bsi(n, d));
  }
  BOOST_TEST(std::abs((100 - lsi(3, 5)) + (100 - lsi(5, 3))) > 1);
  // rates of opposite sign: the ratio leaves its range, the angle does not
  BOOST_TEST(std::abs(bai1(3, -2) - 500) < 1e-9);
  BOOST_TEST(std::abs(symmetry_angle(3, -2)) <= 100);
  BOOST_TEST(std::abs(symmetry_angle(-3, 2)) <= 100);
}

BOOST_AUTO_TEST_CASE(small_denominators_and_unknown_inputs_give_nan) {
  const double nan = std::nan("");
  for (double v : {bai1(0, 0), bai1(4, -4), lsi(0, 3), percent_of_max(0, 0), symmetry_angle(0, 0), share(1, -1),
                   bsa(0, 0), bsi(0, 0), bai1_sigma(1, -1, 1, 1), bai1(nan, 3), lsi(3, nan), percent_of_max(nan, 3),
                   percent_of_max(3, nan), symmetry_angle(nan, 1), bai1_sigma(nan, 1, 1, 1), bsa(3, nan), bsi(nan, 3)})
    BOOST_TEST(std::isnan(v));
  const Floors f;
  BOOST_TEST(std::isnan(bai1(12, 8, f.force_n)));
  BOOST_TEST(!std::isnan(bai1(12, 8.1, f.force_n)));
}

BOOST_AUTO_TEST_CASE(the_error_of_bai_is_its_propagated_one) {
  BOOST_TEST(std::abs(bai1_sigma(400, 400, 4, 4) - 0.7071) < 1e-3);
  grfd_test::Random random(5);
  double s = 0, ss = 0;
  const int n = 200000;
  for (int k = 0; k < n; ++k) {
    const double b = bai1(440 + 4 * random.normal(), 360 + 4 * random.normal());
    s += b, ss += b * b;
  }
  BOOST_TEST(std::abs(std::sqrt(ss / n - s * s / n / n) - bai1_sigma(440, 360, 4, 4)) < 0.01);
}

BOOST_AUTO_TEST_CASE(every_index_has_a_name_a_floor_and_a_propagated_error) {
  using grfd::AsymmetryIndex;
  const std::pair<AsymmetryIndex, double> of_440_360[] = {
      {AsymmetryIndex::bai1, 10},
      {AsymmetryIndex::bai2, 20},
      {AsymmetryIndex::share, 55},
      {AsymmetryIndex::lsi, 100 * 9 / 11.0},
      {AsymmetryIndex::percent_of_max, 100 * 2 / 11.0},
      {AsymmetryIndex::bsa, 100 * 2 / 11.0},
      {AsymmetryIndex::bsi, 10},
      {AsymmetryIndex::symmetry_angle, (45 - std::atan(9 / 11.0) * 180 / std::numbers::pi) / 0.9},
      {AsymmetryIndex::difference, 80}};
  for (const auto& [which, want] : of_440_360) {
    const std::string name = to_string(which);
    BOOST_TEST(std::abs(index(which, 440, 360, 20) - want) < 1e-12, name);
    BOOST_TEST(std::isnan(index(which, 440, std::nan(""), 20)), name);
    BOOST_TEST(std::isnan(index_sigma(which, std::nan(""), 3, 1, 1)), name);
    // below the floor on one side: only the difference still says something
    BOOST_TEST(std::isnan(index(which, 440, 19, 20)) == (which != AsymmetryIndex::difference), name);
    // first-order error against differences of the index itself, either side larger
    for (const auto& [d, n] : {std::array{440.0, 360.0}, std::array{300.0, 520.0}}) {
      const double h = 1e-3, sd = 4, sn = 7;
      const double by_d = (index(which, d + h, n) - index(which, d - h, n)) / (2 * h),
                   by_n = (index(which, d, n + h) - index(which, d, n - h)) / (2 * h);
      BOOST_TEST(std::abs(index_sigma(which, d, n, sd, sn) - std::hypot(by_d * sd, by_n * sn)) < 1e-6, name);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
