// The settings files that come with grfd, and the catalogue of keys behind them.
#include <unistd.h>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <set>
#include <sstream>

#include "daemon/assembly.hpp"
#include "daemon/config.hpp"
#include "daemon/config_parts.hpp"
#include "daemon/geometry.hpp"
#include "daemon/rig_warnings.hpp"
#include "tests/daemon/config_drivers.hpp"

BOOST_AUTO_TEST_SUITE(config_files)

using namespace grfd;
using Json = nlohmann::ordered_json;

namespace {

const std::string kSource = GRFD_SOURCE;

/// grfd.toml with the '#' taken from every line that is a setting.
std::string uncommented(const std::string& text) {
  std::istringstream in(text);
  std::string out;
  for (std::string line; std::getline(in, line);) {
    const bool setting = line.size() > 1 && line[0] == '#' && ((line[1] >= 'a' && line[1] <= 'z') || line[1] == '[');
    out += (setting ? line.substr(1) : line) + "\n";
  }
  return out;
}

Json json_of(const toml::node& node) {
  if (node.is_boolean()) return *node.value<bool>();
  if (node.is_integer()) return *node.value<std::int64_t>();
  if (node.is_floating_point()) return *node.value<double>();
  if (node.is_string()) return *node.value<std::string>();
  if (const auto* array = node.as_array()) {
    Json out = Json::array();
    for (const toml::node& element : *array) out.push_back(json_of(element));
    return out;
  }
  Json out = Json::object();
  for (const auto& [key, element] : *node.as_table()) out[std::string(key.str())] = json_of(element);
  return out;
}

/// "device[].emulation.seed" in the first element; null when it is not there.
const toml::node* at(const toml::table& document, std::string path) {
  for (std::size_t i; (i = path.find("[]")) != std::string::npos;) path.replace(i, 2, "[0]");
  return document.at_path(path).node();
}

Json normal(const Json& value) {  // {} and null are the same empty table of names
  return value.is_null() ? Json::object() : value;
}

}  // namespace

BOOST_AUTO_TEST_CASE(grfd_toml_as_it_comes_gives_the_defaults) {
  const Settings s = load_config(kSource + "/config/grfd.toml", {}, test_drivers());
  BOOST_TEST(s.devices.empty());
  BOOST_TEST(s.effective == read_text(kSource + "/config/grfd.toml"));
}

BOOST_AUTO_TEST_CASE(grfd_toml_holds_every_key_with_its_default) {
  const std::string text = read_text(kSource + "/config/grfd.toml");
  const toml::table document = toml::parse(uncommented(text));
  int compared = 0;
  for (const ConfigKey& key : settings_keys()) {
    if (key.type == "table" || key.type == "tables") continue;
    BOOST_TEST_CONTEXT(key.path) {
      const toml::node* node = at(document, key.path);
      if (key.standard.is_null() &&
          !key.by_name) {  // required, or without a default: an example, or named in the explanation
        BOOST_TEST((node || text.find(key.path.substr(key.path.rfind('.') + 1) + " = ") != std::string::npos));
        continue;
      }
      BOOST_REQUIRE(node);
      BOOST_TEST(json_of(*node).dump() == normal(key.standard).dump());
      ++compared;
    }
  }
  BOOST_TEST_MESSAGE(compared << " defaults compared");
  BOOST_TEST(compared > 100);
}

BOOST_AUTO_TEST_CASE(grfd_toml_holds_nothing_else) {
  // Every setting taken in: what is left to say is only what an example cannot have.
  std::string text = uncommented(read_text(kSource + "/config/grfd.toml"));
  text.replace(text.find("analog_inputs = []"), 18, "analog_inputs = [0, 1, 2, 3, 4, 5]");
  struct Temporary {
    std::string path = (std::filesystem::temp_directory_path() / "grfd_toml_XXXXXX").string();
    int descriptor = mkstemp(path.data());
    Temporary() = default;
    ~Temporary() {
      close(descriptor);
      std::remove(path.c_str());
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
  } const file;
  BOOST_REQUIRE(file.descriptor >= 0);
  std::ofstream(file.path) << text;
  try {
    load_config(file.path, {"plate.left.calibration=" + kSource + "/config/calibration/demo_plate_left.toml"},
                test_drivers());
    BOOST_ERROR("the example has no device imu_shank_left");
  } catch (const ConfigError& e) {
    const std::string what = e.what();
    BOOST_TEST(what.substr(what.find(": ") + 2) ==
               "imu.imu_shank_left.device: there is no device \"imu_shank_left\", must be one of \"u6\"");
  }
}

BOOST_AUTO_TEST_CASE(every_key_is_named_once_and_explained) {
  std::set<std::string> seen;
  for (const auto& keys : {settings_keys(), calibration_keys()})
    for (const ConfigKey& key : keys) BOOST_TEST_CONTEXT(key.path) {
        BOOST_TEST(seen.insert(key.path).second);
        BOOST_TEST(!key.doc.empty());
        if (key.standard.is_number())
          BOOST_TEST((key.standard.get<double>() >= key.min && key.standard.get<double>() <= key.max));
      }
}

BOOST_AUTO_TEST_CASE(the_published_schema_is_the_readers) {
  const std::string published = read_text(kSource + "/schemas/config.schema.json");
  BOOST_TEST((published == config_schema()),
             "schemas/config.schema.json is out of date: write config_schema() into it");
  // And, read from the file alone: the same keys.
  std::set<std::string> in_schema, in_reader;
  const std::function<void(const Json&, const std::string&)> walk = [&](const Json& table, const std::string& path) {
    for (const auto& [name, value] : table.at("properties").items()) {
      const std::string here = path.empty() ? name : path + "." + name;
      in_schema.insert(here);
      if (value.contains("properties")) walk(value, here);
      if (value.contains("items") && value["items"].contains("properties")) walk(value["items"], here + "[]");
    }
  };
  walk(Json::parse(published), "");
  for (const ConfigKey& key : settings_keys()) in_reader.insert(key.path);
  BOOST_TEST(in_schema == in_reader, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_demonstration_rig) {
  const Settings s = load_config(kSource + "/config/demo.toml", {}, test_drivers());
  BOOST_TEST(s.devices.size() == 5u);
  BOOST_TEST(s.plates.size() == 2u);
  BOOST_TEST(s.imus.size() == 4u);
  BOOST_TEST(s.devices[0].emulation.drift_ppm == 35);
  BOOST_TEST(s.devices[0].emulation.zero_offset_counts == 40);
  std::set<double> drifts;
  for (const DeviceSettings& d : s.devices) {
    BOOST_TEST(d.emulated);
    BOOST_TEST(d.serial == d.emulation.serial);
    drifts.insert(d.emulation.drift_ppm);
  }
  BOOST_TEST(drifts.size() == 5u);
  BOOST_TEST(s.record.at_start);
  BOOST_TEST(s.record.tare_at_start);
  // The tare is over before somebody steps on.
  BOOST_TEST(s.record.tare_at_start_s + s.thresholds.tare_s < s.stimulus.subject.step_on_s);
  const SubjectSettings& subject = s.stimulus.subject;
  BOOST_TEST(std::abs(subject.descent_s + subject.bottom_s + subject.ascent_s + subject.rest_s - 6.4) < 1e-12);
  BOOST_TEST(s.participant.code == "DEMO");
  // One plate up, one down; the sensor's origin lies under both surfaces; a seam of 10 mm; the feet well inside.
  const PlateSettings& left = s.plates[0];
  const PlateSettings& right = s.plates[1];
  BOOST_TEST(plate_z(left.corners_m)[2] == 1.0);
  BOOST_TEST(plate_z(right.corners_m)[2] == -1.0);
  BOOST_TEST(left.calibration.origin_m[2] == 0.0409);
  BOOST_TEST(right.calibration.origin_m[2] == -0.0412);
  double left_edge = -1, right_edge = 1;
  for (const Vec3& corner : left.corners_m) left_edge = std::max(left_edge, corner[0]);
  for (const Vec3& corner : right.corners_m) right_edge = std::min(right_edge, corner[0]);
  BOOST_TEST(std::abs(right_edge - left_edge - 0.010) < 1e-12);
  for (const PlateSettings* p : {&left, &right}) {
    const double foot_x = p->side == Side::left ? -subject.stance_m : subject.stance_m;
    double low_x = 9, high_x = -9, low_y = 9, high_y = -9;
    for (const Vec3& corner : p->corners_m) {
      low_x = std::min(low_x, corner[0]);
      high_x = std::max(high_x, corner[0]);
      low_y = std::min(low_y, corner[1]);
      high_y = std::max(high_y, corner[1]);
    }
    BOOST_TEST(std::min(foot_x - low_x, high_x - foot_x) >= 0.14);
    BOOST_TEST(subject.heel_y_m - low_y >= 0.14);
    BOOST_TEST(high_y - (subject.heel_y_m + subject.foot_length_m) >= 0.14);
  }
}

BOOST_AUTO_TEST_CASE(a_bar_or_a_jump_needs_no_time_given) {
  for (const char* file : {"demo", "grfd"}) {  // grfd.toml as it comes: the subject's own course
    const auto with = [&](const std::string& key) {
      return load_config(kSource + "/config/" + file + ".toml", {"stimulus.subject." + key}, test_drivers())
          .stimulus.subject;
    };
    BOOST_TEST(with("bar_kg=20").bar_kg == 20);
    for (const double speed : {2.0, 4.0})
      BOOST_TEST(with("jump_m_s=" + std::to_string(speed)).jump_m_s == speed, file << ", " << speed << " m/s");
  }
}

BOOST_AUTO_TEST_CASE(the_axes_of_the_demonstration_are_off_by_a_degree_or_two) {
  const Settings s = load_config(kSource + "/config/demo.toml", {}, test_drivers());
  const double said[4] = {1.6, 1.1, 1.9, 1.3};
  for (std::size_t i = 0; i < 4; ++i) {
    const Mat3& m = s.devices[i + 1].emulation.mounting;
    BOOST_TEST(s.imus[i].name == s.devices[i + 1].name);
    const Vec3 exact{-m[0][0], -m[0][1], -m[0][2]};  // -M^T (1, 0, 0)
    const double angle = std::acos(dot(exact, s.imus[i].ml_axis_left)) * 180 / std::numbers::pi;
    BOOST_TEST_MESSAGE(s.imus[i].name << ": axis off by " << angle << " deg");
    BOOST_TEST(std::abs(angle - said[i]) < 0.05);
    const EmulationSettings& e = s.devices[i + 1].emulation;
    const double gyro = std::sqrt(dot(e.gyro_bias_deg_s, e.gyro_bias_deg_s)),
                 accel = std::sqrt(dot(e.accel_bias_m_s2, e.accel_bias_m_s2));
    BOOST_TEST((gyro > 0.3 && gyro < 0.5));
    BOOST_TEST((accel > 0.028 && accel < 0.032));
  }
}

BOOST_AUTO_TEST_CASE(the_calibrations_of_the_demonstration) {
  const Settings s = load_config(kSource + "/config/demo.toml", {}, test_drivers());
  BOOST_TEST((s.plates[0].calibration.sensitivity != s.plates[1].calibration.sensitivity));
  for (const PlateSettings& p : s.plates) {
    const PlateCalibration& c = p.calibration;
    BOOST_TEST(smallest_pivot(c) > 0.9);
    for (std::size_t i = 0; i < 6; ++i) {
      const double volts = c.sensitivity[i][i] * c.full_scale[i] * c.excitation_v * c.gain[i] * 1e-6;
      BOOST_TEST((volts > 9.5 && volts < 10.0));
      for (std::size_t j = 0; j < 6; ++j)
        if (i != j)
          BOOST_TEST(std::abs(c.sensitivity[i][j] * c.full_scale[j]) < 0.035 * c.sensitivity[i][i] * c.full_scale[i]);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_demonstration_with_the_drivers_of_this_build) {
  if (!find_driver("labjack_u6") || !find_driver("microstrain_mip")) {
    BOOST_TEST_MESSAGE("skipped: this build has no labjack_u6 and microstrain_mip drivers");
    return;
  }
  const Settings s = load_config(kSource + "/config/demo.toml");
  const auto columns = find_driver("labjack_u6")->streams(s.devices[0]).at(0).columns;
  BOOST_TEST(columns.size() == 13u);
}

BOOST_AUTO_TEST_CASE(a_unit_paced_by_another_one_has_that_ones_crystal) {
  const std::string file = kSource + "/tests/fixtures/two_mcc_units.toml";
  const auto drift_ppm = [&](const std::vector<std::string>& overrides, std::size_t i) {
    const Settings s = load_config(file, overrides);
    BOOST_REQUIRE(s.devices.size() == 2u);
    BOOST_REQUIRE(s.devices[1].clock == "mcc_left");
    BOOST_TEST(s.devices[i].max_drift_ppm == 50000);
    return s.devices[i].slow_crystal_ppm;
  };
  const std::string left = "device.mcc_left.slow_crystal_ppm=500";
  for (const std::size_t unit : {0, 1}) {
    BOOST_TEST(drift_ppm({}, unit) == 300);
    BOOST_TEST(drift_ppm({left}, unit) == 500);
    BOOST_TEST(drift_ppm({left, "device.mcc_right.slow_crystal_ppm=500"}, unit) == 500);
  }
  for (const std::vector<std::string>& given : {std::vector<std::string>{}, {left}})
    BOOST_CHECK_EXCEPTION(
        [&] {
          std::vector<std::string> overrides = given;
          overrides.push_back("device.mcc_right.slow_crystal_ppm=400");
          load_config(file, overrides);
        }(),
        ConfigError,
        [&](const ConfigError& e) {
          const std::string what = e.what();
          return what.find(
                     "device.mcc_right.slow_crystal_ppm: is 400, but the crystal is that of its clock, mcc_left, "
                     "which has " +
                     std::string(given.empty() ? "300" : "500") + ": must be left out here and given there") !=
                 std::string::npos;
        });
}

BOOST_AUTO_TEST_CASE(the_summary_fits_a_screen) {
  const std::string text = describe(load_config(kSource + "/config/demo.toml", {}, test_drivers()));
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') <= 25);
  for (const char* part :
       {"u6               labjack_u6       emulated  360012345     1000 Hz, AIN 0-11 + digital, crystal +35 ppm "
        "(fast)\n",
        "right            u6/scan:6-11, 400 x 600 mm (plate x, y), centre (0.205, 0.070, 0.000) m, z down, action\n",
        "participant        DEMO, right dominant (kicking leg)\n", "squats from 8 s, every 6.4 s, without end\n",
        "recording          recordings, from the start, tare at 0.4 s for 2 s\n"})
    BOOST_TEST_CONTEXT(part) BOOST_TEST(text.find(part) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_survey_between_1_mm_and_what_is_refused_is_told) {
  const std::string demo = kSource + "/config/demo.toml";
  const std::string corners =
      "plate.right.corners_m=[[0.405,-0.23,0.0],[0.005,-0.23,0.0],[0.005,0.37,0.0],[0.405,0.37,0.0]]";  // exact
  const auto warnings = [&](std::string text, const std::string& from, const std::string& to) {
    if (!from.empty()) text.replace(text.find(from), from.size(), to);
    return rig_warnings(load_config(demo, {text}, test_drivers()));
  };
  BOOST_TEST(warnings(corners, "", "").empty());
  BOOST_TEST(warnings(corners, "0.405,-0.23,0.0]", "0.4058,-0.23,0.0]").empty());  // 0.8 mm between the edges
  // The plane of the mean edges leaves a quarter of a corner's height at each corner: 1.5 of 6 mm.
  const auto high = warnings(corners, "-0.23,0.0]", "-0.23,0.006]");
  BOOST_TEST_REQUIRE(high.size() == 1u);
  BOOST_TEST(
      high[0].starts_with("plate right: its corners are 1.5 mm off their plane and opposite edges differ by 0.0"));
  const auto longer = warnings(corners, "[[0.405,", "[[0.407,");
  BOOST_TEST_REQUIRE(longer.size() == 1u);
  BOOST_TEST(
      longer[0].starts_with("plate right: its corners are 0.0 mm off their plane and opposite edges differ by 2.0"));
  Settings no_ankles = load_config(demo, {}, test_drivers());
  no_ankles.imus.clear();
  no_ankles.plates.resize(1);
  no_ankles.plates[0].corners_m[0][0] += 0.002;
  const auto both = rig_warnings(no_ankles);
  BOOST_TEST_REQUIRE(both.size() == 2u);
  BOOST_TEST(both[0].starts_with("plate "));
  BOOST_TEST(both[1].starts_with("no plate under the "));
}

BOOST_AUTO_TEST_CASE(how_the_tibia_stands_is_entered_or_not) {
  Settings s = load_config(kSource + "/config/demo.toml", {"participant.standing_shank_deg=0"}, test_drivers());
  BOOST_TEST_REQUIRE(s.participant.standing_shank_deg.has_value());
  BOOST_TEST(*s.participant.standing_shank_deg == 0);
  BOOST_TEST(describe(s).find("inclinometer") == std::string::npos);
  BOOST_TEST(!load_config(kSource + "/config/grfd.toml", {}, test_drivers()).participant.standing_shank_deg);
  s.participant.standing_shank_deg.reset();
  BOOST_TEST(describe(s).find("\nstanding shank     no inclinometer entry: absolute within 5 deg (") !=
             std::string::npos);
  s.imus.clear();  // no ankle hangs on it
  BOOST_TEST(describe(s).find("inclinometer") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_rig_without_both_plates_says_what_its_repetitions_lack) {
  Settings s = load_config(kSource + "/config/demo.toml", {}, test_drivers());
  BOOST_TEST(rig_warnings(s).empty());
  BOOST_TEST(describe(s).find("warning") == std::string::npos);
  const Settings whole = s;
  s.plates.erase(s.plates.begin() + (s.plates[0].side == Side::left ? 0 : 1));
  BOOST_TEST_REQUIRE(rig_warnings(s).size() == 1u);
  BOOST_TEST(
      rig_warnings(s)[0].starts_with("no plate under the left foot: repetitions are found by the ankles alone; "));
  s.plates.clear();
  BOOST_TEST_REQUIRE(rig_warnings(s).size() == 1u);
  BOOST_TEST(rig_warnings(s)[0].starts_with("no plates: repetitions are found by the ankles alone; no depth, "));
  Settings computed = s;
  computed.participant.dominance_method = "computed";
  BOOST_TEST_REQUIRE(rig_warnings(computed).size() == 2u);
  BOOST_TEST(rig_warnings(computed)[1].starts_with("participant.dominance_method: \"computed\" needs one plate "));
  Settings one = s;
  one.imus.pop_back();  // one ankle is enough
  BOOST_TEST(rig_warnings(one)[0].starts_with("no plates: repetitions are found by the ankles alone; "));
  s.imus.resize(1);
  BOOST_TEST_REQUIRE(rig_warnings(s).size() == 1u);
  BOOST_TEST(rig_warnings(s)[0].starts_with(
      "no plates, and no ankle (sensors on shank and foot of one side): no repetitions "));
  BOOST_TEST(describe(s).find("\nwarning            no plates, and no ankle ") != std::string::npos);
  const std::vector<std::string> told = Assembly(s, 0, 0, true).warnings;
  BOOST_TEST(std::count(told.begin(), told.end(), rig_warnings(s)[0]) == 1);
  for (const std::string& warning : Assembly(whole, 0, 0, true).warnings)
    BOOST_TEST(warning.find("repetitions") == std::string::npos, warning);
}

BOOST_AUTO_TEST_CASE(a_matrix_that_cannot_be_inverted) {
  PlateCalibration c;
  c.full_scale.fill(1);
  for (std::size_t i = 0; i < 6; ++i) c.sensitivity[i][i] = 2;
  BOOST_TEST(smallest_pivot(c) == 1);
  std::swap(c.sensitivity[1], c.sensitivity[4]);  // the order of rows does not matter
  BOOST_TEST(smallest_pivot(c) == 1);
  for (std::size_t j = 0; j < 6; ++j) c.sensitivity[5][j] = 3 * c.sensitivity[0][j] - c.sensitivity[2][j];
  BOOST_TEST(smallest_pivot(c) < 1e-12);
  c.sensitivity[5] = {};
  BOOST_TEST(smallest_pivot(c) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
