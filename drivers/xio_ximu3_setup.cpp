#include "drivers/xio_ximu3_setup.hpp"

#include <cctype>
#include <cmath>
#include <cstdio>
#include <optional>

namespace grfd::ximu3 {

namespace {

constexpr int kSliceMs = 20, kWriteMs = 1000, kReplyMs = 500, kTries = 3, kPingMs = 200, kPings = 5, kSettleMs = 100;
// A device that streams never lets a read run out of time.
constexpr std::size_t kMostBytes = 512 * 1024;
constexpr int kEmptyMs = 5, kShortReads = 4;  // shorter than a USB packet, one after the other: nothing waits any more
constexpr const char* kStream = "usb_data_messages_enabled";
constexpr int kDivisors[] = {1,  2,  4,   5,   8,   10,  16,  20,  25,  32,  40,   50,
                             64, 80, 100, 128, 160, 200, 320, 400, 640, 800, 1600, 3200};

/// The lists of the manual are those of these that divide the base rate.
bool has_divisor(int divisor, double base_hz) { return std::fmod(base_hz, divisor) == 0; }

std::optional<std::string> error_of(const Json& value) {
  if (!value.is_object() || !value.contains("error")) return std::nullopt;
  return value["error"].is_string() ? value["error"].get<std::string>() : value["error"].dump();
}

/// Numbers are compared as numbers: 0.5 may come back as 0.500000.
bool equal(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return std::fabs(a.get<double>() - b.get<double>()) < 1e-6;
  return a == b;
}

/// The digits of "v2.5.4" or "2.5.4" as 20504; of a date as 20260131.
double version_number(const Json& value) {
  if (!value.is_string()) return std::nan("");
  double parts[3] = {0, 0, 0};
  std::size_t n = 0;
  bool digits = false;
  for (const char c : value.get<std::string>() + ".") {
    if (std::isdigit(static_cast<unsigned char>(c))) {
      if (n < 3) parts[n] = 10 * parts[n] + (c - '0');
      digits = true;
    } else if (digits) {
      digits = false;
      ++n;
    }
  }
  return n == 0 ? std::nan("") : 10000 * parts[0] + 100 * parts[1] + parts[2];
}

struct Wanted {
  const char* key;
  Json value;
  bool needed = true;  ///< else a firmware without it is as good
};

std::vector<Wanted> wanted_of(const DeviceSettings& s) {
  std::vector<Wanted> list{{"binary_mode_enabled", true},
                           {"inertial_message_rate_divisor", divisor_of(s.rate_hz, kInertialBaseHz)},
                           {"high_g_accelerometer_message_rate_divisor",
                            s.high_g_rate_hz > 0 ? divisor_of(s.high_g_rate_hz, kHighGBaseHz) : 0},
                           {"magnetometer_message_rate_divisor", 0, false},
                           {"ahrs_message_rate_divisor", 0, false},
                           {"rssi_message_rate_divisor", 0, false},
                           {"synchronisation_enabled", false, false},
                           {"axes_alignment", 0}};
  if (s.sync_box) {
    list.push_back({"serial_mode", 2});
    list.push_back({"serial_baud_rate", 115200});
    list.push_back({"serial_accessory_termination_byte", 10});
  }
  return list;
}

void write(Commander& commander, const Wanted& w, Originals& originals) {
  const Json before = commander.ask(w.key);
  if (const auto error = error_of(before)) {
    if (!w.needed) return;
    throw DeviceError(std::string(w.key) + ": the device refuses with \"" + *error + "\"");
  }
  if (equal(before, w.value)) return;
  originals.emplace(w.key, before);
  const Json echo = commander.ask(w.key, w.value);
  if (!equal(echo, w.value))
    throw DeviceError(std::string(w.key) + ": the device does not take " + w.value.dump() + ", it answers " +
                      echo.dump());
}

}  // namespace

int divisor_of(double rate_hz, double base_hz) {
  for (const int d : kDivisors)
    if (has_divisor(d, base_hz) && std::fabs(base_hz / d - rate_hz) < 1e-3 * rate_hz) return d;
  return 0;
}

std::string rates_of(double base_hz) {
  std::string text;
  for (const int d : kDivisors) {
    if (!has_divisor(d, base_hz)) continue;
    char number[24];
    std::snprintf(number, sizeof number, "%s%g", text.empty() ? "" : ", ", base_hz / d);
    text += number;
  }
  return text;
}

void Commander::send(const std::string& key, const Json& value) {
  const std::string line = "{\"" + key + "\":" + value.dump() + "}\n";
  write_cdc_acm(link_, port_, std::as_bytes(std::span(line)), kWriteMs);
}

Json Commander::ask(const std::string& key, const Json& value) {
  Json answer;
  for (int i = 0; i < kTries; ++i) {
    send(key, value);
    if (receive(key, kReplyMs, answer)) return answer;
  }
  throw LinkError(LinkError::Kind::timeout, key + ": no answer within 0.5 s, asked three times");
}

Json Commander::expect(const std::string& key, const Json& value) {
  Json answer = ask(key, value);
  if (const auto error = error_of(answer)) throw DeviceError(key + ": the device refuses with \"" + *error + "\"");
  return answer;
}

Json Commander::ping() {
  empty();
  Json answer;
  for (int i = 0; i < kPings; ++i) {
    send("ping");
    if (!receive("ping", kPingMs, answer)) continue;
    if (answer.is_object() && answer.contains("sn") && answer["sn"].is_string()) return answer;
    throw DeviceError("ping: the answer has no serial number, this is not an x-IMU3");
  }
  throw LinkError(LinkError::Kind::timeout,
                  "ping: no answer within 0.2 s, asked five times; this is not an x-IMU3, or it hangs");
}

void Commander::drain(int ms) {
  Json nothing;
  receive("", ms, nothing);
}

/// What waits comes in full packets; what a stream sends just now comes in short ones, or not for a while.
void Commander::empty() {
  std::array<std::byte, 4096> buffer;
  std::size_t taken = 0;
  for (int small = 0; small < kShortReads && taken < kMostBytes;) {
    const std::size_t n = link_.read(port_.in, buffer, kEmptyMs);
    if (n == 0) break;
    small = n < port_.max_packet ? small + 1 : 0;
    taken += n;
  }
  parser_.reset();  // the beginning of a message that has no end must not swallow the answer
}

/// What passes is measured by reads that time out and, while data flow, by the time stamps of the data.
bool Commander::receive(const std::string& key, int timeout_ms, Json& value) {
  std::array<std::byte, 4096> buffer;
  std::size_t taken = 0;
  double waited_ms = 0;
  std::uint64_t newest_us = 0;
  while (waited_ms < timeout_ms && taken < kMostBytes) {
    const std::size_t n = link_.read(port_.in, buffer, kSliceMs);
    if (n == 0) waited_ms += kSliceMs;
    taken += n;
    Bytes bytes(buffer.data(), n);
    for (Message m; parser_.next(bytes, m);) {
      if (m.letter != '{') {
        if (newest_us > 0 && m.t_us > newest_us) waited_ms += static_cast<double>(m.t_us - newest_us) * 1e-3;
        newest_us = m.t_us;
        continue;
      }
      const Json answer = Json::parse(m.text, nullptr, false);
      if (!answer.is_object() || answer.size() != 1 || answer.begin().key() != key) continue;
      value = answer.begin().value();
      return true;
    }
  }
  return false;
}

DeviceIdentity identify(Commander& commander) {
  const Json answer = commander.ping();
  const Json firmware = commander.expect("firmware_version");
  return {"x-IMU3", answer["sn"].get<std::string>(),
          firmware.is_string() ? firmware.get<std::string>() : firmware.dump()};
}

Setup configure(Commander& commander, const DeviceSettings& settings, std::map<std::string, Originals>& by_serial,
                std::string& serial) {
  const std::string found = commander.ping()["sn"].get<std::string>();
  if (!settings.serial.empty() && settings.serial != found)
    throw DeviceError("serial number: the device is '" + found + "', the settings ask for '" + settings.serial + "'");
  serial = found;
  Originals& originals = by_serial[serial];
  const Json before = commander.expect(kStream);
  if (!equal(before, false)) originals.emplace(kStream, before);
  commander.expect(kStream, false);
  commander.expect("apply");
  commander.drain(kSettleMs);  // what was queued before may come after the answer

  Setup setup;
  for (const char* key :
       {"serial_number", "firmware_version", "hardware_version", "bootloader_version", "calibration_date",
        "device_name", "gyroscope_misalignment", "gyroscope_sensitivity", "gyroscope_offset",
        "accelerometer_misalignment", "accelerometer_sensitivity", "accelerometer_offset",
        "high_g_accelerometer_misalignment", "high_g_accelerometer_sensitivity", "high_g_accelerometer_offset",
        "gyroscope_offset_correction_enabled"}) {
    const Json value = commander.ask(key);
    if (!error_of(value)) setup.archive[key] = value;
  }
  for (const Wanted& w : wanted_of(settings)) write(commander, w, originals);
  for (const char* key : {"axes_alignment", "serial_mode"}) {
    const Json value = commander.ask(key);
    if (!error_of(value)) setup.archive[key] = value;
  }
  const auto number = [&](const char* key) {
    return setup.archive.contains(key) && setup.archive[key].is_number() ? setup.archive[key].get<int>() : -1;
  };
  setup.rate_hz = kInertialBaseHz / divisor_of(settings.rate_hz, kInertialBaseHz);
  if (settings.high_g_rate_hz > 0)
    setup.highg_rate_hz = kHighGBaseHz / divisor_of(settings.high_g_rate_hz, kHighGBaseHz);
  setup.firmware = version_number(setup.archive.value("firmware_version", Json()));
  setup.calibration_date = version_number(setup.archive.value("calibration_date", Json()));
  setup.gyroscope_offset_correction = setup.archive.value("gyroscope_offset_correction_enabled", Json()) == Json(true);
  setup.axes_alignment = number("axes_alignment");
  setup.serial_mode = number("serial_mode");
  commander.expect(kStream, true);
  return setup;
}

void restore(Commander& commander, Originals& originals) {
  for (auto it = originals.begin(); it != originals.end(); it = originals.erase(it))
    commander.ask(it->first, it->second);
  commander.ask("apply");
}

}  // namespace grfd::ximu3
