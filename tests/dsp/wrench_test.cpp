#include "dsp/wrench.hpp"

#include <boost/test/unit_test.hpp>

#include "dsp/c3d_plate.hpp"
#include "dsp/plate_model.hpp"
#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(wrench)

using namespace grfd;
using grfd_test::Random;
using grfd_test::worst;

namespace {

Wrench6 point_load(const Vec3& f, const Vec3& r, double tz) {
  return {f[0], f[1], f[2], r[1] * f[2] - r[2] * f[1], r[2] * f[0] - r[0] * f[2], r[0] * f[1] - r[1] * f[0] + tz};
}
Wrench6 sum(const Wrench6& a, const Wrench6& b) {
  Wrench6 r;
  for (std::size_t i = 0; i < 6; ++i) r[i] = a[i] + b[i];
  return r;
}
const nlohmann::json& plate_vectors() {
  static const nlohmann::json v = grfd_test::vectors("plate.json");
  return v;
}
/// A plate whose volts are its wrench: sensitivity 1 uV/V, gain 1e5, excitation 10 V.
PlateSettings plain_plate(const std::array<Vec3, 4>& corners, const Vec3& origin, Sense sense) {
  PlateSettings p;
  p.name = "test";
  for (std::size_t i = 0; i < 6; ++i) p.calibration.sensitivity[i][i] = 1;
  p.calibration.gain.assign(6, 1e5);
  p.calibration.origin_m = origin;
  p.calibration.sense = sense;
  p.corners_m = corners;
  return p;
}
std::array<Vec3, 4> corners_at(double x, double y, double z) {
  return {{{x + .3, y + .2, z}, {x - .3, y + .2, z}, {x - .3, y - .2, z}, {x + .3, y - .2, z}}};
}
std::array<Vec3, 4> z_down_corners_at(double x, double y, double z) {  // plate x = lab x, plate y = -lab y
  return {{{x + .3, y - .2, z}, {x - .3, y - .2, z}, {x - .3, y + .2, z}, {x + .3, y + .2, z}}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_point_load_gives_its_point_and_couple) {
  const auto& v = plate_vectors()["point_load"];
  const auto w = v["wrench_at_sensor"].get<Wrench6>();
  BOOST_TEST(worst(w, point_load({30, -45, 812}, {0.073, -0.021, 0.053}, 2.5), 6) < 1e-12);
  const PressurePoint p = center_of_pressure(shift(w, v["o"].get<Vec3>()));
  BOOST_TEST(std::abs(p.x - 0.073) < 1e-12);
  BOOST_TEST(std::abs(p.y + 0.021) < 1e-12);
  BOOST_TEST(std::abs(p.tz - 2.5) < 1e-12);
  // a forgotten pad of thickness t moves the CoP by -t F_h / Fz
  const PressurePoint q = center_of_pressure(shift(w, {0, 0, 0.041}));
  BOOST_TEST(std::abs((q.x - p.x) - -0.012 * 30 / 812) < 1e-12);
  BOOST_TEST(std::abs((q.y - p.y) - 0.012 * 45 / 812) < 1e-12);
  // the plane z = z0 says the same without moving the point
  const PressurePoint r = center_of_pressure(w, 0.053);
  BOOST_TEST(std::abs(r.x - 0.073) < 1e-12);
  BOOST_TEST(std::abs(r.tz - 2.5) < 1e-12);
}

BOOST_AUTO_TEST_CASE(z_down_plates_of_either_sense_give_the_same_ground_reaction) {
  for (const char* name : {"zdown_action", "zdown_reaction"}) {
    const auto& v = plate_vectors()[name];
    const Sense sense = std::string(name) == "zdown_action" ? Sense::action : Sense::reaction;
    const auto raw = v["wrench_at_sensor"].get<Wrench6>();
    const Vec3 o = v["o"].get<Vec3>();
    const Wrench6 lab = to_lab(shift(raw, o), v["R"].get<Mat3>(), v["p"].get<Vec3>(), sense);
    const PressurePoint p = center_of_pressure(lab);
    BOOST_TEST(std::abs(p.x - 0.373) < 1e-12);
    BOOST_TEST(std::abs(p.y - 0.079) < 1e-12);
    BOOST_TEST(std::abs(p.tz - 2.5) < 1e-12);
    BOOST_TEST(worst(lab, v["grf"], 3) < 1e-12);
    BOOST_TEST(worst(from_lab(lab, v["R"].get<Mat3>(), v["p"].get<Vec3>(), o, sense), raw, 6) < 1e-12);
    // the wrong sense turns the ground reaction downward
    BOOST_TEST(to_lab(shift(raw, o), v["R"].get<Mat3>(), v["p"].get<Vec3>(),
                      sense == Sense::action ? Sense::reaction : Sense::action)[2] == -lab[2]);
  }
}

BOOST_AUTO_TEST_CASE(the_plate_model_adds_the_pad_along_its_own_upward_side) {
  const Wrench6 grf = point_load({30, -45, 812}, {0.373, 0.079, 0}, 2.5);
  for (const bool up : {true, false})
    for (const Sense sense : {Sense::reaction, Sense::action}) {
      PlateSettings s =
          plain_plate(up ? corners_at(.3, .1, 0) : z_down_corners_at(.3, .1, 0), {0, 0, up ? .041 : -.041}, sense);
      s.pad_m = 0.012;
      const PlateModel m(s);
      BOOST_TEST(m.z_up() == up);
      BOOST_TEST(std::abs(m.origin()[2] - (up ? .053 : -.053)) < 1e-15);
      const Wrench6 felt = m.sensor_from_lab(grf);
      // independent truth: force and couple written by hand in plate axes about the sensor
      const double s_ = sense == Sense::action ? -1 : 1, k = up ? 1 : -1;
      const Vec3 f{s_ * 30, s_ * k * -45, s_ * k * 812};
      BOOST_TEST(worst(felt, point_load(f, {.073, k * -.021, k * .053}, s_ * k * 2.5), 6) < 1e-12);
      BOOST_TEST(worst(m.lab(felt), grf, 6) < 1e-12);
      BOOST_TEST(worst(m.lab(m.sensor(m.volts(felt))), grf, 6) < 1e-9);
      s.calibration.origin_m[2] *= -1;
      BOOST_CHECK_THROW(PlateModel{s}, std::invalid_argument);
    }
}

BOOST_AUTO_TEST_CASE(crosstalk_needs_the_full_matrix) {
  const auto& v = plate_vectors()["strain"];
  PlateSettings s = plain_plate(corners_at(0, 0, 0), {0, 0, .05}, Sense::reaction);
  s.calibration.sensitivity = v["S"].get<std::vector<Wrench6>>();
  s.calibration.gain.assign(6, 1000);
  const PlateModel m(s);
  const auto load = v["load"].get<Wrench6>();
  const double lsb_v = 20.0 / 65536;
  PlateVolts volts{};
  for (std::size_t i = 0; i < 6; ++i) volts[i] = double(v["counts"][i]) * lsb_v;
  const Wrench6 got = m.sensor(volts);
  // half a count on every channel bounds each row
  const Mat6 inv = inverse(v["S"].get<Mat6>());
  for (std::size_t i = 0; i < 6; ++i) {
    double row = 0;
    for (double c : inv[i]) row += std::abs(c);
    BOOST_TEST(std::abs(got[i] - load[i]) <= row * lsb_v / (1000 * 10 * 1e-6) / 2);
  }
  BOOST_TEST(worst(m.sensor(m.volts(load)), load, 6) < 1e-9);
  // only the diagonal is wrong by newtons
  double diagonal_error = 0;
  for (std::size_t i = 0; i < 6; ++i)
    diagonal_error = std::max(diagonal_error, std::abs(volts[i] / (1e-2 * s.calibration.sensitivity[i][i]) - load[i]));
  BOOST_TEST(diagonal_error > 3);
  // gain and excitation are linear: 1 % more excitation, 1 % less force
  s.calibration.excitation_v = 10.1;
  BOOST_TEST(std::abs(PlateModel(s).sensor(volts)[2] * 1.01 - got[2]) < 1e-9);
}

BOOST_AUTO_TEST_CASE(an_inverse_undoes_its_matrix_and_a_singular_one_is_refused) {
  Random random(7);
  Mat6 m;
  for (auto& row : m)
    for (double& x : row) x = random.normal();
  m[0][0] = 0;  // needs pivoting
  const Mat6 r = inverse(m);
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t j = 0; j < 6; ++j) {
      double e = 0;
      for (std::size_t k = 0; k < 6; ++k) e += r[i][k] * m[k][j];
      BOOST_TEST(std::abs(e - (i == j)) < 1e-11);
    }
  m[3] = m[1];
  BOOST_CHECK_THROW(inverse(m), std::invalid_argument);
  m[3][0] = std::numeric_limits<double>::quiet_NaN();
  BOOST_CHECK_THROW(inverse(m), std::invalid_argument);
  BOOST_CHECK_THROW(inverse(Mat6{}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(corners_give_the_pose_and_a_bad_survey_is_refused) {
  const Mat3 r0{{{0, 1, 0}, {1, 0, 0}, {0, 0, -1}}};
  std::array<Vec3, 4> c;
  const std::array<Vec3, 4> local{{{.3, .2, 0}, {-.3, .2, 0}, {-.3, -.2, 0}, {.3, -.2, 0}}};
  for (std::size_t k = 0; k < 4; ++k)
    for (std::size_t i = 0; i < 3; ++i) c[k][i] = r0[i][0] * local[k][0] + r0[i][1] * local[k][1] + Vec3{.25, .4, 0}[i];
  PlatePose pose = pose_from_corners(c);
  for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(worst(pose.rotation[i], r0[i], 3) < 1e-12);
  BOOST_TEST(worst(pose.center, Vec3{.25, .4, 0}, 3) < 1e-12);
  BOOST_TEST(pose.off_plane_m < 1e-12);
  BOOST_TEST(!pose.doubtful());

  c[0][2] += 0.0008;  // 0.2 mm off the plane: seen and accepted
  pose = pose_from_corners(c);
  BOOST_TEST(pose.off_plane_m > 1e-4);
  BOOST_TEST(pose.off_plane_m < 1e-3);
  BOOST_TEST(pose.acceptable());
  c[0][0] += 0.006;
  pose = pose_from_corners(c);
  BOOST_TEST(pose.edge_misfit_m > 0.003);
  BOOST_TEST(!pose.acceptable());
  BOOST_CHECK_THROW(PlateModel{plain_plate(c, {0, 0, -.04}, Sense::reaction)}, std::invalid_argument);
  BOOST_CHECK_THROW(pose_from_corners({}), std::invalid_argument);
  c[3] = c[0], c[2] = c[1];  // a line
  BOOST_CHECK_THROW(pose_from_corners(c), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(c3d_origins_are_turned_by_their_type) {
  const auto& v = plate_vectors()["c3d_type2_origin_xy"];
  const Vec3 file = v["origin_in_file"].get<Vec3>();
  for (int type : {2, 4, 5}) {
    const C3dOrigin o = c3d_origin(type, file);
    BOOST_TEST(o.flipped);
    BOOST_TEST(worst(o.o, v["o"], 3) < 1e-15);
  }
  // the load is built here: "wrench_at_sensor" of this vector belongs to another case
  const Vec3 truth{-.0044, .0019, -.0216};
  const Wrench6 w = point_load({55, -38, -640}, {.061 + truth[0], -.107 + truth[1], truth[2]}, 3.1);
  const PressurePoint p = center_of_pressure(shift(w, c3d_origin(2, file).o));
  BOOST_TEST(std::abs(p.x - .061) < 1e-12);
  BOOST_TEST(std::abs(p.y + .107) < 1e-12);
  BOOST_TEST(std::abs(p.tz - 3.1) < 1e-12);
  const PressurePoint wrong = center_of_pressure(shift(w, {file[0], file[1], -file[2]}));
  BOOST_TEST(std::abs(wrong.x - p.x + 2 * .0044) < 1e-12);
  BOOST_TEST(!c3d_origin(2, truth).flipped);
  for (int type : {0, 6, 7, 21}) BOOST_CHECK_THROW(c3d_origin(type, file), std::invalid_argument);

  const auto& one = plate_vectors()["c3d_type1"];
  const Wrench6 w1 = type1_wrench(one["channels_F_P_Tz"].get<std::array<double, 6>>());
  BOOST_TEST(worst(w1, one["wrench_surface_centre"], 6) < 1e-12);
  BOOST_TEST(worst(w1, shift(w, truth), 6) < 1e-12);
}

BOOST_AUTO_TEST_CASE(eight_piezo_channels_are_the_sum_over_four_sensors) {
  const auto& v = plate_vectors()["c3d_type3"];
  const C3dOrigin o = c3d_origin(3, v["origin_in_file"].get<Vec3>());
  BOOST_TEST(o.flipped);
  BOOST_TEST(o.a == .12);
  BOOST_TEST(o.b == .2);
  BOOST_TEST(worst(o.o, Vec3{0, 0, -.048}, 3) < 1e-15);
  const Mat6x8 k = kistler_matrix(o.a, o.b);
  const Wrench6 got = product(k, v["channels"].get<std::array<double, 8>>());
  BOOST_TEST(worst(got, v["wrench_sensor_plane"], 6) < 1e-10);
  // independent truth: r x F of the forces at the four sensors
  Wrench6 direct{};
  const std::array<Vec3, 4> at{{{.12, .2, 0}, {-.12, .2, 0}, {-.12, -.2, 0}, {.12, -.2, 0}}};
  for (std::size_t i = 0; i < 4; ++i) direct = sum(direct, point_load(v["sensor_forces"][i].get<Vec3>(), at[i], 0));
  BOOST_TEST(worst(got, direct, 6) < 1e-10);

  const auto& kv = plate_vectors()["kistler"];
  for (double z : {.048, -.048}) {
    const C3dOrigin q = c3d_origin(3, {kv["a"], kv["b"], z});
    const Wrench6 w = product(kistler_matrix(q.a, q.b), kv["channels"].get<std::array<double, 8>>());
    const PressurePoint p = center_of_pressure(shift(w, q.o));
    BOOST_TEST(std::abs(p.x - double(kv["cop"][0])) < 1e-12);
    BOOST_TEST(std::abs(p.y - double(kv["cop"][1])) < 1e-12);
    BOOST_TEST(std::abs(p.tz - double(kv["tz"])) < 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(two_plates_are_summed_as_wrenches) {
  const Wrench6 a = point_load({-20, 5, 420}, {-.15, .02, 0}, -1.0), b = point_load({18, -3, 380}, {.16, .05, 0}, .8);
  const PressurePoint p = center_of_pressure(sum(a, b));
  BOOST_TEST(std::abs(p.x - (420 * -.15 + 380 * .16) / 800) < 1e-12);
  BOOST_TEST(std::abs(p.y - (420 * .02 + 380 * .05) / 800) < 1e-12);
  const double shear = (-.15 - p.x) * 5 - (.02 - p.y) * -20 + (.16 - p.x) * -3 - (.05 - p.y) * 18;
  BOOST_TEST(std::abs(p.tz - (-1.0 + .8 + shear)) < 1e-12);
  BOOST_TEST(std::abs(shear) > 0.5);
  // different heights: each on its own surface; the weighted mean of the two is not the combined CoP
  const Wrench6 low = point_load({-20, 45, 420}, {-.15, .02, 0}, -1),
                high = point_load({18, 33, 380}, {.16, .05, .1}, .8);
  const PressurePoint own = center_of_pressure(high, .1);
  BOOST_TEST(std::abs(own.x - .16) < 1e-12);
  BOOST_TEST(std::abs(own.y - .05) < 1e-12);
  BOOST_TEST(std::abs((420 * .02 + 380 * .05) / 800 - center_of_pressure(sum(low, high)).y) > .004);
}

BOOST_AUTO_TEST_CASE(sigma_of_the_cop_agrees_with_monte_carlo) {
  const Wrench6 sd{.4, .4, .8, .25, .25, .1};
  const Wrench6 w = point_load({10, 15, 300}, {.1, .12, .05}, 0);
  const PressureSigma s = cop_sigma(w, .05, sd);
  Random random(3);
  double sx = 0, sy = 0, sxx = 0, syy = 0;
  const int n = 200000;
  for (int k = 0; k < n; ++k) {
    Wrench6 v = w;
    for (std::size_t i = 0; i < 6; ++i) v[i] += sd[i] * random.normal();
    const PressurePoint p = center_of_pressure(shift(v, {0, 0, .05}));
    sx += p.x - .1, sy += p.y - .12, sxx += (p.x - .1) * (p.x - .1), syy += (p.y - .12) * (p.y - .12);
  }
  const double mx = std::sqrt(sxx / n - sx * sx / n / n), my = std::sqrt(syy / n - sy * sy / n / n);
  BOOST_TEST_MESSAGE("cop sigma " << 1e3 * s.x << " " << 1e3 * s.y << " mm, Monte Carlo " << 1e3 * mx << " "
                                  << 1e3 * my);
  BOOST_TEST(std::abs(s.x - mx) < 1e-5);
  BOOST_TEST(std::abs(s.y - my) < 1e-5);
  // published table at x = 0.10, y = 0.12 m (mm, two digits): the larger axis
  const std::array<std::array<double, 2>, 6> table{
      {{20, 13}, {50, 5.3}, {100, 2.6}, {200, 1.3}, {400, .66}, {800, .33}}};
  for (const auto& [fz, mm] : table) {
    const PressureSigma q = cop_sigma(point_load({0, 0, fz}, {.1, .12, .05}, 0), .05, sd);
    BOOST_TEST(std::abs(1e3 * std::max(q.x, q.y) - mm) < 0.06 * mm);
  }
  // seen from the lab with a propagated covariance it is the same number
  PlateSettings ps = plain_plate(z_down_corners_at(.3, .1, .2), {0, 0, -.05}, Sense::action);
  const PlateModel m(ps);
  Mat6 cov{};
  for (std::size_t i = 0; i < 6; ++i) cov[i][i] = sd[i] * sd[i];
  const Wrench6 lab = m.lab(point_load({-10, 15, -300 * -1}, {.1, .12, -.05}, 0));
  const PressureSigma a = cop_sigma(lab, m.surface_z(), m.lab_covariance(cov));
  const PressureSigma b = cop_sigma(point_load({-10, 15, 300}, {.1, .12, -.05}, 0), -.05, sd);
  BOOST_TEST(std::abs(a.x - b.x) < 1e-12);
  BOOST_TEST(std::abs(a.y - b.y) < 1e-12);
}

BOOST_AUTO_TEST_SUITE_END()
