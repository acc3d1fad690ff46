// Pins, triggers, actions and PPS of the emulated sensor (commands 0C,28 2A 2B 2E 2F 41).
#include "drivers/emulation/mip_server.hpp"

namespace grfd {

using namespace mip;

namespace {

using U8 = std::uint8_t;

template <class T>
bool stored(U8 function, T& now, T& saved) {
  if (function == kSave)
    saved = now;
  else if (function == kLoad)
    now = saved;
  else if (function == kDefault)
    now = T{};
  else
    return false;
  return true;
}

}  // namespace

U8 MipServer::events(U8 descriptor, Bytes in, Writer& data, bool& has_data) {
  const U8 function = byte_at(in, 0);
  if (descriptor == 0x2A) {
    if (!options_.event_query) return kUnknownCommand;
    if (in.size() != 1 || function < 1 || function > 2) return kInvalidParameter;
    const U8 n = function == 1 ? options_.gpio_triggers : options_.message_actions;
    data.field(0xB4).u8(function).u8(12);
    data.u8(static_cast<U8>((function == 1 ? 2 : 1) + (n > 0)));
    if (function == 1) {  // GPIO, threshold, combination
      if (n > 0) data.u8(1).u8(n);
      data.u8(2).u8(8).u8(3).u8(8);
    } else {  // GPIO, message
      data.u8(1).u8(4);
      if (n > 0) data.u8(2).u8(n);
    }
    has_data = true;
    return kOk;
  }
  if (descriptor == 0x28) {
    if (in.size() == 1 && stored(function, now_.pps_source, saved_.pps_source)) return kOk;
    if (in.size() == 2 && function == kWrite && (byte_at(in, 1) == 0 || byte_at(in, 1) == 3 || byte_at(in, 1) == 4)) {
      now_.pps_source = byte_at(in, 1);
      return kOk;
    }
    if (in.size() != 1 || function != kRead) return kInvalidParameter;
    data.field(0xA8).u8(now_.pps_source);
    has_data = true;
    return kOk;
  }
  if (in.size() < 2) return kInvalidParameter;
  const std::size_t instance = byte_at(in, 1), slots = descriptor == 0x41 ? now_.pins.size() : now_.triggers.size();
  if (instance < 1 || instance > slots) return kInvalidParameter;
  const std::size_t i = instance - 1;
  const bool reading = function == kRead && in.size() == 2;
  const bool plain = in.size() == 2;
  switch (descriptor) {
    case 0x41:
      if (plain && stored(function, now_.pins[i], saved_.pins[i])) return kOk;
      if (in.size() == 5 && function == kWrite) {
        const MipSettings::Pin pin{byte_at(in, 2), byte_at(in, 3), byte_at(in, 4)};
        if (pin.feature > 5 || pin.mode > 7 || (pin.feature == 4 && (pin.behaviour < 1 || pin.behaviour > 3)))
          return kInvalidParameter;
        if (pin.feature == 4 && !(options_.timestamp_pins >> i & 1)) return kInvalidParameter;
        now_.pins[i] = pin;
        return kOk;
      }
      if (reading)
        data.field(0xC1).u8(byte_at(in, 1)).u8(now_.pins[i].feature).u8(now_.pins[i].behaviour).u8(now_.pins[i].mode);
      break;
    case 0x2B:
      if (plain && stored(function, now_.event_control[i], saved_.event_control[i])) return kOk;
      if (in.size() == 3 && function == kWrite && byte_at(in, 2) <= 3) {
        if (byte_at(in, 2) == 3)
          test_events.push_back(byte_at(in, 1));
        else
          now_.event_control[i] = byte_at(in, 2);
        return kOk;
      }
      if (reading) data.field(0xB5).u8(byte_at(in, 1)).u8(now_.event_control[i]);
      break;
    case 0x2E:
      if (plain && stored(function, now_.triggers[i], saved_.triggers[i])) return kOk;
      if (in.size() == 3 && function == kWrite && byte_at(in, 2) == 0) {
        now_.triggers[i] = {};
        return kOk;
      }
      if (in.size() == 5 && function == kWrite &&
          byte_at(in, 2) == 1) {  // thresholds and combinations are not emulated
        if (byte_at(in, 3) < 1 || byte_at(in, 3) > now_.pins.size() || byte_at(in, 4) > 4 || byte_at(in, 4) == 3 ||
            options_.gpio_triggers == 0)
          return kInvalidParameter;
        now_.triggers[i] = {1, byte_at(in, 3), byte_at(in, 4)};
        return kOk;
      }
      if (reading) {
        data.field(0xB8).u8(byte_at(in, 1)).u8(now_.triggers[i].type);
        if (now_.triggers[i].type) data.u8(now_.triggers[i].pin).u8(now_.triggers[i].mode);
      }
      break;
    case 0x2F: {
      auto& action = now_.actions[i];
      if (plain && stored(function, action, saved_.actions[i])) return kOk;
      if (in.size() == 4 && function == kWrite && byte_at(in, 3) == 0) {
        action = {};
        return kOk;
      }
      if (in.size() >= 8 && function == kWrite && byte_at(in, 3) == 2) {  // of the actions only messages are emulated
        const std::size_t n = byte_at(in, 7);
        if (n > 12 || in.size() != 8 + n || byte_at(in, 4) != kSystem || byte_at(in, 2) > now_.triggers.size() ||
            options_.message_actions == 0)
          return kInvalidParameter;
        MipSettings::Action wanted{byte_at(in, 2), 2, byte_at(in, 4), read_be<std::uint16_t>(in, 5), {}};
        for (std::size_t k = 0; k < n; ++k) {
          if (!can_send(kSystem, byte_at(in, 8 + k))) return kInvalidParameter;
          wanted.fields.push_back(byte_at(in, 8 + k));
        }
        action = std::move(wanted);
        return kOk;
      }
      if (reading) {
        data.field(0xB9).u8(byte_at(in, 1)).u8(action.trigger).u8(action.type);
        if (action.type) {
          data.u8(action.set).u16(action.decimation).u8(static_cast<U8>(action.fields.size()));
          for (const U8 f : action.fields) data.u8(f);
        }
      }
      break;
    }
    default:
      return kUnknownCommand;
  }
  if (!reading) return kInvalidParameter;
  has_data = true;
  return kOk;
}

}  // namespace grfd
