#include "drivers/microstrain_mip_setup.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>

namespace grfd {

using namespace mip;

namespace {

constexpr std::size_t kInfoBytes = 82, kName = 16;
constexpr std::size_t kMostDescriptors = 124;  // of one answer: then the extended list has the rest
constexpr std::uint8_t kAccel = 1, kGyro = 2;  // quantities of the range commands
constexpr std::uint8_t kAccelField = 0x04, kGyroField = 0x05;

std::string trimmed(Bytes text) {
  std::string s;
  for (const std::byte b : text) s.push_back(std::to_integer<char>(b));
  const auto blank = [](char c) { return c == ' ' || c == '\0'; };
  while (!s.empty() && blank(s.back())) s.pop_back();
  s.erase(s.begin(), std::find_if_not(s.begin(), s.end(), blank));
  return s;
}

std::vector<std::uint16_t> descriptors(Commander& commander) {
  std::vector<std::uint16_t> list;
  const auto append = [&list](Bytes data) {
    for (std::size_t i = 0; i + 1 < data.size(); i += 2) list.push_back(read_be<std::uint16_t>(data, i));
  };
  append(commander.expect({"descriptors (01,04)", kBase, 0x04, {}, 0x82}));
  if (list.size() >= kMostDescriptors)
    append(commander.expect({"extended descriptors (01,07)", kBase, 0x07, {}, 0x86}));
  return list;
}

/// 0C,0E; a device of generation 5 does not know it and answers 0C,06.
void ask_base_rate(Commander& commander, MipSetup& setup) {
  Reply reply = commander.ask({"base rate (0C,0E)", k3dm, 0x0E, {kSensor}, 0x8E, {kSensor}});
  if (reply.code == kUnknownCommand) {
    setup.generation5 = true;
    reply.data = commander.expect({"IMU base rate (0C,06)", k3dm, 0x06, {}, 0x83});
  } else if (reply.code != kOk) {
    throw DeviceError("base rate (0C,0E): the device refuses with code " + std::to_string(reply.code));
  }
  const std::size_t at = setup.generation5 ? 0 : 1;
  if (reply.data.size() != at + 2) throw DeviceError("base rate: the answer has a wrong length");
  setup.base_rate_hz = read_be<std::uint16_t>(reply.data, at);
  if (setup.base_rate_hz == 0) throw DeviceError("base rate: variable or unknown; only a fixed rate can be recorded");
}

/// Full scale of one quantity; sets it first when `wanted` > 0. @return 0 when the device has no such command
double range(Commander& commander, std::uint8_t quantity, double wanted, const char* key) {
  const Reply query = commander.ask({"sensor ranges (0C,53)", k3dm, 0x53, {quantity}, 0xD3, {quantity}});
  if (query.code == kUnknownCommand && wanted > 0)
    throw DeviceError(std::string(key) + ": this device has no command for ranges; set it to 0");
  if (query.code != kOk) return 0;
  const Bytes list = query.data;
  const std::size_t n = list.size() < 2 ? 0 : std::to_integer<std::size_t>(list[1]);
  if (list.size() != 2 + 5 * n) throw DeviceError("sensor ranges (0C,53): the answer has a wrong length");
  if (wanted > 0) {
    std::string have;
    std::size_t i = 0;
    for (; i < n; ++i) {
      const float value = read_be<float>(list, 3 + 5 * i);
      if (std::fabs(value - wanted) < 1e-3 * wanted) break;
      char text[32];
      std::snprintf(text, sizeof text, " %g", static_cast<double>(value));
      have += text;
    }
    if (i == n) throw DeviceError(std::string(key) + ": the device does not have this range; it has" + have);
    const auto setting = std::to_integer<std::uint8_t>(list[2 + 5 * i]);
    commander.expect({"set range (0C,52)", k3dm, 0x52, {kWrite, quantity, setting}});
  }
  const auto current = commander.expect({"range (0C,52)", k3dm, 0x52, {kRead, quantity}, 0xD2, {quantity}});
  for (std::size_t i = 0; i < n && current.size() == 2; ++i)
    if (list[2 + 5 * i] == current[1]) return read_be<float>(list, 3 + 5 * i);
  return 0;
}

/// Values come out in the vehicle frame: keep that the frame of the case.
void require_identity_rotation(Commander& commander) {
  const Request ask{"mounting rotation (0C,32)", k3dm, 0x32, {kRead}, 0xB2};
  const auto is_identity = [](Bytes q) {
    return q.size() == 16 && std::fabs(read_be<float>(q, 0)) == 1.0F && read_be<float>(q, 4) == 0.0F &&
           read_be<float>(q, 8) == 0.0F && read_be<float>(q, 12) == 0.0F;
  };
  const Reply now = commander.ask(ask);
  if (now.code == kUnknownCommand) return;  // a device that cannot rotate does not
  if (now.code != kOk) throw DeviceError("mounting rotation (0C,32): the device refuses to tell it");
  if (is_identity(now.data)) return;
  commander.expect({"reset of the mounting rotation (0C,32)", k3dm, 0x32, {kDefault}});
  if (!is_identity(commander.expect(ask)))
    throw DeviceError("mounting rotation (0C,32): not identity even after a reset to default");
}

void set_format(Commander& commander, const MipSetup& setup, std::vector<std::uint8_t> fields) {
  std::vector<std::uint8_t> parameters{kWrite};
  if (!setup.generation5) parameters.push_back(kSensor);
  parameters.push_back(static_cast<std::uint8_t>(fields.size()));
  for (const std::uint8_t field : fields) {
    parameters.push_back(field);
    parameters.push_back(static_cast<std::uint8_t>(setup.decimation >> 8));
    parameters.push_back(static_cast<std::uint8_t>(setup.decimation));
  }
  if (setup.generation5) {
    commander.expect({"message format (0C,08)", k3dm, 0x08, parameters});
    commander.expect({"stream enable (0C,11)", k3dm, 0x11, {kWrite, 1, 1}});
  } else {
    commander.expect({"message format (0C,0F)", k3dm, 0x0F, parameters});
    commander.expect({"stream enable (0C,11)", k3dm, 0x11, {kWrite, kSensor, 1}});
  }
}

/// 0C,54: the device filters what it sends, in automatic mode at half the rate of the format. @return Hz, 0 when it has
/// no such command or the filter is off
double bandwidth(Commander& commander, std::uint8_t field) {
  const Reply reply =
      commander.ask({"low-pass filter (0C,54)", k3dm, 0x54, {kRead, kSensor, field}, 0xD4, {kSensor, field}});
  if (reply.code != kOk) return 0;
  if (reply.data.size() != 8) throw DeviceError("low-pass filter (0C,54): the answer has a wrong length");
  const double hz = read_be<float>(reply.data, 4);
  return reply.data[2] != std::byte{0} && std::isfinite(hz) && hz > 0 ? hz : 0;
}

bool lists(const std::vector<std::uint16_t>& list, std::uint8_t set, std::uint8_t descriptor) {
  return std::find(list.begin(), list.end(), set << 8 | descriptor) != list.end();
}

/// 0C,2A: does the device have triggers (1) or actions (2) of this type?
void require_events(Commander& commander, std::uint8_t query, std::uint8_t type, const char* what) {
  const auto answer = commander.expect({"event support (0C,2A)", k3dm, 0x2A, {query}, 0xB4, {query}});
  const std::size_t n = answer.size() < 3 ? 0 : std::to_integer<std::size_t>(answer[2]);
  if (answer.size() != 3 + 2 * n) throw DeviceError("event support (0C,2A): the answer has a wrong length");
  std::string have;
  for (std::size_t i = 3; i < answer.size(); i += 2) {
    const auto t = std::to_integer<unsigned>(answer[i]), count = std::to_integer<unsigned>(answer[i + 1]);
    if (t == type && count > 0 && std::to_integer<unsigned>(answer[1]) >= kSyncTrigger) return;
    have += (have.empty() ? "" : ", ") + std::to_string(count) + " of type " + std::to_string(t);
  }
  throw DeviceError("sync_pin: this device has no " + std::string(what) +
                    " (0C,2A: " + (have.empty() ? "none at all" : "it has " + have) + "); set it to 0");
}

/// Tries the other pins, and gives them back what they had. @return "1 and 3 can", or what the user can do else
std::string pins_that_can(Commander& commander, int refused, const std::vector<std::uint8_t>& time_stamp) {
  std::vector<std::string> can;
  for (std::uint8_t pin = 1; pin <= 4; ++pin) {
    if (pin == refused) continue;
    const Reply had = commander.ask({"GPIO configuration (0C,41)", k3dm, 0x41, {kRead, pin}, 0xC1, {pin}});
    if (had.code != kOk || had.data.size() != 4) continue;
    const auto configure = [&](std::vector<std::uint8_t> what) {
      what.insert(what.begin(), {kWrite, pin});
      return commander.ask({"GPIO configuration (0C,41)", k3dm, 0x41, what}).code == kOk;
    };
    if (!configure(time_stamp)) continue;
    can.push_back(std::to_string(pin));
    configure({std::to_integer<std::uint8_t>(had.data[1]), std::to_integer<std::uint8_t>(had.data[2]),
               std::to_integer<std::uint8_t>(had.data[3])});
  }
  if (can.empty()) return "no pin of it can, set it to 0";
  std::string text = can.size() == 1 ? "pin " : "pins ";
  for (std::size_t i = 0; i < can.size(); ++i) text += (i == 0 ? "" : i + 1 == can.size() ? " and " : ", ") + can[i];
  return text + " can";
}

/// Pin -> trigger 1 -> a packet of the system set for each edge, with the edge's own time. Without a field for the
/// levels a packet does not say which way the line went: then rising edges only.
void time_stamp_edges(Commander& commander, const MipSetup& setup, const std::vector<std::uint16_t>& list, int pin) {
  if (setup.generation5) throw DeviceError("sync_pin: this device cannot time-stamp edges; set it to 0");
  constexpr std::uint8_t kTimestamp = 4, kRising = 1, kBoth = 3, kPullDown = 2, kGpio = 1, kEdge = 4, kMessage = 2,
                         kOn = 1;
  constexpr std::uint8_t kLevels = 0x03;
  if (lists(list, k3dm, 0x2A)) {
    require_events(commander, 1, kGpio, "event trigger on a pin");
    require_events(commander, 2, kMessage, "event action that sends a packet");
  }
  const bool both_edges = lists(list, kSystem, kLevels);
  const auto p = static_cast<std::uint8_t>(pin);
  const std::vector<std::uint8_t> time_stamp{kTimestamp, both_edges ? kBoth : kRising, kPullDown};
  const Reply reply = commander.ask(
      {"GPIO configuration (0C,41)", k3dm, 0x41, {kWrite, p, time_stamp[0], time_stamp[1], time_stamp[2]}});
  if (reply.code == kUnknownCommand)
    throw DeviceError("sync_pin: this device has no command for pins (0C,41); set it to 0");
  if (reply.code != kOk)
    throw DeviceError("sync_pin: pin " + std::to_string(pin) + " of this device cannot time-stamp edges (code " +
                      std::to_string(reply.code) + "); " + pins_that_can(commander, pin, time_stamp));
  commander.expect({"event trigger (0C,2E)", k3dm, 0x2E, {kWrite, kSyncTrigger, kGpio, p, kEdge}});
  std::vector<std::uint8_t> fields{0xD0, 0xD5};
  if (both_edges) fields.push_back(kLevels);
  std::vector<std::uint8_t> action{
      kWrite, 1, kSyncTrigger, kMessage, kSystem, 0, 0, static_cast<std::uint8_t>(fields.size())};
  action.insert(action.end(), fields.begin(), fields.end());
  commander.expect({"event action (0C,2F)", k3dm, 0x2F, action});
  commander.expect({"event control (0C,2B)", k3dm, 0x2B, {kWrite, kSyncTrigger, kOn}});
  commander.expect({"stream enable (0C,11)", k3dm, 0x11, {kWrite, kSystem, kOn}});
}

}  // namespace

int mip_decimation(double rate_hz, double base_rate_hz) {
  return static_cast<int>(std::lround(std::clamp(base_rate_hz / rate_hz, 1.0, 65535.0)));
}

void require_main_port(const LinkInfo& info) {
  std::string maker = info.manufacturer;
  std::transform(maker.begin(), maker.end(), maker.begin(), [](unsigned char c) { return std::tolower(c); });
  if (info.vendor_id == kStmVendor && maker.find("microstrain") == std::string::npos)
    throw DeviceError("0483:5740 is used by many makers, and '" + info.manufacturer + "' is not MicroStrain");
  if (info.serial_string.starts_with("2-"))
    throw DeviceError("this is the auxiliary port of a unit with two (serial string '" + info.serial_string +
                      "'); samples come from its main port");
}

MipInfo mip_identify(Commander& commander) {
  commander.expect({"ping (01,01)", kBase, 0x01});
  const auto info = commander.expect({"device info (01,03)", kBase, 0x03, {}, 0x81});
  if (info.size() != kInfoBytes) throw DeviceError("device info (01,03): the answer has a wrong length");
  const auto name = [&info](std::size_t i) { return trimmed(Bytes(info).subspan(2 + kName * i, kName)); };
  MipInfo result;
  result.firmware = read_be<std::uint16_t>(info);
  char firmware[24];
  std::snprintf(firmware, sizeof firmware, "%d.%d.%02d", result.firmware / 1000, result.firmware / 100 % 10,
                result.firmware % 100);
  result.identity = {name(0), name(2), firmware};
  return result;
}

MipSetup mip_configure(Commander& commander, const DeviceSettings& settings, const MipInfo& info) {
  MipSetup setup;
  setup.firmware = info.firmware;
  commander.expect({"set idle (01,02)", kBase, 0x02});
  const auto list = descriptors(commander);
  ask_base_rate(commander, setup);
  setup.decimation = mip_decimation(settings.rate_hz, setup.base_rate_hz);
  const double promised_hz = kMipNominalBaseHz / mip_decimation(settings.rate_hz, kMipNominalBaseHz);
  if (std::fabs(setup.base_rate_hz / setup.decimation - promised_hz) > 1e-6 * promised_hz)
    throw DeviceError("rate_hz: the device's base rate is " + std::to_string(setup.base_rate_hz) +
                      " Hz and no decimation gives " + std::to_string(promised_hz) + " Hz");
  setup.accel_range_g = range(commander, kAccel, settings.accel_range_g, "accel_range_g");
  setup.gyro_range_deg_s = range(commander, kGyro, settings.gyro_range_deg_s, "gyro_range_deg_s");
  require_identity_rotation(commander);
  std::vector<std::uint8_t> fields{0xD5, 0xD2, 0x04, 0x05};
  if (setup.generation5) fields = {0x04, 0x05, 0x12};
  for (const std::uint8_t field : fields)
    if (!lists(list, kSensor, field))
      throw DeviceError("descriptors (01,04): the device cannot send field 0x80," + std::to_string(field));
  if (lists(list, kSensor, 0x18)) fields.push_back(0x18);
  set_format(commander, setup, fields);
  setup.accel_bandwidth_hz = bandwidth(commander, kAccelField);
  setup.gyro_bandwidth_hz = bandwidth(commander, kGyroField);
  if (settings.sync_pin > 0) time_stamp_edges(commander, setup, list, settings.sync_pin);
  return setup;
}

}  // namespace grfd
