// The keys of [[device]], [[plate]] and [[imu]].
#include <algorithm>
#include <cctype>
#include <cmath>
#include <fstream>
#include <numbers>
#include <sstream>
#include <system_error>

#include "daemon/config_parts.hpp"
#include "daemon/geometry.hpp"

namespace grfd {

namespace {

void check_orthonormal(Reader& r, const Mat3& m) {
  double worst = 0;
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = i; j < 3; ++j) worst = std::max(worst, std::abs(dot(m[i], m[j]) - (i == j ? 1 : 0)));
  if (worst > 1e-9)
    r.report("mounting", "its columns are not unit vectors at right angles (off by " +
                             number_text(std::round(worst * 1e12) * 1e-12) +
                             ", must be below 1e-9); three angles in mounting_zyx_deg are simpler");
  else if (dot(cross(m[0], m[1]), m[2]) < 0)
    r.report("mounting", "is left-handed (determinant -1), must be a rotation");
}

void read_emulation(Reader& r, EmulationSettings& s) {
  r.text("serial", s.serial, {"", "serial number the emulated device reports; empty: the one looked for"});
  r.number("drift_ppm", s.drift_ppm, {"ppm", "how much faster its crystal runs than the lab clock", -50000, 50000});
  r.number("noise", s.noise, {"", "scale of the sensor noise; 1: as the real sensor, 0: none", 0, 100});
  r.numbers("channel_noise", s.channel_noise, {0, 16},
            {"", "of analogue inputs 0, 1, ... each, times noise; 1 for those that are not named", 0, 100});
  r.number("latency_ms", s.latency_ms, {"ms", "shortest time from a full packet to its arrival", 0, 1000});
  r.number("jitter_ms", s.jitter_ms, {"ms", "mean of the random time on top of it", 0, 1000});
  r.flag("bus_frames", s.bus_frames,
         {"", "true: transfers end with the frames of its USB speed, 1 ms or 0.125 ms, as on a real bus"});
  r.number("stall_probability", s.stall_probability, {"", "chance that a transfer stalls", 0, 1});
  r.number("stall_ms", s.stall_ms, {"ms", "longest stall", 0, 60000});
  r.number("unplug_at_s", s.unplug_at_s,
           {"s", "when its plug is pulled, after the start of the session; 0: never", 0, 1e6});
  r.number("unplug_for_s", s.unplug_for_s, {"s", "how long the plug stays out; 0: for good", 0, 1e6});
  r.number("zero_offset_counts", s.zero_offset_counts,
           {"count", "zero offset of the analogue channels, alternately up and down", 0, 10000});
  r.number("leak_mv_s", s.leak_mv_s,
           {"mV/s", "drift of each plate channel, as charge amplifiers have it", -1000, 1000});
  r.number("skew_us", s.skew_us, {"us", "time between two channels of one scan", 0, 1000});
  r.number("delay_ms", s.delay_ms, {"ms", "constant delay inside the sensor: what it feels is that old", 0, 100});
  r.integer("group", s.group, {"", "inertial sensors: samples in one transfer; 0: as the real sensor", 0, 50});
  r.numbers("gyro_bias_deg_s", s.gyro_bias_deg_s.data(), 3,
            {"deg/s", "zero error of the gyroscope, sensor axes", -10, 10});
  r.numbers("accel_bias_m_s2", s.accel_bias_m_s2.data(), 3,
            {"m/s2", "zero error of the accelerometer, sensor axes", -5, 5});
  Vec3 zyx{};
  r.numbers("mounting_zyx_deg", zyx.data(), 3,
            {"deg", "how the sensor sits on its segment: turned about z, then the new y, then the new x", -360, 360});
  const bool by_angles = r.given("mounting_zyx_deg");
  if (by_angles) s.mounting = rotation_zyx_deg(zyx);
  r.matrix("mounting", s.mounting[0].data(), 3, 3,
           {"", "the same as a matrix: columns = sensor axes in the segment's frame", -1.01, 1.01});
  if (by_angles && r.given("mounting"))
    r.report("mounting", "is given twice: give mounting or mounting_zyx_deg, not both");
  else if (!r.findings().has_error(r.path("mounting")))
    check_orthonormal(r, s.mounting);
  r.named("faults", s.faults,
          {"",
           "faults and options of the emulated device: name = rate per packet, or value; the names are in "
           "drivers/README.md",
           -1e6, 1e6});
  r.integer("seed", s.seed, {"", "start of its random numbers"});
}

/// "0-5", "7", "0,2,4" -> column numbers. @return false when it cannot be read
bool parse_columns(std::string_view text, std::vector<int>& columns) {
  while (true) {
    const std::string_view part = text.substr(0, text.find(','));
    int bounds[2] = {0, 0}, n = 0;
    std::size_t i = 0;
    for (; n < 2; ++n) {
      const std::size_t begin = i;
      for (; i < part.size() && std::isdigit(static_cast<unsigned char>(part[i])) && i - begin < 4; ++i)
        bounds[n] = bounds[n] * 10 + (part[i] - '0');
      if (i == begin) return false;
      if (i == part.size() || part[i] != '-') break;
      ++i;
    }
    if (i != part.size() || n == 2) return false;
    const int last = n == 0 ? bounds[0] : bounds[1];
    if (last < bounds[0]) return false;
    for (int c = bounds[0]; c <= last; ++c) columns.push_back(c);
    if (part.size() == text.size()) return true;
    text.remove_prefix(part.size() + 1);
  }
}

void read_channels(Reader& r, PlateSettings& s) {
  std::vector<std::string> channels;
  r.texts("channels", channels,
          {"",
           "the channels of the plate as \"device/stream:columns\", e.g. [\"u6/scan:0-5\"], in the order of the "
           "calibration's channels",
           -kNoLimit, kNoLimit, true});
  if (!r.given("channels") || r.findings().has_error(r.path("channels"))) return;
  for (const std::string& text : channels) {
    const std::size_t colon = text.rfind(':'), slash = text.find('/');
    if (colon == std::string::npos || slash == std::string::npos || slash == 0 || slash + 1 >= colon ||
        !parse_columns(std::string_view(text).substr(colon + 1), s.columns))
      return r.report(
          "channels",
          "cannot read \"" + text + "\", must be \"device/stream:columns\", e.g. \"u6/scan:0-5\" or \"u6/scan:0,2,4\"");
    const std::string stream = "raw/" + text.substr(0, colon);
    if (!s.stream.empty() && s.stream != stream)
      return r.report("channels",
                      "mixes " + s.stream.substr(4) + " and " + stream.substr(4) + ", must be channels of one stream");
    s.stream = stream;
  }
}

/// `needed`: what the calibration has; 0: not known.
void check_count(Reader& r, const PlateSettings& s, std::size_t needed) {
  if (!r.given("channels") || r.findings().has_error(r.path("channels"))) return;
  const std::size_t n = s.columns.size();
  const std::string names = "names " + std::to_string(n) + " channels, must be ";
  if (needed ? n != needed : n < 6 || n > kMaxPlateChannels)
    r.report("channels", names + (needed ? std::to_string(needed) + ", as many as its calibration has"
                                         : "6 to " + std::to_string(kMaxPlateChannels)));
}

void read_place(Reader& r, PlateSettings& s) {
  r.matrix(
      "corners_m", s.corners_m[0].data(), 4, 3,
      {"m",
       "corners of the top surface in the lab, in the order (+x,+y) (-x,+y) (-x,-y) (+x,-y) of the plate's own axes",
       -100, 100});
  FlatPlate flat;
  r.numbers("center_m", flat.center_m.data(), 3,
            {"m", "instead of corners: centre of the top surface in the lab", -100, 100, false, true});
  double size[2] = {0, 0};
  r.numbers("size_m", size, 2, {"m", "and its size along the plate's x and y", 0.05, 10, false, true});
  r.number("turn_deg", flat.turn_deg,
           {"deg", "and the angle from the lab's X to the plate's x, counter-clockwise from above", -360, 360});
  r.word<bool>("z_axis", flat.z_down, {{"up", false}, {"down", true}}, {"", "and where the plate's z axis points"});
  const bool by_corners = r.given("corners_m"), by_center = r.given("center_m") || r.given("size_m");
  if (by_corners) {
    for (const char* other : {"center_m", "size_m", "turn_deg", "z_axis"})
      if (r.given(other)) return r.report(other, "is given beside corners_m: give the corners, or center_m and size_m");
    if (r.findings().has_error(r.path("corners_m"))) return;
  } else {
    if (!by_center) return r.report("corners_m", "is missing: give the four corners, or center_m and size_m");
    for (const char* needed : {"center_m", "size_m"}) {
      if (!r.given(needed))
        return r.report(needed, "is missing: without corners_m both center_m and size_m are needed");
      if (r.findings().has_error(r.path(needed))) return;
    }
    flat.size_x_m = size[0];
    flat.size_y_m = size[1];
    s.corners_m = corners(flat);
  }
  if (const std::string wrong = survey_error(s.corners_m); !wrong.empty()) r.report("corners_m", wrong);
}

/// @return how many channels it has; 0: not known, which is reported
std::size_t open_calibration(Reader& r, PlateSettings& s, const std::filesystem::path& folder) {
  std::string name;
  r.text("calibration", name, {"", "calibration file of the plate; relative to this file", -kNoLimit, kNoLimit, true});
  if (name.empty()) {
    if (r.given("calibration") && !r.findings().has_error(r.path("calibration")))
      r.report("calibration", "is empty, must name the calibration file of the plate");
    return 0;
  }
  s.calibration.file = (folder / name).lexically_normal().string();
  std::string text;
  try {
    text = read_text(s.calibration.file);
  } catch (const std::system_error& e) {
    r.report("calibration", "cannot read \"" + s.calibration.file + "\": " + e.code().message());
    return 0;
  }
  try {
    const toml::table document = toml::parse(text);
    Reader file(document, s.calibration.file, r.findings(), r.path("calibration") + ":");
    const bool known = read_calibration(file, s.calibration);
    file.finish();
    return known ? s.calibration.channels() : 0;
  } catch (const toml::parse_error& e) {
    r.findings().report_file(s.calibration.file, static_cast<int>(e.source().begin.line),
                             "syntax: " + std::string(e.description()));
    return 0;
  }
}

}  // namespace

void read_device(Reader& r, DeviceSettings& s) {
  r.text("name", s.name,
         {"", "a short name of your choice (a-z, 0-9, _); it becomes part of stream names", -kNoLimit, kNoLimit, true});
  r.text("driver", s.driver,
         {"", "the kind of device, e.g. \"labjack_u6\", \"mcc_usb1608fs_plus\", \"microstrain_mip\"", -kNoLimit,
          kNoLimit, true});
  r.text("serial", s.serial, {"", "serial number as the device itself reports it; empty: the first that is found"});
  r.text("clock", s.clock,
         {"", "\"own\", or the name of the device that paces this one's scans over a wire (mcc_usb1608fs_plus: SYNC)"});
  r.text("start_after", s.start_after,
         {"", "name of a device that must run, or wait for its clock, before this one starts; empty: none"});
  r.integer("clock_offset_scans", s.clock_offset_scans,
            {"", "with another device's clock: scan k of this one is scan k + this of that one", -1, 1});
  r.flag("emulated", s.emulated, {"", "true: no hardware, an emulated device in the program"});
  r.flag("required", s.required, {"", "false: start without it when it is not there"});
  r.number("rate_hz", s.rate_hz, {"Hz", "samples per second", 1, 50000});
  r.number("delay_s", s.delay_s, {"s", "known constant delay of the sensor's signal and its link", -0.1, 1});
  r.number("max_drift_ppm", s.max_drift_ppm, {"ppm", "a clock further off than this is a fault", 1, 200000});
  r.integers("analog_inputs", s.analog_inputs,
             {"", "labjack_u6, mcc_usb1608fs_plus: numbers of the analogue inputs, in the order of the scan", 0, 143});
  r.integers(
      "input_ranges_v", s.input_ranges_v,
      {"V", "mcc_usb1608fs_plus: range of each analogue input (10, 5, 2 or 1), or one for all; empty: 10", 1, 10});
  r.number("slow_crystal_ppm", s.slow_crystal_ppm,
           {"ppm",
            "mcc_usb1608fs_plus: how slow its crystal may be; scans that come more slowly are taken to be missing. A "
            "unit that another one paces has that one's",
            1, 50000});
  r.integer("sync_input", s.sync_input,
            {"", "mcc_usb1608fs_plus: number of the analogue input that carries a TTL line; -1: none", -1, 7});
  r.number("sync_threshold_v", s.sync_threshold_v,
           {"V", "mcc_usb1608fs_plus: that line is high from here on, and low again 0.5 V below", -10, 10});
  r.flag("digital_port", s.digital_port, {"", "labjack_u6: the digital lines FIO and EIO as last column of the scan"});
  r.integer("resolution_index", s.resolution_index,
            {"", "labjack_u6: resolution against speed; 1 is the fastest", 0, 12});
  r.integer("settling_factor", s.settling_factor,
            {"10 us", "labjack_u6: extra settling time per channel; 0: automatic", 0, 255});
  r.number(
      "channel_time_us", s.channel_time_us,
      {"us", "labjack_u6: how much later than the one before it a channel is converted, at resolution 1", 0, 1000});
  r.integers(
      "sync_lines", s.sync_lines,
      {"", "digital lines whose edges are recorded: labjack_u6 0-7 are FIO0-7, 8-15 EIO0-7; empty: none", 0, 31});
  r.number("accel_range_g", s.accel_range_g,
           {"g", "microstrain_mip: range of the accelerometer; 0: as the device is set", 0, 1000});
  r.number("gyro_range_deg_s", s.gyro_range_deg_s,
           {"deg/s", "microstrain_mip: range of the gyroscope; 0: as the device is set", 0, 10000});
  r.integer("sync_pin", s.sync_pin,
            {"", "microstrain_mip: GPIO pin (1-4) whose edges are time-stamped; 0: none", 0, 4});
  r.number("high_g_rate_hz", s.high_g_rate_hz,
           {"Hz", "xio_ximu3: samples per second of its high-g accelerometer; 0: none", 0, 3200});
  r.flag("sync_box", s.sync_box, {"", "xio_ximu3: an SA-Sync box is on its serial connector"});
  r.number("sync_delay_s", s.sync_delay_s,
           {"s", "xio_ximu3: how much after an edge the line of the SA-Sync box is stamped", -0.01, 0.01});
  r.table("emulation", "what the emulated device is like", [&](Reader& t) { read_emulation(t, s.emulation); });
  if (s.emulated && s.emulation.serial.empty()) s.emulation.serial = s.serial;  // else it would never be found
}

void read_plate(Reader& r, PlateSettings& s, const std::filesystem::path& folder) {
  r.word<Side>("side", s.side, {{"left", Side::left}, {"right", Side::right}},
               {"", "which foot stands on it", -kNoLimit, kNoLimit, true});
  s.name = to_string(s.side);
  read_channels(r, s);
  read_place(r, s);
  r.number("pad_m", s.pad_m, {"m", "thickness of a cover that lies on the plate", 0, 0.2});
  if (!r.findings().catalogue)
    check_count(r, s, open_calibration(r, s, folder));
  else
    r.text("calibration", s.calibration.file,
           {"", "calibration file of the plate; relative to this file", -kNoLimit, kNoLimit, true});
}

void read_imu(Reader& r, ImuSettings& s) {
  r.text("device", s.name, {"", "name of the [[device]]", -kNoLimit, kNoLimit, true});
  if (!s.name.empty()) s.stream = "raw/" + s.name + "/inertial";
  r.word<Segment>(
      "segment", s.segment,
      {{"shank", Segment::shank}, {"foot", Segment::foot}, {"pelvis", Segment::pelvis}, {"thigh", Segment::thigh}},
      {"", "body segment it sits on", -kNoLimit, kNoLimit, true});
  r.word<Side>("side", s.side, {{"left", Side::left}, {"right", Side::right}},
               {"", "of which leg; not needed for the pelvis", -kNoLimit, kNoLimit, false, true});
  if (!r.findings().catalogue && !r.given("side") && s.segment != Segment::pelvis)
    r.report("side", "is missing: of which leg, \"left\" or \"right\"");
  if (!r.findings().catalogue && r.given("side") && s.segment == Segment::pelvis)
    r.report("side", "is given, but the pelvis has no side: leave it out");
  r.word<bool>("axis", s.estimate_axis, {{"given", false}, {"estimate", true}},
               {"", "given: by ml_axis_left; estimate: found from the first movements"});
  r.numbers("ml_axis_left", s.ml_axis_left.data(), 3,
            {"", "medio-lateral axis of the segment in sensor axes, a unit vector that points to the subject's left",
             -1.01, 1.01, false, true});
  if (r.findings().catalogue || r.findings().has_error(r.path("ml_axis_left"))) return;
  const bool given = r.given("ml_axis_left");
  if (given && s.estimate_axis)
    return r.report("axis", "is \"estimate\" although ml_axis_left is given: give only one of them");
  if (!given && !s.estimate_axis) return r.report("ml_axis_left", "is missing: give the axis, or axis = \"estimate\"");
  if (!given) return;
  const double length = std::sqrt(dot(s.ml_axis_left, s.ml_axis_left));
  if (std::abs(length - 1) > 0.01)
    return r.report("ml_axis_left",
                    "has length " + number_text(std::round(length * 1e4) / 1e4) + ", must be a unit vector");
  for (double& v : s.ml_axis_left) v /= length;
}

}  // namespace grfd
