// Real recordings with published answers; skipped when the recordings are not there.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "dsp/cop.hpp"
#include "dsp/plate_model.hpp"
#include "tests/dsp/vectors.hpp"

BOOST_AUTO_TEST_SUITE(wrench_recording)

using namespace grfd;

// Quiet standing, one plate, moments at its surface, CoP published in cm (Santos & Duarte 2016, BDS).
BOOST_AUTO_TEST_CASE(the_cop_of_quiet_standing_equals_the_published_one) {
  const char* env = std::getenv("GRFD_TEST_DATA");
  const auto folder =
      std::filesystem::path(env ? env : std::string(GRFD_SOURCE) + "/../shared/data") / "03_standing_raw6_100Hz_BDS";
  if (!std::filesystem::exists(folder)) {
    BOOST_TEST_MESSAGE("skipped: no recordings at " << folder << " (set GRFD_TEST_DATA)");
    return;
  }
  PlateSettings settings;
  settings.name = "standing";
  settings.calibration.sensitivity = grfd_test::vectors("plate.json")["strain"]["S"].get<std::vector<Wrench6>>();
  settings.calibration.gain.assign(6, 1000);
  settings.corners_m = {{{.25, .25, 0}, {-.25, .25, 0}, {-.25, -.25, 0}, {.25, -.25, 0}}};
  const PlateModel plate(settings);
  for (int file = 1; file <= 6; ++file) {
    std::ifstream in(folder / ("BDS0000" + std::to_string(file) + ".txt"));
    BOOST_REQUIRE(in.good());
    std::string line;
    std::getline(in, line);
    CopParams params;
    const std::array<double, 1> height{0};
    CopCalculator cop(params, height);
    int rows = 0;
    double worst_cm = 0;
    while (std::getline(in, line)) {
      std::istringstream words(line);
      double t, x_cm, y_cm;
      Wrench6 w;
      words >> t;
      for (double& v : w) words >> v;
      words >> x_cm >> y_cm;
      if (!words) break;
      // through the amplifier and back, so that the whole chain is on trial
      const std::array<Wrench6, 1> lab{plate.lab(plate.sensor(plate.volts(w)))};
      cop.update(lab);
      if (++rows <= 5) continue;  // debounce
      BOOST_REQUIRE(cop.plate(0).valid);
      worst_cm = std::max({worst_cm, std::abs(100 * cop.plate(0).cop_ml - x_cm),
                           std::abs(100 * cop.plate(0).cop_ap - y_cm), std::abs(100 * cop.total().cop_ml - x_cm)});
    }
    BOOST_TEST_MESSAGE("BDS0000" << file << ": " << rows << " rows, worst " << worst_cm
                                 << " cm from the published CoP");
    BOOST_TEST(rows == 6000);
    BOOST_TEST(worst_cm < 1e-6);  // published with six decimals of force, moment and CoP
  }
}

BOOST_AUTO_TEST_SUITE_END()
