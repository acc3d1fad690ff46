// What no single key can know: names, references, order, and what drivers and ports allow.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "daemon/config_parts.hpp"
#include "daemon/geometry.hpp"

namespace grfd {

namespace {

/// Reports cross errors, but only about keys that could be read.
class Check {
 public:
  Check(const Settings& settings, Findings& findings) : s(settings), findings_(findings) {}
  void report(const std::string& path, const std::string& what) {
    if (!findings_.has_error(path)) findings_.report(path, what);
  }
  bool good(const std::string& path) const { return !findings_.has_error(path); }
  const Settings& s;

 private:
  Findings& findings_;
};

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
         std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

void check_devices(Check& c) {
  const auto& devices = c.s.devices;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const DeviceSettings& d = devices[i];
    if (!plain_name(d.name))
      c.report(device_path(i, ".name"), "is \"" + d.name + "\", must be a-z, 0-9 and _, at most 32, and begin with a letter");
    for (std::size_t j = 0; j < i; ++j) {
      if (devices[j].name == d.name && !d.name.empty()) c.report(device_path(i, ".name"), "is taken: two devices are called \"" + d.name + "\"");
      if (devices[j].driver != d.driver || devices[j].emulated != d.emulated) continue;
      if (d.serial == devices[j].serial && !d.serial.empty())
        c.report(device_path(i, ".serial"), "is also the serial of " + devices[j].name + ", must differ");
      else if (d.serial.empty() || devices[j].serial.empty())
        c.report(device_path(d.serial.empty() ? i : j, ".serial"),
                 "is missing: " + devices[j].name + " and " + d.name + " use the same driver, so each must be told apart by its serial");
    }
    if (d.emulated && !d.serial.empty() && !d.emulation.serial.empty() && d.serial != d.emulation.serial)
      c.report(device_path(i, ".emulation.serial"), "is \"" + d.emulation.serial + "\", must be the serial that is looked for, \"" + d.serial + "\"");
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
    const auto entry = std::find_if(drivers.begin(), drivers.end(), [&](const DriverEntry& e) { return d.driver == e.name; });
    if (entry == drivers.end()) {
      c.report(device_path(i, ".driver"), "there is no driver \"" + d.driver + "\", must be " +
                                              (names.empty() ? std::string("one that this build has (it has none)") : quoted_list(names)));
      continue;
    }
    const std::vector<std::string> errors = entry->check_settings(d);
    for (const std::string& error : errors) {
      const std::size_t colon = error.find(": ");
      const bool has_key = colon != std::string::npos && error.find(' ') > colon;
      c.report(device_path(i) + (has_key ? std::string(1, '.') + error.substr(0, colon) : std::string()), has_key ? error.substr(colon + 2) : error);
    }
    if (!errors.empty()) continue;
    for (StreamInfo& info : entry->streams(d)) {
      const std::string name = info.name;
      if (!streams.emplace(name, std::move(info)).second && c.good(device_path(i, ".name")))
        c.report(device_path(i), "has a stream \"" + name + "\" that is there already");
    }
  }
  return streams;
}

const DeviceSettings* device_of(const Check& c, const std::string& stream) {
  const std::string name = stream.substr(4, stream.find('/', 4) - 4);  // raw/<device>/<part>
  for (const DeviceSettings& d : c.s.devices)
    if (d.name == name) return &d;
  return nullptr;
}

std::string one_of(const std::vector<std::string>& names) {
  std::string out;
  if (!names.empty()) out.append(", must be one of ").append(quoted_list(names));
  return out;
}

std::vector<std::string> device_names(const Check& c) {
  std::vector<std::string> names;
  for (const DeviceSettings& d : c.s.devices) names.push_back(d.name);
  return names;
}

void check_channels(Check& c, std::size_t i, const Streams& streams, std::map<std::pair<std::string, int>, std::string>& used) {
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
  const bool known = std::any_of(streams.begin(), streams.end(), [&](const auto& s) { return s.first.starts_with(prefix); });
  if (known) {
    const auto stream = streams.find(p.stream);
    if (stream == streams.end()) {
      std::vector<std::string> names;
      for (const auto& s : streams)
        if (s.first.starts_with(prefix)) names.push_back(s.first.substr(4));
      return c.report(path, "there is no stream \"" + p.stream.substr(4) + "\", " + device->name + " has " + quoted_list(names));
    }
    const auto& columns = stream->second.columns;
    for (const int column : p.columns) {
      if (column >= static_cast<int>(columns.size()))
        return c.report(path, "there is no column " + std::to_string(column) + ", " + p.stream.substr(4) + " has 0 to " + std::to_string(columns.size() - 1));
      if (columns[static_cast<std::size_t>(column)].unit == "code")
        return c.report(path, "column " + std::to_string(column) + " of " + p.stream.substr(4) + " is \"" +
                                  columns[static_cast<std::size_t>(column)].name + "\", must be a measuring channel");
    }
  }
  for (const int column : p.columns) {
    const auto [other, fresh] = used.emplace(std::pair(p.stream, column), p.name);
    if (!fresh)
      c.report(path, "column " + std::to_string(column) + " of " + p.stream.substr(4) + " is used twice" +
                         (other->second == p.name ? std::string() : std::string(", also by the ") + other->second + " plate"));
  }
}

void check_plates(Check& c, const Streams& streams) {
  std::map<std::pair<std::string, int>, std::string> used;
  for (std::size_t i = 0; i < c.s.plates.size(); ++i) {
    const PlateSettings& p = c.s.plates[i];
    for (std::size_t j = 0; j < i; ++j)
      if (c.s.plates[j].side == p.side && c.good(plate_path(j, ".side")))
        c.report(plate_path(i, ".side"), std::string("is taken: two plates are on the ") + to_string(p.side));
    check_channels(c, i, streams, used);
    const std::string origin = plate_path(i, ".calibration:origin_m");
    if (!c.good(plate_path(i, ".corners_m")) || !c.good(plate_path(i, ".center_m")) || !c.good(plate_path(i, ".size_m")) ||
        !c.good(plate_path(i, ".z_axis")) || !c.good(plate_path(i, ".calibration")) || !c.good(origin))
      continue;
    const double up = plate_z(p.corners_m)[2], depth = p.calibration.origin_m[2];
    if (std::abs(up) > 0.5 && up * depth < 0)
      c.report(origin, "z is " + number_text(depth) + ", must be " + (up > 0 ? "positive" : "negative") + ": the corners of the " + p.name +
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
        c.report(imu_path(i, ".device"), "is \"" + imu.name + "\" (" + device->driver + "), must be an inertial sensor");
    }
    for (std::size_t j = 0; j < i; ++j) {
      const ImuSettings& other = c.s.imus[j];
      if (other.name == imu.name && !imu.name.empty()) c.report(imu_path(i, ".device"), "is used twice: \"" + imu.name + "\"");
      if (other.segment == imu.segment && (other.side == imu.side || imu.segment == Segment::pelvis) && c.good(imu_path(j, ".segment")) &&
          c.good(imu_path(j, ".side")))
        c.report(imu_path(i, ".segment"), std::string("is taken: ") + other.name + " is already on the " +
                                              (imu.segment == Segment::pelvis ? "" : std::string(to_string(imu.side)) + " ") + to_string(imu.segment));
    }
  }
}

void check_filter(Check& c) {
  const auto below = [&](const DeviceSettings* d) {
    if (d && c.s.filter.cutoff_hz >= d->rate_hz / 2)
      c.report("filter.cutoff_hz", "is " + number_text(c.s.filter.cutoff_hz) + ", must be below half the rate of " + d->name + ", " +
                                       number_text(d->rate_hz / 2) + " Hz");
  };
  for (const PlateSettings& p : c.s.plates)
    if (!p.stream.empty()) below(device_of(c, p.stream));
  for (const ImuSettings& imu : c.s.imus)
    if (!imu.stream.empty()) below(device_of(c, imu.stream));
  if (c.s.filter.cutoff_hz >= 500)
    c.report("filter.cutoff_hz", "is " + number_text(c.s.filter.cutoff_hz) + ", must be below half the rate of the common grid, 500 Hz");
}

void check_thresholds(Check& c) {
  const ThresholdSettings& t = c.s.thresholds;
  const auto ordered = [&](const char* low, double a, const char* high, double b, const char* unit) {
    const std::string low_path = std::string("thresholds.") + low, high_path = std::string("thresholds.") + high;
    if (a > b && c.good(high_path))
      c.report(low_path, "is " + number_text(a) + ", must be at most " + high + ", " + number_text(b) + " " + unit);
  };
  ordered("contact_off_n", t.contact_off_n, "contact_on_n", t.contact_on_n, "N");
  ordered("cop_off_n", t.cop_off_n, "cop_on_n", t.cop_on_n, "N");
  ordered("cop_total_off_n", t.cop_total_off_n, "cop_total_on_n", t.cop_total_on_n, "N");
  ordered("cop_sigma_ok_mm", t.cop_sigma_ok_mm, "cop_sigma_bad_mm", t.cop_sigma_bad_mm, "mm");
}

bool good_port(std::string_view text) {
  if (text == "*") return true;
  int port = 0;
  for (const char ch : text) {
    if (ch < '0' || ch > '9' || port > 65535) return false;
    port = port * 10 + (ch - '0');
  }
  return port >= 1 && port <= 65535;
}

bool loopback(std::string_view host) {
  return host == "[::1]" || (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos &&
                             std::count(host.begin(), host.end(), '.') == 3);
}

/// Empty, or what is wrong with ipc://PATH.
std::string ipc_error(const std::string& endpoint) {
  const std::string path = endpoint.substr(6);
  if (path.empty() || path.front() == '@') return "is \"" + endpoint + "\", must be ipc:// and the path of a socket";
  if (path.size() > 107) return "has a path of " + std::to_string(path.size()) + " bytes, must be at most 107 (the limit of a socket)";
  return {};
}

void check_endpoints(Check& c) {
  const std::string& feed = c.s.feed.endpoint;
  const std::string& control = c.s.control.endpoint;
  if (feed.starts_with("ipc://")) {
    if (const std::string wrong = ipc_error(feed); !wrong.empty()) c.report("feed.endpoint", wrong);
    if (feed == control) c.report("control.endpoint", "is also the endpoint of the feed, must differ");
  } else {
    const std::size_t colon = feed.rfind(':');
    const bool tcp = feed.starts_with("tcp://") && colon > 6;
    if (!tcp || !good_port(std::string_view(feed).substr(colon + 1)))
      c.report("feed.endpoint", "is \"" + feed + "\", must be tcp://127.0.0.1:PORT, tcp://[::1]:PORT or ipc://PATH");
    else if (!loopback(std::string_view(feed).substr(6, colon - 6)))
      c.report("feed.endpoint", "is \"" + feed + "\", which other computers can reach; the feed has no encryption and no passwords yet (no CURVE), so "
                                "it must be tcp://127.0.0.1:PORT, tcp://[::1]:PORT or ipc://PATH");
  }
  if (!control.starts_with("ipc://")) c.report("control.endpoint", "is \"" + control + "\", must be ipc://PATH: who may use the socket may command");
  else if (const std::string wrong = ipc_error(control); !wrong.empty()) c.report("control.endpoint", wrong);
}

void check_rest(Check& c) {
  const std::string& code = c.s.participant.code;
  const bool plain = code.size() <= 32 && std::all_of(code.begin(), code.end(), [](unsigned char ch) {
    return (ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') || ch == '-' || ch == '_';
  });
  if (!plain) c.report("participant.code", "is \"" + code + "\", must be a code of letters, digits, - and _, at most 32, and never a name");
  if (c.s.participant.dominant == Dominant::unknown && !c.s.participant.dominance_method.empty())
    c.report("participant.dominance_method", "is given although dominant is \"unknown\"");
  const std::string& name = c.s.record.name;
  const bool good_name = name.size() <= 100 && !name.starts_with('.') &&
                         std::all_of(name.begin(), name.end(), [](unsigned char ch) { return ch >= 0x20 && ch != 0x7f && ch != '/'; });
  if (!good_name) c.report("record.name", "is \"" + name + "\", must be part of a file name: no /, no leading dot, at most 100 bytes");
  if (c.s.record.folder.empty()) c.report("record.folder", "is empty, must be a folder; \".\" is the one the daemon was started in");
  for (const auto& [plate, number] : c.s.stimulus.plates) {
    const bool known = std::any_of(c.s.plates.begin(), c.s.plates.end(), [&, &plate_name = plate](const PlateSettings& p) { return p.name == plate_name; });
    if (!known) c.report("stimulus.plates." + plate, "there is no plate \"" + plate + "\"");
  }
}

}  // namespace

void check_settings(const Settings& settings, Findings& findings, std::span<const DriverEntry> drivers) {
  Check c(settings, findings);
  check_devices(c);
  const Streams streams = check_drivers(c, drivers);
  check_plates(c, streams);
  check_imus(c, streams);
  check_filter(c);
  check_thresholds(c);
  check_endpoints(c);
  check_rest(c);
}

}  // namespace grfd
