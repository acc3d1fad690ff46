#include "drivers/emulation/mip_server.hpp"

#include <algorithm>

namespace grfd {

using namespace mip;

namespace {

using U8 = std::uint8_t;
struct Range {
  U8 setting;
  float full_scale;
};
constexpr std::array<Range, 2> kAccelRanges{{{1, 4}, {2, 8}}};
constexpr std::array<Range, 3> kGyroRanges{{{1, 250}, {2, 500}, {3, 1000}}};
constexpr std::uint16_t kFirmware = 1107;
// Exactly what the example unit lists; it knows 01,7E and 0C,32 as well.
constexpr std::array<std::uint16_t, 27> kDescriptors{
    0x0101, 0x0102, 0x0103, 0x0104, 0x0105, 0x0106, 0x0C0E, 0x0C0F, 0x0C11, 0x0C28, 0x0C2A, 0x0C2B, 0x0C2E, 0x0C2F,
    0x0C30, 0x0C41, 0x0C52, 0x0C53, 0x0C54, 0x8004, 0x8005, 0x80D0, 0x80D2, 0x80D5, 0xA002, 0xA0D0, 0xA0D5};
constexpr std::array<std::uint16_t, 14> kDescriptors5{0x0101, 0x0102, 0x0103, 0x0104, 0x0105, 0x0106, 0x0C06,
                                                      0x0C08, 0x0C11, 0x0C30, 0x0C32, 0x8004, 0x8005, 0x8012};

void padded(Writer& w, const std::string& text) {
  for (std::size_t i = text.size(); i < 16; ++i) w.u8(' ');
  for (std::size_t i = 0; i < std::min<std::size_t>(16, text.size()); ++i) w.u8(static_cast<U8>(text[i]));
}

/// Save, load and default of one setting. @return false for write and read, which differ from command to command
template <class T>
bool stored(U8 function, T& now, T& saved, const T& standard) {
  if (function == kSave)
    saved = now;
  else if (function == kLoad)
    now = saved;
  else if (function == kDefault)
    now = standard;
  else
    return false;
  return true;
}

const MipSettings kStandard;

}  // namespace

void MipServer::answer(const Packet& command, Writer& reply) {
  FieldWalk walk(command.payload);
  for (Field f; walk.next(f);) {
    Writer data(command.set);
    bool has_data = false;
    U8 code = kUnknownCommand;
    if (command.set == kBase) code = f.data.empty() ? base(f.descriptor, data, has_data) : U8{kInvalidParameter};
    if (command.set == k3dm) code = set_3dm(f.descriptor, f.data, data, has_data);
    reply.field(kAck).u8(f.descriptor).u8(code);
    if (code == kOk && has_data) {
      Field answer;
      const Bytes whole = data.finish();
      if (FieldWalk(whole.subspan(4, whole.size() - kOverhead)).next(answer))
        reply.field(answer.descriptor).raw(answer.data);
    }
  }
}

U8 MipServer::base(U8 descriptor, Writer& data, bool& has_data) {
  switch (descriptor) {
    case 0x01:
      return kOk;
    case 0x02:
      idle = true;
      return kOk;
    case 0x03:
      data.field(0x81).u16(kFirmware);
      padded(data, options_.generation5 ? "3DM-GX5-25" : "3DM-CV7-AHRS");
      padded(data, options_.generation5 ? "6253-4220" : "6286-9900");
      padded(data, options_.serial);
      padded(data, "I042Y");
      padded(data, "8g, 1000dps");
      break;
    case 0x04:
      data.field(0x82);
      for (const auto d : options_.generation5 ? std::span<const std::uint16_t>(kDescriptors5) : kDescriptors)
        if (d != 0x0C2A || options_.event_query) data.u16(d);
      if (options_.over_range_field) data.u16(0x8018);
      if (options_.gpio_levels) data.u16(0xA003);
      break;
    case 0x05:
      data.field(0x83).u32(0);
      break;
    case 0x06:
      idle = false;
      return kOk;
    case 0x7E:
      reset_requested = true;
      return kOk;
    default:
      return kUnknownCommand;
  }
  has_data = true;
  return kOk;
}

U8 MipServer::set_3dm(U8 descriptor, Bytes in, Writer& data, bool& has_data) {
  const bool known5 = descriptor == 0x06 || descriptor == 0x08;
  const bool common = descriptor == 0x11 || descriptor == 0x30 || descriptor == 0x32;
  if (!common && known5 != options_.generation5) return kUnknownCommand;
  if (in.empty() && descriptor != 0x06) return kInvalidParameter;
  switch (descriptor) {
    case 0x06:
      if (!in.empty()) return kInvalidParameter;
      data.field(0x83).u16(kBaseRateHz);
      break;
    case 0x0E:
      if (in.size() != 1 || (byte_at(in, 0) != kSensor && byte_at(in, 0) != kSystem)) return kInvalidParameter;
      data.field(0x8E).u8(byte_at(in, 0)).u16(kBaseRateHz);
      break;
    case 0x08:
    case 0x0F:
      return format(descriptor, in, data, has_data);
    case 0x11:
      return stream_control(in, data, has_data);
    case 0x30:
      return in.size() == 1 && stored(byte_at(in, 0), now_, saved_, kStandard) ? kOk : kInvalidParameter;
    case 0x32:
      if (in.size() == 1 && stored(byte_at(in, 0), now_.rotation, saved_.rotation, kStandard.rotation)) return kOk;
      if (in.size() == 17 && byte_at(in, 0) == kWrite) {
        for (std::size_t i = 0; i < 4; ++i) now_.rotation[i] = read_be<float>(in, 1 + 4 * i);
        return kOk;
      }
      if (in.size() != 1 || byte_at(in, 0) != kRead) return kInvalidParameter;
      data.field(0xB2);
      for (const float q : now_.rotation) data.f32(q);
      break;
    case 0x52:
    case 0x53:
      return ranges(descriptor, in, data, has_data);
    case 0x54:
      return low_pass(in, data, has_data);
    case 0x28:
    case 0x2A:
    case 0x2B:
    case 0x2E:
    case 0x2F:
    case 0x41:
      return events(descriptor, in, data, has_data);
    default:
      return kUnknownCommand;
  }
  has_data = true;
  return kOk;
}

bool MipServer::can_send(U8 set, U8 field) const {
  if (set == kSystem && field == 0x03) return options_.gpio_levels;
  if (set == kSystem) return field == 0x02 || field == 0xD0 || field == 0xD5;
  if (field == 0x04 || field == 0x05) return true;
  if (field == 0x18) return options_.over_range_field;
  if (options_.generation5) return field == 0x12;
  return field == 0xD0 || field == 0xD2 || field == 0xD5;
}

U8 MipServer::format(U8 descriptor, Bytes in, Writer& data, bool& has_data) {
  const std::size_t at = descriptor == 0x0F ? 2 : 1;  // generation 5 has only the sensor set and does not name it
  if (in.size() < at) return kInvalidParameter;
  const U8 set = at == 2 ? byte_at(in, 1) : U8{kSensor};
  if (set != kSensor && set != kSystem) return kInvalidParameter;
  auto MipSettings::*const member = set == kSensor ? &MipSettings::sensor_format : &MipSettings::system_format;
  if (in.size() == at && stored(byte_at(in, 0), now_.*member, saved_.*member, kStandard.*member)) return kOk;
  if (byte_at(in, 0) == kRead && in.size() == at) {
    data.field(at == 2 ? 0x8F : 0x80);
    if (at == 2) data.u8(set);
    data.u8(static_cast<U8>((now_.*member).size()));
    for (const auto& f : now_.*member) data.u8(f.descriptor).u16(f.decimation);
    has_data = true;
    return kOk;
  }
  if (byte_at(in, 0) != kWrite || in.size() < at + 1 || in.size() != at + 1 + 3 * std::size_t{byte_at(in, at)})
    return kInvalidParameter;
  MipSettings::Format wanted;
  for (std::size_t i = at + 1; i < in.size(); i += 3) {
    wanted.push_back({byte_at(in, i), read_be<std::uint16_t>(in, i + 1)});
    if (!can_send(set, wanted.back().descriptor) || wanted.back().decimation == 0) return kInvalidParameter;
  }
  now_.*member = std::move(wanted);
  return kOk;
}

U8 MipServer::stream_control(Bytes in, Writer& data, bool& has_data) {
  if (in.size() < 2) return kInvalidParameter;
  const U8 selector = byte_at(in, 1), sensor = options_.generation5 ? U8{1} : U8{kSensor};
  if (selector != sensor && (options_.generation5 || selector != kSystem)) return kInvalidParameter;
  auto MipSettings::*const member = selector == sensor ? &MipSettings::sensor_enabled : &MipSettings::system_enabled;
  if (in.size() == 2 && stored(byte_at(in, 0), now_.*member, saved_.*member, true)) return kOk;
  if (in.size() == 3 && byte_at(in, 0) == kWrite && byte_at(in, 2) <= 1) {
    now_.*member = byte_at(in, 2) != 0;
    return kOk;
  }
  if (in.size() != 2 || byte_at(in, 0) != kRead) return kInvalidParameter;
  data.field(0x85).u8(selector).u8(now_.*member);
  has_data = true;
  return kOk;
}

U8 MipServer::ranges(U8 descriptor, Bytes in, Writer& data, bool& has_data) {
  const std::size_t at = descriptor == 0x53 ? 0 : 1;
  if (in.size() <= at) return kInvalidParameter;
  const U8 type = byte_at(in, at);
  if (type != 1 && type != 2) return kInvalidParameter;
  const std::span<const Range> have = type == 1 ? std::span<const Range>(kAccelRanges) : kGyroRanges;
  U8 MipSettings::*const member = type == 1 ? &MipSettings::accel_range : &MipSettings::gyro_range;
  if (descriptor == 0x53) {
    if (in.size() != 1) return kInvalidParameter;
    data.field(0xD3).u8(type).u8(static_cast<U8>(have.size()));
    for (const Range& r : have) data.u8(r.setting).f32(r.full_scale);
  } else {
    if (in.size() == 2 && stored(byte_at(in, 0), now_.*member, saved_.*member, kStandard.*member)) return kOk;
    if (in.size() == 3 && byte_at(in, 0) == kWrite) {
      if (std::none_of(have.begin(), have.end(), [&](const Range& r) { return r.setting == byte_at(in, 2); }))
        return kInvalidParameter;
      now_.*member = byte_at(in, 2);
      return kOk;
    }
    if (in.size() != 2 || byte_at(in, 0) != kRead) return kInvalidParameter;
    data.field(0xD2).u8(type).u8(now_.*member);
  }
  has_data = true;
  return kOk;
}

/// In automatic mode the filter follows the format.
float MipServer::half_rate_hz(U8 field) const {
  int decimation = 1;
  for (const auto& f : now_.sensor_format)
    if (f.descriptor == field) decimation = f.decimation;
  return static_cast<float>(kBaseRateHz) / 2 / static_cast<float>(decimation);
}

U8 MipServer::low_pass(Bytes in, Writer& data, bool& has_data) {
  if (in.size() < 3) return kInvalidParameter;
  const U8 function = byte_at(in, 0), set = byte_at(in, 1), field = byte_at(in, 2);
  const bool all = set == 0 && field == 0 && function != kRead;
  if (!all && (set != kSensor || (field != 0x04 && field != 0x05))) return kInvalidParameter;
  if (function == kRead && in.size() == 3) {
    const auto& f = field == 0x04 ? now_.accel_filter : now_.gyro_filter;
    data.field(0xD4).u8(set).u8(field).u8(f.enable).u8(f.manual).f32(f.manual ? f.frequency_hz : half_rate_hz(field));
    has_data = true;
    return kOk;
  }
  for (auto MipSettings::*member : {&MipSettings::accel_filter, &MipSettings::gyro_filter}) {
    if (!all && (field == 0x04) != (member == &MipSettings::accel_filter)) continue;
    if (in.size() == 3 && stored(function, now_.*member, saved_.*member, kStandard.*member)) continue;
    if (function != kWrite || in.size() != 9 || byte_at(in, 3) > 1 || byte_at(in, 4) > 1) return kInvalidParameter;
    now_.*member = {byte_at(in, 3) != 0, byte_at(in, 4) != 0, read_be<float>(in, 5)};
  }
  return kOk;
}

double MipServer::accel_range_g() const { return static_cast<double>(kAccelRanges[now_.accel_range - 1].full_scale); }
double MipServer::gyro_range_deg_s() const { return static_cast<double>(kGyroRanges[now_.gyro_range - 1].full_scale); }

}  // namespace grfd
