// The reader against answers that others computed from real files.
#include <boost/test/unit_test.hpp>

#include "drivers/emulation/c3d_plates.hpp"
#include "drivers/emulation/plate_geometry.hpp"
#include "tests/drivers/c3d_recordings.hpp"
#include "tests/drivers/stimulus_helpers.hpp"

BOOST_AUTO_TEST_SUITE(c3d_recordings)

using namespace grfd;

namespace {
/// How far the surveyed corners are from the rectangle that the pose assumes, m.
double misfit(const std::array<Vec3, 4>& c, const PlateGeometry& g) {
  const auto local = [&](std::size_t k) {
    Vec3 v{};
    for (std::size_t j = 0; j < 3; ++j)
      for (std::size_t i = 0; i < 3; ++i) v[j] += g.rotation[i][j] * (c[k][i] - g.center_m[i]);
    return v;
  };
  double hx = 0, hy = 0, worst = 0;
  for (std::size_t k = 0; k < 4; ++k) hx += std::abs(local(k)[0]) / 4, hy += std::abs(local(k)[1]) / 4;
  for (std::size_t k = 0; k < 4; ++k) {
    const Vec3 v = local(k);
    worst = std::max(worst, std::hypot(std::abs(v[0]) - hx, std::abs(v[1]) - hy, v[2]));
  }
  return worst;
}
}  // namespace

BOOST_AUTO_TEST_CASE(every_recording_gives_the_published_channels) {
  if (test::no_recordings()) return;
  const auto files = test::c3d_recordings();
  BOOST_TEST(files.size() == 22);
  for (const test::C3dRecording& w : files) {
    const C3dPlates file = read_c3d_plates(C3dFile::read(w.path.string()));
    const test::Table want = test::read_table(w.reference);
    double force = 0, cop = 0, moment = 0, lab = 0, bad_corners = 0;
    BOOST_REQUIRE(want.rows.size() == file.plates[0].sensor.size());
    for (std::size_t k = 0; k < file.plates.size(); ++k) {
      const std::string fp = "fp" + std::to_string(k + 1) + "_";
      const std::size_t fz = want.column(fp + "Fz_plate_N"), xy = want.column(fp + "cop_plate_xy_0"),
                        xyz = want.column(fp + "cop_lab_xyz_0"), tz = want.column(fp + "Tz_plate");
      PlateSettings settings;
      settings.corners_m = file.plates[k].corners_m;
      settings.calibration.origin_m = file.plates[k].origin_m;
      const PlateGeometry g = plate_geometry(settings);
      bad_corners = std::max(bad_corners, 1000 * misfit(settings.corners_m, g));
      double pressing = 0;
      int loaded = 0;
      for (std::size_t s = 0; s < want.rows.size(); ++s) {
        const auto& r = want.rows[s];
        const Wrench& sensor = file.plates[k].sensor[s];
        const Wrench c = moved(sensor, {-g.origin_m[0], -g.origin_m[1], -g.origin_m[2]});
        force = std::max(force, std::abs(c[2] - r[fz]));
        BOOST_REQUIRE(std::isnan(r[xy]) == (std::abs(c[2]) < 20));
        if (std::isnan(r[xy])) continue;
        const double x = -c[4] / c[2], y = c[3] / c[2];
        cop = std::max({cop, std::abs(1000 * x - r[xy]), std::abs(1000 * y - r[xy + 1])});
        moment = std::max(moment, std::abs(1000 * (c[5] - x * c[1] + y * c[0]) - r[tz]));
        for (std::size_t i = 0; i < 3; ++i)
          lab = std::max(lab,
                         std::abs(1000 * (g.center_m[i] + g.rotation[i][0] * x + g.rotation[i][1] * y) - r[xyz + i]));
        // Every one of these plates stores the reaction.
        const double up = std::abs(g.rotation[2][2]) > 0.9 ? to_surface(g, sensor)[2] : -c[2];
        if (std::abs(up) > 100) pressing += up, ++loaded;
      }
      if (loaded) BOOST_TEST(pressing > 0);
    }
    BOOST_TEST_MESSAGE(w.file << ": Fz " << force << " N, CoP in the plate " << cop << " mm, Tz " << moment
                              << " N.mm, CoP in the lab " << lab << " mm (corners off a rectangle by " << bad_corners
                              << " mm)");
    BOOST_TEST(force < 1e-6);
    BOOST_TEST(cop < 1e-6);
    BOOST_TEST(moment < 1e-4);
    BOOST_TEST(lab < 1e-6 + 3 * bad_corners);  // the reference takes two edges of the survey, we average four
    BOOST_TEST(lab < 1.0);
  }
}

BOOST_AUTO_TEST_CASE(six_encodings_of_one_trial_are_equal) {
  if (test::no_recordings()) return;
  const auto read = [](const char* file) { return read_c3d_plates(C3dFile::read(test::c3d_recording(file).string())); };
  const C3dPlates one = read("sample02_pc_int.c3d");
  for (const char* other : {"sample02_pc_real.c3d", "sample02_DEC_INT.C3D", "sample02_Dec_real.c3d",
                            "sample02_sgi_int.c3d", "sample02_sgi_real.c3d"}) {
    const C3dPlates two = read(other);
    BOOST_TEST(two.rate_hz == one.rate_hz);
    BOOST_REQUIRE(two.plates.size() == 2);
    for (std::size_t k = 0; k < 2; ++k) {
      BOOST_TEST(two.plates[k].origin_m == one.plates[k].origin_m, boost::test_tools::per_element());
      BOOST_REQUIRE(two.plates[k].sensor.size() == one.plates[k].sensor.size());
      for (std::size_t s = 0; s < one.plates[k].sensor.size(); ++s)
        for (std::size_t i = 0; i < 6; ++i) BOOST_REQUIRE(two.plates[k].sensor[s][i] == one.plates[k].sensor[s][i]);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
