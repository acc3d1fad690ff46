// Cross checks of the rig: names, references between devices, plates and sensors, and what the drivers allow.
#include <algorithm>
#include <cmath>
#include <map>

#include "daemon/config_check.hpp"
#include "daemon/geometry.hpp"
#include "daemon/start_order.hpp"
#include "dsp/cop_polynomial.hpp"
#include "dsp/recalibration.hpp"

namespace grfd {

const DeviceSettings* device_of(const Check& c, const std::string& stream) {
  for (const DeviceSettings& d : c.s.devices)
    if (d.name == device_in(stream)) return &d;
  return nullptr;
}

namespace {

/// "device", 2, ".serial" -> "device[2].serial"
std::string element_path(std::string path, std::size_t i, const char* key) {
  path.append("[").append(std::to_string(i)).append("]").append(key);
  return path;
}
std::string device_path(std::size_t i, const char* key = "") { return element_path("device", i, key); }
std::string plate_path(std::size_t i, const char* key = "") { return element_path("plate", i, key); }
std::string imu_path(std::size_t i, const char* key = "") { return element_path("imu", i, key); }

bool plain_name(const std::string& name) {
  return !name.empty() && name.size() <= 32 && name.front() >= 'a' && name.front() <= 'z' &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

/// Could one be taken for the other?
bool alike(const DeviceSettings& a, const DeviceSettings& b) {
  return a.driver == b.driver && a.emulated == b.emulated;
}

void check_devices(Check& c) {
  const auto& devices = c.s.devices;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const DeviceSettings& d = devices[i];
    if (!plain_name(d.name))
      c.report(device_path(i, ".name"),
               "is \"" + d.name + "\", must be a-z, 0-9 and _, at most 32, and begin with a letter");
    for (std::size_t j = 0; j < i; ++j) {
      if (devices[j].name == d.name && !d.name.empty())
        c.report(device_path(i, ".name"), "is taken: two devices are called \"" + d.name + "\"");
      if (alike(devices[j], d) && devices[j].serial == d.serial && !d.serial.empty())
        c.report(device_path(i, ".serial"), "is also the serial of " + devices[j].name + ", must differ");
    }
    const auto other =
        std::find_if(devices.begin(), devices.end(), [&](const DeviceSettings& o) { return &o != &d && alike(o, d); });
    if (d.serial.empty() && other != devices.end())
      c.report(device_path(i, ".serial"),
               "is missing: " + other->name + " uses the same driver, so each must be told apart by its serial");
    if (d.emulated && !d.serial.empty() && !d.emulation.serial.empty() && d.serial != d.emulation.serial)
      c.report(device_path(i, ".emulation.serial"),
               "is \"" + d.emulation.serial + "\", must be the serial that is looked for, \"" + d.serial + "\"");
  }
}

/// Devices that share a clock, and devices that wait for others.
void check_clocks(Check& c) {
  const auto& devices = c.s.devices;
  const auto named = [&](const std::string& name) {
    const auto at =
        std::find_if(devices.begin(), devices.end(), [&](const DeviceSettings& d) { return d.name == name; });
    return at == devices.end() ? nullptr : &*at;
  };
  bool good = true;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const DeviceSettings& d = devices[i];
    const auto wrong = [&](const char* key, const std::string& text) {
      good = false;
      c.report(device_path(i, key), text);
    };
    if (d.clock != "own") {
      const DeviceSettings* pacer = named(d.clock);
      if (!pacer || pacer == &d)
        wrong(".clock", "is \"" + d.clock + "\", must be \"own\" or the name of another device");
      else if (pacer->clock != "own")
        wrong(".clock", "is \"" + d.clock + "\", which has no clock of its own, must be \"" + pacer->clock + "\"");
      else if (pacer->driver != d.driver)
        wrong(".clock", "is \"" + d.clock + "\", a " + pacer->driver + ", must be a device of the same driver");
      else if (pacer->rate_hz != d.rate_hz)
        c.report(device_path(i, ".rate_hz"), "is " + number_text(d.rate_hz) + ", must be that of its clock, " +
                                                 d.clock + ": " + number_text(pacer->rate_hz));
      else if (pacer->slow_crystal_ppm != d.slow_crystal_ppm)
        c.report(device_path(i, ".slow_crystal_ppm"),
                 "is " + number_text(d.slow_crystal_ppm) + ", but the crystal is that of its clock, " + d.clock +
                     ", which has " + number_text(pacer->slow_crystal_ppm) + ": must be left out here and given there");
      else if (pacer->emulated != d.emulated)
        wrong(".clock", "is \"" + d.clock + "\", must be emulated as this one is, or neither: no wire joins them");
    }
    if (!d.start_after.empty() && (!named(d.start_after) || d.start_after == d.name))
      wrong(".start_after", "is \"" + d.start_after + "\", must be the name of another device");
  }
  std::vector<std::string> trouble;
  if (good) start_order(devices, &trouble);
  for (const std::string& text : trouble) {
    const std::string name = text.substr(0, text.find(": "));
    for (std::size_t i = 0; i < devices.size(); ++i)
      if (devices[i].name == name) {
        c.report(device_path(i, ".start_after"), text.substr(name.size() + 2));
        break;
      }
  }
}

using Streams = std::map<std::string, StreamInfo>;  ///< of the devices whose settings their driver accepts

/// Everything that needs a driver. Devices whose driver has complaints are left out of the answer.
Streams check_drivers(Check& c, std::span<const DriverEntry> drivers) {
  std::vector<std::string> names;
  for (const DriverEntry& entry : drivers) names.emplace_back(entry.name);
  Streams streams;
  for (std::size_t i = 0; i < c.s.devices.size(); ++i) {
    const DeviceSettings& d = c.s.devices[i];
    if (!c.good(device_path(i, ".driver"))) continue;
    const auto entry =
        std::find_if(drivers.begin(), drivers.end(), [&](const DriverEntry& e) { return d.driver == e.name; });
    if (entry == drivers.end()) {
      c.report(device_path(i, ".driver"),
               "there is no driver \"" + d.driver + "\", must be " +
                   (names.empty() ? std::string("one that this build has (it has none)")
                                  : std::string(names.size() > 1 ? "one of " : "") + quoted_list(names)));
      continue;
    }
    const std::vector<std::string> errors = entry->check_settings(d);
    for (const std::string& error : errors) {
      const std::size_t colon = error.find(": ");
      const bool has_key = colon != std::string::npos && error.find(' ') > colon;
      c.report(device_path(i) + (has_key ? std::string(1, '.') + error.substr(0, colon) : std::string()),
               has_key ? error.substr(colon + 2) : error);
    }
    if (!errors.empty()) continue;
    for (StreamInfo& info : entry->streams(d)) {
      const std::string name = info.name;
      const bool same_name = std::any_of(c.s.devices.begin(), c.s.devices.begin() + static_cast<std::ptrdiff_t>(i),
                                         [&](const DeviceSettings& o) { return o.name == d.name; });
      if (!streams.emplace(name, std::move(info)).second && !same_name)
        c.report(device_path(i), "has a stream \"" + name + "\" that is there already");
    }
  }
  return streams;
}

std::string one_of(const std::vector<std::string>& names) {
  std::string out;
  if (!names.empty()) out.append(", must be one of ").append(quoted_list(names));
  return out;
}

std::vector<std::string> device_names(const Check& c) {
  std::vector<std::string> names;
  for (const DeviceSettings& d : c.s.devices)
    if (!d.name.empty() && std::find(names.begin(), names.end(), d.name) == names.end()) names.push_back(d.name);
  return names;
}

void check_channels(Check& c, std::size_t i, const Streams& streams,
                    std::map<std::pair<std::string, int>, std::string>& used) {
  const PlateSettings& p = c.s.plates[i];
  const std::string path = plate_path(i, ".channels");
  if (p.stream.empty() || !c.good(path)) return;
  const DeviceSettings* device = device_of(c, p.stream);
  if (!device) {
    const std::string name = p.stream.substr(4, p.stream.find('/', 4) - 4);
    const auto names = device_names(c);
    return c.report(path, "there is no device \"" + name + "\"" + one_of(names));
  }
  const std::string prefix = "raw/" + device->name + "/";
  const bool known =
      std::any_of(streams.begin(), streams.end(), [&](const auto& s) { return s.first.starts_with(prefix); });
  if (known) {
    const auto stream = streams.find(p.stream);
    if (stream == streams.end()) {
      std::vector<std::string> names;
      for (const auto& s : streams)
        if (s.first.starts_with(prefix)) names.push_back(s.first.substr(4));
      return c.report(
          path, "there is no stream \"" + p.stream.substr(4) + "\", " + device->name + " has " + quoted_list(names));
    }
    const auto& columns = stream->second.columns;
    for (const int column : p.columns) {
      if (column >= static_cast<int>(columns.size()))
        return c.report(path, "there is no column " + std::to_string(column) + ", " + p.stream.substr(4) +
                                  " has 0 to " + std::to_string(columns.size() - 1));
      if (columns[static_cast<std::size_t>(column)].unit == "code")
        return c.report(path, "column " + std::to_string(column) + " of " + p.stream.substr(4) + " is \"" +
                                  columns[static_cast<std::size_t>(column)].name + "\", must be a measuring channel");
    }
  }
  for (const int column : p.columns) {
    const auto [other, fresh] = used.emplace(std::pair(p.stream, column), p.name);
    if (!fresh)
      c.report(path, "column " + std::to_string(column) + " of " + p.stream.substr(4) + " is used twice" +
                         (other->second == p.name ? std::string()
                                                  : std::string(", also by the ") + other->second + " plate"));
  }
}

/// Coefficients for other units than mm move points by metres.
void check_polynomial(Check& c, std::size_t i) {
  constexpr double kMost_mm = 50;
  const PlateSettings& p = c.s.plates[i];
  const auto half = half_size(p.corners_m);
  std::array<double, 2> most{};
  for (int x = -10; x <= 10; ++x)
    for (int y = -10; y <= 10; ++y) {
      const auto d = cop_correction_mm(p.calibration.cop_polynomial, 100 * x * half[0], 100 * y * half[1]);
      for (std::size_t k = 0; k < 2; ++k) most[k] = std::max(most[k], std::abs(d[k]));
    }
  const char* keys[] = {".calibration:cop_polynomial_x", ".calibration:cop_polynomial_y"};
  for (std::size_t k = 0; k < 2; ++k)
    if (!(most[k] <= kMost_mm) && c.good(plate_path(i, keys[k])))
      c.report(plate_path(i, keys[k]), "moves a point of the " + p.name + " plate by " +
                                           number_text(std::round(most[k])) +
                                           " mm, must be at most 50 mm: are the coefficients for x and y in mm?");
}

/// Its elements can only be judged by what they do to a load; named is the first matrix with which it is wrong.
void check_recalibration(Check& c, std::size_t i) {
  const PlateSettings& p = c.s.plates[i];
  const Recalibration& r = p.calibration.recalibration;
  const std::string keys[] = {plate_path(i, ".calibration:recalibration"),
                              plate_path(i, ".calibration:recalibration_x_per_m"),
                              plate_path(i, ".calibration:recalibration_y_per_m")};
  if (!std::all_of(std::begin(keys), std::end(keys), [&](const std::string& key) { return c.good(key); })) return;
  const Recalibration upto[] = {{r.uniform, {}, {}}, {r.uniform, r.x_per_m, {}}, r};
  for (std::size_t k = 0; k < 3; ++k)
    if (const std::string error = recalibration_error(upto[k], half_size(p.corners_m)); !error.empty())
      return c.report(keys[k], error);
}

void check_plates(Check& c, const Streams& streams) {
  std::map<std::pair<std::string, int>, std::string> used;
  for (std::size_t i = 0; i < c.s.plates.size(); ++i) {
    const PlateSettings& p = c.s.plates[i];
    for (std::size_t j = 0; j < i; ++j)
      if (c.s.plates[j].side == p.side && c.good(plate_path(j, ".side")))
        c.report(plate_path(i, ".side"), std::string("is taken: two plates are on the ") + to_string(p.side));
    check_channels(c, i, streams, used);
    const bool piezo = p.calibration.kind == PlateKind::piezo;
    const std::string origin = plate_path(i, piezo ? ".calibration:az0_m" : ".calibration:origin_m");
    if (!c.good(plate_path(i, ".corners_m")) || !c.good(plate_path(i, ".center_m")) ||
        !c.good(plate_path(i, ".size_m")) || !c.good(plate_path(i, ".z_axis")) ||
        !c.good(plate_path(i, ".calibration")) || !c.good(origin))
      continue;
    check_recalibration(c, i);
    check_polynomial(c, i);
    const double up = plate_z(p.corners_m)[2], depth = p.calibration.origin_m[2];
    if (std::abs(up) > 0.5 && up * depth < 0)
      c.report(origin, (piezo ? "is " : "z is ") + number_text(depth) + ", must be " +
                           (up > 0 ? "positive" : "negative") + ": the corners of the " + p.name +
                           " plate say that its z axis points " + (up > 0 ? "up" : "down"));
  }
}

void check_imus(Check& c, const Streams& streams) {
  for (std::size_t i = 0; i < c.s.imus.size(); ++i) {
    const ImuSettings& imu = c.s.imus[i];
    if (!imu.stream.empty()) {
      const DeviceSettings* device = device_of(c, imu.stream);
      const std::string prefix = "raw/" + imu.name + "/";
      const auto names = device_names(c);
      if (!device)
        c.report(imu_path(i, ".device"), "there is no device \"" + imu.name + "\"" + one_of(names));
      else if (!streams.contains(imu.stream) &&
               std::any_of(streams.begin(), streams.end(), [&](const auto& s) { return s.first.starts_with(prefix); }))
        c.report(imu_path(i, ".device"),
                 "is \"" + imu.name + "\" (" + device->driver + "), must be an inertial sensor");
    }
    for (std::size_t j = 0; j < i; ++j) {
      const ImuSettings& other = c.s.imus[j];
      if (other.name == imu.name && !imu.name.empty())
        c.report(imu_path(i, ".device"), "is used twice: \"" + imu.name + "\"");
      if (other.segment == imu.segment && (other.side == imu.side || imu.segment == Segment::pelvis) &&
          c.good(imu_path(j, ".segment")) && c.good(imu_path(j, ".side")))
        c.report(imu_path(i, ".segment"),
                 std::string("is taken: ") + other.name + " is already on the " +
                     (imu.segment == Segment::pelvis ? "" : std::string(to_string(imu.side)) + " ") +
                     to_string(imu.segment));
    }
  }
}

}  // namespace

void check_rig(Check& c, std::span<const DriverEntry> drivers) {
  check_devices(c);
  check_clocks(c);
  const Streams streams = check_drivers(c, drivers);
  check_plates(c, streams);
  check_imus(c, streams);
}

}  // namespace grfd
