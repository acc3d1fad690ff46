// The maker's polynomial against numpy; in a sum of plates, against the mean of the points.
#include "dsp/cop_polynomial.hpp"

#include <boost/test/unit_test.hpp>

#include "dsp/cop.hpp"

BOOST_AUTO_TEST_SUITE(cop_polynomial)

using namespace grfd;

namespace {

/// Coefficients of the size of published ones.
const CopPolynomial kPolynomial{{2.51997e-15, -2.18826e-10, -2.69254e-07, -4.85912e-11, 4.55731e-6, -4.18892e-2},
                                {2.83750e-15, -1.00051e-10, -2.05349e-06, -1.16374e-10, 4.71553e-6, 6.89265e-2}};
/// numpy: [y^4 x^3, y^2 x^3, x^3, y^4 x, y^2 x, x] @ p, and with x and y changed @ q
struct Case {
  double x, y, dx, dy;  // mm
};
constexpr Case kCases[] = {{120, -80, -4.47247614321, -7.528115264},
                           {-55.5, 203, -2.66244533238, -2.81466677942},
                           {200, 300, -1.4787, -19.51452}};

PlateSettings plate(double x, double y, double z, bool down, bool turned) {
  PlateSettings p;
  p.name = "left";
  p.calibration.kind = PlateKind::piezo;
  p.calibration.cop_polynomial = kPolynomial;
  const double s = down ? -1 : 1;
  for (std::size_t c = 0; c < 4; ++c) {
    const double a = c == 0 || c == 3 ? .2 : -.2, b = (c < 2 ? .3 : -.3);
    p.corners_m[c] = turned ? Vec3{x - s * b, y + a, z} : Vec3{x + a, y + s * b, z};  // plate x to the front: by 90 deg
  }
  return p;
}
Wrench6 load_at(double fx, double fy, double fz, double x, double y, double z, double tz) {
  return {fx, fy, fz, y * fz - z * fy, z * fx - x * fz, x * fy - y * fx + tz};
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_polynomial_by_numpy) {
  for (const Case& c : kCases) {
    const auto d = cop_correction_mm(kPolynomial, c.x, c.y);
    BOOST_TEST(std::abs(d[0] - c.dx) < 1e-10);
    BOOST_TEST(std::abs(d[1] - c.dy) < 1e-10);
    // odd in its own axis, even in the other
    const auto other = cop_correction_mm(kPolynomial, -c.x, c.y);
    BOOST_TEST(other[0] == -d[0]);
    BOOST_TEST(other[1] == d[1]);
  }
}

BOOST_AUTO_TEST_CASE(in_the_plates_own_axes_wherever_it_lies) {
  for (const Case& c : kCases)
    for (const bool down : {false, true})
      for (const bool turned : {false, true}) {
        const auto correction = CopCorrection::of(plate(.4, -.1, .05, down, turned));
        BOOST_REQUIRE(correction);
        const double s = down ? -1 : 1;
        const auto lab = [&](double x_mm, double y_mm) {  // of a point in plate axes
          return turned ? std::array{.4 - s * 1e-3 * y_mm, -.1 + 1e-3 * x_mm}
                        : std::array{.4 + 1e-3 * x_mm, -.1 + s * 1e-3 * y_mm};
        };
        const auto at = lab(c.x, c.y), to = lab(c.x - c.dx, c.y - c.dy);
        const Wrench6 w = load_at(30, -45, 700, at[0], at[1], .05, 2.5), out = correction->apply(w);
        const PressurePoint p = center_of_pressure(out, .05);
        BOOST_TEST(std::abs(p.x - to[0]) < 1e-12);
        BOOST_TEST(std::abs(p.y - to[1]) < 1e-12);
        for (const std::size_t i : {0, 1, 2, 5}) BOOST_TEST(out[i] == w[i]);
        // the free moment is what is left of the vertical moment at the new point
        BOOST_TEST(std::abs(p.tz - (w[5] - to[0] * -45 + to[1] * 30)) < 1e-12);
      }
}

BOOST_AUTO_TEST_CASE(beyond_the_edge_it_grows_no_further) {
  const auto correction = CopCorrection::of(plate(0, 0, 0, false, false));
  const PressurePoint edge = center_of_pressure(correction->apply(load_at(0, 0, 500, .2, .3, 0, 0))),
                      far = center_of_pressure(correction->apply(load_at(0, 0, 500, 2, 3, 0, 0)));
  BOOST_TEST(std::abs((far.x - 2) - (edge.x - .2)) < 1e-12);
  BOOST_TEST(std::abs((far.y - 3) - (edge.y - .3)) < 1e-12);
  BOOST_TEST(std::abs(edge.y - .31951452) < 1e-10);
  PlateSettings off = plate(0, 0, 0, false, false);
  off.calibration.cop_polynomial = {};
  BOOST_TEST(!CopCorrection::of(off));
}

// Two plates at one height: the point of the sum is the mean of the points, weighted by their forces, only if the sum
// has the corrected moments.
BOOST_AUTO_TEST_CASE(the_total_agrees_with_the_corrected_points) {
  const std::array<double, 2> heights{0, 0};
  CopCalculator with(CopParams{}, heights), without(CopParams{}, heights);
  with.set_correction(0, *CopCorrection::of(plate(-.25, 0, 0, false, false)));
  const std::array<Wrench6, 2> w{load_at(-20, 40, 420, -.25 + .12, -.08, 0, -1), load_at(18, 33, 380, .2, .05, 0, .8)};
  for (int k = 0; k < 20; ++k) with.update(w), without.update(w);
  BOOST_TEST(std::abs(with.plate(0).cop_ml - (-.25 + .12 + .00447247614321)) < 1e-12);
  BOOST_TEST(std::abs(with.plate(0).cop_ap - (-.08 + .007528115264)) < 1e-12);
  BOOST_TEST(with.plate(1).cop_ml == without.plate(1).cop_ml);
  BOOST_TEST(std::abs(with.total().cop_ml - (420 * with.plate(0).cop_ml + 380 * .2) / 800) < 1e-12);
  BOOST_TEST(std::abs(with.total().cop_ap - (420 * with.plate(0).cop_ap + 380 * .05) / 800) < 1e-12);
  BOOST_TEST(std::abs(without.total().cop_ml - (420 * -.13 + 380 * .2) / 800) < 1e-12);
  // a plate that has no point of its own is not corrected
  const std::array<Wrench6, 2> light{load_at(0, 0, 30, -.13, -.08, 0, 0), w[1]};
  for (int k = 0; k < 20; ++k) with.update(light);
  BOOST_TEST(!with.plate(0).valid);
  BOOST_TEST(std::abs(with.total().cop_ml - (30 * -.13 + 380 * .2) / 410) < 1e-12);
}

BOOST_AUTO_TEST_SUITE_END()
