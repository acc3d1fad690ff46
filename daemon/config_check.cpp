// What no single key can know: order, rates, ports. The rig is checked in config_check_rig.cpp.
#include "daemon/config_check.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "daemon/config_parts.hpp"
#include "drivers/emulation/make_stimulus.hpp"
#include "dsp/delayed.hpp"
#include "dsp/filters.hpp"
#include "schemas/key_files.hpp"

namespace grfd {

namespace {

void check_filter(Check& c) {
  double limit = 500;
  const DeviceSettings* slowest = nullptr;
  const auto below = [&](const DeviceSettings* d) {
    if (!d || d->rate_hz / 2 >= limit) return;
    limit = d->rate_hz / 2;
    slowest = d;
  };
  for (const PlateSettings& p : c.s.plates)
    if (!p.stream.empty()) below(device_of(c, p.stream));
  for (const ImuSettings& imu : c.s.imus)
    if (!imu.stream.empty()) below(device_of(c, imu.stream));
  if (c.s.filter.cutoff_hz < limit) {
    const double delay_ms = 1e3 * butterworth_delay_s(c.s.filter.order, c.s.filter.cutoff_hz, 1000);
    if (delay_ms > Delay::kMost_ms)
      c.report("filter.cutoff_hz", "is " + number_text(c.s.filter.cutoff_hz) + " and delays by " +
                                       number_text(std::round(delay_ms)) + " ms with order " +
                                       std::to_string(c.s.filter.order) + ", must delay by at most " +
                                       number_text(Delay::kMost_ms) + " ms: raise it, or lower filter.order");
    return;
  }
  if (slowest && !c.given("filter.cutoff_hz"))  // then it is the rate that somebody has chosen
    return c.report("device[" + std::to_string(slowest - c.s.devices.data()) + "].rate_hz",
                    "is " + number_text(slowest->rate_hz) + ", must be above " + number_text(2 * c.s.filter.cutoff_hz) +
                        ", twice filter.cutoff_hz");
  c.report("filter.cutoff_hz", "is " + number_text(c.s.filter.cutoff_hz) + ", must be below half the rate of " +
                                   (slowest ? slowest->name : "the common grid") + ", " + number_text(limit) + " Hz");
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
  if (t.cop_band_low_percent >= t.cop_band_high_percent && c.good("thresholds.cop_band_high_percent"))
    c.report("thresholds.cop_band_low_percent", "is " + number_text(t.cop_band_low_percent) +
                                                    ", must be below cop_band_high_percent, " +
                                                    number_text(t.cop_band_high_percent) + " %");
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

/// 192.168.1.5, [2001:db8::5], [fe80::1%eth0], or * for all: what a socket can listen at. A link-local address is one
/// of a network interface, and means nothing without its name.
bool good_address(const std::string& host) {
  std::array<unsigned char, 16> bytes{};
  if (!host.starts_with('[') || !host.ends_with(']'))
    return host == "*" || ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1;
  const std::size_t percent = host.find('%'), end = std::min(percent, host.size() - 1);
  if (::inet_pton(AF_INET6, host.substr(1, end - 1).c_str(), bytes.data()) != 1) return false;
  const bool link_local = bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
  return link_local == (percent != std::string::npos && percent + 2 < host.size());
}

bool good_tcp(const std::string& endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  return endpoint.starts_with("tcp://") && colon > 6 && good_address(endpoint.substr(6, colon - 6)) &&
         good_port(std::string_view(endpoint).substr(colon + 1));
}

/// Empty, or what is wrong with ipc://PATH.
std::string ipc_error(const std::string& endpoint) {
  const std::string path = endpoint.substr(6);
  if (path.empty() || path.front() == '@') return "is \"" + endpoint + "\", must be ipc:// and the path of a socket";
  if (path.size() > 107)
    return "has a path of " + std::to_string(path.size()) + " bytes, must be at most 107 (the limit of a socket)";
  return {};
}

/// An address for others is only for those who hold a key of the list.
void check_keys(Check& c, const char* path, const std::string& endpoint, Right right, const char* danger,
                const char* instead) {
  if (!demands_keys(right, endpoint)) return;
  const std::string& folder = c.s.keys.folder;
  const auto report = [&](const std::string& why) {
    c.report(path, "is \"" + endpoint + "\", " + danger + ", so it needs keys: " + why + "; or " + instead);
  };
  if (folder.empty()) return report("set keys.folder");
  try {
    read_server_key(folder);
  } catch (const std::exception& e) { return report(e.what()); }
  std::vector<std::string> wrong;
  AllowedKeys keys;
  try {
    keys = read_allowed_keys(folder, wrong);
  } catch (const std::exception& e) { return report(e.what()); }
  if (!wrong.empty()) return report(wrong.front());
  const bool any = std::any_of(keys.begin(), keys.end(), [&](const auto& k) { return k.second.may(right); });
  if (!any)
    report(folder + " allows nobody the right \"" + to_string(right) +
           "\"; let a client in with: grfctl key allow NAME --" + to_string(right) + " --keys " + folder);
}

void check_endpoints(Check& c, Use use) {
  const std::string& feed = c.s.feed.endpoint;
  const std::string& control = c.s.control.endpoint;
  if (feed.starts_with("ipc://")) {
    if (const std::string wrong = ipc_error(feed); !wrong.empty()) c.report("feed.endpoint", wrong);
  } else if (!good_tcp(feed)) {
    c.report("feed.endpoint", "is \"" + feed +
                                  "\", must be tcp://127.0.0.1:PORT, tcp://[::1]:PORT or ipc://PATH; or, with keys, "
                                  "tcp://ADDRESS:PORT with an address of this computer "
                                  "(one of fe80:: with its interface, as in [fe80::1%eth0]), or 0.0.0.0");
  } else if (use == Use::live && c.s.feed.enabled) {
    check_keys(c, "feed.endpoint", feed, Right::feed, "which other computers can reach",
               "keep to tcp://127.0.0.1:PORT, tcp://[::1]:PORT or ipc://PATH");
  }
  if (control.starts_with("ipc://")) {
    if (const std::string wrong = ipc_error(control); !wrong.empty()) c.report("control.endpoint", wrong);
  } else if (!good_tcp(control)) {
    c.report("control.endpoint", "is \"" + control + "\", must be ipc://PATH; or, with keys, tcp://ADDRESS:PORT");
  } else if (use == Use::live) {
    check_keys(c, "control.endpoint", control, Right::control, "where everybody who reaches it could command",
               "keep to ipc://PATH: who may use that file may command");
  }
  if (feed == control) c.report("control.endpoint", "is also the endpoint of the feed, must differ");
}

/// Whether an address means something is for grfmon to find out; here its shape.
void check_monitor(Check& c) {
  const std::string& listen = c.s.monitor.listen;
  const std::size_t colon = listen.rfind(':');
  const bool shape = colon != std::string::npos && colon > 0 && good_port(std::string_view(listen).substr(colon + 1)) &&
                     (listen.find(':') == colon || (listen.front() == '[' && listen[colon - 1] == ']'));
  if (!shape)
    c.report("monitor.listen", "is \"" + listen + "\", must be ADDRESS:PORT, as in 127.0.0.1:7391 or 0.0.0.0:7391");
  const std::string& endpoint = c.s.monitor.endpoint;
  if (!endpoint.starts_with("ipc://"))
    c.report("monitor.endpoint",
             "is \"" + endpoint + "\", must be ipc://PATH: who may use the socket may invite browsers");
  else if (const std::string wrong = ipc_error(endpoint); !wrong.empty())
    c.report("monitor.endpoint", wrong);
  else if (endpoint == c.s.control.endpoint || endpoint == c.s.feed.endpoint)
    c.report("monitor.endpoint", "is also the endpoint of the feed or of the commands, must differ");
}

void check_rest(Check& c) {
  const std::string& code = c.s.participant.code;
  const bool plain = code.size() <= 32 && std::all_of(code.begin(), code.end(), [](unsigned char ch) {
                       return (ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') ||
                              ch == '-' || ch == '_';
                     });
  if (!plain)
    c.report("participant.code",
             "is \"" + code + "\", must be a code of letters, digits, - and _, at most 32, and never a name");
  const ParticipantSettings& who = c.s.participant;
  if (who.dominance_method == "computed") {
    if (who.dominant != Dominant::unknown)
      c.report("participant.dominance_method", "is \"computed\", then dominant must be \"unknown\"");
  } else if (who.dominant == Dominant::unknown && !who.dominance_method.empty()) {
    c.report("participant.dominance_method", "is given although dominant is \"unknown\"");
  }
  if (who.height_m != 0 && who.height_m < 0.5)
    c.report("participant.height_m", "is below 0.5, must be metres, or 0 when not measured");
  if (who.foot_length_m != 0 && who.foot_length_m < 0.1)
    c.report("participant.foot_length_m", "is below 0.1, must be metres, or 0 when not measured");
  if (who.foot_length_m == 0 && (who.heel_m[0] != std::array{0.0, 0.0} || who.heel_m[1] != std::array{0.0, 0.0}))
    c.report("participant.foot_length_m", "is missing: the place of a heel is of no use without it");
  const std::string& name = c.s.record.name;
  const bool good_name =
      name.size() <= 100 && !name.starts_with('.') &&
      std::all_of(name.begin(), name.end(), [](unsigned char ch) { return ch >= 0x20 && ch != 0x7f && ch != '/'; });
  if (!good_name)
    c.report("record.name",
             "is \"" + name + "\", must be part of a file name: no /, no leading dot, at most 100 bytes");
  if (c.s.record.folder.empty())
    c.report("record.folder", "is empty, must be a folder; \".\" is the one the daemon was started in");
  for (const auto& [plate, number] : c.s.stimulus.plates) {
    const bool known = std::any_of(c.s.plates.begin(), c.s.plates.end(),
                                   [&, &plate_name = plate](const PlateSettings& p) { return p.name == plate_name; });
    if (!known) c.report("stimulus.plates." + plate, "there is no plate \"" + plate + "\"");
  }
}

/// Whether a recording can be played on these plates only its file knows. Read when nothing else is wrong.
void check_recording(Check& c) {
  if (c.s.stimulus.kind != StimulusSettings::Kind::recording || c.anything_wrong()) return;
  Settings played = c.s;
  std::vector<std::string> warnings;
  try {
    make_stimulus(played, warnings);
  } catch (const std::exception& e) {
    const std::string text = e.what();
    const std::size_t colon = text.starts_with("stimulus.") ? text.find(": ") : std::string::npos;
    if (colon == std::string::npos) return c.report("stimulus.recording", text);
    c.report(text.substr(0, colon), text.substr(colon + 2));
  }
}

}  // namespace

void check_settings(const Settings& settings, Findings& findings, std::span<const DriverEntry> drivers, Use use) {
  findings.end_of_reading();
  Check c(settings, findings);
  check_rig(c, drivers);
  check_places(c);
  check_filter(c);
  check_thresholds(c);
  check_monitor(c);
  check_endpoints(c, use);
  check_rest(c);
  check_recording(c);
}

}  // namespace grfd
