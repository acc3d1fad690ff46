// What the emulated sensor measures and the data packets it makes of that, with their faults.
#include <algorithm>

#include "drivers/emulation/microstrain_mip_device.hpp"
#include "schemas/gravity.hpp"

namespace grfd {

using namespace mip;

namespace {

constexpr double kBandwidthHz = 500, kGyroDensityDegS = 0.01, kAccelDensityG = 150e-6;
constexpr std::size_t kDroppedBytes = 7;
// The letters "ue" are 75 65: a false header inside the text.
constexpr char kText[] = "$PGRFD,value,7*41\r\n";

unsigned bit(MipFault f) { return 1U << static_cast<unsigned>(f); }
bool due(const MipSettings::FormatField& f, std::uint64_t tick) { return tick % f.decimation == 0; }

}  // namespace

void MicrostrainMipDevice::generate(Ticks tick) {
  const MipSettings& s = server_.settings();
  const auto any_due = [tick](const MipSettings::Format& format) {
    return std::any_of(format.begin(), format.end(), [tick](const auto& f) { return due(f, tick); });
  };
  if (s.sensor_enabled && any_due(s.sensor_format)) {
    const unsigned faults = draw_faults();
    Writer packet(kSensor);
    add_fields(packet, kSensor, s.sensor_format, tick, faults);
    ++truth_.packets;
    if (faults & bit(MipFault::burst)) hold_until_ = lab_time(tick) + burst_;
    push_data(packet.finish(), faults);
  }
  if (s.system_enabled && any_due(s.system_format)) {
    Writer packet(kSystem);
    add_fields(packet, kSystem, s.system_format, tick, 0);
    push(packet.finish());
  }
  if (++held_ >= group_) commit(lab_time(tick));
}

void MicrostrainMipDevice::add_fields(Writer& packet, std::uint8_t set, const MipSettings::Format& format, Ticks tick,
                                      unsigned faults) {
  if (set == kSensor) {
    sense(tick);
    if (faults & bit(MipFault::nan)) values_[0] = std::nanf("");
    if (faults & bit(MipFault::over_range)) clipped_ |= 1;
  }
  const auto vector = [&](std::uint8_t field, std::size_t at) {
    packet.field(field).f32(values_[at]).f32(values_[at + 1]).f32(values_[at + 2]);
  };
  for (const auto& f : format) {
    if (!due(f, tick)) continue;
    switch (f.descriptor) {
      case 0x02:
        packet.field(f.descriptor).u8(0).u8(255);
        break;  // no PPS seen
      case 0x04:
        vector(0x04, 0);
        break;
      case 0x05:
        vector(0x05, 3);
        break;
      case 0x12:
        packet.field(0x12).f64(static_cast<double>(tick * kPeriodNs) * 1e-9).u16(0).u16(0);
        break;
      case 0x18:
        packet.field(0x18).u16(clipped_);
        break;
      case 0xD0:
        packet.field(0xD0).u8(0);
        break;
      case 0xD2:
        packet.field(0xD2).u32(static_cast<std::uint32_t>(tick - last_sensor_output_));
        last_sensor_output_ = tick;
        break;
      case 0xD5:
        packet.field(0xD5).u64(tick * kPeriodNs);
        break;
      default:
        break;
    }
  }
}

void MicrostrainMipDevice::sense(Ticks tick) {
  Vec3 rate{}, force{0, 0, -kStandardGravity_m_s2};
  if (source_) source_->read(seconds(lab_time(tick)), rate, force);
  const double accel_sd = settings_.noise * kAccelDensityG * std::sqrt(kBandwidthHz);
  const double gyro_sd = settings_.noise * kGyroDensityDegS * std::sqrt(kBandwidthHz) * M_PI / 180;
  const double accel_limit = server_.accel_range_g(), gyro_limit = server_.gyro_range_deg_s() * M_PI / 180;
  clipped_ = 0;
  const auto sample = [&](std::size_t at, double value, double sd, double limit, unsigned flag) {
    if (settings_.noise > 0) value += sd * noise_();
    if (std::fabs(value) > limit) clipped_ = static_cast<std::uint16_t>(clipped_ | 1U << flag);
    values_[at] = static_cast<float>(std::clamp(value, -limit, limit));
  };
  for (std::size_t i = 0; i < 3; ++i) {
    sample(i, (force[i] + settings_.accel_bias_m_s2[i]) / kStandardGravity_m_s2, accel_sd, accel_limit,
           static_cast<unsigned>(i));
    sample(3 + i, rate[i] + settings_.gyro_bias_deg_s[i] * M_PI / 180, gyro_sd, gyro_limit,
           static_cast<unsigned>(4 + i));
  }
}

unsigned MicrostrainMipDevice::draw_faults() {
  unsigned faults = 0;
  for (std::size_t i = 0; i < kMipFaults; ++i) {
    bool hit = rates_[i] > 0 && chance_.uniform() < rates_[i];
    if (injected_[i] > 0) {
      --injected_[i];
      hit = true;
    }
    if (hit) faults |= 1U << i;
  }
  return faults;
}

void MicrostrainMipDevice::push_data(Bytes packet, unsigned faults) {
  if (faults & bit(MipFault::nmea)) push(std::as_bytes(std::span(kText, sizeof kText - 1)));
  if (faults & (bit(MipFault::drop_packet) | bit(MipFault::drop_bytes) | bit(MipFault::corrupt_checksum)))
    ++truth_.lost;
  if (faults & bit(MipFault::drop_packet)) return;
  std::array<std::byte, kMaxPacket> copy;
  std::copy(packet.begin(), packet.end(), copy.begin());
  std::size_t size = packet.size();
  if (faults & bit(MipFault::corrupt_checksum)) copy[size - 1] ^= static_cast<std::byte>(1U << chance_.bits() % 8);
  if (faults & bit(MipFault::drop_bytes)) {
    const std::size_t n = 1 + chance_.bits() % kDroppedBytes, at = chance_.bits() % (size - n + 1);
    std::copy(copy.begin() + static_cast<std::ptrdiff_t>(at + n), copy.begin() + static_cast<std::ptrdiff_t>(size),
              copy.begin() + static_cast<std::ptrdiff_t>(at));
    size -= n;
  }
  if (!push(Bytes(copy.data(), size))) ++truth_.overflow;
}

void MicrostrainMipDevice::edge(TimeNs now, int pin, bool rising) {
  advance(now);
  if (!unplugged_ && pin >= 1 && pin <= 4) change_pin(now, pin, rising);
}

void MicrostrainMipDevice::change_pin(TimeNs now, int pin, bool rising) {
  const unsigned bit = 1U << (pin - 1);
  pin_levels_ = static_cast<std::uint8_t>(rising ? pin_levels_ | bit : pin_levels_ & ~bit);
  const MipSettings& s = server_.settings();
  const auto& config = s.pins[static_cast<std::size_t>(pin - 1)];
  if (config.feature != 4 || !(config.behaviour & (rising ? 1 : 2))) return;
  for (std::size_t i = 0; i < s.triggers.size(); ++i)
    if (s.event_control[i] == 1 && s.triggers[i].type == 1 && s.triggers[i].pin == pin && s.triggers[i].mode == 4)
      send_event(now, i);
}

void MicrostrainMipDevice::send_event(TimeNs t, std::size_t trigger) {
  const MipSettings& s = server_.settings();
  if (server_.idle || !s.system_enabled) return;
  for (const auto& action : s.actions) {
    if (action.type != 2 || action.trigger != trigger + 1 || action.decimation != 0) continue;
    Writer packet(kSystem);
    for (const std::uint8_t f : action.fields) {
      if (f == 0xD0) packet.field(f).u8(action.trigger);
      if (f == 0xD5) packet.field(f).u64(device_time(t));
      if (f == 0x02) packet.field(f).u8(0).u8(255);
      if (f == 0x03) packet.field(f).u8(pin_levels_);
    }
    push(packet.finish());
    commit(t);
  }
}

}  // namespace grfd
