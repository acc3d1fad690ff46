// Plates of more than six channels: least squares, makers' matrices, piezoelectric signals.
#include <boost/test/unit_test.hpp>

#include "dsp/plate_model.hpp"
#include "dsp/tare.hpp"
#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(plate_channels)

using namespace grfd;
using grfd_test::Random;
using grfd_test::worst;

namespace {

PlateSettings plate_up() {
  PlateSettings p;
  p.name = "left";
  p.calibration.origin_m = {0, 0, .041};
  p.corners_m = {{{.2, .3, 0}, {-.2, .3, 0}, {-.2, -.3, 0}, {.2, -.3, 0}}};
  return p;
}
PlateSettings plate_down() {
  PlateSettings p = plate_up();
  p.calibration.origin_m[2] = -.041;
  p.corners_m = {{{.2, -.3, 0}, {-.2, -.3, 0}, {-.2, .3, 0}, {.2, .3, 0}}};  // plate y = -lab y
  return p;
}
PlateSettings eight_bridges(std::uint64_t seed) {
  PlateSettings p = plate_up();
  Random random(seed);
  p.calibration.sensitivity.assign(8, {});
  for (Components& row : p.calibration.sensitivity)
    for (std::size_t j = 0; j < 6; ++j) row[j] = random.normal() * (j < 3 ? .3 : 2);
  p.calibration.gain = {1000, 990, 1010, 2000, 1005, 998, 500, 1001};
  p.calibration.excitation_v = 5;
  return p;
}
Vec3 cross(const Vec3& a, const Vec3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
/// Force at a point, about the origin.
Wrench6 load_at(const Vec3& f, const Vec3& r, double tz = 0) {
  const Vec3 m = cross(r, f);
  return {f[0], f[1], f[2], m[0], m[1], m[2] + tz};
}
PlateSettings piezo(double z, bool down) {
  PlateSettings p = down ? plate_down() : plate_up();
  p.calibration.kind = PlateKind::piezo;
  p.calibration.sensor_a_m = .12;
  p.calibration.sensor_b_m = .2;
  p.calibration.origin_m = {0, 0, z};
  return p;
}
/// fx12 fx34 fy14 fy23 fz1 fz2 fz3 fz4 of forces at the four sensors
std::array<double, 8> signals(const std::array<Vec3, 4>& f) {
  return {f[0][0] + f[1][0], f[2][0] + f[3][0], f[0][1] + f[3][1], f[1][1] + f[2][1],
          f[0][2],           f[1][2],           f[2][2],           f[3][2]};
}
constexpr double kA = .12, kB = .2;
const std::array<Vec3, 4> kSensors{{{kA, kB, 0}, {-kA, kB, 0}, {-kA, -kB, 0}, {kA, -kB, 0}}};

}  // namespace

BOOST_AUTO_TEST_CASE(eight_bridges_are_solved_by_least_squares) {
  const PlateSettings p = eight_bridges(4);
  const PlateModel m(p);
  BOOST_TEST(m.channels() == 8u);
  const Wrench6 load{25, -40, 700, 60, -35, 4};
  PlateVolts v{};
  for (std::size_t i = 0; i < 8; ++i)
    for (std::size_t j = 0; j < 6; ++j)
      v[i] += p.calibration.sensitivity[i][j] * load[j] * p.calibration.gain[i] * 5e-6;
  BOOST_TEST(worst(m.sensor(v), load, 6) < 1e-9);
  BOOST_TEST(worst(m.volts(load), v, 8) < 1e-12);
  // what no load explains stands at right angles to every column of S, in uV/V: the mark of the least-squares solution
  Random random(5);
  std::array<double, 8> u;
  for (std::size_t i = 0; i < 8; ++i) u[i] = 100 * random.normal(), v[i] = u[i] * p.calibration.gain[i] * 5e-6;
  const Wrench6 best = m.sensor(v);
  std::array<double, 8> rest = u;
  double size = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    for (std::size_t j = 0; j < 6; ++j) rest[i] -= p.calibration.sensitivity[i][j] * best[j];
    size += rest[i] * rest[i];
  }
  BOOST_TEST(size > 100);  // eight numbers are no wrench by chance
  for (std::size_t j = 0; j < 6; ++j) {
    double along = 0;
    for (std::size_t i = 0; i < 8; ++i) along += p.calibration.sensitivity[i][j] * rest[i];
    BOOST_TEST(std::abs(along) < 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(channels_that_cannot_tell_six_components_apart_are_refused) {
  PlateSettings p = eight_bridges(6);
  for (Components& row : p.calibration.sensitivity) row[4] = 2 * row[3];
  BOOST_CHECK_THROW(PlateModel{p}, std::invalid_argument);
  p = eight_bridges(6);
  for (Components& row : p.calibration.sensitivity) row[2] = 0;
  BOOST_CHECK_THROW(PlateModel{p}, std::invalid_argument);
  p = eight_bridges(6);
  p.calibration.sensitivity.resize(5);
  p.calibration.gain.resize(5);
  BOOST_CHECK_THROW(PlateModel{p}, std::invalid_argument);
  p = eight_bridges(6);
  p.calibration.gain.pop_back();
  BOOST_CHECK_THROW(PlateModel{p}, std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_makers_matrix_is_taken_as_it_is) {
  PlateSettings p = plate_up();
  p.calibration.kind = PlateKind::matrix;
  Random random(8);
  for (int c = 0; c < 8; ++c) {
    Components& column = p.calibration.load_per_v.emplace_back();
    for (std::size_t i = 0; i < 6; ++i) column[i] = (i < 3 ? 100 : 20) * random.normal();
  }
  const PlateModel m(p);
  const PlateVolts v{.1, -.2, .3, .05, -.07, .4, 1, -1.5};
  Wrench6 want{};
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t c = 0; c < 8; ++c) want[i] += p.calibration.load_per_v[c][i] * v[c];
  BOOST_TEST(worst(m.sensor(v), want, 6) < 1e-10);
  // volts() gives the smallest of all that show the same load
  const PlateVolts least = m.volts(want);
  BOOST_TEST(worst(m.sensor(least), want, 6) < 1e-9);
  double a = 0, b = 0;
  for (std::size_t c = 0; c < 8; ++c) a += least[c] * least[c], b += v[c] * v[c];
  BOOST_TEST(a < b);
  for (Components& column : p.calibration.load_per_v) column[5] = 3 * column[0];
  BOOST_CHECK_THROW(PlateModel{p}, std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(piezo_channels_in_any_order_are_the_forces_at_their_sensors) {
  PlateSettings p = piezo(-.048, true);
  p.calibration.signals = {4, 5, 6, 7, 2, 3, 0, 1};  // fz1 fz2 fz3 fz4 fy14 fy23 fx12 fx34
  p.calibration.newton_per_v = {256, 257, 255, 256.5, -127, -128, 129, 126};
  p.calibration.sense = Sense::action;
  p.pad_m = .006;
  const PlateModel m(p);
  Random random(2);
  std::array<Vec3, 4> f;
  for (Vec3& one : f) one = {30 * random.normal(), 30 * random.normal(), 160 + 60 * random.normal()};
  Wrench6 want{};
  for (std::size_t k = 0; k < 4; ++k) {
    const Wrench6 w = load_at(f[k], kSensors[k]);
    for (std::size_t i = 0; i < 6; ++i) want[i] += w[i];
  }
  PlateVolts v{};
  for (std::size_t c = 0; c < 8; ++c) v[c] = signals(f)[p.calibration.signals[c]] / p.calibration.newton_per_v[c];
  BOOST_TEST(worst(m.sensor(v), want, 6) < 1e-10);
  // and where a foot is, on the pad: lab x = plate x, lab y = -plate y, the plate reports the force on itself
  const Vec3 at{.05, -.11, -.048 - .006};
  const PlateVolts foot = m.volts(load_at({12, -7, 640}, at, 1.7));
  const PressurePoint cop = center_of_pressure(m.lab(m.sensor(foot)));
  BOOST_TEST(std::abs(cop.x - .05) < 1e-12);
  BOOST_TEST(std::abs(cop.y - .11) < 1e-12);
  BOOST_TEST(std::abs(cop.tz - 1.7) < 1e-11);  // -1.7 about plate z, which points down; twice turned over
  BOOST_TEST(std::abs(m.lab(m.sensor(foot))[2] - 640) < 1e-10);
}

BOOST_AUTO_TEST_CASE(the_published_piezo_case_through_the_plate) {
  const auto v = grfd_test::vectors("plate.json")["kistler"];
  PlateSettings p = piezo(v["az0"], true);
  p.calibration.sensor_a_m = v["a"];
  p.calibration.sensor_b_m = v["b"];
  p.calibration.newton_per_v.fill(1000 / 3.9);  // 3.9 mV/N
  const PlateModel m(p);
  PlateVolts volts{};
  for (std::size_t c = 0; c < 8; ++c) volts[c] = double(v["channels"][c]) * 3.9e-3;
  const PressurePoint cop = center_of_pressure(shift(m.sensor(volts), m.origin()));
  BOOST_TEST(std::abs(cop.x - double(v["cop"][0])) < 1e-12);
  BOOST_TEST(std::abs(cop.y - double(v["cop"][1])) < 1e-12);
  BOOST_TEST(std::abs(cop.tz - double(v["tz"])) < 1e-12);
}

BOOST_AUTO_TEST_CASE(a_stiff_top_on_four_equal_sensors) {
  const PlateModel m(piezo(.05, false));  // 1 N per V
  // 100 N at (.03, -.08): four equal springs under a stiff top carry F/4 (1 + x x_k / a^2 + y y_k / b^2)
  const PlateVolts v = m.volts(load_at({0, 0, 100}, {.03, -.08, .05}));
  for (std::size_t k = 0; k < 4; ++k) {
    const double want = 25 * (1 + .03 * kSensors[k][0] / (kA * kA) - .08 * kSensors[k][1] / (kB * kB));
    BOOST_TEST(std::abs(v[4 + k] - want) < 1e-12);
  }
  BOOST_TEST(worst(v, PlateVolts{}, 4) < 1e-12);
  // any wrench comes back
  const Wrench6 w{30, -20, 650, 40, -25, 8};
  BOOST_TEST(worst(m.sensor(m.volts(w)), w, 6) < 1e-10);
}

BOOST_AUTO_TEST_CASE(piezo_plates_that_cannot_be_are_refused) {
  PlateSettings p = piezo(.05, false);
  p.calibration.signals[7] = 6;
  BOOST_CHECK_THROW(PlateModel{p}, std::invalid_argument);
  p = piezo(.05, false);
  p.calibration.sensor_b_m = 0;
  BOOST_CHECK_THROW(PlateModel{p}, std::invalid_argument);
  p = piezo(.05, false);
  p.calibration.newton_per_v[3] = 0;
  BOOST_CHECK_THROW(PlateModel{p}, std::invalid_argument);
  BOOST_CHECK_THROW(PlateModel{piezo(-.05, false)}, std::invalid_argument);  // the sensors would lie above the surface
}

BOOST_AUTO_TEST_CASE(noise_of_eight_channels_becomes_the_covariance_of_the_wrench) {
  PlateSettings p = piezo(.05, false);
  p.calibration.noise_force_n = 1;
  p.calibration.noise_moment_nm = .5;
  const PlateModel m(p);
  // independent noise of 0.3 N on every signal: Var Fx = 2 s^2, Var Fz = 4 s^2, Var Mx = 4 b^2 s^2, Var Mz = 2 (a^2 +
  // b^2) s^2
  const double s = .3;
  const Wrench6 want{std::sqrt(2.0) * s, std::sqrt(2.0) * s, 2 * s,
                     2 * kB * s,         2 * kA * s,         std::sqrt(2 * (kA * kA + kB * kB)) * s};
  AdcCalibration adc{1e-3, -1e-3, 30000};
  Tare tare({2.0, 1e-3, 50, 3, 0.5}, 8);
  PlateCodes zero{};
  zero.fill(30000);
  tare.start(zero);
  Random random(11);
  for (int k = 0;; ++k) {
    PlateCodes codes{};
    for (std::size_t c = 0; c < 8; ++c)
      codes[c] = 30000 + 40 * double(c) + 1e3 * s * random.normal();  // 40 mV are 40 mN apart
    if (tare.push(1e-3 * k, codes)) break;
  }
  const TareResult r = tare.finish(adc, m);
  BOOST_TEST(to_string(r.refusal) == "none");
  for (std::size_t i = 0; i < 6; ++i)
    BOOST_TEST(std::abs(r.sd[i] / want[i] - 1) < 4 / std::sqrt(2 * 2000.0));  // four standard errors
  for (std::size_t c = 0; c < 8; ++c)
    BOOST_TEST(std::abs(r.zero.codes[c] - 30000 - 40 * double(c)) < 4 * 1e3 * s / std::sqrt(2000.0));
}

BOOST_AUTO_TEST_SUITE_END()
