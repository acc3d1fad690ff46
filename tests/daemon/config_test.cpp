// Settings files: what is read, what is refused, and in which words. tests/fixtures/config/NAME.toml is a bad file and
// NAME.errors what must be said about it.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "daemon/config.hpp"
#include "dsp/plate_model.hpp"
#include "tests/daemon/config_drivers.hpp"

BOOST_AUTO_TEST_SUITE(config)

using namespace grfd;
namespace fs = std::filesystem;

namespace {

const fs::path kBad = fs::path(GRFD_FIXTURES) / "config";

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  BOOST_REQUIRE_MESSAGE(in, file << " cannot be read");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Error text with the folder taken out of it; empty when the file is good.
std::string errors_of(const fs::path& file, const std::vector<std::string>& overrides = {}) {
  try {
    load_config(file.string(), overrides, test_drivers());
    return {};
  } catch (const ConfigError& e) {
    std::string text = e.what();
    const std::string folder = file.parent_path().string() + "/";
    for (std::size_t at; (at = text.find(folder)) != std::string::npos;) text.erase(at, folder.size());
    return text;
  }
}

/// A settings file of a few lines in a folder of its own.
struct File {
  explicit File(const std::string& text) {
    std::string pattern = (fs::temp_directory_path() / "grfd_config_XXXXXX").string();
    BOOST_REQUIRE(mkdtemp(pattern.data()));
    folder = pattern;
    path = folder / "t.toml";
    std::ofstream(path) << text;
  }
  ~File() { fs::remove_all(folder); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  std::string errors(const std::vector<std::string>& overrides = {}) const { return errors_of(path, overrides); }
  Settings load(const std::vector<std::string>& overrides = {}) const {
    return load_config(path.string(), overrides, test_drivers());
  }
  fs::path folder, path;
};

const char kU6[] = "[[device]]\nname = \"u6\"\ndriver = \"labjack_u6\"\nanalog_inputs = [0, 1, 2, 3, 4, 5]\n";

}  // namespace

BOOST_AUTO_TEST_CASE(every_bad_file_is_refused_in_these_words) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(kBad)) {
    if (entry.path().extension() != ".toml") continue;
    ++files;
    const std::string got = errors_of(entry.path()) + "\n";
    BOOST_TEST_CONTEXT(entry.path().filename())
    BOOST_TEST(got == text_of(fs::path(entry.path()).replace_extension(".errors")));
  }
  BOOST_TEST(files >= 12);
}

BOOST_AUTO_TEST_CASE(an_empty_file_gives_the_defaults) {
  const File file("");
  const Settings s = file.load();
  BOOST_TEST(s.devices.empty());
  BOOST_TEST(s.filter.cutoff_hz == 20);
  BOOST_TEST(s.thresholds.contact_on_n == 20);
  BOOST_TEST(s.stimulus.subject.rate_deg_s.nondominant == 30);
  BOOST_TEST((s.stimulus.kind == StimulusSettings::Kind::none));
  BOOST_TEST(s.feed.endpoint == "tcp://127.0.0.1:7390");
  BOOST_TEST(s.effective.empty());
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_there) {
  const File file("");
  BOOST_TEST(errors_of(file.folder / "no.toml") == "no.toml: cannot be read: No such file or directory");
  BOOST_TEST(errors_of(file.folder / ".") == ".: cannot be read: Is a directory");
}

BOOST_AUTO_TEST_CASE(integers_are_good_numbers_and_values_arrive) {
  const File file(std::string(kU6) +
                  "rate_hz = 500\nserial = \"1\"\nemulated = true\n[device.emulation]\nmounting_zyx_deg = [90, 0, 0]\n"
                  "faults = { drop_packet = 0.25 }\nseed = 9\n[stimulus.subject]\nrate_deg_s = { dominant = 7 }\n"
                  "[participant]\ndominant = \"left\"\nfoot_length_m = 0.26\nheel_right_m = [0.2, -0.1]\n"
                  "toe_out_right_deg = 9\navailable_left_deg = 31\n[squat]\nasymmetry_index = \"lsi\"\n");
  const Settings s = file.load();
  BOOST_TEST(s.devices.at(0).rate_hz == 500);
  BOOST_TEST(s.devices[0].emulated);
  BOOST_TEST(s.devices[0].emulation.serial == "1");  // as looked for, unless it says otherwise
  BOOST_TEST(s.devices[0].emulation.faults.at("drop_packet") == 0.25);
  BOOST_TEST(s.devices[0].emulation.seed == 9u);
  BOOST_TEST(s.stimulus.subject.rate_deg_s.dominant == 7);
  BOOST_TEST(s.stimulus.subject.rate_deg_s.nondominant == 30);
  BOOST_TEST((s.participant.dominant == Dominant::left));
  BOOST_TEST(s.participant.heel_m[1][0] == 0.2);
  BOOST_TEST(s.participant.heel_m[1][1] == -0.1);
  BOOST_TEST(s.participant.toe_out_deg[1] == 9);
  BOOST_TEST(s.participant.available_deg[0] == 31);
  BOOST_TEST((s.squat.asymmetry_index == AsymmetryIndex::lsi));
  // A sensor turned by 90 deg about z: its x axis lies along the segment's y axis.
  const Mat3& m = s.devices[0].emulation.mounting;
  BOOST_TEST(m[1][0] == 1.0);
  BOOST_TEST(m[0][1] == -1.0);
  BOOST_TEST(std::abs(m[0][0]) < 1e-15);
}

BOOST_AUTO_TEST_CASE(the_order_of_the_mounting_angles_is_z_then_y_then_x) {
  const File file(std::string(kU6) + "emulated = true\n[device.emulation]\nmounting_zyx_deg = [90, 90, 0]\n");
  const Mat3 m = file.load().devices.at(0).emulation.mounting;
  // Rz(90) Ry(90): sensor x -> -z, sensor y -> -x, sensor z -> y of the segment.
  const Mat3 expected{{{0, -1, 0}, {0, 0, 1}, {-1, 0, 0}}};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) BOOST_TEST(std::abs(m[i][j] - expected[i][j]) < 1e-15);
}

BOOST_AUTO_TEST_CASE(centre_and_size_give_the_corners_in_order) {
  const std::string plate =
      "[[plate]]\nside = \"right\"\nchannels = [\"u6/scan:0-2\", \"u6/scan:5,4,3\"]\ncalibration = \"" +
      (kBad / "plates/good.toml").string() + "\"\ncenter_m = [1, 2, 0.5]\nsize_m = [0.4, 0.6]\n";
  const auto expect = [](const Settings& s, const std::array<Vec3, 4>& corners) {
    for (std::size_t c = 0; c < 4; ++c)
      for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(std::abs(s.plates.at(0).corners_m[c][i] - corners[c][i]) < 1e-12);
  };
  const File up(kU6 + plate);
  const Settings s = up.load();
  expect(s, {{{1.2, 2.3, 0.5}, {0.8, 2.3, 0.5}, {0.8, 1.7, 0.5}, {1.2, 1.7, 0.5}}});
  BOOST_TEST(s.plates[0].stream == "raw/u6/scan");
  BOOST_TEST(s.plates[0].columns == (std::vector<int>{0, 1, 2, 5, 4, 3}), boost::test_tools::per_element());
  BOOST_TEST(s.plates[0].name == "right");
  BOOST_TEST(s.plates[0].calibration.sensitivity[2][2] == 0.167);
  // Turned by a quarter: the plate's x points forward, its y to the left.
  expect(up.load({"plate.right.turn_deg=90"}), {{{0.7, 2.2, 0.5}, {0.7, 1.8, 0.5}, {1.3, 1.8, 0.5}, {1.3, 2.2, 0.5}}});
  // z down: y is then behind x, and a calibration for z up no longer fits.
  BOOST_TEST(up.errors({"plate.right.z_axis=down"}) == (kBad / "plates/good.toml").string() +
                                                           ":12: origin_m: z is 0.041, must be negative: the corners "
                                                           "of the right plate say that its z axis points down");
}

BOOST_AUTO_TEST_CASE(a_signal_that_no_converter_sees_is_a_warning) {
  const File file(std::string(kU6) +
                  "[[plate]]\nside = \"left\"\nchannels = [\"u6/scan:0-5\"]\ncalibration = \"p.toml\"\n"
                  "center_m = [0, 0, 0]\nsize_m = [0.4, 0.6]\n");
  const auto warnings = [&](const std::string& from, const std::string& to) {
    std::string text = text_of(kBad / "plates/good.toml");
    if (!from.empty()) text.replace(text.find(from), from.size(), to);
    std::ofstream(file.folder / "p.toml") << text;
    return file.load().warnings;
  };
  BOOST_TEST(warnings("", "").empty());
  // 0.167 uV/V/N x 3000 N x 2000 x 10 V = 10.02 V; at a gain of 4000 twice that, of 3990 just below 20 V.
  BOOST_TEST(warnings("2000", "3990").empty());
  const auto high = warnings("2000", "4000");
  BOOST_TEST_REQUIRE(high.size() == 1u);
  BOOST_TEST(high[0] == (file.folder / "p.toml").string() +
                            ":1: sensitivity: channel 2 gives 20 V at full_scale (sensitivity x full_scale x gain x "
                            "excitation_v), should be about the 10 V of the converter: is a unit or a gain wrong?");
  BOOST_TEST(warnings("2000", "2").size() == 1u);
  BOOST_TEST(warnings("excitation_v = 10", "excitation_v = 0.4").size() == 6u);
}

BOOST_AUTO_TEST_CASE(the_example_of_a_piezo_plate) {
  const File file(
      "[[device]]\nname = \"u6\"\ndriver = \"labjack_u6\"\nanalog_inputs = [0, 1, 2, 3, 4, 5, 6, 7]\n[[plate]]\nside = "
      "\"left\"\n"
      "channels = [\"u6/scan:0-7\"]\ncalibration = \"" +
      std::string(GRFD_SOURCE) +
      "/config/calibration/example_piezo_plate.toml\"\n"
      "center_m = [0, 0, 0]\nsize_m = [0.4, 0.6]\nz_axis = \"down\"\n");
  const PlateCalibration c = file.load().plates[0].calibration;
  BOOST_TEST((c.kind == PlateKind::piezo));
  BOOST_TEST(c.channels() == 8u);
  BOOST_TEST(std::abs(c.newton_per_v[0] - 5000 / (10 * 7.83)) < 1e-12);
  BOOST_TEST(std::abs(c.newton_per_v[6] - 10000 / (10 * 3.79)) < 1e-12);
  BOOST_TEST(c.full_scale_v == 10.0);
  BOOST_TEST((c.origin_m == Vec3{0, 0, -0.048}));
  BOOST_TEST(c.drift_rezero);
}

// Both ways of writing down one plate, as the example gives them: the same newtons in a volt, to the figures written.
BOOST_AUTO_TEST_CASE(the_example_of_a_piezo_plate_agrees_with_itself) {
  std::ifstream in(std::string(GRFD_SOURCE) + "/config/calibration/example_piezo_plate.toml");
  std::string by_charge, by_volts;
  for (std::string line; std::getline(in, line);) {
    by_charge += line + "\n";
    if (line.rfind("#   sensitivity_mv_n", 0) == 0) line = line.substr(1);
    if (line.rfind("sensitivity_pc_n", 0) != 0 && line.rfind("range_pc", 0) != 0) by_volts += line + "\n";
  }
  const File file(
      "[[device]]\nname = \"u6\"\ndriver = \"labjack_u6\"\nanalog_inputs = [0, 1, 2, 3, 4, 5, 6, 7]\n[[plate]]\nside = "
      "\"left\"\nchannels = [\"u6/scan:0-7\"]\ncalibration = \"c.toml\"\ncenter_m = [0, 0, 0]\nsize_m = [0.4, 0.6]\n"
      "z_axis = \"down\"\n");
  std::ofstream(file.folder / "c.toml") << by_charge;
  const PlateCalibration charge = file.load().plates[0].calibration;
  std::ofstream(file.folder / "c.toml") << by_volts;
  const PlateSettings plate = file.load().plates[0];
  for (std::size_t i = 0; i < 8; ++i)
    BOOST_TEST(std::abs(plate.calibration.newton_per_v[i] / charge.newton_per_v[i] - 1) < 1e-3);
  // A person of 800 N presses on a plate whose z axis points down: + 200 N in each vertical signal at a sensor of
  // -3.8 pC/N. The charge falls, the inverted output rises.
  PlateVolts volts{};
  for (std::size_t i = 4; i < 8; ++i) volts[i] = -10 * (200 * -3.8) / 10000;
  for (const PlateCalibration& c : {charge, plate.calibration}) {
    PlateSettings p = plate;
    p.calibration = c;
    const PlateModel model(p);
    BOOST_TEST(std::abs(model.lab(model.sensor(volts))[2] - 800) < 800 * .01);
  }
}

BOOST_AUTO_TEST_CASE(channels_by_millivolts_in_an_order_of_their_own_and_by_matrices) {
  const Settings piezo = load_config((fs::path(GRFD_FIXTURES) / "piezo_rig.toml").string());
  const PlateCalibration& c = piezo.plates[0].calibration;
  BOOST_TEST(c.signals[0] == 4);  // fz1 comes first
  BOOST_TEST(c.signals[4] == 0);
  BOOST_TEST(std::abs(c.newton_per_v[1] - 1000 / 3.88) < 1e-12);
  BOOST_TEST(std::abs(c.newton_per_v[4] + 1000 / 7.72) < 1e-12);
  const Settings eight = load_config((fs::path(GRFD_FIXTURES) / "eight_channel_rig.toml").string());
  BOOST_TEST(eight.plates[0].calibration.channels() == 8u);
  BOOST_TEST(!eight.plates[0].calibration.drift_rezero);
  BOOST_TEST((eight.plates[1].calibration.kind == PlateKind::matrix));
  BOOST_TEST(eight.plates[1].calibration.load_per_v[6][4] == 36.3);  // row My, channel 6
  // the same matrix for uV/V: 2 N per uV/V at gain 500 and 10 V are 400 N per V
  const File file(std::string(kU6) +
                  "[[plate]]\nside = \"left\"\nchannels = [\"u6/scan:0-5\"]\ncalibration = \"c.toml\"\n"
                  "center_m = [0, 0, 0]\nsize_m = [0.4, 0.6]\n");
  std::ofstream(file.folder / "c.toml")
      << "matrix_n_per_uv_v = [[2, 0, 0, 0, 0, 0], [0, 2, 0, 0, 0, 0], [0, 0, 6, 0, 0, 0], "
         "[0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 1]]\n"
         "gain = [500, 500, 500, 500, 500, 1000]\nexcitation_v = 10\norigin_m = [0, 0, 0.04]\n"
         "full_scale = [1, 1, 1, 1, 1, 1]\nsense = \"reaction\"\ndrift_rezero = true\n";
  const PlateCalibration m = file.load().plates[0].calibration;
  BOOST_TEST(std::abs(m.load_per_v[0][0] - 400) < 1e-10);
  BOOST_TEST(std::abs(m.load_per_v[5][5] - 100) < 1e-10);
  BOOST_TEST(m.drift_rezero);
}

BOOST_AUTO_TEST_CASE(corrections_of_a_plate_are_read_and_checked) {
  const std::string identity =
      "[[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 1.02, 0, 0.1, 0], [0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 1, 0], "
      "[0, 0, 0, 0, 0, 1]]";
  const File file(std::string(kU6) +
                  "[[plate]]\nside = \"left\"\nchannels = [\"u6/scan:0-5\"]\ncalibration = \"c.toml\"\n"
                  "center_m = [0, 0, 0]\nsize_m = [0.4, 0.6]\n");
  const std::string strain = text_of(kBad / "plates/good.toml");
  const auto with = [&](const std::string& lines) { std::ofstream(file.folder / "c.toml") << lines << "\n" << strain; };
  with("recalibration = " + identity);
  const Settings s = file.load();
  BOOST_TEST(s.plates[0].calibration.recalibration.uniform[2][4] == .1);
  BOOST_TEST(s.plates[0].calibration.recalibration.changes());
  BOOST_TEST(!s.plates[0].calibration.recalibration.varies());
  BOOST_TEST(describe(s).find("N, recalibrated\n") != std::string::npos);
  const std::string at = "c.toml:1: ";
  with("recalibration = [[1, 0], [0, 1]]");
  BOOST_TEST(file.errors() == at + "recalibration: has 2 rows, must be 6 rows of 6 numbers");
  std::string milli = identity;
  milli.replace(milli.find("1.02"), 4, "0.00102");
  with("recalibration = " + milli);
  BOOST_TEST(file.errors() == at + "recalibration: makes Fz 0.00102 times as large, must be 0.5 to 2: it corrects a "
                                   "calibration; a wrong gain, unit or sense is to be mended where it stands");
  with("recalibration_y_per_m = " + identity);
  BOOST_TEST(file.errors() == at + "recalibration_y_per_m: changes Fz by 1.02 of itself per metre, must be at most 1");
  // off the diagonal: 500 for 0.5 and 999 for 0.999, N.mm taken for N.m; 1 N at x = -0.2 m has My = 0.2 N.m
  const std::string in_n_mm = ": are its moments in N.m and its places in m?";
  std::string wrong = identity;
  wrong.replace(wrong.find("0.1,"), 3, "500");
  with("recalibration = " + wrong);
  BOOST_TEST(file.errors() ==
             at +
                 "recalibration: makes Fz of a load at x -200 mm, y -300 mm 101 times as large, must be "
                 "0.5 to 2" +
                 in_n_mm);
  const std::string none = "[0, 0, 0, 0, 0, 0]", varies = "[" + none + ", " + none + ", [0, 0, 0, 0, 999, 0], " + none +
                                                          ", " + none + ", " + none + "]";
  with("recalibration_x_per_m = " + varies);
  BOOST_TEST(file.errors() == at +
                                  "recalibration_x_per_m: makes Fz of a load at x -200 mm, y -300 mm -38.96 times as "
                                  "large, must be 0.5 to 2" +
                                  in_n_mm);
  with("recalibration = " + identity + "\nrecalibration_x_per_m = " + varies);  // the matrix that does it
  BOOST_TEST(file.errors().starts_with("c.toml:2: recalibration_x_per_m: makes Fz"), file.errors());
  with("cop_polynomial_x = [0, 0, 1e-7, 0, 0, 0]\ncop_polynomial_y = [0, 0, 0, 0, 0, 0]");
  BOOST_TEST(file.errors() == at + "cop_polynomial_x: does not belong to a plate with sensitivity\n" +
                                  "c.toml:2: cop_polynomial_y: does not belong to a plate with sensitivity");
}

BOOST_AUTO_TEST_CASE(the_polynomial_of_a_piezo_plate) {
  const File file(
      "[[device]]\nname = \"u6\"\ndriver = \"labjack_u6\"\nanalog_inputs = [0, 1, 2, 3, 4, 5, 6, 7]\n[[plate]]\nside = "
      "\"left\"\nchannels = [\"u6/scan:0-7\"]\ncalibration = \"c.toml\"\ncenter_m = [0, 0, 0]\nsize_m = [0.4, 0.6]\n"
      "z_axis = \"down\"\n");
  const std::string example = text_of(fs::path(GRFD_SOURCE) / "config/calibration/example_piezo_plate.toml");
  const auto with = [&](const std::string& lines) {
    std::ofstream(file.folder / "c.toml") << lines << "\n" << example;
  };
  with("cop_polynomial_x = [2e-15, -2e-10, -2.7e-7, -5e-11, 4.6e-6, -0.042]\ncop_polynomial_y = [0, 0, 0, 0, 0, 0.01]");
  const Settings s = file.load();
  BOOST_TEST(s.plates[0].calibration.cop_polynomial.x[5] == -.042);
  BOOST_TEST(s.plates[0].calibration.cop_polynomial.y[5] == .01);
  BOOST_TEST(describe(s).find("N, CoP polynomial\n") != std::string::npos);
  const std::string at = "c.toml:1: ";
  with("cop_polynomial_x = [2e-15, -2e-10, -2.7e-7, -5e-11, 4.6e-6, -0.042]");
  BOOST_TEST(file.errors().find("cop_polynomial_y: is missing: cop_polynomial_x needs it") != std::string::npos);
  with("cop_polynomial_x = [0, 0, 0, 0, 0]\ncop_polynomial_y = [0, 0, 0, 0, 0, 0.01]");
  BOOST_TEST(file.errors().find(at + "cop_polynomial_x: ") == 0u, file.errors());
  // 0.5 of x at 200 mm
  with("cop_polynomial_x = [0, 0, 0, 0, 0, 0.5]\ncop_polynomial_y = [0, 0, 0, 0, 0, 0.01]");
  BOOST_TEST(file.errors() == at +
                                  "cop_polynomial_x: moves a point of the left plate by 100 mm, must be at most 50 mm: "
                                  "are the coefficients for x and y in mm?");
}

BOOST_AUTO_TEST_CASE(paths_are_relative_to_the_file) {
  const File file(
      std::string(kU6) +
      "[[plate]]\nside = \"left\"\nchannels = [\"u6/scan:0-5\"]\ncalibration = \"cal/p.toml\"\ncenter_m = [0, 0, 0]\n"
      "size_m = [0.4, 0.6]\n[stimulus]\nkind = \"recording\"\nrecording = \"../x.csv\"\n");
  fs::create_directory(file.folder / "cal");
  fs::copy_file(kBad / "plates/good.toml", file.folder / "cal/p.toml");
  const std::string missing = (file.folder.parent_path() / "x.csv").string();
  BOOST_TEST(file.errors() == "t.toml:13: stimulus.recording: there is no file \"" + missing + "\"");
  std::ofstream(file.folder / "x.csv") << "t\n";
  BOOST_TEST(file.errors({"stimulus.recording=x.csv"}).starts_with("--set stimulus.recording: x.csv:1:"));
  std::ofstream(file.folder / "x.csv") << "t,Fx1,Fy1,Fz1,Mx1,My1,Mz1\n0,0,0,0,0,0,0\n0.01,0,0,0,0,0,0\n";
  BOOST_TEST(file.errors({"stimulus.recording=x.csv", "stimulus.plates.left=2"}) ==
             "--set stimulus.plates.left: plate 2 is not in x.csv, which has 1; name one of them or remove the plate");
  BOOST_TEST(file.errors({"stimulus.recording=x.csv", "filter.cutoff_hz=20", "device.u6.rate_hz=7"}) ==
             "--set filter.cutoff_hz: is 20, must be below half the rate of u6, 3.5 Hz");
  BOOST_TEST(file.errors({"stimulus.recording=x.csv", "device.u6.rate_hz=7"}) ==
             "--set device.u6.rate_hz: is 7, must be above 40, twice filter.cutoff_hz");
  BOOST_TEST(
      file.errors({"stimulus.recording=x.csv", "filter.cutoff_hz=0.5"}) ==
      "--set filter.cutoff_hz: is 0.5 and delays by 450 ms with order 2, must delay by at most 250 ms: raise it, or "
      "lower filter.order");
  const Settings s = file.load({"stimulus.recording=x.csv", "record.folder=here"});
  BOOST_TEST(s.plates.at(0).calibration.file == (file.folder / "cal/p.toml").string());
  BOOST_TEST(s.stimulus.recording == (file.folder / "x.csv").string());
  BOOST_TEST(s.record.folder == "here");
}

BOOST_AUTO_TEST_CASE(a_value_on_the_command_line) {
  const File file(std::string(kU6) + "[stimulus.subject]\nmass_kg = 90");
  const std::vector<std::string> set = {"device.u6.serial=360012345",
                                        "device[0].rate_hz=500",
                                        "stimulus.subject.mass_kg = 70",
                                        "stimulus.subject.rate_deg_s={dominant = 5}",
                                        "record.name=2026-11-25",
                                        "record.at_start=true",
                                        "device.u6.analog_inputs=[1, 2, 3]",
                                        "device.u6.analog_inputs[1]=7",
                                        "participant.dominance_method=\"\"",
                                        "feed.endpoint=ipc:///tmp/x"};
  const Settings s = file.load(set);
  BOOST_TEST(s.devices.at(0).serial == "360012345");
  BOOST_TEST(s.devices[0].rate_hz == 500);
  BOOST_TEST(s.devices[0].analog_inputs == (std::vector<int>{1, 7, 3}), boost::test_tools::per_element());
  BOOST_TEST(s.stimulus.subject.mass_kg == 70);
  BOOST_TEST(s.stimulus.subject.rate_deg_s.dominant == 5);
  BOOST_TEST(s.record.name == "2026-11-25");
  BOOST_TEST(s.record.at_start);
  BOOST_TEST(s.feed.endpoint == "ipc:///tmp/x");
  std::string effective = text_of(file.path) + "\n";
  for (const std::string& one : set) effective += "# --set " + one + "\n";
  BOOST_TEST(s.effective == effective);
}

BOOST_AUTO_TEST_CASE(a_wrong_value_on_the_command_line_is_named_as_such) {
  const File file(std::string(kU6) + "[filter]\norder = 0\n");
  BOOST_TEST(file.errors({"filter.cutoff_hz=-1", "device.u6.rate_hz=fast", "device[0].rat_hz=5", "fliter.order=3",
                          "device.u7.rate_hz=5", "device[1].rate_hz=5", "device.u6=5", "nonsense", "filter.order.x=1",
                          "record.name=\"open", "=3", "stimulus.subject={mass_kg = 1}", "imu[0].side=left",
                          "filter.order[0]=1"}) ==
             "t.toml:6: filter.order: is 0, must be from 1 to 8\n"
             "--set device.u7.rate_hz: there is no device \"u7\", known: \"u6\"\n"
             "--set device[1].rate_hz: there are only 1 of \"device\", counted from 0\n"
             "--set device.u6: is a whole device, must name one of its keys\n"
             "--set nonsense: cannot be read, must be key=value, e.g. device.u6.rate_hz=500\n"
             "--set filter.order.x: \"filter.order\" is an integer, it has no \"x\"\n"
             "--set record.name: cannot read \"open: Error while parsing string: encountered end-of-file\n"
             "--set =3: cannot be read, must be key=value, e.g. device.u6.rate_hz=500\n"
             "--set imu[0].side: there is no [[imu]]\n"
             "--set filter.order[0]: \"filter.order\" is an integer, it has no [0]\n"
             "--set device.u6.rate_hz: is a string, must be a number (Hz)\n"
             "--set device[0].rat_hz: unknown key; did you mean \"rate_hz\"?\n"
             "--set filter.cutoff_hz: is -1, must be from 0.1 to 10000 Hz\n"
             "--set stimulus.subject: stimulus.subject.mass_kg: is 1, must be from 10 to 400 kg\n"
             "--set fliter.order: fliter: unknown key; did you mean \"filter\"?");
  // The table is not in the file: the value that made it wrong is named.
  BOOST_TEST(file.errors({"filter.order=2", "thresholds.cop_on_n=30"}) ==
             "--set thresholds.cop_on_n: thresholds.cop_off_n: is 40, must be at most cop_on_n, 30 N");
}

BOOST_AUTO_TEST_CASE(the_feed_and_the_commands_stay_on_this_computer) {
  const File file("");
  for (const char* good :
       {"tcp://127.0.0.1:7390", "tcp://127.3.2.1:1", "tcp://[::1]:65535", "tcp://127.0.0.1:*", "ipc:///tmp/feed"})
    BOOST_TEST(file.errors({std::string("feed.endpoint=") + good}) == "");
  const std::string keys = "keys.folder=/nowhere/keys";
  for (const char* open : {"tcp://0.0.0.0:7390", "tcp://*:7390", "tcp://192.168.1.5:7390", "tcp://[::]:7390",
                           "tcp://[fe80::1%eth0]:7390"}) {
    BOOST_TEST(
        file.errors({std::string("feed.endpoint=") + open, keys}) ==
        std::string("--set feed.endpoint: is \"") + open +
            "\", which other computers can reach, so it needs keys: /nowhere/keys/server.key is not there; make it "
            "with: grfctl key create server --keys /nowhere/keys; or keep to tcp://127.0.0.1:PORT, "
            "tcp://[::1]:PORT or ipc://PATH");
    BOOST_TEST(file.errors({std::string("feed.endpoint=") + open, "feed.enabled=false", keys}) == "");
  }
  for (const char* wrong : {"udp://127.0.0.1:7390", "127.0.0.1:7390", "tcp://127.0.0.1", "tcp://127.0.0.1:70000",
                            "tcp://127.0.0.1:", "tcp://:7390", "tcp://lab.example:7390", "tcp://localhost:7390",
                            "tcp://127.0.0.1.example:7390", "tcp://eth0;127.0.0.1:7390", "tcp://::1:7390",
                            "tcp://[fe80::1]:7390", "tcp://[fe80::1%]:7390", "tcp://[2001:db8::1%eth0]:7390"})
    BOOST_TEST(
        file.errors({std::string("feed.endpoint=\"") + wrong + "\""}) ==
        std::string("--set feed.endpoint: is \"") + wrong +
            "\", must be tcp://127.0.0.1:PORT, tcp://[::1]:PORT or ipc://PATH; or, with keys, tcp://ADDRESS:PORT "
            "with an address of this computer (one of fe80:: with its interface, as in [fe80::1%eth0]), or 0.0.0.0");
  BOOST_TEST(
      file.errors({"control.endpoint=tcp://127.0.0.1:1", keys}) ==
      "--set control.endpoint: is \"tcp://127.0.0.1:1\", where everybody who reaches it could command, so it needs "
      "keys: "
      "/nowhere/keys/server.key is not there; make it with: grfctl key create server --keys /nowhere/keys; or keep to "
      "ipc://PATH: who may use that file may command");
  BOOST_TEST(
      file.errors({"control.endpoint=tcp://lab.example:1"}) ==
      "--set control.endpoint: is \"tcp://lab.example:1\", must be ipc://PATH; or, with keys, tcp://ADDRESS:PORT");
  BOOST_TEST(file.errors({"control.endpoint=ipc://@name"}) ==
             "--set control.endpoint: is \"ipc://@name\", must be ipc:// and the path of a socket");
  BOOST_TEST(file.errors({"control.endpoint=ipc:///" + std::string(107, 'x')}) ==
             "--set control.endpoint: has a path of 108 bytes, must be at most 107 (the limit of a socket)");
  BOOST_TEST(file.errors({"control.endpoint=ipc:///a", "feed.endpoint=ipc:///a"}) ==
             "--set control.endpoint: is also the endpoint of the feed, must differ");
  for (const char* listen : {"7391", ":7391", "127.0.0.1:", "127.0.0.1:0x1", "::1:7391"})
    BOOST_TEST(file.errors({"monitor.listen=\"" + std::string(listen) + "\""}) ==
               "--set monitor.listen: is \"" + std::string(listen) +
                   "\", must be ADDRESS:PORT, as in 127.0.0.1:7391 or 0.0.0.0:7391");
  BOOST_TEST(file.errors({"monitor.listen=\"0.0.0.0:7391\"", "monitor.endpoint=ipc:///m"}) == "");
  BOOST_TEST(file.errors({"monitor.endpoint=tcp://127.0.0.1:1"}) ==
             "--set monitor.endpoint: is \"tcp://127.0.0.1:1\", must be ipc://PATH: who may use the socket may invite "
             "browsers");
  BOOST_TEST(file.errors({"control.endpoint=ipc:///a", "monitor.endpoint=ipc:///a"}) ==
             "--set monitor.endpoint: is also the endpoint of the feed or of the commands, must differ");
}

BOOST_AUTO_TEST_SUITE_END()
