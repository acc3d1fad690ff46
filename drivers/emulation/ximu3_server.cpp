#include "drivers/emulation/ximu3_server.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>

namespace grfd {

namespace {

using Json = Ximu3Server::Json;

constexpr std::size_t kLongestKey = 63, kLongestNote = 127;

/// Keys are compared without case and without anything that is neither letter nor digit.
std::string plain(const std::string& key) {
  std::string s;
  for (const char c : key)
    if (std::isalnum(static_cast<unsigned char>(c)))
      s += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return s;
}

constexpr const char* kReadOnly[] = {"serial_number",
                                     "firmware_version",
                                     "hardware_version",
                                     "bootloader_version",
                                     "calibration_date",
                                     "gyroscope_misalignment",
                                     "gyroscope_sensitivity",
                                     "gyroscope_offset",
                                     "accelerometer_misalignment",
                                     "accelerometer_sensitivity",
                                     "accelerometer_offset",
                                     "high_g_accelerometer_misalignment",
                                     "high_g_accelerometer_sensitivity",
                                     "high_g_accelerometer_offset"};

Json factory(const std::string& serial) {
  const Json unity = {{1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {0.0, 0.0, 1.0}}, ones = {1.0, 1.0, 1.0},
             zeros = {0.0, 0.0, 0.0};
  return {{"serial_number", serial},
          {"firmware_version", "v2.5.4"},
          {"hardware_version", "v2.0.0"},
          {"bootloader_version", "v1.2.0"},
          {"calibration_date", "2026-01-31"},
          {"gyroscope_misalignment", unity},
          {"gyroscope_sensitivity", ones},
          {"gyroscope_offset", zeros},
          {"accelerometer_misalignment", unity},
          {"accelerometer_sensitivity", ones},
          {"accelerometer_offset", zeros},
          {"high_g_accelerometer_misalignment", unity},
          {"high_g_accelerometer_sensitivity", ones},
          {"high_g_accelerometer_offset", zeros},
          {"device_name", "x-IMU3"},
          {"binary_mode_enabled", true},
          {"usb_data_messages_enabled", true},
          {"gyroscope_offset_correction_enabled", true},
          {"data_logger_automatic_start_stop_enabled", false},
          {"inertial_message_rate_divisor", 8},
          {"high_g_accelerometer_message_rate_divisor", 64},
          {"magnetometer_message_rate_divisor", 1},
          {"ahrs_message_rate_divisor", 8},
          {"ahrs_message_type", 0},
          {"temperature_message_rate_divisor", 5},
          {"battery_message_rate_divisor", 5},
          {"rssi_message_rate_divisor", 1},
          {"synchronisation_enabled", true},
          {"axes_alignment", 0},
          {"ahrs_axes_convention", 0},
          {"serial_mode", 1},
          {"serial_baud_rate", 115200},
          {"serial_accessory_termination_byte", 10}};
}

/// The device's own way of writing: no blanks, floats with six decimals.
std::string text_of(const Json& value) {
  if (value.is_number_float()) {
    char text[48];
    std::snprintf(text, sizeof text, "%f", value.get<double>());
    return text;
  }
  if (value.is_array() || value.is_object()) {
    std::string text;
    for (auto it = value.begin(); it != value.end(); ++it) {
      if (!text.empty()) text += ',';
      if (value.is_object()) text += Json(it.key()).dump() + ":";
      text += text_of(*it);
    }
    return value.is_array() ? "[" + text + "]" : "{" + text + "}";
  }
  return value.dump();
}

bool same_kind(const Json& a, const Json& b) {
  return a.is_number_integer() ? b.is_number() : a.is_boolean() ? b.is_boolean() : a.type() == b.type();
}
Json error(const char* text) { return {{"error", text}}; }

}  // namespace

Ximu3Server::Ximu3Server(std::string serial) : serial_(std::move(serial)) {
  saved_ = factory(serial_);
  power_up();
}

void Ximu3Server::power_up() {
  written_ = saved_;
  apply();
}

void Ximu3Server::apply() {
  const auto flag = [this](const char* key) { return written_.at(key).get<bool>(); };
  const auto number = [this](const char* key) { return written_.at(key).get<int>(); };
  active_.binary = flag("binary_mode_enabled");
  active_.stream = flag("usb_data_messages_enabled");
  active_.inertial = number("inertial_message_rate_divisor");
  active_.highg = number("high_g_accelerometer_message_rate_divisor");
  active_.ahrs = number("ahrs_message_rate_divisor");
  active_.ahrs_type = number("ahrs_message_type");
  active_.magnetometer = number("magnetometer_message_rate_divisor");
  active_.temperature = number("temperature_message_rate_divisor");
  active_.battery = number("battery_message_rate_divisor");
  active_.rssi = number("rssi_message_rate_divisor");
  active_.serial_mode = number("serial_mode");
}

Ximu3Server::Result Ximu3Server::take(const std::string& line) {
  Result result;
  const Json request = Json::parse(line, nullptr, false);
  if (!request.is_object() || request.size() != 1 || request.begin().key().size() > kLongestKey) {
    result.error = request.is_discarded() ? "USB receive error. Invalid syntax" : "USB receive error. Unexpected type";
    return result;
  }
  const std::string key = request.begin().key();
  const Json& value = request.begin().value();
  bool known = false;
  Json answer = command(plain(key), value, result, known);
  if (!known) {
    answer = error("Unknown command");
    for (auto it = written_.begin(); it != written_.end(); ++it) {
      if (plain(it.key()) != plain(key)) continue;
      result.wrote = !value.is_null();
      answer = result.wrote ? write(it.key(), value) : *it;
      result.wrote = result.wrote && !answer.is_object();
      break;
    }
  }
  result.answer = "{" + Json(key).dump() + ":" + text_of(answer) + "}";
  return result;
}

Json Ximu3Server::command(const std::string& name, const Json& value, Result& result, bool& known) {
  known = true;
  if (name == "ping") return {{"interface", "USB"}, {"name", written_["device_name"]}, {"sn", serial_}};
  if (name == "apply") {
    apply();
    result.applied = true;
    return nullptr;
  }
  if (name == "save") {
    saved_ = written_;
    return nullptr;
  }
  if (name == "default") {
    written_ = factory(serial_);
    result.wrote = true;
    return nullptr;
  }
  if (name == "time") {
    if (value.is_string()) time_ = value.get<std::string>();
    return time_;
  }
  if (name == "note") {
    if (!value.is_string()) return error("Unexpected type");
    result.note = value.get<std::string>().substr(0, kLongestNote);
    return value;
  }
  if (name == "test") return {{"gyroscope", "Passed"}, {"accelerometer", "Passed"}, {"high_g_accelerometer", "Passed"}};
  if (name == "reset") {
    result.reset = true;
    return nullptr;
  }
  if (name == "blink") ++blinks_;
  for (const char* other :
       {"blink", "strobe", "colour", "start", "stop", "initialise", "heading", "accessory", "shutdown"})
    if (name == other) return value;
  known = false;
  return nullptr;
}

Json Ximu3Server::write(const std::string& name, const Json& value) {
  if (std::any_of(std::begin(kReadOnly), std::end(kReadOnly), [&](const char* n) { return name == n; }))
    return error("Unable to write read-only setting");
  Json& setting = written_[name];
  if (!same_kind(setting, value)) return error("Unexpected type");
  if (setting.is_number_integer())
    setting = value.get<int>();
  else
    setting = value;
  return setting;
}

}  // namespace grfd
